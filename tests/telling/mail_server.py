"""A mail server that plays all the others: it counts what it takes by message id, and fails as it is told to."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class MailServer:
    """What it has taken, in order. While it `is_down` nobody listens; else each mail is met as `answers` say, in turn:
    an answer that it gives, `die` (it takes the mail, and goes away without a word) or `hang up` (before it has it).
    """

    port: int
    answers: list[str] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    tries: int = 0
    _server: asyncio.Server | None = None

    @property
    def counts(self) -> Counter[str]:
        """How often each message id was taken."""
        return Counter(str(mail["Message-ID"]) for mail in self.mails)

    def seen(self) -> list[EmailMessage]:
        """What somebody reads whose mailbox shows the same message id once."""
        return list({str(mail["Message-ID"]): mail for mail in self.mails}.values())

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, loop=loop, enable_SMTPUTF8=True), "127.0.0.1", self.port
        )

    async def stop(self) -> None:
        """Go away: nobody listens any more."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 -- its name
        """Take a mail, or not."""
        self.tries += 1
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer == "die" or answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            mail: Any = message_from_bytes(envelope.content, policy=default)
            self.mails.append(mail)
        if answer in ("die", "hang up") and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
            return "421 gone"
        return answer


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    """A server that listens."""
    server = MailServer(free_port())
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
