"""A floor under the cost of plans that send every line whole, by line prices, for orders of more lines than halves can
take.

The mix of parcels may hold shares of lines: within one step of a rate, a candidate fills its parcel with what is worth
most per gram, and of the last line as much as fits. So the best parcel of a candidate at given prices is found at once,
and what the mix costs in the end is a bound on all plans. It is weaker than a mix of real parcels, and far quicker.
*Source:* G. B. Dantzig, "Discrete-variable extremum problems", Operations Research 5 (1957).
"""

import math
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.choice.cost_floor import share_costs
from troth.engine.choice.cover_prices import Cover, Prices
from troth.engine.choice.parcel_bounds import (
    Steps,
    Values,
    bound_parcels,
    choose_steps,
    find_steps,
    find_values,
    pick_values,
)
from troth.engine.choice.parcel_prices import find_low
from troth.engine.choice.possible_parcels import price_held
from troth.engine.choice.prune import undominated
from troth.engine.demand.problem import Columns, Problem, Solution

WHOLE_LINES_MAX: Final = 200
"""A round takes longer with every line: with more of them too few rounds are left to come nearer than lines apart."""

_COST_MAX: Final = 1e9
_STEPS_MAX: Final = 40
_ROUNDS_MAX: Final = 60
_ROUNDS_LINES: Final = 2_400
"""Rounds of many lines take longer: so many rounds times lines at most."""

_NEAR: Final = 96
_LOOKED_AT: Final = 32
_WIDENED: Final = 6
_HELD: Final = 0.6
_FIRST_STEPS: Final = (0.1, 0.2, 0.3, 0.45)
_CLOSE: Final = 0.0005
_EASE: Final = 1e-6
_LOOK_AROUND: Final = 12
_LEAST: Final = 1.0
"""A parcel that costs less than its price by a smaller amount is no use: costs are whole numbers."""


def find_whole_floor(problem: Problem, columns: Columns, known: Solution) -> float:
    """No plan of whole lines costs less; minus infinity where that cannot be told.

    It begins with the parcels of a known plan of whole lines, and with prices that no parcel costs less than. Each
    round looks between the best prices that hold and those of the mix, which swing far at first.
    """
    start = _start(problem, columns, known)
    if start is None:
        return -math.inf
    (held_lines, parcel_costs), shares = start
    known_cost = float(parcel_costs.sum())
    count, most = len(problem.lines), min(problem.shipments_max, len(problem.lines))
    candidates = undominated(problem, columns)
    fine, coarse = find_steps(problem)
    steps = choose_steps(problem, fine, _STEPS_MAX)
    cover = Cover(count, known_cost=known_cost)
    cover.add_shares(held_lines, parcel_costs)
    cover.limit(1, most)
    held = Prices(shares, 0.0, float(shares.sum()))
    likely = replace(held, line=shares * (known_cost / max(held.total, 1.0)))
    near = _find_near(coarse, columns, candidates, likely)
    # Each parcel's cost parted among its lines: of all prices at which the known mix costs what it costs, the evenest.
    mix = Prices(_part_costs(held_lines, parcel_costs, shares), 0.0, known_cost)
    held = _climb(steps, columns, near, held, mix, most)
    widened = 0
    for number in range(1, min(_ROUNDS_MAX, _ROUNDS_LINES // count) + 1):
        prices = _between(held, mix)
        values = find_values(steps, columns, prices.line, near)
        found, cost, least = _fill_best(steps, values, prices)
        low = find_low(prices, np.array([least]), 1, most)
        if low > held.total:
            held = replace(prices, total=low)
        if cost.size:
            cover.add_shares(found, cost)
            mix = cover.solve()
        is_close = mix.total - held.total <= _LEAST + mix.total * _CLOSE
        if not is_close and number % _LOOK_AROUND:
            continue
        more = np.union1d(near, _find_near(coarse, columns, candidates, held))
        if is_close and (more.size == near.size or widened == _WIDENED):
            break
        near, widened = more, widened + is_close
        held = replace(held, total=find_low(held, _bound_all(steps, columns, near, held), 1, most))
    bounds = _bound_all(steps, columns, candidates, held)
    return find_low(held, bounds, 1, most)


def _start(
    problem: Problem, columns: Columns, known: Solution
) -> tuple[tuple[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]] | None:
    """The lines that each parcel of the known plan holds (P, K) and what it costs (P), and for each line (K) the least
    that it and its share of a parcel cost; None where costs are too large to be exact, or below zero, or depend on
    which lines go together.
    """
    if problem.shape is not None or len(problem.lines) > WHOLE_LINES_MAX:
        return None
    held = np.zeros((len(known.parcels), len(problem.lines)))
    for at, parcel in enumerate(known.parcels):
        held[at, list(parcel.quantities)] = 1.0
    column = np.array([parcel.column for parcel in known.parcels], dtype=np.intp)
    cost, shares = price_held(problem, columns, held, column), share_costs(problem, columns)
    is_plain = bool((shares >= 0.0).all()) and 0.0 < cost.sum() < _COST_MAX
    return ((held, cost), shares) if is_plain else None


def _part_costs(
    held: NDArray[np.float64], cost: NDArray[np.float64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What each line (K) pays of its parcel, by what it costs at least: of the parcels' `held` lines (P, K) and `cost`
    (P).
    """
    least = np.maximum(shares, _EASE)
    parted: NDArray[np.float64] = (cost / (held @ least)) @ held * least
    return parted


def _climb(steps: Steps, columns: Columns, near: NDArray[np.intp], held: Prices, mix: Prices, most: int) -> Prices:
    """The best of some prices on the way from those that hold to those of the mix."""
    best = held
    for share in _FIRST_STEPS:
        prices = replace(held, line=held.line + share * (mix.line - held.line))
        low = find_low(prices, _bound_all(steps, columns, near, prices), 1, most)
        if low > best.total:
            best = replace(prices, total=low)
    return best


def _between(held: Prices, mix: Prices) -> Prices:
    line = _HELD * held.line + (1.0 - _HELD) * mix.line
    return Prices(line, _HELD * held.parcel + (1.0 - _HELD) * mix.parcel, mix.total)


def _find_near(steps: Steps, columns: Columns, candidates: NDArray[np.intp], prices: Prices) -> NDArray[np.intp]:
    """The candidates (ascending) whose parcels seem to waste least."""
    bounds = bound_parcels(steps, find_values(steps, columns, prices.line, candidates))
    return np.sort(candidates[np.argsort(bounds, kind="stable")[:_NEAR]])


def _fill_best(steps: Steps, values: Values, prices: Prices) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """The parcels that cost least beside their prices, if they cost less: shares of lines (P, K), and costs (P); and
    what any parcel of these candidates costs least beside them.
    """
    rough = bound_parcels(steps, values) - prices.parcel
    some = np.argsort(rough, kind="stable")[:_LOOKED_AT]
    some = some[rough[some] < 0.0]
    is_some = np.zeros(rough.size, dtype=np.bool_)
    is_some[some] = True
    shares, reduced = fill_shares(steps, pick_values(values, some))
    reduced -= prices.parcel
    best = np.argsort(reduced, axis=None, kind="stable")[:_LOOKED_AT]
    step, at = np.unravel_index(best, reduced.shape)
    is_low = reduced[step, at] < -_EASE
    step, at = step[is_low], at[is_low]
    held = shares[:, step, at].T
    least = float(min(reduced.min(initial=np.inf), rough.min(initial=np.inf, where=~is_some)))
    return held, reduced[step, at] + prices.parcel + held @ prices.line, least


def fill_shares(steps: Steps, values: Values) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each step and candidate the shares of lines (K, B, C) that are worth most, and what such a parcel costs less
    its lines (B, C): no parcel of real lines up to that step costs less.
    """
    count, candidates = values.value.shape
    grams = np.maximum(steps.grams, 1e-3)
    order = np.argsort(-values.value / grams[:, np.newaxis], axis=0, kind="stable")
    value = np.take_along_axis(values.value, order, axis=0)
    size = np.maximum(steps.grams, steps.other)
    limits = steps.limits[:, np.newaxis]
    room = np.repeat(limits, candidates, axis=1)
    shares, reduced = np.zeros((count, limits.size, candidates)), values.floor.copy()
    every = np.arange(candidates)
    for place in range(count):
        line = order[place]
        share = np.clip(room / grams[line], 0.0, 1.0) * ((value[place] > 0.0) & (size[line] <= limits))
        room -= share * grams[line]
        reduced -= share * value[place]
        shares[line, :, every] = share.T
    return shares, reduced


def _bound_all(steps: Steps, columns: Columns, candidates: NDArray[np.intp], prices: Prices) -> NDArray[np.float64]:
    """What the parcels of all candidates (C) waste at least, exactly where the quick bound says less than nothing."""
    values = find_values(steps, columns, prices.line, candidates)
    bounds = bound_parcels(steps, values) - prices.parcel
    low = np.flatnonzero(bounds < 0.0)
    for start in range(0, low.size, _NEAR):
        some = low[start : start + _NEAR]
        _shares, reduced = fill_shares(steps, pick_values(values, some))
        bounds[some] = np.maximum(bounds[some], reduced.min(axis=0) - prices.parcel)
    return bounds
