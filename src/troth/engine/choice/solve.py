"""The exact choice by subsets: every set of lines is priced as a whole at its cheapest candidate, then the lines are
partitioned.

g[S] is the cheapest single shipment of the set S; f[S] = min over T in S that hold S's lowest line of g[T] + f[S - T].
It is exact for any rate card because no parcel's price is taken apart. Among equal candidates the first column wins,
among equal partitions the one whose shipment of the lowest line holds most (numbered by subset).
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.transit import NEVER
from troth.engine.choice.prune import undominated
from troth.engine.choice.scoring import subset_costs
from troth.engine.choice.set_prices import add_shape_costs, count_held_sets, find_cheapest, price_sets
from troth.engine.choice.solve_parcels import find_contenders
from troth.engine.demand.problem import Columns, Parcel, Problem, Solution

SUBSET_LINES_MAX: Final = 12
"""Above this many lines the partition alone takes longer than an order may wait."""

_LOOPED_LINES_MAX: Final = 4
_CELLS_BEFORE_PRUNING: Final = 100_000
_SETS_BEFORE_PRUNING: Final = 120_000
_SETS_BEFORE_PRICES: Final = 2_000_000
_FEW: Final = 48
_EASE: Final = 1e-6


def solve_by_subsets(problem: Problem, columns: Columns) -> Solution | None:
    """The cheapest plan that sends every line whole, or None where there is none within the limit of shipments."""
    count = len(problem.lines)
    if columns.fixed.size << count <= _CELLS_BEFORE_PRUNING:
        costs = subset_costs(problem, columns)
        parts = partition(add_shape_costs(problem, costs.min(axis=1)), count, problem.shipments_max)
        if parts is None:
            return None
        ties = tuple(np.flatnonzero(costs[part] == costs[part].min()) for part in parts)
        return replace(_send(problem, parts, [int(columns[0]) for columns in ties]), ties=ties)
    cheapest, kept = _price_all(problem, columns)
    parts = partition(cheapest, count, problem.shipments_max)
    if parts is None:
        return None
    some = _pick(columns, kept)
    return _send(problem, parts, [int(kept[find_cheapest(problem, some, part)]) for part in parts])


def _send(problem: Problem, parts: list[int], columns: list[int]) -> Solution:
    """Each part of the lines from its column."""
    parcels = (
        Parcel(column, {line: units for line, units in enumerate(problem.quantities) if part >> line & 1})
        for part, column in zip(parts, columns, strict=True)
    )
    return Solution(tuple(parcels), "subset")


def _price_all(problem: Problem, columns: Columns) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The least cost of each set of lines, and the columns that were looked at: where there are many, those that can be
    in a cheapest plan.
    """
    count = len(problem.lines)
    if count_held_sets(columns) <= _SETS_BEFORE_PRUNING:
        return price_sets(problem, columns), np.arange(columns.fixed.size)
    kept = undominated(problem, columns)
    left = _pick(columns, kept)
    if min(count_held_sets(left), kept.size << count) <= _SETS_BEFORE_PRICES:
        return price_sets(problem, left), kept
    contenders = find_contenders(problem, columns, kept)
    if contenders is None:
        return price_sets(problem, left), kept
    kept = contenders.columns
    if kept.size > _FEW:
        nearest = np.sort(kept[np.argsort(contenders.waste, kind="stable")[:_FEW]])
        cheapest = price_sets(problem, _pick(columns, nearest))
        parts = partition(cheapest, count, problem.shipments_max)
        if parts is not None:
            waste_max = float(cheapest[parts].sum()) - contenders.cost_min + _EASE
            kept = kept[contenders.waste <= waste_max]
    return price_sets(problem, _pick(columns, kept)), kept


def _pick(columns: Columns, kept: NDArray[np.intp]) -> Columns:
    return Columns(columns.starts, columns.penalty.take(kept, axis=1), columns.fixed[kept], columns.rate_lane[kept])


def partition(cheapest: Sequence[float] | NDArray[np.float64], count: int, parts_max: int) -> list[int] | None:
    """The cheapest partition of all lines into at most `parts_max` subsets priced by `cheapest` (2^K), or None.

    >>> partition([0.0, 2.0, 2.0, 5.0], 2, 2)
    [1, 2]
    """
    prices = np.asarray(cheapest)
    if count > _LOOPED_LINES_MAX:
        parts = _partition_by_levels(prices, count)
    else:
        parts = _partition_looped(prices.tolist(), count)
    if parts is None or len(parts) <= parts_max:
        return parts
    return _partition_within(prices, count, parts_max)


def _partition_within(cheapest: NDArray[np.float64], count: int, parts_max: int) -> list[int] | None:
    """The cheapest partition into at most so many parts: one layer of prices for each part more."""
    full = (1 << count) - 1
    none = np.where(np.arange(full + 1) == 0, 0.0, NEVER)
    layers = [none, np.minimum(none, cheapest)]
    for _ in range(parts_max - 2):
        layers.append(np.minimum(layers[-1], _best_with_one_more(cheapest, layers[-1], count)))
    # Of the last layer only the whole is asked for.
    first = _first_part(cheapest, layers[parts_max - 1], full)
    if cheapest[first] + layers[parts_max - 1][full ^ first] >= NEVER:
        return None
    found, rest = [], full
    for used in range(parts_max, 0, -1):
        if rest == 0:
            break
        part = _first_part(cheapest, layers[used - 1], rest)
        found.append(part)
        rest ^= part
    return found


def _partition_looped(cheapest: Sequence[float], count: int) -> list[int] | None:
    """The same for few lines, in plain Python: eight array calls would take ten times as long as forty additions."""
    best, choice = [0.0], [0]
    for pairs in _pairs(count):
        value, part = NEVER, 0
        for first, rest in pairs:
            total = cheapest[first] + best[rest]
            if total < value:
                value, part = total, first
        best.append(value)
        choice.append(part)
    return _walk(choice, best, (1 << count) - 1)


def _walk(choice: list[int], best: list[float], rest: int) -> list[int] | None:
    if best[rest] >= NEVER:
        return None
    parts = []
    while rest:
        parts.append(choice[rest])
        rest ^= choice[rest]
    return parts


def _partition_by_levels(cheapest: NDArray[np.float64], count: int) -> list[int] | None:
    """All subsets of one size at a time, as arrays."""
    best = np.full(1 << count, NEVER)
    best[0] = 0.0
    for wholes, firsts, rests, starts in _levels(count):
        best[wholes] = np.minimum.reduceat(cheapest.take(firsts) + best.take(rests), starts)
    rest = (1 << count) - 1
    if best[rest] >= NEVER:
        return None
    parts = []
    while rest:
        parts.append(_first_part(cheapest, best, rest))
        rest ^= parts[-1]
    return parts


def _best_with_one_more(cheapest: NDArray[np.float64], best: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    more = np.full(1 << count, NEVER)
    for wholes, firsts, rests, starts in _levels(count):
        more[wholes] = np.minimum.reduceat(cheapest.take(firsts) + best.take(rests), starts)
    return more


def _first_part(cheapest: NDArray[np.float64], best: NDArray[np.float64], whole: int) -> int:
    parts = _parts_array(whole)
    return int(parts[(cheapest[parts] + best[whole ^ parts]).argmin()])


def _parts(whole: int) -> list[int]:
    """The subsets of a set that hold its lowest line, the largest number first.

    >>> _parts(0b110)
    [6, 2]
    """
    return [int(part) for part in _parts_array(whole)]


def _parts_array(whole: int) -> NDArray[np.intp]:
    low = whole & -whole
    parts = np.array([low], dtype=np.intp)
    others = whole ^ low
    while others:
        bit = 1 << (others.bit_length() - 1)
        others ^= bit
        parts = np.add.outer(parts, (bit, 0)).reshape(-1)
    return parts


@cache
def _pairs(count: int) -> tuple[tuple[tuple[int, int], ...], ...]:
    return tuple(tuple((part, whole ^ part) for part in _parts(whole)) for whole in range(1, 1 << count))


@lru_cache(maxsize=SUBSET_LINES_MAX + 1)
def _levels(
    count: int,
) -> tuple[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]], ...]:
    """For each size of set: the sets, and for all of them in a row the first parts, the rests, and where each set's
    parts begin.
    """
    levels = []
    for size in range(1, count + 1):
        wholes = [whole for whole in range(1 << count) if whole.bit_count() == size]
        firsts = np.array([part for whole in wholes for part in _parts(whole)], dtype=np.intp)
        repeated = np.repeat(np.array(wholes, dtype=np.intp), 1 << (size - 1))
        starts = np.arange(len(wholes), dtype=np.intp) << (size - 1)
        levels.append((np.array(wholes, dtype=np.intp), firsts, repeated ^ firsts, starts))
    return tuple(levels)
