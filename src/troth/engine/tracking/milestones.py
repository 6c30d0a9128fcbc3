"""The milestones of an order's work: when each step was taken, and by when it had or has to be."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from troth.engine.carriage.network import Network
from troth.engine.demand.ship_groups import HANDED_OVER
from troth.engine.tracking.parcels import in_order
from troth.engine.tracking.schedule import schedule_back
from troth.model.events import (
    Event,
    FulfillmentAccepted,
    FulfillmentCollected,
    FulfillmentDelivered,
    FulfillmentPacked,
    FulfillmentPicked,
    FulfillmentReady,
    FulfillmentShipped,
    FulfillmentUnaccepted,
    FulfillmentUnpacked,
    FulfillmentUnpicked,
    FulfillmentUnstaged,
    OrderReleased,
)
from troth.model.ids import FulfillmentId
from troth.model.order import Fulfillment, Order
from troth.model.tracking import Milestone, Step, TrackStatus

StepTimes = Mapping[FulfillmentId, Mapping[Step, datetime]]
"""When steps were taken, by work."""

NO_TIMES: Final[StepTimes] = {}
STEP_EVENTS: Final = (
    "OrderReleased",
    "FulfillmentAccepted",
    "FulfillmentPicked",
    "FulfillmentPacked",
    "FulfillmentReady",
    "FulfillmentShipped",
    "FulfillmentDelivered",
    "FulfillmentCollected",
    "FulfillmentUnaccepted",
    "FulfillmentUnpicked",
    "FulfillmentUnpacked",
    "FulfillmentUnstaged",
)
"""The kinds of events that say when a step was taken."""

_TAKEN_BACK: Final[Mapping[type[Event], Step]] = {
    FulfillmentUnaccepted: Step.ACCEPTED,
    FulfillmentUnpicked: Step.PICKED,
    FulfillmentUnpacked: Step.PACKED,
    FulfillmentUnstaged: Step.READY,
}
_MOVING: Final = frozenset({TrackStatus.IN_TRANSIT, TrackStatus.CUSTOMS, TrackStatus.DELAYED})
_AT_DOOR: Final = frozenset({TrackStatus.OUT_FOR_DELIVERY, TrackStatus.ATTEMPTED, TrackStatus.WAITING})
_SCANS: Final = {
    Step.IN_TRANSIT: _MOVING | _AT_DOOR | {TrackStatus.DELIVERED},
    Step.OUT_FOR_DELIVERY: _AT_DOOR | {TrackStatus.DELIVERED},
    Step.ARRIVED: frozenset({TrackStatus.DELIVERED}),
}


def find_step_times(order: Order, events: Iterable[Event]) -> dict[FulfillmentId, dict[Step, datetime]]:
    """When the steps of an order's work were taken, as its log says: the first of each that stands."""
    work_of = {part.allocation: part.fulfillment_id for part in order.allocations}
    found: dict[FulfillmentId, dict[Step, datetime]] = {work.fulfillment_id: {} for work in order.fulfillments}

    def take(work: FulfillmentId | None, step: Step, at: datetime) -> None:
        if work in found:
            found[work].setdefault(step, at)

    for event in events:
        match event:
            case OrderReleased():
                for move in event.parts.moves:
                    take(work_of.get(move.allocation), Step.RELEASED, event.at)
            case FulfillmentAccepted():
                take(event.fulfillment_id, Step.ACCEPTED, event.at)
            case FulfillmentPicked():
                take(event.fulfillment_id, Step.PICKED, event.at)
            case FulfillmentPacked():
                take(event.fulfillment_id, Step.PACKED, event.at)
            case FulfillmentReady():
                take(event.fulfillment_id, Step.READY, event.at)
            case FulfillmentShipped():
                take(event.fulfillment_id, Step.HANDED_OVER, event.at)
            case FulfillmentDelivered():
                take(event.fulfillment_id, Step.DELIVERED, event.at)
            case FulfillmentCollected():
                take(event.fulfillment_id, Step.COLLECTED, event.at)
            case FulfillmentUnaccepted() | FulfillmentUnpicked() | FulfillmentUnpacked() | FulfillmentUnstaged():
                found.get(event.fulfillment_id, {}).pop(_TAKEN_BACK[type(event)], None)
            case _:
                pass
    return found


def milestones_of(
    order: Order, work: Fulfillment, network: Network, times: StepTimes = NO_TIMES, *, ready_minutes: int
) -> tuple[Milestone, ...]:
    """The steps of work in their order. A step that was skipped was taken with the next one that was told."""
    told = dict(times.get(work.fulfillment_id, {}))
    for step in _SCANS:
        seen = seen_at(work, step)
        if seen is not None:
            told.setdefault(step, seen)
    due = schedule_back(
        network,
        work,
        since=order.captured_at,
        ready_minutes=ready_minutes,
        release_at=order.release_at,
        released_at=told.get(Step.RELEASED),
    )
    steps = [step for step in steps_of(work) if step is not Step.ACCEPTED or step in due or step in told]
    found: list[Milestone] = []
    later: datetime | None = None
    for step in reversed(steps):
        done = told.get(step) or later
        later = done
        found.append(Milestone(step, due.get(step), done))
    return tuple(reversed(found))


def steps_of(work: Fulfillment) -> tuple[Step, ...]:
    """The steps that work takes: what is handed over at its node is not carried, and what comes there from another one
    is both.
    """
    if work.method not in HANDED_OVER:
        return (Step.RELEASED, Step.ACCEPTED, Step.PICKED, Step.PACKED, Step.HANDED_OVER, Step.IN_TRANSIT,
                Step.OUT_FOR_DELIVERY, Step.DELIVERED)  # fmt: skip
    if work.via is None:
        return Step.RELEASED, Step.ACCEPTED, Step.PICKED, Step.READY, Step.COLLECTED
    return (Step.RELEASED, Step.ACCEPTED, Step.PICKED, Step.PACKED, Step.HANDED_OVER, Step.IN_TRANSIT, Step.ARRIVED,
            Step.READY, Step.COLLECTED)  # fmt: skip


def seen_at(work: Fulfillment, step: Step) -> datetime | None:
    """When the last parcel of work was seen at a step of its carrier, or past it; None where one was not."""
    tracked = [package for package in work.packages if package.tracking_number]
    firsts = [
        next((one.at for one in in_order(package.checkpoints) if one.status in _SCANS[step]), None)
        for package in tracked
    ]
    known = [at for at in firsts if at is not None]
    return max(known) if known and len(known) == len(tracked) else None


def next_step(milestones: Iterable[Milestone]) -> Milestone | None:
    """The step that is due next; None where all are taken."""
    return next((one for one in milestones if one.done_at is None), None)
