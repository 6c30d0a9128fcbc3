"""Promises after supply moved, on random histories of a world in memory."""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW, capture, item, node
from tests.examples import examples
from tests.supply_moves import pegs, settle
from troth.engine.carriage.network import compile_network
from troth.engine.priority import rank_of
from troth.engine.promising.context import Decision
from troth.engine.shares import who_gives_way
from troth.model.commands import (
    AdjustStock,
    CancelOrder,
    Command,
    CountStock,
    ExpectedLine,
    ExpectSupply,
    ReleaseOrder,
)
from troth.model.ids import NodeId, OrderId, Sku
from troth.model.inventory import SupplyKey, purchase_order_source
from troth.model.kits import kits_of, whole_units
from troth.model.lifecycle import UNLOCKED
from troth.model.order import Order
from troth.model.policy import DEFAULT_POLICY
from troth.model.routing import Action, ClassFloor, Routing, Tier
from troth.model.status import live_allocations, order_status, uncovered_quantities
from troth.replay.world import World

NODES = (node("DC-PA"), node("DC-IL"), node("ST-NYC"))
ITEMS = (item("A"), item("B"), item("K", kit=((Sku("A"), 2), (Sku("B"), 1))))
PO = tuple(SupplyKey(Sku(sku), NodeId("DC-PA"), purchase_order_source(number=sku, line=1)) for sku in "AB")
CLASSES = ("gold", "silver", "")
ROUTING = Routing(
    tiers=(
        Tier("now", partial=Action.NEXT_TIER, none=Action.NEXT_TIER),
        Tier("later", partial=Action.BACKORDER, none=Action.BACKORDER),
        Tier("wait", partial=Action.QUEUE, none=Action.QUEUE, cancel_after_days=9),
    ),
    priority_classes=("gold", "silver"),
)
FLOORED = replace(ROUTING, fair_share_percent=20, class_floors=(ClassFloor("silver", units=1), ClassFloor("", 20)))
POLICIES = (
    DEFAULT_POLICY,
    replace(DEFAULT_POLICY, version="test@1", routing=ROUTING),
    replace(DEFAULT_POLICY, version="test@2", routing=FLOORED),
)


def world_of(seed: int) -> World:
    return World(compile_network(NODES), {one.sku: one for one in ITEMS}, POLICIES[seed % 3])


def draw_command(draw: random.Random, world: World, number: int) -> Command:
    sku, name = Sku(draw.choice("AB")), NodeId(draw.choice(NODES).node)
    key, orders, chosen = SupplyKey(sku, name), sorted(world.orders), draw.random()
    if chosen < 0.4 or not orders:
        lines = {draw.choice("ABK"): draw.randint(1, 4) for _ in range(draw.randint(1, 2))}
        attributes = {"priority": str(draw.randint(0, 2)), "customer_class": draw.choice(CLASSES)}
        return capture(f"W-{number}", lines, attributes=attributes, ship_complete=draw.random() < 0.2)
    if chosen < 0.55:
        return AdjustStock(key, draw.randint(-4, 8), "adjustment")
    if chosen < 0.65:
        return CountStock(key, draw.randint(0, 6), NOW + timedelta(minutes=number))
    if chosen < 0.8:
        due = NOW + timedelta(days=draw.randint(1, 20))
        lines_of = tuple(ExpectedLine(1, NodeId("DC-PA"), sku, draw.randint(1, 9), due) for _ in range(1))
        known = tuple(one for one in PO if one.sku == sku)
        return ExpectSupply(sku, lines_of if draw.random() < 0.8 else (), known)
    if chosen < 0.9:
        known = tuple(one for one in PO if one.sku == sku)
        waiting = tuple(
            order_id for order_id in orders if any(part.key in known for part in world.orders[order_id].allocations)
        )
        return AdjustStock(SupplyKey(sku, NodeId("DC-PA")), draw.randint(1, 5), "receipt", sku, known, waiting)
    order_id = draw.choice(orders)
    return ReleaseOrder(order_id) if draw.random() < 0.5 else CancelOrder(order_id, "test")


def run(world: World, commands: Iterable[Command], minute: int) -> int:
    """How many of the commands changed something."""
    changed = 0
    for command in commands:
        decision = world.apply(command, now=NOW + timedelta(minutes=minute))
        changed += isinstance(decision, Decision) and bool(decision.events)
    return changed


def assert_sound(world: World) -> None:
    for order in world.orders.values():
        held = whole_units(live_allocations(order), kits_of(order))
        missing = uncovered_quantities(order)
        for line in order.lines:
            wanted = line.quantity - line.canceled_quantity
            assert held.get(line.line_id, 0) + missing.get(line.line_id, 0) == wanted
        assert {parked.line_id for parked in order.parked} == missing.keys()
        assert order_status(order) is not None
    for key, balance in world.balances.items():
        assert balance.reserved == sum(part.quantity for _, part in pegs(world, key) if part.state.value != "shipped")
        locked = sum(part.quantity for _, part in pegs(world, key) if part.state not in UNLOCKED)
        assert balance.reserved <= max(balance.on_hand, locked), key


def units_at(world: World) -> dict[SupplyKey, dict[OrderId, int]]:
    found: dict[SupplyKey, dict[OrderId, int]] = {}
    for order in world.orders.values():
        for part in live_allocations(order):
            if part.state in UNLOCKED:
                here = found.setdefault(part.key, {})
                here[order.order_id] = here.get(order.order_id, 0) + part.quantity
    return found


@pytest.mark.parametrize("seed", range(examples(12)))
def test_promises_are_sound_and_ranked_after_any_history_and_asking_again_changes_nothing(seed: int) -> None:
    draw = random.Random(seed)
    world = world_of(seed)
    policy = POLICIES[seed % 3]
    for number in range(40):
        run(world, [draw_command(draw, world, number)], number)
        if draw.random() < 0.4:
            before, orders = units_at(world), dict(world.orders)
            given_up: set[tuple[SupplyKey, OrderId]] = set()
            for command in settle(world, policy, PO):
                run(world, [command], number)
                given_up |= {(lost.key, command.order_id) for lost in command.lost}
            assert_sound(world)
            after = units_at(world)
            for key, giver in given_up:
                lesser = {
                    one
                    for one in after.get(key, {})
                    if one in before[key] and rank_of(orders[one], policy) > rank_of(orders[giver], policy)
                }
                # What one lost who takes nothing but whole kits, or all at once, may be of use to somebody behind; and
                # somebody behind may have a floor.
                is_of_use = is_whole_only(orders[giver]) or (policy.routing is not None and policy.routing.has_floors)
                assert not lesser or is_of_use, (key, giver, lesser)
            # What one gives back for something better may be of use to somebody before it, who has had their turn.
            passes = [run(world, settle(world, policy, PO), number) for _ in range(4)]
            assert passes[-1] == 0
            assert_sound(world)


def is_whole_only(order: Order) -> bool:
    return order.ship_complete or bool(kits_of(order))


def orders_of(priorities: list[tuple[int, str]]) -> list[Order]:
    world = world_of(1)
    world.apply(AdjustStock(SupplyKey(Sku("A"), NodeId("DC-PA")), 1_000, "initial"), now=NOW)
    for number, (priority, name) in enumerate(priorities):
        command = capture(f"W-{number}", attributes={"priority": str(priority), "customer_class": name})
        world.apply(command, now=NOW + timedelta(minutes=number))
    return list(world.orders.values())


PRIORITIES = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(CLASSES)), min_size=1, max_size=8)


@given(priorities=PRIORITIES, missing=st.integers(-2, 12))
def test_exactly_what_is_missing_gives_way_and_nobody_before_a_lesser_one(
    priorities: list[tuple[int, str]], missing: int
) -> None:
    policy = POLICIES[1]
    orders = orders_of(priorities)
    pegged = [(order, order.allocations[0]) for order in orders]

    found = who_gives_way(missing, pegged, policy)

    assert sum(units for _, _, units in found) == max(0, min(missing, len(orders)))
    givers = {order.order_id for order, _, _ in found}
    kept = [order for order in orders if order.order_id not in givers]
    assert all(rank_of(giver, policy) > rank_of(one, policy) for giver, _, _ in found for one in kept)
