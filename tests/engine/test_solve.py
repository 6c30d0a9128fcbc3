"""The solvers alone: partitions, pruning, and agreement on orders too large for trying everything."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.brute_force import partitions
from tests.engine.problems import cost_of, random_problem
from troth.engine.carriage.rate_cards import DEFAULT_CARDS, is_merging_cheaper, parcel_rate_minor
from troth.engine.carriage.transit import NEVER
from troth.engine.choice.choose import choose_parcels, solve_quickly
from troth.engine.choice.plan_goals import find_goals
from troth.engine.choice.prune import undominated
from troth.engine.choice.scoring import build_columns, parcel_rates, split_columns, subset_costs
from troth.engine.choice.solve import partition, solve_by_subsets
from troth.engine.choice.solve_greedy import solve_greedily
from troth.engine.choice.solve_milp import solve_mixed
from troth.engine.demand.problem import Columns, Parcel, Problem, Solution


@settings(max_examples=60)
@given(st.integers(1, 6), st.integers(1, 6), st.data())
def test_a_partition_is_the_cheapest_of_all_within_its_limit(count: int, parts_max: int, data: st.DataObject) -> None:
    prices = st.integers(0, 50).map(float) | st.just(NEVER)
    cheapest = np.array([0.0, *data.draw(st.lists(prices, min_size=(1 << count) - 1, max_size=(1 << count) - 1))])
    best = min(
        sum(float(cheapest[sum(1 << item for item in part)]) for part in parts)
        for parts in partitions(list(range(count)))
        if len(parts) <= parts_max
    )

    found = partition(cheapest.tolist(), count, parts_max)

    assert (math.inf if found is None else sum(float(cheapest[part]) for part in found)) == (
        best if best < NEVER else math.inf
    )
    if found is not None:
        assert len(found) <= parts_max
        assert sum(found) == (1 << count) - 1


@pytest.mark.parametrize("seed", range(6))
def test_pruning_changes_the_price_of_no_subset(seed: int) -> None:
    asked = random_problem(seed, lines=6, nodes=150, share=0.6)
    columns = build_columns(asked)
    kept = undominated(asked, columns)
    fewer = Columns(columns.starts, columns.penalty[:, kept], columns.fixed[kept], columns.rate_lane[kept])

    assert kept.size < columns.fixed.size * 0.6
    everything, pruned = subset_costs(asked, columns).min(axis=1)[1:], subset_costs(asked, fewer).min(axis=1)[1:]
    assert np.array_equal(np.minimum(everything, NEVER), np.minimum(pruned, NEVER))


@pytest.mark.parametrize(
    ("seed", "lines", "nodes", "share"), [(1, 8, 40, 0.5), (2, 10, 50, 0.4), (3, 12, 30, 0.35), (4, 12, 20, 0.25)]
)
def test_subsets_and_the_model_agree_on_large_orders(seed: int, lines: int, nodes: int, share: float) -> None:
    asked = random_problem(seed, lines=lines, nodes=nodes, share=share)
    columns = build_columns(asked)
    parts = split_columns(asked)

    by_subsets, mixed = solve_by_subsets(asked, columns), solve_mixed(asked, columns, parts, time_limit_seconds=60.0)

    assert mixed is not None
    assert (mixed.method, mixed.gap) == ("milp", 0.0)
    assert cost_of(asked, columns, by_subsets) == cost_of(asked, columns, mixed)
    assert cost_of(asked, columns, solve_greedily(asked, columns, parts)) >= cost_of(asked, columns, mixed)


def test_the_limit_of_shipments_binds_for_many_lines_too() -> None:
    found = {}
    for limit in (1, 2, 3, 8):
        asked = random_problem(6, lines=7, nodes=30, share=0.4, shipments_max=limit)
        columns = build_columns(asked)
        by_subsets = solve_by_subsets(asked, columns)
        mixed = solve_mixed(asked, columns, split_columns(asked)) if limit > 1 else None
        found[limit] = None if by_subsets is None else (len(by_subsets.parcels), cost_of(asked, columns, by_subsets))
        if mixed is not None and by_subsets is not None:
            assert cost_of(asked, columns, mixed) == cost_of(asked, columns, by_subsets)

    assert found == {1: None, 2: (2, 10_522), 3: (3, 9232), 8: (4, 9217)}


def test_parcels_are_priced_alike_as_arrays_and_one_by_one() -> None:
    offer = random_problem(1, lines=1, nodes=1, share=1.0).offer
    weights = np.array([0.0, 250.0, 251.0, 30_000.0, 30_001.0, 31_000.0, 31_001.0])

    rates = parcel_rates(offer, weights, np.zeros(weights.size)).reshape(weights.size, len(offer.cards), offer.zones)

    for (row, grams), (at, card), zone in itertools.product(enumerate(weights), enumerate(DEFAULT_CARDS), range(7)):
        assert rates[row, at, zone] == parcel_rate_minor(card, zone=zone, grams=int(grams))


def test_the_built_in_cards_never_make_two_parcels_cheaper_and_never_cost_less_for_more_weight_distance_or_haste() -> (
    None
):
    for card, zone in itertools.product(DEFAULT_CARDS, range(7)):
        assert is_merging_cheaper(card, zone=zone, parcel_minor=0)
        assert sorted(card.rates_minor[zone]) == list(card.rates_minor[zone])
    for card in DEFAULT_CARDS:
        assert sorted(card.rates_minor) == list(card.rates_minor)
    for slower, faster in itertools.pairwise(DEFAULT_CARDS):
        assert np.all(np.array(slower.rates_minor) < np.array(faster.rates_minor))
        assert np.all(np.array(slower.transit_days) >= np.array(faster.transit_days))


@pytest.mark.parametrize("seed", range(4))
def test_what_is_stopped_says_so_and_is_never_worse_than_the_greedy_plan(seed: int) -> None:
    asked = random_problem(seed, lines=9, nodes=30, share=0.5, units_max=2, seconds_max=0.01)
    columns = build_columns(asked)
    parts = split_columns(asked)
    greedy = solve_greedily(asked, columns, parts)

    found = choose_parcels(asked, columns)

    assert find_goals(asked, columns, parts, found) <= find_goals(asked, columns, parts, greedy)
    assert found.method in {"milp", "milp, stopped", "milp, candidates cut", "greedy"}
    assert (found.method == "milp") == (found.gap == 0.0)


@pytest.mark.parametrize("seed", range(4))
def test_the_goals_of_a_plan_count_what_its_shipments_cost(seed: int) -> None:
    asked = random_problem(seed, lines=6, nodes=20, share=0.5, units_max=2 + seed, has_volume=True)
    columns = build_columns(asked)
    parts = split_columns(asked)

    found = choose_parcels(asked, columns)

    uncovered, _split, total = find_goals(asked, columns, parts, found)
    assert uncovered == sum(asked.quantities) - sum(sum(parcel.quantities.values()) for parcel in found.parcels)
    assert total - asked.policy.split_minor == cost_of(asked, columns, found)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("lines", "nodes", "share"), [(3, 10, 0.5), (9, 30, 0.4), (45, 40, 0.3)])
def test_what_nothing_is_spent_on_is_never_worse_than_a_simple_rule(
    seed: int, lines: int, nodes: int, share: float
) -> None:
    asked = random_problem(seed, lines=lines, nodes=nodes, share=share, units_max=9, shipments_max=12)
    columns = build_columns(asked)
    parts = split_columns(asked)

    best, goals = solve_quickly(asked, columns, parts)

    assert (
        goals
        == find_goals(asked, columns, parts, best)
        <= find_goals(asked, columns, parts, solve_greedily(asked, columns, parts))
    )
    for rule in (alone_cheapest, most_lines_first):
        chosen = rule(asked, columns)
        parcels = [Parcel(at, {k: asked.quantities[k] for k in chosen if chosen[k] == at}) for at in chosen.values()]
        by_rule = Solution(tuple({parcel.column: parcel for parcel in parcels}.values()), "rule")
        is_light = all(
            sum(asked.lines[k].weight_grams * units for k, units in parcel.quantities.items()) <= 68_000
            for parcel in by_rule.parcels
        )
        if len(by_rule.parcels) <= asked.shipments_max and is_light:
            assert goals <= find_goals(asked, columns, parts, by_rule)


def alone_cheapest(asked: Problem, columns: Columns) -> dict[int, int]:
    """The candidate of each line: that which would send it for least if there were nothing else."""
    return {
        k: min(range(columns.fixed.size), key=lambda at: sent_for(asked, columns, [k], at)) for k in lines_of(asked)
    }


def most_lines_first(asked: Problem, columns: Columns) -> dict[int, int]:
    """The candidate of each line: again and again one that has most of what is left, of several the cheapest."""
    chosen: dict[int, int] = {}
    while left := [k for k in lines_of(asked) if k not in chosen]:
        able = {at: [k for k in left if columns.penalty[k, at] < NEVER] for at in range(columns.fixed.size)}
        most = max(map(len, able.values()))
        best = min((at for at in able if len(able[at]) == most), key=lambda at: sent_for(asked, columns, able[at], at))
        chosen |= dict.fromkeys(able[best], best)
    return chosen


def lines_of(asked: Problem) -> range:
    return range(len(asked.lines))


def sent_for(asked: Problem, columns: Columns, lines: list[int], at: int) -> float:
    """What a parcel of some lines costs at a candidate."""
    grams = float(sum(asked.lines[k].weight_grams * asked.quantities[k] for k in lines))
    rate = parcel_rates(asked.offer, np.array([grams]), np.zeros(1))[0, columns.rate_lane[at]]
    return float(rate + columns.fixed[at] + columns.penalty[lines, at].sum())
