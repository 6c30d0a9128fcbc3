"""Checkpoints of parcels: what carriers and nodes report of them, in words that are the same for all."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from troth.model.value import dataclass

CHECKPOINTS_MAX: Final = 200
"""So many checkpoints of a parcel are kept with it; the log has them all."""


class TrackStatus(StrEnum):
    """What a checkpoint says of a parcel, from its announcement to its end."""

    ANNOUNCED = "announced"
    HANDED_OVER = "handed_over"
    IN_TRANSIT = "in_transit"
    CUSTOMS = "customs"
    DELAYED = "delayed"
    OUT_FOR_DELIVERY = "out_for_delivery"
    ATTEMPTED = "attempted"
    WAITING = "waiting"
    DAMAGED = "damaged"
    DELIVERED = "delivered"
    RETURNED = "returned"
    LOST = "lost"


EXPLAINED: Final[Mapping[TrackStatus, str]] = {
    TrackStatus.ANNOUNCED: "the carrier knows of the parcel and does not have it yet",
    TrackStatus.HANDED_OVER: "the carrier has it",
    TrackStatus.IN_TRANSIT: "it is on its way",
    TrackStatus.CUSTOMS: "it is with the customs",
    TrackStatus.DELAYED: "the carrier says that it is late",
    TrackStatus.OUT_FOR_DELIVERY: "it is in the vehicle that brings it",
    TrackStatus.ATTEMPTED: "somebody was there with it and could not hand it over",
    TrackStatus.WAITING: "it waits to be fetched at a place of the carrier",
    TrackStatus.DAMAGED: "it was damaged on its way",
    TrackStatus.DELIVERED: "it was handed over",
    TrackStatus.RETURNED: "it goes back to whoever sent it",
    TrackStatus.LOST: "the carrier cannot find it",
}
"""Each status in a sentence."""

SAME: Final[Mapping[str, TrackStatus]] = {
    "label_created": TrackStatus.ANNOUNCED,
    "info_received": TrackStatus.ANNOUNCED,
    "pre_transit": TrackStatus.ANNOUNCED,
    "picked_up": TrackStatus.HANDED_OVER,
    "accepted": TrackStatus.HANDED_OVER,
    "arrived": TrackStatus.IN_TRANSIT,
    "departed": TrackStatus.IN_TRANSIT,
    "transit": TrackStatus.IN_TRANSIT,
    "held_by_customs": TrackStatus.CUSTOMS,
    "exception": TrackStatus.DELAYED,
    "on_hold": TrackStatus.DELAYED,
    "attempted_delivery": TrackStatus.ATTEMPTED,
    "delivery_failed": TrackStatus.ATTEMPTED,
    "failure": TrackStatus.ATTEMPTED,
    "available_for_pickup": TrackStatus.WAITING,
    "ready_for_pickup": TrackStatus.WAITING,
    "return_to_sender": TrackStatus.RETURNED,
    "refused": TrackStatus.RETURNED,
}
"""Other words that carriers and libraries have for them."""

ENDS: Final = frozenset({TrackStatus.DELIVERED, TrackStatus.RETURNED, TrackStatus.LOST})
"""After one of these nothing is expected of a parcel any more."""


def normalize(status: str) -> str:
    """The word for a status that is the same for all carriers; one that is not known stays as it was told.

    >>> normalize("picked_up"), normalize("delivered"), normalize("weighed")
    ('handed_over', 'delivered', 'weighed')
    """
    return str(SAME.get(status, status))


class Leg(StrEnum):
    """Who has the goods, or the order, in hand."""

    ORDER = "order"
    NODE = "node"
    CARRIER = "carrier"
    CUSTOMER = "customer"


class Step(StrEnum):
    """A milestone of work on its way to the customer."""

    RELEASED = "released"
    ACCEPTED = "accepted"
    PICKED = "picked"
    PACKED = "packed"
    HANDED_OVER = "handed_over"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    ARRIVED = "arrived"
    READY = "ready"
    DELIVERED = "delivered"
    COLLECTED = "collected"


LEG_OF: Final[Mapping[Step, Leg]] = {
    Step.RELEASED: Leg.ORDER,
    Step.ACCEPTED: Leg.NODE,
    Step.PICKED: Leg.NODE,
    Step.PACKED: Leg.NODE,
    Step.HANDED_OVER: Leg.NODE,
    Step.IN_TRANSIT: Leg.CARRIER,
    Step.OUT_FOR_DELIVERY: Leg.CARRIER,
    Step.ARRIVED: Leg.CARRIER,
    Step.READY: Leg.NODE,
    Step.DELIVERED: Leg.CUSTOMER,
    Step.COLLECTED: Leg.CUSTOMER,
}
"""By whom a step is taken; the last one is taken by the customer."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """A step of work: by when it has to be taken for the promise to be kept (None: nothing hangs on it), and when it
    was (None: not yet).
    """

    step: Step
    expected_by: datetime | None = None
    done_at: datetime | None = None

    @property
    def leg(self) -> Leg:
        """Who takes it."""
        return LEG_OF[self.step]

    def is_late(self, now: datetime) -> bool:
        """Whether it was taken too late, or is not taken although it is due."""
        return self.expected_by is not None and (self.done_at or now) > self.expected_by


@dataclass(frozen=True, slots=True)
class Proof:
    """What shows that a parcel was handed over: who took it, where a photo of it is, and the text of a signature."""

    name: str = ""
    photo: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Something that was reported of a parcel: that it had this status `at` a time, at a place.

    `told` is the status in the words of whoever reported it, where they are others; `reported_at` is when it came in.
    """

    status: str
    at: datetime
    place: str = ""
    estimated_delivery_at: datetime | None = None
    told: str = ""
    proof: Proof | None = None
    reported_at: datetime | None = None

    @property
    def key(self) -> tuple[str, datetime, str]:
        """What two reports of the same thing have in common."""
        return self.status, self.at, self.place
