"""A good plan quickly, for orders of any size: again and again the shipment that costs least per unit it sends.

It is the answer for orders of very many lines and the fallback of the mixed-integer model. It promises feasibility, not
the optimum.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.surcharges import add_parcel_charges
from troth.engine.carriage.transit import NEVER
from troth.engine.choice.greedy_limits import drop_small, keep_light, keep_limits, take_sharing
from troth.engine.choice.scoring import parcel_rates
from troth.engine.demand.problem import Columns, Parcel, Problem, Solution, SplitColumns

_NARROW_AT = 0.8
"""Once so few of the lines are left that were looked at, only these are looked at from then on."""


@dataclass(slots=True)
class _Field:
    """What is looked at: lines (L) and candidates (C) by their places in the question, and of each line what is `left`
    to send; what each candidate has of each line, and costs for it (L, C).
    """

    lines: NDArray[np.intp]
    columns: NDArray[np.intp]
    left: NDArray[np.float64]
    skus: NDArray[np.intp]
    weights: NDArray[np.float64]
    volumes: NDArray[np.float64]
    available: NDArray[np.float64]
    dates: NDArray[np.float64]
    unit: NDArray[np.float64]
    fixed: NDArray[np.float64]
    rate_lane: NDArray[np.intp]
    node: NDArray[np.intp]

    def narrow(self) -> None:
        """Leave out the lines of which nothing is left, and the candidates that have nothing of the others."""
        kept = np.flatnonzero(self.left > 0.0)
        if kept.size > _NARROW_AT * self.left.size:
            return
        able = np.flatnonzero((self.available[kept] > 0.0).any(axis=0))
        here = np.ix_(kept, able)
        self.available, self.dates, self.unit = self.available[here], self.dates[here], self.unit[here]
        self.lines, self.left, self.skus = self.lines[kept], self.left[kept], self.skus[kept]
        self.weights, self.volumes = self.weights[kept], self.volumes[kept]
        self.columns, self.fixed = self.columns[able], self.fixed[able]
        self.rate_lane, self.node = self.rate_lane[able], self.node[able]


def solve_greedily(problem: Problem, columns: Columns, parts: SplitColumns) -> Solution:
    """A feasible plan within the limit of shipments; the last shipment allowed is the one that sends most."""
    seen = _open_field(problem, columns, parts)
    charges = None if problem.terms is None else problem.terms.charges
    is_plain = problem.shape is None and problem.kits is None and charges is None
    parcels: list[Parcel] = []
    for number in range(problem.shipments_max):
        units = _sendable(seen.available, seen.left, seen.skus)
        if problem.shape is not None or problem.kits is not None:
            units = keep_limits(problem, units, seen.left, is_first=not parcels)
        if problem.offer.grams_max is not None:
            units = keep_light(problem, units, seen.weights, problem.offer.grams_max[seen.rate_lane])
        sent = units.sum(axis=0)
        if not sent.any():
            break
        grams = seen.weights @ units
        rates = parcel_rates(problem.offer, grams, seen.volumes @ units)
        own = rates[np.arange(sent.size), seen.rate_lane]
        if charges is not None:
            add_parcel_charges(own, charges.parcel, rate_lane=seen.rate_lane, grams=grams, units=units)
        dates = np.where(units > 0.0, seen.dates, 0.0).sum(axis=0)
        cost = seen.fixed + own + (seen.unit * units).sum(axis=0) + dates
        if number == problem.shipments_max - 1:
            cost = np.where(sent == sent.max(), cost, NEVER * 2.0)
        column = int(np.where(sent > 0.0, cost / np.maximum(sent, 1.0), NEVER * 4.0).argmin())
        lines = np.flatnonzero(units[:, column])
        of_lines = {int(seen.lines[at]): int(units[at, column]) for at in lines.tolist()}
        parcels.append(Parcel(int(seen.columns[column]), of_lines))
        seen.left[lines] -= units[lines, column]
        at_node = seen.node == seen.node[column]
        if problem.kits is None:
            _take(seen.available, units[:, column], seen.skus, at_node)
        else:
            take_sharing(problem, seen.available, units[:, column], at_node)
        if is_plain:
            seen.narrow()
    if problem.shape is not None:
        parcels = drop_small(problem.shape, parcels)
    return Solution(tuple(parcels), "greedy", float("nan"))


def _open_field(problem: Problem, columns: Columns, parts: SplitColumns) -> _Field:
    """All lines and all candidates; those that cannot send a line in time have none of it."""
    return _Field(
        lines=np.arange(len(problem.lines)),
        columns=np.arange(columns.fixed.size),
        left=np.array(problem.quantities, dtype=np.float64),
        skus=np.unique([line.sku for line in problem.lines], return_inverse=True)[1],
        weights=np.array([line.weight_grams / line.scale for line in problem.lines], dtype=np.float64),
        volumes=np.array([line.volume_cm3 / line.scale for line in problem.lines], dtype=np.float64),
        available=np.where(parts.dates < NEVER, parts.available, 0.0),
        dates=np.minimum(parts.dates, NEVER),
        unit=parts.unit,
        fixed=columns.fixed,
        rate_lane=columns.rate_lane,
        node=parts.node,
    )


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
