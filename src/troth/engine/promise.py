"""The one door of the promising engine: a demand and the supply in, a plan with its promises out."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from troth.engine.assemble import build_shipments, is_within_supply
from troth.engine.availability import Question, pose_question
from troth.engine.network import Network
from troth.engine.problem import Columns, Problem, Solution
from troth.engine.scoring import build_columns, split_columns
from troth.engine.solve import SUBSET_LINES_MAX, solve_by_subsets
from troth.engine.solve_greedy import solve_greedily
from troth.engine.solve_milp import solve_mixed
from troth.engine.supply import SupplyRows
from troth.engine.uncovered import find_uncovered, refuse_all
from troth.model.ids import Sku
from troth.model.plan import Demand, Plan, Trace
from troth.model.policy import Policy

MIXED_LINES_MAX: Final = 40
"""Above this many lines the mixed-integer model would take longer than an order may wait."""


def plan(demand: Demand, supply: Mapping[Sku, SupplyRows], network: Network, policy: Policy, now: datetime) -> Plan:
    """The cheapest plan that covers the most units, with what it cannot cover and why.

    `now` is an aware datetime; a SKU that is missing in `supply` has none. Raises nothing: whatever is asked, the
    answer is a plan.
    """
    question = pose_question(demand, supply, network, policy, now.timestamp())
    found = _answer(demand, question, policy)
    if found.uncovered and question.has_more:
        # What is on hand would do, but not within the limit of shipments: then dated supply counts as well.
        question = pose_question(demand, supply, network, policy, now.timestamp(), is_dated=True)
        found = _answer(demand, question, policy)
    return found


def _answer(demand: Demand, question: Question, policy: Policy) -> Plan:
    problem = question.problem
    if problem is None:
        return Plan((), find_uncovered(question, {}), _trace(question, policy, Solution((), "none"), 0))
    columns = build_columns(problem)
    solution = solve(problem, columns)
    covered: dict[int, int] = {}
    for parcel in solution.parcels:
        for line, units in parcel.quantities.items():
            covered[line] = covered.get(line, 0) + units
    uncovered = find_uncovered(question, covered)
    trace = _trace(question, policy, solution, columns.fixed.size)
    if demand.ship_complete and uncovered:
        return Plan((), refuse_all(question, uncovered), trace)
    shipments = build_shipments(problem, columns.starts, solution.parcels, is_together=demand.ship_complete)
    return Plan(shipments, uncovered, trace)


def solve(problem: Problem, columns: Columns) -> Solution:
    """The best solution by the method that fits: subsets where every line can be sent whole, the mixed-integer model
    elsewhere.

    Orders of more lines than either can take, and models without a solution in their limits, get the greedy plan.
    """
    if len(problem.lines) <= SUBSET_LINES_MAX:
        solution = solve_by_subsets(problem, columns)
        if solution is not None and (
            not problem.has_shared_sku or is_within_supply(problem, columns.starts, solution.parcels)
        ):
            return solution
    parts = split_columns(problem)
    mixed = solve_mixed(problem, columns, parts) if len(problem.lines) <= MIXED_LINES_MAX else None
    return mixed or solve_greedily(problem, columns, parts)


def _trace(question: Question, policy: Policy, solution: Solution, candidates: int) -> Trace:
    return Trace(
        method=solution.method if question.is_located else f"{solution.method}, farthest zone",
        candidates=candidates,
        removed=question.removed,
        gap=None if math.isnan(solution.gap) else solution.gap,  # JSON knows no NaN
        policy_version=policy.version,
    )
