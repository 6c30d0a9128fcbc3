"""One demand answered in one go: what can be covered is posed as a problem, solved, and made into shipments."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from troth.engine.admission import Admission
from troth.engine.assemble import build_shipments
from troth.engine.availability import Question, pose_question
from troth.engine.budget import Budget
from troth.engine.capacity import Need
from troth.engine.choose import choose_parcels
from troth.engine.network import Network
from troth.engine.problem import Solution
from troth.engine.scoring import build_columns
from troth.engine.supply import SupplyRows
from troth.engine.uncovered import find_uncovered, refuse_all
from troth.engine.unit_prices import UnitPrices
from troth.engine.weighing import with_terms
from troth.model.ids import NodeId, Sku
from troth.model.plan import Demand, Plan, Trace
from troth.model.policy import Policy


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
    spending = Budget(policy.decision_seconds_max) if budget is None else budget
    spending.count_question()
    question = pose_question(demand, supply, network, policy, now.timestamp(), admission=admission, need=need)
    found = _answer(demand, question, policy, now, prices, loads, spending)
    if question.has_swifter and question.is_extended:
        # What is on hand, by each node's quickest service, comes before what is still to come by any.
        soon = pose_question(
            demand, supply, network, policy, now.timestamp(), is_swift=True, admission=admission, need=need
        )
        swift = found if soon.is_extended else _answer(demand, soon, policy, now, prices, loads, spending)
        if not swift.uncovered:
            return swift
    if found.uncovered and question.has_more:
        # What is on hand would do, but not within the limit of shipments: then dated supply counts as well.
        question = pose_question(
            demand, supply, network, policy, now.timestamp(), is_dated=True, admission=admission, need=need
        )
        found = _answer(demand, question, policy, now, prices, loads, spending)
    if found.uncovered and question.has_swifter:
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
        if _missing(swift) < _missing(found):
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
) -> Plan:
    if question.problem is None:
        return Plan((), find_uncovered(question, {}), _trace(question, policy, Solution((), "none"), 0))
    problem = with_terms(question.problem, demand, prices=prices, loads=loads, now=now)
    columns = build_columns(problem)
    solution = choose_parcels(problem, columns, budget)
    covered: dict[int, int] = {}
    for parcel in solution.parcels:
        for line, units in parcel.quantities.items():
            covered[line] = covered.get(line, 0) + units
    uncovered = find_uncovered(question, covered)
    trace = _trace(question, policy, solution, columns.fixed.size)
    if problem.terms is not None:
        trace = replace(trace, prices_version=problem.terms.prices_version)
    if demand.ship_complete and uncovered:
        return Plan((), refuse_all(question, uncovered), trace)
    shipments = build_shipments(
        problem, columns.starts, solution.parcels, is_together=demand.ship_complete, ship_from=demand.ship_from
    )
    return Plan(shipments, uncovered, trace)


def _trace(question: Question, policy: Policy, solution: Solution, candidates: int) -> Trace:
    return Trace(
        method=solution.method if question.is_located else f"{solution.method}, farthest zone",
        candidates=candidates,
        removed=question.removed,
        gap=None if math.isnan(solution.gap) else solution.gap,  # JSON knows no NaN
        policy_version=policy.version,
    )
