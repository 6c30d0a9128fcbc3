"""Work that does not fit into a node's day goes into the next: capacity in the dates.

Only nodes that have a limit and may be too full for this demand are looked at; all others keep the dates of their
clocks. A node has room for an order if it has room for all of it: so its date does not depend on how the order is
divided, and neither more stock nor more capacity ever makes it later.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.calendars import DAYS_SEARCHED_MAX, WorkClock, finish_work, local_day, minutes_of, take_on
from troth.engine.candidates import Block
from troth.engine.network import Network
from troth.engine.node_load import Limit, slots_of_day
from troth.engine.timetable import Timetable, dates_of_work, pickup_dates
from troth.engine.transit import NEVER, Lanes
from troth.model.capacity import CapacityUnit, Slot
from troth.model.plan import DemandLine
from troth.model.policy import Policy

NOTHING_TAKEN: Final[Mapping[Slot, int]] = {}


@dataclass(frozen=True, slots=True)
class Need:
    """How much work an order is: order lines and units. `ready_minutes` is the least work that a pickup takes."""

    lines: int
    units: int
    ready_minutes: int

    def of(self, unit: CapacityUnit) -> int:
        """The need in a node's unit."""
        return self.units if unit is CapacityUnit.UNITS else self.lines


@dataclass(frozen=True, slots=True)
class Work:
    """Work at a node: when it would be done if there were room, and the minutes that it takes."""

    done: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Placed:
    """Work that has room: when it is done, and how much of it in each slot."""

    done: int
    parts: tuple[tuple[Slot, int], ...]


def find_need(lines: Iterable[DemandLine], policy: Policy) -> Need:
    """How much work some lines are."""
    quantities = [line.quantity for line in lines if line.quantity > 0]
    return Need(len(quantities), sum(quantities), minutes_of(policy.pickup_ready_hours))


def is_limited(network: Network, lanes: Lanes) -> bool:
    """Whether anything here can make a date later: a limited node, or work that waits before a pickup."""
    return network.limits is not None or (lanes.pickup >= 0 and bool(network.load.queue_minutes))


def spill(network: Network, lanes: Lanes, block: Block, need: Need) -> Block:
    """The block with later dates for the nodes that have no room for the need; what none has room for is not available.

    The lanes of such nodes are appended to the block's timetable.
    """
    columns = [column for column in _find_suspects(network, lanes, block, need) if block.available[:, column].any()]
    if not columns:
        return block
    times = block.timetable
    lane = block.lane.copy()
    rows = [np.array([times.ship_by, times.promised_from, times.promised_at, times.arrival_day])]
    size = rows[0].shape[1]
    cards = len(network.offer(lanes.method).cards) * network.spans(lanes.method).width
    for column in columns:
        position = int(block.nodes[column])
        own = lanes.lane[:, position]
        first = 0 if lanes.pickup >= 0 else int(network.clock_index[position]) * cards
        rows.append(_dates(network, lanes, position, block, need))
        lane[:, column] = np.where(own == lanes.absent, lanes.absent, own - first + size)
        size += rows[-1].shape[1]
    dates = np.concatenate(rows, axis=1)
    timetable = Timetable(dates[0], dates[1], dates[2], dates[3])
    if block.not_before is None:
        never = [column for column in columns if bool((dates[3].take(lane[:, column]) >= NEVER).all())]
        block.available[:, never] = 0.0
    return replace(block, timetable=timetable, lane=lane)


def _find_suspects(network: Network, lanes: Lanes, block: Block, need: Need) -> list[int]:
    """The columns of a block whose nodes may have no room; a bound of what is used tells that most have."""
    load, limits = network.load, network.limits
    if lanes.pickup >= 0:
        is_one = limits is not None and lanes.pickup in limits.of
        is_one = is_one or network.nodes[lanes.pickup].node in load.queue_minutes
        return np.flatnonzero(block.nodes == lanes.pickup).tolist() if is_one else []
    if limits is None:
        return []
    asked = np.where(limits.counts_units, need.units, need.lines)
    is_short = limits.least - load.used_max < asked
    if block.nodes.size < is_short.size:
        is_short = is_short[block.nodes]
    found: list[int] = np.flatnonzero(is_short).tolist()
    return found


def _dates(network: Network, lanes: Lanes, position: int, block: Block, need: Need) -> NDArray[np.float64]:
    """The dates (4, lanes of a clock) of one node whose room is limited."""
    clock = network.clocks[network.clock_index[position]]
    work = find_work(network, lanes, position, block.minute, need)
    limit = None if network.limits is None else network.limits.of.get(position)
    done = None if work is None else work.done
    if work is not None and limit is not None:
        amount = need.of(limit.unit)
        placed = place_work(network, clock, limit, work, amount, divides=amount > max(limit.capacity))
        done = None if placed is None else placed.done
    if lanes.pickup >= 0:
        times = pickup_dates(clock, done, block.not_before)
        return np.array([times.ship_by, times.promised_from, times.promised_at, times.arrival_day])[:, :1]
    return dates_of_work(network, lanes, int(network.clock_index[position]), done, block.not_before)


def find_work(network: Network, lanes: Lanes, position: int, minute: int, need: Need) -> Work | None:
    """The work on an order at a node from a minute on, as if there were room; None where it is never done."""
    clock = network.clocks[network.clock_index[position]]
    begin = take_on(clock, minute)
    minutes = clock.processing_minutes
    if lanes.pickup >= 0:
        queue = network.load.queue_minutes.get(network.nodes[position].node, 0)
        minutes = max(minutes, need.ready_minutes) + max(0, queue)
    done = None if begin is None else finish_work(clock, begin, minutes, has_cut_off=lanes.pickup < 0)
    return None if done is None else Work(done, minutes)


def place_work(
    network: Network,
    clock: WorkClock,
    limit: Limit,
    work: Work,
    amount: int,
    *,
    divides: bool,
    latest: int | None = None,
    is_late: bool = False,
    taken: Mapping[Slot, int] = NOTHING_TAKEN,
) -> Placed | None:
    """Where work of an amount finds room, from the slot on in which it would be done; None where it finds none.

    Divided work takes what room there is, slot after slot; other work needs a slot with room for all of it: the first,
    or where it `is_late` the last, in which it is done by the `latest` minute. In a later slot the work, or its last
    part, begins with the slot.
    """
    used = network.load.used
    last = work.done - 1 if work.minutes else work.done
    first = local_day(clock.time_zone, last)
    parts: list[tuple[Slot, int]] = []
    found: Placed | None = None
    left = amount
    for day in range(first, first + DAYS_SEARCHED_MAX):
        for times in slots_of_day(clock, limit, day):
            if times.ends <= last:
                continue
            is_own = times.begins <= last
            done = work.done if is_own else times.begins + min(work.minutes, times.ends - times.begins)
            if latest is not None and done > latest:
                return found
            room = times.capacity - used.get(times.slot, 0) - taken.get(times.slot, 0)
            if divides and room > 0:
                parts.append((times.slot, min(left, room)))
                left -= min(left, room)
                if left == 0:
                    return Placed(done, tuple(parts))
            elif not divides and room >= amount:
                found = Placed(done, ((times.slot, amount),))
                if not is_late:
                    return found
    return found
