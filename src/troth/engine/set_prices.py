"""What the cheapest shipment of each set of lines costs: every set at every column, or only the sets that a column has.

The first way is quicker where columns have nearly all lines, the second where they have few: a column that has j lines
is priced for 2^j sets, not for 2^K. Both find the same: the cheapest column, of equals the first.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.problem import Columns, Problem
from troth.engine.scoring import price_subsets, subset_costs
from troth.engine.shape import set_costs
from troth.engine.transit import NEVER

SetPrices = tuple[NDArray[np.float64], NDArray[np.intp]]
"""For each set of lines (2^K) the least cost, NEVER or more where no column has it, and its column."""

_CELLS_WORTH: Final = 3.0
"""A cell of the second way takes so much longer than one of the first."""


def count_held_sets(columns: Columns) -> float:
    """How many sets of lines all columns together could send."""
    return float(np.exp2((columns.penalty < NEVER).sum(axis=0)).sum())


def price_sets(problem: Problem, columns: Columns) -> SetPrices:
    """The cheapest of these columns for each set, with what the set costs because of its shape."""
    is_dense = count_held_sets(columns) * _CELLS_WORTH > columns.fixed.size << len(problem.lines)
    return price_all_sets(problem, columns) if is_dense else price_held_sets(problem, columns)


def price_all_sets(problem: Problem, columns: Columns) -> SetPrices:
    """The first way."""
    costs = subset_costs(problem, columns)
    chosen = costs.argmin(axis=1)
    return _shaped(problem, costs[np.arange(chosen.size), chosen]), chosen


def price_held_sets(problem: Problem, columns: Columns) -> SetPrices:
    """The second way."""
    count = len(problem.lines)
    rates = np.ascontiguousarray(price_subsets(problem).T).reshape(-1)
    cheapest, chosen = np.full(1 << count, NEVER), np.full(1 << count, columns.fixed.size)
    is_held = columns.penalty < NEVER
    size = is_held.sum(axis=0)
    found = []
    for held in np.unique(size[size > 0]).tolist():
        at = np.flatnonzero(size == held)
        lines = np.nonzero(is_held.take(at, axis=1).T)[1].reshape(at.size, held).T
        penalty = columns.penalty[lines, at]
        sets = np.empty((1 << held, at.size), dtype=np.intp)  # the rate lane in the bits above the set's
        costs = np.empty((1 << held, at.size))
        sets[0] = columns.rate_lane[at] << count
        costs[0] = columns.fixed[at]
        for place in range(held):
            half = 1 << place
            np.add(sets[:half], 1 << lines[place], out=sets[half : 2 * half])
            np.add(costs[:half], penalty[place], out=costs[half : 2 * half])
        costs += rates.take(sets)
        sets &= (1 << count) - 1
        found.append((at, sets[1:].reshape(-1), costs[1:].reshape(-1)))
    for _at, sets, costs in found:
        np.minimum.at(cheapest, sets, costs)
    for at, sets, costs in found:
        best = np.flatnonzero(costs == cheapest.take(sets))
        np.minimum.at(chosen, sets[best], at[best % at.size])
    return _shaped(problem, cheapest), chosen


def _shaped(problem: Problem, cheapest: NDArray[np.float64]) -> NDArray[np.float64]:
    if problem.shape is None:
        return cheapest
    return cheapest + set_costs(problem.shape, problem.quantities)
