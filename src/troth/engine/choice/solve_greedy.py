"""A good plan quickly, for orders of any size: again and again the shipment that costs least per unit it sends.

It is the answer for orders of very many lines and the fallback of the mixed-integer model. It promises feasibility, not
the optimum.
"""

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.surcharges import add_parcel_charges
from troth.engine.carriage.transit import NEVER
from troth.engine.choice.greedy_limits import drop_small, keep_light, keep_limits, take_sharing
from troth.engine.choice.scoring import parcel_rates
from troth.engine.demand.problem import Columns, Parcel, Problem, Solution, SplitColumns


def solve_greedily(problem: Problem, columns: Columns, parts: SplitColumns) -> Solution:
    """A feasible plan within the limit of shipments; the last shipment allowed is the one that sends most."""
    left = np.array(problem.quantities, dtype=np.float64)
    available = np.where(parts.dates < NEVER, parts.available, 0.0)
    skus = np.unique([line.sku for line in problem.lines], return_inverse=True)[1]
    weights = np.array([line.weight_grams / line.scale for line in problem.lines], dtype=np.float64)
    volumes = np.array([line.volume_cm3 / line.scale for line in problem.lines], dtype=np.float64)
    parcels: list[Parcel] = []
    for number in range(problem.shipments_max):
        units = _sendable(available, left, skus)
        if problem.shape is not None or problem.kits is not None:
            units = keep_limits(problem, units, left, is_first=not parcels)
        if problem.offer.grams_max is not None:
            units = keep_light(problem, units, weights, problem.offer.grams_max[columns.rate_lane])
        sent = units.sum(axis=0)
        if not sent.any():
            break
        rates = parcel_rates(problem.offer, weights @ units, volumes @ units)
        own = rates[np.arange(sent.size), columns.rate_lane]
        if problem.terms is not None and problem.terms.charges is not None:
            grams, charges = weights @ units, problem.terms.charges.parcel
            add_parcel_charges(own, charges, rate_lane=columns.rate_lane, grams=grams, units=units)
        dates = np.where(units > 0.0, np.minimum(parts.dates, NEVER), 0.0).sum(axis=0)
        cost = columns.fixed + own + (parts.unit * units).sum(axis=0) + dates
        if number == problem.shipments_max - 1:
            cost = np.where(sent == sent.max(), cost, NEVER * 2.0)
        column = int(np.where(sent > 0.0, cost / np.maximum(sent, 1.0), NEVER * 4.0).argmin())
        lines = np.flatnonzero(units[:, column]).tolist()
        parcels.append(Parcel(column, {line: int(units[line, column]) for line in lines}))
        left[lines] -= units[lines, column]
        at_node = parts.node == parts.node[column]
        if problem.kits is None:
            _take(available, units[:, column], skus, at_node)
        else:
            take_sharing(problem, available, units[:, column], at_node)
    if problem.shape is not None:
        parcels = drop_small(problem.shape, parcels)
    return Solution(tuple(parcels), "greedy", float("nan"))


def _sendable(available: NDArray[np.float64], left: NDArray[np.float64], skus: NDArray[np.intp]) -> NDArray[np.float64]:
    """The units (K, C) that each candidate would send: lines that some candidate can send whole only whole, the others
    in parts.

    Where lines share a SKU, an earlier line comes first.
    """
    wanted = left[:, np.newaxis]
    is_whole = (available >= wanted) & (wanted > 0.0)
    units = np.where(
        is_whole.any(axis=1, keepdims=True), np.where(is_whole, wanted, 0.0), np.minimum(available, wanted)
    )
    for sku in np.flatnonzero(np.bincount(skus) > 1).tolist():
        lines = np.flatnonzero(skus == sku)
        before = np.cumsum(units[lines], axis=0) - units[lines]
        units[lines] = np.clip(available[lines] - before, 0.0, units[lines])
    return units


def _take(
    available: NDArray[np.float64], units: NDArray[np.float64], skus: NDArray[np.intp], at_node: NDArray[np.bool_]
) -> None:
    """Takes the units out of all candidates of the node, whatever their date: never too little."""
    taken = np.bincount(skus, units)[skus]
    columns = np.flatnonzero(at_node)
    available[:, columns] = np.maximum(available[:, columns] - taken[:, np.newaxis], 0.0)
