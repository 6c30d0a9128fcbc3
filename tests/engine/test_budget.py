"""What a decision may spend: hostile questions are answered within it, and what was cut short says so."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count, permutations

import numpy as np
import pytest

from tests.engine.worlds import HERE, MONDAY, demand, flat_card, line, network, node, sent, supply
from troth.engine.carriage.network import Network
from troth.engine.demand.budget import OUT_OF_TIME, OUT_OF_WORK, Budget
from troth.engine.demand.group_turns import goals_of, less_taken, plan_in_turn, taken_by
from troth.engine.demand.ship_groups import split_into_groups
from troth.engine.promising.options import plan_options
from troth.engine.promising.promise import plan
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import LineId, Sku
from troth.model.network import Address
from troth.model.order import Terms
from troth.model.plan import Demand, Plan
from troth.model.policy import Policy
from troth.model.routing import Compare, Routing, Rule, Tier

EASY = Policy(split_minor=50, delay_minor_per_day=0)
SKUS = "ABCDEF"


def ticking(seconds: float) -> Iterator[float]:
    """A clock that moves on by so much each time that somebody looks."""
    return count(0.0, seconds)


def wide(seed: int = 1, *, nodes: int = 12, most: int = 6) -> tuple[Network, dict[Sku, SupplyRows]]:
    """Nodes of different cost that each have a few units of some SKUs, so that lines have to be split."""
    random = np.random.default_rng(seed)
    names = [f"n{at:02d}" for at in range(nodes)]
    net = network(
        *(
            node(name, degrees=float(random.uniform(0.5, 12)), shipment_minor=int(random.integers(400)))
            for name in names
        ),
        cards=[flat_card(500), flat_card(900, service="express", transit=1)],
    )
    stock = {sku: {name: int(random.integers(1, most)) for name in names if random.random() < 0.6} for sku in SKUS}
    return net, supply(net, **stock)


def to_places(places: int, units: int, skus: str = SKUS) -> Demand:
    """The same lines to each of so many destinations."""
    return demand(
        *(
            line(
                sku,
                units,
                line_id=LineId(f"{at}/{sku}"),
                weight_grams=800,
                terms=Terms(ship_to=Address("US", latitude=30.0 + 3 * at, longitude=-90.0)),
            )
            for at in range(places)
            for sku in skus
        )
    )


def test_one_search_takes_all_seconds_and_one_of_several_half_of_what_is_left() -> None:
    now = 0.0
    budget = Budget(0.25, lambda: now)
    assert budget.take_search() == 0.25
    budget.parts = 3
    assert budget.take_search() == 0.125
    now = 0.2
    assert budget.take_search() == pytest.approx(0.025)
    now = 0.245
    assert (budget.take_search(), budget.has_search(), budget.has_question()) == (0.0, False, True)
    assert budget.notes == (OUT_OF_TIME,)
    now = 2.01
    assert not budget.has_question()


def test_without_a_clock_searches_and_questions_are_counted() -> None:
    budget = Budget(0.25, searches_max=2, questions_max=1)
    assert [budget.take_search() for _ in range(3)] == [0.25, 0.25, 0.0]
    assert (budget.has_question(), budget.notes) == (True, (OUT_OF_WORK,))
    budget.count_question()
    assert not budget.has_question()


def test_a_search_that_took_its_time_and_proved_nothing_was_cut_short() -> None:
    now = 0.0
    budget = Budget(0.25, lambda: now)
    given = budget.take_search()
    now = 0.1
    budget.end_search(given, is_proven=False)
    assert not budget.notes
    given = budget.take_search()
    now = 0.25
    budget.end_search(given, is_proven=True)
    assert not budget.notes
    budget.end_search(given, is_proven=False)
    assert budget.notes == (OUT_OF_TIME,)


def test_competing_destinations_are_planned_within_one_budget_and_the_plan_says_so() -> None:
    net, stock = wide()
    budget = Budget(0.25, ticking(0.02).__next__)

    found = plan(to_places(4, 20), stock, net, Policy(), MONDAY, budget=budget)

    assert found.trace.notes[-1] == OUT_OF_TIME
    assert found.trace.gap is None
    assert 0 < len(found.shipments) <= Policy().shipments_max
    for sku in SKUS:
        taken = sum(peg.quantity for one in found.shipments for peg in one.pegs if peg.sku == sku)
        missing = sum(gap.quantity for gap in found.uncovered if gap.sku == sku)
        assert taken + missing == 80
        assert taken <= int(stock[Sku(sku)].available.sum())


def test_a_decision_with_nothing_to_spend_has_the_quick_plan_every_time() -> None:
    net, stock = wide()
    wish = demand(*(line(sku, 9, weight_grams=800) for sku in SKUS))

    plans = [plan(wish, stock, net, Policy(), MONDAY, budget=Budget(0.0, ticking(1.0).__next__)) for _ in range(2)]

    assert plans[0] == plans[1]
    assert (plans[0].trace.method, plans[0].trace.notes) == ("greedy", (OUT_OF_TIME,))
    assert plans[0].shipments


def test_searches_are_counted_over_all_groups_and_tiers_together() -> None:
    net, stock = wide(nodes=4, most=3)
    budget = Budget(60.0, searches_max=3)

    found = plan(to_places(3, 4, "AB"), stock, net, EASY, MONDAY, budget=budget)

    assert (budget.searches_left, found.trace.notes[-1]) == (0, OUT_OF_WORK)


@pytest.mark.parametrize("compare", [Compare.FIRST, Compare.COST])
def test_tiers_whose_filters_leave_the_same_nodes_are_asked_once(compare: Compare) -> None:
    net = network(node("near"), node("far", degrees=9.0), cards=[flat_card(500)])
    tiers = tuple(Tier(f"t{at}", filters=(Rule("r", f'node.id != "nowhere{at}"'),)) for at in range(20))
    policy = replace(EASY, routing=Routing(tiers=tiers, compare=compare))
    budget = Budget(0.25)

    found = plan(demand(line("A", 5)), supply(net, A={"near": 1, "far": 1}), net, policy, MONDAY, budget=budget)

    assert budget.questions_left == Budget(0.25).questions_left - 1
    assert found.uncovered[0].quantity == 3
    assert found.trace.tier == "t0"
    assert sum(note.startswith("tier t") for note in found.trace.notes) == 20


def test_tiers_that_leave_different_nodes_or_weigh_otherwise_are_each_asked() -> None:
    net = network(node("near"), node("far", degrees=9.0), cards=[flat_card(500)])
    tiers = (
        Tier("one", filters=(Rule("r", 'node.id != "near"'),)),
        Tier("two", filters=(Rule("r", 'node.id != "far"'),)),
        Tier("three", filters=(Rule("r", 'node.id != "far"'),), weights={"shipping": 2.0}),
    )
    budget = Budget(0.25)

    plan(
        demand(line("A", 5)),
        supply(net, A={"near": 1, "far": 1}),
        net,
        replace(EASY, routing=Routing(tiers=tiers)),
        MONDAY,
        budget=budget,
    )

    assert budget.questions_left == Budget(0.25).questions_left - 3


def test_when_no_question_is_left_the_best_tier_so_far_answers() -> None:
    net = network(node("near"), node("far", degrees=9.0), cards=[flat_card(500)])
    tiers = tuple(Tier(at, filters=(Rule("r", f'node.id == "{at}"'),)) for at in ("near", "far"))
    policy = replace(EASY, routing=Routing(tiers=tiers))
    stock = supply(net, A={"near": 1, "far": 5})

    found = plan(demand(line("A", 5)), stock, net, policy, MONDAY, budget=Budget(0.25, questions_max=1))

    assert sent(found) == {"near": {"A": 1}}
    assert found.trace.notes[-1] == OUT_OF_WORK
    assert sent(plan(demand(line("A", 5)), stock, net, policy, MONDAY)) == {"far": {"A": 5}}


def test_ship_groups_for_which_no_question_is_left_get_nothing_and_say_so() -> None:
    net = network(node("near"), cards=[flat_card(500)])

    found = plan(
        to_places(5, 1, "A"), supply(net, A={"near": 9}), net, EASY, MONDAY, budget=Budget(0.25, questions_max=2)
    )

    assert len(found.shipments) == 2
    assert [(gap.quantity, gap.reason) for gap in found.uncovered] == [(1, "too_many_shipments")] * 3
    assert found.trace.notes[-1] == OUT_OF_WORK


@pytest.mark.parametrize("seed", range(12))
def test_giving_up_orders_of_groups_early_never_changes_the_best_one(seed: int) -> None:
    net, stock = wide(seed, nodes=4, most=3)
    groups = split_into_groups(to_places(3, 2, "AB"))
    asked = 0

    def ask(group: Demand, left: Mapping[Sku, SupplyRows]) -> Plan:
        nonlocal asked
        asked += 1
        return plan(group, left, net, EASY, MONDAY)

    def in_turn(turn: tuple[int, ...]) -> list[Plan]:
        found: dict[int, Plan] = {}
        for number in turn:
            left = less_taken(stock, taken_by(found.values()), net)
            used = sum(len(one.shipments) for one in found.values())
            found[number] = ask(replace(groups[number], shipments_max=9 - used), left)
        return [found[number] for number in range(len(groups))]

    every = [in_turn(turn) for turn in permutations(range(3))]
    best = min(tuple(map(sum, zip(*map(goals_of, plans), strict=True))) for plans in every)
    all_asked, asked = asked, 0
    alone = [ask(replace(group, shipments_max=9), stock) for group in groups]

    found = plan_in_turn(groups, alone, stock, net, 9, ask, Budget(60.0))

    assert tuple(map(sum, zip(*map(goals_of, found), strict=True))) == best
    assert asked < all_asked


def test_all_ways_to_have_it_spend_one_budget() -> None:
    net, stock = wide()
    wish = demand(*(line(sku, 9, weight_grams=800) for sku in SKUS), destination=HERE)
    budget = Budget(0.05, searches_max=1)

    offered = plan_options(wish, lambda _: stock, net, Policy(), MONDAY, budget=budget)

    assert [way.demand.service for way in offered] == ["standard", "express"]
    assert budget.searches_left == 0
    assert offered[1].plan.trace.method == "greedy"


def test_very_many_destinations_that_want_one_scarce_item_are_answered() -> None:
    net = network(node("near"), node("far", degrees=9.0), cards=[flat_card(500)])

    found = plan(to_places(1_500, 1, "A"), supply(net, A={"near": 3}), net, EASY, MONDAY, budget=Budget(0.25))

    assert sum(len(one.pegs) for one in found.shipments) == 3
    assert sum(gap.quantity for gap in found.uncovered) == 1_497
    assert found.trace.notes[-1] == OUT_OF_WORK
