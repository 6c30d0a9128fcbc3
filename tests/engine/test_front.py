"""The Pareto front of a decision: nothing better is left out, nothing on it is beaten, and its weights are true."""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings

from tests.engine.brute_force import World, find_ways, partitions, price, there
from tests.engine.test_plan_properties import ask, count_divided, covers_on_hand, worlds
from tests.engine.worlds import MONDAY, demand, flat_card, line, network, node, supply
from tests.examples import examples
from troth.engine.demand.budget import OUT_OF_TIME, Budget
from troth.engine.explanation.front import PLANS_SHOWN, find_fronts
from troth.engine.explanation.front_states import Shipped, find_states
from troth.engine.promising.case import Case
from troth.model.cost_rates import CostRates, Objective
from troth.model.front import Front, FrontPlan, Span
from troth.model.ids import LineId
from troth.model.order import Terms
from troth.model.policy import Policy
from troth.model.routing import Limits, Routing, Rule, Sort, Tier

Point = tuple[int, int, int]


def case_of(world: World) -> Case:
    wish, stock, net = ask(world)
    return Case(wish, stock, net, world.policy, world.now)


def points_of(front: Front) -> list[Point]:
    return [(plan.money_minor, plan.delay_days, len(plan.shipments)) for plan in front.plans if plan.is_on_front]


def only(fronts: tuple[Front, ...]) -> Front:
    assert len(fronts) == 1
    return fronts[0]


def is_beaten(point: Point, points: list[Point]) -> bool:
    return any(other != point and all(one <= own for one, own in zip(other, point, strict=True)) for other in points)


def front_by_trying_everything(world: World, *, is_dated: bool) -> list[Point]:
    """All unbeaten (money, days, shipments) over all partitions into parcels and all ways to send each."""
    plain = replace(world.policy, split_minor=0, delay_minor_per_day=0)
    by_money = replace(world, policy=plain)
    by_day = replace(world, policy=replace(plain, delay_minor_per_day=1))
    ways = find_ways(world)
    earliest = min(way.arrives for way in ways)
    usable = [way for way in ways if not world.service or way.card.service == world.service]

    def ways_to_send(part: list[int]) -> list[tuple[float, float]]:
        units = {k: world.lines[k].quantity for k in part}
        found = set()
        for way in usable:
            if all(there(world, world.lines[k].sku, way, is_dated=is_dated) >= q for k, q in units.items()):
                money = price(by_money, way, units, earliest)
                if math.isfinite(money):
                    found.add((money, price(by_day, way, units, earliest) - money))
        return [one for one in found if not any(o != one and o[0] <= one[0] and o[1] <= one[1] for o in found)]

    points = {
        (int(sum(money for money, _ in choice)), int(sum(days for _, days in choice)), len(parts))
        for parts in partitions(list(range(len(world.lines))))
        if len(parts) <= world.policy.shipments_max
        for choice in product(*(ways_to_send(part) for part in parts))
    }
    return sorted(point for point in points if not is_beaten(point, list(points)))


@settings(max_examples=examples(80))
@given(worlds(is_whole=True))
def test_the_front_is_the_one_that_trying_everything_finds(world: World) -> None:
    has_wish = any(item.not_before is not None for item in world.lines)
    expected = front_by_trying_everything(world, is_dated=has_wish or not covers_on_hand(world))
    assume(expected)
    case = case_of(world)
    assume(not count_divided(case.plan()))

    front = only(find_fronts(case))

    assert (front.is_complete, front.reason) == (True, "")
    assert front.left_out == max(0, len(expected) - PLANS_SHOWN)
    if not front.left_out:
        assert points_of(front) == expected
    if world.policy.split_minor and world.policy.delay_minor_per_day:  # else it may be beaten in what counts nothing
        assert [plan.is_on_front for plan in front.plans if plan.is_chosen] == [True]
    assert [plan.counted for plan in front.plans] == [100 * plan.money_minor for plan in front.plans]


@settings(max_examples=examples(25))
@given(worlds(is_whole=True))
def test_what_each_single_objective_chooses_is_on_it(world: World) -> None:
    lines = tuple(replace(item, need_by=None) for item in world.lines)
    world = replace(world, lines=lines, policy=replace(world.policy, split_minor=100, delay_minor_per_day=70))
    assume(case_of(world).plan().uncovered == ())
    front = only(find_fronts(case_of(world)))
    assume(front.is_complete and not front.left_out)

    for objective in Objective:
        other = only(find_fronts(case_of(replace(world, policy=replace(world.policy, objectives=(objective,))))))
        chosen = [plan for plan in other.plans if plan.is_chosen]
        assert points_of(other) == points_of(front)
        assert [plan.is_on_front for plan in chosen] == [True]


@settings(max_examples=examples(40))
@given(worlds(is_whole=True))
def test_at_the_weights_that_a_plan_names_it_costs_no_more_than_what_is_chosen_then(world: World) -> None:
    world = replace(world, lines=tuple(replace(item, need_by=None) for item in world.lines))
    case = case_of(world)
    assume(case.plan().uncovered == ())
    front = only(find_fronts(case))
    assume(front.is_complete and not front.left_out)

    for plan in front.plans:
        for name, span in (("delay_minor_per_day", plan.at_day), ("split_minor", plan.at_shipment)):
            for amount in amounts_around(span):
                setting: dict[str, Any] = {name: amount}
                policy = replace(world.policy, **setting)
                chosen = replace(case, policy=policy).plan()
                is_within = span is not None and is_in(span, amount)
                assert (cost_under(plan, policy) == chosen.cost_minor) is is_within


def amounts_around(span: Span | None) -> Iterator[int]:
    if span is None:
        yield from (0, 77, 500)
        return
    yield span.least_minor
    yield from (span.least_minor - 1,) if span.least_minor else ()
    yield from (span.most_minor, span.most_minor + 1) if span.most_minor is not None else (span.least_minor + 50_000,)


def is_in(span: Span, amount: int) -> bool:
    return span.least_minor <= amount and (span.most_minor is None or amount <= span.most_minor)


def cost_under(plan: FrontPlan, policy: Policy) -> int:
    waiting = plan.delay_days * policy.delay_minor_per_day
    return plan.money_minor + waiting + (len(plan.shipments) - 1) * policy.split_minor


def three_ways() -> Case:
    """All from afar in four days for 5.00, from two nodes nearby in two for 5.00 each, or tomorrow for 9.00 each."""
    cards = (
        flat_card(
            500, zone_miles=(200.0, 25_000.0), rates_minor=((500,), (500,)), over_minor=(0, 0), transit_days=(2, 4)
        ),
        flat_card(
            900,
            service="express",
            zone_miles=(200.0, 25_000.0),
            rates_minor=((900,), (2900,)),
            over_minor=(0, 0),
            transit_days=(1, 2),
        ),
    )
    net = network(node("far", degrees=9.0), node("one"), node("two"), cards=cards)
    stock = supply(net, a={"far": 1, "one": 1}, b={"far": 1, "two": 1})
    policy = Policy(split_minor=100, delay_minor_per_day=50)
    return Case(demand(line("a"), line("b")), stock, net, policy, MONDAY)


def test_a_front_says_what_a_day_and_a_shipment_would_have_to_count() -> None:
    front = only(find_fronts(three_ways()))

    assert [
        (
            [shipment.node for shipment in plan.shipments],
            plan.money_minor,
            plan.delay_days,
            plan.is_chosen,
            plan.day_minor,
            plan.at_day,
            plan.at_shipment,
        )
        for plan in front.plans
    ] == [
        (["far"], 500, 6, True, None, Span(0, 150), Span(0, None)),
        (["one", "two"], 1000, 2, False, 150, Span(150, 400), None),
        (["one", "two"], 1400, 1, False, 200, Span(400, 400), None),
        (["one", "two"], 1800, 0, False, 234, Span(400, None), None),
        (["far"], 2900, 2, False, 600, None, None),
    ]
    assert front.weights == {"delay_minor_per_day": 50, "late_minor_per_day": 1000, "split_minor": 100}


@settings(max_examples=examples(30))
@given(worlds(is_whole=True))
def test_what_is_chosen_by_weighted_parts_and_carbon_is_the_best_at_the_weights_in_force(world: World) -> None:
    rates = CostRates(carbon_grams_per_tonne_km={"": 300.0}, carbon_grams_per_parcel=150, carbon_minor_per_kg=40)
    weights = {"shipping": 0.5, "carbon": 3.0, "delay": 0.8, "late": 0.25}
    policy = replace(world.policy, cost_rates=rates, weights=weights, delay_minor_per_day=70, split_minor=100)
    case = replace(case_of(world), policy=policy)
    assume(case.plan().uncovered == () and not count_divided(case.plan()))

    front = only(find_fronts(case))

    [chosen] = [plan for plan in front.plans if plan.is_chosen]
    assert (front.is_complete, chosen.is_on_front) == (True, True)
    assert chosen.at_day is not None
    assert is_in(chosen.at_day, 70)
    assert chosen.at_shipment is not None
    assert is_in(chosen.at_shipment, 100)
    counted = {"shipping": 50, "carbon": 300, "late": 25}
    for plan in front.plans:
        assert plan.counted == sum(
            minor * counted.get(part, 100) for part, minor in plan.cost.items() if part not in ("split", "delay")
        )


def test_what_ranks_chose_is_shown_though_it_is_beaten() -> None:
    case = three_ways()
    tier = Tier("far first", sort=(Sort(by="-node.latitude", descending=True),), limits=Limits(shipments_max=1))
    far = Rule("far", "node.id == 'far'")
    routing = Routing(tiers=(Tier("all", sort=(Sort(ranked=("one", "two")),)),))
    by_rank = replace(case, policy=replace(case.policy, routing=routing))
    narrow = replace(
        case, policy=replace(case.policy, routing=Routing(tiers=(replace(tier, filters=(far,), sort=()),)))
    )

    ranked, limited = only(find_fronts(by_rank)), only(find_fronts(narrow))

    assert points_of(ranked) == points_of(only(find_fronts(case)))
    assert [(plan.money_minor, plan.is_on_front) for plan in ranked.plans if plan.is_chosen] == [(1000, True)]
    assert points_of(limited) == [(500, 6, 1), (2900, 2, 1)]


def test_each_way_that_lines_go_has_a_front_of_its_own() -> None:
    case = three_ways()
    case = replace(case, demand=demand(line("a"), line("b", terms=Terms(service="express"))))

    fronts = find_fronts(case)

    assert [points_of(front) for front in fronts] == [[(500, 1, 1), (900, 0, 1)], [(900, 0, 1)]]
    assert [[plan.shipments[0].node for plan in front.plans if plan.is_chosen] for front in fronts] == [
        ["one"],
        ["two"],
    ]


def test_where_a_line_is_divided_what_other_weights_choose_is_shown_and_why_it_is_not_all() -> None:
    net = network(node("far", degrees=9.0), node("one"), node("two"), cards=three_ways().network.ship.cards)
    case = Case(demand(line("a", 2)), supply(net, a={"one": 1, "two": 1}), net, Policy(), MONDAY)

    front = only(find_fronts(case))

    assert not front.is_complete
    assert front.reason.startswith("a line has to be divided")
    assert points_of(front) == [(1000, 2, 2), (1800, 0, 2)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ship_complete": True}, "its shipments wait for each other"),
        ({"lines": (line("a", line_id=LineId("1")), line("a", line_id=LineId("2")))}, "some of its lines take units"),
    ],
)
def test_what_keeps_a_front_from_being_all_of_it_is_said(change: dict[str, Any], reason: str) -> None:
    case = three_ways()
    case = replace(case, supply=supply(case.network, a={"far": 2, "one": 2}, b={"far": 1, "two": 1}))

    front = only(find_fronts(replace(case, demand=replace(case.demand, **change))))

    assert not front.is_complete
    assert front.reason.startswith(reason)
    assert any(plan.is_chosen for plan in front.plans)


def test_with_more_lines_than_subsets_can_be_listed_of_some_plans_are_shown() -> None:
    net = network(*(node(f"n{at:02d}", degrees=0.3 * at + 0.3) for at in range(12)))
    skus = [f"s{at:02d}" for at in range(14)]
    stock = supply(net, **{sku: {f"n{at % 12:02d}": 1, f"n{(at * 5 + 3) % 12:02d}": 1} for at, sku in enumerate(skus)})

    front = only(find_fronts(Case(demand(*map(line, skus)), stock, net, Policy(shipments_max=14), MONDAY)))

    assert (front.is_complete, front.reason[:26]) == (False, "it has more than 12 lines:")
    points = points_of(front)
    assert len(points) > 1
    assert not any(is_beaten(point, points) for point in points)


def test_a_front_that_is_cut_short_says_so_and_keeps_what_was_chosen() -> None:
    case = three_ways()
    ticks = iter(range(1000))

    front = only(find_fronts(case, Budget(1.0, lambda: float(next(ticks)))))

    assert (front.is_complete, front.reason) == (False, OUT_OF_TIME)
    assert [plan.is_chosen for plan in front.plans] == [True]


def test_of_a_long_front_the_extremes_and_what_weights_would_choose_are_shown() -> None:
    random = np.random.default_rng(3)
    net = network(*(node(f"n{at}", degrees=1.0 + 2 * at, shipment_minor=97 * at % 89) for at in range(9)))
    skus = [f"s{at}" for at in range(10)]
    stock = supply(net, **{sku: {f"n{at}": 1 for at in random.choice(9, 3, replace=False)} for sku in skus})

    lines = [line(sku, weight_grams=300 + 170 * at) for at, sku in enumerate(skus)]
    front = only(find_fronts(Case(demand(*lines), stock, net, Policy(), MONDAY)))

    assert (front.is_complete, len(front.plans)) == (True, PLANS_SHOWN)
    assert front.left_out > 0
    assert min(plan.delay_days for plan in front.plans) == 0
    assert all(plan.is_on_front for plan in front.plans)


def test_without_a_day_on_which_all_can_be_sent_there_is_no_front() -> None:
    case = three_ways()

    assert find_fronts(replace(case, supply={})) == ()


def test_states_of_many_sets_are_those_of_their_parts_whatever_the_prices() -> None:
    random = np.random.default_rng(5)
    shipped = [
        Shipped(np.concatenate(([0.0], random.integers(1, 60, 31))), np.concatenate(([0.0], random.integers(0, 5, 31))))
        for _ in range(2)
    ]

    states = find_states(shipped, 5, shipments_max=3, may_go_on=lambda: True)

    assert states is not None
    tried = {
        (
            sum(int(shipped[by].money[part]) for part, by in parts),
            sum(int(shipped[by].days[part]) for part, by in parts),
            len(parts),
        )
        for sets in partitions(list(range(5)))
        if len(sets) <= 3
        for patterns in product(range(2), repeat=len(sets))
        for parts in [[(sum(1 << k for k in one), by) for one, by in zip(sets, patterns, strict=True)]]
    }
    assert [(int(state.money), int(state.days), len(state.parts)) for state in states] == sorted(
        point for point in tried if not is_beaten(point, list(tried))
    )
