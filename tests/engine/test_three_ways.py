"""Thousands of small orders, each planned by subsets, by parcels and by the mixed-integer model, and by trying all."""

import math

import numpy as np
import pytest

from tests.engine.brute_force import partitions
from tests.engine.problems import cost_of, random_problem
from troth.engine.carriage.rate_cards import billable_grams, parcel_rate_minor
from troth.engine.carriage.transit import NEVER
from troth.engine.choice.scoring import build_columns, split_columns
from troth.engine.choice.solve import solve_by_subsets
from troth.engine.choice.solve_milp import solve_mixed
from troth.engine.choice.solve_parcels import solve_by_parcels
from troth.engine.demand.problem import Columns, Problem

BATCHES = 20
PER_BATCH = 100


def best_of_all(asked: Problem, columns: Columns) -> float:
    """The least cost over all ways to divide the lines, each parcel at each candidate, in plain Python."""
    best = math.inf
    known: dict[tuple[int, ...], float] = {}
    for parts in partitions(list(range(len(asked.lines)))):
        if len(parts) <= asked.shipments_max:
            total = 0.0
            for part in map(tuple, parts):
                if part not in known:
                    known[part] = cheapest_parcel(asked, columns, part)
                total += known[part]
            best = min(best, total)
    return best


def cheapest_parcel(asked: Problem, columns: Columns, part: tuple[int, ...]) -> float:
    grams = sum(asked.lines[k].weight_grams * asked.quantities[k] for k in part)
    volume = sum(asked.lines[k].volume_cm3 * asked.quantities[k] for k in part)
    best = math.inf
    for column in range(columns.fixed.size):
        penalty = sum(columns.penalty.item(k, column) for k in part)
        if penalty < NEVER:
            position, zone = divmod(columns.rate_lane.item(column), asked.offer.zones)
            card = asked.offer.cards[position]
            billable = billable_grams(card, weight_grams=grams, volume_cm3=volume)
            best = min(best, columns.fixed.item(column) + penalty + parcel_rate_minor(card, zone=zone, grams=billable))
    return best


@pytest.mark.parametrize("batch", range(BATCHES))
def test_all_ways_to_plan_a_small_order_find_the_best_of_all(batch: int) -> None:
    for seed in range(batch * PER_BATCH, (batch + 1) * PER_BATCH):
        random = np.random.default_rng((1, seed))
        asked = random_problem(
            seed,
            lines=int(random.integers(1, 6)),
            nodes=int(random.integers(1, 6)),
            share=float(random.choice((0.4, 0.7, 1.0))),
            shipments_max=int(random.integers(1, 5)),
            has_volume=seed % 2 == 0,
        )
        columns = build_columns(asked)
        if not (columns.penalty < NEVER).any(axis=1).all():  # no node has all of a line
            continue
        best = best_of_all(asked, columns) - asked.policy.split_minor

        by_subsets, by_parcels = solve_by_subsets(asked, columns), solve_by_parcels(asked, columns)

        if math.isinf(best):
            assert (by_subsets, by_parcels) == (None, None), seed
            continue
        assert cost_of(asked, columns, by_subsets) == best, seed
        assert cost_of(asked, columns, by_parcels) == best, seed
        if seed % 8 == 0:
            mixed = solve_mixed(asked, columns, split_columns(asked))
            assert cost_of(asked, columns, mixed) == best, seed


@pytest.mark.parametrize("seed", range(40))
def test_more_stock_and_more_shipments_never_make_the_best_plan_dearer(seed: int) -> None:
    few, more = (random_problem(seed, lines=9, nodes=40, share=0.3, shipments_max=limit) for limit in (3, 5))
    columns = build_columns(few)
    dearer = np.random.default_rng(seed).random(columns.penalty.shape) < 0.2
    poorer = Columns(columns.starts, np.where(dearer, NEVER, columns.penalty), columns.fixed, columns.rate_lane)

    found = [solve_by_subsets(asked, given) for asked, given in ((few, poorer), (few, columns), (more, columns))]

    costs = [math.inf if one is None else cost_of(few, columns, one) for one in found]
    assert costs == sorted(costs, reverse=True)
