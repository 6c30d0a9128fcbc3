"""What is told of an order's money, by event."""

from tests.builders import NOW
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
from troth.model.payment import DisputeState, StepKind

PAYMENT_EVENTS: tuple[tuple[PaymentEvent, str], ...] = (
    (
        PaymentAuthorized(1, 1, "sandbox", "sb-1", 1990, 1990, "USD", None, NOW),
        "Payment 1: 19.90 USD was authorized (sandbox).",
    ),
    (
        PaymentAuthorized(1, 1, "sandbox", "sb-1", 995, 1990, "USD", None, NOW),
        "Payment 1: 9.95 USD of 19.90 USD was authorized (sandbox).",
    ),
    (PaymentCaptured(1, 2, "sandbox", "sb-1", 1990, "USD", NOW), "Payment 1: 19.90 USD was captured (sandbox)."),
    (PaymentRefunded(1, 3, "sandbox", "sb-1", 500, "USD", NOW), "Payment 1: 5.00 USD was given back (sandbox)."),
    (
        PaymentActionNeeded(1, 1, "sandbox", 1990, "USD", "https://bank.example/3ds", NOW),
        "Payment 1: 19.90 USD waits for the customer, who confirms it at https://bank.example/3ds.",
    ),
    (
        PaymentDisputed(1, "sandbox", "dp_1", 1990, "USD", "fraudulent", DisputeState.OPEN, NOW, NOW),
        "The customer's bank demands 19.90 USD of payment 1 back (fraudulent), evidence until Nov 23, 15:00 UTC.",
    ),
    (
        PaymentDisputed(1, "sandbox", "dp_1", 1990, "USD", "fraudulent", DisputeState.LOST, None, NOW),
        "The dispute dp_1 over 19.90 USD of payment 1 was lost.",
    ),
    (PaymentVoided(1, 2, "sandbox", "sb-1", 1990, "USD", NOW), "Payment 1: 19.90 USD was released (sandbox)."),
    (
        PaymentExpired(1, "sandbox", "sb-1", 1990, "USD", NOW),
        "Payment 1: the time of its 19.90 USD is over (sandbox).",
    ),
    (
        PaymentFailed(1, 1, "sandbox", StepKind.AUTHORIZE, 1990, "USD", "card_declined", "", NOW),
        "Payment 1: 19.90 USD was not authorized (sandbox): card declined.",
    ),
    (
        PaymentUnknown(1, 2, "stripe", StepKind.CAPTURE, 1990, "USD", "lost", "timed out", NOW),
        "Payment 1: it is not known whether 19.90 USD was captured (stripe).",
    ),
    (
        PaymentDue(1, 2, "shop", "pi_1", StepKind.CAPTURE, 1990, "USD", NOW),
        "19.90 USD is to be captured by shop.",
    ),
    (
        PaymentAdded(2, "sandbox", "tok_b", 1990, "USD", NOW),
        "The order may be paid with 19.90 USD of sandbox as well.",
    ),
    (
        PaymentActedOn("refund", "a scratch", None, 500, "USD", NOW),
        "5.00 USD is to be given back: a scratch.",
    ),
    (PaymentActedOn("void", "", 1, 0, "USD", NOW), "No more is to be taken of tender 1."),
    (PaymentActedOn("retry", "asked", None, 0, "USD", NOW), "Its payments are tried again: asked."),
)
