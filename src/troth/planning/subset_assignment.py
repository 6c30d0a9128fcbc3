"""The cheapest assignment of every class of orders at given prices, for any rate card: the engine's subset method on
whole tables.

Where the price of a parcel is no sum of its lines' (brackets, rules, tiers), each subset of a class's lines has a cost
from each node, as the engine prices it. Prices of units are added, and the lines are partitioned: g[S] is the cheapest
single parcel of the subset S, f[S] the least of g[T] + f[S - T] over the T that hold S's lowest line.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from troth.model.value import dataclass
from troth.planning.assignment import Assignment


@dataclass(frozen=True, slots=True, eq=False)
class SubsetTable:
    """G classes of K lines: their positions (G), what each subset of lines costs as one parcel of each source (2^K, N,
    G; inf: not possible), and the pair (N, K, G) and units (K, G) that a line takes there. Bit k of a row is line k.
    """

    classes: NDArray[np.intp]
    costs: NDArray[np.float64]
    pairs: NDArray[np.intp]
    units: NDArray[np.float64]


def assign_by_subsets(tables: Sequence[SubsetTable], count: int, prices: NDArray[np.float64]) -> Assignment:
    """The cheapest assignment of each of `count` classes at prices (P; inf: sold out). The pair P stands for a source
    without stock and has no price. Each line comes whole from one source.
    """
    width = max((table.pairs.shape[1] for table in tables), default=1)
    units = np.zeros((count, width))
    found = Assignment(
        np.full(count, np.inf),
        np.full(count, np.inf),
        np.full((count, width), -1, dtype=np.intp),
        np.full((count, width), prices.size, dtype=np.intp),
        prices.size,
        units,
    )
    full = np.append(prices, 0.0)
    for table in tables:
        lines = table.pairs.shape[1]
        single = full[table.pairs] * table.units
        extra = np.zeros_like(table.costs)
        for line in range(lines):
            extra[1 << line : 2 << line] = extra[: 1 << line] + single[:, line]
        charged = table.costs + extra
        source = charged.argmin(axis=1)
        value, parts = _partition(np.take_along_axis(charged, source[:, np.newaxis], axis=1)[:, 0], lines)
        sources = np.full((lines, table.classes.size), -1, dtype=np.intp)
        at = np.arange(table.classes.size)
        for part in parts:
            sender = source[part, at]
            for line in range(lines):
                sources[line] = np.where(part >> line & 1, sender, sources[line])
        own = np.take_along_axis(table.pairs, sources[np.newaxis].clip(min=0), axis=0)[0]
        found.value[table.classes] = value
        found.cost[table.classes] = value - (full[own] * table.units).sum(axis=0)
        found.sources[table.classes, :lines] = sources.T
        found.pairs[table.classes, :lines] = own.T
        units[table.classes, :lines] = table.units.T
    return found


def _partition(cheapest: NDArray[np.float64], lines: int) -> tuple[NDArray[np.float64], list[NDArray[np.intp]]]:
    """The least cost (G) of a partition of all lines into subsets priced by `cheapest` (2^K, G), and its parts."""
    count = cheapest.shape[1]
    best = np.zeros_like(cheapest)
    choice = np.zeros(cheapest.shape, dtype=np.intp)
    for whole in range(1, 1 << lines):
        best[whole] = np.inf
        for part in _parts(whole):
            total = cheapest[part] + best[whole ^ part]
            is_better = total < best[whole]
            best[whole][is_better] = total[is_better]
            choice[whole][is_better] = part
    rest = np.full(count, (1 << lines) - 1, dtype=np.intp)
    chosen: list[NDArray[np.intp]] = []
    for _ in range(lines):
        chosen.append(choice[rest, np.arange(count)])
        rest = rest ^ chosen[-1]
    return best[-1], chosen


def _parts(whole: int) -> list[int]:
    """The subsets of a set that hold its lowest line, the largest number first.

    >>> _parts(0b110)
    [6, 2]
    """
    low = whole & -whole
    others = sub = whole ^ low
    found = []
    while True:
        found.append(sub | low)
        if sub == 0:
            return found
        sub = (sub - 1) & others
