"""Work that does not fit into a node's day goes into the next: capacity in the dates.

Only nodes that have a limit and may be too full for this demand are looked at; all others keep the dates of their
clocks. A node's date is the one on which it could do the whole order: so it does not depend on how the order is divided
over nodes, and neither more stock nor more capacity ever makes it later.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.calendars import DAYS_SEARCHED_MAX, WorkClock, finish_work, local_day, minutes_of, take_on
from troth.engine.carriage.network import Network
from troth.engine.carriage.node_load import Limit, slots_of_day
from troth.engine.carriage.pickup_work import pickup_minutes
from troth.engine.carriage.timetable import Timetable, dates_of_work, find_standing, pickup_dates
from troth.engine.carriage.transit import Lanes
from troth.engine.demand.candidates import Block
from troth.model.capacity import CapacityUnit, Slot
from troth.model.plan import DemandLine
from troth.model.policy import Policy
from troth.model.value import dataclass

NOTHING_TAKEN: Final[Mapping[Slot, int]] = {}
_OWN: Final = -1
_NEVER_DONE: Final = -2
_PLACED_MAX: Final = 200_000


@dataclass(frozen=True, slots=True)
class Need:
    """How much work an order is: order lines and units. `ready_minutes` is the least work that a pickup takes."""

    lines: int
    units: int
    ready_minutes: int = 0

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
    quantities = [line.count(line.quantity) for line in lines if line.quantity > 0]
    return Need(len(quantities), sum(quantities), minutes_of(policy.pickup_ready_hours))


def is_limited(network: Network, lanes: Lanes) -> bool:
    """Whether anything here can make a date later: a limited node, or work that waits before a pickup."""
    return network.limits is not None or (lanes.pickup >= 0 and bool(network.load.queue_minutes))


def spill(network: Network, lanes: Lanes, block: Block, need: Need) -> Block:
    """The block with later dates for the nodes that have no room for the need; what none has room for is not available.

    The lanes of such nodes are appended to the block's timetable.
    """
    groups = _find_spilled(network, lanes, block, need)
    if not groups:
        return block
    times = block.timetable
    lane = block.lane.copy()
    rows = [np.array([times.ship_by, times.promised_from, times.promised_at, times.arrival_day])]
    size = rows[0].shape[1]
    width = len(network.offer(lanes.method).cards) * network.spans(lanes.method).width
    never: dict[int, int] = {}
    for (clock, done, services), columns in groups.items():
        dates = _dates(network, lanes, clock, done, block.not_before)
        at = np.ix_(np.array(services, dtype=np.intp), np.array(columns, dtype=np.intp))
        own = lanes.lane[at[0], block.nodes[at[1]]]
        first = 0 if lanes.pickup >= 0 else clock * width
        lane[at] = np.where(own == lanes.absent, lanes.absent, own - first + size)
        rows.append(dates)
        size += dates.shape[1]
        if done is None:
            never.update((column, never.get(column, 0) + len(services)) for column in columns)
    found = np.concatenate(rows, axis=1)
    if never and block.not_before is None:
        block.available[:, [column for column, count in never.items() if count == len(lanes.services)]] = 0.0
    return replace(block, timetable=Timetable(found[0], found[1], found[2], found[3]), lane=lane)


def _find_spilled(
    network: Network, lanes: Lanes, block: Block, need: Need
) -> dict[tuple[int, int | None, tuple[int, ...]], list[int]]:
    """The columns of a block whose dates are others than their clocks', by clock, the minute in which work is done
    there (None: never), and the rows of the services for which that holds.
    """
    suspects = _find_suspects(network, lanes, block, need)
    groups: dict[tuple[int, int | None, tuple[int, ...]], list[int]] = {}
    if not suspects:
        return groups
    has_any: list[bool] = np.any(block.available[:, suspects], axis=0).tolist()
    standing = find_standing(network, lanes, block.minute) if lanes.pickup < 0 else None
    for column, has in zip(suspects, has_any, strict=True):
        if not has:
            continue
        position = block.nodes.item(column)
        for clock, services in _clocks_of(network, lanes, position):
            day = None if standing is None else standing.day(clock)
            done = _find_done(network, lanes, position, clock, block.minute, need, day)
            if done != _OWN:
                groups.setdefault((clock, None if done == _NEVER_DONE else done, services), []).append(column)
    return groups


def _clocks_of(network: Network, lanes: Lanes, position: int) -> Iterable[tuple[int, tuple[int, ...]]]:
    """The clocks by which a node works, each with the rows of its services."""
    rows = tuple(range(len(lanes.services)))
    if lanes.pickup >= 0 or not network.clocks_by_service:
        return ((network.clock_index.item(position), rows),)
    cards = network.offer(lanes.method).cards
    found: dict[int, tuple[int, ...]] = {}
    for row, card in enumerate(lanes.services):
        clock = network.clocks_of(cards[card].service).item(position)
        found[clock] = (*found.get(clock, ()), row)
    return found.items()


def _find_done(
    network: Network, lanes: Lanes, position: int, clock: int, minute: int, need: Need, day: int | None
) -> int:
    """The minute in which work is done where there is room; _OWN where that is the day of the clock, _NEVER_DONE.

    With one slot a day it depends on the day on which the clock would have it done, not on the minute; but after
    midnight the slot of a night is that of the day before.
    """
    limit = None if network.limits is None else network.limits.of.get(position)
    if limit is None or day is None or limit.has_shifts or network.clocks[clock].is_nightly:
        return _place_anew(network, lanes, position, clock, minute, need, limit, is_own_kept=False)
    load = network.load
    key = (position, clock, day, need.of(limit.unit))
    version = load.versions[position]
    known = load.placed.get(key)
    if known is not None and known[0] == version:
        return known[1]
    done = _place_anew(network, lanes, position, clock, minute, need, limit, is_own_kept=True)
    if len(load.placed) >= _PLACED_MAX:
        load.placed.clear()
    load.placed[key] = (version, done)
    return done


def find_full(network: Network, lanes: Lanes, minute: int, need: Need, positions: Iterable[int]) -> list[int]:
    """Those of some nodes (positions) that have no room for the need on any day."""
    limits = network.limits
    limited = positions if lanes.pickup >= 0 else () if limits is None else [at for at in positions if at in limits.of]
    return [
        at
        for at in limited
        if _place_anew(
            network,
            lanes,
            at,
            network.clock_index.item(at),
            minute,
            need,
            None if limits is None else limits.of.get(at),
            is_own_kept=False,
        )
        == _NEVER_DONE
    ]


def _place_anew(
    network: Network,
    lanes: Lanes,
    position: int,
    clock: int,
    minute: int,
    need: Need,
    limit: Limit | None,
    *,
    is_own_kept: bool,
) -> int:
    work = find_work(network, lanes, position, network.clocks[clock], minute, need)
    if work is None:
        return _NEVER_DONE
    if limit is None:
        return work.done
    placed = place_work(network, network.clocks[clock], limit, work, need.of(limit.unit))
    if placed is None:
        return _NEVER_DONE
    return _OWN if is_own_kept and placed.done == work.done else placed.done


def _dates(
    network: Network, lanes: Lanes, clock: int, done: int | None, not_before: float | None
) -> NDArray[np.float64]:
    """The dates (4, lanes of a clock) of work that is done at a minute."""
    if lanes.pickup >= 0:
        times = pickup_dates(network.clocks[clock], done, not_before)
        return np.array([times.ship_by, times.promised_from, times.promised_at, times.arrival_day])[:, :1]
    return dates_of_work(network, lanes, clock, done, not_before)


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


def find_work(network: Network, lanes: Lanes, position: int, clock: WorkClock, minute: int, need: Need) -> Work | None:
    """The work on an order at a node from a minute on, as if there were room; None where it is never done."""
    begin = take_on(clock, minute)
    minutes = clock.processing_minutes
    if lanes.pickup >= 0:
        minutes = pickup_minutes(network, position, clock, need.ready_minutes)
    done = None if begin is None else finish_work(clock, begin, minutes, has_cut_off=lanes.pickup < 0)
    return None if done is None else Work(done, minutes)


def find_done(
    network: Network, lanes: Lanes, position: int, service: str, minute: int, need: Need | None
) -> int | None:
    """The minute in which work that can begin at a minute, and goes by a service, is done at a node that has room for
    the need (None: as if there were room); None where it never is.
    """
    clock = network.clock_of(position, service)
    work = find_work(network, lanes, position, clock, minute, Need(0, 0) if need is None else need)
    limit = None if network.limits is None else network.limits.of.get(position)
    if work is None or need is None or limit is None:
        return None if work is None else work.done
    placed = place_work(network, clock, limit, work, need.of(limit.unit))
    return None if placed is None else placed.done


def place_work(
    network: Network,
    clock: WorkClock,
    limit: Limit,
    work: Work,
    amount: int,
    *,
    latest: int | None = None,
    is_late: bool = False,
    taken: Mapping[Slot, int] = NOTHING_TAKEN,
) -> Placed | None:
    """Where work of an amount finds room, done by the `latest` minute; None where it finds none.

    It takes what room there is, slot after slot, from the one on in which it would be done: the first ones, or where it
    `is_late` the last that are in time. In a later slot the work, or its last part, begins with the slot.
    """
    used = network.load.used
    last = work.done - 1 if work.minutes else work.done
    first = local_day(clock.time_zone, last)
    rooms: list[tuple[Slot, int]] = []
    left, done = amount, work.done
    for day in range(first - clock.is_nightly, first + DAYS_SEARCHED_MAX):
        for times in slots_of_day(clock, limit, day):
            if times.ends <= last:
                continue
            if times.begins > last:
                done = times.begins + min(work.minutes, times.ends - times.begins)
            if latest is not None and done > latest:
                return _fill(rooms[::-1], amount, latest) if is_late else None
            room = times.capacity - used.get(times.slot, 0) - taken.get(times.slot, 0)
            if room > 0:
                rooms.append((times.slot, room))
                left -= room
                if left <= 0 and not is_late:
                    return _fill(rooms, amount, done)
    return None


def _fill(rooms: Iterable[tuple[Slot, int]], amount: int, done: int) -> Placed | None:
    """An amount in these rooms, one after the other; None where they are too small."""
    parts: list[tuple[Slot, int]] = []
    for slot, room in rooms:
        parts.append((slot, min(amount, room)))
        amount -= parts[-1][1]
        if amount == 0:
            return Placed(done, tuple(sorted(parts)))
    return None
