"""From where to where, how far and how long: the lanes of a destination.

A lane is (clock, service, days of transit), and there are few of them however many nodes there are.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.card_reach import find_served
from troth.engine.carriage.carriers import ANYWHERE, Desk, Destination
from troth.engine.carriage.distance import miles_of, squared_chords
from troth.engine.carriage.lane_table import ABSENT, overrides
from troth.engine.carriage.network import Network
from troth.engine.carriage.offers import Offer
from troth.engine.carriage.public_holidays import local_holidays
from troth.engine.carriage.rate_cards import HAND_OVER
from troth.engine.carriage.where import NOWHERE, Where
from troth.model.network import Address
from troth.model.order import Method
from troth.model.value import dataclass

_NOT_SERVED: Final = "is not served there, as a lane table says"
NEVER: Final = 1e30
"""A day, instant or cost that is as good as none: larger than all real ones, and sums of it stay finite."""


@dataclass(frozen=True, slots=True, eq=False)
class Lanes:
    """How every node reaches one destination: arrays (services, nodes).

    `lane` indexes a timetable (`absent`: no lane): it is clock * the size of `days_at` + where in `days_at` its days of
    transit are. `rate_lane` is position * `zones` + zone of the rates; `services` are positions of cards. Zones and
    days are read from these two, so that the lanes of a destination are small to remember. `is_complete` says that
    every node has every service. `removed` counts the nodes that cannot reach it, by reason, and `unserved` says why no
    node has a lane of a service (position of its card). `not_served` are the nodes (N) that would reach it, were their
    lanes not closed by a lane table (None: no such). `pickup` is the position of the node that hands over, or -1.
    """

    services: tuple[int, ...]
    absent: int
    lane: NDArray[np.intp]
    rate_lane: NDArray[np.intp]
    zones: int
    days_at: NDArray[np.intp]
    is_reachable: NDArray[np.bool_]
    is_located: bool
    is_complete: bool
    removed: Mapping[str, int]
    method: Method = Method.SHIP
    destination: Destination = ANYWHERE
    pickup: int = -1
    unserved: Mapping[int, str] = field(default_factory=dict)
    not_served: NDArray[np.bool_] | None = None

    @property
    def zone(self) -> NDArray[np.intp]:
        """The zones (services, nodes)."""
        return self.rate_lane % self.zones

    @property
    def transit(self) -> NDArray[np.intp]:
        """The days of transit (services, nodes), in the carrier's days; anything where there is no lane."""
        return self.days_at.take(self.lane % self.days_at.size)

    def zone_of(self, service: int, node: int) -> int:
        """The zone of one lane."""
        return self.rate_lane.item(service, node) % self.zones

    def transit_days(self, service: int, node: int) -> int:
        """The days of transit of one lane."""
        return self.days_at.item(self.lane.item(service, node) % self.days_at.size)


def find_lanes(
    network: Network,
    method: Method,
    destination: Address | None,
    service: str,
    pickup: int = -1,
    *,
    desk: Desk | None = None,
) -> Lanes:
    """The lanes to a destination (or the position of a pickup node) by one service; by all where it is empty. What is
    handed over at the destination is made ready at its `desk`.
    """
    if pickup >= 0:
        latitude, longitude, where, time_zone = None, None, NOWHERE, ""
    else:
        latitude, longitude = find_coordinates(destination)
        where = network.lane_index.where(destination)
        time_zone = "" if destination is None else destination.time_zone
    key = (method, service, latitude, longitude, time_zone, where, pickup, desk)
    found = network.memory.tables["lanes"].get(key)
    if isinstance(found, Lanes):
        return found
    lanes = _compute_lanes(
        network,
        method,
        service,
        coordinates=(latitude, longitude),
        where=where,
        time_zone=time_zone,
        pickup=pickup,
        desk=desk,
    )
    network.memory.keep("lanes", key, lanes)
    return lanes


def compute_miles(network: Network, latitude: float, longitude: float) -> NDArray[np.float64]:
    """Great-circle miles (N) from each node to a point in degrees."""
    return miles_of(squared_chords(network.points, latitude, longitude))


def miles_to(network: Network, position: int, latitude: float, longitude: float) -> float:
    """Great-circle miles from one node to a point in degrees."""
    return miles_of(squared_chords(network.points[:, position : position + 1], latitude, longitude)).item(0)


def find_coordinates(destination: Address | None) -> tuple[float | None, float | None]:
    """Latitude and longitude in degrees, to two decimals (half a mile); None where they are not known."""
    if destination is None or destination.latitude is None or destination.longitude is None:
        return None, None
    if not (math.isfinite(destination.latitude) and math.isfinite(destination.longitude)):
        return None, None
    return round(destination.latitude, 2), round(destination.longitude, 2)


def _compute_lanes(
    network: Network,
    method: Method,
    service: str,
    *,
    coordinates: tuple[float | None, float | None],
    where: Where,
    time_zone: str,
    pickup: int,
    desk: Desk | None,
) -> Lanes:
    offer, spans = network.offer(method), network.spans(method)
    services = tuple(at for at, card in enumerate(offer.cards) if not service or card.service == service)
    count = len(network.nodes)
    usable = offer.is_offered[list(services)] if services else np.zeros((0, count), dtype=np.bool_)
    latitude, longitude = coordinates
    offered = usable
    last = np.array([len(offer.cards[position].rates_minor) - 1 for position in services], dtype=np.intp)
    zone = np.zeros((len(services), count), dtype=np.intp)
    chords: NDArray[np.float64] | None = None
    if latitude is not None and longitude is not None:
        chords = squared_chords(network.points, latitude, longitude)
        by_miles: dict[tuple[float, ...], NDArray[np.intp]] = {}
        for row, position in enumerate(services):
            card_miles = offer.cards[position].zone_miles
            if card_miles not in by_miles:  # most cards share their zones
                by_miles[card_miles] = offer.chords[position].searchsorted(chords)
            zone[row] = by_miles[card_miles]
    elif pickup >= 0:
        usable = usable & (network.positions == pickup)
    else:
        zone[:] = last[:, np.newaxis]
    why: dict[int, str] = {}
    if pickup < 0 and offer.reach.is_limited:
        usable, why = find_served(offer.reach, services, usable, where, network.in_country, chords)
    rows = network.lane_index.find_rows(where)
    not_served: NDArray[np.bool_] = np.zeros(count, dtype=np.bool_)
    names = [offer.cards[position].service for position in services]
    named_transit: NDArray[np.intp] | None = None
    if rows:
        named_zone, named_transit, is_served = overrides(rows, network.index, count, names)
        if pickup < 0:
            reached, usable = usable, usable & is_served
            not_served = np.any(reached, axis=0) & ~np.any(usable, axis=0)
            why |= dict.fromkeys(np.flatnonzero(reached.any(axis=1) & ~usable.any(axis=1)).tolist(), _NOT_SERVED)
        zone = np.where(named_zone == ABSENT, zone, named_zone)
    zone = np.minimum(zone, last[:, np.newaxis])
    is_reachable: NDArray[np.bool_] = np.logical_or.reduce(usable, axis=0)
    position_column = np.array(services, dtype=np.intp)[:, np.newaxis]
    rate_lane = position_column * offer.zones + zone
    place = spans.of_zone.take(rate_lane)
    if named_transit is not None:
        place = np.where(named_transit == ABSENT, place, spans.at[position_column, np.maximum(named_transit, 0)])
    span = position_column * spans.width + place
    if pickup >= 0:
        lane, absent = np.zeros_like(zone), 1
    else:
        clocks = network.clock_index
        if network.clocks_by_service and names:
            clocks = np.array([network.clocks_of(name) for name in names], dtype=np.intp)
        lane, absent = clocks * spans.days_at.size + span, len(network.clocks) * spans.days_at.size
    return Lanes(
        services=services,
        absent=absent,
        lane=np.where(usable, lane, absent),
        rate_lane=rate_lane,
        zones=offer.zones,
        days_at=spans.days_at,
        is_reachable=is_reachable,
        is_located=(latitude is not None and longitude is not None) or pickup >= 0,
        is_complete=bool(services) and bool(usable.all()),
        removed=_count_removed(network, offer, list(services), is_reachable, not_served),
        method=method,
        destination=_find_destination(network, time_zone, where, desk) if pickup < 0 else ANYWHERE,
        pickup=pickup,
        unserved=_find_unserved(services, offered, usable, why) if pickup < 0 else {},
        not_served=not_served if not_served.any() else None,
    )


def _find_unserved(
    services: Sequence[int], offered: NDArray[np.bool_], usable: NDArray[np.bool_], why: Mapping[int, str]
) -> dict[int, str]:
    """Why services that nodes offer (services, N) are not usable from any (services, N); `why` is by row."""
    lost = ~usable.any(axis=1)
    if not lost.any():
        return {}
    lost &= offered.any(axis=1)
    return {services[row]: why[row] for row in np.flatnonzero(lost).tolist()}


def _find_destination(network: Network, time_zone: str, where: Where, desk: Desk | None) -> Destination:
    """The one value that stands for all places of a time zone with the same holidays, and the same desk."""
    holidays = network.lane_index.days_without_delivery(where)
    local = local_holidays(network.public_holidays, where.country, where.regions)
    if not time_zone and not holidays and not local and desk is None:
        return ANYWHERE
    key = (time_zone, holidays, local, desk)
    found = network.memory.tables["destinations"].get(key)
    if isinstance(found, Destination):
        return found
    destination = Destination(time_zone, holidays, local, desk)
    network.memory.keep("destinations", key, destination)
    return destination


def _count_removed(
    network: Network, offer: Offer, services: list[int], is_reachable: NDArray[np.bool_], not_served: NDArray[np.bool_]
) -> dict[str, int]:
    """How many nodes have no lane, by the first reason that applies."""
    if is_reachable.all():
        return {}
    offers = offer.is_offered[services].any(axis=0) if services else np.zeros(len(network.nodes), dtype=np.bool_)
    if offer.cards == (HAND_OVER,):
        return {"other_node": len(network.nodes) - int(is_reachable.sum())} if len(network.nodes) > 1 else {}
    reasons = {
        "inactive": ~network.is_active,
        "service_not_offered": network.is_active & ~offers,
        "lane_not_served": not_served,
        "out_of_reach": offers & ~is_reachable & ~not_served,
    }
    return {reason: int(lacks.sum()) for reason, lacks in reasons.items() if lacks.any()}
