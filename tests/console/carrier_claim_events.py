"""What is told of claims against carriers, by event."""

from tests.builders import NOW
from troth.model.carrier_claim import CarrierClaimClosed, CarrierClaimOpened, CarrierClaimReason, CarrierClaimState
from troth.model.events import CarrierClaimEvent
from troth.model.ids import FulfillmentId

_LOST = CarrierClaimReason.LOST

CARRIER_CLAIM_EVENTS: tuple[tuple[CarrierClaimEvent, str], ...] = (
    (
        CarrierClaimOpened("O-1-K1", FulfillmentId("O-1-F1"), "1Z", "UPS", _LOST, 5_970, "USD", NOW),
        "UPS is asked for $59.70: parcel 1Z is lost.",
    ),
    (
        CarrierClaimClosed("O-1-K1", "UPS", CarrierClaimState.PAID, 5_000, "USD", "U-1", NOW),
        "UPS paid $50.00 for claim O-1-K1.",
    ),
    (CarrierClaimClosed("O-1-K1", "UPS", CarrierClaimState.DENIED, 0, "USD", "", NOW), "UPS denied claim O-1-K1."),
    (
        CarrierClaimClosed("O-1-K1", "", CarrierClaimState.WITHDRAWN, 0, "USD", "", NOW),
        "Claim O-1-K1 against the carrier was taken back.",
    ),
)
