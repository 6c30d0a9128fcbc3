"""Plans as simple rules make them: each line from the nearest, or from where it is cheapest alone, and as few
parcels as possible. A quick plan is held against them, so that what is not proven is never worse than a rule.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.transit import NEVER
from troth.engine.choice.scoring import parcel_rates
from troth.engine.demand.problem import Columns, Parcel, Problem, Solution

LINES_MAX: Final = 1_000
"""Orders of more lines have the greedy plan alone."""


def solve_by_rules(problem: Problem, columns: Columns) -> Iterator[Solution]:
    """The plans of rules that send every line whole; none where a line must be split, where lines share what there is,
    or where something holds of sets of lines. What is too heavy for its service is left out.
    """
    is_plain = problem.shape is None and problem.kits is None and not problem.has_shared_sku
    if not is_plain or len(problem.lines) > LINES_MAX:
        return
    able = columns.penalty < NEVER
    if not able.any(axis=1).all():
        return
    grams, volumes = _loads(problem)
    chosen = [*_by_line(problem, columns, able, grams, volumes)]
    chosen += [_by_coverage(problem, columns, able, grams, volumes)]
    for one in chosen:
        if (
            np.unique(one).size <= problem.shipments_max
            and (one >= 0).all()
            and _is_light(problem, columns, one, grams)
        ):
            yield _joined(problem, one)


def _loads(problem: Problem) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What each line (K) weighs, in grams, and how much room it takes."""
    loads = list(zip(problem.lines, problem.quantities, strict=True))
    grams = np.array([line.grams(units) for line, units in loads], dtype=np.float64)
    return grams, np.array([line.volume(units) for line, units in loads], dtype=np.float64)


def _by_line(
    problem: Problem,
    columns: Columns,
    able: NDArray[np.bool_],
    grams: NDArray[np.float64],
    volumes: NDArray[np.float64],
) -> Iterator[NDArray[np.intp]]:
    """The candidate of each line (K): of the nearest zone, and where it is cheapest alone."""
    zone = (columns.rate_lane % problem.lanes.zones).astype(np.float64)
    alone = parcel_rates(problem.offer, grams, volumes)
    nearest, cheapest = np.empty(grams.size, dtype=np.intp), np.empty(grams.size, dtype=np.intp)
    for line in range(grams.size):
        cost = columns.penalty[line] + columns.fixed + alone[line][columns.rate_lane]
        cheapest[line] = cost.argmin()
        away = np.where(able[line], zone, np.inf)
        nearest[line] = np.where(away == away.min(), cost, np.inf).argmin()
    yield nearest
    yield cheapest


def _by_coverage(
    problem: Problem,
    columns: Columns,
    able: NDArray[np.bool_],
    grams: NDArray[np.float64],
    volumes: NDArray[np.float64],
) -> NDArray[np.intp]:
    """The candidate of each line (K): again and again one that has most of the lines that are left, of several the
    cheapest for them; -1 for what would go beyond the limit of shipments.
    """
    chosen = np.full(grams.size, -1, dtype=np.intp)
    costs = np.where(able, columns.penalty, 0.0)
    for _ in range(problem.shipments_max):
        left = np.flatnonzero(chosen < 0)
        if not left.size:
            break
        count = able[left].sum(axis=0)
        most = np.flatnonzero(count == count.max())
        there = able[np.ix_(left, most)]
        rates = parcel_rates(problem.offer, grams[left] @ there, volumes[left] @ there)
        cost = columns.fixed[most] + costs[np.ix_(left, most)].sum(axis=0)
        cost += rates[np.arange(most.size), columns.rate_lane[most]]
        best = most[cost.argmin()]
        chosen[left[able[left, best]]] = best
    return chosen


def _is_light(problem: Problem, columns: Columns, chosen: NDArray[np.intp], grams: NDArray[np.float64]) -> bool:
    """Whether no parcel is heavier than its service takes."""
    if problem.offer.grams_max is None:
        return True
    loads = np.bincount(chosen, grams, columns.fixed.size)
    return bool((loads <= problem.offer.grams_max[columns.rate_lane]).all())


def _joined(problem: Problem, chosen: NDArray[np.intp]) -> Solution:
    """The parcels of lines by the candidates that were chosen for them."""
    parcels: dict[int, dict[int, int]] = {}
    for line, column in enumerate(chosen.tolist()):
        parcels.setdefault(column, {})[line] = problem.quantities[line]
    return Solution(tuple(Parcel(column, units) for column, units in sorted(parcels.items())), "greedy", float("nan"))
