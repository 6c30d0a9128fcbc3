"""By when each step of work has to be taken, scheduled back from the promise.

The promise says when the goods are there and when they have to leave. What the carrier does between these is divided
by fixed shares of that time; what the node does before is counted back in its own opening hours.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from troth.engine.acceptance import accept_by
from troth.engine.carriage.calendars import WorkClock, finish_work, instant, minute_of
from troth.engine.carriage.locker_room import load_minutes
from troth.engine.carriage.network import Network
from troth.engine.demand.ship_groups import HANDED_OVER
from troth.engine.waves.latest_start import latest_start
from troth.model.order import Fulfillment
from troth.model.tracking import Step
from troth.model.ways import counter_of

LEFT_AFTER: Final[Mapping[Step, int]] = {Step.PICKED: 40, Step.PACKED: 10}
"""So much of the node's work (%) is still to be done after these steps."""
DOOR_HOURS: Final = timedelta(hours=8)
"""So long before the end of its window a parcel is in the vehicle that brings it."""
FIRST_SCAN: Final = timedelta(hours=24)
"""So long after it left a parcel is seen on its way."""

_DAY_MINUTES: Final = 1_440


def schedule_back(
    network: Network,
    work: Fulfillment,
    *,
    since: datetime,
    ready_minutes: int,
    release_at: datetime | None = None,
    released_at: datetime | None = None,
) -> dict[Step, datetime]:
    """The latest time of each step of work, none of them after a later step's. What was released at a time has to be
    accepted after that; else after the latest time at which it could be.

    `since` is the earliest of them, as when the order was captured; `ready_minutes` the least work of a pickup. Nobody
    waits for a release before `release_at`, as long as the customer may still change their mind.
    """
    is_pickup = work.method in HANDED_OVER
    found: dict[Step, datetime] = {}
    if is_pickup:
        found[Step.READY] = work.promised_at
    else:
        found[Step.DELIVERED] = work.promised_at
    leaves_by = work.promised_at if is_pickup and work.via is None else min(work.ship_by, work.promised_at)
    if not is_pickup or work.via is not None:
        span = work.promised_at - leaves_by
        out_by = work.promised_at - min(DOOR_HOURS, span / 2)
        if work.via is not None:
            found[Step.ARRIVED] = arrive_by(network, work, ready_minutes=ready_minutes)
            out_by = min(out_by, found[Step.ARRIVED])
        if not is_pickup:
            found[Step.OUT_FOR_DELIVERY] = out_by
        found[Step.IN_TRANSIT] = leaves_by + min(FIRST_SCAN, (out_by - leaves_by) / 2)
        found[Step.HANDED_OVER] = leaves_by
    found |= _at_node(
        network,
        work,
        leaves_by,
        since=since,
        ready_minutes=ready_minutes,
        release_at=release_at,
        released_at=released_at,
    )
    return {step: found[step] for step in Step if step in found}


def arrive_by(network: Network, work: Fulfillment, *, ready_minutes: int) -> datetime:
    """The promise of the leg to the store: when what is sent there first has to come in, so that the store has it ready
    for its customer, at the counter or in its locker, when it was promised. Not before it has to leave.
    """
    leaves_by = min(work.ship_by, work.promised_at)
    position = None if work.via is None else network.index.get(work.via)
    if position is None:
        return work.promised_at
    clock = network.clocks[network.clock_index.item(position)]
    minutes = minutes_at_store(network, clock, work, ready_minutes=ready_minutes)
    return latest_with_left(clock, minutes, since=leaves_by, done_by=work.promised_at)


def minutes_at_store(network: Network, clock: WorkClock, work: Fulfillment, *, ready_minutes: int) -> int:
    """How much work of its opening hours a store has with what is sent there first, once it has come in."""
    return max(clock.processing_minutes, ready_minutes) + load_minutes(network, counter_of(work))


def _at_node(
    network: Network,
    work: Fulfillment,
    leaves_by: datetime,
    *,
    since: datetime,
    ready_minutes: int,
    release_at: datetime | None,
    released_at: datetime | None,
) -> dict[Step, datetime]:
    position = network.index.get(work.node)
    if position is None:
        return {}
    clock = network.clock_of(position, work.service)
    is_pickup = work.method in HANDED_OVER and work.via is None
    minutes = max(clock.processing_minutes, ready_minutes) if is_pickup else clock.processing_minutes
    steps = (Step.PICKED,) if is_pickup else (Step.PICKED, Step.PACKED)
    found = {
        step: latest_with_left(clock, -(-minutes * LEFT_AFTER[step] // 100), since=since, done_by=leaves_by)
        for step in steps
    }
    released_by = max(latest_start(network, work, since=since, ready_minutes=ready_minutes), release_at or since)
    found[Step.RELEASED] = min(released_by, found[Step.PICKED])
    accepted_by = accept_by(network, work.node, released_at or found[Step.RELEASED])
    if accepted_by is not None:
        found[Step.ACCEPTED] = min(accepted_by, found[Step.PICKED])
    return found


def latest_with_left(clock: WorkClock, minutes: int, *, since: datetime, done_by: datetime) -> datetime:
    """The last minute at which so many minutes of work, in opening hours, can begin and be done in time; `since` where
    even that is too late.
    """
    first, last = minute_of(since.timestamp()), minute_of(done_by.timestamp())
    if last <= first:
        return since
    # Whatever it begins to count from, so that works of a day share one search.
    latest = _latest_minute(clock, minutes, first - first % _DAY_MINUTES, last)
    return since if latest is None or latest < first else max(since, instant(latest * 60.0))


@lru_cache(maxsize=16_384)
def _latest_minute(clock: WorkClock, minutes: int, first: int, last: int) -> int | None:
    """The last minute from `first` on at which work can begin and be done by the minute `last`; None: there is none."""

    def is_in_time(minute: int) -> bool:
        done = finish_work(clock, minute, minutes, has_cut_off=False)
        return done is not None and done <= last

    if not is_in_time(first):
        return None
    behind = last + 1
    while behind - first > 1:
        middle = (first + behind) // 2
        first, behind = (middle, behind) if is_in_time(middle) else (first, middle)
    return first
