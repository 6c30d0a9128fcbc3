"""Links that only who got a notification can know: what they are about, until when, and a signature.

Nothing is done by looking at one: mail scanners open every link. What it is about is done by a POST.
"""

import base64
import hmac
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, Literal

from troth.model.value import dataclass

CHOOSE: Final = "choose"
OPT_OUT: Final = "stop"
_SIGNATURE_BYTES: Final = 18
_LENGTH_MAX: Final = 400

Purpose = Literal["choose", "stop"]


@dataclass(frozen=True, slots=True)
class Link:
    """What a link is for, of which notification, which of its choices, and until when (None: without end)."""

    purpose: Purpose
    notification_id: str
    number: int = 0
    until: datetime | None = None


def sign_link(link: Link, secret: bytes) -> str:
    """The token of a link: safe in a URL, and different for each purpose, notification, choice and time.

    >>> at = datetime(2026, 11, 30, tzinfo=UTC)
    >>> token = sign_link(Link("choose", "O-1-N2f", 1, at), b"secret")
    >>> read_link(token, b"secret") == Link("choose", "O-1-N2f", 1, at), read_link(token, b"another")
    (True, None)
    """
    until = 0 if link.until is None else int(link.until.timestamp())
    plain = f"{link.purpose} {link.notification_id} {link.number} {until}".encode()
    return f"{_text(plain)}.{_text(_signature(plain, secret))}"


def read_link(token: str, secret: bytes) -> Link | None:
    """The link that a token stands for; None where it was not made here."""
    head, dot, tail = token.partition(".")
    if not dot or len(token) > _LENGTH_MAX or not token.isascii():
        return None
    try:
        plain, signature = _bytes(head), _bytes(tail)
    except ValueError:
        return None
    if not hmac.compare_digest(signature, _signature(plain, secret)):
        return None
    purpose, notification_id, number, until = plain.decode().split(" ")
    if purpose not in (CHOOSE, OPT_OUT):
        return None
    at = datetime.fromtimestamp(int(until), UTC) if until != "0" else None
    return Link("choose" if purpose == CHOOSE else "stop", notification_id, int(number), at)


def _signature(plain: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, b"troth link v1\0" + plain, sha256)[:_SIGNATURE_BYTES]


def _text(some: bytes) -> str:
    return base64.urlsafe_b64encode(some).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
