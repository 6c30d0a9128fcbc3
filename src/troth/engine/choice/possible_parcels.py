"""Possible parcels: which lines, from which candidate, at what cost."""

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.surcharges import add_parcel_charges
from troth.engine.choice.scoring import parcel_rates
from troth.engine.demand.problem import Columns, Problem
from troth.engine.demand.shape import set_costs
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Parcels:
    """Possible parcels (P): the lines each holds as bits of `lines`, its `column`, and its full `cost`."""

    lines: NDArray[np.int64]
    column: NDArray[np.intp]
    cost: NDArray[np.float64]

    def pick(self, at: NDArray[np.intp] | NDArray[np.bool_]) -> "Parcels":
        """Some of them."""
        return Parcels(self.lines[at], self.column[at], self.cost[at])


def price_parcels(problem: Problem, columns: Columns, lines: NDArray[np.int64], column: NDArray[np.intp]) -> Parcels:
    """The parcels of these sets of lines from these candidates, with what they cost."""
    count = len(problem.lines)
    if not lines.size:
        return Parcels(lines, column, np.zeros(0))
    held = ((lines[:, np.newaxis] >> np.arange(count)) & 1).astype(np.float64)
    cost = price_held(problem, columns, held, column)
    if problem.shape is not None:
        cost += set_costs(problem.shape, problem.quantities, lines)
    return Parcels(lines, column, cost)


def price_held(
    problem: Problem, columns: Columns, held: NDArray[np.float64], column: NDArray[np.intp]
) -> NDArray[np.float64]:
    """What parcels (P) cost that hold lines as a whole (P, K, 1 or 0), without what sets of lines cost for their shape;
    the lines may be more than a number has bits.
    """
    weights, volumes = whole_loads(problem)
    grams, rate_lane = held @ weights, columns.rate_lane[column]
    cost: NDArray[np.float64] = parcel_rates(problem.offer, grams, held @ volumes)[np.arange(column.size), rate_lane]
    if problem.terms is not None and problem.terms.charges is not None:
        add_parcel_charges(cost, problem.terms.charges.parcel, rate_lane=rate_lane, grams=grams, units=held.T)
    cost += columns.fixed[column] + np.where(held > 0.0, columns.penalty[:, column].T, 0.0).sum(axis=1)
    return cost


def whole_loads(problem: Problem) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What each line weighs (grams, K) and the room it takes (cm3, K) as a whole."""
    units = np.array(problem.quantities, dtype=np.float64)
    weights = np.array([line.weight_grams / line.scale for line in problem.lines], dtype=np.float64)
    volumes = np.array([line.volume_cm3 / line.scale for line in problem.lines], dtype=np.float64)
    return weights * units, volumes * units


def price_lines(lines: NDArray[np.int64], prices: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of the prices (K) of each set of lines."""
    held = ((lines[:, np.newaxis] >> np.arange(prices.size)) & 1).astype(np.float64)
    total: NDArray[np.float64] = held @ prices
    return total


def cheapest_of_each(found: Parcels) -> Parcels:
    """Of parcels with the same lines only the cheapest (of equals that of the first candidate), by their lines."""
    order = np.lexsort((found.column, found.cost, found.lines))
    lines = found.lines[order]
    is_first = np.ones(lines.size, dtype=np.bool_)
    is_first[1:] = lines[1:] != lines[:-1]
    chosen = order[is_first]
    return Parcels(found.lines[chosen], found.column[chosen], found.cost[chosen])
