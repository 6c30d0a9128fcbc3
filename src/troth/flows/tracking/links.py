"""Links by which customers see where their goods are, without logging in: who has the link may look.

A link is derived from its order, so that every message can have it and nothing has to be kept. It cannot be guessed
(128 bits of a keyed hash), and it can be taken back: then the next one of the order counts, or none.
"""

import base64
import hmac
import secrets
from hashlib import sha256
from typing import Final

from troth.flows.door.system import System
from troth.model.ids import OrderId
from troth.store.database import Connection, transaction
from troth.store.tracking_links import (
    TrackingLink,
    make_tracking_secret,
    move_tracking_link,
    read_tracking_link,
    read_tracking_secret,
)

_BYTES: Final = 16
_TOKEN_MAX: Final = 100
_SECRET_BYTES: Final = 32


def token_of(secret: bytes, order_id: OrderId, number: int) -> str:
    """The token of a link: the order, and what only who holds the secret can derive from it.

    >>> token_of(b"secret", OrderId("O-1"), 1) == token_of(b"secret", OrderId("O-1"), 2)
    False
    """
    digest = hmac.digest(secret, f"troth track v1\0{order_id}\0{number}".encode(), sha256)[:_BYTES]
    return f"{order_id}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


async def give_link(system: System, order_id: OrderId) -> str | None:
    """The token of the link of an order that counts; None where it was taken back."""
    async with system.pool.acquire() as connection:
        link = await read_tracking_link(connection, order_id)
        return token_of(await _secret(connection, system), order_id, link.number) if link.is_open else None


async def find_linked_order(system: System, token: str) -> OrderId | None:
    """The order that a token lets somebody look at; None where it is not one that counts."""
    name, dot, _ = token.partition(".")
    if not dot or len(token) > _TOKEN_MAX or not token.isascii():
        return None
    order_id = OrderId(name)
    async with system.pool.acquire() as connection:
        secret = await read_tracking_secret(connection)
        if secret is None:
            return None
        link = await read_tracking_link(connection, order_id)
    is_same = hmac.compare_digest(token.encode(), token_of(secret, order_id, link.number).encode())
    return order_id if is_same and link.is_open else None


async def move_link(system: System, order_id: OrderId, *, is_open: bool, actor: str) -> str | None:
    """Take the link of an order back; the token of the one that counts now (None: none does)."""
    async with transaction(system.pool) as connection:
        link: TrackingLink = await move_tracking_link(
            connection, order_id, is_open=is_open, now=system.door.now(), actor=actor
        )
        return token_of(await _secret(connection, system), order_id, link.number) if link.is_open else None


async def _secret(connection: Connection, system: System) -> bytes:
    """The secret of all links; whoever needs it first makes it, and of two the same one wins for all."""
    found = await read_tracking_secret(connection)
    if found is None:
        await make_tracking_secret(connection, secrets.token_bytes(_SECRET_BYTES), system.door.now())
        found = await read_tracking_secret(connection)
    if found is None:
        raise RuntimeError("the secret of tracking links was not made")
    return found
