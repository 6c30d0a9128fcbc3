"""An order's timeline: what happened and what is still to come, and what may be changed from each point on."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from functools import cache

import msgspec

from troth.engine.failed import NO_FAILURES, Failures
from troth.http.edge.values import Instant
from troth.model.lifecycle import RESERVING, AllocationEvent, AllocationState, HoldState, is_possible
from troth.model.order import Fulfillment, Method, Order
from troth.model.status import is_kept, last_dates, live_allocations


class Milestone(StrEnum):
    """What a point of a timeline stands for."""

    CAPTURED = "captured"
    HELD = "held"
    RELEASED = "released"
    REJECTED = "rejected"
    NOT_FOUND = "not_found"
    SHIPPED = "shipped"
    READY = "ready"
    DELIVERED = "delivered"
    COLLECTED = "collected"
    CANCELED = "canceled"
    WAITING = "waiting"
    EXCEPTION = "exception"


_FAILED = {AllocationState.REJECTED: Milestone.REJECTED, AllocationState.SHORT: Milestone.NOT_FOUND}
_RANK = {milestone: rank for rank, milestone in enumerate(Milestone)}


class TimelinePoint(msgspec.Struct, frozen=True):
    """A point of the timeline; `still_possible` is what may be asked for after it, as the lifecycle tables say.

    Where `is_expected` it has not happened yet, and `at` is when it is due.
    """

    at: Instant
    milestone: Milestone
    is_expected: bool
    still_possible: tuple[str, ...]
    fulfillment_id: str | None = None
    hold_id: str | None = None
    line_id: str | None = None


def timeline_of(order: Order, failures: Failures = NO_FAILURES) -> tuple[TimelinePoint, ...]:
    """All points, in the order of their times; of a canceled order nothing is expected any more. What nodes could not
    provide is among them as far as it is known when.
    """
    points = [*_points(order), *_failed_points(order, failures)]
    if order.canceled_at is not None:
        points.append(TimelinePoint(order.canceled_at, Milestone.CANCELED, False, ()))
    return tuple(sorted(points, key=_place))


def timeline_of_reserved(order: Order) -> tuple[TimelinePoint, ...]:
    """The same of an order all of whose units are reserved and will be sent, and to which nothing has happened yet."""
    reserved, released = _still_possible(AllocationState.RESERVED), _still_possible(AllocationState.RELEASED)
    expected = [TimelinePoint(order.release_at, Milestone.RELEASED, True, released)]
    for work in order.fulfillments:
        expected += [
            _point(work, work.ship_by, Milestone.SHIPPED, AllocationState.SHIPPED, is_expected=True),
            _point(work, work.promised_at, Milestone.DELIVERED, AllocationState.DELIVERED, is_expected=True),
        ]
    return TimelinePoint(order.captured_at, Milestone.CAPTURED, False, reserved), *sorted(expected, key=_place)


def _place(point: TimelinePoint) -> tuple[bool, datetime, int]:
    return point.is_expected, point.at, _RANK[point.milestone]


def _points(order: Order) -> Iterable[TimelinePoint]:
    yield TimelinePoint(order.captured_at, Milestone.CAPTURED, False, _still_possible(AllocationState.RESERVED))
    for hold in order.holds:
        possible = (
            _still_possible(AllocationState.RESERVED)
            if hold.state is HoldState.LIFTED
            else ("cancel", "change", "hold")
        )
        yield TimelinePoint(hold.placed_at, Milestone.HELD, False, possible, hold_id=hold.hold_id)
    for line_id, at in last_dates(order).items():
        yield TimelinePoint(at, Milestone.CANCELED, True, (), line_id=line_id)
    for parked in order.parked:
        milestone = Milestone.WAITING if parked.is_waiting else Milestone.EXCEPTION
        yield TimelinePoint(parked.since, milestone, False, ("cancel", "change"), line_id=parked.line_id)
        if parked.is_waiting and parked.until is not None:
            yield TimelinePoint(parked.until, Milestone.CANCELED, True, (), line_id=parked.line_id)
    waiting = any(part.state is AllocationState.RESERVED for part in order.allocations)
    released = _still_possible(AllocationState.RELEASED)
    if order.released_at is not None:
        yield TimelinePoint(order.released_at, Milestone.RELEASED, False, released)
    elif waiting:
        yield TimelinePoint(order.release_at, Milestone.RELEASED, True, released)
    live = {part.fulfillment_id for part in live_allocations(order)}
    for work in order.fulfillments:
        if work.fulfillment_id in live:
            yield from _work_points(order, work)


def _failed_points(order: Order, failures: Failures) -> Iterable[TimelinePoint]:
    """Each attempt that failed, once for each instant and line."""
    for at, milestone, work, line_id in sorted(
        {
            (failure.at, _FAILED[part.state], part.fulfillment_id, part.line_id)
            for part in order.allocations
            if part.state in _FAILED and (failure := failures.get((order.order_id, part.allocation))) is not None
        }
    ):
        yield TimelinePoint(at, milestone, False, ("cancel", "change"), fulfillment_id=work, line_id=line_id)


def _work_points(order: Order, work: Fulfillment) -> Iterable[TimelinePoint]:
    done = work.delivered_at
    if work.method in (Method.PICKUP, Method.CURBSIDE):
        ready_by = work.ship_by
        if work.via is not None:
            left, ready_by = work.shipped_at, work.promised_at
            yield _point(work, left or work.ship_by, Milestone.SHIPPED, AllocationState.SHIPPED, is_expected=not left)
        if done is None and not is_kept(order, work):
            yield _point(work, ready_by, Milestone.READY, AllocationState.READY, is_expected=True)
        at = done or work.promised_at
        yield _point(work, at, Milestone.COLLECTED, AllocationState.COLLECTED, is_expected=done is None)
        return
    left = work.shipped_at
    yield _point(work, left or work.ship_by, Milestone.SHIPPED, AllocationState.SHIPPED, is_expected=left is None)
    at = done or work.promised_at
    yield _point(work, at, Milestone.DELIVERED, AllocationState.DELIVERED, is_expected=done is None)


def _point(
    work: Fulfillment, at: datetime, milestone: Milestone, state: AllocationState, *, is_expected: bool
) -> TimelinePoint:
    return TimelinePoint(at, milestone, is_expected, _still_possible(state), fulfillment_id=work.fulfillment_id)


@cache
def _still_possible(state: AllocationState) -> tuple[str, ...]:
    """What may be asked for while a part is in a state.

    >>> _still_possible(AllocationState.RESERVED), _still_possible(AllocationState.SHIPPED)
    (('cancel', 'change', 'hold', 'release'), ())
    """
    asked = ["cancel"] if is_possible(state, AllocationEvent.CANCEL) else []
    if state in RESERVING:
        asked.append("change")
    if is_possible(state, AllocationEvent.RELEASE):
        asked += ["hold", "release"]
    return tuple(asked)
