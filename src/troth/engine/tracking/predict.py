"""When work will be done and its goods be there, as measured times say, and how likely that is after the promise.

What is still at its node is predicted in two parts: when it leaves, in the node's opening hours, and how much later
than promised its carrier brings what leaves then. What has left is predicted from the carrier alone. What is known of
the parcel by now always counts: it is not there yet, and what has not happened yet cannot happen before now.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from troth.engine.carriage.calendars import (
    DAYS_SEARCHED_MAX,
    WorkClock,
    day_number,
    find_hours,
    finish_work,
    instant,
    local_instant,
    minute_of,
    works_on,
)
from troth.engine.carriage.network import Network
from troth.engine.demand.ship_groups import HANDED_OVER
from troth.engine.tracking.measured import Chances, beyond, beyond_each, chances_of, given_more_than, quantile, tails_of
from troth.engine.tracking.parcels import standing_of
from troth.engine.tracking.schedule import minutes_at_store
from troth.model.lifecycle import GONE, AllocationState
from troth.model.measured import GRIDS, CellName, Measured, Stage
from troth.model.order import Fulfillment, Order
from troth.model.status import fulfillment_status, is_kept
from troth.model.tracking import Milestone, Step, TrackStatus
from troth.model.value import dataclass

POINTS: Final = 20
"""So many equally likely times of leaving are looked at."""
HABIT: Final = 20
"""A carrier of whom so many parcels were seen out for delivery before they came is one that says so."""

_EARLY, _HALF, _LATE = 0.1, 0.5, 0.9
_DAY_HOURS: Final = 24.0
_AT_NODE: Final = {
    AllocationState.RESERVED: Step.RELEASED,
    AllocationState.RELEASED: Step.RELEASED,
    AllocationState.ACCEPTED: Step.ACCEPTED,
    AllocationState.PICKED: Step.PICKED,
    AllocationState.PACKED: Step.PACKED,
}
_PLACES_MAX: Final = 400

Cells = Mapping[CellName, Measured]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What is expected of work: the probability that it is there (a pickup: ready) after it is promised, and the times
    before which it is with 10, 50 and 90 %.
    """

    probability: float
    early_at: datetime
    expected_at: datetime
    late_at: datetime


def predict(
    order: Order,
    work: Fulfillment,
    milestones: Mapping[Step, Milestone],
    network: Network,
    cells: Cells,
    now: datetime,
    *,
    ready_minutes: int,
) -> Prediction | None:
    """What is expected of work; None where nothing is any more, or its node is not there."""
    state = fulfillment_status(order, work.fulfillment_id)
    if state in (AllocationState.DELIVERED, AllocationState.COLLECTED, AllocationState.READY):
        return None
    if state in GONE:
        if is_kept(order, work):
            return None
        arrived = milestones.get(Step.ARRIVED)
        if arrived is not None and arrived.done_at is not None:
            return _of_store(work, arrived.done_at, network, now, ready_minutes=ready_minutes)
        return predict_carried(work, cells, now)
    step = _AT_NODE.get(state)
    position = network.index.get(work.node)
    if step is None or position is None:
        return None
    clock = network.clock_of(position, work.service)
    is_pickup = work.method in HANDED_OVER
    minutes = max(clock.processing_minutes, ready_minutes if is_pickup and work.via is None else 0, 30)
    begun = _begun(order, milestones, step, now)
    leaves = find_leaving(clock, cells, work, step, begun=begun, now=now, minutes=minutes)
    if is_pickup and work.via is None:
        return _of_times(leaves, work.promised_at)
    return _of_leaving(leaves, work, clock, cells)


def _of_store(
    work: Fulfillment, arrived_at: datetime, network: Network, now: datetime, *, ready_minutes: int
) -> Prediction | None:
    """What is expected of goods that came in at the store where they are picked up: ready after its work on them."""
    position = None if work.via is None else network.index.get(work.via)
    if position is None:
        return None
    clock = network.clocks[network.clock_index.item(position)]
    minutes = minutes_at_store(network, clock, work, ready_minutes=ready_minutes)
    done = finish_work(clock, minute_of(arrived_at.timestamp()), minutes, has_cut_off=False)
    ready_at = now + timedelta(days=DAYS_SEARCHED_MAX) if done is None else max(now, instant(done * 60.0))
    return _of_times([ready_at], work.promised_at)


def work_names(work: Fulfillment, step: Step) -> tuple[str, ...]:
    """Of whom it tells something how long work took from a step on, the most general first."""
    return step.value, f"{step.value}/{work.node}"


def carrier_names(work: Fulfillment, carrier: str, service: str) -> tuple[str, ...]:
    """Of whom it tells something how long a parcel took: all, its carrier, the service, and how far it had to go."""
    days = max(0, (work.promised_at - work.ship_by).days)
    lane = f"{days}d" if days < 6 else "6d"
    return "", carrier, f"{carrier}/{service}", f"{carrier}/{service}/{lane}"


def carried_by(work: Fulfillment) -> tuple[str, str]:
    """The carrier and the service of work: those of its first package, else as it was planned."""
    package = next((one for one in work.packages if one.carrier or one.service), None)
    carrier = package.carrier if package is not None and package.carrier else work.carrier
    service = package.service if package is not None and package.service else work.service
    return carrier.lower(), service.lower()


def due_of_shipment(work: Fulfillment, left_at: datetime) -> datetime:
    """When what left at a time is due: as promised, or as many whole days sooner as it left before it had to."""
    early = max(0, (work.ship_by - left_at).days)
    return work.promised_at - timedelta(days=early)


def predict_carried(work: Fulfillment, cells: Cells, now: datetime) -> Prediction | None:
    """What is expected of work that has left its node."""
    if work.shipped_at is None:
        return None
    due = due_of_shipment(work, work.shipped_at)
    carrier, service = carried_by(work)
    names = carrier_names(work, carrier, service)
    grid = GRIDS[Stage.TRANSIT]
    chances = chances_of(Stage.TRANSIT, [cells.get((Stage.TRANSIT, name)) for name in names])
    door = [cells.get((Stage.DOOR, name)) for name in names[:3]]
    standings = [standing_of(package.checkpoints) for package in work.packages if package.tracking_number]
    out = [one.last for one in standings if one.last is not None and one.last.status == TrackStatus.OUT_FOR_DELIVERY]
    if standings and len(out) == len(standings):
        return _at_the_door(max(one.at for one in out), chances_of(Stage.DOOR, door), work.promised_at, now)
    passed = now
    if (door[1].observations if door[1] is not None else 0) >= HABIT:
        # Whoever says that a parcel is out for delivery has at least the quick part of that still to do.
        passed += timedelta(hours=quantile(chances_of(Stage.DOOR, door), GRIDS[Stage.DOOR], _EARLY))
    chances = given_more_than(chances, grid, _hours(passed - due))
    told = [one.estimated_delivery_at for one in standings if one.estimated_delivery_at is not None]
    late_by = max((_hours(at - work.promised_at) for at in told), default=0.0)
    if late_by > 0.0:
        chances = (chances + given_more_than(chances, grid, _hours(max(told) - due))) / 2.0  # a carrier that says so
    return Prediction(
        beyond(chances, grid, _hours(work.promised_at - due)),
        *(due + timedelta(hours=quantile(chances, grid, share)) for share in (_EARLY, _HALF, _LATE)),
    )


def find_leaving(
    clock: WorkClock,
    cells: Cells,
    work: Fulfillment,
    step: Step,
    *,
    begun: datetime,
    now: datetime,
    minutes: int,
) -> list[datetime]:
    """Equally likely times at which work leaves its node that has been at a step since it `begun`."""
    grid = GRIDS[Stage.WORK]
    chances = chances_of(Stage.WORK, [cells.get((Stage.WORK, name)) for name in work_names(work, step)])
    spent = work_between(clock, begun, now) / minutes
    chances = given_more_than(chances, grid, spent)
    start = max(begun, now)
    found = []
    for number in range(POINTS):
        share = quantile(chances, grid, (number + 0.5) / POINTS)
        left = max(0, round((share - spent) * minutes))
        done = finish_work(clock, minute_of(start.timestamp()), left, has_cut_off=False)
        found.append(start + timedelta(days=DAYS_SEARCHED_MAX) if done is None else max(start, instant(done * 60.0)))
    return found


def work_between(clock: WorkClock, since: datetime, until: datetime) -> int:
    """Minutes of opening hours between two times.

    They are counted for a year at most.
    """
    first, last = minute_of(since.timestamp()), minute_of(until.timestamp())
    if last <= first:
        return 0
    zone = ZoneInfo(clock.time_zone)
    begin, end = day_number(since.astimezone(zone).date()) - 1, day_number(until.astimezone(zone).date())
    total = 0
    for day in range(max(begin, end - _PLACES_MAX), end + 1):
        hours = find_hours(clock, day)
        if hours is not None:
            total += max(0, min(last, hours[1]) - max(first, hours[0]))
    return total


def late_departure(clock: WorkClock, work: Fulfillment, leaves: datetime) -> timedelta:
    """By how much later than planned goods go that are ready to leave at a time: with the departure of the next working
    day at which they are there.
    """
    if leaves <= work.ship_by:
        return timedelta()
    zone = ZoneInfo(clock.time_zone)
    planned = work.ship_by.astimezone(zone)
    day = day_number(planned.date())
    for number in range(day + 1, day + DAYS_SEARCHED_MAX):
        at = instant(local_instant(clock.time_zone, number, planned.time().replace(second=0, microsecond=0)))
        if works_on(clock, number) and at >= leaves:
            return at - work.ship_by
    return timedelta(days=DAYS_SEARCHED_MAX)


def _begun(order: Order, milestones: Mapping[Step, Milestone], step: Step, now: datetime) -> datetime:
    """Since when work stands at a step; what is not released yet begins when it is, and at the earliest now."""
    told = milestones.get(step)
    if told is not None and told.done_at is not None:
        return min(told.done_at, now)
    return max(now, order.release_at) if step is Step.RELEASED and order.released_at is None else now


def _of_leaving(leaves: list[datetime], work: Fulfillment, clock: WorkClock, cells: Cells) -> Prediction:
    grid = GRIDS[Stage.TRANSIT]
    carrier, service = carried_by(work)
    cells_of = [cells.get((Stage.TRANSIT, name)) for name in carrier_names(work, carrier, service)]
    chances = chances_of(Stage.TRANSIT, cells_of)
    # There are few departures that goods can go with, and many times of leaving.
    late, counts = np.unique([_hours(late_departure(clock, work, at)) for at in leaves], return_counts=True)
    weights, tails = counts / len(leaves), tails_of(chances)

    def share_beyond(hours: float) -> float:
        return float(weights @ beyond_each(tails, grid, hours - late))

    low, high = grid.low + late.item(0), grid.high + late.item(-1)
    found = [_search(lambda hours: 1.0 - share_beyond(hours), share, low, high) for share in (_EARLY, _HALF, _LATE)]
    return Prediction(share_beyond(0.0), *(work.promised_at + timedelta(hours=hours) for hours in found))


def _at_the_door(out_at: datetime, chances: Chances, promised_at: datetime, now: datetime) -> Prediction:
    grid = GRIDS[Stage.DOOR]
    chances = given_more_than(chances, grid, _hours(now - out_at))
    return Prediction(
        beyond(chances, grid, _hours(promised_at - out_at)),
        *(out_at + timedelta(hours=quantile(chances, grid, share)) for share in (_EARLY, _HALF, _LATE)),
    )


def _of_times(times: list[datetime], promised_at: datetime) -> Prediction:
    """What equally likely times say."""
    ordered = sorted(times)
    missed = sum(at > promised_at for at in ordered) / len(ordered)
    return Prediction(missed, *(ordered[int(share * (len(ordered) - 1))] for share in (_EARLY, _HALF, _LATE)))


def _search(share_by: Callable[[float], float], share: float, low: float, high: float) -> float:
    """Where a growing function reaches a share, to a quarter of an hour."""
    for _ in range(24):
        if high - low <= 0.25:
            break
        middle = (low + high) / 2.0
        low, high = (middle, high) if share_by(middle) < share else (low, middle)
    return high


def _hours(span: timedelta) -> float:
    return span.total_seconds() / 3600.0
