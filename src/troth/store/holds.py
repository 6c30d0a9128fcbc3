"""The terms of holds, beside the rows that the one statement writes: most orders have no hold, and most holds no terms
of their own.
"""

from collections.abc import Iterable
from typing import Any

from troth.model.hold_terms import PLAIN
from troth.model.order import Hold, Order
from troth.store.codec import encode
from troth.store.database import Connection
from troth.store.queries import sql

_WRITE = sql("write_hold_terms")


def find_termed(before: Order | None, after: Order) -> tuple[Hold, ...]:
    """The holds of an order that have changed and whose terms are not those of every hold."""
    if not after.holds:
        return ()
    known = () if before is None else before.holds
    return tuple(hold for hold in after.holds if hold not in known and (hold.terms != PLAIN or hold.escalated_at))


async def write_hold_terms(connection: Connection, holds: Iterable[tuple[Order, Hold]]) -> None:
    """Write the terms of holds whose rows are there; it belongs into the transaction that writes their orders."""
    rows: list[tuple[Any, ...]] = [
        (order.order_id, hold.hold_id, encode(hold.terms), hold.escalated_at) for order, hold in holds
    ]
    await connection.execute(_WRITE, *map(list, zip(*rows, strict=True)))
