"""What a wave takes: first what could not wait for another one, then by promise and priority, as far as it has room."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from troth.engine.carriage.calendars import local_day, minute_of
from troth.engine.carriage.network import Network
from troth.engine.carriage.node_load import UNLIMITED, slots_of_day
from troth.model.capacity import CapacityUnit
from troth.model.ids import FulfillmentId, NodeId, OrderId
from troth.model.release_rules import WaveRule
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """Work that waits for a wave: how much it is, and what decides when it goes (a larger `priority` goes first)."""

    order_id: OrderId
    fulfillment_id: FulfillmentId
    latest: datetime
    promised_at: datetime
    priority: int
    lines: int
    units: int


@dataclass(frozen=True, slots=True)
class Amount:
    """So many orders, lines and units; of room, None is no limit."""

    orders: int | None = 0
    lines: int | None = 0
    units: int | None = 0


NOTHING = Amount()
NO_LIMIT = Amount(None, None, None)


def turn_of(one: Waiting) -> tuple[datetime, datetime, int, str, str]:
    """What work is put in order by: who has to go first, then the promise, then the priority.

    Whoever must be begun earlier goes earlier, so that a wave without room sends what could wait for the next one.
    """
    return one.latest, one.promised_at, -one.priority, one.order_id, one.fulfillment_id


def fill_wave(waiting: Iterable[Waiting], room: Amount) -> tuple[list[Waiting], list[Waiting]]:
    """Which work a wave takes and which it has no room for, each in its turn.

    What does not fit is passed over for what does. Work counts as an order of its own for each of its nodes.
    """
    taken: list[Waiting] = []
    left_out: list[Waiting] = []
    used = NOTHING
    for one in sorted(waiting, key=turn_of):
        more = add(used, one)
        if fits(more, room):
            taken.append(one)
            used = more
        else:
            left_out.append(one)
    return taken, left_out


def add(used: Amount, one: Waiting) -> Amount:
    """What is used with one more."""
    return Amount((used.orders or 0) + 1, (used.lines or 0) + one.lines, (used.units or 0) + one.units)


def fits(used: Amount, room: Amount) -> bool:
    """Whether so much is within a limit."""
    pairs = ((used.orders, room.orders), (used.lines, room.lines), (used.units, room.units))
    return all(most is None or (amount or 0) <= most for amount, most in pairs)


def sum_of(waiting: Sequence[Waiting]) -> Amount:
    """How much some work is together."""
    return Amount(len(waiting), sum(one.lines for one in waiting), sum(one.units for one in waiting))


def room_of(rule: WaveRule, node: NodeId | None, at: datetime, network: Network) -> Amount:
    """What a wave may take at most: as its rule says, and by the capacity of its node in the day or shift of the wave.

    A node without a limit has none here, and a wave that nodes share has only that of its rule.
    """
    lines, units = rule.lines_max, rule.units_max
    share = _share_of_capacity(rule, node, at, network)
    if share is not None and node is not None:
        position = network.index[node]
        limit = None if network.limits is None else network.limits.of.get(position)
        if limit is not None and limit.unit is CapacityUnit.LINES:
            lines = share if lines is None else min(lines, share)
        else:
            units = share if units is None else min(units, share)
    return Amount(rule.orders_max, lines, units)


def left_of(room: Amount, taken: Amount) -> Amount:
    """What is left of a room; never less than nothing."""

    def left(most: int | None, used: int | None) -> int | None:
        return None if most is None else max(0, most - (used or 0))

    return Amount(left(room.orders, taken.orders), left(room.lines, taken.lines), left(room.units, taken.units))


def _share_of_capacity(rule: WaveRule, node: NodeId | None, at: datetime, network: Network) -> int | None:
    position = None if node is None else network.index.get(node)
    if rule.capacity_percent is None or position is None or network.limits is None:
        return None
    limit = network.limits.of.get(position)
    if limit is None:
        return None
    clock = network.clocks[network.clock_index.item(position)]
    minute = minute_of(at.timestamp())
    slots = slots_of_day(clock, limit, local_day(clock.time_zone, minute))
    # A wave before the opening is for the first shift, one after closing for the last.
    found = next((times for times in slots if minute < times.ends), slots[-1] if slots else None)
    if found is None or found.capacity >= UNLIMITED:
        return None
    return int(found.capacity * rule.capacity_percent / 100)
