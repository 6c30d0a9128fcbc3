"""The cheapest plan of two parcels, exactly: which two candidates hold all lines, and which lines each of them sends.

Line prices say what a candidate's parcels waste at least; few pairs of candidates waste little enough between them, and
few of those hold every line. What one parcel weighs says what the other one does, so the two rates together are steps
of the first one's weight. Within one step the best choice of lines is found by halves: each set of the first half meets
the best of those sets of the second that put the weight into the step.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.transit import NEVER
from troth.engine.choice.parcel_bounds import Steps, step_of
from troth.engine.choice.parcel_halves import Halves, sum_sets
from troth.engine.choice.possible_parcels import Parcels, price_parcels
from troth.engine.demand.problem import Columns, Problem
from troth.model.value import dataclass

PAIRS_MAX: Final = 1_000_000
_ROWS_MAX: Final = 20_000
_ROWS_AT_ONCE: Final = 48
_LISTED_MAX: Final = 400_000
_MULTIPLIERS: Final = 5
_BARRED: Final = 1e7
"""Sending a line from a candidate that has it not counts so much: more than any plan, and sums of it are exact."""

_EASE: Final = 1e-6
_ONE: Final = 0.999


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Pairs of candidates (columns `a` and `b`, R) with a step of the weight of the first one's parcel: more than
    `above` and up to `most` grams, for which both together cost at least `bound`.
    """

    a: NDArray[np.intp]
    b: NDArray[np.intp]
    above: NDArray[np.float64]
    most: NDArray[np.float64]
    rate: NDArray[np.float64]
    bound: NDArray[np.float64]

    def pick(self, at: NDArray[np.intp] | NDArray[np.bool_]) -> "_Rows":
        """Some of them."""
        return _Rows(self.a[at], self.b[at], self.above[at], self.most[at], self.rate[at], self.bound[at])


def find_pair(
    problem: Problem,
    columns: Columns,
    steps: Steps,
    halves: Halves,
    pairs: tuple[NDArray[np.intp], NDArray[np.intp]],
    *,
    cost_max: float,
) -> tuple[Parcels | None, bool]:
    """The cheapest plan of two parcels from one of these pairs of columns that costs less than `cost_max`, None where
    there is none; and whether all were looked at.
    """
    rows = _find_rows(columns, steps, pairs, cost_max)
    if rows is None:
        return None, False
    best: Parcels | None = None
    is_all = True
    for start in range(0, rows.bound.size, _ROWS_AT_ONCE):
        some = rows.pick(np.arange(start, min(start + _ROWS_AT_ONCE, rows.bound.size)))
        some = some.pick(some.bound <= cost_max - _ONE)
        if not some.bound.size:
            break
        found, has_listed = _solve_rows(problem, columns, steps, halves, some, cost_max)
        is_all &= has_listed
        if found is not None:
            best, cost_max = found, float(found.cost.sum())
    return best, is_all


def pair_candidates(
    has: NDArray[np.int64], waste: NDArray[np.float64], *, spare: float, full: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """The positions of all pairs of candidates, a candidate with itself among them, that hold every line of `full`
    between them and waste no more than `spare` together; None where there are too many to look at.

    `has` (C) are the lines of each candidate as bits, `waste` (C) what its parcels waste at least, ascending.
    """
    counts = np.searchsorted(waste, spare - waste, side="right") - np.arange(waste.size)
    counts = np.maximum(counts, 0)
    if counts.sum() > PAIRS_MAX:
        return None
    first = np.repeat(np.arange(waste.size), counts)
    second = first + np.arange(first.size) - np.repeat(np.cumsum(counts) - counts, counts)
    at = np.flatnonzero((has[first] | has[second]) == full)
    return first[at], second[at]


def _find_rows(
    columns: Columns, steps: Steps, pairs: tuple[NDArray[np.intp], NDArray[np.intp]], cost_max: float
) -> _Rows | None:
    """The pairs and steps whose bound is below the known cost, the lowest first."""
    limits, both, lane_of = _pair_rates(columns, steps, pairs)
    a, b = pairs
    least = both.min(axis=0)
    penalty = np.minimum(columns.penalty, _BARRED)
    fixed = columns.fixed[a] + columns.fixed[b]
    goods = np.minimum(penalty.take(a, axis=1), penalty.take(b, axis=1)).sum(axis=0)
    lanes = lane_of[columns.rate_lane[a]], lane_of[columns.rate_lane[b]]
    near = np.flatnonzero(fixed + goods + least[lanes] <= cost_max - _ONE)
    a, b, base, lanes = a[near], b[near], (fixed + goods)[near], (lanes[0][near], lanes[1][near])
    grams = steps.grams
    own_a, own_b = columns.penalty.take(a, axis=1) >= NEVER, columns.penalty.take(b, axis=1) >= NEVER
    least_grams, most_grams = grams @ own_b, grams.sum() - grams @ own_a
    above = np.concatenate([[-1.0], limits[:-1]])
    bound = base + both[:, lanes[0], lanes[1]]
    is_open = (limits[:, np.newaxis] >= least_grams) & (above[:, np.newaxis] < most_grams) & (bound <= cost_max - _ONE)
    step, pair = np.nonzero(is_open)
    if step.size > _ROWS_MAX:
        return None
    rows = _Rows(
        a[pair], b[pair], above[step], limits[step], both[step, lanes[0][pair], lanes[1][pair]], bound[is_open]
    )
    rows = _tighten(columns, penalty, steps, rows)
    rows = rows.pick(rows.bound <= cost_max - _ONE)
    return rows.pick(np.argsort(rows.bound, kind="stable"))


def _pair_rates(
    columns: Columns, steps: Steps, pairs: tuple[NDArray[np.intp], NDArray[np.intp]]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """The steps of the first parcel's weight (J, their upper ends), what both parcels are billed at least in each
    (J, L, L) of the rate lanes in use, and the number of each rate lane among those.
    """
    total = float(steps.grams.sum())
    # Half a gram: a parcel that leaves exactly a bracket to the other one is in the cheaper step.
    ends = np.concatenate([steps.limits, total - steps.limits - 0.5, [total]])
    limits = np.unique(ends[(ends >= 0.0) & (ends <= total)])
    used = np.unique(columns.rate_lane[np.concatenate(pairs)])
    lane_of = np.zeros(steps.lowest.shape[1], dtype=np.intp)
    lane_of[used] = np.arange(used.size)
    own = steps.lowest[step_of(steps, limits)][:, used]
    other = steps.lowest[step_of(steps, total - limits)][:, used]
    return limits, own[:, :, np.newaxis] + other[:, np.newaxis, :], lane_of


def _tighten(columns: Columns, penalty: NDArray[np.float64], steps: Steps, rows: _Rows) -> _Rows:
    """The rows with better bounds: a line in a parcel that may be too heavy pays by the gram, and gets it back."""
    if not rows.bound.size:
        return rows
    a, b, grams = penalty.take(rows.a, axis=1), penalty.take(rows.b, axis=1), steps.grams[:, np.newaxis]
    apart = np.abs(a - b)
    worth = (apart / np.maximum(grams, 1.0))[(apart > 0.0) & (apart < _BARRED / 2.0)]
    if not worth.size:
        return rows
    base = columns.fixed[rows.a] + columns.fixed[rows.b] + rows.rate
    bound = rows.bound
    for price in np.quantile(worth, np.linspace(0.1, 0.9, _MULTIPLIERS)).tolist():
        for one, other, room in ((a, b, rows.most), (b, a, steps.grams.sum() - rows.above)):
            bound = np.maximum(bound, base + np.minimum(one + price * grams, other).sum(axis=0) - price * room)
    return _Rows(rows.a, rows.b, rows.above, rows.most, rows.rate, bound)


def _solve_rows(
    problem: Problem, columns: Columns, steps: Steps, halves: Halves, rows: _Rows, cost_max: float
) -> tuple[Parcels | None, bool]:
    """The cheapest plan of these rows that costs less than `cost_max`, and whether all were looked at."""
    a, b = (np.minimum(columns.penalty.take(at, axis=1), _BARRED) for at in (rows.a, rows.b))
    base = columns.fixed[rows.a] + columns.fixed[rows.b] + rows.rate + b.sum(axis=0)
    first = sum_sets((a - b)[: halves.first]) + base[:, np.newaxis]
    second = sum_sets((a - b)[halves.first :]).take(halves.second_sets, axis=1)
    low = halves.second_grams.searchsorted(rows.above[:, np.newaxis] - halves.first_grams - _EASE, side="right")
    high = halves.second_grams.searchsorted(rows.most[:, np.newaxis] - halves.first_grams + _EASE, side="right")
    least = first + _least_between(second, low, high)
    chosen = least.argmin(axis=1)
    value = least[np.arange(chosen.size), chosen]
    best: Parcels | None = None
    is_all = True
    for row in np.argsort(value, kind="stable").tolist():
        if value[row] > cost_max - _ONE:
            break
        spare = cost_max - _ONE - first[row]
        place = int(chosen[row])
        start, end = int(low[row, place]), int(high[row, place])
        lines = np.array([place | int(halves.second_sets[start + second[row, start:end].argmin()]) << halves.first])
        cost, plan = _price_both(problem, columns, rows, row, lines)
        if cost > value[row] + _EASE:  # billed by what else there is: all that seem better are priced
            near = np.flatnonzero(least[row] <= cost_max - _ONE)
            counts = high[row, near] - low[row, near]
            if counts.sum() > _LISTED_MAX:
                is_all = False
            else:
                one = np.repeat(near, counts)
                other = np.arange(one.size) - np.repeat(np.cumsum(counts) - counts - low[row, near], counts)
                is_low = second[row, other] <= spare[one]
                lines = one[is_low] | (halves.second_sets[other[is_low]] << halves.first)
                cost, plan = _price_both(problem, columns, rows, row, lines)
        if cost < cost_max - _EASE:
            best, cost_max = plan, cost
    return best, is_all


def _least_between(values: NDArray[np.float64], low: NDArray[np.intp], high: NDArray[np.intp]) -> NDArray[np.float64]:
    """The least of each row of values (R, V) from `low` up to but not with `high` (R, W); infinity of none."""
    layers = [values]
    width = 1
    while 2 * width <= values.shape[1]:
        last = layers[-1]
        further = last.copy()
        np.minimum(last[:, :-width], last[:, width:], out=further[:, :-width])
        layers.append(further)
        width *= 2
    count = high - low
    layer = np.log2(np.maximum(count, 1)).astype(np.intp)
    row = np.arange(values.shape[0])[:, np.newaxis]
    table = np.stack(layers)
    last_of = values.shape[1] - 1
    begin = table[layer, row, np.minimum(low, last_of)]
    end = table[layer, row, np.clip(high - (1 << layer), 0, last_of)]
    least: NDArray[np.float64] = np.where(count > 0, np.minimum(begin, end), np.inf)
    return least


def _price_both(
    problem: Problem, columns: Columns, rows: _Rows, row: int, lines: NDArray[np.int64]
) -> tuple[float, Parcels | None]:
    """The least that both parcels of a row really cost, of these sets of lines for the first one."""
    full = (1 << len(problem.lines)) - 1
    lines = lines[(lines > 0) & (lines < full)]
    if not lines.size:
        return np.inf, None
    ones = price_parcels(problem, columns, lines, np.full(lines.size, rows.a[row]))
    others = price_parcels(problem, columns, full ^ lines, np.full(lines.size, rows.b[row]))
    at = int((ones.cost + others.cost).argmin())
    both = [np.array([one[at], other[at]]) for one, other in zip(_fields(ones), _fields(others), strict=True)]
    return float(both[2].sum()), Parcels(both[0], both[1], both[2])


def _fields(parcels: Parcels) -> tuple[NDArray[np.int64], NDArray[np.intp], NDArray[np.float64]]:
    return parcels.lines, parcels.column, parcels.cost
