"""What the greedy plan must not do where a demand has a shape or kits: conditions on the units that candidates would
send next. It keeps them all, and looks for no optimum.
"""

import numpy as np
from numpy.typing import NDArray

from troth.engine.demand.problem import Parcel, Problem, find_shared
from troth.engine.demand.shape import Shape


def keep_limits(
    problem: Problem, units: NDArray[np.float64], left: NDArray[np.float64], *, is_first: bool
) -> NDArray[np.float64]:
    """The units (K, C) that candidates may send next of those that they could; `left` (K) is what is still to send."""
    if problem.kits is not None:
        units = _one_of_sharing(find_shared(problem), units)
    if problem.shape is None:
        return units
    units = units.copy()
    _keep_whole(problem.shape, units, left)
    _keep_alone(problem.shape, units)
    if problem.shape.value_min_minor > 0 and problem.shape.value_penalty_minor is None:
        _keep_value(problem.shape, units, left, is_first=is_first)
    return units


def drop_small(shape: Shape, parcels: list[Parcel]) -> list[Parcel]:
    """The parcels without those that are worth too little beside others; of none but such, the one that sends most."""
    if shape.value_min_minor <= 0 or shape.value_penalty_minor is not None or len(parcels) < 2:
        return parcels
    kept = [
        parcel
        for parcel in parcels
        if sum(shape.values_minor[line] * units for line, units in parcel.quantities.items()) >= shape.value_min_minor
    ]
    return kept or [max(parcels, key=lambda parcel: sum(parcel.quantities.values()))]


def keep_light(
    problem: Problem, units: NDArray[np.float64], weights: NDArray[np.float64], grams_max: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The units (K, C) of which each candidate can send a parcel of at most so many grams (C): line by line as many as
    fit, of a line that must be whole all or none.
    """
    if problem.shape is not None:
        return _fitting(units, weights, grams_max, problem.shape)
    heavy = np.flatnonzero(weights @ units > grams_max)
    kept = units.copy()
    kept[:, heavy] = _fitting(units[:, heavy], weights, grams_max[heavy], None)
    return kept


def _fitting(
    units: NDArray[np.float64], weights: NDArray[np.float64], grams_max: NDArray[np.float64], shape: Shape | None
) -> NDArray[np.float64]:
    kept = np.zeros_like(units)
    left = grams_max.copy()
    together = [] if shape is None else [sorted(bond.lines) for bond in shape.bonds if bond.minor is None]
    bound = {line for group in together for line in group}
    whole = set() if shape is None else set(shape.whole)
    for group in together:
        fits = (units[group].T @ weights[group] <= left) & (units[group] > 0.0).all(axis=0)
        kept[group] = np.where(fits, units[group], 0.0)
        left -= weights[group] @ kept[group]
    for line in range(units.shape[0]):
        if line in bound:
            continue
        fitting = np.floor(left / weights[line]) if weights[line] > 0.0 else np.full(left.size, np.inf)
        sent = np.minimum(units[line], fitting)
        kept[line] = np.where(sent < units[line], 0.0, sent) if line in whole else sent
        left -= weights[line] * kept[line]
    return kept


def take_sharing(
    problem: Problem, available: NDArray[np.float64], units: NDArray[np.float64], at_node: NDArray[np.bool_]
) -> None:
    """Takes the units sent (K) out of the node's candidates; lines that share a component with one of them get nothing
    more there: less than there may be, never more.
    """
    is_shared = np.array(find_shared(problem))
    columns = np.flatnonzero(at_node)
    available[:, columns] = np.maximum(available[:, columns] - units[:, np.newaxis], 0.0)
    if (is_shared & (units > 0.0)).any():
        available[np.ix_(np.flatnonzero(is_shared), columns)] = 0.0


def _one_of_sharing(is_shared: list[bool], units: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the lines that share components only the first sends anything in one parcel."""
    lines = np.flatnonzero(is_shared)
    if lines.size < 2:
        return units
    kept = units.copy()
    has_sent = np.cumsum(units[lines] > 0.0, axis=0) - (units[lines] > 0.0) > 0
    kept[lines] = np.where(has_sent, 0.0, units[lines])
    return kept


def _keep_whole(shape: Shape, units: NDArray[np.float64], left: NDArray[np.float64]) -> None:
    for line in shape.whole:
        units[line, units[line] < left[line]] = 0.0
    for bond in shape.bonds:
        if bond.minor is None:
            lines = list(bond.lines)
            units[lines] = np.where((units[lines] <= 0.0).any(axis=0), 0.0, units[lines])


def _keep_alone(shape: Shape, units: NDArray[np.float64]) -> None:
    """First everything that is not alone, then the others one by one."""
    if not shape.alone:
        return
    alone = np.zeros(units.shape[0], dtype=np.bool_)
    alone[list(shape.alone)] = True
    if units[~alone].any():
        units[alone] = 0.0
        return
    first = next((line for line in shape.alone if units[line].any()), None)
    units[[line for line in shape.alone if line != first]] = 0.0


def _keep_value(shape: Shape, units: NDArray[np.float64], left: NDArray[np.float64], *, is_first: bool) -> None:
    """Shipments worth too little do not leave, but for one that is the only one: where no other is worth enough, the
    first may be what sends most.
    """
    is_small = np.array(shape.values_minor, dtype=np.float64) @ units < shape.value_min_minor
    if is_first:
        sent = units.sum(axis=0)
        is_all = sent >= left.sum()
        if is_small.all() and not is_all.any():
            is_all = sent >= sent.max()
        is_small &= ~is_all
    units[:, is_small] = 0.0
