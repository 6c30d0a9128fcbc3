"""What plans are compared by: units that stay uncovered, lines that are split, and what the choice counts as cost."""

import numpy as np

from troth.engine.carriage.surcharges import add_parcel_charges
from troth.engine.choice.scoring import parcel_rates
from troth.engine.demand.problem import Columns, Problem, Solution, SplitColumns
from troth.engine.demand.shape import shape_counted

Goals = tuple[int, int, float]


def find_goals(problem: Problem, columns: Columns, parts: SplitColumns, solution: Solution) -> Goals:
    """Units uncovered, lines in more than one parcel, and the cost of all parcels: smaller is better, the first that
    differs decides.
    """
    parcels = solution.parcels
    units = np.zeros((len(problem.lines), len(parcels)))
    for at, parcel in enumerate(parcels):
        for line, sent in parcel.quantities.items():
            units[line, at] = sent
    uncovered = round(sum(problem.quantities) - float(units.sum()))
    split = int(((units > 0.0).sum(axis=1) > 1).sum())
    if not parcels:
        return uncovered, split, 0.0
    column = np.array([parcel.column for parcel in parcels])
    lane = columns.rate_lane[column]
    grams = np.array([line.weight_grams / line.scale for line in problem.lines], dtype=np.float64) @ units
    volumes = np.array([line.volume_cm3 / line.scale for line in problem.lines], dtype=np.float64) @ units
    cost = parcel_rates(problem.offer, grams, volumes)[np.arange(column.size), lane]
    if problem.terms is not None and problem.terms.charges is not None:
        add_parcel_charges(cost, problem.terms.charges.parcel, rate_lane=lane, grams=grams, units=units)
    once = np.where(units > 0.0, parts.dates[:, column], 0.0) + units * parts.unit[:, column]
    total = float((cost + columns.fixed[column] + once.sum(axis=0)).sum())
    if problem.shape is not None:
        total += shape_counted(problem.shape, [parcel.quantities for parcel in parcels])
    return uncovered, split, total
