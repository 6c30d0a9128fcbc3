"""A linear program on HiGHS: rows and columns in, the optimum with its dual values out."""

from collections.abc import Sequence

import highspy
import numpy as np
from numpy.typing import NDArray

from troth.engine.choice.mixed_model import open_solver
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """The least cost, the value of each column, and by how much it would rise for one more unit of each row."""

    cost: float
    values: NDArray[np.float64]
    duals: NDArray[np.float64]


class LinearProgram:
    """A program that is minimized over columns >= 0. Columns may be added; the next solution begins at the last."""

    def __init__(self, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> None:
        """Begin with rows (R) that must lie within `lower` and `upper` (inf: no limit), and no columns."""
        self._solver = open_solver()
        empty = np.zeros(0, dtype=np.int32)
        starts = np.zeros(lower.size, dtype=np.int32)
        self._solver.addRows(lower.size, lower, upper, 0, starts, empty, np.zeros(0))

    def add_columns(
        self,
        costs: NDArray[np.float64],
        starts: NDArray[np.intp],
        rows: NDArray[np.intp],
        coefficients: NDArray[np.float64],
    ) -> None:
        """Add columns >= 0: column j has `coefficients` in `rows` from `starts[j]` up to where the next begins."""
        count = costs.size
        self._solver.addCols(
            count,
            costs,
            np.zeros(count),
            np.full(count, highspy.kHighsInf),
            rows.size,
            starts.astype(np.int32),
            rows.astype(np.int32),
            coefficients,
        )

    def change_costs(self, costs: NDArray[np.float64]) -> None:
        """Give all columns other costs."""
        self._solver.changeColsCost(costs.size, np.arange(costs.size, dtype=np.int32), costs)

    def solve(self) -> Optimum:
        """The optimum; ArithmeticError where there is none."""
        self._solver.run()
        status = self._solver.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            raise ArithmeticError(f"the linear program has no optimum: {self._solver.modelStatusToString(status)}")
        solution = self._solver.getSolution()
        return Optimum(
            float(self._solver.getObjectiveValue()), np.array(solution.col_value), np.array(solution.row_dual)
        )


def columns_of(rows: Sequence[Sequence[int]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where each column begins, and the rows of all, one column after the other."""
    sizes = np.array([len(own) for own in rows], dtype=np.intp)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp) if sizes.size else np.zeros(0, dtype=np.intp)
    return starts, np.array([row for own in rows for row in own], dtype=np.intp)
