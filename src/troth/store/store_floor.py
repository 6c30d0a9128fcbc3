"""What the people of a node ask about their work."""

from collections.abc import Sequence

from troth.model.ids import FulfillmentId, NodeId, Sku
from troth.model.order import Fulfillment, Order
from troth.store.database import Connection
from troth.store.orders import read_orders
from troth.store.queries import sql

_ARRIVALS = sql("find_arrivals")
_TOUCHED = sql("find_touched_nodes")
_OFF_SHELF = sql("sum_units_off_shelf")


async def find_arrivals(
    connection: Connection, node: str, statuses: Sequence[str], *, limit: int
) -> list[tuple[Order, Fulfillment]]:
    """The work that was sent to a node to be collected there and that is in some statuses, most urgent first."""
    rows = await connection.fetch(_ARRIVALS, node, list(statuses), limit)
    orders = await read_orders(connection, {row["order_id"] for row in rows})
    work = {part.fulfillment_id: (order, part) for order in orders.values() for part in order.fulfillments}
    return [work[FulfillmentId(row["fulfillment_id"])] for row in rows if row["fulfillment_id"] in work]


async def find_touched_nodes(connection: Connection, orders: Sequence[str]) -> frozenset[str]:
    """The nodes that have, or get, anything of some orders."""
    return frozenset(row["node"] for row in await connection.fetch(_TOUCHED, list(orders)))


async def sum_units_off_shelf(connection: Connection, node: NodeId, sku: Sku) -> int:
    """How many units of a SKU lie beside the shelf: picked, packed or waiting for their customer. All are on hand."""
    units: int = await connection.fetchval(_OFF_SHELF, node, sku)
    return units
