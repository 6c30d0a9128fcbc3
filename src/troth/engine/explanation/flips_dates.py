"""What would have brought the date forward: room on a full day, a later cut-off, quicker work, or a day of work more.

Each is tried only at nodes where it moved a date, and told with the least change that does.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from troth.engine.carriage.calendars import (
    WorkClock,
    day_date,
    is_working_day,
    local_day,
    minute_of,
    take_on,
)
from troth.engine.carriage.network import Memory, Network
from troth.engine.demand.candidates import whole_minute_now
from troth.engine.demand.capacity import find_need
from troth.engine.demand.ship_groups import HANDED_OVER
from troth.engine.demand.waits import find_wait
from troth.engine.explanation.flips_measure import Measure
from troth.engine.explanation.tries import Tries
from troth.engine.promising.case import Case
from troth.model.capacity import Slot
from troth.model.explanation import Flip
from troth.model.ids import NodeId
from troth.model.plan import Plan

_NODES_TRIED: Final = 4
_DAYS_TRIED: Final = 3
_DAY_MINUTES: Final = 24 * 60
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def find_date_flips(case: Case, measure: Measure, rivals: Sequence[Plan], tries: Tries) -> Iterator[Flip]:
    """For each node of the plan, then of its rivals, what would have brought a better or sooner plan."""
    plans = (measure.chosen, *rivals)
    nodes = dict.fromkeys(one.node for plan in plans for one in plan.shipments if not one.is_backordered)
    for node in list(nodes)[:_NODES_TRIED]:
        yield from _capacity_flips(case, measure, node, tries)
        yield from _cut_off_flips(case, measure, node, tries)
        yield from _processing_flips(case, measure, node, tries)
        yield from _calendar_flips(case, measure, node, tries)


def _capacity_flips(case: Case, measure: Measure, node: NodeId, tries: Tries) -> Iterator[Flip]:
    """The least more work on a day that is full with which the plan would have been another."""
    network = case.network
    position = network.index[node]
    need = find_need(case.demand.lines, case.policy)
    wait = find_wait(network, position, case.demand.method, case.now, need)
    if wait is None or network.limits is None:
        return
    unit = network.limits.of[position].unit
    for slot, amount in sorted(wait.short, key=lambda one: (one[1], one[0])):
        other = tries.plan(replace(case, network=_with_room(network, slot, amount)))
        if other is not None and measure.is_better(other):
            change = Flip("capacity", amount, (), 0, 0, None, node, name=unit.value, day=slot.day, size=amount)
            yield measure.flip(change, other)
            return


def _cut_off_flips(case: Case, measure: Measure, node: NodeId, tries: Tries) -> Iterator[Flip]:
    """The earliest cut-off that would have let the order in today."""
    clock = _clock_of(case.network, node)
    if case.demand.method in HANDED_OVER:
        return
    begin = take_on(clock, whole_minute_now(case.demand.method, case.now.timestamp()))
    if begin is None:
        return
    now = _minute_of_day(clock, begin)
    cut_off = clock.cut_off.hour * 60 + clock.cut_off.minute
    if not cut_off <= now < _DAY_MINUTES - 1:
        return
    later = replace(clock, cut_off=clock.cut_off.replace(hour=(now + 1) // 60, minute=(now + 1) % 60))
    other = tries.plan(_with_clock(case, node, later))
    if other is not None and measure.is_better(other):
        change = Flip("cut_off", now + 1, (), 0, 0, None, node, size=now + 1 - cut_off)
        yield measure.flip(change, other)


def _processing_flips(case: Case, measure: Measure, node: NodeId, tries: Tries) -> Iterator[Flip]:
    """The longest time of work, shorter than it is, that would have been short enough."""
    clock = _clock_of(case.network, node)

    def plan_in(minutes: int) -> Plan | None:
        return tries.plan(_with_clock(case, node, replace(clock, processing_minutes=minutes)))

    found = _most(clock.processing_minutes, plan_in, measure)
    if found is not None:
        minutes, other = found
        change = Flip("processing", minutes, (), 0, 0, None, node, size=clock.processing_minutes - minutes)
        yield measure.flip(change, other)


def _most(above: int, plan_in: Callable[[int], Plan | None], measure: Measure) -> tuple[int, Plan] | None:
    """The most below a number, by halving, that makes a better plan; None where zero does not."""
    best = plan_in(0) if above > 0 else None
    if best is None or not measure.is_better(best):
        return None
    low, high = 0, above - 1
    while low < high:
        middle = (low + high + 1) // 2
        other = plan_in(middle)
        if other is None:
            return None
        if measure.is_better(other):
            low, best = middle, other
        else:
            high = middle - 1
    return low, best


def _calendar_flips(case: Case, measure: Measure, node: NodeId, tries: Tries) -> Iterator[Flip]:
    """The first closed day of a node on which work would have been in time for a better plan."""
    clock = _clock_of(case.network, node)
    first = local_day(clock.time_zone, minute_of(case.now.timestamp()))
    closed = [
        day
        for day in range(first, first + _last_day(measure, clock, first))
        if not is_working_day(clock.weekdays, clock.holidays, day)
    ]
    for day in closed[:_DAYS_TRIED]:
        weekday, date = (day + 3) % 7, day_date(day)
        is_holiday = weekday in clock.weekdays
        opened = replace(clock, holidays=clock.holidays - {date}, weekdays=clock.weekdays | {weekday})
        other = tries.plan(_with_clock(case, node, opened))
        if other is not None and measure.is_better(other):
            name = "" if is_holiday else _WEEKDAYS[weekday]
            yield measure.flip(Flip("calendar", 1, (), 0, 0, None, node, name=name, day=date, size=1), other)
            return


def _last_day(measure: Measure, clock: WorkClock, first: int) -> int:
    """So many days on may a plan's work be done: until its last shipment leaves."""
    leaves = [minute_of(shipment.ship_by.timestamp()) for shipment in measure.chosen.shipments]
    return max((local_day(clock.time_zone, minute) - first for minute in leaves), default=0)


def _minute_of_day(clock: WorkClock, minute: int) -> int:
    """The local minute of the day (0 to 1439) of a minute."""

    local = datetime.fromtimestamp(minute * 60, ZoneInfo(clock.time_zone))
    return local.hour * 60 + local.minute


def _clock_of(network: Network, node: NodeId) -> WorkClock:
    return network.clocks[network.clock_index.item(network.index[node])]


def _with_clock(case: Case, node: NodeId, clock: WorkClock) -> Case:
    """The case in which a node works by another clock; what the network remembers of dates is not carried over."""
    network = case.network
    clock_index = network.clock_index.copy()
    clock_index[network.index[node]] = len(network.clocks)
    changed = replace(
        network,
        clocks=(*network.clocks, clock),
        clock_index=clock_index,
        memory=Memory(network.memory.entries_max),
    )
    return replace(case, network=changed.with_load(network.load.without(())))


def _with_room(network: Network, slot: Slot, amount: int) -> Network:
    """The network with room for so much more in a slot."""
    load = network.load.without(())
    load.put(slot, load.used.get(slot, 0) - amount)
    return network.with_load(load)
