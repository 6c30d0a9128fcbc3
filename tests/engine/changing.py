"""Orders of a world in memory that tests change."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.builders import NEW_YORK, NOW, capture, item, node
from troth.engine.carriage.network import compile_network
from troth.engine.promising.context import Decision
from troth.model.change import (
    ChangeAction,
)
from troth.model.commands import (
    AdjustStock,
    ChangeOrder,
)
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import SupplyKey, purchase_order_source
from troth.model.kits import kits_of, whole_units
from troth.model.lifecycle import RESERVING
from troth.model.order import Order
from troth.model.policy import DEFAULT_POLICY
from troth.model.status import live_allocations, uncovered_quantities
from troth.replay.world import World

ONE, TWO = LineId("1"), LineId("2")
PA, IL, NYC = NodeId("DC-PA"), NodeId("DC-IL"), NodeId("ST-NYC")
NODES = (node("DC-PA"), node("DC-IL"), node("ST-NYC"))
ITEMS = (item("A"), item("B"), item("C"), item("K", kit=((Sku("A"), 2), (Sku("B"), 1))))
PO = SupplyKey(Sku("A"), PA, purchase_order_source(number="P", line=1))
CHICAGO = replace(
    NEW_YORK, line1="2 Lake St", city="Chicago", region="IL", postcode="60601", latitude=41.88, longitude=-87.63
)


def world_with(
    stock: dict[tuple[str, str], int], *, nodes: Sequence[Any] = NODES, policy: Any = DEFAULT_POLICY
) -> World:
    world = World(compile_network(tuple(nodes)), {one.sku: one for one in ITEMS}, policy)
    for (sku, name), units in stock.items():
        world.apply(AdjustStock(SupplyKey(Sku(sku), NodeId(name)), units, "initial"), now=NOW)
    return world


def captured(world: World, wanted: dict[str, int], external_id: str = "W-1", **changes: Any) -> Order:
    decision = world.apply(replace(capture(external_id, wanted), **changes), now=NOW)
    assert isinstance(decision, Decision), decision
    return decision.changes[0].after


def change(world: World, order: Order, *actions: ChangeAction, **more: Any) -> Any:
    command = ChangeOrder(order.order_id, actions, "asked by phone", **more)
    return world.apply(command, now=NOW + timedelta(minutes=5))


def changed(world: World, order: Order, *actions: ChangeAction) -> Order:
    decision = change(world, order, *actions)
    assert isinstance(decision, Decision), decision
    return world.orders[order.order_id]


def sources(order: Order) -> set[tuple[str, str, int]]:
    return {(part.line_id, part.node, part.quantity) for part in live_allocations(order)}


def reserved(world: World) -> dict[SupplyKey, int]:
    return {key: balance.reserved for key, balance in world.balances.items() if balance.reserved}


def assert_kept(world: World) -> None:
    """Each unit that is reserved is a live part of an order, none beyond its supply; lines are covered or missing."""
    held: dict[SupplyKey, int] = {}
    for order in world.orders.values():
        covered, missing = whole_units(live_allocations(order), kits_of(order)), uncovered_quantities(order)
        for line in order.lines:
            wanted = line.quantity - line.canceled_quantity
            assert covered.get(line.line_id, 0) + missing.get(line.line_id, 0) == wanted
        for part in live_allocations(order):
            if part.state in RESERVING:
                held[part.key] = held.get(part.key, 0) + part.quantity
    assert held == reserved(world)
    assert all(balance.reserved <= balance.on_hand for balance in world.balances.values())
