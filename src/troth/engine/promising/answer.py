"""One demand answered in one go: what can be covered is posed as a problem, solved, and made into shipments."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from troth.engine.carriage.network import Network
from troth.engine.choice.assemble import build_shipments
from troth.engine.choice.choose import choose_parcels
from troth.engine.choice.nearest import take_nearest
from troth.engine.choice.scoring import build_columns
from troth.engine.choice.weighing import with_terms
from troth.engine.demand.admission import Admission
from troth.engine.demand.availability import pose_question
from troth.engine.demand.budget import Budget
from troth.engine.demand.capacity import Need
from troth.engine.demand.problem import Problem, Solution
from troth.engine.demand.question import Question
from troth.engine.demand.uncovered import find_uncovered, refuse_all
from troth.engine.supply.cost_currency import in_cost_currency
from troth.engine.supply.supply import SupplyRows
from troth.engine.supply.unit_prices import UnitPrices
from troth.model.ids import NodeId, Sku
from troth.model.plan import Demand, Plan, Trace
from troth.model.policy import Policy
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """A question that was asked, with its plan: the demand, the problem that was posed of it (without cost terms; None
    where nothing could be covered), what its costs depend on besides, and the solution that the plan was made of.
    """

    demand: Demand
    problem: Problem | None
    prices: UnitPrices | None
    loads: Mapping[NodeId, float] | None
    now: datetime
    solution: Solution
    plan: Plan


class Answer(Protocol):
    """Whatever answers one demand in one go, as `answer` does."""

    def __call__(
        self,
        demand: Demand,
        supply: Mapping[Sku, SupplyRows],
        network: Network,
        policy: Policy,
        now: datetime,
        *,
        prices: UnitPrices | None = None,
        loads: Mapping[NodeId, float] | None = None,
        admission: Admission | None = None,
        need: Need | None = None,
        budget: Budget | None = None,
    ) -> Plan:
        """The plan."""


def answer(
    demand: Demand,
    supply: Mapping[Sku, SupplyRows],
    network: Network,
    policy: Policy,
    now: datetime,
    *,
    prices: UnitPrices | None = None,
    loads: Mapping[NodeId, float] | None = None,
    admission: Admission | None = None,
    need: Need | None = None,
    budget: Budget | None = None,
) -> Plan:
    """The cheapest plan that covers the most units, with what it cannot cover and why; dated supply counts only where
    what is on hand does not do. `admission` is what rules leave of the candidates, `need`
    the work of the order that the demand is a part of, and `budget` what may be spent on it (None: the policy's).
    """
    return find_answer(
        demand, supply, network, policy, now, prices=prices, loads=loads, admission=admission, need=need, budget=budget
    ).plan


def find_answer(
    demand: Demand,
    supply: Mapping[Sku, SupplyRows],
    network: Network,
    policy: Policy,
    now: datetime,
    *,
    prices: UnitPrices | None = None,
    loads: Mapping[NodeId, float] | None = None,
    admission: Admission | None = None,
    need: Need | None = None,
    budget: Budget | None = None,
) -> Answered:
    """The same with the question that the plan answers."""
    spending = Budget(policy.decision_seconds_max) if budget is None else budget
    spending.count_question()
    demand = in_cost_currency(demand, policy.currency)
    question = pose_question(demand, supply, network, policy, now.timestamp(), admission=admission, need=need)
    found = _answer(demand, question, policy, now, prices, loads, spending)
    if question.has_swifter and question.is_extended:
        # What is on hand, by each node's quickest service, comes before what is still to come by any.
        soon = pose_question(
            demand, supply, network, policy, now.timestamp(), is_swift=True, admission=admission, need=need
        )
        swift = found if soon.is_extended else _answer(demand, soon, policy, now, prices, loads, spending)
        if not swift.plan.uncovered:
            return swift
    if found.plan.uncovered and question.has_more:
        # What is on hand would do, but not within the limit of shipments: then dated supply counts as well.
        question = pose_question(
            demand, supply, network, policy, now.timestamp(), is_dated=True, admission=admission, need=need
        )
        found = _answer(demand, question, policy, now, prices, loads, spending)
    if found.plan.uncovered and question.has_swifter:
        # Some lots last only if they go by each node's quickest service.
        question = pose_question(
            demand,
            supply,
            network,
            policy,
            now.timestamp(),
            is_dated=True,
            is_swift=True,
            admission=admission,
            need=need,
        )
        swift = _answer(demand, question, policy, now, prices, loads, spending)
        if _missing(swift.plan) < _missing(found.plan):
            return swift
    return found


def _missing(found: Plan) -> int:
    return sum(gap.quantity for gap in found.uncovered)


def _answer(
    demand: Demand,
    question: Question,
    policy: Policy,
    now: datetime,
    prices: UnitPrices | None,
    loads: Mapping[NodeId, float] | None,
    budget: Budget,
) -> Answered:
    if question.problem is None:
        nothing = Solution((), "none")
        plan = Plan((), find_uncovered(question, {}), _trace(question, policy, nothing, 0))
        return Answered(demand, None, prices, loads, now, nothing, plan)
    problem = with_terms(question.problem, demand, prices=prices, loads=loads, now=now)
    columns = build_columns(problem)
    solution = take_nearest(problem, columns, choose_parcels(problem, columns, budget), demand.destination)
    covered: dict[int, int] = {}
    for parcel in solution.parcels:
        for line, units in parcel.quantities.items():
            covered[line] = covered.get(line, 0) + units
    uncovered = find_uncovered(question, covered)
    trace = _trace(question, policy, solution, columns.fixed.size)
    if problem.terms is not None:
        trace = replace(trace, prices_version=problem.terms.prices_version)
    if demand.ship_complete and uncovered:
        plan = Plan((), refuse_all(question, uncovered), trace)
        return Answered(demand, question.problem, prices, loads, now, solution, plan)
    shipments = build_shipments(
        problem, columns.starts, solution.parcels, is_together=demand.ship_complete, ship_from=demand.ship_from
    )
    return Answered(demand, question.problem, prices, loads, now, solution, Plan(shipments, uncovered, trace))


def _trace(question: Question, policy: Policy, solution: Solution, candidates: int) -> Trace:
    return Trace(
        method=solution.method if question.is_located else f"{solution.method}, farthest zone",
        candidates=candidates,
        removed=question.removed,
        gap=None if math.isnan(solution.gap) else solution.gap,  # JSON knows no NaN
        policy_version=policy.version,
        notes=question.notes,
    )
