"""Shipments of an order that ships complete: none leaves before the last one can."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.calendars import local_day, minute_of
from troth.engine.carriage.carriers import find_trip
from troth.engine.carriage.timetable import Timetable
from troth.engine.demand.problem import Place, Problem
from troth.model.order import Method

_EPOCH: Final = date(1970, 1, 1).toordinal()


def hold_together(problem: Problem, places: Sequence[Place], *, ship_from: date | None = None) -> list[Place]:
    """The same places, with the dates when each leaves on its first working day from the last one's day on, and not
    before `ship_from`.
    """
    if problem.method in (Method.PICKUP, Method.CURBSIDE):
        last = max(places, key=lambda place: float(place.block.timetable.promised_at[place.lane]))
        dates = [values.item(last.lane) for values in _arrays(last.block.timetable)]
        return [_dated(place, dates) for place in places]
    last_day = max(_ship_day(problem, place) for place in places)
    if ship_from is not None:
        last_day = max(last_day, ship_from.toordinal() - _EPOCH)
    held = []
    for place in places:
        position = problem.lanes.services[place.service_row]
        clock = problem.network.clock_of(place.node, problem.offer.cards[position].service)
        # A minute before it leaves it is ready, also where it leaves as delivery hours end.
        ready = minute_of(float(place.block.timetable.ship_by[place.lane])) - 1
        trip = find_trip(
            clock,
            problem.offer.carriers[position],
            ready,
            problem.lanes.transit_days(place.service_row, place.node),
            problem.lanes.destination,
            not_before=place.block.not_before,
            day_min=last_day,
        )
        held.append(place if trip is None else _dated(place, trip))
    return held


def _ship_day(problem: Problem, place: Place) -> int:
    time_zone = problem.network.nodes[place.node].time_zone
    return local_day(time_zone, minute_of(float(place.block.timetable.ship_by[place.lane])))


def _dated(place: Place, dates: Sequence[float]) -> Place:
    """The place with other dates for its lane, in a timetable of its own."""
    arrays = np.array(_arrays(place.block.timetable))
    arrays[:, place.lane] = dates
    return replace(place, block=replace(place.block, timetable=Timetable(*arrays)))


def _arrays(timetable: Timetable) -> tuple[NDArray[np.float64], ...]:
    return timetable.ship_by, timetable.promised_from, timetable.promised_at, timetable.arrival_day
