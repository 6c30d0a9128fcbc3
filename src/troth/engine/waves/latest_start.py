"""When a node has to get its work at the latest, so that it is out by the date that was promised."""

from datetime import datetime

from troth.engine.carriage.calendars import day_number, finish_work, instant, minute_of, take_on
from troth.engine.carriage.network import Network
from troth.engine.carriage.node_load import slots_of_day
from troth.engine.demand.ship_groups import HANDED_OVER
from troth.model.order import Fulfillment


def latest_start(network: Network, work: Fulfillment, *, since: datetime, ready_minutes: int) -> datetime:
    """The last minute in which work can be handed to its node and still be done by its `ship_by`, and within the slot
    of the node's day that is booked for it; `since` where even that is too late, or the node is not there any more.

    Later work is never done sooner, so the minute is found by halving what lies between `since` and `ship_by`.
    `ready_minutes` is the least work that a pickup takes.
    """
    position, first, last = network.index.get(work.node), minute_of(since.timestamp()), _minute(work.ship_by)
    if position is None:
        return since
    clock = network.clock_of(position, work.service)
    is_pickup = work.method in HANDED_OVER and work.via is None
    minutes = max(clock.processing_minutes, ready_minutes) if is_pickup else clock.processing_minutes
    begin_by = _begin_by(network, position, work, minutes)

    def is_in_time(minute: int) -> bool:
        begun = take_on(clock, minute)
        if begun is None or (begin_by is not None and begun > begin_by):
            return False
        done = finish_work(clock, begun, minutes, has_cut_off=not is_pickup)
        return done is not None and done <= last

    if last <= first or not is_in_time(first):
        return since
    behind = last + 1
    while behind - first > 1:
        middle = (first + behind) // 2
        first, behind = (middle, behind) if is_in_time(middle) else (first, middle)
    return max(since, instant(first * 60.0))


def _begin_by(network: Network, position: int, work: Fulfillment, minutes: int) -> int | None:
    """The last minute in which work can begin to be done in the first slot that is booked for it; None: in any."""
    limit = None if network.limits is None else network.limits.of.get(position)
    if limit is None or work.booking is None or not work.booking.work:
        return None
    slot = work.booking.work[0][0]
    clock = network.clocks[network.clock_index.item(position)]
    found = [times for times in slots_of_day(clock, limit, day_number(slot.day)) if times.slot == slot]
    return max((times.ends - min(minutes, times.ends - times.begins) for times in found), default=None)


def _minute(at: datetime) -> int:
    return minute_of(at.timestamp())
