"""Fields of the way from each node: distance, zone, days, what a parcel costs, and the services and carriers."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.rate_cards import billable_grams, parcel_rate_minor
from troth.engine.carriage.transit import Lanes, compute_miles, find_coordinates, find_lanes
from troth.engine.rules.loading import Facts, Loader, as_known
from troth.engine.rules.values import NO_NUMBER, UNKNOWN, Value, code_words
from troth.model.money import currency_decimals
from troth.model.network import RateCard
from troth.model.order import Method


def _miles(facts: Facts) -> Value:
    latitude, longitude = find_coordinates(facts.place)
    if latitude is None or longitude is None:
        return NO_NUMBER
    return Value(compute_miles(facts.network, latitude, longitude))


def _find_lanes(facts: Facts) -> Lanes | None:
    """How the demand may go; None where its pickup node is not known, or no card has its method."""
    demand, network = facts.demand, facts.network
    pickup = -1
    if demand.method in (Method.PICKUP, Method.CURBSIDE):
        if demand.pickup_node is None or demand.pickup_node not in network.index:
            return None
        pickup = network.index[demand.pickup_node]
    lanes = find_lanes(network, demand.method, demand.destination, "" if pickup >= 0 else demand.service, pickup)
    return lanes if lanes.services else None


def _least(read: Callable[[Lanes], NDArray[np.intp]]) -> Loader:
    """The least over the services that a node may use."""

    def load(facts: Facts) -> Value:
        lanes = _find_lanes(facts)
        if lanes is None:
            return NO_NUMBER
        is_there = lanes.lane != lanes.absent
        least = np.where(is_there, read(lanes), np.iinfo(np.intp).max).min(axis=0)
        return Value(least.astype(np.float64), as_known(is_there.any(axis=0)))

    return load


def _cost(facts: Facts) -> Value:
    """What the cheapest card charges for the order's goods in one parcel; a pickup costs nothing."""
    lanes = _find_lanes(facts)
    if lanes is None:
        return NO_NUMBER
    if lanes.pickup >= 0:
        return Value(np.zeros(facts.network.positions.size), as_known((lanes.lane != lanes.absent).any(axis=0)))
    lines = facts.order.lines
    grams = sum(line.grams(line.quantity) for line in lines)
    volume = sum(line.volume(line.quantity) for line in lines)
    rates = np.full(lanes.lane.shape, np.inf)
    for row, card in _cards(facts, lanes):
        billable = billable_grams(card, weight_grams=grams, volume_cm3=volume)
        if card.grams_max is not None and billable > card.grams_max:
            continue
        by_zone = [parcel_rate_minor(card, zone=zone, grams=billable) for zone in range(len(card.zone_miles))]
        is_there = lanes.lane[row] != lanes.absent
        rates[row, is_there] = np.array(by_zone, dtype=np.float64)[lanes.zone[row, is_there]]
    least = rates.min(axis=0)
    is_known = np.isfinite(least)
    decimals = currency_decimals(facts.currency)
    return Value(np.where(is_known, least, 0.0) / 10**decimals, as_known(is_known))


def _names(read: Callable[[RateCard], str]) -> Loader:
    """What is said of the cards by which each node (N) may send."""

    def load(facts: Facts) -> Value:
        lanes = _find_lanes(facts)
        count = facts.network.positions.size
        named: list[set[str]] = [set() for _ in range(count)]
        if lanes is not None and lanes.pickup < 0:
            for row, card in _cards(facts, lanes):
                for node in np.flatnonzero(lanes.lane[row] != lanes.absent).tolist():
                    named[node].add(read(card))
        return Value(code_words([frozenset(names) for names in named], (count,)))

    return load


def _cards(facts: Facts, lanes: Lanes) -> Iterator[tuple[int, RateCard]]:
    cards = facts.network.offer(lanes.method).cards
    return ((row, cards[position]) for row, position in enumerate(lanes.services))


def _is_same(path: str) -> Loader:
    def load(facts: Facts) -> Value:
        place = facts.place
        here = "" if place is None else getattr(place, path)
        if not here:
            return UNKNOWN
        nodes = facts.network.nodes
        found = [getattr(node.address, path) for node in nodes]
        is_same = np.array([text == here for text in found], dtype=np.bool_)
        if path == "subdivision" and place is not None:  # regions of two countries may share a name
            is_same &= np.array([node.address.country == place.country for node in nodes], dtype=np.bool_)
        return Value(is_same, as_known(np.array([bool(text) for text in found], dtype=np.bool_)))

    return load


LANE_LOADERS: Final[Mapping[str, Loader]] = {
    "lane.miles": _miles,
    "lane.zone": _least(lambda lanes: lanes.zone + 1),
    "lane.transit_days": _least(lambda lanes: lanes.transit),
    "lane.same_region": _is_same("subdivision"),
    "lane.same_country": _is_same("country"),
    "lane.cost": _cost,
    "lane.services": _names(lambda card: card.service),
    "lane.carriers": _names(lambda card: card.carrier),
}
