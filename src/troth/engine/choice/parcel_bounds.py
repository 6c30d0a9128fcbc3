"""How good a parcel of a candidate can be at given line prices, bounded from below without trying its sets of lines.

A parcel's reduced cost is its cost less the prices of the lines it holds. Within one step of a rate the best choice of
lines is a knapsack, and min over m of (m * limit + sum of max(0, value - m * grams)) is never less than its value; a
few multipliers m come close. A line that is billed for more than the step by itself is in no parcel of it. *Source:*
G. B. Dantzig, "Discrete-variable extremum problems", Operations Research 5 (1957).
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.offers import Offer
from troth.engine.choice.possible_parcels import whole_loads
from troth.engine.choice.scoring import parcel_rates
from troth.engine.demand.problem import Columns, Problem
from troth.model.value import dataclass

_SHARES: Final = (0.05, 0.23, 0.41, 0.59, 0.77, 0.95)
_COARSE_STEPS_MAX: Final = 14
_FINE_STEPS_MAX: Final = 200
_EASE: Final = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Rates as steps: a parcel of more than `limits[b - 1]` and up to `limits[b]` grams pays at least `lowest[b]` of
    its rate lane (B, lanes).

    `grams` (K) is what each whole line counts: its weight, or its volume where that is what makes parcels dear, and
    `other` the other of them; a parcel is billed for no less than either. `by_size` (K) are the lines from the smallest
    to the largest by the larger of both, of which the first `fitting` (B) can be in a parcel of each step.
    """

    grams: NDArray[np.float64]
    other: NDArray[np.float64]
    limits: NDArray[np.float64]
    lowest: NDArray[np.float64]
    by_size: NDArray[np.intp]
    fitting: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """What the lines are worth in the parcels of some candidates: `value` (K, C) is price less penalty, `floor` (B, C)
    what a parcel of each step costs at least besides, `multipliers` (M).
    """

    value: NDArray[np.float64]
    floor: NDArray[np.float64]
    multipliers: NDArray[np.float64]


def find_steps(problem: Problem) -> tuple[Steps, Steps]:
    """The steps of the problem's rates up to the weight of all its lines together: all of them, and a coarse choice."""
    weights, volumes = whole_loads(problem)
    grams = other = weights
    if volumes.any() and problem.offer.grams_max is None and all(group.divisor > 0 for group in problem.offer.groups):
        bulk = volumes * 1000.0 / max(group.divisor for group in problem.offer.groups)
        grams, other = (weights, bulk) if weights.sum() >= bulk.sum() else (bulk, weights)
    total = max(1.0, float(np.ceil(max(grams.sum(), other.sum()))))
    limits = _find_limits(problem.offer, total)
    fine = _price_steps(problem.offer, grams, other, limits)
    return fine, choose_steps(problem, fine, _COARSE_STEPS_MAX)


def choose_steps(problem: Problem, steps: Steps, most: int) -> Steps:
    """At most so many of these steps: those after which rates rise most."""
    if steps.limits.size <= most:
        return steps
    rise = np.diff(steps.lowest.mean(axis=1))
    kept = np.sort(np.argsort(-rise, kind="stable")[: most - 1])
    return _price_steps(problem.offer, steps.grams, steps.other, np.append(steps.limits[kept], steps.limits[-1]))


def mix_steps(problem: Problem, steps: Steps) -> Steps | None:
    """The same steps by the mean of both measures; None where there is only one.

    What is full by one measure and light by the other seems cheap by that one alone.
    """
    if steps.other is steps.grams:
        return None
    return replace(steps, grams=(steps.grams + steps.other) / 2.0)


def _price_steps(
    offer: Offer, grams: NDArray[np.float64], other: NDArray[np.float64], limits: NDArray[np.float64]
) -> Steps:
    begins = np.concatenate([[0.0], limits[:-1] + 1.0])
    nothing = np.zeros(limits.size)
    rates = np.minimum(parcel_rates(offer, begins, nothing), parcel_rates(offer, limits, nothing))
    lowest = np.minimum.accumulate(rates[::-1], axis=0)[::-1]  # volume may lift a parcel to any later step
    size = np.maximum(grams, other)
    by_size = np.argsort(size, kind="stable")
    fitting = size[by_size].searchsorted(limits + _EASE, side="right")
    return Steps(grams, other, limits, lowest, by_size, fitting)


def find_values(steps: Steps, columns: Columns, prices: NDArray[np.float64], at: NDArray[np.intp]) -> Values:
    """What lines at these prices (K) are worth to the candidates `at` (C)."""
    value = prices[:, np.newaxis] - columns.penalty.take(at, axis=1)
    floor = steps.lowest.take(columns.rate_lane[at], axis=1) + columns.fixed[at]
    return Values(value, floor, _find_multipliers(steps, prices))


def pick_values(values: Values, at: NDArray[np.intp]) -> Values:
    """The same for some of the candidates."""
    return Values(values.value.take(at, axis=1), values.floor.take(at, axis=1), values.multipliers)


def bound_parcels(steps: Steps, values: Values) -> NDArray[np.float64]:
    """A number (C) that no parcel of the candidate has a lower reduced cost than."""
    bounds: NDArray[np.float64] = bound_steps(steps, values).min(axis=0)
    return bounds


def bound_steps(steps: Steps, values: Values) -> NDArray[np.float64]:
    """The same for the parcels up to each step (B, C)."""
    most = np.full(values.floor.shape, np.inf)
    value, grams = values.value.take(steps.by_size, axis=0), steps.grams[steps.by_size]
    worth = np.zeros((value.shape[0] + 1, value.shape[1]))  # of the first so many lines by size
    rest = worth[1:]
    for multiplier in values.multipliers.tolist():
        np.subtract(value, (multiplier * grams)[:, np.newaxis], out=rest)
        np.maximum(rest, 0.0, out=rest)
        for line in range(1, grams.size):  # a row at a time, which is quicker than cumsum
            np.add(rest[line], rest[line - 1], out=rest[line])
        np.minimum(most, worth.take(steps.fitting, axis=0) + (multiplier * steps.limits)[:, np.newaxis], out=most)
    bounds: NDArray[np.float64] = values.floor - most
    return bounds


def fill_steps(steps: Steps, values: Values) -> NDArray[np.int64]:
    """For each step and candidate (B, C) a good set of lines, as bits: what is worth most per gram, if it fits."""
    count = steps.grams.size
    by_worth = np.argsort(-values.value / np.maximum(steps.grams, 1.0)[:, np.newaxis], axis=0, kind="stable")
    value = np.take_along_axis(values.value, by_worth, axis=0)
    grams = steps.grams[by_worth]
    bits = (1 << np.arange(count, dtype=np.int64))[by_worth]
    lines = np.zeros(values.floor.shape, dtype=np.int64)
    load = np.zeros(values.floor.shape)
    limits = steps.limits[:, np.newaxis]
    for place in range(count):
        is_taken = (load + grams[place] <= limits) & (value[place] > 0.0)
        load += np.where(is_taken, grams[place], 0.0)
        lines |= np.where(is_taken, bits[place], 0)
    return lines


def step_of(steps: Steps, grams: NDArray[np.float64]) -> NDArray[np.intp]:
    """The step that parcels of so many grams are in."""
    return np.minimum(steps.limits.searchsorted(grams - _EASE), steps.limits.size - 1)


def _find_limits(offer: Offer, total: float) -> NDArray[np.float64]:
    """The upper ends of the steps (B); of more than _FINE_STEPS_MAX only some are kept, which leaves the bound true."""
    ends = {limit for group in offer.groups for limit in group.brackets.tolist() if limit < total}
    if offer.grams_max is not None:
        ends |= {limit for limit in offer.grams_max.tolist() if limit < total}
    last = max((float(group.brackets[-1]) for group in offer.groups), default=0.0)
    ends.update(np.arange(last + 1000.0, total, 1000.0).tolist() if total > last else ())
    limits = np.array([*sorted(ends), total])
    if limits.size > _FINE_STEPS_MAX:
        limits = limits[np.unique(np.linspace(0, limits.size - 1, _FINE_STEPS_MAX).round().astype(np.intp))]
    return limits


def _find_multipliers(steps: Steps, prices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Prices per gram of some of the lines, from the cheapest to the dearest: where knapsacks have their critical
    line.
    """
    ratios = sorted((np.maximum(prices, 0.0) / np.maximum(steps.grams, 1.0)).tolist())
    chosen = {ratios[round(share * (len(ratios) - 1))] for share in _SHARES}
    return np.array([0.0, *sorted(chosen)])
