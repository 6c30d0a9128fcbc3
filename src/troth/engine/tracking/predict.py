"""When work will be done and its goods be there, as measured times say, and how likely that is after the promise.

What is still at its node is predicted in two parts: when it leaves, in the node's opening hours, and how much later
than promised its carrier brings what leaves then. What has left is predicted from the carrier alone. What is known of
the parcel by now always counts: it is not there yet, and what has not happened yet cannot happen before now.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
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
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """What all works have in common that are looked at together: the network, what was measured, the time, and the
    least work on a pickup; and what was found of one of them, for the next that stands alike.
    """

    network: Network
    cells: Cells
    now: datetime
    ready_minutes: int
    _found: dict[Hashable, Any] = field(default_factory=dict)

    def once(self, key: Hashable, find: Callable[[], T]) -> T:
        """What is found, or was found before under this key."""
        if key not in self._found:
            self._found[key] = find()
        found: T = self._found[key]
        return found

    def chances(self, stage: Stage, names: Sequence[str]) -> Chances:
        """What is thought of a stage of those with these names, the most general first."""
        return self.once((stage, *names), lambda: chances_of(stage, [self.cells.get((stage, name)) for name in names]))


@dataclass(frozen=True, slots=True)
class Prediction:
    """What is expected of work: the probability that it is there (a pickup: ready) after it is promised, and the times
    before which it is with 10, 50 and 90 %.
    """

    probability: float
    early_at: datetime
    expected_at: datetime
    late_at: datetime


@dataclass(frozen=True, slots=True)
class _Relative:
    """A prediction by how many hours after its promise, or after it was due, work is there."""

    probability: float
    hours: tuple[float, ...]

    def since(self, at: datetime) -> Prediction:
        early, half, late = (at + timedelta(hours=hours) for hours in self.hours)
        return Prediction(self.probability, early, half, late)


def predict(order: Order, work: Fulfillment, milestones: Mapping[Step, Milestone], moment: Moment) -> Prediction | None:
    """What is expected of work; None where nothing is any more, or its node is not there."""
    state = fulfillment_status(order, work.fulfillment_id)
    if state in (AllocationState.DELIVERED, AllocationState.COLLECTED, AllocationState.READY):
        return None
    if state in GONE:
        if is_kept(order, work):
            return None
        arrived = milestones.get(Step.ARRIVED)
        if arrived is not None and arrived.done_at is not None:
            return _of_store(work, arrived.done_at, moment)
        return predict_carried(work, moment)
    step = _AT_NODE.get(state)
    position = moment.network.index.get(work.node)
    if step is None or position is None:
        return None
    clock = moment.network.clock_of(position, work.service)
    is_pickup = work.method in HANDED_OVER
    minutes = max(clock.processing_minutes, moment.ready_minutes if is_pickup and work.via is None else 0, 30)
    begun = _begun(order, milestones, step, moment.now)
    # Of what begins later than now the very second counts; of all else the minute.
    at_node = (work.node, work.service, step, minutes, minute_of(begun.timestamp()), max(begun, moment.now))
    leaves = moment.once(at_node, lambda: find_leaving(clock, work, step, moment, begun=begun, minutes=minutes))
    if is_pickup and work.via is None:
        return _of_times(leaves, work.promised_at)
    carried = (*at_node, work.ship_by, *_names_of_carrier(work))
    return moment.once(carried, lambda: _of_leaving(leaves, work, clock, moment)).since(work.promised_at)


def _of_store(work: Fulfillment, arrived_at: datetime, moment: Moment) -> Prediction | None:
    """What is expected of goods that came in at the store where they are picked up: ready after its work on them."""
    network, now = moment.network, moment.now
    position = None if work.via is None else network.index.get(work.via)
    if position is None:
        return None
    clock = network.clocks[network.clock_index.item(position)]
    minutes = minutes_at_store(network, clock, work, ready_minutes=moment.ready_minutes)
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


def _names_of_carrier(work: Fulfillment) -> tuple[str, ...]:
    return carrier_names(work, *carried_by(work))


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


def predict_carried(work: Fulfillment, moment: Moment) -> Prediction | None:
    """What is expected of work that has left its node."""
    if work.shipped_at is None:
        return None
    due = due_of_shipment(work, work.shipped_at)
    names = _names_of_carrier(work)
    standings = [standing_of(package.checkpoints) for package in work.packages if package.tracking_number]
    out = [one.last for one in standings if one.last is not None and one.last.status == TrackStatus.OUT_FOR_DELIVERY]
    if standings and len(out) == len(standings):
        chances = moment.chances(Stage.DOOR, names[:3])
        return _at_the_door(max(one.at for one in out), chances, work.promised_at, moment.now)
    told = [one.estimated_delivery_at for one in standings if one.estimated_delivery_at is not None]
    estimate = max(told, default=None)
    key = (due, work.promised_at, estimate, *names)
    return moment.once(key, lambda: _on_its_way(names, due, work.promised_at, estimate, moment)).since(due)


def _on_its_way(
    names: tuple[str, ...], due: datetime, promised_at: datetime, estimate: datetime | None, moment: Moment
) -> _Relative:
    """What is expected, since it was due, of what is on its way and by the estimate of its carrier, if it made one."""
    grid = GRIDS[Stage.TRANSIT]
    chances = moment.chances(Stage.TRANSIT, names)
    by_carrier = moment.cells.get((Stage.DOOR, names[1]))
    passed = moment.now
    if by_carrier is not None and by_carrier.observations >= HABIT:
        # Whoever says that a parcel is out for delivery has at least the quick part of that still to do.
        passed += timedelta(hours=quantile(moment.chances(Stage.DOOR, names[:3]), GRIDS[Stage.DOOR], _EARLY))
    chances = given_more_than(chances, grid, _hours(passed - due))
    if estimate is not None and estimate > promised_at:
        chances = (chances + given_more_than(chances, grid, _hours(estimate - due))) / 2.0  # a carrier that says so
    hours = tuple(quantile(chances, grid, share) for share in (_EARLY, _HALF, _LATE))
    return _Relative(beyond(chances, grid, _hours(promised_at - due)), hours)


def find_leaving(
    clock: WorkClock, work: Fulfillment, step: Step, moment: Moment, *, begun: datetime, minutes: int
) -> list[datetime]:
    """Equally likely times at which work leaves its node that has been at a step since it `begun`."""
    grid, now = GRIDS[Stage.WORK], moment.now
    chances = moment.chances(Stage.WORK, work_names(work, step))
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


def _of_leaving(leaves: list[datetime], work: Fulfillment, clock: WorkClock, moment: Moment) -> _Relative:
    grid = GRIDS[Stage.TRANSIT]
    chances = moment.chances(Stage.TRANSIT, _names_of_carrier(work))
    # There are few departures that goods can go with, and many times of leaving.
    late, counts = np.unique([_hours(late_departure(clock, work, at)) for at in leaves], return_counts=True)
    weights, tails = counts / len(leaves), tails_of(chances)

    def share_beyond(hours: float) -> float:
        return float(weights @ beyond_each(tails, grid, hours - late))

    low, high = grid.low + late.item(0), grid.high + late.item(-1)
    shares = (_EARLY, _HALF, _LATE)
    hours = tuple(_search(lambda hours: 1.0 - share_beyond(hours), share, low, high) for share in shares)
    return _Relative(share_beyond(0.0), hours)


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
