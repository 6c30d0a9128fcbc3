"""The optimum by another way: every set of lines priced at every candidate, nothing left out, and a set-partitioning
model over all sets solved by HiGHS to a zero gap.
"""

from typing import Final

import highspy
import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.transit import NEVER
from troth.engine.choice.mixed_model import open_solver
from troth.engine.choice.scoring import build_columns
from troth.engine.choice.set_prices import price_sets
from troth.engine.choice.solve import partition
from troth.engine.demand.problem import Columns, Problem

_CELLS_AT_ONCE: Final = 4_000_000
_EASE: Final = 0.01


def cheapest_by_model(problem: Problem, *, known: float) -> float | None:
    """The least that the choice can count for sending all lines whole; None where no such plan is within the limit of
    shipments.

    The linear relaxation over all sets comes first. A plan that costs no more than `known` has no set whose reduced
    cost is above what `known` is above the relaxation: only such sets go into the integer model, which therefore finds
    the optimum if it is `known` or less, and more or nothing if no plan costs so little.
    """
    cheapest = _price_all(problem)
    sets = np.flatnonzero(cheapest < NEVER)
    sets = sets[sets > 0]
    relaxed = _solve(problem, cheapest, sets, is_integer=False)
    if relaxed is None:
        return None
    held = _held(problem, sets)
    reduced = cheapest[sets] - held @ np.array(relaxed.getSolution().row_dual)
    spare = known - relaxed.getInfo().objective_function_value
    solved = _solve(problem, cheapest, sets[reduced <= spare + _EASE], is_integer=True)
    return None if solved is None else float(round(solved.getInfo().objective_function_value))


def cheapest_by_all_sets(problem: Problem) -> float | None:
    """The same by the engine's own partition, on prices for which nothing was left out."""
    cheapest = [0.0, *_price_all(problem)[1:].tolist()]
    parts = partition(cheapest, len(problem.lines), problem.shipments_max)
    return None if parts is None else sum(cheapest[part] for part in parts)


def _solve(
    problem: Problem, cheapest: NDArray[np.float64], sets: NDArray[np.intp], *, is_integer: bool
) -> highspy.Highs | None:
    """The model over these sets of lines, solved; None where it has no solution."""
    if not sets.size:
        return None
    count, held = len(problem.lines), _held(problem, sets)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = sets.size, count + 1
    model.col_cost_ = cheapest[sets]
    model.col_lower_, model.col_upper_ = np.zeros(sets.size), np.full(sets.size, np.inf)
    model.row_lower_ = np.append(np.ones(count), 1.0)
    model.row_upper_ = np.append(np.ones(count), float(problem.shipments_max))
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = np.append(0, np.cumsum(held.sum(axis=1))).astype(np.int32)
    model.a_matrix_.index_ = np.nonzero(held)[1].astype(np.int32)
    model.a_matrix_.value_ = np.ones(int(held.sum()))
    if is_integer:
        model.integrality_ = [highspy.HighsVarType.kInteger] * sets.size
    solver = open_solver()
    for option, setting in (("mip_rel_gap", 0.0), ("mip_abs_gap", 0.5)):
        solver.setOptionValue(option, setting)
    solver.passModel(model)
    solver.run()
    return solver if solver.getModelStatus() == highspy.HighsModelStatus.kOptimal else None


def _held(problem: Problem, sets: NDArray[np.intp]) -> NDArray[np.intp]:
    """Which lines each set holds (sets, K), and one more column that counts it as a parcel."""
    held = (sets[:, np.newaxis] >> np.arange(len(problem.lines))) & 1
    return np.column_stack([held, np.ones(sets.size, dtype=held.dtype)])


def _price_all(problem: Problem) -> NDArray[np.float64]:
    """The cost of each set of lines (2^K) at its cheapest candidate of all."""
    columns = build_columns(problem)
    cheapest = np.full(1 << len(problem.lines), NEVER)
    is_held = columns.penalty < NEVER
    step = max(1, _CELLS_AT_ONCE >> len(problem.lines))
    few = is_held.sum(axis=0) <= len(problem.lines) // 2
    for at in (np.flatnonzero(few), np.flatnonzero(~few)):
        for start in range(0, at.size, step):
            some = at[start : start + step]
            part = Columns(columns.starts, columns.penalty[:, some], columns.fixed[some], columns.rate_lane[some])
            np.minimum(cheapest, price_sets(problem, part), out=cheapest)
    return cheapest
