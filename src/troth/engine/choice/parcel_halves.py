"""The best parcels of a candidate at given line prices, exactly: the lines are cut in two, all sets of each half are
summed, and each set of the first half meets the best set of the second that still fits.

*Source:* E. Horowitz and S. Sahni, "Computing partitions with applications to the knapsack problem", Journal of the
ACM 21 (1974).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.choice.parcel_bounds import Steps, Values, bound_steps
from troth.model.value import dataclass

HALVED_LINES_MAX: Final = 24
"""Above this many lines a half has more sets than an order may wait for."""

MEETINGS_MAX: Final = 1_500_000
_SUMS_AT_ONCE: Final = 1 << 15
_WORTHLESS: Final = -1e12
_EASE: Final = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Halves:
    """All sets of the first `first` lines, and those of the others by their grams.

    `fits` (B, sets of the first half) counts the sets of the second half that fit beside, up to each step's limit; the
    other measure of the same sets is None where there is only one.
    """

    first: int
    first_grams: NDArray[np.float64]
    second_grams: NDArray[np.float64]
    second_sets: NDArray[np.int64]
    fits: NDArray[np.intp]
    first_other: NDArray[np.float64] | None
    second_other: NDArray[np.float64] | None


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """What the sets of both halves are worth to some candidates (C, sets); `best` (C, sets + 1) is the most that any of
    the first so many sets of the second half is worth.
    """

    first: NDArray[np.float64]
    second: NDArray[np.float64]
    best: NDArray[np.float64]


def halve(steps: Steps) -> Halves:
    """The lines of these steps cut in two."""
    count = steps.grams.size
    first = count // 2
    first_grams = sum_sets(steps.grams[:first, np.newaxis])[0]
    second_grams = sum_sets(steps.grams[first:, np.newaxis])[0]
    order = np.argsort(second_grams, kind="stable")
    room = steps.limits[:, np.newaxis] - first_grams
    fits = np.searchsorted(second_grams[order], room, side="right")
    first_other = second_other = None
    if steps.other is not steps.grams:
        first_other = sum_sets(steps.other[:first, np.newaxis])[0]
        second_other = sum_sets(steps.other[first:, np.newaxis])[0][order]
    sets = order.astype(np.int64)
    return Halves(first, first_grams, second_grams[order], sets, fits, first_other, second_other)


def find_best(
    steps: Steps, halves: Halves, values: Values, *, limit: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The reduced cost (B, C) of each candidate's best parcel up to each step, and its lines as bits (0: not below the
    limit).

    The costs are exact where grams are what is billed, and bounds elsewhere.
    """
    cost = bound_steps(steps, values)
    lines = np.zeros(cost.shape, dtype=np.int64)
    for some in _chunks(halves, cost.shape[1]):
        start = some.start
        sums = _sum(halves, values, some)
        for step in np.flatnonzero((cost[:, some] < limit).any(axis=1)).tolist():
            at = np.flatnonzero(cost[step, some] < limit)
            fits = halves.fits[step]
            reached = sums.first[at] + sums.best[at[:, np.newaxis], fits]
            chosen = reached.argmax(axis=1)
            best = values.floor[step, start + at] - reached[np.arange(at.size), chosen]
            cost[step, start + at] = np.maximum(cost[step, start + at], best)
            lines[step, start + at] = chosen | (_find_second(halves, sums, at, fits[chosen]) << halves.first)
    return cost, lines


def meet(
    steps: Steps, halves: Halves, values: Values, *, limit: float, meetings_max: int = MEETINGS_MAX
) -> tuple[NDArray[np.int64], NDArray[np.intp]] | None:
    """The sets of lines, as bits, and the candidates (by position) of all parcels whose reduced cost may be at most the
    limit; None where too many sets of the two halves would meet.
    """
    found: list[tuple[NDArray[np.int64], NDArray[np.intp]]] = []
    met, rough = 0, bound_steps(steps, values)
    first_step = np.searchsorted(steps.limits, halves.first_grams, side="left")
    for some in _chunks(halves, values.floor.shape[1]):
        sums = _sum(halves, values, some)
        floor = values.floor[:, some] - limit - _EASE
        is_near = np.zeros(sums.first.shape, dtype=np.bool_)
        for step in np.flatnonzero((rough[:, some] <= limit + _EASE).any(axis=1)).tolist():
            at = np.flatnonzero(rough[step, some] <= limit + _EASE)
            reached = sums.first[at] + sums.best[at[:, np.newaxis], halves.fits[step]]
            is_near[at] |= reached >= floor[step, at][:, np.newaxis]
        near = np.flatnonzero(is_near.any(axis=1))
        row, first = np.nonzero(is_near[near])
        need = floor[first_step[first], near[row]] - sums.first[near[row], first]
        order = np.argsort(-sums.second[near], axis=1, kind="stable")
        counts = _count_worth(np.take_along_axis(sums.second[near], order, axis=1), row, need)
        met += int(counts.sum())
        if met > meetings_max:
            return None
        place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        row, first = np.repeat(row, counts), np.repeat(first, counts)
        second, at = order[row, place], near[row]
        grams = halves.first_grams[first] + halves.second_grams[second]
        if halves.first_other is not None and halves.second_other is not None:
            grams = np.maximum(grams, halves.first_other[first] + halves.second_other[second])
        step = np.minimum(np.searchsorted(steps.limits, grams, side="left"), steps.limits.size - 1)
        is_low = floor[step, at] <= sums.first[at, first] + sums.second[at, second]
        lines = first[is_low] | (halves.second_sets[second[is_low]] << halves.first)
        found.append((lines[lines != 0], at[is_low][lines != 0] + some.start))
    if not found:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.intp)
    return np.concatenate([lines for lines, _at in found]), np.concatenate([at for _lines, at in found])


def _chunks(halves: Halves, candidates: int) -> list[slice]:
    """The candidates in pieces whose sums stay near the processor."""
    step = max(8, _SUMS_AT_ONCE // halves.second_sets.size)
    return [slice(start, min(start + step, candidates)) for start in range(0, candidates, step)]


def _count_worth(worth: NDArray[np.float64], row: NDArray[np.intp], need: NDArray[np.float64]) -> NDArray[np.intp]:
    """How many of a row's falling worths are at least what is needed, for many pairs of row and need."""
    span = 1.0 + max(float(np.abs(need).max(initial=0.0)), float(worth.max(initial=0.0)))
    shift = 3.0 * span * np.arange(worth.shape[0])
    ascending = (shift[:, np.newaxis] - np.clip(worth, -span, span)).reshape(-1)
    counts: NDArray[np.intp] = np.searchsorted(ascending, shift[row] - need, side="right") - row * worth.shape[1]
    return counts


def _sum(halves: Halves, values: Values, some: slice) -> _Sums:
    value = np.maximum(values.value[:, some], _WORTHLESS)
    first = sum_sets(value[: halves.first])
    second = sum_sets(value[halves.first :]).take(halves.second_sets, axis=1)
    best = np.full((second.shape[0], second.shape[1] + 1), -np.inf)
    np.maximum.accumulate(second, axis=1, out=best[:, 1:])
    return _Sums(first, second, best)


def _find_second(halves: Halves, sums: _Sums, at: NDArray[np.intp], fits: NDArray[np.intp]) -> NDArray[np.int64]:
    """The set of the second half that is worth most among the first so many, for each of some candidates."""
    best = sums.best[at, 1:]
    target = sums.best[at, fits]
    found: NDArray[np.int64] = halves.second_sets[(best >= target[:, np.newaxis]).argmax(axis=1)]
    return found


def sum_sets(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of each set of lines for each candidate (C, 2^lines) of values (lines, C)."""
    count, candidates = value.shape
    sums = np.zeros((candidates, 1 << count))
    for line in range(count):
        np.add(sums[:, : 1 << line], value[line][:, np.newaxis], out=sums[:, 1 << line : 2 << line])
    return sums
