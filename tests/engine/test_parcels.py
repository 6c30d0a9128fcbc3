"""The method of parcels: its bounds, its lists and its plans, against the method of subsets and against trying all."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.engine.problems import cost_of, random_problem
from troth.engine.carriage.transit import NEVER
from troth.engine.choice.cover_prices import Prices
from troth.engine.choice.parcel_bounds import bound_parcels, find_steps, find_values
from troth.engine.choice.parcel_halves import find_best, halve, meet
from troth.engine.choice.parcel_join import join_parcels
from troth.engine.choice.parcel_pairs import find_pair, pair_candidates
from troth.engine.choice.parcel_rest import complete_plans
from troth.engine.choice.parcel_search import ONE, begin_search, bound_candidates, list_parcels
from troth.engine.choice.possible_parcels import Parcels, price_lines, price_parcels
from troth.engine.choice.scoring import build_columns, split_columns, subset_costs
from troth.engine.choice.set_prices import find_cheapest, price_all_sets, price_held_sets
from troth.engine.choice.solve import partition, solve_by_subsets
from troth.engine.choice.solve_milp import solve_mixed
from troth.engine.choice.solve_parcels import solve_by_parcels
from troth.engine.demand.problem import Columns, Problem

SHARES = (0.1, 0.3, 0.6, 0.9)


def reduced_costs(asked: Problem, columns: Columns, prices: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each set of lines (2^K - 1) costs from each column beside the prices of its lines."""
    costs = subset_costs(asked, columns)
    reduced: NDArray[np.float64] = costs - price_lines(np.arange(costs.shape[0]), prices)[:, np.newaxis]
    return reduced[1:]


@pytest.mark.parametrize(("seed", "share"), list(enumerate(SHARES * 3)))
def test_no_parcel_is_better_than_its_bound_and_the_best_is_found(seed: int, share: float) -> None:
    asked = random_problem(seed, lines=8, nodes=20, share=share, has_volume=seed % 2 == 1)
    columns = build_columns(asked)
    prices = np.random.default_rng(seed).uniform(100.0, 1500.0, 8)
    reduced = reduced_costs(asked, columns, prices).min(axis=0)
    steps, coarse = find_steps(asked)
    everyone = np.arange(columns.fixed.size)

    roughly = bound_parcels(coarse, find_values(coarse, columns, prices, everyone))
    exactly, lines = find_best(steps, halve(steps), find_values(steps, columns, prices, everyone), limit=np.inf)

    assert np.all(roughly <= exactly.min(axis=0) + 1e-6)
    assert np.all(exactly.min(axis=0) <= reduced + 1e-6)
    if seed % 2 == 0:  # by weight alone nothing is lost
        is_some = lines[exactly.argmin(axis=0), everyone] != 0
        assert np.allclose(exactly.min(axis=0)[is_some], reduced[is_some])


@pytest.mark.parametrize(("seed", "share"), list(enumerate(SHARES * 2)))
def test_the_halves_meet_in_every_parcel_below_the_limit(seed: int, share: float) -> None:
    asked = random_problem(seed, lines=9, nodes=12, share=share)
    columns = build_columns(asked)
    prices = np.random.default_rng(seed).uniform(200.0, 1200.0, 9)
    steps, _coarse = find_steps(asked)
    limit = float(np.quantile(reduced_costs(asked, columns, prices).min(axis=1), 0.2))
    expected = {
        (int(lines) + 1, int(column)) for lines, column in np.argwhere(reduced_costs(asked, columns, prices) <= limit)
    }

    met = meet(steps, halve(steps), find_values(steps, columns, prices, np.arange(columns.fixed.size)), limit=limit)

    assert met is not None
    assert set(zip(met[0].tolist(), met[1].tolist(), strict=True)) >= expected


@settings(max_examples=80)
@given(st.integers(1, 6), st.integers(1, 6), st.data())
def test_joining_all_parcels_finds_the_cheapest_partition(count: int, most: int, data: st.DataObject) -> None:
    sets = list(range(1, 1 << count))
    cost = data.draw(st.lists(st.integers(0, 60), min_size=len(sets), max_size=len(sets)))
    prices = data.draw(st.lists(st.integers(0, 20), min_size=count, max_size=count))
    parcels = Parcels(np.array(sets), np.zeros(len(sets), dtype=np.intp), np.array(cost, dtype=np.float64))
    waste = parcels.cost - price_lines(parcels.lines, np.array(prices, dtype=np.float64))
    parcels = parcels.pick(waste >= 0.0)
    known = dict(zip(parcels.lines.tolist(), parcels.cost.tolist(), strict=True))
    expected = partition([0.0, *(known.get(one, NEVER) for one in sets)], count, most)

    found, is_all = join_parcels(
        parcels, waste[waste >= 0.0], count=count, most=most, waste_max=1e6, cost_max=1e6, cost_min=0.0
    )

    assert is_all
    total = math.inf if found is None else float(parcels.cost[found].sum())
    assert total == (math.inf if expected is None else sum(known[one] for one in expected))
    if found is not None:
        assert sorted(itertools.chain(*(bits(one, count) for one in parcels.lines[found].tolist()))) == list(
            range(count)
        )


def bits(lines: int, count: int) -> list[int]:
    return [line for line in range(count) if lines >> line & 1]


@pytest.mark.parametrize(("seed", "share"), list(enumerate(SHARES * 4)))
def test_parcels_and_subsets_find_plans_of_equal_cost(seed: int, share: float) -> None:
    asked = random_problem(seed, lines=5 + seed % 7, nodes=60, share=share, has_volume=seed % 3 == 0)
    columns = build_columns(asked)
    by_subsets, by_parcels = solve_by_subsets(asked, columns), solve_by_parcels(asked, columns)

    if by_subsets is None:
        assert by_parcels is None
    else:
        assert by_parcels is not None
        assert by_parcels.gap == 0.0
        assert cost_of(asked, columns, by_parcels) == cost_of(asked, columns, by_subsets)


@pytest.mark.parametrize(("seed", "lines", "share"), [(1, 13, 0.25), (2, 13, 0.5), (3, 14, 0.3), (4, 14, 0.8)])
def test_beyond_the_subsets_parcels_are_still_the_optimum(seed: int, lines: int, share: float) -> None:
    asked = random_problem(seed, lines=lines, nodes=30, share=share)
    columns = build_columns(asked)
    cheapest = subset_costs(asked, columns).min(axis=1)
    parts = partition([0.0, *cheapest[1:].tolist()], lines, asked.shipments_max)
    assert parts is not None

    found = solve_by_parcels(asked, columns)

    assert found is not None
    assert found.gap == 0.0
    assert cost_of(asked, columns, found) == sum(cheapest[part] for part in parts) - asked.policy.split_minor


def test_a_limit_of_shipments_binds_for_parcels_as_for_the_model() -> None:
    for limit in (2, 3):
        asked = random_problem(7, lines=13, nodes=15, share=0.8, shipments_max=limit)
        columns = build_columns(asked)
        found = solve_by_parcels(asked, columns)
        mixed = solve_mixed(asked, columns, split_columns(asked), time_limit_seconds=60.0)

        assert found is not None
        assert found.gap == 0.0
        assert len(found.parcels) <= limit
        assert cost_of(asked, columns, found) == cost_of(asked, columns, mixed)


@pytest.mark.parametrize(("seed", "share"), list(enumerate(SHARES)))
def test_the_gap_of_an_order_of_twenty_lines_is_proven(seed: int, share: float) -> None:
    asked = random_problem(seed, lines=20, nodes=80, share=share)
    columns = build_columns(asked)

    found = solve_by_parcels(asked, columns)

    if found is not None:
        assert found.gap <= 0.005
        assert sorted(line for parcel in found.parcels for line in parcel.quantities) == list(range(20))
    assert share < 0.3 or found is not None


@pytest.mark.parametrize(("seed", "share"), list(enumerate(SHARES * 3)))
def test_sets_are_priced_alike_at_all_columns_and_at_those_that_hold_them(seed: int, share: float) -> None:
    asked = random_problem(seed, lines=2 + seed % 7, nodes=25, share=share, has_volume=seed % 2 == 0)
    columns = build_columns(asked)

    at_all, at_holders = price_all_sets(asked, columns), price_held_sets(asked, columns)

    is_possible = at_all < NEVER
    is_possible[0] = False
    assert np.array_equal(at_all[is_possible], at_holders[is_possible])
    assert np.all(at_holders[1:][~is_possible[1:]] >= NEVER)
    for lines in np.flatnonzero(is_possible).tolist():
        costs = subset_costs(asked, columns)[lines]
        assert find_cheapest(asked, columns, lines) == costs.argmin()


@pytest.mark.parametrize(("seed", "share"), list(enumerate(SHARES * 4)))
def test_the_best_two_parcels_of_all_pairs_are_found(seed: int, share: float) -> None:
    lines = 6 + seed % 5
    asked = random_problem(seed, lines=lines, nodes=25, share=share, has_volume=seed % 2 == 1)
    columns = build_columns(asked)
    cheapest = np.minimum(subset_costs(asked, columns).min(axis=1), NEVER)
    full = (1 << lines) - 1
    expected = float(min(cheapest[one] + cheapest[full ^ one] for one in range(1, full)))
    steps, _coarse = find_steps(asked)
    has = (1 << np.arange(lines)) @ (columns.penalty < NEVER)
    pairs = pair_candidates(has, np.zeros(has.size), spare=0.0, full=full)
    assert pairs is not None

    found, is_all = find_pair(asked, columns, steps, halve(steps), pairs, cost_max=min(1.05 * expected, 1e6))

    assert is_all
    assert (math.inf if found is None else float(found.cost.sum())) == (expected if expected < NEVER else math.inf)
    if found is not None:
        assert found.lines.sum() == full
        again = price_parcels(asked, columns, found.lines, found.column)
        assert again.cost.tolist() == found.cost.tolist()


@pytest.mark.parametrize(("seed", "share"), list(enumerate(SHARES * 3)))
@pytest.mark.parametrize("number", [2, 3])
def test_half_of_the_waste_is_enough_to_find_the_best_plan_of_few_parcels(seed: int, share: float, number: int) -> None:
    lines = 6
    asked = random_problem(seed, lines=lines, nodes=9, share=share, has_volume=seed % 2 == 1)
    columns = build_columns(asked)
    cheapest = np.minimum(subset_costs(asked, columns).min(axis=1), NEVER)
    full = (1 << lines) - 1
    plans = (
        (*some, full ^ sum(some))
        for some in itertools.combinations(range(1, full), number - 1)
        if sum(some) == np.bitwise_or.reduce(some) and sum(some) < full
    )
    best = min((float(cheapest[list(parts)].sum()) for parts in plans), default=math.inf)
    search = begin_search(asked, columns, np.arange(columns.fixed.size))
    if search is None:
        assert best >= NEVER
        return
    search.cost = min(best, 1e6) + 100.0
    line, parcel = np.random.default_rng(seed).uniform(0.3, 0.6) * cheapest[1 << np.arange(lines)], 25.0
    prices = Prices(line, parcel, 0.0)
    bounds = bound_candidates(search, search.candidates, prices)
    spare = search.cost - ONE - float(line.sum()) - number * parcel
    half = (spare - min(float(bounds.min()), 0.0)) / 2.0
    listed = list_parcels(search, search.candidates[bounds <= half], prices, half)
    assert listed is not None

    is_all = complete_plans(
        search, listed, prices, bounds, number=number, spare=spare, waste_max=half, cells_max=1_000_000
    )

    assert is_all
    assert search.best is None if best >= NEVER else search.cost == best
    if search.best is not None:
        assert sum(search.pool.lines[search.best].tolist()) == full


@pytest.mark.parametrize(("seed", "share"), list(enumerate(SHARES * 3)))
def test_what_is_proven_of_the_gap_is_never_more_than_is_true(seed: int, share: float) -> None:
    asked = random_problem(seed, lines=13, nodes=40, share=share, has_volume=seed % 2 == 0)
    columns = build_columns(asked)
    by_subsets = partition(np.minimum(subset_costs(asked, columns).min(axis=1), NEVER), 13, asked.shipments_max)

    found = solve_by_parcels(asked, columns)

    if found is None:
        assert by_subsets is None
        return
    assert by_subsets is not None
    cheapest = subset_costs(asked, columns).min(axis=1)
    best = float(sum(cheapest[part] for part in by_subsets))
    cost = cost_of(asked, columns, found) + asked.policy.split_minor
    assert best <= cost
    assert cost * (1.0 - found.gap) <= best + 1e-6
    assert found.gap <= 0.005
