"""What the console shows of many orders at once, read so that a page is quick on millions of them.

Counts stop at a limit, and a search looks only where an index leads, or at the newest orders.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from troth.model.ids import FulfillmentId, NodeId, OrderId, Sku
from troth.model.inventory import Balance, SupplyKey
from troth.model.lifecycle import RESERVING, AllocationState
from troth.model.order import Fulfillment, Order
from troth.model.value import dataclass
from troth.store.database import Connection, Pool, transaction
from troth.store.events import Position
from troth.store.orders import read_orders
from troth.store.queries import sql

_AFRESH = sql("plan_afresh")
_COUNT_ORDERS = sql("count_orders_up_to")
_BY_HOUR = sql("count_orders_by_hour")
_NEWER = sql("count_newer_orders")
_ROWS = sql("find_order_rows")
_SEARCH = sql("search_orders")
_OVERDUE = sql("count_overdue")
_CHANNELS = sql("find_channels")
_WORK = sql("find_work")
_WORK_OF_NODE = sql("find_work_of_node")
_COUNT_WORK = sql("count_work")
_SUPPLIES = sql("read_supplies_of_sku")
_SUPPLIES_AT = sql("read_supplies_at")
_SUPPLIES_OF_NODE = sql("find_supplies_of_node")
_SUMS = sql("sum_balances")
_HEADS = sql("read_heads_after")

COUNT_MAX: Final = 10_000
"""Counts go no further: what shows as this many may be more."""
SEARCH_MAX: Final = 500
NAMES_SEARCHED: Final = 20_000
"""Names have no index; they are looked for in this many of the newest orders."""
_CHANNELS_OF: Final = 5_000
OPEN_WORK: Final = (
    AllocationState.RELEASED,
    AllocationState.ACCEPTED,
    AllocationState.PICKED,
    AllocationState.PACKED,
    AllocationState.READY,
)
"""Work that a node still has to do something about."""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as a list shows it; money in minor units, `units` those that are not canceled."""

    order_id: OrderId
    channel: str
    external_id: str
    status: str
    customer_name: str
    customer_id: str
    currency: str
    total_minor: int
    captured_at: datetime
    promised_at: datetime | None
    method: str
    lines: int
    units: int
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StockSum:
    """Units of a SKU over all nodes; `available` is what is on hand and free, node by node, never below zero."""

    on_hand: int = 0
    reserved: int = 0
    available: int = 0
    incoming: int = 0
    nodes: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """That a subject had an event, without what it says."""

    subject: str
    at: datetime
    position: Position
    kind: str


async def count_orders_up_to(connection: Connection, statuses: Sequence[str]) -> dict[str, int]:
    """How many orders have each of these statuses, no further than COUNT_MAX."""
    rows = await connection.fetch(_COUNT_ORDERS, list(statuses), COUNT_MAX)
    return {row["status"]: row["orders"] for row in rows}


async def count_orders_by_hour(connection: Connection, since: datetime) -> dict[datetime, int]:
    """How many orders were captured in each hour (its beginning, UTC) from `since` on."""
    return {row["hour"]: row["orders"] for row in await connection.fetch(_BY_HOUR, since)}


async def count_newer_orders(connection: Connection, after: tuple[datetime, str], *, limit: int) -> int:
    """How many orders were captured after a position (captured_at, order_id), no further than `limit`."""
    found: int = await connection.fetchval(_NEWER, *after, limit)
    return found


async def find_order_rows(
    pool: Pool,
    *,
    order_ids: Sequence[str] | None = None,
    statuses: Sequence[str] | None = None,
    channel: str | None = None,
    node: str | None = None,
    sku: str | None = None,
    is_reserving: bool = False,
    after: tuple[datetime, str] | None = None,
    limit: int,
) -> list[OrderRow]:
    """A page of orders, newest first; `after` is the position (captured_at, order_id) of the last one seen.

    `is_reserving` finds only those that hold units now: of the SKU, also as a part of a kit, and at the node.
    """
    at, last = after or (None, None)
    states = sorted(RESERVING) if is_reserving else None
    async with transaction(pool, read_only=True) as connection:
        await connection.execute(_AFRESH)
        rows = await connection.fetch(_ROWS, order_ids, statuses, channel, node, sku, at, last, limit, states)
    return [OrderRow(**{**row, "nodes": tuple(row["nodes"])}) for row in map(dict, rows)]


async def search_orders(pool: Pool, text: str) -> list[OrderId]:
    """The orders that a text names, at most SEARCH_MAX by each way.

    It is an order id, the beginning of an external id or an email, a customer id, a tracking number, a SKU, or part of
    a name among the newest NAMES_SEARCHED orders.
    """
    beginning = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    async with transaction(pool, read_only=True) as connection:
        await connection.execute(_AFRESH)
        rows = await connection.fetch(_SEARCH, text, beginning, SEARCH_MAX, NAMES_SEARCHED)
    return [row["order_id"] for row in rows]


async def count_overdue(connection: Connection, now: datetime) -> tuple[int, datetime | None]:
    """For how many orders the clock is late, no further than COUNT_MAX, and since when."""
    row = await connection.fetchrow(_OVERDUE, now, COUNT_MAX)
    return (row["orders"], row["since"]) if row else (0, None)


async def find_channels(connection: Connection) -> list[str]:
    """The channels of the newest 5,000 orders, by name."""
    return [row["channel"] for row in await connection.fetch(_CHANNELS, _CHANNELS_OF)]


async def find_work(
    connection: Connection,
    statuses: Sequence[str],
    *,
    node: str | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int,
) -> list[tuple[Order, Fulfillment]]:
    """A page of the work of a node (None: of all), most urgent first.

    `after` is the position (ship_by, fulfillment_id) of the last one seen.
    """
    position = after or (None, None)
    if node is None:
        rows = await connection.fetch(_WORK, list(statuses), *position, limit)
    else:
        rows = await connection.fetch(_WORK_OF_NODE, node, list(statuses), *position, limit)
    orders = await read_orders(connection, {row["order_id"] for row in rows})
    work = {part.fulfillment_id: (order, part) for order in orders.values() for part in order.fulfillments}
    return [work[FulfillmentId(row["fulfillment_id"])] for row in rows if row["fulfillment_id"] in work]


async def count_work(connection: Connection, statuses: Sequence[str], *, node: str | None = None) -> dict[str, int]:
    """How much work of a node (None: of all) is in each of these statuses, no further than COUNT_MAX."""
    rows = await connection.fetch(_COUNT_WORK, list(statuses), node, COUNT_MAX)
    return {row["status"]: row["fulfillments"] for row in rows}


async def read_supplies(connection: Connection, sku: Sku, *, node: NodeId | None = None) -> list[Balance]:
    """Every supply of a SKU, at a node or (None) at all, by node and source."""
    if node is None:
        return [_balance(row) for row in await connection.fetch(_SUPPLIES, sku)]
    return [_balance(row) for row in await connection.fetch(_SUPPLIES_AT, sku, node)]


async def find_supplies_of_node(
    connection: Connection, node: NodeId, *, after: tuple[str, str] | None = None, limit: int
) -> list[Balance]:
    """A page of the supplies of a node by SKU; `after` is the position (sku, source) of the last one seen."""
    sku, source = after or (None, None)
    return [_balance(row) for row in await connection.fetch(_SUPPLIES_OF_NODE, node, sku, source, limit)]


async def sum_balances(connection: Connection, skus: Sequence[str]) -> dict[str, StockSum]:
    """The stock of SKUs over all nodes; those that no node ever had are left out."""
    rows = await connection.fetch(_SUMS, list(skus))
    return {
        row["sku"]: StockSum(row["on_hand"], row["reserved"], row["available"], row["incoming"], row["nodes"])
        for row in rows
    }


async def read_heads_after(connection: Connection, position: Position, *, limit: int) -> list[Head]:
    """Which subjects had events after a position, in order, as far as no earlier one can still appear."""
    rows = await connection.fetch(_HEADS, *position, limit)
    return [Head(row["subject"], row["at"], (row["xid"], row["seq"]), row["kind"]) for row in rows]


def _balance(row: Any) -> Balance:
    key = SupplyKey(row["sku"], row["node"], row["source"])
    return Balance(key, row["on_hand"], row["reserved"], row["deficit"], row["expected_at"], row["expires_on"])
