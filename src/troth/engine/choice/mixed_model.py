"""A mixed-integer model under construction, and its solution by HiGHS with everything that could vary held fixed."""

import math
from collections.abc import Sequence
from typing import Final

import highspy
import numpy as np

Term = tuple[int, float]
"""A variable and its coefficient."""

_SECONDS_MIN: Final = 0.01
_ABSOLUTE_GAP: Final = 0.99
"""All costs are whole numbers: a bound less than one below the plan proves it optimal."""


def open_solver() -> highspy.Highs:
    """A solver that says nothing and does the same each time: one thread, a fixed seed."""
    # Its own constructor turns callbacks on, and with them a banner on standard output, which is the program's.
    solver = highspy.Highs.__new__(highspy.Highs)
    super(highspy.Highs, solver).__init__()
    for option, setting in (("output_flag", False), ("threads", 1), ("random_seed", 0)):
        solver.setOptionValue(option, setting)
    return solver


class MixedModel:
    """Integer variables with costs, and rows between them; costs are minimized.

    All solutions of one model together may take so many seconds; whether each was proven optimal, `is_proven` says.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds_left = seconds
        self.is_proven = True
        self._lower: list[float] = []
        self._upper: list[float] = []
        self._cost: list[float] = []
        self._starts: list[int] = [0]
        self._index: list[int] = []
        self._value: list[float] = []
        self._row_lower: list[float] = []
        self._row_upper: list[float] = []

    def add_integer(self, lower: float, upper: float, cost: float = 0.0) -> int:
        """The number of a new integer variable."""
        self._lower.append(lower)
        self._upper.append(upper)
        self._cost.append(cost)
        return len(self._cost) - 1

    def add_row(self, terms: Sequence[Term], lower: float, upper: float) -> None:
        """Adds the condition lower <= sum of terms <= upper; a variable may stand in a row once."""
        self._index.extend(at for at, _value in terms)
        self._value.extend(value for _at, value in terms)
        self._starts.append(len(self._index))
        self._row_lower.append(lower)
        self._row_upper.append(upper)

    def fix_minimum(self, goal: Sequence[Term], nodes_max: int) -> bool:
        """Adds the row that keeps a sum at its minimum; False where no solution was found."""
        cost = [0.0] * len(self._cost)
        for at, value in goal:
            cost[at] = value
        found = self._run(cost, nodes_max)
        if found is None:
            return False
        reached = round(sum(value * found[0][at] for at, value in goal))
        self.add_row(goal, -math.inf, float(reached))
        return True

    def solve(self, nodes_max: int) -> tuple[list[float], float] | None:
        """The values of all variables and the gap that is left (a share of the cost), or None where no solution was
        found.
        """
        return self._run(self._cost, nodes_max)

    def _run(self, cost: list[float], nodes_max: int) -> tuple[list[float], float] | None:
        solver = open_solver()
        for option, setting in (
            ("mip_rel_gap", 0.0),
            ("mip_abs_gap", _ABSOLUTE_GAP),
            ("mip_max_nodes", nodes_max),
            ("time_limit", max(self.seconds_left, _SECONDS_MIN)),
        ):
            solver.setOptionValue(option, setting)
        solver.passModel(self._as_lp(cost))
        solver.run()
        self.seconds_left -= solver.getRunTime()
        info = solver.getInfo()
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return None
        is_proven = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
        self.is_proven &= is_proven
        gap = 0.0 if is_proven else float(info.mip_gap)
        return list(solver.getSolution().col_value), gap

    def _as_lp(self, cost: list[float]) -> highspy.HighsLp:
        model = highspy.HighsLp()
        model.num_col_ = len(cost)
        model.num_row_ = len(self._row_lower)
        model.col_cost_ = np.array(cost)
        model.col_lower_ = np.array(self._lower)
        model.col_upper_ = np.array(self._upper)
        model.row_lower_ = np.array(self._row_lower)
        model.row_upper_ = np.array(self._row_upper)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.array(self._starts, dtype=np.int32)
        model.a_matrix_.index_ = np.array(self._index, dtype=np.int32)
        model.a_matrix_.value_ = np.array(self._value)
        model.integrality_ = [highspy.HighsVarType.kInteger] * len(cost)
        return model
