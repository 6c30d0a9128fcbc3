"""Orders that something which arrived, or is free again, could help, in the turn in which they are to be tried."""

from collections.abc import Collection, Container, Iterable, Mapping
from typing import Final

from troth.engine.demand.line_terms import named_skus
from troth.engine.priority import in_order_of_rank
from troth.engine.shares import Share, divide
from troth.model.commands import FloorUnits, RepromiseOrder
from troth.model.ids import NodeId, OrderId, Sku
from troth.model.inventory import SupplyKey, is_on_hand
from troth.model.lifecycle import AllocationState
from troth.model.order import Line, Order
from troth.model.policy import Policy
from troth.model.status import uncovered_quantities
from troth.store.database import Connection
from troth.store.orders import read_orders
from troth.store.parked import find_parked_orders
from troth.store.repromise import find_orders_backordered, read_supplies

ORDERS_MAX: Final = 1_000
"""So many waiting orders of one SKU are looked at together; those beyond have their turn when they were not tried for
a while.
"""
_TRIED_MIN: Final = 20
_TRIED_MAX: Final = 200

Units = Mapping[tuple[Sku, NodeId], int]
"""Units on hand that are to be divided, by SKU and node."""


async def find_helped(connection: Connection, received: Units, policy: Policy) -> list[RepromiseOrder]:
    """What fills waiting orders with units that a node received: what lies nowhere, and what waits there for a later
    purchase order.

    Some more orders than can use the units, since not each is helped by them; whoever is left is tried by the worker.
    """
    floors: dict[OrderId, tuple[FloorUnits, ...]] = {}
    commands: dict[OrderId, RepromiseOrder] = {}
    for (sku, node), units in received.items():
        found = await find_parked_orders(connection, (sku,), limit=ORDERS_MAX)
        found += await find_orders_backordered(connection, sku, node, limit=ORDERS_MAX)
        orders = (await read_orders(connection, set(found))).values()
        shares = divide(units, [(order, _need(order, sku, node)) for order in orders], policy)
        _add_floors(floors, shares, sku, node)
        seen = 0
        for tried_before, share in enumerate(shares[:_TRIED_MAX]):
            if seen >= 2 * units and tried_before >= _TRIED_MIN:
                break
            seen += max(1, share.need)
            reason = f"{sku} arrived at {node}"
            commands.setdefault(share.order.order_id, RepromiseOrder(share.order.order_id, reason, is_sooner=True))
    return [*_by_floors(floors, "arrived", is_sooner=True), *commands.values()]


async def find_tried(
    connection: Connection, keys: Collection[SupplyKey], policy: Policy, *, without: Container[OrderId]
) -> list[RepromiseOrder]:
    """What tries the orders with units that lie nowhere and that the SKUs of supplies which moved could cover, the most
    important first, but for what floors keep of what is free there.
    """
    found = await find_parked_orders(connection, {key.sku for key in keys}, limit=ORDERS_MAX)
    waiting = await read_orders(connection, [order_id for order_id in found if order_id not in without])
    floors: dict[OrderId, tuple[FloorUnits, ...]] = {}
    if waiting and policy.routing is not None and policy.routing.has_floors:
        for (sku, node), units in (await _free_units(connection, keys)).items():
            needs = [
                (
                    order,
                    _need(order, sku, node)
                    - sum(one.quantity for one in floors.get(order.order_id, ()) if one.sku == sku),
                )
                for order in waiting.values()
            ]
            _add_floors(floors, divide(units, needs, policy), sku, node)
    return [*_by_floors(floors, "is free"), *tried(waiting, policy, reason="stock moved")]


def tried(orders: Mapping[OrderId, Order], policy: Policy, *, reason: str) -> list[RepromiseOrder]:
    """The commands that try orders again, the most important first."""
    return [RepromiseOrder(order.order_id, reason) for order in in_order_of_rank(orders.values(), policy)]


async def _free_units(connection: Connection, keys: Collection[SupplyKey]) -> dict[tuple[Sku, NodeId], int]:
    """The units on hand of some supplies that nobody has."""
    free: dict[tuple[Sku, NodeId], int] = {}
    for balance in await read_supplies(connection, [key for key in keys if is_on_hand(key.source)]):
        place = balance.key.sku, balance.key.node
        free[place] = free.get(place, 0) + balance.available
    return free


def _add_floors(floors: dict[OrderId, tuple[FloorUnits, ...]], shares: Iterable[Share], sku: Sku, node: NodeId) -> None:
    for share in shares:
        if share.floor_units:
            order_id = share.order.order_id
            floors[order_id] = (*floors.get(order_id, ()), FloorUnits(sku, node, share.floor_units))


def _by_floors(
    floors: Mapping[OrderId, tuple[FloorUnits, ...]], what: str, *, is_sooner: bool = False
) -> list[RepromiseOrder]:
    """The commands that give orders what floors keep for them, before anybody has a turn by rank."""
    return [
        RepromiseOrder(
            order_id, " and ".join(f"{one.sku} {what} at {one.node}" for one in kept), is_sooner=is_sooner, floors=kept
        )
        for order_id, kept in floors.items()
    ]


def _need(order: Order, sku: Sku, node: NodeId) -> int:
    """The units of a SKU that an order could use at a node: for what lies nowhere, and for what waits there."""
    missing = uncovered_quantities(order)
    need = sum(missing[line.line_id] * _units_of(line, sku) for line in order.lines if line.line_id in missing)
    return need + sum(
        part.quantity
        for part in order.allocations
        if part.state is AllocationState.BACKORDERED and (part.sku, part.node) == (sku, node)
    )


def _units_of(line: Line, sku: Sku) -> int:
    """How many units of a SKU a unit of a line could use: itself, as a component, or instead of it."""
    if line.terms is not None and line.terms.kit:
        return dict(line.terms.kit).get(sku, 0)
    return int(sku == line.sku or sku in named_skus((line,)))
