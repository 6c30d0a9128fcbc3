"""Text messages through a gateway, and letters to a system of the retailer's own: each a signed POST.

The id of a message is that of its letter, so that who gets it twice knows it for the same.

*Source:* Standard Webhooks, specification 1.0 (https://www.standardwebhooks.com): headers and signature scheme v1.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from string import Template
from typing import Final

import msgspec

from troth.flows.log.deliver import Message, Post, Response
from troth.flows.telling.media import Deferred, Doubtful, Letter, Receipt, Refused, Taken
from troth.store.codec import encode_bytes

_NOT_NOW: Final = frozenset({401, 403, 404, 408, 409, 421, 425, 429})
"""Answers that say something about the gateway, or about now, and nothing about this letter."""
_AT_ONCE_MAX: Final = 8
SMS_BODY: Final = '{"to": $to, "text": $text, "id": $id}'


class Poster:
    """Sends letters as signed requests to one URL; `write` makes the body of a letter."""

    def __init__(self, post: Post, url: str, secret: str, write: Callable[[Letter], bytes]) -> None:
        self._post = post
        self._url = url
        self._secret = secret
        self._write = write

    async def send(self, letters: Sequence[Letter]) -> Sequence[Receipt]:
        """What became of each letter."""
        turns = asyncio.Semaphore(_AT_ONCE_MAX)

        async def send(letter: Letter) -> Receipt:
            async with turns:
                message = Message(
                    self._url, self._secret, letter.notification_id, self._write(letter), datetime.now(UTC)
                )
                return receipt_of(await self._post(message))

        return await asyncio.gather(*(send(letter) for letter in letters))


def write_whole(letter: Letter) -> bytes:
    """A letter as JSON, with all that it says."""
    return encode_bytes({"type": "notification", "timestamp": letter.at, "data": letter})


def sms_writer(template: str) -> Callable[[Letter], bytes]:
    """What makes the body of a text message: a template of JSON in which `$to`, `$text`, `$id`, `$sender` and
    `$language` stand for JSON strings. ValueError where it is no JSON then, or names something else.

    >>> sms_writer('{"n": [$to]}').__name__
    'write'
    """
    parts = Template(template)

    def write(letter: Letter) -> bytes:
        values = {
            "to": letter.to,
            "text": letter.sms,
            "id": letter.notification_id,
            "sender": letter.shop,
            "language": letter.language,
        }
        return parts.substitute({name: msgspec.json.encode(value).decode() for name, value in values.items()}).encode()

    names = ("to", "text", "id", "sender", "language")
    try:
        msgspec.json.decode(parts.substitute(dict.fromkeys(names, '"x"')))
    except (KeyError, ValueError) as error:
        raise ValueError(f"is no template of JSON with $to, $text, $id, $sender and $language: {error}") from error
    return write


def receipt_of(response: Response) -> Receipt:
    """What an answer says of a letter: what nothing came back of is not known, and may be asked for again.

    >>> receipt_of(Response(202, "queued")), receipt_of(Response(400, "no such number"))
    (Taken(reference='queued'), Refused(reason='400 no such number'))
    >>> receipt_of(Response(503, "", 20.0)), receipt_of(Response(None, "no answer within 10 s"))
    (Deferred(reason='503', seconds=20.0), Doubtful(reason='no answer within 10 s'))
    """
    said = " ".join(response.text.split())[:200]
    if response.status is None:
        return Deferred(said) if said.startswith("ConnectError") else Doubtful(said)
    if response.is_success:
        return Taken(said)
    told = f"{response.status} {said}".strip()
    if response.status >= 500 or response.status in _NOT_NOW or response.status < 400:
        return Deferred(told, response.retry_after)
    return Refused(told)
