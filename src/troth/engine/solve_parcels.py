"""The exact choice for orders of many lines or many candidates: only parcels that can be in a cheapest plan are priced.

Line prices from the linear relaxation of set partitioning bound every parcel from below. What costs so much more than
the prices of its lines that no plan with it can beat the best plan known is left out. Plans of one parcel, of two, of
three and of more are looked at apart, each in the way that is quickest for them. Limits count branches and rounds, not
time. Where one of them stops the search, the best plan found is returned with the gap that is proven.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.cover_prices import Prices
from troth.engine.parcel_halves import HALVED_LINES_MAX
from troth.engine.parcel_moves import move_lines
from troth.engine.parcel_pairs import find_pair, pair_candidates
from troth.engine.parcel_prices import ROUNDS_MAX, find_prices, price_best, price_listed, widen_mix
from troth.engine.parcel_search import EASE, ONE, Search, begin_search, bound_candidates, join_listed, list_parcels
from troth.engine.parcel_trios import find_trios
from troth.engine.possible_parcels import Parcels, cheapest_of_each, price_parcels
from troth.engine.problem import Columns, Parcel, Problem, Solution
from troth.engine.prune import undominated
from troth.engine.transit import NEVER

PARCEL_LINES_MAX: Final = HALVED_LINES_MAX
"""Above this many lines a half of them has more sets than an order may wait for."""

_WASTE_MIN: Final = 0.01
_ABOVE_SHARE: Final = 0.02
"""Plans of two parcels are first looked for that cost so much of the known cost more than the mix."""

_MIXES_EASY: Final = 30
"""An order whose prices took more rounds than that is proven to a gap only, which is less than half a percent."""

_GAP_SPARED: Final = 0.004
_TRIOS_MAX: Final = 2_500
_TRIES: Final = 6
_MOVED: Final = 64
"""Lines are moved in the plans of so many trios."""


@dataclass(frozen=True, slots=True, eq=False)
class Contenders:
    """The columns (C, ascending) that can be in a cheapest plan: a plan with one of them costs at least `cost_min` and
    its `waste` (C).
    """

    columns: NDArray[np.intp]
    waste: NDArray[np.float64]
    cost_min: float


def solve_by_parcels(problem: Problem, columns: Columns) -> Solution | None:
    """The cheapest plan that sends every line whole, or the best one found with its gap; None where none was found."""
    search = begin_search(problem, columns, undominated(problem, columns))
    if search is None:
        return None
    most = min(problem.shipments_max, search.count)
    prices, bounds, low = find_prices(search, 1, most)
    join_listed(search, cheapest_of_each(search.pool), prices, most=most, low=low, waste_max=search.cost - low)
    bound = low if low <= search.cost - ONE else search.cost
    if bound < search.cost:
        bound = _prove_all(search, prices, bounds, most)
    if search.best is None:
        return None
    above = search.cost - bound
    gap = above / max(search.cost, 1.0) if above > ONE else 0.0
    return Solution(_as_parcels(search), "parcels", gap)


def find_contenders(problem: Problem, columns: Columns, kept: NDArray[np.intp]) -> Contenders | None:
    """Those of the columns `kept` that can be in a cheapest plan of whole lines; None where no such plan is known."""
    search = begin_search(problem, columns, kept)
    if search is None:
        return None
    most = min(problem.shipments_max, search.count)
    prices, bounds, low = find_prices(search, 1, most)
    join_listed(search, cheapest_of_each(search.pool), prices, most=most, low=low, waste_max=search.cost - low)
    if search.best is None:
        return None
    is_near = bounds <= search.cost - low + EASE
    return Contenders(search.candidates[is_near], bounds[is_near], low)


def _prove_all(search: Search, prices: Prices, bounds: NDArray[np.float64], most: int) -> float:
    """A bound on the cost of all plans, after the best of them is known: plans of one parcel, of two, of three and of
    more are looked at apart.
    """
    search.know(_find_single(search))
    order = np.argsort(bounds, kind="stable")
    near, waste = search.candidates[order], bounds[order]
    has_paired = most < 2 or _try_pairs(search, near, waste, prices)
    spared = _GAP_SPARED if search.mixes > _MIXES_EASY else 0.0
    bound = _prove_threes(search, near, waste, prices, spared) if most >= 3 else search.cost
    if not has_paired and not _try_pairs(search, near, waste, prices):
        bound = min(bound, _prove(search, 2, 2))
    if most >= 4:
        least = float(bounds.min())
        parcels = 4 if prices.parcel + least > 0.0 else most
        others = float(prices.line.sum()) + parcels * prices.parcel + (parcels - 1) * least
        cost_max = math.floor(search.cost * (1.0 - spared))
        some = search.narrow(search.candidates[bounds <= cost_max - others], cost_max)
        bound = min(bound, _prove(some, 4, most))
        search.know_of(some)
    return min(bound, search.cost)


def _try_pairs(search: Search, near: NDArray[np.intp], waste: NDArray[np.float64], prices: Prices) -> bool:
    """Finds the best plan of two parcels if it is better than the one known; whether all were looked at.

    First those that cost little more than the mix, then those of twice as much above it, and so on.
    """
    bits = 1 << np.arange(search.count, dtype=np.int64)
    has = bits @ (search.columns.penalty.take(near, axis=1) < NEVER)
    worth = float(prices.line.sum()) + 2.0 * prices.parcel
    above = max(_ABOVE_SHARE * search.cost, 1.0)
    while True:
        cost_max = min(search.cost, prices.total + above)
        pairs = pair_candidates(has, waste, spare=cost_max - worth, full=int(bits.sum()))
        if pairs is None:
            return False
        both = near[pairs[0]], near[pairs[1]]
        found, is_all = find_pair(search.problem, search.columns, search.steps, search.halves, both, cost_max=cost_max)
        search.know(found)
        if not is_all or search.cost <= cost_max:
            return is_all
        above *= 2.0


def _prove_threes(
    search: Search, near: NDArray[np.intp], waste: NDArray[np.float64], prices: Prices, spared: float
) -> float:
    """A bound on the cost of plans of three parcels, after the best of them is known; a plan that saves no more than
    the share `spared` of the cost is not looked for.

    Where there are too many trios for the plan known, some of them make a better one first.
    """
    share, is_known = 1.0, False
    for _ in range(_TRIES):
        goal = math.floor(search.cost * (1.0 - spared))
        cost_max = math.floor(prices.total + share * (goal - prices.total) + EASE)
        spare = cost_max - float(prices.line.sum()) - 3.0 * prices.parcel
        trios = find_trios(search.columns, search.steps, near, waste, spare=spare, cost_max=cost_max)
        if trios is None or (trios.shape[1] > _TRIOS_MAX and not is_known):
            share /= 2.0
            continue
        if trios.size and not is_known:
            search.know(move_lines(search.problem, search.columns, near[trios[:, :_MOVED]]))
            is_known, share = True, 1.0
            continue
        bound = _prove_trios(search, near, trios, cost_max) if trios.size else np.inf
        if bound < np.inf or min(goal, search.cost) <= cost_max:
            return min(bound, goal, search.cost)
        break
    return _prove(search, 3, 3)


def _prove_trios(search: Search, near: NDArray[np.intp], trios: NDArray[np.intp], cost_max: float) -> float:
    """A bound on the cost of the plans of these trios that cost less than `cost_max`, after the best of them is known;
    infinity where all of them are.
    """
    members, trios = np.unique(trios, return_inverse=True)
    trios = trios.reshape(3, -1)
    some = search.narrow(near[members], cost_max)
    some.cover.limit(3, 3)
    prices = some.cover.solve()
    for _ in range(ROUNDS_MAX):
        bounds = bound_candidates(some, some.candidates, prices)
        trios, some, bounds = _drop_trios(some, trios, prices, bounds)
        if not trios.size:
            return np.inf
        before = prices
        prices = widen_mix(some, some.candidates, prices, 2)
        if prices is before:
            goal = (some.cost - ONE + EASE - float(prices.line.sum())) / 3.0 - prices.parcel
            goal = min(goal, -EASE)
            found = price_best(some, some.candidates, prices, bounds, goal)
            trios, some, bounds = _drop_trios(some, trios, prices, bounds)
            if not trios.size:
                return np.inf
            if not found.cost.size:
                found = price_listed(some, some.candidates, prices, bounds, goal)
                trios, some, bounds = _drop_trios(some, trios, prices, bounds)
                if not trios.size:
                    return np.inf
            if not found.cost.size:
                break
            some.add(found)
            prices = some.cover.solve()
    bound = _prove(some, 3, 3)
    search.know_of(some)
    return bound if bound < some.cost else np.inf


def _drop_trios(
    some: Search, trios: NDArray[np.intp], prices: Prices, bounds: NDArray[np.float64]
) -> tuple[NDArray[np.intp], Search, NDArray[np.float64]]:
    """The trios that may still cost less than is known, the search among their candidates, and the bounds of these."""
    costs = float(prices.line.sum()) + 3.0 * prices.parcel + bounds[trios].sum(axis=0)
    trios = trios[:, costs <= some.cost - ONE]
    kept, trios = np.unique(trios, return_inverse=True)
    trios = trios.reshape(3, -1)
    if kept.size < some.candidates.size:
        some = replace(some, candidates=some.candidates[kept])
        bounds = bounds[kept]
    return trios, some, bounds


def _prove(search: Search, fewest: int, most: int) -> float:
    """A bound on the cost of plans with so many parcels, after the best of them is known."""
    prices, bounds, low = find_prices(search, fewest, most)
    if low > search.cost - ONE:
        return search.cost
    # First little waste, then twice as much, until all that a better plan may waste has been looked at.
    waste_max = min(search.cost - low, max(_WASTE_MIN * low, 1.0))
    proven = low
    while True:
        listed = list_parcels(search, search.candidates[bounds <= waste_max], prices, waste_max)
        if listed is None or not join_listed(search, listed, prices, most=most, low=low, waste_max=waste_max):
            return proven
        proven = min(search.cost, low + waste_max)
        if proven > search.cost - ONE:
            return search.cost
        waste_max = min(search.cost - low, 2.0 * waste_max)


def _find_single(search: Search) -> Parcels | None:
    """The cheapest parcel of all lines."""
    bits = 1 << np.arange(search.count, dtype=np.int64)
    has_all = np.flatnonzero((search.columns.penalty.take(search.candidates, axis=1) < NEVER).all(axis=0))
    if not has_all.size:
        return None
    lines = np.full(has_all.size, bits.sum())
    return cheapest_of_each(price_parcels(search.problem, search.columns, lines, search.candidates[has_all]))


def _as_parcels(search: Search) -> tuple[Parcel, ...]:
    parcels = []
    for at in search.best or ():
        lines = int(search.pool.lines[at])
        held = [line for line in range(search.count) if lines >> line & 1]
        parcels.append(Parcel(int(search.pool.column[at]), {line: search.problem.quantities[line] for line in held}))
    return tuple(parcels)
