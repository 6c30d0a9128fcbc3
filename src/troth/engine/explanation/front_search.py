"""The search for other answers to one question than the one that was chosen: all that are unbeaten in money, days of
delay and shipments, or those that other goals and limits lead to.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.transit import NEVER
from troth.engine.choice.assemble import build_shipments
from troth.engine.choice.choose import choose_parcels
from troth.engine.choice.prune import undominated
from troth.engine.choice.scoring import build_columns, date_costs, subset_sums
from troth.engine.choice.set_prices import find_cheapest, price_sets
from troth.engine.choice.weighing import with_terms
from troth.engine.demand.budget import Budget
from troth.engine.demand.problem import Columns, Parcel, Problem, Solution
from troth.engine.explanation.front_states import Shipped, State, find_states
from troth.engine.explanation.front_weights import count_money
from troth.engine.promising.answer import Answered
from troth.model.cost_rates import CHEAPEST_ONLY, Objective
from troth.model.front import FrontPlan
from troth.model.plan import Shipment
from troth.model.policy import Policy
from troth.model.value import dataclass

_CELLS_BEFORE_PRUNING: Final = 100_000


@dataclass(frozen=True, slots=True)
class Search:
    """The search for other answers to one question."""

    asked: Answered
    problem: Problem
    budget: Budget

    def find_all(self) -> list[Solution] | None:
        """All unbeaten plans; None where there was no time to find them."""
        problem = self._posed(_by_money(self.problem.policy))
        columns = build_columns(problem)
        shipped, kept = [], []
        for days, at in _find_patterns(columns, _delay_days(problem)):
            if not self.budget.has_search():
                return None
            some = _pick(columns, at)
            if at.size << len(problem.lines) > _CELLS_BEFORE_PRUNING:
                at = at[undominated(problem, some)]
                some = _pick(columns, at)
            shipped.append(Shipped(price_sets(problem, some), subset_sums(days)))
            kept.append(at)
        states = find_states(
            shipped, len(problem.lines), shipments_max=problem.shipments_max, may_go_on=self.budget.has_search
        )
        return None if states is None else [_solution(problem, columns, kept, state) for state in states]

    def find_some(self) -> Iterator[Solution]:
        """What limits of shipments and other goals lead to, as far as there is time."""
        policy, units = self.problem.policy, count_units(self.asked.solution)
        goals = (
            policy,
            _by_money(policy),
            replace(policy, objectives=(Objective.FASTEST,)),
            replace(policy, objectives=(Objective.FEWEST_SHIPMENTS,)),
        )
        most = min(self.problem.shipments_max, sum(self.problem.quantities))
        for shipments_max in range(most, 0, -1):
            for goal in goals:
                if not self.budget.has_search():
                    return
                problem = replace(self._posed(goal), shipments_max=shipments_max)
                found = choose_parcels(problem, build_columns(problem), self.budget)
                if count_units(found) == units:
                    yield found

    def price(self, solutions: Sequence[Solution]) -> list[FrontPlan]:
        """The plans of these solutions: what each costs, and when it comes."""
        policy, demand = self.problem.policy, self.asked.demand
        as_it_is, by_day = self._posed(policy), self._posed(replace(policy, delay_minor_per_day=1))
        starts = build_columns(as_it_is).starts
        plans = []
        for solution in solutions:
            shipments, dated = (
                build_shipments(
                    posed, starts, solution.parcels, is_together=demand.ship_complete, ship_from=demand.ship_from
                )
                for posed in (as_it_is, by_day)
            )
            plans.append(
                FrontPlan(
                    shipments,
                    _money(shipments),
                    count_money(policy, shipments),
                    sum(shipment.cost["delay"] for shipment in dated),
                    is_chosen=False,
                )
            )
        return plans

    def _posed(self, policy: Policy) -> Problem:
        """The problem as another policy counts it, without ranks."""
        asked = self.asked
        plain = replace(self.problem, policy=policy, ranks=None)
        return with_terms(plain, asked.demand, prices=asked.prices, loads=asked.loads, now=asked.now)


def _money(shipments: Sequence[Shipment]) -> int:
    """What shipments cost but for waiting and for being more than one (minor units)."""
    return sum(minor for one in shipments for part, minor in one.cost.items() if part not in ("split", "delay"))


def _by_money(policy: Policy) -> Policy:
    """The policy to which neither days nor shipments count anything."""
    return replace(policy, objectives=CHEAPEST_ONLY, weights={**policy.weights, "split": 0.0, "delay": 0.0})


def _delay_days(problem: Problem) -> NDArray[np.float64]:
    """The days (K, C) that each line's promise would be later than the earliest that any node could make."""
    policy = replace(problem.policy, delay_minor_per_day=1, late_minor_per_day=0)
    by_day = replace(problem, terms=None, policy=policy)
    found = [date_costs(by_day, block) for block in problem.blocks]
    count = len(problem.lines)
    return np.concatenate([np.broadcast_to(one, (count, *one.shape[1:])).reshape(count, -1) for one in found], axis=1)


def _find_patterns(columns: Columns, days: NDArray[np.float64]) -> list[tuple[list[int], NDArray[np.intp]]]:
    """The patterns of days (K) on which columns deliver, each with its columns (ascending); a line that a column may
    not send counts no day.
    """
    patterns: dict[tuple[float, ...], list[int]] = {}
    known = np.where(days < NEVER, days, 0.0)
    for column in np.flatnonzero((columns.penalty < NEVER).any(axis=0)).tolist():
        patterns.setdefault(tuple(known[:, column].tolist()), []).append(column)
    return [([int(day) for day in key], np.array(patterns[key], dtype=np.intp)) for key in sorted(patterns)]


def _solution(problem: Problem, columns: Columns, kept: Sequence[NDArray[np.intp]], state: State) -> Solution:
    """The parcels of a state: each set of lines from the cheapest column of its pattern."""
    parcels = []
    for lines, pattern in state.parts:
        column = int(kept[pattern][find_cheapest(problem, _pick(columns, kept[pattern]), lines)])
        held = {line: units for line, units in enumerate(problem.quantities) if lines >> line & 1}
        parcels.append(Parcel(column, held))
    return Solution(tuple(parcels), "subset")


def _pick(columns: Columns, at: NDArray[np.intp]) -> Columns:
    return Columns(columns.starts, columns.penalty.take(at, axis=1), columns.fixed[at], columns.rate_lane[at])


def count_units(solution: Solution) -> int:
    """The units that a solution sends."""
    return sum(sum(parcel.quantities.values()) for parcel in solution.parcels)
