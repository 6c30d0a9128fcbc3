"""The floor under all costs: never above what the best plan costs, and what greedy plans are measured against."""

from dataclasses import replace

import numpy as np
import pytest

from tests.engine.problems import cost_of, random_problem
from tests.engine.worlds import MONDAY, demand, flat_card, line, network, node, supply
from troth.engine.choice.choose import choose_parcels
from troth.engine.choice.cost_floor import find_floor, find_gap
from troth.engine.choice.plan_goals import find_goals
from troth.engine.choice.scoring import build_columns, split_columns
from troth.engine.choice.solve import solve_by_subsets
from troth.engine.choice.solve_greedy import solve_greedily
from troth.engine.choice.whole_floor import find_whole_floor
from troth.engine.demand.availability import pose_question
from troth.engine.demand.budget import Budget
from troth.engine.demand.problem import Problem
from troth.engine.promising.promise import plan
from troth.model.plan import DemandLine
from troth.model.policy import Policy

PLAIN = Policy(split_minor=0, delay_minor_per_day=0)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("units_max", [1, 5])
def test_no_plan_costs_less_than_the_floor(seed: int, units_max: int) -> None:
    asked = random_problem(seed, lines=5, nodes=8, share=0.6, units_max=units_max, has_volume=seed % 3 == 0)
    columns = build_columns(asked)
    parts = split_columns(asked)
    best = choose_parcels(asked, columns)
    greedy = choose_parcels(asked, columns, Budget(0.0, lambda: 0.0))

    floor = find_floor(asked, columns, parts)

    assert best.gap == 0.0
    uncovered, _, cost = find_goals(asked, columns, parts, best)
    if not uncovered:
        assert 0.0 < floor <= cost
    quick = find_goals(asked, columns, parts, solve_greedily(asked, columns, parts))
    if greedy.method == "greedy" and not quick[0]:
        assert quick[2] * (1.0 - greedy.gap) <= cost + 1e-6


@pytest.mark.parametrize("seed", range(30))
def test_no_plan_of_whole_lines_costs_less_than_the_floor_of_line_prices(seed: int) -> None:
    asked = random_problem(seed, lines=5 + seed % 5, nodes=12, share=0.7, has_volume=seed % 3 == 0)
    columns = build_columns(asked)
    best = solve_by_subsets(asked, columns)
    assert best is not None
    cost = cost_of(asked, columns, best) + asked.policy.split_minor

    floor = find_whole_floor(asked, columns, solve_greedily(asked, columns, split_columns(asked)))

    assert 0.5 * cost < floor <= cost + 1e-6


def test_an_order_of_many_lines_has_a_nearer_floor_than_what_its_lines_cost_by_themselves() -> None:
    asked = random_problem(4, lines=28, nodes=150, share=0.5)
    columns = build_columns(asked)
    parts = split_columns(asked)
    apart = find_floor(asked, columns, parts)

    found = choose_parcels(asked, columns)

    cost = find_goals(asked, columns, parts, found)[2]
    assert found.gap < 1.0 - apart / cost
    assert found.gap < 0.2


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("more", [60, 150])
def test_the_floor_of_very_many_lines_is_below_the_best_plan_where_that_is_known(seed: int, more: int) -> None:
    # Beside ten lines there are many that weigh nothing, cost nothing and are everywhere: they go along with the first
    # parcel, so that the best plan costs what that of the ten does.
    random = np.random.default_rng(seed)
    nodes = [
        node(f"n{at}", degrees=float(random.uniform(0.1, 20.0)), shipment_minor=int(random.integers(0, 200)))
        for at in range(12)
    ]
    net = network(*nodes)
    real = [line(f"r{at}", weight_grams=int(random.integers(50, 6000))) for at in range(10)]
    light = [line(f"z{at}", weight_grams=0) for at in range(more)]
    stock = {one.sku: {str(at.node): 1 for at in nodes if random.random() < 0.6} or {"n0": 1} for one in real}
    stock |= {one.sku: {str(at.node): 1 for at in nodes} for one in light}

    def posed(lines: list[DemandLine]) -> Problem:
        found = pose_question(demand(*lines), supply(net, **stock), net, PLAIN, MONDAY.timestamp()).problem
        assert found is not None
        return found

    few, many = posed(real), posed([*real, *light])
    best = solve_by_subsets(few, build_columns(few))
    cost = cost_of(few, build_columns(few), best)
    columns = build_columns(many)

    floor = find_whole_floor(many, columns, solve_greedily(many, columns, split_columns(many)))

    assert 0.5 * cost < floor <= cost + 1e-6


@pytest.mark.parametrize("lines", [63, 120])
def test_an_order_beyond_the_bits_of_a_number_has_a_nearer_floor_than_its_lines_apart(lines: int) -> None:
    random = np.random.default_rng(lines)
    nodes = [
        node(f"n{at}", degrees=float(random.uniform(0.1, 20.0)), handling_minor=int(random.integers(0, 80)))
        for at in range(40)
    ]
    net = network(*nodes)
    skus = [f"s{at}" for at in range(lines)]
    stock = {sku: {str(at.node): 9 for at in nodes if random.random() < 0.7} for sku in skus}
    wish = demand(*(line(sku, weight_grams=int(random.integers(10, 200))) for sku in skus))
    asked = pose_question(wish, supply(net, **stock), net, PLAIN, MONDAY.timestamp()).problem
    assert asked is not None
    columns = build_columns(asked)
    parts = split_columns(asked)

    found = choose_parcels(asked, columns)

    goals = find_goals(asked, columns, parts, found)
    assert (found.method, goals[:2]) == ("greedy", (0, 0))
    assert found.gap < 1.0 - find_floor(asked, columns, parts) / goals[2]


def test_the_floor_is_the_cost_where_one_parcel_is_the_whole_plan() -> None:
    asked = random_problem(3, lines=1, nodes=1, share=1.0, units_max=5)
    columns = build_columns(asked)
    best = choose_parcels(asked, columns)

    floor = find_floor(asked, columns, split_columns(asked))

    assert floor == cost_of(asked, columns, best) + asked.policy.split_minor


def test_a_plan_of_very_many_lines_says_how_far_it_may_be_from_the_best() -> None:
    net = network(node("near"), node("far", degrees=9.0, shipment_minor=300), cards=[flat_card(500)])
    skus = [f"s{at}" for at in range(45)]
    stock = supply(net, **{sku: {"near": 1} for sku in skus})
    wish = demand(*(line(sku, weight_grams=100) for sku in skus))

    found = plan(wish, stock, net, PLAIN, MONDAY)
    assert (found.trace.method, found.trace.gap) == ("greedy", 0.0)

    # The last line is only afar, where a parcel costs 800 besides the 500 of the first one.
    found = plan(wish, {**stock, **supply(net, s44={"far": 1})}, net, PLAIN, MONDAY)
    assert found.cost_minor == 1300
    assert found.trace.gap is not None
    assert 0.0 < found.trace.gap <= 800 / 1300


def test_a_plan_that_leaves_units_which_could_be_had_has_no_gap() -> None:
    net = network(node("a"), node("b"), cards=[flat_card(500)])
    skus = [f"s{at}" for at in range(45)]
    stock = supply(net, **{sku: {"ab"[at % 2]: 1} for at, sku in enumerate(skus)})
    policy = Policy(split_minor=0, delay_minor_per_day=0, shipments_max=1)

    found = plan(demand(*(line(sku) for sku in skus)), stock, net, policy, MONDAY)

    assert (found.trace.method, found.trace.gap) == ("greedy", None)


def test_costs_below_zero_have_no_floor() -> None:
    net = network(node("a", shipment_minor=-900), cards=[flat_card(500)])
    skus = [f"s{at}" for at in range(45)]

    found = plan(
        demand(*(line(sku) for sku in skus)), supply(net, **{sku: {"a": 1} for sku in skus}), net, PLAIN, MONDAY
    )

    assert found.trace.gap is None


def test_a_line_sold_by_measure_has_the_floor_of_as_many_pieces() -> None:
    net = network(node("near"), node("far", degrees=9.0))
    skus = [f"s{at}" for at in range(70)]
    gaps = []
    for scale in (1, 1000):
        stock = supply(net, **{sku: {"near": 2 * scale} for sku in skus[1:]}, s0={"far": 2 * scale})
        wish = demand(*(line(sku, 2 * scale, scale=scale) for sku in skus))
        gaps.append(plan(wish, stock, net, PLAIN, MONDAY).trace.gap)

    assert gaps[0] is not None
    assert gaps[0] > 0.0
    assert gaps[0] == gaps[1]


def test_a_proven_gap_is_the_least_of_what_the_method_and_the_floors_prove() -> None:
    asked = random_problem(4, lines=28, nodes=150, share=0.5)
    columns = build_columns(asked)
    parts = split_columns(asked)
    greedy = solve_greedily(asked, columns, parts)
    goals = find_goals(asked, columns, parts, greedy)
    assert goals[:2] == (0, 0)
    apart = 1.0 - find_floor(asked, columns, parts) / goals[2]

    for own, whole_floor, expected in (
        (float("nan"), -float("inf"), apart),
        (0.9, -float("inf"), apart),
        (0.01, -float("inf"), 0.01),
        (0.9, 0.95 * goals[2], 0.05),
        (0.0, 0.95 * goals[2], 0.0),
    ):
        found = find_gap(replace(greedy, gap=own), goals, asked, columns, parts, whole_floor=whole_floor)
        assert found == pytest.approx(expected)
