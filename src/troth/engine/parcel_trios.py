"""Which three candidates can be in a plan of three parcels that beats a known one.

Line prices say what a candidate's parcels waste at least. Of all trios that waste little enough between them and hold
every line, those stay that could send each line from where it costs least, at the least that any three weights are
billed together, for less than the plan known.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.parcel_bounds import Steps, step_of
from troth.engine.problem import Columns

TRIOS_MAX: Final = 1_500_000
_TRIOS_AT_ONCE: Final = 1 << 14
_BARRED: Final = 1e7
_ONE: Final = 0.999


def find_trios(
    columns: Columns,
    steps: Steps,
    candidates: NDArray[np.intp],
    waste: NDArray[np.float64],
    *,
    spare: float,
    cost_max: float,
) -> NDArray[np.intp] | None:
    """The trios (3, T) of candidates, by position and the most promising first, that can send a plan of three parcels
    for less than `cost_max`; None where there are too many to look at.

    `waste` (C) is what the parcels of each candidate waste at least, ascending; a trio may waste no more than `spare`.
    """
    trios = _list_trios(columns, candidates, waste, spare)
    if trios is None or not trios.size:
        return trios
    penalty = np.minimum(columns.penalty.take(candidates, axis=1), _BARRED)
    fixed, (lane, least) = columns.fixed[candidates], _trio_rates(columns, steps, candidates)
    kept = []
    for start in range(0, trios.shape[1], _TRIOS_AT_ONCE):
        a, b, c = some = trios[:, start : start + _TRIOS_AT_ONCE]
        cost = np.minimum(np.minimum(penalty[:, a], penalty[:, b]), penalty[:, c]).sum(axis=0)
        cost += fixed[a] + fixed[b] + fixed[c] + least[lane[a], lane[b], lane[c]]
        kept.append((some[:, cost <= cost_max - _ONE], cost[cost <= cost_max - _ONE]))
    order = np.argsort(np.concatenate([cost for _trios, cost in kept]), kind="stable")
    return np.concatenate([some for some, _cost in kept], axis=1)[:, order]


def _list_trios(
    columns: Columns, candidates: NDArray[np.intp], waste: NDArray[np.float64], spare: float
) -> NDArray[np.intp] | None:
    """The positions (3, trios) of all trios that waste no more than `spare` and hold every line between them."""
    bits = 1 << np.arange(columns.penalty.shape[0], dtype=np.int64)
    has = bits @ (columns.penalty.take(candidates, axis=1) < _BARRED)
    full = int(bits.sum())
    first, second = _grow(waste, np.arange(waste.size), (spare - waste) / 2.0)
    counts = _count(waste, second, spare - waste[first] - waste[second])
    if counts.sum() > TRIOS_MAX:
        return None
    held = has[first] | has[second]
    ends = np.cumsum(counts)
    found, start = [], 0
    while start < first.size:  # a part at a time, which stays near the processor
        end = max(start + 1, int(ends.searchsorted(ends[start] - counts[start] + _TRIOS_AT_ONCE, side="right")))
        some = counts[start:end]
        at = np.repeat(np.arange(start, end), some)
        third = second[at] + np.arange(at.size) - np.repeat(np.cumsum(some) - some, some)
        is_full = (held[at] | has[third]) == full
        found.append(np.stack([first[at[is_full]], second[at[is_full]], third[is_full]]))
        start = end
    return np.concatenate(found, axis=1) if found else np.zeros((3, 0), dtype=np.intp)


def _grow(
    waste: NDArray[np.float64], last: NDArray[np.intp], spare: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Each position with those from it on that waste no more than it has to spare."""
    counts = _count(waste, last, spare)
    before = np.repeat(np.arange(last.size), counts)
    return before, last[before] + np.arange(before.size) - np.repeat(np.cumsum(counts) - counts, counts)


def _count(waste: NDArray[np.float64], last: NDArray[np.intp], spare: NDArray[np.float64]) -> NDArray[np.intp]:
    counts: NDArray[np.intp] = np.maximum(np.searchsorted(waste, spare, side="right") - last, 0)
    return counts


def _trio_rates(
    columns: Columns, steps: Steps, candidates: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Each candidate's place among the rate lanes in use, and the least (L, L, L) that three parcels of these lanes are
    billed for all the goods.
    """
    total = float(steps.grams.sum())
    ends = np.concatenate([steps.limits, total - steps.limits - 0.5, [total]])
    limits = np.unique(ends[(ends >= 0.0) & (ends <= total)])
    used, lane = np.unique(columns.rate_lane[candidates], return_inverse=True)
    lowest = steps.lowest[:, used]
    third = lowest[step_of(steps, limits)]
    both = np.empty((limits.size, used.size, used.size))
    for at, rest in enumerate((total - limits).tolist()):
        some = np.append(limits[limits < rest], rest)
        one, other = lowest[step_of(steps, some)], lowest[step_of(steps, np.append(rest - some[:-1], 0.0))]
        both[at] = (one[:, :, np.newaxis] + other[:, np.newaxis, :]).min(axis=0)
    least = (both[:, :, :, np.newaxis] + third[:, np.newaxis, np.newaxis, :]).min(axis=0)
    return lane, least
