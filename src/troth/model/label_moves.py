"""What can be asked about the labels of an order's packages, and what happened to them."""

from datetime import datetime

from troth.model.ids import FulfillmentId, LabelId
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class AttachLabel:
    """A package got the label that was bought for it, and its tracking number by that."""

    fulfillment_id: FulfillmentId
    package_id: str
    label_id: LabelId
    carrier: str
    service: str
    tracking_number: str


@dataclass(frozen=True, slots=True)
class DetachLabel:
    """A package no longer has the label, which is void."""

    fulfillment_id: FulfillmentId
    package_id: str
    label_id: LabelId
    tracking_number: str
    reason: str


LabelCommand = AttachLabel | DetachLabel


@dataclass(frozen=True, slots=True)
class LabelAttached:
    """A package got a label, with the number under which its carrier knows it."""

    fulfillment_id: FulfillmentId
    package_id: str
    label_id: LabelId
    carrier: str
    service: str
    tracking_number: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LabelDetached:
    """The label of a package is void; its number stands for nothing any more."""

    fulfillment_id: FulfillmentId
    package_id: str
    label_id: LabelId
    tracking_number: str
    reason: str
    at: datetime


LabelEvent = LabelAttached | LabelDetached
