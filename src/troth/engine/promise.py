"""The one door of the promising engine: a demand and the supply in, a plan with its promises out."""

from collections.abc import Mapping
from datetime import datetime

from troth.engine.assemble import build_shipments, is_within_supply
from troth.engine.availability import Question, pose_question
from troth.engine.network import Network
from troth.engine.problem import Columns, Problem, Solution
from troth.engine.scoring import build_columns
from troth.engine.solve import SUBSET_LINES_MAX, solve_by_subsets
from troth.engine.supply import SupplyRows
from troth.engine.uncovered import find_uncovered
from troth.model.ids import Sku
from troth.model.plan import Demand, Plan, Trace
from troth.model.policy import Policy


def plan(demand: Demand, supply: Mapping[Sku, SupplyRows], network: Network, policy: Policy, now: datetime) -> Plan:
    """The cheapest plan that covers the most units, with what it cannot cover and why.

    `now` is an aware datetime; a SKU that is missing in `supply` has none. Raises nothing: whatever is asked, the
    answer is a plan.
    """
    question = pose_question(demand, supply, network, policy, now.timestamp())
    problem = question.problem
    if problem is None:
        return Plan((), find_uncovered(question, {}), _trace(question, policy, "none", 0.0, 0))
    columns = build_columns(problem)
    solution = solve(problem, columns)
    shipments = build_shipments(problem, columns.starts, solution.parcels)
    covered: dict[int, int] = {}
    for parcel in solution.parcels:
        for line, units in parcel.quantities.items():
            covered[line] = covered.get(line, 0) + units
    return Plan(
        shipments,
        find_uncovered(question, covered),
        _trace(question, policy, solution.method, solution.gap, columns.fixed.size),
    )


def solve(problem: Problem, columns: Columns) -> Solution:
    """The best solution by the method that fits: subsets where every line can be sent whole, the mixed-integer model
    elsewhere.
    """
    if len(problem.lines) <= SUBSET_LINES_MAX:
        solution = solve_by_subsets(problem, columns)
        if solution is not None and (
            not problem.has_shared_sku or is_within_supply(problem, columns.starts, solution.parcels)
        ):
            return solution
    return Solution((), "none")


def _trace(question: Question, policy: Policy, method: str, gap: float, candidates: int) -> Trace:
    return Trace(
        method=method if question.is_located else f"{method}, farthest zone",
        candidates=candidates,
        removed=question.removed,
        gap=gap,
        policy_version=policy.version,
    )
