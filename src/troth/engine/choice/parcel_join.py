"""The cheapest plan out of listed parcels: sets of lines that are disjoint and together hold every line.

Each parcel wastes what it costs above the prices of its lines. A plan grows by a parcel that holds its first open line;
what wastes more than a plan may is dropped, and of two beginnings that hold the same lines with as many parcels only
the better goes on. So the plan found is the cheapest of all that stay within the waste allowed.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.choice.possible_parcels import Parcels

PAIRS_MAX: Final = 4_000_000
_EASE: Final = 1e-6


def join_parcels(
    parcels: Parcels,
    waste: NDArray[np.float64],
    *,
    count: int,
    most: int,
    waste_max: float,
    cost_max: float,
    cost_min: float,
    pairs_max: int = PAIRS_MAX,
) -> tuple[list[int] | None, bool]:
    """The positions of the parcels of the cheapest plan (None: there is none that costs less than `cost_max` within
    `waste_max`), and whether all were tried.

    `parcels` are ordered by their lines, each set once; `waste` (P) is never negative, and a plan costs at least
    `cost_min` and its waste.
    """
    full = (1 << count) - 1
    buckets = _by_first_line(parcels.lines, waste)
    held, wasted, cost = np.zeros(1, dtype=np.int64), np.zeros(1), np.zeros(1)
    layers: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
    best: list[int] | None = None
    pairs = 0
    for used in range(1, most + 1):
        last = find_parcel(parcels.lines, full ^ held)
        whole = np.flatnonzero(last >= 0)
        if whole.size:
            total = cost[whole] + parcels.cost[last[whole]]
            at = int(total.argmin())
            if total[at] < cost_max - _EASE and wasted[whole[at]] + waste[last[whole[at]]] <= waste_max + _EASE:
                cost_max = float(total[at])
                waste_max = min(waste_max, cost_max - cost_min)
                best = [*_walk(layers, int(whole[at])), int(last[whole[at]])]
        if used == most:
            break
        open_bit = ~held & (held + 1)  # the first line that is not held
        before, chosen = [], []
        for bit in np.unique(open_bit).tolist():
            bucket = buckets.get(bit)
            if bucket is None:
                continue
            states = np.flatnonzero(open_bit == bit)
            counts = np.searchsorted(waste[bucket], waste_max + _EASE - wasted[states], side="right")
            pairs += int(counts.sum())
            if pairs > pairs_max:
                return best, False
            state = np.repeat(states, counts)
            parcel = bucket[np.arange(state.size) - np.repeat(np.cumsum(counts) - counts, counts)]
            is_apart = (held[state] & parcels.lines[parcel]) == 0
            before.append(state[is_apart])
            chosen.append(parcel[is_apart])
        if not before:
            break
        state, parcel = np.concatenate(before), np.concatenate(chosen)
        held, wasted, cost = (
            held[state] | parcels.lines[parcel],
            wasted[state] + waste[parcel],
            cost[state] + parcels.cost[parcel],
        )
        kept = _best_of_each(held, wasted, parcel)
        kept = kept[held[kept] != full]
        layers.append((state[kept], parcel[kept]))
        held, wasted, cost = held[kept], wasted[kept], cost[kept]
    return best, True


def _by_first_line(lines: NDArray[np.int64], waste: NDArray[np.float64]) -> dict[int, NDArray[np.intp]]:
    """The positions of the parcels by the bit of their first line, the least waste first."""
    first_line = lines & -lines
    buckets = {}
    for bit in np.unique(first_line).tolist():
        at = np.flatnonzero(first_line == bit)
        buckets[bit] = at[np.argsort(waste[at], kind="stable")]
    return buckets


def find_parcel(lines: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.intp]:
    """Where each wanted set of lines is among the sorted ones, -1 where it is not."""
    if not lines.size:
        return np.full(wanted.size, -1, dtype=np.intp)
    at = np.minimum(np.searchsorted(lines, wanted), lines.size - 1)
    return np.where(lines[at] == wanted, at, -1)


def _best_of_each(held: NDArray[np.int64], wasted: NDArray[np.float64], parcel: NDArray[np.intp]) -> NDArray[np.intp]:
    order = np.lexsort((parcel, wasted, held))
    is_first = np.ones(order.size, dtype=np.bool_)
    is_first[1:] = held[order][1:] != held[order][:-1]
    return order[is_first]


def _walk(layers: list[tuple[NDArray[np.intp], NDArray[np.intp]]], at: int) -> list[int]:
    found = []
    for state, parcel in reversed(layers):
        found.append(int(parcel[at]))
        at = int(state[at])
    return found[::-1]
