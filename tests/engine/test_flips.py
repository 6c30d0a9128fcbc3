"""The cheapest change is found and told, whatever it is of: a full day, a cut-off, time of work, a closed day, cost."""

from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

import pytest

from tests.engine.worlds import MONDAY, demand, flat_card, line, network, node, supply
from troth.engine.carriage.calendars import work_clock
from troth.engine.carriage.network import Network
from troth.engine.explanation.explain import explain
from troth.engine.promising.case import Case, outline
from troth.flows.orders.tell_flip import tell_flip
from troth.model.capacity import CapacityUnit, Slot
from troth.model.explanation import Flip
from troth.model.ids import NodeId
from troth.model.network import Calendar
from troth.model.policy import Policy
from troth.model.routing import Routing, Tier

DAILY = Policy(split_minor=100, delay_minor_per_day=150)
MONDAYS_SLOT = Slot(NodeId("near"), date(2026, 11, 23))


def flips_of(case: Case, change: str) -> list[Flip]:
    return [flip for flip in explain(case).flips if flip.change == change]


def two_nodes(policy: Policy = DAILY, *, now: datetime = MONDAY, units: int = 1, **facts: Any) -> Case:
    """A near node with some facts and a dear one without, each with all of it."""
    net = network(node("near", **facts), node("other", shipment_minor=400, cut_off=time(23)), cards=[flat_card(500)])
    return Case(demand(line("a", units)), supply(net, a={"near": 9, "other": 9}), net.with_load(), policy, now)


def full(case: Case, used: int) -> Case:
    case.network.load.put(MONDAYS_SLOT, used)
    return case


def test_a_date_that_capacity_moved_says_so_and_how_much_room_would_have_kept_it() -> None:
    case = full(two_nodes(capacity_per_day=10, capacity_unit=CapacityUnit.UNITS, units=4), 8)
    told = explain(case)

    assert [(one.node, one.promised_at.day) for one in told.plan.shipments] == [("near", 26)]
    assert told.plan.trace.notes == ("capacity of near moved its work from 2026-11-23 to 2026-11-24",)
    room = [flip for flip in told.flips if flip.change == "capacity"]
    assert [(flip.node, flip.amount, flip.name, flip.day, flip.saves_minor) for flip in room] == [
        ("near", 2, "units", date(2026, 11, 23), 150)
    ]
    assert tell_flip(room[0], "USD") == (
        "Room for 2 more units at near on 2026-11-23 would have saved 1.50 USD (from near)."
    )


def test_one_less_than_the_room_that_is_told_flips_nothing() -> None:
    case = full(two_nodes(capacity_per_day=10, capacity_unit=CapacityUnit.UNITS, units=4), 8)
    chosen = case.plan()
    for more, is_flipped in ((1, False), (2, True)):
        roomier = full(two_nodes(capacity_per_day=10, capacity_unit=CapacityUnit.UNITS, units=4), 8 - more)
        assert (roomier.plan().promised_at != chosen.promised_at) is is_flipped


def test_a_plan_that_capacity_did_not_move_has_no_note_and_no_such_flip() -> None:
    told = explain(full(two_nodes(capacity_per_day=10), 8))
    assert told.plan.trace.notes == ()
    assert [flip for flip in told.flips if flip.change == "capacity"] == []


def test_a_node_that_is_full_for_good_is_told_with_the_room_that_would_have_won() -> None:
    told = explain(two_nodes(capacity_per_day=0))
    assert [one.node for one in told.plan.shipments] == ["other"]
    near = next(one for one in told.candidates if one.node == "near")
    assert (near.standing, near.reason) == ("removed", "no_capacity")


def test_an_order_behind_the_cut_off_is_told_the_one_that_would_have_let_it_in() -> None:
    case = two_nodes(now=MONDAY.replace(hour=15, minute=10))
    found = flips_of(case, "cut_off")
    assert [(flip.node, flip.amount, flip.size, flip.saves_minor) for flip in found] == [("near", 911, 71, 150)]
    assert tell_flip(found[0], "USD") == "A cut-off of 15:11 at near would have saved 1.50 USD (from near)."
    for minutes, is_flipped in ((10, False), (11, True)):
        later = two_nodes(now=case.now, cut_off=time(15, minutes))
        assert (later.plan().cost_minor < case.plan().cost_minor) is is_flipped


def test_work_that_takes_too_long_for_its_day_is_told_the_longest_that_would_not() -> None:
    facts: dict[str, Any] = {"calendar": Calendar(opens=time(8), closes=time(17))}
    case = two_nodes(processing_hours=9.0, **facts)
    found = flips_of(case, "processing")
    assert [(flip.node, flip.amount, flip.size, flip.saves_minor) for flip in found] == [("near", 420, 120, 150)]
    assert tell_flip(found[0], "USD") == (
        "Work in 420 minutes instead of 540 at near would have saved 1.50 USD (from near)."
    )
    for hours, is_flipped in ((7.02, False), (7.0, True)):
        assert (two_nodes(processing_hours=hours, **facts).plan().cost_minor < case.plan().cost_minor) is is_flipped


@pytest.mark.parametrize(
    ("calendar", "name"),
    [(Calendar(weekdays=(1, 2, 3, 4)), "Monday"), (Calendar(holidays=(MONDAY.date(),)), "")],
)
def test_a_closed_day_on_which_work_would_have_been_in_time_is_told(calendar: Calendar, name: str) -> None:
    case = two_nodes(calendar=calendar)
    found = flips_of(case, "calendar")
    assert [(flip.node, flip.name, flip.day, flip.saves_minor) for flip in found] == [
        ("near", name, MONDAY.date(), 150)
    ]
    opened = two_nodes()
    assert case.plan().cost_minor - opened.plan().cost_minor == found[0].saves_minor


def test_where_a_day_costs_nothing_a_sooner_promise_is_a_flip_all_the_same() -> None:
    found = flips_of(full(two_nodes(replace(DAILY, delay_minor_per_day=0), capacity_per_day=1), 1), "capacity")
    assert [(flip.amount, flip.saves_minor) for flip in found] == [(1, 0)]
    assert tell_flip(found[0], "USD") == (
        "Room for 1 more line at near on 2026-11-23 would have been promised for 2026-11-25 20:00 UTC (from near)."
    )


def with_cheaper(net: Network, minor: int) -> Network:
    return network(*(replace(one, shipment_minor=one.shipment_minor - minor) if one.node == "other" else one
                     for one in net.nodes), cards=[flat_card(500)])  # fmt: skip


@pytest.mark.parametrize(("weight", "amount"), [(1.0, 401), (3.0, 401), (0.5, 401)])
def test_what_a_rival_must_cost_less_is_scaled_by_the_weight_of_what_changes(weight: float, amount: int) -> None:
    case = two_nodes(replace(DAILY, weights={"packaging": weight}))
    found = flips_of(case, "cost")
    assert [(flip.node, flip.amount) for flip in found] == [("other", amount)]
    for minor, is_flipped in ((amount - 1, False), (amount, True)):
        cheaper = replace(case, network=with_cheaper(case.network, minor)).plan()
        assert (outline(cheaper) != outline(case.plan())) is is_flipped


def test_a_rival_that_is_dearer_by_a_weighed_part_needs_so_much_more() -> None:
    card = flat_card(500)
    net = network(node("near"), node("other", handling_minor=100), cards=[card])
    policy = replace(DAILY, weights={"handling": 2.5, "packaging": 0.5})
    case = Case(demand(line("a")), supply(net, a={"near": 1, "other": 1}), net, policy, MONDAY)
    found = flips_of(case, "cost")
    assert [(flip.node, flip.amount) for flip in found] == [("other", 501)]


def test_a_split_penalty_that_a_routing_sets_is_flipped_there() -> None:
    net = network(node("one"), node("two"), node("whole", shipment_minor=800), cards=[flat_card(500)])
    stock = supply(net, a={"one": 1, "whole": 1}, b={"two": 1, "whole": 1})
    routing = Routing(tiers=(Tier("all", weights={"split_minor": 50, "split": 2.0}),))
    case = Case(demand(line("a"), line("b")), stock, net, replace(DAILY, routing=routing), MONDAY)
    found = flips_of(case, "weight")
    assert [(flip.name, flip.amount, flip.nodes) for flip in found] == [("split_minor", 151, ("whole",))]


def test_flips_come_by_kind_and_the_smallest_change_of_a_kind_first() -> None:
    case = full(two_nodes(capacity_per_day=1, processing_hours=1.0), 1)
    kinds = [flip.change for flip in explain(case).flips]
    order = ["capacity", "cut_off", "processing", "calendar", "stock", "cost", "limit", "weight", "rule"]
    assert kinds == sorted(kinds, key=order.index)
    assert kinds == ["capacity", "cost"]
    sizes: dict[str, list[int]] = {}
    for flip in explain(case).flips:
        sizes.setdefault(flip.change, []).append(flip.size)
    assert all(of == sorted(of) for of in sizes.values())


def test_a_clock_of_another_node_is_not_touched() -> None:
    case = two_nodes(now=MONDAY.replace(hour=15))
    clocks = [work_clock(one) for one in case.network.nodes]
    explain(case)
    assert [case.network.clocks[at] for at in case.network.clock_index.tolist()] == clocks


def test_the_least_stock_that_flips_is_the_least_also_where_a_draft_left_nodes_out() -> None:
    far = [node(f"n{at:02d}", degrees=3.0 + at / 10, shipment_minor=at) for at in range(40)]
    net = network(node("near", degrees=0.5, shipment_minor=-200), *far, cards=[flat_card(500)])
    stock = {"a": {f"n{at:02d}": 4 for at in range(40)} | {"near": 1}, "b": {f"n{at:02d}": 2 for at in range(20)}}
    case = Case(
        demand(line("a", 4), line("b", 2)), supply(net, **stock | {"b": stock["b"] | {"near": 2}}), net, DAILY, MONDAY
    )
    found = flips_of(case, "stock")
    assert [(flip.sku, flip.node, flip.amount) for flip in found] == [("a", "near", 3)]
    for more, is_flipped in ((2, False), (3, True)):
        held = {**stock["a"], "near": 1 + more}
        other = replace(case, supply={**case.supply, **supply(net, a=held)}).plan()
        assert (outline(other) != outline(case.plan())) is is_flipped
