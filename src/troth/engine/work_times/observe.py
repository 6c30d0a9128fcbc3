"""What an event says of the work of a node: a task that is done, one that was refused, units that were not there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from troth.model.events import (
    AcceptanceMissed,
    Event,
    FulfillmentPacked,
    FulfillmentPicked,
    FulfillmentReady,
    FulfillmentRejected,
    FulfillmentShipped,
    PartMove,
)
from troth.model.ids import FulfillmentId, NodeId
from troth.model.lifecycle import AllocationEvent
from troth.model.node_messages import NodeSilent
from troth.model.value import dataclass

WATCHED: Final = (
    FulfillmentPacked.__name__,
    FulfillmentPicked.__name__,
    FulfillmentReady.__name__,
    FulfillmentRejected.__name__,
    FulfillmentShipped.__name__,
    AcceptanceMissed.__name__,
    NodeSilent.__name__,
)
"""The kinds of events that say something of it."""

NOT_THERE: Final = frozenset({"not_accepted", "late", "predicted_late"})
"""Reasons of rejections that are not the node's own word."""
_OF_WORKBENCH: Final = "exception/"
"""How the cause of what somebody did at the workbench begins; the reason is in their words then."""


@dataclass(frozen=True, slots=True)
class WorkFacts:
    """What is known of a fulfillment: its node, by when it was to be out or ready, and when it was released (None: that
    is not in the log).
    """

    node: NodeId
    ship_by: datetime
    released_at: datetime | None
    units: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a node's work at an instant: a task that began with its `released_at`, or none; and counts."""

    node: NodeId
    at: datetime
    is_done: bool = False
    is_on_time: bool = False
    is_rejected: bool = False
    is_missed: bool = False
    is_silent: bool = False
    units: int = 0
    short: int = 0
    released_at: datetime | None = None


def work_of(event: Event) -> FulfillmentId | None:
    """The fulfillment that an event says something of."""
    if isinstance(
        event, FulfillmentPacked | FulfillmentPicked | FulfillmentReady | FulfillmentRejected | FulfillmentShipped
    ):
        return event.fulfillment_id
    return event.fulfillment_id if isinstance(event, AcceptanceMissed | NodeSilent) else None


def see(event: Event, work: WorkFacts, *, cause: str = "") -> Seen | None:
    """What an event says; None where that is nothing, as of goods that are said to be ready for the second time.

    A task ends when the goods are ready for their customer, or have left. Units are counted as they are picked, or as
    they are packed or leave without having been: whoever is short says so. What was taken from a node, whoever did it
    (`cause`), is no refusal of its.
    """
    match event:
        case FulfillmentReady() | FulfillmentShipped() if event.parts.moves:
            units = _units(event.parts.moves, work, AllocationEvent.PICK)
            return Seen(
                work.node,
                event.at,
                is_done=True,
                is_on_time=event.at <= work.ship_by,
                units=units,
                released_at=work.released_at,
            )
        case FulfillmentPacked():
            units = _units(event.parts.moves, work, AllocationEvent.PICK)
            return Seen(work.node, event.at, units=units) if units else None
        case FulfillmentPicked():
            split = {part.allocation: part.quantity for one in event.parts.splits for part in one.parts}
            found = dict(work.units) | split
            picked = sum(found.get(move.allocation, 0) for move in event.parts.moves)
            short = sum(
                found.get(move.allocation, 0) for move in event.parts.moves if move.event is AllocationEvent.MISS
            )
            return Seen(work.node, event.at, units=picked, short=short)
        case FulfillmentRejected() if event.reason not in NOT_THERE and not cause.startswith(_OF_WORKBENCH):
            return Seen(work.node, event.at, is_rejected=True)
        case AcceptanceMissed():
            return Seen(work.node, event.at, is_missed=True)
        case NodeSilent():
            return Seen(work.node, event.at, is_silent=True)
        case _:
            return None


def _units(moves: tuple[PartMove, ...], work: WorkFacts, event: AllocationEvent) -> int:
    return sum(work.units.get(move.allocation, 0) for move in moves if move.event is event)
