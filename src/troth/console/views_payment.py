"""What is told of an order's money: a sentence for each event."""

from typing import Final, assert_never

from troth.model.events import (
    PaymentActedOn,
    PaymentActionNeeded,
    PaymentAdded,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentDisputed,
    PaymentDue,
    PaymentEvent,
    PaymentExpired,
    PaymentFailed,
    PaymentRefunded,
    PaymentUnknown,
    PaymentVoided,
)
from troth.model.money import Money
from troth.model.payment import DisputeState, StepKind
from troth.pages.views import moment, words

_TO_DO: Final = {
    StepKind.ADOPT: "taken over",
    StepKind.AUTHORIZE: "authorized",
    StepKind.CAPTURE: "captured",
    StepKind.VOID: "released",
    StepKind.REFUND: "refunded",
}


def tell_payment(event: PaymentEvent) -> str:
    """What happened to an order's money, in a sentence."""
    amount = amount_of(event.amount_minor, event.currency)
    match event:
        case PaymentAuthorized():
            of = f" of {amount_of(event.asked_minor, event.currency)}" if event.asked_minor > event.amount_minor else ""
            return f"Payment {event.payment}: {amount}{of} was authorized ({event.provider})."
        case PaymentCaptured():
            return f"Payment {event.payment}: {amount} was captured ({event.provider})."
        case PaymentRefunded():
            return f"Payment {event.payment}: {amount} was given back ({event.provider})."
        case PaymentVoided():
            return f"Payment {event.payment}: {amount} was released ({event.provider})."
        case PaymentExpired():
            return f"Payment {event.payment}: the time of its {amount} is over ({event.provider})."
        case PaymentFailed():
            why = event.detail or words(event.code).lower()
            return f"Payment {event.payment}: {amount} was not {_TO_DO[event.action]} ({event.provider}): {why}."
        case PaymentUnknown():
            done = _TO_DO[event.action]
            return f"Payment {event.payment}: it is not known whether {amount} was {done} ({event.provider})."
        case PaymentDue():
            return f"{amount} is to be {_TO_DO[event.action]} by {event.provider}."
        case PaymentAdded():
            return f"The order may be paid with {amount} of {event.provider} as well."
        case PaymentActedOn():
            return _tell_act(event, amount)
        case PaymentActionNeeded():
            return f"Payment {event.payment}: {amount} waits for the customer, who confirms it at {event.url}."
        case PaymentDisputed():
            return _tell_dispute(event, amount)
        case _:
            assert_never(event)


def _tell_dispute(event: PaymentDisputed, amount: str) -> str:
    if event.state is not DisputeState.OPEN:
        return f"The dispute {event.dispute_id} over {amount} of payment {event.payment} was {event.state}."
    until = f", evidence until {moment(event.evidence_due_at)} UTC" if event.evidence_due_at else ""
    why = words(event.reason).lower()
    return f"The customer's bank demands {amount} of payment {event.payment} back ({why}){until}."


def _tell_act(event: PaymentActedOn, amount: str) -> str:
    why = f": {event.reason}" if event.reason else ""
    if event.action == "refund":
        return f"{amount} is to be given back{why}."
    if event.action == "void":
        return f"No more is to be taken of tender {event.tender}{why}."
    return f"Its payments are tried again{why}."


def amount_of(minor: int, currency: str) -> str:
    """An amount as text.

    >>> amount_of(1990, "USD")
    '19.90 USD'
    """
    return f"{Money(minor, currency).amount} {currency}"
