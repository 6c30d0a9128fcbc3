"""What Stripe's objects say, as outcomes: payment intents and refunds, read from plain values."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from troth.flows.memory.gateways import GatewayDispute
from troth.model.asked import Declined
from troth.model.payment import (
    ActionNeeded,
    Approved,
    Ask,
    DisputeState,
    GatewayPayment,
    Outcome,
    Pending,
    StepKind,
)

KEY: Final = "troth_key"
ORDER: Final = "troth_order"
"""The metadata by which a payment or a refund is found again."""

Values = Mapping[str, Any]

_LASTS: Final = timedelta(days=7)
_FINAL: Final = frozenset(
    {
        "authentication_required",
        "fraudulent",
        "invalid_account",
        "lost_card",
        "pickup_card",
        "resource_missing",
        "restricted_card",
        "revocation_of_all_authorizations",
        "stolen_card",
    }
)
"""Refusals that will be the same however often it is tried. *Source:* docs.stripe.com/declines/codes."""
_DISPUTES: Final[Mapping[str, DisputeState]] = {
    "won": DisputeState.WON,
    "warning_closed": DisputeState.WON,
    "prevented": DisputeState.WON,
    "lost": DisputeState.LOST,
}
"""What Stripe's words for disputes mean; all others are open. *Source:* docs.stripe.com/api/disputes/object."""
_GONE: Final = frozenset({"charge_expired_for_capture", "payment_intent_unexpected_state", "charge_already_captured"})


def authorized(intent: Values) -> Outcome:
    """What became of an authorization."""
    match intent["status"]:
        case "requires_capture":
            return Approved(intent["amount"], intent["id"], _lasts_until(intent), captures_once=_captures_once(intent))
        case "succeeded":
            received = received_of(intent, ())
            return Approved(intent["amount"], intent["id"], captured_minor=received)
        case "processing":
            return Pending(intent["id"])
        case "requires_action" if _confirm_url(intent):
            return ActionNeeded(intent["id"], _confirm_url(intent))
        case "requires_action":
            return declined("authentication_required", "the customer must confirm it with their bank")
        case "canceled":
            return Declined("canceled", "the payment was released", is_gone=True)
        case _:
            error = intent.get("last_payment_error") or {}
            code = error.get("decline_code") or error.get("code") or "not_authorized"
            return declined(code, error.get("message") or "")


def adopted(ask: Ask, intent: Values) -> Outcome:
    """What became of taking over a payment that the channel made."""
    if intent["currency"].upper() != ask.currency:
        return Declined("currency_differs", f"the payment is in {intent['currency'].upper()}", is_final=True)
    if intent["status"] == "succeeded":
        received = received_of(intent, ())
        return Approved(received, intent["id"], captured_minor=received)
    return authorized(intent)


def about(ask: Ask, intent: Values) -> Outcome | None:
    """What became of a capture or a release, as the payment now stands; None where it may stand as before."""
    match intent["status"]:
        case "requires_capture":
            return None
        case "succeeded" if ask.kind is StepKind.CAPTURE:
            return Approved(ask.amount_minor, intent["id"])
        case "canceled" if ask.kind is StepKind.VOID:
            return Approved(ask.amount_minor, intent["id"])
        case status:
            return Declined(f"payment_{status}", f"the payment is {status}", is_gone=True)


def refunded(refund: Values) -> Outcome:
    """What became of a refund."""
    match refund["status"]:
        case "succeeded":
            return Approved(refund["amount"], refund["id"])
        case "failed" | "canceled":
            return declined(refund.get("failure_reason") or "refund_failed", "")
        case _:
            return Pending(refund["id"])


def declined(code: str, detail: str) -> Declined:
    """A refusal by Stripe's word for it."""
    return Declined(code, detail, is_final=code in _FINAL, is_gone=code in _GONE)


def payment_of(intent: Values, refunds: Sequence[Values]) -> GatewayPayment:
    """How a payment stands, with what was given back of it."""
    metadata = intent.get("metadata") or {}
    is_taken = intent["status"] == "succeeded"
    received = received_of(intent, refunds) if is_taken else int(intent.get("amount_received") or 0)
    is_authorized = is_taken or intent["status"] in ("requires_capture", "canceled")
    return GatewayPayment(
        intent["id"],
        metadata.get(KEY, ""),
        metadata.get(ORDER, ""),
        intent["currency"].upper(),
        authorized_minor=intent["amount"] if is_authorized else 0,
        captured_minor=received,
        refunded_minor=sum(refund["amount"] for refund in refunds if _counts(refund)),
        is_open=intent["status"] == "requires_capture",
    )


def disputes_of(listed: Sequence[Values]) -> tuple[GatewayDispute, ...]:
    """The disputes of a payment. A warning of a bank that was closed took nothing, as one that was won."""
    found = []
    for told in listed:
        state = _DISPUTES.get(told["status"], DisputeState.OPEN)
        due = (told.get("evidence_details") or {}).get("due_by")
        due_at = datetime.fromtimestamp(due, UTC) if due and state is DisputeState.OPEN else None
        opened_at = datetime.fromtimestamp(told["created"], UTC)
        found.append(GatewayDispute(told["id"], told["amount"], told["reason"], state, opened_at, due_at))
    return tuple(found)


def received_of(intent: Values, refunds: Sequence[Values]) -> int:
    """What was captured of a payment (minor units). Where that is not told it is what was not released: of a capture of
    less than the whole the rest stands among the refunds, without a key of ours.
    """
    received: int | None = intent.get("amount_received")
    amount: int = intent["amount"]
    return amount - sum(one["amount"] for one in refunds if not _counts(one)) if received is None else received


def _counts(refund: Values) -> bool:
    return KEY in (refund.get("metadata") or {}) and refund["status"] not in ("failed", "canceled")


def _confirm_url(intent: Values) -> str:
    """Where the customer confirms a payment; empty where it is said nowhere."""
    action = intent.get("next_action") or {}
    return str((action.get("redirect_to_url") or {}).get("url") or "")


def _captures_once(intent: Values) -> bool | None:
    """Whether the first capture of a payment releases the rest: it does not where several are available for its card;
    None where nothing is said.
    """
    status = (_card_of(intent).get("multicapture") or {}).get("status")
    return None if status is None else status != "available"


def _card_of(intent: Values) -> Values:
    charge = intent.get("latest_charge")
    card = (charge.get("payment_method_details") or {}).get("card") if isinstance(charge, Mapping) else None
    return card or {}


def _lasts_until(intent: Values) -> datetime:
    """Until when an authorization lasts: as the card's bank says, else the seven days that Stripe gives."""
    before = _card_of(intent).get("capture_before")
    return datetime.fromtimestamp(before, UTC) if before else datetime.fromtimestamp(intent["created"], UTC) + _LASTS
