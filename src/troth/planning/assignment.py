"""The cheapest assignment of every class of orders at given prices of units, exactly, for many classes at a time.

Where a parcel costs a fixed amount and so much a unit, the best partition of an order's lines is the best set of
sources, each line coming from the cheapest of the set. Sets are tried by their size, for all classes at once, until no
larger set can be cheaper: it would cost its fixed amounts and the cheapest source of every line, at the least.
"""

from functools import lru_cache
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.model.value import dataclass
from troth.planning.classes import OrderClasses
from troth.planning.totals import sum_by

_CHUNK: Final = 256  # classes at a time: their arrays stay in the cache of a core
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """For each class (C): its `value` with prices, its `cost` without; the source (C, K max; -1: no line) and the pair
    (C, K max) of each of its items, and how many `units` (C, K max) of it a line takes; None: one each.
    """

    value: NDArray[np.float64]
    cost: NDArray[np.float64]
    sources: NDArray[np.intp]
    pairs: NDArray[np.intp]
    pair_count: int
    units: NDArray[np.float64] | None = None

    def usage(self, demand: NDArray[np.float64], count: int) -> NDArray[np.float64]:
        """How many units of each pair (P) so much demand (C) takes; with a `count` of P + M, also how many parcels of
        each node.
        """
        taken = np.repeat(demand, self.pairs.shape[1])
        if self.units is not None:
            taken = taken * self.units.reshape(-1)
        units = sum_by(self.pairs.reshape(-1), taken, self.pair_count + 1)[: self.pair_count]
        if count == self.pair_count:
            return units
        parcels = [demand @ (self.sources == node).any(axis=1) for node in range(count - self.pair_count)]
        return np.concatenate([units, parcels])


def assign(classes: OrderClasses, prices: NDArray[np.float64]) -> Assignment:
    """The cheapest assignment of each class where a unit of a pair costs its price (P; inf: sold out) more, and, if the
    prices go on (P + M), a parcel of a node its own.

    A class that no source can serve has the value inf. Of equal sets of sources the smaller, then the first wins.
    """
    width = int(classes.sizes.max(initial=1))
    found = Assignment(
        np.full(classes.count, np.inf),
        np.full(classes.count, np.inf),
        np.full((classes.count, width), -1, dtype=np.intp),
        np.full((classes.count, width), classes.pair_count, dtype=np.intp),
        classes.pair_count,
    )
    full = np.append(prices[: classes.pair_count], 0.0)
    parcel = np.zeros(classes.fixed.shape[1])
    parcel[: prices.size - classes.pair_count] = prices[classes.pair_count :]
    for group in classes.groups:
        for start in range(0, group.classes.size, _CHUNK):
            part = slice(start, start + _CHUNK)
            pairs = group.pairs[:, :, part]
            fixed = group.fixed[:, part] + parcel[:, np.newaxis]
            best, sources = _cheapest_sets(group.unit[:, :, part] + full[pairs], fixed)
            rows, size = group.classes[part], sources.shape[0]
            at = np.take_along_axis(pairs, sources[np.newaxis], axis=0)[0]
            found.value[rows] = best
            found.cost[rows] = best - full[at].sum(axis=0)
            found.sources[rows, :size] = np.where(group.is_line[:, part], sources, -1).T
            found.pairs[rows, :size] = at.T
            if parcel.any():
                is_used = (found.sources[rows][:, :, np.newaxis] == np.arange(parcel.size)).any(axis=1)
                found.cost[rows] -= np.where(is_used, parcel, 0.0).sum(axis=1)
    return found


def _cheapest_sets(
    charged: NDArray[np.float64], fixed: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The least cost (G) and the source of each line (K, G) from the lines' costs (N, K, G) and fixed ones (N, G).

    A source without fixed cost is in every set.
    """
    count, lines, width = charged.shape
    is_free: NDArray[np.bool_] = np.all(fixed <= 0.0, axis=1)
    paid = np.flatnonzero(~is_free)
    free = charged[is_free].min(axis=0) if paid.size < count else np.full((lines, width), np.inf)
    base, own_fixed = np.minimum(charged[paid], free), fixed[paid]
    best = free.sum(axis=0)
    members = np.repeat(is_free[:, np.newaxis], width, axis=1)
    least = charged.min(axis=0).sum(axis=0)
    steps = np.sort(own_fixed, axis=0).cumsum(axis=0)
    rows, minima = np.arange(width), base
    for size in range(1, min(lines, paid.size) + 1):
        sets, parents, last = _sets(paid.size, size)
        if size > 1:
            minima = np.minimum(minima[parents], base[last])
        totals = minima.sum(axis=1) + own_fixed[sets].sum(axis=1)
        at = totals.argmin(axis=0)
        found = totals[at, np.arange(rows.size)]
        is_better = found < best[rows]
        better = rows[is_better]
        best[better] = found[is_better]
        members[np.ix_(paid, better)] = False
        members[paid[sets[at[is_better]]], better[:, np.newaxis]] = True
        if size == min(lines, paid.size):
            break
        goes_on = best[rows] > least[rows] + steps[size, rows] + _ROUNDING
        if not goes_on.any():
            break
        if not goes_on.all():
            rows, minima = rows[goes_on], minima[:, :, goes_on]
            base, own_fixed = base[:, :, goes_on], own_fixed[:, goes_on]
    return best, np.where(members[:, np.newaxis, :], charged, np.inf).argmin(axis=0)


@lru_cache(maxsize=256)
def _sets(count: int, size: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """All sets (S, size) of `count` sources, where each one without its last member is among those of one less, and
    that last member.
    """
    position = {one: at for at, one in enumerate(combinations(range(count), size - 1))}
    sets = list(combinations(range(count), size))
    return (
        np.array(sets, dtype=np.intp).reshape(-1, size),
        np.array([position[one[:-1]] for one in sets], dtype=np.intp),
        np.array([one[-1] for one in sets], dtype=np.intp),
    )
