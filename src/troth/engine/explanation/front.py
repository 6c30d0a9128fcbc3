"""The Pareto front of a decision: what it would cost to have it sooner or in fewer shipments, and what it would save to
have it later or in more.

The three axes are what objectives count: money, days of delay, shipments. So every choice that a policy can make by
weights or objectives is on it. What carbon costs is money; grams as a fourth axis would leave hardly a plan unbeaten.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from troth.engine.carriage.network import Network
from troth.engine.choice.solve import SUBSET_LINES_MAX
from troth.engine.demand.budget import OUT_OF_TIME, Budget
from troth.engine.demand.problem import Problem
from troth.engine.explanation.front_search import Search, count_units
from troth.engine.explanation.front_weights import weights_in_force, with_weights
from troth.engine.promising.answer import Answered, find_answer
from troth.engine.promising.case import Case, outline
from troth.engine.supply.supply import SupplyRows
from troth.model.front import Front, FrontPlan
from troth.model.ids import Sku
from troth.model.plan import Demand, Plan
from troth.model.policy import Policy

FRONT_SECONDS_MAX: Final = 2.0
"""So long may a front be looked for."""

PLANS_SHOWN: Final = 24
"""So many plans of a front are shown, those first that some weight would choose."""

_IN_FORCE_ONLY: Final = "only what other weights and limits would choose was looked for"
_REASONS: Final[Mapping[str, str]] = {
    "lines": f"it has more than {SUBSET_LINES_MAX} lines: {_IN_FORCE_ONLY}",
    "divided": f"a line has to be divided: {_IN_FORCE_ONLY}",
    "shared": f"some of its lines take units of one SKU: {_IN_FORCE_ONLY}",
    "held": f"its shipments wait for each other: {_IN_FORCE_ONLY}",
}


def find_fronts(case: Case, budget: Budget | None = None) -> tuple[Front, ...]:
    """The front of each question whose answer is a part of the plan for these inputs: one, unless its lines go several
    ways or tiers shared them. All of them spend one `budget` (None: that of a front).
    """
    seen: list[Answered] = []

    def watch(
        demand: Demand, supply: Mapping[Sku, SupplyRows], network: Network, policy: Policy, now: datetime, **facts: Any
    ) -> Plan:
        seen.append(find_answer(demand, supply, network, policy, now, **facts))
        return seen[-1].plan

    chosen = case.plan(by=watch)
    spending = Budget(FRONT_SECONDS_MAX, case.clock) if budget is None else budget
    return tuple(front for one in _find_answering(chosen, seen) for front in _front_of(one, spending))


def _find_answering(chosen: Plan, seen: Sequence[Answered]) -> list[Answered]:
    """The questions whose answers the plan is made of."""
    left, found = list(outline(chosen)), []
    for one in reversed(seen):
        parts = outline(one.plan)
        if parts and all(part in left for part in parts):
            found.append(one)
            for part in parts:
                left.remove(part)
    return found[::-1]


def _front_of(asked: Answered, budget: Budget) -> Iterator[Front]:
    """The front of one question, or as much of it as can be found; none where it posed no problem."""
    if asked.problem is None:
        return
    search = Search(asked, asked.problem, budget)
    policy = asked.problem.policy
    reason = _find_obstacle(asked, asked.problem)
    solutions = None if reason else search.find_all()
    if solutions is None:
        reason = reason or OUT_OF_TIME
        solutions = list(search.find_some())
    plans = search.price([asked.solution, *solutions])
    kept = with_weights(_keep_unbeaten([replace(plans[0], is_chosen=True), *plans[1:]]), policy)
    shown = _choose_shown(kept)
    yield Front(shown, weights_in_force(policy), not reason, reason, len(kept) - len(shown))


def _find_obstacle(asked: Answered, problem: Problem) -> str:
    """Why the front cannot be found whole; empty where it can."""
    if asked.demand.ship_complete or asked.demand.ship_from is not None:
        return _REASONS["held"]
    if problem.has_shared_sku:
        return _REASONS["shared"]
    sent = sorted(line for parcel in asked.solution.parcels for line in parcel.quantities)
    if sent != list(range(len(problem.lines))) or count_units(asked.solution) < sum(problem.quantities):
        return _REASONS["divided"]
    return _REASONS["lines"] if len(problem.lines) > SUBSET_LINES_MAX else ""


def _point(plan: FrontPlan) -> tuple[int, int, int]:
    return plan.counted, plan.delay_days, len(plan.shipments)


def _keep_unbeaten(plans: Sequence[FrontPlan]) -> list[FrontPlan]:
    """The plans that none beats, the first of equals, and the chosen one in any case; the cheapest come first."""
    points: dict[tuple[int, int, int], FrontPlan] = {}
    for plan in plans:
        points.setdefault(_point(plan), plan)

    def is_beaten(point: tuple[int, int, int]) -> bool:
        return any(
            other != point and all(one <= own for one, own in zip(other, point, strict=True)) for other in points
        )

    kept = [replace(plan, is_on_front=not is_beaten(point)) for point, plan in points.items()]
    return sorted([plan for plan in kept if plan.is_on_front or plan.is_chosen], key=_point)


def _choose_shown(plans: Sequence[FrontPlan]) -> tuple[FrontPlan, ...]:
    """At most PLANS_SHOWN of the plans: the chosen one, the extremes, those that some weight would choose, then the
    cheapest.
    """
    if len(plans) <= PLANS_SHOWN:
        return tuple(plans)
    numbers = range(len(plans))
    extremes = (
        min(numbers, key=lambda at: (plans[at].delay_days, plans[at].counted)),
        min(numbers, key=lambda at: (len(plans[at].shipments), plans[at].counted)),
    )

    def rank(at: int) -> tuple[bool, bool, bool, int]:
        plan = plans[at]
        return not plan.is_chosen, at not in extremes, plan.at_day is None and plan.at_shipment is None, at

    return tuple(plans[at] for at in sorted(sorted(numbers, key=rank)[:PLANS_SHOWN]))
