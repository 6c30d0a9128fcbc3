"""A floor under the cost of every plan, so that a plan that was not proven the best is at least known to be near it.

Each line is charged the least that its units can cost: what they cost themselves, and their share by weight of the
cheapest parcel per gram that can be filled. A parcel of weight w costs at least w times the least price per gram, so
the shares of all lines together never exceed what the parcels of a plan cost.
"""

import math

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.transit import NEVER
from troth.engine.choice.possible_parcels import whole_loads
from troth.engine.demand.problem import Columns, Problem, Solution, SplitColumns


def find_gap(
    solution: Solution,
    goals: tuple[int, int, float],
    problem: Problem,
    columns: Columns,
    parts: SplitColumns,
    *,
    whole_floor: float = -math.inf,
) -> float:
    """The gap of a solution that comes to these goals (a share of its cost): its own, or what a floor proves, whichever
    is less; nan where it leaves units uncovered, or nothing is proven.

    No plan of whole lines counts less than `whole_floor`, which counts for a solution that splits none.
    """
    uncovered, split, cost = goals
    if uncovered or solution.gap == 0.0:
        return solution.gap
    floor = find_floor(problem, columns, parts)
    if split == 0 and whole_floor > -math.inf:
        floor = float(np.fmax(floor, whole_floor))
    if math.isnan(floor):
        return solution.gap
    by_floor = min(1.0, max(0.0, cost - floor) / max(cost, 1.0))
    return float(np.fmin(solution.gap, by_floor))


def find_floor(problem: Problem, columns: Columns, parts: SplitColumns) -> float:
    """No plan that covers all quantities, whole or in parts, counts less; nan where some cost is below zero, as shares
    would be no bound then.
    """
    can_send = (parts.available > 0.0) & (parts.dates < NEVER)
    weights, _volumes = whole_loads(problem)
    quantities = np.array(problem.quantities, dtype=np.float64)
    least, by_gram = _parcel_floors(problem, columns, float(weights.sum()))
    used = can_send.any(axis=0)
    if (least[used] < 0.0).any() or (parts.dates[can_send] < 0.0).any():
        return math.nan
    own = np.where(can_send, parts.dates + parts.unit * quantities[:, np.newaxis], np.inf)
    shared = own + weights[:, np.newaxis] * by_gram
    one_parcel = float(own.min(axis=1).sum()) + float(least[used].min(initial=np.inf))
    return max(one_parcel, float(shared.min(axis=1).sum()))


def share_costs(problem: Problem, columns: Columns) -> NDArray[np.float64]:
    """What each line (K) costs at least as a whole, with its share of a parcel: no parcel costs less than its lines."""
    weights, _volumes = whole_loads(problem)
    _least, by_gram = _parcel_floors(problem, columns, float(weights.sum()))
    shared: NDArray[np.float64] = (columns.penalty + weights[:, np.newaxis] * by_gram).min(axis=1)
    return shared


def _parcel_floors(problem: Problem, columns: Columns, grams: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each column (C) the least that a parcel of it costs, and the least by gram of any parcel up to a weight."""
    least = np.full(columns.fixed.size, np.inf)
    by_gram = np.zeros(columns.fixed.size)
    group_of = np.full(len(problem.offer.cards) * problem.offer.zones, -1)
    lane_at = np.zeros_like(group_of)
    for number, group in enumerate(problem.offer.groups):
        group_of[group.lanes] = number
        lane_at[group.lanes] = np.arange(group.lanes.size)
    for number, group in enumerate(problem.offer.groups):
        at = np.flatnonzero(group_of[columns.rate_lane] == number)
        if not at.size:
            continue
        lanes = lane_at[columns.rate_lane[at]]
        brackets = np.minimum(group.brackets, max(grams, 1.0))
        rates = group.rates.reshape(brackets.size, -1)[:, lanes] + columns.fixed[at]
        over = group.over.reshape(-1)[lanes]
        least[at] = rates.min(axis=0)
        by_gram[at] = (rates / brackets[:, np.newaxis]).min(axis=0)
        if grams > group.brackets[-1]:
            heaviest = rates[-1] + over * (grams - group.brackets[-1]) / 1000.0
            by_gram[at] = np.minimum(by_gram[at], heaviest / grams)
    return least, by_gram
