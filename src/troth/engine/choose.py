"""Which solver a problem gets: the one that proves the optimum in the time that an order may wait."""

from typing import Final

from troth.engine.assemble import is_within_supply
from troth.engine.plan_goals import find_goals
from troth.engine.problem import Columns, Problem, Solution
from troth.engine.scoring import split_columns
from troth.engine.solve import SUBSET_LINES_MAX, solve_by_subsets
from troth.engine.solve_greedy import solve_greedily
from troth.engine.solve_milp import solve_mixed
from troth.engine.solve_parcels import PARCEL_LINES_MAX, solve_by_parcels

MIXED_LINES_MAX: Final = 40
"""Above this many lines the mixed-integer model would take longer than an order may wait."""

_GAP_MAX: Final = 0.005
"""A plan that may be dearer than the best by a larger share is held against the greedy one."""


def choose_parcels(problem: Problem, columns: Columns) -> Solution:
    """The best solution by the method that fits: subsets for few lines, parcels for more, where every line can be sent
    whole; the mixed-integer model elsewhere, and the greedy plan for orders of more lines than any can take.

    What is not proven is never worse than the greedy plan.
    """
    whole = _solve_whole(problem, columns)
    if whole is not None and (not problem.has_shared_sku or is_within_supply(problem, columns.starts, whole.parcels)):
        if whole.gap <= _GAP_MAX:
            return whole
    else:
        whole = None
    parts = split_columns(problem)
    found = whole
    if found is None and len(problem.lines) <= MIXED_LINES_MAX:
        found = solve_mixed(problem, columns, parts)
        if found is not None and found.gap == 0.0:
            return found
    greedy = solve_greedily(problem, columns, parts)
    if found is None or find_goals(problem, columns, parts, greedy) < find_goals(problem, columns, parts, found):
        return greedy
    return found


def _solve_whole(problem: Problem, columns: Columns) -> Solution | None:
    """The best solution that sends every line whole, None where none is found."""
    count = len(problem.lines)
    if count <= SUBSET_LINES_MAX:
        return solve_by_subsets(problem, columns)
    if count <= PARCEL_LINES_MAX and problem.shape is None:
        return solve_by_parcels(problem, columns)
    return None
