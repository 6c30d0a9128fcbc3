"""Ranks as money: an order of nodes that no saving outweighs, so that the exact solvers keep it.

Each line of a shipment pays its node's rank times a price that is above all the money that parcels of this demand can
cost, whatever they are. So the sum of the ranks is least first, and money decides between plans of equal ranks. Ranks
and prices are whole numbers: as long as their products stay below 2^53 nothing is rounded. The named parts of a
shipment's cost never hold it.
"""

import math
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.transit import NEVER
from troth.engine.choice.term_columns import fixed_costs
from troth.engine.demand.problem import Columns, Problem, SplitColumns

_MARGIN: Final = 16.0


def rank_columns(problem: Problem, columns: Columns) -> Columns:
    """The columns with the price of its rank on each line's penalty."""
    ranks = _ranks_of(problem)
    if ranks is None:
        return columns
    money = _largest(columns.penalty).sum() + len(problem.lines) * (_largest(columns.fixed).max() + rate_max(problem))
    penalty = columns.penalty + ranks * dominating(float(money))
    return replace(columns, penalty=penalty)


def rank_parts(problem: Problem, parts: SplitColumns) -> SplitColumns:
    """The same for columns that send lines in parts: each line of a parcel pays for the rank of its node."""
    ranks = _ranks_of(problem)
    if ranks is None:
        return parts
    units = sum(problem.quantities)
    dates = float(_largest(parts.dates).sum()) * min(problem.shipments_max, units)
    parcel = _fixed_max(problem) + rate_max(problem)
    money = dates + min(problem.shipments_max, units) * parcel + units * float(_largest(parts.unit).max())
    return replace(parts, dates=parts.dates + ranks * dominating(money))


def dominating(money: float) -> float:
    """A power of two above any difference that so much money can make.

    >>> dominating(1000.0)
    16384.0
    """
    return 2.0 ** math.ceil(math.log2(_MARGIN * max(1.0, money) + 1.0))


def _ranks_of(problem: Problem) -> NDArray[np.float64] | None:
    """The rank (K or 1, C) of each column's node."""
    if problem.ranks is None:
        return None
    ranks = problem.ranks
    parts = [np.tile(ranks[:, block.nodes], block.lane.shape[0]) for block in problem.blocks]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


def _largest(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest amount of each row, without what is not possible."""
    rows = np.abs(np.atleast_2d(values))
    found: NDArray[np.float64] = np.where(rows < NEVER, rows, 0.0).max(axis=1, initial=0.0)
    return found


def _fixed_max(problem: Problem) -> float:
    """No parcel of these lines costs more besides its rate and its lines."""
    terms = problem.terms
    if terms is None:
        return float(_largest(problem.network.shipment).max()) + abs(problem.policy.split_minor)
    return max(float(_largest(fixed_costs(problem, terms, block)).max()) for block in problem.blocks)


def rate_max(problem: Problem) -> float:
    """No parcel of these lines has a higher rate, with all surcharges that it could meet."""
    grams = sum(line.grams(units) for line, units in zip(problem.lines, problem.quantities, strict=True))
    volume = sum(line.volume(units) for line, units in zip(problem.lines, problem.quantities, strict=True))
    most = 0.0
    for group in problem.offer.groups:
        billable = max(grams, volume * 1000.0 / group.divisor if group.divisor > 0 else 0.0)
        kilograms = billable / 1000.0 + 1.0
        most = max(most, float(group.rates.max(initial=0.0)) + kilograms * float(group.over.max(initial=0.0)))
    if problem.terms is not None and problem.terms.charges is not None:
        most += sum(float(charge.minor.max(initial=0.0)) for charge in problem.terms.charges.parcel)
    return most
