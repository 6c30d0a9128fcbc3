"""From where to where, how far and how long: lanes of a destination, and the dates of all lanes for a start of work.

A lane is (clock, service, zone), and there are few of them however many nodes there are. Dates are computed per lane
for one minute and remembered; an order then gathers them with one index per node. The last lane of a timetable is the
one that does not exist.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.calendars import (
    DELIVERY_FROM,
    DELIVERY_UNTIL,
    CarrierClock,
    WorkClock,
    add_carrier_days,
    find_ship_day,
    finish_work,
    first_arrival_day,
    local_day,
    local_instant,
    minute_of,
)
from troth.engine.network import Network
from troth.engine.offers import Offer
from troth.engine.rate_cards import HAND_OVER
from troth.model.network import Address
from troth.model.order import Method

EARTH_RADIUS_MILES: Final = 3958.8
NEVER: Final = 1e30
"""A day, instant or cost that is as good as none: larger than all real ones, and sums of it stay finite."""


@dataclass(frozen=True, slots=True, eq=False)
class Lanes:
    """How every node reaches one destination: arrays (services, nodes).

    `lane` indexes a timetable (`absent`: no lane), `rate_lane` is position * zones + zone of the rates; `services` are
    positions of cards. `is_complete` says that every node
    has every service. `removed` counts the nodes that cannot reach it, by reason.
    """

    services: tuple[int, ...]
    absent: int
    lane: NDArray[np.intp]
    rate_lane: NDArray[np.intp]
    zone: NDArray[np.intp]
    is_reachable: NDArray[np.bool_]
    is_located: bool
    is_complete: bool
    removed: Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Timetable:
    """The dates of all lanes (last entry: no such lane) for work that can begin at one minute: days since 1970, POSIX
    seconds. Complete means that every lane has dates.
    """

    ship_by: NDArray[np.float64]
    promised_from: NDArray[np.float64]
    promised_at: NDArray[np.float64]
    arrival_day: NDArray[np.float64]
    is_complete: bool = False


def find_lanes(network: Network, method: Method, destination: Address | None, service: str, pickup: int = -1) -> Lanes:
    """The lanes to a destination (or the position of a pickup node) by one service; by all where it is empty."""
    latitude, longitude = find_coordinates(destination) if pickup < 0 else (None, None)
    key = (method, service, latitude, longitude, pickup)
    table = network.memory.tables["lanes"]
    found = table.get(key)
    if isinstance(found, Lanes):
        return found
    lanes = _compute_lanes(network, network.offer(method), latitude, longitude, service, pickup)
    network.memory.keep("lanes", key, lanes)
    return lanes


def compute_miles(network: Network, latitude: float, longitude: float) -> NDArray[np.float64]:
    """Great-circle miles (N) from each node to a point in degrees. *Source:* the haversine formula, R. W. Sinnott,
    1984.
    """
    phi, theta = math.radians(latitude), math.radians(longitude)
    half_phi, half_theta = (network.latitude - phi) / 2.0, (network.longitude - theta) / 2.0
    chord = np.sin(half_phi) ** 2 + math.cos(phi) * np.cos(network.latitude) * np.sin(half_theta) ** 2
    miles: NDArray[np.float64] = 2.0 * EARTH_RADIUS_MILES * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0)))
    return miles


def find_timetable(
    network: Network, method: Method, minute: int, *, ready_minutes: int, not_before: float | None = None
) -> Timetable:
    """The dates of all lanes of a method for work that can begin at `minute`, arriving not before an instant (POSIX).

    `ready_minutes` is the least work that a pickup takes; it has no meaning for other methods.
    """
    is_hand_over = method in (Method.PICKUP, Method.CURBSIDE)
    key = (is_hand_over, method is Method.DELIVERY, minute, ready_minutes if is_hand_over else 0, not_before)
    found = network.memory.tables["timetables"].get(key)
    if isinstance(found, Timetable):
        return found
    offer = network.offer(method)
    rows = [
        _hand_over_dates(clock, minute, ready_minutes, not_before)
        if is_hand_over
        else _ship_dates(network, offer, position, minute, not_before)
        for position, clock in enumerate(network.clocks)
    ]
    rows.append(np.full((4, 1), NEVER))
    dates = np.concatenate(rows, axis=1)
    timetable = Timetable(dates[0], dates[1], dates[2], dates[3], is_complete=bool((dates[3, :-1] < NEVER).all()))
    network.memory.keep("timetables", key, timetable)
    return timetable


def find_coordinates(destination: Address | None) -> tuple[float | None, float | None]:
    """Latitude and longitude in degrees, to two decimals (half a mile); None where they are not known."""
    if destination is None or destination.latitude is None or destination.longitude is None:
        return None, None
    if not (math.isfinite(destination.latitude) and math.isfinite(destination.longitude)):
        return None, None
    return round(destination.latitude, 2), round(destination.longitude, 2)


def _compute_lanes(
    network: Network, offer: Offer, latitude: float | None, longitude: float | None, service: str, pickup: int
) -> Lanes:
    services = tuple(at for at, card in enumerate(offer.cards) if not service or card.service == service)
    count = len(network.nodes)
    zone = np.zeros((len(services), count), dtype=np.intp)
    usable = offer.is_offered[list(services)] if services else np.zeros((0, count), dtype=np.bool_)
    is_located = latitude is not None and longitude is not None
    if latitude is not None and longitude is not None:
        miles = compute_miles(network, latitude, longitude)
        for row, position in enumerate(services):
            last = len(offer.cards[position].rates_minor) - 1
            zone[row] = np.minimum(np.searchsorted(offer.boundaries[position], miles, side="left"), last)
        if offer.reach_miles is not None:
            usable = usable & (miles <= offer.reach_miles)
    elif pickup >= 0:
        usable = usable & (np.arange(count) == pickup)
    else:
        for row, position in enumerate(services):
            zone[row] = len(offer.cards[position].rates_minor) - 1
        if offer.reach_miles is not None:
            usable = np.zeros_like(usable)
    cards = len(offer.cards)
    position_column = np.array(services, dtype=np.intp)[:, np.newaxis]
    lane = (network.clock_index * cards + position_column) * offer.zones + zone
    is_reachable: NDArray[np.bool_] = np.any(usable, axis=0)
    absent = len(network.clocks) * cards * offer.zones
    return Lanes(
        services=services,
        absent=absent,
        lane=np.where(usable, lane, absent),
        rate_lane=position_column * offer.zones + zone,
        zone=zone,
        is_reachable=is_reachable,
        is_located=is_located or pickup >= 0,
        is_complete=bool(services) and bool(usable.all()),
        removed=_count_removed(network, offer, list(services), usable),
    )


def _count_removed(network: Network, offer: Offer, services: list[int], usable: NDArray[np.bool_]) -> dict[str, int]:
    """How many nodes have no lane, by the first reason that applies."""
    offers = offer.is_offered[services].any(axis=0) if services else np.zeros(len(network.nodes), dtype=np.bool_)
    if offer.cards == (HAND_OVER,):
        return {"other_node": len(network.nodes) - int(usable.any(axis=0).sum())} if len(network.nodes) > 1 else {}
    reasons = {
        "inactive": ~network.is_active,
        "service_not_offered": network.is_active & ~offers,
        "out_of_reach": offers & ~usable.any(axis=0),
    }
    return {reason: int(lacks.sum()) for reason, lacks in reasons.items() if lacks.any()}


def _ship_dates(
    network: Network, offer: Offer, clock_position: int, minute: int, not_before: float | None
) -> NDArray[np.float64]:
    """Dates (4, services * zones) of one clock's lanes: they only change with the day on which the work is done."""
    clock = network.clocks[clock_position]
    done = finish_work(clock, minute, clock.processing_minutes, has_cut_off=True)
    done_day = None if done is None else local_day(clock.time_zone, done)
    key = (offer.reach_miles, clock_position, done_day, not_before)
    found = network.memory.tables["dates"].get(key)
    if isinstance(found, np.ndarray):
        return found
    dates = np.full((4, len(offer.cards), offer.zones), NEVER)
    if done_day is not None:
        for position, (card, carrier) in enumerate(zip(offer.cards, offer.carriers, strict=True)):
            for zone in range(len(card.rates_minor)):
                transit = card.transit_days[min(zone, len(card.transit_days) - 1)]
                days = _ship_and_arrival(clock, carrier, done_day, transit, not_before)
                if days is not None:
                    dates[:, position, zone] = dates_of(clock, *days, not_before)
    flat: NDArray[np.float64] = dates.reshape(4, -1)
    network.memory.keep("dates", key, flat)
    return flat


def _ship_and_arrival(
    clock: WorkClock, carrier: CarrierClock, done_day: int, transit: int, not_before: float | None
) -> tuple[int, int] | None:
    """The first possible day out and the day it arrives; out later where that arrives too early."""
    least = -1 if not_before is None else first_arrival_day(clock.time_zone, not_before)
    earliest = max(done_day, least - _slack_days(transit))
    for _ in range(_slack_days(transit) + 31):
        ship_day = find_ship_day(clock, carrier, earliest)
        arrival = None if ship_day is None else add_carrier_days(carrier, ship_day, transit)
        if ship_day is None or arrival is None:
            return None
        if arrival >= least:
            return ship_day, arrival
        earliest = ship_day + 1
    return None


def _slack_days(transit: int) -> int:
    """So many calendar days before the wanted arrival the search for the day out begins: transit over weekends and
    holidays.
    """
    return 3 * transit + 14


def dates_of(
    clock: WorkClock, ship_day: int, arrival: int, not_before: float | None
) -> tuple[float, float, float, float]:
    """Out by closing time, delivered between 8:00 and 20:00 of the node's zone: (ship by, from, until, arrival day)."""
    opening = local_instant(clock.time_zone, arrival, DELIVERY_FROM)
    return (
        local_instant(clock.time_zone, ship_day, clock.closes),
        opening if not_before is None else max(opening, not_before),
        local_instant(clock.time_zone, arrival, DELIVERY_UNTIL),
        float(arrival),
    )


def _hand_over_dates(
    clock: WorkClock, minute: int, ready_minutes: int, not_before: float | None
) -> NDArray[np.float64]:
    """Dates (4, 1) of one clock's pickups: all three instants are when the goods are ready."""
    ready = finish_work(clock, minute, max(clock.processing_minutes, ready_minutes), has_cut_off=False)
    if ready is not None and not_before is not None and ready * 60 < not_before:
        ready = finish_work(clock, -minute_of(-not_before), 0, has_cut_off=False)
    if ready is None:
        return np.full((4, 1), NEVER)
    posix = float(ready * 60)
    return np.array([[posix], [posix], [posix], [float(local_day(clock.time_zone, ready))]])
