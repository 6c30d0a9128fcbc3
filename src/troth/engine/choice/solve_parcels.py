"""The exact choice for orders of many lines or many candidates: only parcels that can be in a cheapest plan are priced.

Line prices from the linear relaxation of set partitioning bound every parcel from below. What costs so much more than
the prices of its lines that no plan with it can beat the best plan known is left out. Plans of one parcel, of two, of
three and of more are looked at apart, each in the way that is quickest for them. Limits count sets and rounds, not
time. Where one of them stops the search, the best plan found is returned with the gap that is proven.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.transit import NEVER
from troth.engine.choice.cover_prices import Prices
from troth.engine.choice.parcel_halves import HALVED_LINES_MAX
from troth.engine.choice.parcel_pairs import find_pair, pair_candidates
from troth.engine.choice.parcel_prices import find_prices, find_rough_prices
from troth.engine.choice.parcel_rest import complete_plans
from troth.engine.choice.parcel_search import EASE, ONE, Search, begin_search, join_listed, list_parcels
from troth.engine.choice.possible_parcels import Parcels, cheapest_of_each, price_parcels
from troth.engine.choice.prune import undominated
from troth.engine.demand.problem import Columns, Parcel, Problem, Solution
from troth.model.value import dataclass

PARCEL_LINES_MAX: Final = HALVED_LINES_MAX
"""Above this many lines a half of them has more sets than an order may wait for."""

_WASTE_MIN: Final = 0.01
_ABOVE_SHARE: Final = 0.02
"""Plans of two parcels are first looked for that cost so much of the known cost more than the mix."""

_MIXES_EASY: Final = 40
"""An order whose prices took more rounds than that is proven to a gap only, which is less than half a percent."""

_GAP_SPARED: Final = 0.004
_CELLS_FIRST: Final = 2_000_000
_CELLS_MAX: Final = 50_000_000
"""So many sets of lines times candidates are looked at for a last parcel: while a good plan is looked for, and to prove
the best.
"""


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
    bound = _prove_all(search, most)
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


def _prove_all(search: Search, most: int) -> float:
    """A bound on the cost of all plans, after the best of them is known: plans of one parcel, of two, of three and of
    more are looked at apart.

    Rough prices are enough for pairs; the exact ones are those for three parcels and more.
    """
    prices, bounds = find_rough_prices(search, most)
    join_listed(search, cheapest_of_each(search.pool), prices, most=most, low=0.0, waste_max=np.inf)
    search.know(_find_single(search))
    has_paired = most < 2 or _try_pairs(search, bounds, prices)
    bound = np.inf
    if most >= 3:
        prices, bounds, low = find_prices(search, 3, most)
        spared = _GAP_SPARED if search.mixes > _MIXES_EASY else 0.0
        if low <= search.cost - ONE:
            bound = _prove_few(search, prices, bounds, 3, spared)
            bound = min(bound, _prove_more(search, prices, bounds, spared, most))
    if not has_paired and not _try_pairs(search, bounds, prices):
        prices, bounds, _low = find_prices(search, 2, 2)
        bound = min(bound, _prove_few(search, prices, bounds, 2, 0.0))
    return min(bound, search.cost)


def _prove_more(search: Search, prices: Prices, bounds: NDArray[np.float64], spared: float, most: int) -> float:
    """A bound on the cost of plans of four parcels and more, after the best of them is known."""
    if most < 4:
        return search.cost
    least = float(bounds.min())
    parcels = 4 if prices.parcel + least > 0.0 else most
    others = float(prices.line.sum()) + parcels * prices.parcel + (parcels - 1) * least
    cost_max = math.floor(search.cost * (1.0 - spared))
    some = search.narrow(search.candidates[bounds <= cost_max - others], cost_max)
    bound = _prove(some, 4, most)
    search.know_of(some)
    return bound


def _try_pairs(search: Search, bounds: NDArray[np.float64], prices: Prices) -> bool:
    """Finds the best plan of two parcels if it is better than the one known; whether all were looked at.

    First those that cost little more than the mix, then those of twice as much above it, and so on.
    """
    order = np.argsort(bounds, kind="stable")
    near, waste = search.candidates[order], bounds[order]
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


def _prove_few(search: Search, prices: Prices, bounds: NDArray[np.float64], number: int, spared: float) -> float:
    """A bound on the cost of plans of two or of three parcels, after the best of them is known; a plan that saves no
    more than the share `spared` of the cost is not looked for.

    Parcels that waste little are listed first, then those that waste twice as much: all but one of a plan waste no more
    than half of what it wastes in all.
    """
    worth, least = float(prices.line.sum()) + number * prices.parcel, min(float(bounds.min()), 0.0)
    waste_max, cells_max, proven = max(_WASTE_MIN * worth / 2.0, 1.0), _CELLS_FIRST, worth + number * least
    while True:
        goal = math.floor(search.cost * (1.0 - spared))
        spare = goal - ONE - worth
        half = (spare - least) / 2.0
        waste_max = min(waste_max, half)
        listed = list_parcels(search, search.candidates[bounds <= waste_max], prices, waste_max)
        if listed is None:
            return proven
        is_all = complete_plans(
            search, listed, prices, bounds, number=number, spare=spare, waste_max=waste_max, cells_max=cells_max
        )
        goal = math.floor(search.cost * (1.0 - spared))
        if is_all and waste_max >= (goal - ONE - worth - least) / 2.0:
            return min(search.cost, goal)
        if cells_max == _CELLS_MAX:
            return proven
        if is_all:
            proven = min(search.cost, goal, worth + 2.0 * waste_max + least)
        half = (goal - ONE - worth - least) / 2.0
        waste_max *= 2.0
        if 1.5 * waste_max >= half:
            waste_max, cells_max = half, _CELLS_MAX


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
