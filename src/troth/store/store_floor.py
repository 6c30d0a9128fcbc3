"""What the people of a node ask about their work."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from troth.model.ids import FulfillmentId, NodeId, OrderId, Sku
from troth.model.lifecycle import ENDED, AllocationState
from troth.model.order import Fulfillment, Method, Order
from troth.model.pickup import Pickup
from troth.model.value import dataclass
from troth.store.codec import decode
from troth.store.database import Connection
from troth.store.orders import Row, read_orders
from troth.store.queries import sql

_TASKS = sql("find_floor_tasks")
_SENT = sql("find_sent_work")
_ARRIVALS = sql("find_arrivals")
_IN_LOCKER = sql("find_in_locker")
_TOUCHED = sql("find_touched_nodes")
_OFF_SHELF = sql("sum_units_off_shelf")


ON_SHELF: Final = (AllocationState.RELEASED, AllocationState.ACCEPTED)
"""Parts in one of these lie on the shelf still, and are to be picked."""


@dataclass(frozen=True, slots=True)
class FloorTask:
    """A work as the list of a node shows it; `units` as people count them, what is known of its pickup,
    who was told that it is late, and the items that are still to be
    picked for it. Of what is sent there first: whether all its packages are received, and a locker hands it over."""

    order_id: OrderId
    fulfillment_id: FulfillmentId
    node: str
    via: str | None
    status: AllocationState
    method: Method
    ship_by: datetime
    promised_at: datetime
    staging: str
    external_id: str
    customer_name: str
    units: int
    pickup: Pickup
    is_asked_back: bool
    escalated_to: str
    is_for_locker: bool = False
    is_here: bool = True
    to_pick: frozenset[Sku] = frozenset()

    def is_from_elsewhere(self, node: str) -> bool:
        """Whether another node sends it to this one, where it is picked up."""
        return self.via == node != self.node

    def done_by(self, node: str) -> datetime:
        """By when a node has to be done with it: with what another one sends there when it is promised."""
        return self.promised_at if self.is_from_elsewhere(node) else self.ship_by


async def find_sent_work(
    connection: Connection,
    node: str,
    statuses: Sequence[str],
    *,
    before: tuple[datetime, str] | None = None,
    limit: int,
) -> list[tuple[Order, Fulfillment]]:
    """A page of the work that a node has in some statuses, what was to leave last first; `before` is the position
    (ship_by, fulfillment_id) of the last one seen.
    """
    rows = await connection.fetch(_SENT, node, list(statuses), *(before or (None, None)), limit)
    orders = await read_orders(connection, {row["order_id"] for row in rows})
    works = {work.fulfillment_id: (order, work) for order in orders.values() for work in order.fulfillments}
    return [works[FulfillmentId(row["fulfillment_id"])] for row in rows if row["fulfillment_id"] in works]


async def find_floor_tasks(
    connection: Connection, node: str, *, own: Sequence[str], arrived: Sequence[str], limit: int
) -> list[FloorTask]:
    """The work that a node has in some statuses, and what was sent to it and stands in others, most urgent first."""
    rows = await connection.fetch(_TASKS, node, list(own), list(arrived), limit, sorted(ENDED), sorted(ON_SHELF))
    return [
        FloorTask(
            **{
                **row,
                "status": AllocationState(row["status"]),
                "method": Method(row["method"]),
                "to_pick": frozenset(row["to_pick"]),
                "pickup": Pickup(row["fulfillment_id"]) if row["pickup"] is None else decode(row["pickup"], Pickup),
            }
        )
        for row in map(dict, rows)
    ]


async def find_arrivals(
    connection: Connection, node: str, statuses: Sequence[str], *, limit: int
) -> list[tuple[Order, Fulfillment]]:
    """The work that was sent to a node to be collected there and that is in some statuses, most urgent first."""
    return await _read_works(connection, await connection.fetch(_ARRIVALS, node, list(statuses), limit))


async def find_in_locker(
    connection: Connection, locker: NodeId, statuses: Sequence[str], *, limit: int
) -> list[tuple[Order, Fulfillment]]:
    """The work in some statuses that lies in a locker, or is to be laid there, most urgent first."""
    return await _read_works(connection, await connection.fetch(_IN_LOCKER, locker, list(statuses), limit))


async def _read_works(connection: Connection, rows: Sequence[Row]) -> list[tuple[Order, Fulfillment]]:
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
