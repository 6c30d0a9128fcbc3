"""The cheapest plan of two or three parcels of which all but one are listed: the lines that are left over are priced at
every candidate.

In a plan that wastes so much in all, at most one parcel wastes more than half of it. So half as much waste has to be
listed, which is far fewer parcels, and the one that wastes most needs no bound.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.transit import NEVER
from troth.engine.choice.cover_prices import Prices
from troth.engine.choice.parcel_join import find_parcel
from troth.engine.choice.parcel_search import ONE, Search, join_all
from troth.engine.choice.possible_parcels import Parcels, price_lines, price_parcels, whole_loads
from troth.engine.choice.scoring import parcel_rates
from troth.model.value import dataclass

_PAIRS_MAX: Final = 6_000_000
_PAIRS_AT_ONCE: Final = 1 << 18
_CELLS_AT_ONCE: Final = 1 << 17
_BARRED: Final = 1e7


@dataclass(frozen=True, slots=True, eq=False)
class _Begun:
    """Beginnings of plans (P): one parcel or two of those listed (`second` -1: none), the lines that are left over as
    bits of `rest`, and what the beginning costs and wastes.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    rest: NDArray[np.int64]
    cost: NDArray[np.float64]
    waste: NDArray[np.float64]

    def pick(self, at: NDArray[np.intp] | NDArray[np.bool_]) -> "_Begun":
        """Some of them."""
        return _Begun(self.first[at], self.second[at], self.rest[at], self.cost[at], self.waste[at])

    def parcels(self, at: int) -> list[int]:
        """The positions of the parcels of one of them."""
        return [place for place in (int(self.first[at]), int(self.second[at])) if place >= 0]


def complete_plans(
    search: Search,
    listed: Parcels,
    prices: Prices,
    bounds: NDArray[np.float64],
    *,
    number: int,
    spare: float,
    waste_max: float,
    cells_max: int,
) -> bool:
    """Keeps the cheapest plan of `number` parcels (2 or 3) that wastes no more than `spare` and of which all parcels
    but the one that wastes most are among those listed; whether all such plans were looked at.

    `listed` are ordered by their lines, and hold whatever wastes no more than `waste_max`; `bounds` (C) is what the
    parcels of each candidate waste at least. So many sets of lines that may be left over are looked at as `cells_max`
    allows at so many candidates.
    """
    full = (1 << search.count) - 1
    waste = listed.cost - price_lines(listed.lines, prices.line) - prices.parcel
    begun = _begin_with_two(listed, waste, spare, full) if number > 2 else _begin_with_one(listed, waste, full)
    if begun is None:
        return False
    last = find_parcel(listed.lines, begun.rest)
    is_listed = last >= 0
    whole = begun.pick(is_listed)
    if whole.rest.size:
        total = whole.cost + listed.cost[last[is_listed]]
        at = int(total.argmin())
        search.know(listed.pick(np.array([*whole.parcels(at), int(last[is_listed][at])])))
    open_ = begun.pick(~is_listed & (begun.waste <= spare - waste_max))
    return _price_rests(search, listed, _keep_cheapest(open_), bounds, spare, cells_max)


def _price_rests(
    search: Search, listed: Parcels, begun: _Begun, bounds: NDArray[np.float64], spare: float, cells_max: int
) -> bool:
    """Keeps the cheapest plan that these beginnings make with a last parcel from any candidate that may waste as
    little; whether all of them were looked at.
    """
    if not begun.rest.size:
        return True
    columns, order = search.columns, np.argsort(bounds, kind="stable")
    order = order[bounds[order] <= spare - begun.waste.min()]
    candidates, least = search.candidates[order], bounds[order]
    if not candidates.size:
        return True
    held = ((begun.rest[:, np.newaxis] >> np.arange(search.count)) & 1).astype(np.float64)
    weights, volumes = whole_loads(search.problem)
    penalty, fixed = columns.penalty.take(candidates, axis=1), columns.fixed[candidates]
    lane = columns.rate_lane[candidates]
    has_not = ((penalty >= NEVER) * (1 << np.arange(search.count))[:, np.newaxis]).sum(axis=0).astype(np.int32)
    penalty = np.minimum(penalty, _BARRED)
    rates = parcel_rates(search.problem.offer, held @ weights, held @ volumes)
    low = begun.cost + _bound_rests(held, rates, penalty, fixed, lane)
    near = np.flatnonzero(low <= search.cost - ONE)
    near = near[np.argsort(begun.waste[near], kind="stable")]
    open_to = least.searchsorted(spare - begun.waste[near], side="right")  # so many candidates, ever fewer
    near = near[open_to > 0]
    wanted, start = begun.rest[near].astype(np.int32), 0
    while start < near.size and cells_max > 0:
        number = int(open_to[start])
        end = start + max(1, _CELLS_AT_ONCE // number)
        cells_max -= (end - start) * number
        row, at = np.nonzero((wanted[start:end, np.newaxis] & has_not[:number]) == 0)
        some, start = near[start + row], end
        cost = np.einsum("pk,pk->p", held[some], penalty.T[at]) + rates[some, lane[at]] + fixed[at] + begun.cost[some]
        is_low = np.flatnonzero(cost <= search.cost - ONE)
        if not is_low.size:
            continue
        some, at = some[is_low], at[is_low]
        last = price_parcels(search.problem, columns, begun.rest[some], candidates[at])
        best = int((last.cost + begun.cost[some]).argmin())
        search.know(join_all([listed.pick(np.array(begun.parcels(int(some[best])))), last.pick(np.array([best]))]))
    return bool(start >= near.size)


def _bound_rests(
    held: NDArray[np.float64],
    rates: NDArray[np.float64],
    penalty: NDArray[np.float64],
    fixed: NDArray[np.float64],
    lane: NDArray[np.intp],
) -> NDArray[np.float64]:
    """What a parcel of each set of lines costs at least: by rate lane, from candidates that are each as good as any."""
    by_lane = np.argsort(lane, kind="stable")
    lanes, starts = np.unique(lane[by_lane], return_index=True)
    low = held @ np.minimum.reduceat(penalty[:, by_lane], starts, axis=1)
    low += np.minimum.reduceat(fixed[by_lane], starts) + rates.take(lanes, axis=1)
    least: NDArray[np.float64] = low.min(axis=1)
    return least


def _begin_with_one(listed: Parcels, waste: NDArray[np.float64], full: int) -> _Begun:
    at = np.flatnonzero(listed.lines != full)
    return _Begun(at, np.full(at.size, -1), full ^ listed.lines[at], listed.cost[at], waste[at])


def _begin_with_two(listed: Parcels, waste: NDArray[np.float64], spare: float, full: int) -> _Begun | None:
    """The pairs of parcels that hold no line twice, and after which there is waste left for a third that wastes no
    less than either.
    """
    order = np.argsort(waste, kind="stable")
    waste, lines, cost = waste[order], listed.lines[order], listed.cost[order]
    counts = np.searchsorted(waste, (spare - waste) / 2.0, side="right") - np.arange(waste.size) - 1
    counts = np.maximum(counts, 0)
    if counts.sum() > _PAIRS_MAX:
        return None
    none = np.zeros(0, dtype=np.intp)
    ends, found, start = np.cumsum(counts), [(none, none)], 0
    while start < waste.size:
        end = max(start + 1, int(ends.searchsorted(ends[start] - counts[start] + _PAIRS_AT_ONCE, side="right")))
        some = counts[start:end]
        first = np.repeat(np.arange(start, end), some)
        second = first + 1 + np.arange(first.size) - np.repeat(np.cumsum(some) - some, some)
        one, other = lines[first], lines[second]
        is_apart = ((one & other) == 0) & ((one | other) != full)
        found.append((first[is_apart], second[is_apart]))
        start = end
    first, second = np.concatenate([one for one, _other in found]), np.concatenate([other for _one, other in found])
    rest, wasted = full ^ lines[first] ^ lines[second], waste[first] + waste[second]
    return _Begun(order[first], order[second], rest, cost[first] + cost[second], wasted)


def _keep_cheapest(begun: _Begun) -> _Begun:
    """Of beginnings that leave the same lines the cheapest."""
    order = np.lexsort((begun.cost, begun.rest))
    rest = begun.rest[order]
    is_first = np.ones(rest.size, dtype=np.bool_)
    is_first[1:] = rest[1:] != rest[:-1]
    return begun.pick(order[is_first])
