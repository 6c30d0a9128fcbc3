"""Which solver a problem gets: the one that proves the optimum in the time that an order may wait."""

from typing import Final

from troth.engine.assemble import is_within_supply
from troth.engine.problem import Columns, Problem, Solution
from troth.engine.scoring import split_columns
from troth.engine.solve import SUBSET_LINES_MAX, solve_by_subsets
from troth.engine.solve_greedy import solve_greedily
from troth.engine.solve_milp import solve_mixed

MIXED_LINES_MAX: Final = 40
"""Above this many lines the mixed-integer model would take longer than an order may wait."""


def choose_parcels(problem: Problem, columns: Columns) -> Solution:
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
