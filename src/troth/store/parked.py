"""Units that lie at no supply: a row for each line of an order of which some are parked."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from troth.engine.demand.line_terms import named_skus
from troth.model.ids import LineId, OrderId, Sku
from troth.model.order import Order, Parked
from troth.store.database import Connection
from troth.store.queries import sql

_DELETE = sql("delete_parked")
_WRITE = sql("write_parked")
_FIND = sql("find_parked_orders")
_FIND_UNLOOKED = sql("find_unlooked_orders")
_MARK_LOOKED = sql("mark_looked")
_COUNT_WAITING = sql("count_waiting")


async def write_parked(connection: Connection, orders: Iterable[Order], at: datetime) -> None:
    """Write what of some orders is parked, in place of what was; it belongs into the transaction that writes them."""
    changed = list(orders)
    await connection.execute(_DELETE, [order.order_id for order in changed])
    await connection.executemany(_WRITE, [row for order in changed for row in _rows(order, at)])


async def find_parked_orders(connection: Connection, skus: Iterable[Sku], *, limit: int) -> list[OrderId]:
    """The orders with parked lines that units of any of these SKUs could cover."""
    return [row["order_id"] for row in await connection.fetch(_FIND, list(skus), limit)]


async def find_unlooked_orders(connection: Connection, before: datetime, *, limit: int) -> list[OrderId]:
    """The orders with parked lines that nobody has tried to cover since an instant, the longest ago first."""
    return [row["order_id"] for row in await connection.fetch(_FIND_UNLOOKED, before, limit)]


async def mark_looked(connection: Connection, order_ids: Sequence[OrderId], at: datetime) -> None:
    """Record that it was tried to cover the parked lines of these orders."""
    await connection.execute(_MARK_LOOKED, list(order_ids), at)


async def count_waiting(connection: Connection, skus: Iterable[Sku], *, without: OrderId) -> dict[Sku, int]:
    """How many other orders have parked lines that units of each SKU could cover; of none: nothing."""
    rows = await connection.fetch(_COUNT_WAITING, list(skus), without)
    return {row["sku"]: row["orders"] for row in rows}


def parked_of_row(row: Any) -> Parked:
    """What a row says."""
    return Parked(
        LineId(row["line_id"]),
        row["reason"],
        row["since"],
        row["is_waiting"],
        row["until"],
        row["promised_at"],
        row["is_sought"],
    )


def _rows(order: Order, at: datetime) -> Iterable[tuple[Any, ...]]:
    lines = {line.line_id: line for line in order.lines}
    for parked in order.parked:
        line = lines[parked.line_id]
        yield (
            order.order_id,
            parked.line_id,
            sorted({line.sku, *named_skus((line,))}),
            parked.reason,
            parked.since,
            parked.is_waiting,
            parked.until,
            parked.promised_at,
            parked.is_sought,
            at,
        )
