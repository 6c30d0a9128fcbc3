"""What is known so far of an order of many lines: possible parcels, the mix of them that prices the lines, and the best
plan; and how more parcels are found at given prices.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.transit import NEVER
from troth.engine.choice.cover_prices import Cover, Prices
from troth.engine.choice.parcel_bounds import Steps, bound_parcels, find_steps, find_values, mix_steps
from troth.engine.choice.parcel_halves import Halves, halve, meet
from troth.engine.choice.parcel_join import join_parcels
from troth.engine.choice.possible_parcels import Parcels, cheapest_of_each, price_lines, price_parcels, whole_loads
from troth.engine.choice.scoring import parcel_rates
from troth.engine.demand.problem import Columns, Problem

EASE: Final = 1e-6
ONE: Final = 0.999
"""Costs are whole numbers: a plan that is better is better by one."""

LOOKED_AT: Final = 64
_FINE: Final = 600
"""So many candidates are bounded by all steps of their rates; of more only by some."""

_ADDED: Final = 48
_SETS_MAX: Final = 1_500_000
"""So many sets of lines may be listed for one order."""

_COST_MAX: Final = 1e9


@dataclass(slots=True)
class Search:
    """What is known so far: parcels, the linear program over them, and the best plan (positions of parcels).

    `measures` are the steps and halves by what makes parcels dear, and where goods are bulky by the mean of weight and
    volume too; `mixes` counts how often the mix was changed.
    """

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
    measures: tuple[tuple[Steps, Halves], ...]
    sets_left: int = _SETS_MAX
    mixes: int = 0

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self.problem.lines)

    @property
    def none(self) -> Parcels:
        """No parcels."""
        return self.pool.pick(np.zeros(0, dtype=np.intp))

    def add(self, parcels: Parcels) -> None:
        """Lets the mix use these parcels."""
        self.mixes += 1
        self.cover.add(parcels)
        self.pool = join_all([self.pool, parcels])

    def know(self, plan: Parcels | None) -> None:
        """Keeps a plan that is better than the best known."""
        if plan is None or plan.cost.sum() > self.cost - EASE:
            return
        size = self.pool.cost.size
        self.add(plan)
        self.best = list(range(size, size + plan.cost.size))
        self.cost = float(plan.cost.sum())

    def know_of(self, other: "Search") -> None:
        """Takes over what a search among some of the candidates found, and what it spent."""
        self.sets_left = other.sets_left
        if other.best is not None:
            self.know(other.pool.pick(np.array(other.best)))

    def narrow(self, candidates: NDArray[np.intp], cost_max: float) -> "Search":
        """The search among some of the candidates only, for a plan that costs less than `cost_max`."""
        pool = self.pool.pick(np.isin(self.pool.column, candidates))
        cover = Cover(self.count, known_cost=self.cost)
        cover.add(pool)
        return replace(self, candidates=candidates, pool=pool, cover=cover, best=None, cost=cost_max)


def begin_search(problem: Problem, columns: Columns, candidates: NDArray[np.intp]) -> Search | None:
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
    promising = promising[:LOOKED_AT]
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
    halves, mixed = halve(steps), mix_steps(problem, steps)
    measures = ((steps, halves),) if mixed is None else ((steps, halves), (mixed, halve(mixed)))
    return Search(problem, columns, steps, coarse, pool, cover, None, 4.0 * most, candidates, halves, measures)


def bound_candidates(search: Search, candidates: NDArray[np.intp], prices: Prices) -> NDArray[np.float64]:
    """What the parcels of these candidates (C) waste at least."""
    steps = search.steps if candidates.size <= _FINE else search.coarse
    return bound_parcels(steps, find_values(steps, search.columns, prices.line, candidates)) - prices.parcel


def list_parcels(
    search: Search, candidates: NDArray[np.intp], prices: Prices, spare: float, meetings_max: int = _SETS_MAX
) -> Parcels | None:
    """The parcels of these candidates that waste no more than `spare`; None where there are too many."""
    most, met = min(meetings_max, search.sets_left), None
    for steps, halves in search.measures:
        values = find_values(steps, search.columns, prices.line, candidates)
        met = meet(steps, halves, values, limit=spare + prices.parcel, meetings_max=most)
        if met is not None:
            break
    if met is None:
        if most == search.sets_left:
            search.sets_left //= 2
        return None
    lines, at = met
    search.sets_left -= lines.size
    found = price_parcels(search.problem, search.columns, lines, candidates[at])
    waste = found.cost - price_lines(found.lines, prices.line) - prices.parcel
    return cheapest_of_each(found.pick(waste <= spare + EASE))


def join_listed(search: Search, listed: Parcels, prices: Prices, *, most: int, low: float, waste_max: float) -> bool:
    """Keeps the best plan of these parcels if it is better than the one known; whether all plans were tried."""
    waste = listed.cost - price_lines(listed.lines, prices.line) - prices.parcel
    listed, waste = listed.pick(waste <= waste_max + EASE), waste[waste <= waste_max + EASE]
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
        search.know(listed.pick(np.array(found)))
    return is_all


def pick_lowest(found: Parcels, prices: Prices) -> Parcels:
    """The parcels that cost least beside their prices, if they cost less."""
    reduced = found.cost - price_lines(found.lines, prices.line) - prices.parcel
    order = np.argsort(reduced, kind="stable")[:_ADDED]
    return found.pick(order[reduced[order] < -EASE])


def join_all(parts: Sequence[Parcels]) -> Parcels:
    """All of these parcels in a row."""
    return Parcels(
        np.concatenate([part.lines for part in parts]),
        np.concatenate([part.column for part in parts]),
        np.concatenate([part.cost for part in parts]),
    )
