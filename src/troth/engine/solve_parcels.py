"""The exact choice for orders of many lines or many candidates: only parcels that can be in a cheapest plan are priced.

Line prices from the linear relaxation of set partitioning bound every parcel from below. What costs so much more than
the prices of its lines that no plan with it can beat the best plan known is left out; the rest are listed and joined.
Limits count branches and rounds, not time. Where one of them stops the search, the best plan found is returned with the
gap that is proven.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.cover_prices import Cover, Prices
from troth.engine.parcel_bounds import Steps, bound_parcels, fill_steps, find_steps, find_values
from troth.engine.parcel_halves import HALVED_LINES_MAX, Halves, find_best, halve, meet
from troth.engine.parcel_join import join_parcels
from troth.engine.possible_parcels import Parcels, cheapest_of_each, price_lines, price_parcels, whole_loads
from troth.engine.problem import Columns, Parcel, Problem, Solution
from troth.engine.prune import undominated
from troth.engine.scoring import parcel_rates
from troth.engine.transit import NEVER

PARCEL_LINES_MAX: Final = HALVED_LINES_MAX
"""Above this many lines a half of them has more sets than an order may wait for."""

_ROUNDS_MAX: Final = 60
_LOOKED_AT: Final = 64
_NEAR: Final = 400
_ADDED: Final = 48
_WASTE_MIN: Final = 0.01
_FIRST_SHARES: Final = (0.005, 0.01, 0.02, 0.04)
_SETS_MAX: Final = 1_500_000
"""So many sets of lines may be listed for one order."""

_EASE: Final = 1e-6
_COST_MAX: Final = 1e9
_ONE: Final = 0.999
"""Costs are whole numbers: a plan that is better is better by one."""


@dataclass(frozen=True, slots=True, eq=False)
class Contenders:
    """The columns (C, ascending) that can be in a cheapest plan: a plan with one of them costs at least `cost_min` and
    its `waste` (C).
    """

    columns: NDArray[np.intp]
    waste: NDArray[np.float64]
    cost_min: float


@dataclass(slots=True)
class _Search:
    """What is known so far: parcels, the linear program over them, and the best plan (positions of parcels)."""

    problem: Problem
    columns: Columns
    steps: Steps
    coarse: Steps
    pool: Parcels
    cover: Cover
    best: list[int] | None
    cost: float
    candidates: NDArray[np.intp]
    halves: Halves
    sets_left: int = _SETS_MAX

    @property
    def count(self) -> int:
        return len(self.problem.lines)

    def add(self, parcels: Parcels) -> None:
        self.cover.add(parcels)
        self.pool = _join_all([self.pool, parcels])


def solve_by_parcels(problem: Problem, columns: Columns) -> Solution | None:
    """The cheapest plan that sends every line whole, or the best one found with its gap; None where none was found."""
    search = _begin(problem, columns, undominated(problem, columns))
    if search is None:
        return None
    most = min(problem.shipments_max, search.count)
    prices, bounds, low = _price(search, 1, most)
    _join(search, cheapest_of_each(search.pool), prices, most=most, low=low, waste_max=search.cost - low)
    for share in _FIRST_SHARES:  # a better plan now spares most of the work of proving
        waste_max = min(search.cost - low, share * low)
        listed = _list_parcels(search, search.candidates[bounds <= waste_max], prices, waste_max)
        if listed is None or not _join(search, listed, prices, most=most, low=low, waste_max=waste_max):
            break
    search.candidates = search.candidates[bounds <= search.cost - low]
    bound = low
    if low <= search.cost - _ONE:
        bound = np.inf
        used = most if search.best is None else len(search.best)
        for fewest, utmost in ((used, used), (1, used - 1), (used + 1, most)):
            if fewest <= utmost:
                bound = min(bound, _prove(search, fewest, utmost))
    if search.best is None:
        return None
    above = search.cost - bound
    gap = above / max(search.cost, 1.0) if above > _ONE else 0.0
    return Solution(_as_parcels(search), "parcels", gap)


def find_contenders(problem: Problem, columns: Columns, kept: NDArray[np.intp]) -> Contenders | None:
    """Those of the columns `kept` that can be in a cheapest plan of whole lines; None where no such plan is known."""
    search = _begin(problem, columns, kept)
    if search is None:
        return None
    most = min(problem.shipments_max, search.count)
    prices, bounds, low = _price(search, 1, most)
    _join(search, cheapest_of_each(search.pool), prices, most=most, low=low, waste_max=search.cost - low)
    if search.best is None:
        return None
    is_near = bounds <= search.cost - low + _EASE
    return Contenders(search.candidates[is_near], bounds[is_near], low)


def _prove(search: _Search, fewest: int, most: int) -> float:
    """A bound on the cost of plans with so many parcels, after the best of them is known."""
    prices, bounds, low = _price(search, fewest, most)
    if low > search.cost - _ONE:
        return search.cost
    # First little waste, then twice as much, until all that a better plan may waste has been looked at.
    waste_max = min(search.cost - low, max(_WASTE_MIN * low, 1.0))
    proven = low
    while True:
        listed = _list_parcels(search, search.candidates[bounds <= waste_max], prices, waste_max)
        if listed is None or not _join(search, listed, prices, most=most, low=low, waste_max=waste_max):
            return proven
        proven = min(search.cost, low + waste_max)
        if proven > search.cost - _ONE:
            return search.cost
        waste_max = min(search.cost - low, 2.0 * waste_max)


def _price(search: _Search, fewest: int, most: int) -> tuple[Prices, NDArray[np.float64], float]:
    """Prices for plans with so many parcels, a bound on each candidate's parcels at them, and one on these plans.

    Most rounds look at the candidates that are near to being worth their price; only the last ones look at all.
    """
    search.cover.limit(fewest, most)
    prices = search.cover.solve()
    bounds = _bound(search, search.candidates, prices)
    near = np.sort(np.argsort(bounds, kind="stable")[:_NEAR])
    for _ in range(_ROUNDS_MAX):
        if prices.total + most * float(bounds.min(initial=0.0)) > search.cost - _ONE:
            break
        before = prices
        prices = _widen(search, search.candidates[near], prices)
        if prices is before:
            bounds = _bound(search, search.candidates, prices)
            outside = np.setdiff1d(np.flatnonzero(bounds < -_EASE), near)
            near = np.union1d(near, outside[np.argsort(bounds[outside], kind="stable")[:_NEAR]])
            found = _price_exactly(search, prices, bounds)
            if not found.cost.size and not outside.size:
                break
            if found.cost.size:
                search.add(found)
                prices = search.cover.solve()
    else:
        bounds = _bound(search, search.candidates, prices)
    return prices, bounds, prices.total + most * float(bounds.min(initial=0.0))


def _bound(search: _Search, candidates: NDArray[np.intp], prices: Prices) -> NDArray[np.float64]:
    values = find_values(search.coarse, search.columns, prices.line, candidates)
    return bound_parcels(search.coarse, values) - prices.parcel


def _price_exactly(search: _Search, prices: Prices, bounds: NDArray[np.float64]) -> Parcels:
    """The best parcels that cost less than their prices, of a few candidates at a time; the bounds of those that have
    none are raised to what their best one costs.
    """
    order = np.argsort(bounds, kind="stable")
    order = order[bounds[order] < -_EASE]
    for start in range(0, order.size, _LOOKED_AT):
        some = order[start : start + _LOOKED_AT]
        candidates = search.candidates[some]
        values = find_values(search.steps, search.columns, prices.line, candidates)
        reduced, lines = find_best(search.steps, search.halves, values, limit=prices.parcel - _EASE)
        bounds[some] = np.maximum(bounds[some], reduced.min(axis=0) - prices.parcel)
        is_low = (reduced < prices.parcel - _EASE) & (lines != 0)
        column = np.broadcast_to(candidates, lines.shape)[is_low]
        found = cheapest_of_each(price_parcels(search.problem, search.columns, lines[is_low], column))
        found = _lowest(found, prices)
        if not found.cost.size and is_low.any():
            # What seemed best weighs more by volume, or pays what others do not: then all that seems good is priced.
            seeming = some[bounds[some] < -_EASE]
            listed = _list_parcels(search, search.candidates[seeming], prices, -_EASE)
            if listed is None:
                continue
            found = _lowest(listed, prices)
            if not found.cost.size:
                bounds[seeming] = 0.0
        if found.cost.size:
            return found
    return search.pool.pick(np.zeros(0, dtype=np.intp))


def _list_parcels(search: _Search, candidates: NDArray[np.intp], prices: Prices, spare: float) -> Parcels | None:
    """The parcels of these candidates that waste no more than `spare`; None where there are too many."""
    values = find_values(search.steps, search.columns, prices.line, candidates)
    met = meet(search.steps, search.halves, values, limit=spare + prices.parcel, meetings_max=search.sets_left)
    if met is None:
        search.sets_left //= 2
        return None
    lines, at = met
    search.sets_left -= lines.size
    found = price_parcels(search.problem, search.columns, lines, candidates[at])
    waste = found.cost - price_lines(found.lines, prices.line) - prices.parcel
    return cheapest_of_each(found.pick(waste <= spare + _EASE))


def _widen(search: _Search, looked_at: NDArray[np.intp], prices: Prices) -> Prices:
    """Adds what these candidates would fill the steps of their rates with, until it is worth no more than its price."""
    for _ in range(_ROUNDS_MAX):
        bounds = _bound(search, looked_at, prices)
        some = np.argsort(bounds, kind="stable")[:_LOOKED_AT]
        some = looked_at[some[bounds[some] < -_EASE]]
        if not some.size:
            break
        lines = fill_steps(search.steps, find_values(search.steps, search.columns, prices.line, some))
        column = np.broadcast_to(some, lines.shape)
        is_some = lines != 0
        found = cheapest_of_each(price_parcels(search.problem, search.columns, lines[is_some], column[is_some]))
        found = _lowest(found, prices)
        if not found.cost.size:
            break
        search.add(found)
        prices = search.cover.solve()
    return prices


def _join(search: _Search, listed: Parcels, prices: Prices, *, most: int, low: float, waste_max: float) -> bool:
    """Keeps the best plan of these parcels if it is better than the one known; whether all plans were tried."""
    waste = listed.cost - price_lines(listed.lines, prices.line) - prices.parcel
    listed, waste = listed.pick(waste <= waste_max + _EASE), waste[waste <= waste_max + _EASE]
    found, is_all = join_parcels(
        listed,
        np.maximum(waste, 0.0),
        count=search.count,
        most=most,
        waste_max=waste_max,
        cost_max=search.cost,
        cost_min=low,
    )
    if found is not None:
        size = search.pool.cost.size
        search.add(listed.pick(np.array(found)))
        search.best = list(range(size, size + len(found)))
        search.cost = float(search.pool.cost[search.best].sum())
    return is_all


def _begin(problem: Problem, columns: Columns, candidates: NDArray[np.intp]) -> _Search | None:
    """Each line by itself at its cheapest candidate, and all that a candidate has where that is cheap for each line.

    None where a line cannot be sent whole, or where costs are so large that prices would not be exact.
    """
    count = len(problem.lines)
    if not candidates.size:
        return None
    penalty, rate_lane = columns.penalty.take(candidates, axis=1), columns.rate_lane[candidates]
    bits = 1 << np.arange(count, dtype=np.int64)
    weights, volumes = whole_loads(problem)
    alone = penalty + parcel_rates(problem.offer, weights, volumes).take(rate_lane, axis=1) + columns.fixed[candidates]
    cheapest = alone.argmin(axis=1)
    most = float(alone.min(axis=1).sum())
    if not 0.0 < most < _COST_MAX:
        return None
    is_possible = penalty < NEVER
    # What all lines that a candidate has cost by themselves, against what they weigh on its rates together.
    promising = np.argsort(np.where(is_possible, penalty, most).sum(axis=0) + columns.fixed[candidates], kind="stable")
    promising = promising[:_LOOKED_AT]
    everything = (is_possible[:, promising] * bits[:, np.newaxis]).sum(axis=0)
    pool = cheapest_of_each(
        price_parcels(
            problem,
            columns,
            np.concatenate([bits, everything]),
            candidates[np.concatenate([cheapest, promising])],
        )
    )
    pool = pool.pick(pool.cost < NEVER)
    steps, coarse = find_steps(problem)
    cover = Cover(count, known_cost=most)
    cover.add(pool)
    return _Search(problem, columns, steps, coarse, pool, cover, None, 4.0 * most, candidates, halve(steps))


def _lowest(found: Parcels, prices: Prices) -> Parcels:
    """The parcels that cost least beside their prices, if they cost less."""
    reduced = found.cost - price_lines(found.lines, prices.line) - prices.parcel
    order = np.argsort(reduced, kind="stable")[:_ADDED]
    return found.pick(order[reduced[order] < -_EASE])


def _as_parcels(search: _Search) -> tuple[Parcel, ...]:
    parcels = []
    for at in search.best or ():
        lines = int(search.pool.lines[at])
        held = [line for line in range(search.count) if lines >> line & 1]
        parcels.append(Parcel(int(search.pool.column[at]), {line: search.problem.quantities[line] for line in held}))
    return tuple(parcels)


def _join_all(parts: Sequence[Parcels]) -> Parcels:
    return Parcels(
        np.concatenate([part.lines for part in parts]),
        np.concatenate([part.column for part in parts]),
        np.concatenate([part.cost for part in parts]),
    )
