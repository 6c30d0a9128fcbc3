"""Mail over SMTP: many letters over one connection, each with what the server said of it.

It runs in a thread, since the library of Python waits where it asks. What fails before the end of a letter's data was
certainly not taken; once all of it was sent and no answer comes, that is not known.

*Source:* RFC 5321, 4.2.1 (what the digits of an answer mean) and 4.5.3.2 (time limits); RFC 3207 (STARTTLS).
"""

import asyncio
import smtplib
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final
from urllib.parse import unquote, urlsplit

from troth.adapters.messages.mail import make_mail
from troth.flows.telling.media import Deferred, Doubtful, Letter, Receipt, Refused, Taken
from troth.model.value import dataclass

_CONNECT_SECONDS: Final = 10.0
_ANSWER_SECONDS: Final = 30.0
_BATCH_SECONDS: Final = 80.0
"""What is not begun by then is left for the next time, so that the claim on it does not lapse."""
_PORTS: Final = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class _Unreachable(Exception):
    """The server cannot be talked to now."""


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server. `scheme` is smtp (as it comes), smtp+starttls or smtps (TLS from the beginning)."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = ""


def read_server(url: str) -> Server:
    """The mail server that a URL names; ValueError where it names none.

    >>> read_server("smtp+starttls://shop:secret@mail.example.com")
    Server(scheme='smtp+starttls', host='mail.example.com', port=587, user='shop', password='secret')
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("must be smtp://, smtp+starttls:// or smtps:// with a host")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if user and parts.scheme == "smtp" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError("a password is sent only over smtp+starttls:// or smtps://")
    return Server(parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme], user, password)


class Smtp:
    """Sends letters as mail through a server."""

    def __init__(self, server: Server, sender: str, context: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._sender = sender
        self._context = context or ssl.create_default_context()

    async def send(self, letters: Sequence[Letter]) -> Sequence[Receipt]:
        """What became of each letter."""
        return await asyncio.to_thread(self._send_all, letters)

    def _send_all(self, letters: Sequence[Letter]) -> list[Receipt]:
        receipts: list[Receipt] = []
        ends_at = time.monotonic() + _BATCH_SECONDS
        try:
            with self._connected() as client:
                for letter in letters:
                    if time.monotonic() > ends_at:
                        break
                    receipts.append(self._send(client, letter))
                    if not _is_connected(client):
                        break
        except _Unreachable as error:
            receipts += [Deferred(str(error))] * (len(letters) - len(receipts))
        return receipts + [Deferred("its turn did not come")] * (len(letters) - len(receipts))

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """A connection that is greeted, encrypted and signed in as the URL says."""
        server = self._server
        try:
            client: smtplib.SMTP = (
                smtplib.SMTP_SSL(server.host, server.port, timeout=_CONNECT_SECONDS, context=self._context)
                if server.scheme == "smtps"
                else smtplib.SMTP(server.host, server.port, timeout=_CONNECT_SECONDS)
            )
        except (OSError, smtplib.SMTPException) as error:
            raise _Unreachable(f"{server.host}: {_said(error)}") from error
        try:
            try:
                if client.sock is not None:
                    client.sock.settimeout(_ANSWER_SECONDS)
                client.ehlo()
                if server.scheme == "smtp+starttls":
                    client.starttls(context=self._context)  # refused, rather than sent in the clear
                    client.ehlo()
                if server.user:
                    client.login(server.user, server.password)
            except (OSError, smtplib.SMTPException) as error:
                raise _Unreachable(f"{server.host}: {_said(error)}") from error
            yield client
        finally:
            with suppress(OSError, smtplib.SMTPException):
                client.quit()
            client.close()

    def _send(self, client: smtplib.SMTP, letter: Letter) -> Receipt:
        """Hand one letter over, step by step, so that it is known at which it failed."""
        try:
            mail = make_mail(letter, self._sender)
            data = mail.as_bytes()
        except ValueError as error:
            return Refused(f"cannot be a mail: {error}")
        try:
            client.rset()
            for code, answer in (client.mail(letter.sender or self._sender), client.rcpt(letter.to)):
                if code >= 300:
                    return _not_taken(code, answer)
            code, answer = client.docmd("DATA")
            if code != 354:
                return _not_taken(code, answer)
        except (OSError, smtplib.SMTPException) as error:
            client.close()
            return Deferred(_said(error))
        try:
            client.send(_stuffed(data))
            code, answer = client.getreply()
        except (OSError, smtplib.SMTPException) as error:
            client.close()
            return Doubtful(f"no answer to the mail: {_said(error)}")
        return Taken(answer.decode("utf-8", "replace")[:200]) if code < 300 else _not_taken(code, answer)


def _stuffed(data: bytes) -> bytes:
    """A mail as it goes over the line: its lines end as they have to, dots that begin one are doubled, one ends it."""
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return b"".join((b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines) + b".\r\n"


def _not_taken(code: int, answer: bytes) -> Receipt:
    """What a refusal means: from 500 on for good, below that for now."""
    said = f"{code} {answer.decode('utf-8', 'replace')[:200]}"
    return Refused(said) if code >= 500 else Deferred(said)


def _is_connected(client: smtplib.SMTP) -> bool:
    return client.sock is not None


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
