"""Capacity over any history: no slot is booked beyond its limit, and no decision depends on more than is recorded."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import capture, item
from tests.engine.worlds import HERE, MONDAY, demand, flat_card, line, network, node, supply
from tests.examples import examples
from troth.engine.carriage.node_load import used_by
from troth.engine.promising.context import Decision
from troth.engine.promising.promise import plan
from troth.engine.promising.record import recall, recall_load, record
from troth.model.capacity import CapacityUnit, Shift, Slot
from troth.model.commands import AdjustStock, CancelOrder, LineQuantity
from troth.model.ids import NodeId, OrderId, Sku
from troth.model.inventory import SupplyKey
from troth.model.network import Calendar
from troth.model.policy import Policy
from troth.replay.world import World

OFFICE = Calendar(weekdays=(0, 1, 2, 3, 4), opens=time(9), closes=time(17))
EVERY_DAY = tuple(range(7))
TODAY = date(2026, 11, 23)


def test_a_cancelation_frees_its_slot() -> None:
    world = opened(1, capacity=1)
    first = captured(world, "W-1", {"S0": 1}, MONDAY)
    second = captured(world, "W-2", {"S0": 1}, MONDAY)

    world.apply(CancelOrder(first, "changed"), now=MONDAY)
    third = captured(world, "W-3", {"S0": 1}, MONDAY)

    days = [str(next(iter(used_by(world.orders[order])), Slot(NodeId(""), TODAY)).day) for order in (second, third)]
    assert days == ["2026-11-24", "2026-11-23"]


@settings(max_examples=examples(30), deadline=None)
@given(st.integers(0, 10**9), st.sampled_from([CapacityUnit.LINES, CapacityUnit.UNITS]), st.booleans())
def test_no_history_books_more_than_a_slot_can_do_nor_later_than_it_leaves(
    seed: int, unit: CapacityUnit, has_shifts: bool
) -> None:
    random = Random(seed)
    shifts = (Shift(time(9), random.randint(1, 3)), Shift(time(13), random.randint(1, 4))) if has_shifts else ()
    capacity = random.randint(1, 6)
    world = opened(2, capacity=capacity, unit=unit, shifts=shifts, hours=random.choice([0.0, 2.0, 12.0]))
    now = MONDAY
    kept = []
    for number in range(25):
        now += timedelta(minutes=random.randint(0, 400))
        wanted = {f"S{sku}": random.randint(1, 3) for sku in random.sample(range(3), random.randint(1, 3))}
        wish = random.choice([None, None, now + timedelta(days=random.randint(1, 9))])
        kept.append(captured(world, f"W-{number}", wanted, now, not_before=wish, whole=random.random() < 0.2))
        if random.random() < 0.2:
            order = world.orders[random.choice(kept)]
            line_id = random.choice(order.lines).line_id
            world.apply(CancelOrder(order.order_id, "changed", (LineQuantity(line_id, 1),)), now=now)
    total: dict[Slot, int] = {}
    for order in world.orders.values():
        for slot, amount in used_by(order).items():
            total[slot] = total.get(slot, 0) + amount
        for work in order.fulfillments:
            assert work.booking is not None
            assert all(slot.day <= work.ship_by.date() for slot, _amount in work.booking.work)
    load = {slot: used for slot, used in world.load.used.items() if used}
    assert total == load
    for slot, used in total.items():
        assert 0 < used <= (shifts[slot.shift].capacity if shifts else capacity)


@settings(max_examples=examples(50), deadline=None)
@given(st.integers(0, 10**9))
def test_more_capacity_never_makes_a_plan_cost_more(seed: int) -> None:
    random = Random(seed)
    lines = [line(f"A{number}", random.randint(1, 3)) for number in range(random.randint(1, 3))]
    places = [
        node(
            f"n{number}", degrees=random.choice([0.5, 3.0, 9.0]), capacity_per_day=random.randint(1, 4), calendar=OFFICE
        )
        for number in range(3)
    ]
    stock = {f"A{number}": {str(place.node): random.randint(0, 4) for place in places} for number in range(len(lines))}
    used = {(place.node, TODAY + timedelta(days=day)): random.randint(0, 4) for place in places for day in range(4)}
    costs = []
    for more in (0, 1, 3):
        net = network(
            *(replace(place, capacity_per_day=(place.capacity_per_day or 0) + more) for place in places),
            cards=[flat_card(500, transit=1), flat_card(900, service="express", transit=1)],
        )
        net.load.move((Slot(place, day), amount) for (place, day), amount in used.items())
        found = plan(demand(*lines), supply(net, **stock), net, Policy(), MONDAY)
        costs.append((sum(short.quantity for short in found.uncovered), found.cost_minor))

    assert costs == sorted(costs, reverse=True)


@settings(max_examples=examples(50), deadline=None)
@given(st.integers(0, 10**9))
def test_what_is_recorded_of_the_days_of_nodes_plans_again_to_the_same_plan(seed: int) -> None:
    random = Random(seed)
    unit = random.choice(list(CapacityUnit))
    places = [
        node(f"n{number}", degrees=random.choice([0.5, 3.0]), capacity_per_day=random.randint(1, 6), capacity_unit=unit)
        for number in range(3)
    ]
    net = network(*places, cards=[flat_card(500, transit=1)])
    net.load.move(
        (Slot(place.node, TODAY + timedelta(days=day)), random.randint(0, 6)) for place in places for day in range(5)
    )
    lines = [line(f"A{number}", random.randint(1, 3)) for number in range(random.randint(1, 3))]
    wish = demand(*lines)
    stock = supply(
        net, **{f"A{number}": {str(place.node): random.randint(0, 4) for place in places} for number in range(3)}
    )
    recorded = record(wish, stock, net)
    net_then = recall_load(recorded, net)

    again = plan(wish, recall(recorded, net), net_then, Policy(), MONDAY)

    assert again == plan(wish, stock, net, Policy(), MONDAY)
    assert set(net_then.load.used) <= set(net.load.used)


def opened(
    nodes: int,
    *,
    capacity: int,
    unit: CapacityUnit = CapacityUnit.LINES,
    shifts: tuple[Shift, ...] = (),
    hours: float = 0.0,
) -> World:
    """A world of limited nodes with plenty of three items."""
    places = [
        node(
            f"n{number}",
            calendar=OFFICE,
            capacity_per_day=capacity,
            capacity_unit=unit,
            shifts=shifts,
            processing_hours=hours,
        )
        for number in range(nodes)
    ]
    items = {Sku(f"S{number}"): item(f"S{number}") for number in range(3)}
    world = World(network(*places, cards=[flat_card(500, transit=1, weekdays=EVERY_DAY)]), items)
    for place in places:
        for sku in items:
            world.apply(AdjustStock(SupplyKey(sku, place.node), 1000, "found"), now=MONDAY)
    return world


def captured(world: World, name: str, wanted: dict[str, int], now: datetime, **wishes: Any) -> OrderId:
    command = capture(name, wanted, ship_to=HERE, ordered_at=now, ship_complete=wishes.get("whole", False))
    if wishes.get("not_before"):
        command = replace(
            command, lines=tuple(replace(each, not_before=wishes["not_before"]) for each in command.lines)
        )
    decision = world.apply(command, now=now)
    assert isinstance(decision, Decision), decision
    return command.order_id
