"""Orders that something which arrived, or is free again, could help, in the turn in which they are to be tried."""

from collections.abc import Collection, Container, Mapping
from typing import Final

from troth.engine.priority import in_order_of_rank, in_turn
from troth.model.commands import RepromiseOrder
from troth.model.ids import NodeId, OrderId, Sku
from troth.model.lifecycle import AllocationState
from troth.model.order import Order
from troth.model.policy import Policy
from troth.model.status import uncovered_quantities
from troth.store.database import Connection
from troth.store.orders import read_orders
from troth.store.parked import find_parked_orders
from troth.store.repromise import find_orders_backordered

ORDERS_MAX: Final = 1_000
"""So many waiting orders of one SKU are looked at together; those beyond have their turn when they were not tried for
a while.
"""
_TRIED_MIN: Final = 20
_TRIED_MAX: Final = 200


async def find_helped(
    connection: Connection, received: Mapping[tuple[Sku, NodeId], int], policy: Policy
) -> list[RepromiseOrder]:
    """What fills waiting orders with units that a node received: what lies nowhere, and what waits there for a later
    purchase order.

    Some more orders than can use the units, since not each is helped by them; whoever is left is tried by the worker.
    """
    commands: dict[OrderId, RepromiseOrder] = {}
    for (sku, node), units in received.items():
        found = await find_parked_orders(connection, (sku,), limit=ORDERS_MAX)
        found += await find_orders_backordered(connection, sku, node, limit=ORDERS_MAX)
        orders = list((await read_orders(connection, set(found))).values())
        needs = {order.order_id: _need(order, sku, node) for order in orders}
        seen = 0
        for tried_before, order in enumerate(in_turn(needs, orders, units, policy)[:_TRIED_MAX]):
            if seen >= 2 * units and tried_before >= _TRIED_MIN:
                break
            seen += needs[order.order_id]
            reason = f"{sku} arrived at {node}"
            commands.setdefault(order.order_id, RepromiseOrder(order.order_id, reason, is_sooner=True))
    return list(commands.values())


async def find_tried(
    connection: Connection, skus: Collection[Sku], policy: Policy, *, without: Container[OrderId]
) -> list[RepromiseOrder]:
    """What tries the orders with units that lie nowhere and that these SKUs could cover, the most important first."""
    found = await find_parked_orders(connection, skus, limit=ORDERS_MAX)
    waiting = await read_orders(connection, [order_id for order_id in found if order_id not in without])
    return tried(waiting, policy, reason="stock moved")


def tried(orders: Mapping[OrderId, Order], policy: Policy, *, reason: str) -> list[RepromiseOrder]:
    """The commands that try orders again, the most important first."""
    return [RepromiseOrder(order.order_id, reason) for order in in_order_of_rank(orders.values(), policy)]


def _need(order: Order, sku: Sku, node: NodeId) -> int:
    """The units of a SKU that an order could use at a node."""
    missing = uncovered_quantities(order)
    backordered = sum(
        part.quantity
        for part in order.allocations
        if part.state is AllocationState.BACKORDERED and (part.sku, part.node) == (sku, node)
    )
    return backordered + max(1, sum(missing.values())) if missing else max(1, backordered)
