"""Lots that would not last on the quickest way to who asks are nothing that they may take.

What a demand may be planned from is known before a plan chooses the way: a lot that would be too old by each node's
quickest service is too old by all. One that only the quickest would save is left, and the question decides.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.calendars import minutes_of
from troth.engine.carriage.network import Network
from troth.engine.carriage.timetable import find_timetable
from troth.engine.carriage.transit import NEVER, find_lanes
from troth.engine.demand.candidates import whole_minute_now
from troth.engine.demand.shelf_life import remaining_seconds
from troth.engine.demand.ship_groups import HANDED_OVER, Way, way_of
from troth.engine.supply.kits import components_of
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import Sku
from troth.model.inventory import Balance, SupplyKey
from troth.model.plan import Demand, DemandLine


def lasting_rows(
    rows: SupplyRows, sku: Sku, demand: Demand, network: Network, now: datetime, *, ready_hours: float
) -> SupplyRows:
    """The rows with nothing available of lots that would not last for any line of the demand that takes the SKU.

    `ready_hours` is the least work that a pickup takes. What the books hold of such a lot stays what it is.
    """
    if rows.good_until is None or not np.isfinite(rows.good_until).any():
        return rows
    places = np.unique(rows.node_index[np.isfinite(rows.good_until)])
    needed = np.full(len(network.nodes), np.inf)
    for line in _lines_of(demand, sku):
        arrives = soonest_arrivals(network, way_of(demand, line.terms), now, places, ready_hours=ready_hours)
        if line.not_before is not None:
            arrives = np.maximum(arrives, line.not_before.timestamp())
        needed = np.minimum(needed, arrives + remaining_seconds(line))
    lasts = rows.good_until >= needed[rows.node_index]
    if lasts.all():
        return rows
    return replace(rows, available=np.where(lasts, rows.available, 0))


def soonest_arrivals(
    network: Network, way: Way, now: datetime, places: NDArray[np.int32], *, ready_hours: float
) -> NDArray[np.float64]:
    """When each node (N) could deliver, or hand over, what leaves now, by its quickest service (POSIX).

    It is `now` where nothing says that it takes longer: at nodes that have no such service, and at all but `places`
    where it is handed over. A destination that is not known is in the farthest zone of each service.
    """
    at, minute, ready = now.timestamp(), whole_minute_now(way.method, now.timestamp()), minutes_of(ready_hours)
    soonest = np.full(len(network.nodes), at)
    if way.method in HANDED_OVER:
        named = None if way.pickup_node is None else network.hands_over_from(way.pickup_node)
        for place in places.tolist():
            if network.is_pickup[place] and named in (None, place):
                lanes = find_lanes(network, way.method, None, "", place)
                handed = float(find_timetable(network, lanes, minute, ready_minutes=ready).promised_at[0])
                soonest[place] = handed if handed < NEVER else at
        return soonest
    lanes = find_lanes(network, way.method, way.destination, way.service)
    timetable = find_timetable(network, lanes, minute, ready_minutes=ready)
    arrives = timetable.promised_at.take(lanes.lane).min(axis=0, initial=NEVER)
    return np.where(arrives < NEVER, arrives, soonest)


def spoils_soon(rows: Mapping[Sku, SupplyRows]) -> bool:
    """Whether what may be taken of any of these depends on how it goes to who asks."""
    return any(found.good_until is not None and bool(np.isfinite(found.good_until).any()) for found in rows.values())


def _lines_of(demand: Demand, sku: Sku) -> Iterable[DemandLine]:
    """The lines that take a SKU: as themselves, in a kit, or instead."""
    for line in demand.lines:
        for one in (line, *line.instead):
            if any(part == sku for part, _units in components_of(one)):
                yield one


def find_too_old(lots: Iterable[Balance], units: int) -> frozenset[SupplyKey]:
    """The good lots of a node that make up so many free units which would be too old when they arrive: those that
    expire first, because one node's goods all travel as long.
    """
    gone = set[SupplyKey]()
    for lot in sorted((lot for lot in lots if lot.available > 0), key=lambda lot: lot.expires_on or date.max):
        if units <= 0:
            break
        gone.add(lot.key)
        units -= lot.available
    return frozenset(gone)
