"""What the cheapest shipment of each set of lines costs: every set at every column, or only the sets that a column has.

The first way is quicker where columns have nearly all lines, the second where they have few: a column that has j lines
is priced for 2^j sets, not for 2^K. Both find the same. Which column it is, is asked of the few sets that are chosen.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.transit import NEVER
from troth.engine.choice.possible_parcels import price_parcels
from troth.engine.choice.scoring import price_subsets
from troth.engine.demand.problem import Columns, Problem
from troth.engine.demand.shape import set_costs

_CELLS_WORTH: Final = 3.0
"""A cell of the second way takes so much longer than one of the first."""

_CELLS_AT_ONCE: Final = 1 << 16
"""Pieces of this size stay near the processor."""


def count_held_sets(columns: Columns) -> float:
    """How many sets of lines all columns together could send."""
    return float(np.exp2((columns.penalty < NEVER).sum(axis=0)).sum())


def price_sets(problem: Problem, columns: Columns) -> NDArray[np.float64]:
    """The least cost of each set of lines (2^K) at these columns, with what the set costs because of its shape; NEVER
    or more where no column has it.
    """
    is_dense = count_held_sets(columns) * _CELLS_WORTH > columns.fixed.size << len(problem.lines)
    cheapest = price_all_sets(problem, columns) if is_dense else price_held_sets(problem, columns)
    return add_shape_costs(problem, cheapest)


def add_shape_costs(problem: Problem, cheapest: NDArray[np.float64]) -> NDArray[np.float64]:
    """The prices of all sets (2^K) with what they cost because of the demand's shape."""
    return cheapest if problem.shape is None else cheapest + set_costs(problem.shape, problem.quantities)


def price_all_sets(problem: Problem, columns: Columns) -> NDArray[np.float64]:
    """The first way, without shapes."""
    count = len(problem.lines)
    rates = np.ascontiguousarray(price_subsets(problem).T)
    cheapest = np.full(1 << count, np.inf)
    step = max(1, _CELLS_AT_ONCE >> count)
    for start in range(0, columns.fixed.size, step):
        some = slice(start, start + step)
        costs = np.empty((columns.fixed[some].size, 1 << count))
        costs[:, 0] = columns.fixed[some]
        for line in range(count):
            penalty = columns.penalty[line, some, np.newaxis]
            np.add(costs[:, : 1 << line], penalty, out=costs[:, 1 << line : 2 << line])
        costs += rates[columns.rate_lane[some]]
        np.minimum(cheapest, costs.min(axis=0), out=cheapest)
    return cheapest


def price_held_sets(problem: Problem, columns: Columns) -> NDArray[np.float64]:
    """The second way, without shapes."""
    count = len(problem.lines)
    rates = np.ascontiguousarray(price_subsets(problem).T).reshape(-1)
    cheapest = np.full(1 << count, NEVER)
    is_held = columns.penalty < NEVER
    size = is_held.sum(axis=0)
    by_lane = np.argsort(columns.rate_lane, kind="stable")  # the rates of one lane stay near the processor
    for held in np.unique(size[size > 0]).tolist():
        at = by_lane[size[by_lane] == held]
        step = max(1, _CELLS_AT_ONCE >> held)
        for start in range(0, at.size, step):
            _lower(cheapest, columns, rates, is_held, at[start : start + step], held)
    return cheapest


def _lower(
    cheapest: NDArray[np.float64],
    columns: Columns,
    rates: NDArray[np.float64],
    is_held: NDArray[np.bool_],
    at: NDArray[np.intp],
    held: int,
) -> None:
    """Lowers the prices of all sets (2^K) to what they cost at some columns that have so many lines each."""
    count = is_held.shape[0]
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
    np.minimum.at(cheapest, sets[1:].reshape(-1), costs[1:].reshape(-1))


def find_cheapest(problem: Problem, columns: Columns, lines: int) -> int:
    """The column that sends a set of lines, as bits, for least; of equals the first."""
    sets = np.full(columns.fixed.size, lines, dtype=np.int64)
    return int(price_parcels(problem, columns, sets, np.arange(columns.fixed.size)).cost.argmin())
