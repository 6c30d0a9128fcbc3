"""Answers of operations, as bytes."""

from collections.abc import Sequence
from typing import Final

from starlette.types import Send

from troth.model.value import dataclass
from troth.store.codec import encode_bytes

_NO_STORE: Final = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, the body's bytes, and headers beside content type and length (names in lower case)."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    media_type: str = "application/json"


def json_reply(value: object, *, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> Reply:
    """The answer that a value of structs, dataclasses, mappings and plain values is."""
    return Reply(status, encode_bytes(value), tuple(headers))


NO_CONTENT: Final = Reply(204)


async def send_reply(reply: Reply, send: Send) -> None:
    """Send an answer over ASGI."""
    headers = [*_NO_STORE, *((name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers)]
    if reply.status != 204:
        headers.append((b"content-type", reply.media_type.encode("latin-1")))
        headers.append((b"content-length", str(len(reply.body)).encode("latin-1")))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def etag(version: int) -> tuple[str, str]:
    """The header that names a version.

    >>> etag(3)
    ('etag', '"3"')
    """
    return ("etag", f'"{version}"')
