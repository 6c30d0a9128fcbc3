"""What each line is worth in the cheapest mix of known parcels: the dual values of the linear relaxation of set
partitioning, re-solved as parcels are added.
"""

from typing import Final

import highspy
import numpy as np
from numpy.typing import NDArray

from troth.engine.choice.mixed_model import open_solver
from troth.engine.choice.possible_parcels import Parcels
from troth.model.value import dataclass

_UNCOVERED: Final = 8.0
"""A line left out costs so many times the known plan: dearer than any plan worth having."""


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """The price of each line (K) and of each parcel; `total` is what the mix costs, a bound once no parcel costs less
    than its prices.
    """

    line: NDArray[np.float64]
    parcel: float
    total: float


class Cover:
    """The linear program: every line is in at least one parcel, and the parcels are between so few and so many."""

    def __init__(self, count: int, *, known_cost: float) -> None:
        self._count = count
        self._solver = open_solver()
        self._solver.setOptionValue("presolve", "off")
        self._solver.setOptionValue("simplex_strategy", 4)  # primal: parcels are added, and the mix stays feasible
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = count + 1, count + 1
        big = _UNCOVERED * known_cost
        model.col_cost_ = np.full(count + 1, big)
        model.col_lower_ = np.zeros(count + 1)
        model.col_upper_ = np.full(count + 1, np.inf)
        model.row_lower_ = np.append(np.ones(count), 0.0)
        model.row_upper_ = np.append(np.full(count, np.inf), float(count))
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        # One stand-in for each line, and one that counts as parcels, so that there is always a solution.
        model.a_matrix_.start_ = np.arange(count + 2, dtype=np.int32)
        model.a_matrix_.index_ = np.arange(count + 1, dtype=np.int32)
        model.a_matrix_.value_ = np.ones(count + 1)
        self._solver.passModel(model)

    def add(self, parcels: Parcels) -> None:
        """Let the mix use these parcels as well."""
        held = (parcels.lines[:, np.newaxis] >> np.arange(self._count)) & 1
        self.add_shares(held.astype(np.float64), parcels.cost)

    def add_shares(self, held: NDArray[np.float64], cost: NDArray[np.float64]) -> None:
        """Let the mix use parcels that hold so much of each line (P, K)."""
        held = np.column_stack([held, np.ones(len(held))])
        at, rows = np.nonzero(held)
        ends = np.cumsum(np.count_nonzero(held, axis=1)).astype(np.int32)
        starts = np.concatenate([np.zeros(1, dtype=np.int32), ends[:-1]])
        self._solver.addCols(
            cost.size, cost, np.zeros(cost.size), np.full(cost.size, np.inf),
            rows.size, starts, rows.astype(np.int32), held[at, rows],
        )  # fmt: skip

    def limit(self, fewest: int, most: int) -> None:
        """From now on so many parcels."""
        self._solver.changeRowBounds(self._count, float(fewest), float(most))

    def solve(self) -> Prices:
        """The prices for the parcels known."""
        self._solver.run()
        dual = np.array(self._solver.getSolution().row_dual)
        return Prices(dual[:-1], float(dual[-1]), float(self._solver.getInfo().objective_function_value))
