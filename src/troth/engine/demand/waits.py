"""How long work waits at a node because its days are full: what a plan says of it, and what would have to be added."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from troth.engine.carriage.calendars import day_date, finish_work, local_day, minute_of, take_on
from troth.engine.carriage.network import Network
from troth.engine.carriage.node_load import slots_of_day
from troth.engine.carriage.pickup_work import pickup_minutes
from troth.engine.demand.candidates import whole_minute_now
from troth.engine.demand.capacity import Need, Work, place_work
from troth.engine.demand.ship_groups import HANDED_OVER
from troth.model.capacity import Slot
from troth.model.ids import LineId
from troth.model.order import Method
from troth.model.plan import Demand, Plan
from troth.model.value import dataclass

DAYS_TOLD: Final = 3
"""So many full days in a row are looked at one by one."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Work that a node would do on the day `first` if there were room, and does on the day `done` (days since 1970;
    None: never). `short` says of the first few full days which slot is the last, and how much more in it would do.
    """

    first: int
    done: int | None
    short: tuple[tuple[Slot, int], ...]


def find_wait(network: Network, position: int, method: Method, now: datetime, need: Need) -> Wait | None:
    """How the work of an order of now waits at a node for want of room; None where it does not."""
    limit = None if network.limits is None else network.limits.of.get(position)
    work = find_own_work(network, position, method, now, need)
    if limit is None or work is None:
        return None
    clock, amount = network.clocks[network.clock_index[position]], need.of(limit.unit)
    last = work.done - 1 if work.minutes else work.done
    first = local_day(clock.time_zone, last)
    placed = place_work(network, clock, limit, work, amount)
    done = None if placed is None else local_day(clock.time_zone, placed.done - 1 if work.minutes else placed.done)
    if done == first:
        return None
    short, left = [], amount
    for day in range(first, first + DAYS_TOLD if done is None else min(done, first + DAYS_TOLD)):
        slots = [times for times in slots_of_day(clock, limit, day) if times.ends > last]
        left -= sum(max(0, times.capacity - network.load.used.get(times.slot, 0)) for times in slots)
        if slots and left > 0:
            short.append((slots[-1].slot, left + max(0, network.load.used.get(slots[-1].slot, 0) - slots[-1].capacity)))
    return Wait(first, done, tuple(short))


def find_own_work(network: Network, position: int, method: Method, now: datetime, need: Need) -> Work | None:
    """The work on an order of now at a node, as if there were room; None where it is never done."""
    clock = network.clocks[network.clock_index[position]]
    is_handed_over = method in HANDED_OVER
    begin = take_on(clock, whole_minute_now(method, now.timestamp()))
    minutes = clock.processing_minutes
    if is_handed_over:
        minutes = pickup_minutes(network, position, clock, need.ready_minutes)
    done = None if begin is None else finish_work(clock, begin, minutes, has_cut_off=not is_handed_over)
    return None if done is None else Work(done, minutes)


def with_waits(network: Network, demand: Demand, plan: Plan, now: datetime, need: Need) -> Plan:
    """The plan that says of each node whose full days moved a date from which day to which."""
    later: Mapping[LineId, bool] = {line.line_id: line.not_before is not None for line in demand.lines}
    notes = []
    for shipment in plan.shipments:
        is_dated = shipment.is_backordered or any(later.get(peg.line_id, False) for peg in shipment.pegs)
        if shipment.booking is None or not shipment.booking.work or is_dated:
            continue
        method = Method.SHIP if shipment.via is not None else shipment.method
        position = network.index[shipment.node]
        wait = find_wait(network, position, method, now, need)
        if wait is not None and wait.done is not None:
            zone = network.clocks[network.clock_index[position]].time_zone
            leaves = local_day(zone, minute_of(shipment.ship_by.timestamp()))
            if leaves >= wait.done:
                days = f"{day_date(wait.first).isoformat()} to {day_date(wait.done).isoformat()}"
                notes.append(f"capacity of {shipment.node} moved its work from {days}")
    if not notes:
        return plan
    return replace(plan, trace=replace(plan.trace, notes=(*plan.trace.notes, *dict.fromkeys(notes))))
