"""Pickups of orders: a row each, with what is known of it as one value."""

from collections.abc import Iterable
from typing import Any

from troth.model.order import Order
from troth.model.pickup import Pickup
from troth.store.codec import decode, encode
from troth.store.database import Connection
from troth.store.queries import sql

_WRITE = sql("write_pickups")


async def write_pickups(connection: Connection, changes: Iterable[tuple[Order | None, Order]]) -> None:
    """Write the pickups that are new or changed (orders before and after); it belongs into their transaction."""
    rows = []
    for before, after in changes:
        nodes = {work.fulfillment_id: work.via or work.node for work in after.fulfillments}
        known = set(before.pickups) if before is not None else set()
        rows += [
            (
                after.order_id,
                one.fulfillment_id,
                nodes[one.fulfillment_id],
                one.keep_until,
                one.here_at if one.handed_over_at is None and one.expired_at is None else None,
                encode(one),
            )
            for one in after.pickups
            if one not in known
        ]
    if rows:
        await connection.execute(_WRITE, *zip(*rows, strict=True))


def pickup_of_row(row: Any) -> Pickup:
    """What a row says."""
    return decode(row["document"], Pickup)
