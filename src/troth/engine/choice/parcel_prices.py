"""Prices of lines: parcels that cost less than the prices of their lines join the mix until there are none.

Good parcels come from filling the steps of a rate, which is quick; then from halves, which is exact where weight is all
that is billed; and where it is not, from pricing all that seems good.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.choice.cover_prices import Prices
from troth.engine.choice.parcel_bounds import fill_steps, find_values
from troth.engine.choice.parcel_halves import find_best
from troth.engine.choice.parcel_search import EASE, LOOKED_AT, ONE, Search, bound_candidates, list_parcels, pick_lowest
from troth.engine.choice.possible_parcels import Parcels, cheapest_of_each, price_parcels

ROUNDS_MAX: Final = 60
_ROUGH_ROUNDS: Final = 8
_NEAR: Final = 400
_LISTED_AT_ONCE: Final = 8
_LISTED_MAX: Final = 200_000


def find_prices(search: Search, fewest: int, most: int) -> tuple[Prices, NDArray[np.float64], float]:
    """Prices for plans with so many parcels, a bound on each candidate's parcels at them, and one on these plans.

    Most rounds look at the candidates that are near to being worth their price; only the last ones look at all.
    """
    search.cover.limit(fewest, most)
    prices = search.cover.solve()
    bounds = bound_candidates(search, search.candidates, prices)
    near = np.sort(np.argsort(bounds, kind="stable")[:_NEAR])
    may_list = len(search.measures) > 1
    for _ in range(ROUNDS_MAX):
        if prices.total > search.cost - ONE:
            bounds = bound_candidates(search, search.candidates, prices)
            if find_low(prices, bounds, fewest, most) > search.cost - ONE:
                break
        before = prices
        prices = widen_mix(search, search.candidates[near], prices)
        if prices is not before:
            continue
        # A parcel may seem to waste less than nothing if no plan with it can be better than the one known.
        spare = search.cost - ONE + EASE - float(prices.line.sum())
        goal = min(spare / (fewest if spare > 0.0 else most) - prices.parcel, -EASE)
        some = bound_candidates(search, search.candidates[near], prices)
        found = _list_first(search, search.candidates[near], prices, some, goal) if may_list else search.none
        may_list = found.cost.size > 0
        if not found.cost.size:
            found = price_best(search, search.candidates[near], prices, some, goal)
        if not found.cost.size:
            bounds = bound_candidates(search, search.candidates, prices)
            bounds[near] = np.maximum(bounds[near], some)
            outside = np.setdiff1d(np.flatnonzero(bounds < goal), near)
            outside = outside[np.argsort(bounds[outside], kind="stable")]
            for start in range(0, outside.size, _NEAR):
                more = outside[start : start + _NEAR]
                some = bounds[more]
                found = price_best(search, search.candidates[more], prices, some, goal)
                near, bounds[more] = np.union1d(near, more), some
                if found.cost.size:
                    break
            else:
                found = price_listed(search, search.candidates, prices, bounds, goal)
        if not found.cost.size:
            break
        search.add(found)
        prices = search.cover.solve()
    else:
        bounds = bound_candidates(search, search.candidates, prices)
    return prices, bounds, find_low(prices, bounds, fewest, most)


def find_rough_prices(search: Search, most: int) -> tuple[Prices, NDArray[np.float64]]:
    """Prices that are near the best ones for plans of up to so many parcels, and a bound on each candidate's parcels
    at them.
    """
    search.cover.limit(1, most)
    prices = search.cover.solve()
    bounds = bound_candidates(search, search.candidates, prices)
    near = np.sort(np.argsort(bounds, kind="stable")[:_NEAR])
    prices = widen_mix(search, search.candidates[near], prices, _ROUGH_ROUNDS)
    return prices, bound_candidates(search, search.candidates, prices)


def widen_mix(search: Search, looked_at: NDArray[np.intp], prices: Prices, rounds_max: int = ROUNDS_MAX) -> Prices:
    """Adds what these candidates would fill the steps of their rates with, until it is worth no more than its price."""
    for _ in range(rounds_max):
        bounds = bound_candidates(search, looked_at, prices)
        some = np.argsort(bounds, kind="stable")[:LOOKED_AT]
        some = looked_at[some[bounds[some] < -EASE]]
        if not some.size:
            break
        lines = fill_steps(search.steps, find_values(search.steps, search.columns, prices.line, some))
        column = np.broadcast_to(some, lines.shape)
        is_some = lines != 0
        found = cheapest_of_each(price_parcels(search.problem, search.columns, lines[is_some], column[is_some]))
        found = pick_lowest(found, prices)
        if not found.cost.size:
            break
        search.add(found)
        prices = search.cover.solve()
    return prices


def _list_first(
    search: Search, candidates: NDArray[np.intp], prices: Prices, bounds: NDArray[np.float64], goal: float
) -> Parcels:
    """Parcels of the most promising of these candidates that cost so much less than their prices.

    Where weight is not all that is billed, what halves find by one measure is mostly no good by the other.
    """
    first = np.argsort(bounds, kind="stable")[:_LISTED_AT_ONCE]
    return price_listed(search, candidates[first], prices, bounds[first], goal)


def price_best(
    search: Search, candidates: NDArray[np.intp], prices: Prices, bounds: NDArray[np.float64], goal: float
) -> Parcels:
    """The best parcels that cost so much less than their prices (`goal`), of a few candidates at a time; the bounds of
    those that have none are raised to what their best one costs.
    """
    order = np.argsort(bounds, kind="stable")
    order = order[bounds[order] < goal]
    for start in range(0, order.size, LOOKED_AT):
        at = order[start : start + LOOKED_AT]
        for steps, halves in search.measures:
            at = at[bounds[at] < goal]
            if not at.size:
                break
            values = find_values(steps, search.columns, prices.line, candidates[at])
            reduced, lines = find_best(steps, halves, values, limit=prices.parcel + goal)
            bounds[at] = np.maximum(bounds[at], reduced.min(axis=0) - prices.parcel)
            is_low = (reduced < prices.parcel + goal) & (lines != 0)
            column = np.broadcast_to(candidates[at], lines.shape)[is_low]
            found = price_parcels(search.problem, search.columns, lines[is_low], column)
            found = pick_lowest(cheapest_of_each(found), prices)
            if found.cost.size:
                return found
    return search.none


def price_listed(
    search: Search, candidates: NDArray[np.intp], prices: Prices, bounds: NDArray[np.float64], goal: float
) -> Parcels:
    """The same where what seemed best weighs more by volume, or pays what others do not: all that seems good is priced.

    Where too much seems good, only what seems best.
    """
    order = np.argsort(bounds, kind="stable")
    order = order[bounds[order] < goal]
    for begin in range(0, order.size, _LISTED_AT_ONCE):
        part = order[begin : begin + _LISTED_AT_ONCE]
        least = float(bounds[part].min())
        for spare in (goal, min(0.3 * least, goal), min(0.6 * least, goal)):
            listed = list_parcels(search, candidates[part], prices, spare, _LISTED_MAX)
            if listed is None:
                continue
            found = pick_lowest(listed, prices)
            if found.cost.size:
                return found
            bounds[part] = np.maximum(bounds[part], spare)
            break
    return search.none


def find_low(prices: Prices, bounds: NDArray[np.float64], fewest: int, most: int) -> float:
    """What plans of so many parcels cost at least."""
    parcel = prices.parcel + float(bounds.min(initial=0.0))
    return float(prices.line.sum()) + min(fewest * parcel, most * parcel)
