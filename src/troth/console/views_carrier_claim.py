"""What is told of claims against carriers."""

from typing import Final, assert_never

from troth.model.carrier_claim import CarrierClaim, CarrierClaimClosed, CarrierClaimOpened, CarrierClaimState
from troth.model.events import CarrierClaimEvent
from troth.model.value import dataclass
from troth.pages.views import Chip, money

CLAIM_CHIPS: Final = {
    CarrierClaimState.OPEN: Chip("Open", "amber", "clock"),
    CarrierClaimState.PAID: Chip("Paid", "green", "done"),
    CarrierClaimState.DENIED: Chip("Denied", "red", "cross"),
    CarrierClaimState.WITHDRAWN: Chip("Withdrawn", "gray", "cross"),
}


@dataclass(frozen=True, slots=True)
class CarrierClaimView:
    """A claim as it is shown."""

    one: CarrierClaim
    chip: Chip
    amount: str
    paid: str


def view_carrier_claim(one: CarrierClaim) -> CarrierClaimView:
    """A claim in words; empty where nothing was paid."""
    paid = money(one.paid_minor, one.currency) if one.paid_minor else ""
    return CarrierClaimView(one, CLAIM_CHIPS[one.state], money(one.amount_minor, one.currency), paid)


def tell_carrier_claim(event: CarrierClaimEvent) -> str:
    """One sentence about it."""
    match event:
        case CarrierClaimOpened():
            amount, what = money(event.amount_minor, event.currency), event.reason.value
            return f"{event.carrier or 'A carrier'} is asked for {amount}: parcel {event.tracking_number} is {what}."
        case CarrierClaimClosed():
            who = event.carrier or "the carrier"
            match event.state:
                case CarrierClaimState.PAID:
                    return f"{who} paid {money(event.paid_minor, event.currency)} for claim {event.claim_id}."
                case CarrierClaimState.DENIED:
                    return f"{who} denied claim {event.claim_id}."
                case _:
                    return f"Claim {event.claim_id} against {who} was taken back."
        case _:
            assert_never(event)
