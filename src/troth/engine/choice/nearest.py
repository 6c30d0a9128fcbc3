"""Of candidates that cost the same the nearest sends: what costs nothing more is not carried across the country."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.distance import squared_chords
from troth.engine.carriage.surcharges import add_parcel_charges
from troth.engine.carriage.transit import NEVER, find_coordinates
from troth.engine.choice.scoring import parcel_rates
from troth.engine.demand.problem import Columns, Parcel, Problem, Solution, place_of
from troth.model.network import Address


def take_nearest(problem: Problem, columns: Columns, found: Solution, destination: Address | None) -> Solution:
    """The same solution with each parcel of whole lines from the nearest of the candidates that send it at its ready
    time, by its service and at its cost; of equally near ones from the first by id.

    Lines that share a SKU stay where they are, since what another line leaves of it there is not looked at.
    """
    latitude, longitude = find_coordinates(destination)
    if latitude is None or longitude is None or problem.has_shared_sku:
        return found
    parcels = tuple(
        _nearest(problem, columns, parcel, None if found.ties is None else found.ties[at], (latitude, longitude))
        for at, parcel in enumerate(found.parcels)
    )
    return found if parcels == found.parcels else replace(found, parcels=parcels)


def _nearest(
    problem: Problem, columns: Columns, parcel: Parcel, ties: NDArray[np.intp] | None, there: tuple[float, float]
) -> Parcel:
    if ties is not None and ties.size < 2:
        return parcel
    if any(units < problem.quantities[line] for line, units in parcel.quantities.items()):
        return parcel
    place = place_of(problem, columns.starts, parcel.column)
    start = parcel.column - place.position
    end = start + place.block.nodes.size
    if ties is None:
        cost = _costs(problem, columns, parcel, slice(start, end))
        tied = np.flatnonzero(cost == cost[place.position])
        if cost[place.position] >= NEVER:
            return parcel
    else:
        tied = ties[(ties >= start) & (ties < end)] - start
    if tied.size < 2:
        return parcel
    points = problem.network.points[:, place.block.nodes[tied]]
    nearest = int(tied[squared_chords(points, *there).argmin()])
    return parcel if nearest == place.position else Parcel(start + nearest, parcel.quantities)


def _costs(problem: Problem, columns: Columns, parcel: Parcel, some: slice) -> NDArray[np.float64]:
    """What the parcel costs at some of the columns."""
    held = list(parcel.quantities)
    loads = [(problem.lines[line], units) for line, units in parcel.quantities.items()]
    grams = np.array([float(sum(line.grams(units) for line, units in loads))])
    volume = np.array([float(sum(line.volume(units) for line, units in loads))])
    rate_lane = columns.rate_lane[some]
    cost: NDArray[np.float64] = columns.fixed[some] + columns.penalty[held, some].sum(axis=0)
    cost += parcel_rates(problem.offer, grams, volume)[0].take(rate_lane)
    if problem.terms is not None and problem.terms.charges is not None:
        units = np.zeros((len(problem.lines), 1))
        units[held] = 1.0
        add_parcel_charges(cost, problem.terms.charges.parcel, rate_lane=rate_lane, grams=grams, units=units)
    return cost
