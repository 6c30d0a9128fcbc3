"""A claim against a carrier: what it owes for a parcel that it lost or damaged, and what it says to that."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from troth.model.ids import FulfillmentId, OrderId
from troth.model.value import dataclass


class CarrierClaimReason(StrEnum):
    """What the carrier did."""

    LOST = "lost"
    DAMAGED = "damaged"


class CarrierClaimState(StrEnum):
    """How it stands. All but the first are its end."""

    OPEN = "open"
    PAID = "paid"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"


CARRIER_CLAIM_ENDS: Final = tuple(state for state in CarrierClaimState if state is not CarrierClaimState.OPEN)
"""How a claim can end."""


@dataclass(frozen=True, slots=True)
class CarrierClaim:
    """A claim about one parcel of work of an order, for `amount_minor`, of which `paid_minor` was paid in the end.

    `reference` is by what the carrier knows it.
    """

    claim_id: str
    order_id: OrderId
    fulfillment_id: FulfillmentId
    tracking_number: str
    carrier: str
    reason: CarrierClaimReason
    amount_minor: int
    currency: str
    opened_at: datetime
    opened_by: str
    state: CarrierClaimState = CarrierClaimState.OPEN
    paid_minor: int = 0
    reference: str = ""
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CarrierClaimOpened:
    """A carrier is asked to pay for a parcel."""

    claim_id: str
    fulfillment_id: FulfillmentId
    tracking_number: str
    carrier: str
    reason: CarrierClaimReason
    amount_minor: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CarrierClaimClosed:
    """A claim ended: the carrier paid, refused to, or it was taken back."""

    claim_id: str
    carrier: str
    state: CarrierClaimState
    paid_minor: int
    currency: str
    reference: str
    at: datetime
