"""A solution turned into what the rest of the system sees: shipments with pegs, dates and named costs, and what stays
uncovered.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from troth.engine.calendars import instant
from troth.engine.problem import Parcel, Place, Problem, place_of
from troth.engine.scoring import shipment_cost
from troth.model.ids import Sku
from troth.model.plan import Peg, Shipment

Used = dict[tuple[Sku, int], int]
"""Units already taken, by SKU and row of its supply."""


def build_shipments(problem: Problem, starts: tuple[int, ...], parcels: Sequence[Parcel]) -> tuple[Shipment, ...]:
    """The shipments of these parcels, in the order of ready time, node, service and first line; only the first pays no
    split.
    """
    used: Used = {}
    places = sorted(
        ((place_of(problem, starts, parcel.column), parcel.quantities) for parcel in parcels),
        key=lambda pair: (pair[0].block.ready, pair[0].node, pair[0].service_row, min(pair[1])),
    )
    return tuple(
        [
            _build_shipment(problem, place, quantities, used, is_first=number == 0)
            for number, (place, quantities) in enumerate(places)
        ]
    )


def _build_shipment(
    problem: Problem, place: Place, quantities: Mapping[int, int], used: Used, *, is_first: bool
) -> Shipment:
    timetable, lane = place.block.timetable, place.lane
    pegs = tuple([peg for line in sorted(quantities) for peg in _pegs(problem, place, line, quantities[line], used)])
    return Shipment(
        node=problem.network.nodes[place.node].node,
        method=problem.method,
        service=problem.offer.cards[problem.lanes.services[place.service_row]].service,
        ship_by=instant(timetable.ship_by.item(lane)),
        promised_from=instant(timetable.promised_from.item(lane)),
        promised_at=instant(timetable.promised_at.item(lane)),
        pegs=pegs,
        cost=shipment_cost(problem, place, quantities, is_first=is_first),
        is_backordered=not place.block.is_on_hand and any(_is_dated(problem, peg, place) for peg in pegs),
    )


def _pegs(problem: Problem, place: Place, line: int, units: int, used: Used) -> list[Peg]:
    """Units of a line out of its node's sources: the latest that still keeps the date first, so that what is there
    sooner stays for others.
    """
    rows, dates, asked = problem.rows[line], problem.dates[line], problem.lines[line]
    until = 0.0 if place.block.is_on_hand else place.block.ready
    at = [row for row in np.flatnonzero(rows.node_index == place.node).tolist() if dates[row] <= until]
    if len(at) > 1:
        at.sort(key=lambda row: (-dates[row], rows.sources[row]))
    pegs = []
    for row in at:
        key = (asked.sku, row)
        taken = min(units, rows.available.item(row) - used.get(key, 0))
        if taken > 0:
            used[key] = used.get(key, 0) + taken
            pegs.append(Peg(asked.line_id, asked.sku, rows.sources[row], taken))
            units -= taken
        if units == 0:
            break
    return pegs


def _is_dated(problem: Problem, peg: Peg, place: Place) -> bool:
    line = next(at for at, asked in enumerate(problem.lines) if asked.line_id == peg.line_id and asked.sku == peg.sku)
    rows = problem.rows[line]
    return any(
        rows.sources[row] == peg.source and rows.available_from[row] > 0.0
        for row in np.flatnonzero(rows.node_index == place.node).tolist()
    )


def is_within_supply(problem: Problem, starts: tuple[int, ...], parcels: Sequence[Parcel]) -> bool:
    """Whether the parcels together take no more than there is, which only lines of one SKU can break.

    At each node and date, what is sent by then of a SKU is at most what has come by then.
    """
    taken: dict[tuple[Sku, int], list[tuple[float, int, float]]] = {}
    for parcel in parcels:
        place = place_of(problem, starts, parcel.column)
        ready = 0.0 if place.block.is_on_hand else place.block.ready
        for line, units in parcel.quantities.items():
            there = float(place.block.available[line, place.position])
            taken.setdefault((problem.lines[line].sku, place.node), []).append((ready, units, there))
    for sent in taken.values():
        total = 0
        for _ready, units, there in sorted(sent):
            total += units
            if total > there:
                return False
    return True
