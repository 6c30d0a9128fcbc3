"""A solution turned into what the rest of the system sees: shipments with pegs, dates and named costs, and what stays
uncovered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.calendars import instant
from troth.engine.choice.cost_parts import carbon_grams
from troth.engine.choice.scoring import shipment_cost
from troth.engine.demand.bookings import book
from troth.engine.demand.capacity import Need, find_done
from troth.engine.demand.problem import Parcel, Place, Problem, place_of
from troth.engine.demand.shape import shape_parts
from troth.engine.demand.shelf_life import remaining_seconds
from troth.engine.demand.together import hold_together
from troth.engine.supply.supply import SupplyRows
from troth.model.capacity import Booking, Slot
from troth.model.ids import LineId, Sku
from troth.model.plan import Peg, Shipment
from troth.model.value import dataclass

Used = dict[tuple[Sku, int], int]
"""Units already taken, by SKU and row of its supply."""


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """Where units of a line are taken from: a SKU's supply, when each row of it counts (POSIX, 0.0 on hand), and for
    how many seconds after its delivery it must still be good.
    """

    line_id: LineId
    sku: Sku
    rows: SupplyRows
    dates: NDArray[np.float64]
    remaining: float


def build_shipments(
    problem: Problem,
    starts: tuple[int, ...],
    parcels: Sequence[Parcel],
    *,
    is_together: bool = False,
    ship_from: date | None = None,
) -> tuple[Shipment, ...]:
    """The shipments of these parcels, by ready time, node, service and first line; only the first pays no split.

    Together means that none leaves before the last can, and not before `ship_from`.
    """
    used: Used = {}
    booked: dict[Slot, int] = {}
    placed = sorted(
        [(place_of(problem, starts, parcel.column), parcel.quantities) for parcel in parcels],
        key=lambda pair: (pair[0].block.ready, pair[0].node, pair[0].service_row, min(pair[1])),
    )
    if placed and ((is_together and len(placed) > 1) or ship_from is not None):
        held = hold_together(problem, [place for place, _quantities in placed], ship_from=ship_from)
        placed = [(place, quantities) for place, (_place, quantities) in zip(held, placed, strict=True)]
    shipments = tuple(
        [
            _build_shipment(problem, place, quantities, used, booked, is_first=number == 0)
            for number, (place, quantities) in enumerate(placed)
        ]
    )
    if problem.shape is None:
        return shipments
    parts = shape_parts(problem.shape, [quantities for _place, quantities in placed])
    return tuple(
        [
            replace(shipment, cost={**shipment.cost, **more}) if more else shipment
            for shipment, more in zip(shipments, parts, strict=True)
        ]
    )


def _build_shipment(
    problem: Problem,
    place: Place,
    quantities: Mapping[int, int],
    used: Used,
    booked: dict[Slot, int],
    *,
    is_first: bool,
) -> Shipment:
    timetable, lane = place.block.timetable, place.lane
    card = problem.offer.cards[problem.lanes.services[place.service_row]]
    pegs: list[Peg] = []
    is_backordered = False
    for line in sorted(quantities):
        asked = problem.lines[line]
        if problem.kits is not None:
            for sku, each in problem.kits.components[line]:
                rows = problem.kits.rows[sku]
                source = _Source(asked.line_id, sku, rows, rows.available_from, remaining_seconds(asked))
                is_backordered |= _peg(source, place, each * quantities[line], used, pegs)
        else:
            rows, dates = problem.rows[line], problem.dates[line]
            source = _Source(asked.line_id, asked.sku, rows, dates, remaining_seconds(asked))
            is_backordered |= _peg(source, place, quantities[line], used, pegs)
    return Shipment(
        node=problem.network.nodes[place.node].node,
        method=problem.method,
        service=card.service,
        ship_by=instant(timetable.ship_by.item(lane)),
        promised_from=instant(_opening(problem, place, quantities)),
        promised_at=instant(timetable.promised_at.item(lane)),
        pegs=tuple(pegs),
        cost=shipment_cost(problem, place, quantities, is_first=is_first),
        is_backordered=is_backordered,
        booking=None if problem.need is None else _book(problem, problem.need, place, quantities, booked),
        carbon_grams=carbon_grams(problem, place, quantities),
        carrier=card.carrier,
    )


def _book(
    problem: Problem, whole: Need, place: Place, quantities: Mapping[int, int], booked: dict[Slot, int]
) -> Booking | None:
    """What the shipment takes of its node's capacity, which is then booked."""
    booking = book(
        problem.network,
        problem.lanes,
        place.block,
        place.node,
        problem.offer.cards[problem.lanes.services[place.service_row]].service,
        whole=whole,
        own=Need(
            len(quantities),
            sum([problem.lines[line].count(units) for line, units in quantities.items()]),
            whole.ready_minutes,
        ),
        ship_by=place.block.timetable.ship_by.item(place.lane),
        taken=booked,
    )
    for slot, amount in booking.work if booking is not None else ():
        booked[slot] = booked.get(slot, 0) + amount
    return booking


def _opening(problem: Problem, place: Place, quantities: Mapping[int, int]) -> float:
    """When the window of a shipment opens (POSIX): not before its work can begin, nor before any line is wanted; and of
    what is delivered on the day itself, not before it is done.
    """
    opens = max(place.block.timetable.promised_from.item(place.lane), place.block.ready)
    is_same_day = problem.lanes.pickup < 0 and problem.lanes.transit_days(place.service_row, place.node) == 0
    if is_same_day:
        service = problem.offer.cards[problem.lanes.services[place.service_row]].service
        done = find_done(problem.network, problem.lanes, place.node, service, place.block.minute, problem.need)
        opens = opens if done is None else max(opens, done * 60.0)
    for line in quantities:
        wish = problem.lines[line].not_before
        if wish is not None:
            opens = max(opens, wish.timestamp())
    return opens


def _peg(source: _Source, place: Place, units: int, used: Used, pegs: list[Peg]) -> bool:
    """Adds the pegs of a line's units to its node's sources; True where one of them is still to come.

    The latest source that keeps the date is taken first, so that what is there sooner stays for those who need it
    sooner; of lots on hand that which expires first, of those that last.
    """
    rows, dates = source.rows, source.dates
    until = 0.0 if place.block.is_on_hand else place.block.ready
    at = [row for row in rows.rows_at(place.node) if dates.item(row) <= until]
    if len(at) > 1:
        if rows.good_until is None:
            at.sort(key=lambda row: (-dates[row], rows.sources[row]))
        else:
            until = place.block.timetable.promised_at.item(place.lane) + source.remaining
            ends = rows.good_until
            at.sort(key=lambda row: (ends[row] < until, -dates[row], ends[row], rows.sources[row]))
    is_backordered = False
    for row in at:
        key = (source.sku, row)
        taken = min(units, rows.available.item(row) - used.get(key, 0))
        if taken > 0:
            used[key] = used.get(key, 0) + taken
            peg = Peg(source.line_id, source.sku, rows.sources[row], taken)
            if pegs and (pegs[-1].line_id, pegs[-1].sku, pegs[-1].source) == (peg.line_id, peg.sku, peg.source):
                peg = replace(peg, quantity=pegs.pop().quantity + taken)
            pegs.append(peg)
            is_backordered |= dates.item(row) > 0.0
            units -= taken
        if units == 0:
            break
    return is_backordered


def is_within_supply(problem: Problem, starts: tuple[int, ...], parcels: Sequence[Parcel]) -> bool:
    """Whether the parcels together take no more than there is, which only lines of one SKU can break.

    At each node and date, what is sent by then of a SKU is at most what has come by then.
    """
    taken: dict[tuple[Sku, int], list[tuple[float, float, int]]] = {}
    for parcel in parcels:
        place = place_of(problem, starts, parcel.column)
        ready = 0.0 if place.block.is_on_hand else place.block.ready
        for line, units in parcel.quantities.items():
            if problem.kits is None:
                come = place.block.available if place.block.come is None else place.block.come
                there = float(come[line, place.position])
                taken.setdefault((problem.lines[line].sku, place.node), []).append((ready, there, units))
                continue
            for sku, each in problem.kits.components[line]:
                there = float(problem.kits.there(sku, place.node, ready))
                taken.setdefault((sku, place.node), []).append((ready, there, units * each))
    for sent in taken.values():
        total = 0
        for _ready, there, units in sorted(sent):
            total += units
            if total > there:
                return False
    return True
