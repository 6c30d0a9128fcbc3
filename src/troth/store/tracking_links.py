"""The links by which customers see where their goods are: the secret, and which link of an order counts."""

from datetime import datetime

from troth.model.ids import OrderId
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.queries import sql

_MAKE = sql("make_tracking_secret")
_SECRET = sql("read_tracking_secret")
_LINK = sql("read_tracking_link")
_MOVE = sql("move_tracking_link")


@dataclass(frozen=True, slots=True)
class TrackingLink:
    """Which link of an order counts, by its number, and whether it is open."""

    number: int = 1
    is_open: bool = True


async def read_tracking_secret(connection: Connection) -> bytes | None:
    """The secret of all links; None where there is none yet."""
    secret: bytes | None = await connection.fetchval(_SECRET)
    return secret


async def make_tracking_secret(connection: Connection, secret: bytes, now: datetime) -> None:
    """Make the secret of all links, where there is none."""
    await connection.execute(_MAKE, secret, now)


async def read_tracking_link(connection: Connection, order_id: OrderId) -> TrackingLink:
    """Which link of an order counts."""
    row = await connection.fetchrow(_LINK, order_id)
    return TrackingLink() if row is None else TrackingLink(row["number"], row["is_open"])


async def move_tracking_link(
    connection: Connection, order_id: OrderId, *, is_open: bool, now: datetime, actor: str
) -> TrackingLink:
    """Let the next link of an order count in place of all before it, or none."""
    row = await connection.fetchrow(_MOVE, order_id, is_open, now, actor)
    if row is None:
        raise RuntimeError("a link was moved without a row")
    return TrackingLink(row["number"], row["is_open"])
