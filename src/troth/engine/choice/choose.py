"""Which solver a problem gets: the one that proves the optimum in the time that an order may wait."""

import math
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.choice.assemble import is_within_supply
from troth.engine.choice.cost_floor import find_gap
from troth.engine.choice.plan_goals import Goals, find_goals
from troth.engine.choice.scoring import split_columns
from troth.engine.choice.solve import SUBSET_LINES_MAX, solve_by_subsets
from troth.engine.choice.solve_by_rules import solve_by_rules
from troth.engine.choice.solve_greedy import solve_greedily
from troth.engine.choice.solve_milp import solve_mixed
from troth.engine.choice.solve_parcels import PARCEL_LINES_MAX, solve_by_parcels
from troth.engine.choice.whole_floor import find_whole_floor
from troth.engine.demand.budget import Budget
from troth.engine.demand.problem import Columns, Problem, Solution, SplitColumns, place_of

MIXED_LINES_MAX: Final = 40
"""Above this many lines the mixed-integer model would take longer than an order may wait."""

_FEW_COLUMNS: Final = 9
"""With so few candidates, such as one warehouse and its services, the model is far quicker than parcels."""

_GAP_MAX: Final = 0.005
"""A plan that may be dearer than the best by a larger share is held against the greedy one."""


def choose_parcels(problem: Problem, columns: Columns, budget: Budget | None = None) -> Solution:
    """The best solution that the budget (None: the policy's) lets be found, in which a line is split where it must be,
    or where that keeps its date and costs less.
    """
    if budget is None:
        budget = Budget(problem.policy.decision_seconds_max)
    found = _choose(problem, columns, budget)
    late = _find_late(problem, columns, found)
    if not late.any() or len(problem.lines) > MIXED_LINES_MAX:
        return found
    parts = split_columns(problem)
    divided = _solve_mixed(problem, columns, parts, budget, may_split=late)
    if divided is None:
        return found
    now, then = (find_goals(problem, columns, parts, solution) for solution in (found, divided))
    return divided if (then[0], then[2]) < (now[0], now[2]) else found


def _find_late(problem: Problem, columns: Columns, found: Solution) -> NDArray[np.bool_]:
    """Which lines (K) are promised behind the date by which they are needed, and might not be if they were split."""
    late = np.zeros(len(problem.lines), dtype=np.bool_)
    if all(line.need_by is None for line in problem.lines):
        return late
    for parcel in found.parcels:
        place = place_of(problem, columns.starts, parcel.column)
        promised_at = float(place.block.timetable.promised_at[place.lane])
        for number in parcel.quantities:
            need_by = problem.lines[number].need_by
            if need_by is not None and promised_at > need_by.timestamp():
                late[number] = late[number] or _may_keep_date(problem, number, need_by.timestamp())
    return late


def _may_keep_date(problem: Problem, number: int, need_by: float) -> bool:
    """Whether some candidate has only a part of the line in time, so that parting it might; what can send all of it in
    time was free to.
    """
    quantity = problem.quantities[number]
    if quantity < 2:
        return False
    for block in problem.blocks:
        available = block.available[number]
        is_part = (available > 0.0) & (available < quantity)
        if is_part.any() and bool((block.timetable.promised_at.take(block.lane[:, is_part]) <= need_by).any()):
            return True
    return False


def _choose(problem: Problem, columns: Columns, budget: Budget) -> Solution:
    """The best solution by the method that fits: subsets for few lines, parcels for more, where every line can be sent
    whole; the mixed-integer model elsewhere, and the greedy plan for orders of more lines than any can take.

    What is not proven is never worse than the greedy plan, nor than those of simple rules, of which the best is the
    answer where nothing is left to spend; it has the gap that a floor under all costs leaves.
    """
    whole = _solve_whole(problem, columns, budget)
    if whole is not None and (not problem.has_shared_sku or is_within_supply(problem, columns.starts, whole.parcels)):
        if whole.gap <= _GAP_MAX:
            return whole
    else:
        whole = None
    parts = split_columns(problem)
    best, goals = solve_quickly(problem, columns, parts)
    floor = _find_floor(problem, columns, best, goals, budget) if whole is None else -math.inf
    found = whole
    if found is None and len(problem.lines) <= MIXED_LINES_MAX:
        found = _solve_mixed(problem, columns, parts, budget)
        if found is not None and found.gap == 0.0:
            return found
    if found is not None and (of_found := find_goals(problem, columns, parts, found)) <= goals:
        best, goals = found, of_found
    return replace(best, gap=find_gap(best, goals, problem, columns, parts, whole_floor=floor))


def solve_quickly(problem: Problem, columns: Columns, parts: SplitColumns) -> tuple[Solution, Goals]:
    """The best plan that needs no search: the greedy one, or where it does better that of a simple rule."""
    best = solve_greedily(problem, columns, parts)
    goals = find_goals(problem, columns, parts, best)
    for one in solve_by_rules(problem, columns):
        if (of_rule := find_goals(problem, columns, parts, one)) < goals:
            best, goals = one, of_rule
    return best, goals


def _find_floor(
    problem: Problem, columns: Columns, known: Solution, goals: tuple[int, int, float], budget: Budget
) -> float:
    """What a plan of many whole lines costs at least, where one is known; before the model, which may take all the time
    that there is.
    """
    is_small = len(problem.lines) <= SUBSET_LINES_MAX or columns.fixed.size <= _FEW_COLUMNS
    if is_small or goals[:2] != (0, 0) or not budget.take_search():
        return -math.inf
    return find_whole_floor(problem, columns, known)


def _solve_whole(problem: Problem, columns: Columns, budget: Budget) -> Solution | None:
    """The best solution that sends every line whole, None where none is found."""
    count = len(problem.lines)
    if count <= SUBSET_LINES_MAX:
        return solve_by_subsets(problem, columns)
    if count <= PARCEL_LINES_MAX and problem.shape is None and columns.fixed.size > _FEW_COLUMNS:
        return solve_by_parcels(problem, columns) if budget.take_search() else None
    return None


def _solve_mixed(
    problem: Problem,
    columns: Columns,
    parts: SplitColumns,
    budget: Budget,
    *,
    may_split: NDArray[np.bool_] | None = None,
) -> Solution | None:
    """What the mixed-integer model finds in the seconds that it gets, None where that is nothing."""
    seconds = budget.take_search()
    if not seconds:
        return None
    found = solve_mixed(problem, columns, parts, may_split=may_split, time_limit_seconds=seconds)
    budget.end_search(seconds, is_proven=found is None or found.gap == 0.0)
    return found
