"""Fields of the moment at which one order is decided: the time, at each node too, and what is promised of its day."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from troth.engine.carriage.calendars import day_date, day_of_work, minute_of
from troth.engine.rules.loading import Facts, Loader, as_known, node_numbers
from troth.engine.rules.values import NO_NUMBER, Coded, Value, recode
from troth.model.network import Node

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_TOLERANCE: Final = 1e-6


def _ordered_at(facts: Facts) -> Value:
    at = facts.demand.ordered_at
    return NO_NUMBER if at is None else Value(at.timestamp())


def _local_numbers(read: Callable[[datetime], int]) -> Loader:
    """A number of the local time at each node (N), computed once for each time zone."""

    def load(facts: Facts) -> Value:
        zones = facts.field("node.time_zone").data
        return Value(np.array([read(at) for at in _local_times(facts, zones)], dtype=np.float64)[zones.codes])

    return load


def _weekday(facts: Facts) -> Value:
    zones = facts.field("node.time_zone").data
    return Value(recode([WEEKDAYS[at.weekday()] for at in _local_times(facts, zones)], zones.codes))


def _local_times(facts: Facts, zones: Coded) -> list[datetime]:
    now = facts.now.astimezone(UTC)
    return [now.astimezone(ZoneInfo(zone)) for zone in zones.words]


def _load(facts: Facts) -> Value:
    """The share (N) that is promised of the next day's work; missing where there is no limit, or nobody looked."""
    limits, loads = facts.network.limits, facts.loads
    if limits is None or loads is None:
        return NO_NUMBER
    shares = np.zeros(len(facts.network.nodes))
    for node, share in loads.items():
        if (position := facts.network.index.get(node)) is not None:
            shares[position] = share
    return Value(shares, as_known(np.isfinite(limits.least)))


def _capacity_left(facts: Facts) -> Value:
    """What is left (N) of that day's capacity, from the recorded share, so that it is the same when decided again."""
    shares, limits = facts.field("node.load"), facts.network.limits
    if limits is None or shares.known is False:
        return NO_NUMBER
    capacity = np.zeros(len(facts.network.nodes))
    network, minute = facts.network, minute_of(facts.now.timestamp())
    for position, limit in limits.of.items():
        day = day_date(day_of_work(network.clocks[network.clock_index[position]], minute))
        capacity[position] = sum(limit.of_day(day).capacity)
    return Value(np.floor(np.maximum(capacity * (1.0 - shares.data), 0.0) + _TOLERANCE), shares.known)


def _minutes(read: Callable[[Node], tuple[int, int]]) -> Loader:
    def minutes(_: Facts, node: Node) -> float:
        hours, past = read(node)
        return hours * 60 + past

    return node_numbers(minutes)


MOMENT_LOADERS: Final[Mapping[str, Loader]] = {
    "order.external_id": lambda f: Value(f.demand.external_id),
    "order.now": lambda f: Value(f.now.timestamp()),
    "order.ordered_at": _ordered_at,
    "customer.name": lambda f: Value(f.demand.customer_name),
    "customer.email": lambda f: Value(f.demand.customer_email),
    "node.cut_off": _minutes(lambda node: (node.cut_off.hour, node.cut_off.minute)),
    "node.opens": _minutes(lambda node: (node.calendar.opens.hour, node.calendar.opens.minute)),
    "node.closes": _minutes(lambda node: (node.calendar.closes.hour, node.calendar.closes.minute)),
    "node.local_hour": _local_numbers(lambda at: at.hour),
    "node.local_minute": _local_numbers(lambda at: at.hour * 60 + at.minute),
    "node.weekday": _weekday,
    "node.load": _load,
    "node.capacity_left": _capacity_left,
}
