"""How far apart the costs of two plans for one problem can be, so that one number can outweigh them."""

from dataclasses import replace

import numpy as np

from troth.engine.problem import Problem
from troth.engine.ranking import rate_max
from troth.engine.scoring import build_columns, split_columns
from troth.engine.transit import NEVER


def cost_span(problem: Problem) -> float:
    """No two plans for the whole problem differ by more: a whole number that is at least zero.

    Each unit costs between the least and the most of its line, each line is in as many parcels as it has units, or as
    there may be, and each parcel costs no more than the dearest rate with all surcharges.
    """
    plain = replace(problem, ranks=None)
    columns, parts = build_columns(plain), split_columns(plain)
    parcels = min(sum(problem.quantities), problem.shipments_max)
    shape = problem.shape
    is_possible = (parts.dates < NEVER) & (parts.available > 0.0)
    span = parcels * (float(np.abs(columns.fixed).max(initial=0.0)) + rate_max(problem))
    for line, quantity in enumerate(problem.quantities):
        possible = is_possible[line]
        if possible.any():
            unit, once = parts.unit[line, possible], parts.dates[line, possible]
            span += quantity * float(unit.max() - unit.min()) + min(quantity, parcels) * float(np.abs(once).max())
    if shape is not None:
        span += parcels * (sum(bond.counted for bond in shape.bonds) + shape.counted_penalty)
    return float(np.ceil(span))
