"""Payments: the account of an order, with its tenders and every step that a gateway was asked to make.

What stands on a payment is never stored: it follows from the states of its steps (see `troth.engine.money.standing`).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from troth.model.asked import Declined, Lost
from troth.model.ids import OrderId
from troth.model.lifecycle import StepState
from troth.model.order import Payment
from troth.model.value import dataclass

PAYMENT_HOLD: Final = "payment"
"""The type of hold that keeps an order from being released until enough of it is authorized."""

PENDING: Final = "pending"
AUTHORIZED: Final = "authorized"
CAPTURED: Final = "captured"
TAKEN_OVER: Final = (PENDING, AUTHORIZED, CAPTURED)
"""How a channel may report a payment that is then ours: still to be authorized, authorized, or captured as well."""


class TenderKind(StrEnum):
    """What a customer pays with, in the order in which it is used: what they hold already first, bills last."""

    GIFT_CARD = "gift_card"
    STORE_CREDIT = "store_credit"
    CARD = "card"
    INVOICE = "invoice"
    OTHER = "other"


LIMITED: Final = frozenset({TenderKind.GIFT_CARD, TenderKind.STORE_CREDIT})
"""Nothing is taken from these beyond the amount that was agreed on."""


class StepKind(StrEnum):
    """What a gateway is asked: to know an authorization of the channel's, to make one, and what may follow."""

    ADOPT = "adopt"
    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Provider:
    """How payments under a provider's name are settled: by which gateway (empty: not by us, the channel is told what is
    due) and as what. `captures_once`: what a first capture leaves of an authorization is gone.
    """

    gateway: str
    kind: TenderKind
    captures_once: bool = False


EXCHANGE: Final = "exchange"
"""The provider of the payment of a replacement that a return's credit is, and the type of its hold until that came."""
IS_RESERVED: Final = "is reserved: a return's credit pays for its replacement where the return is opened with one"
COUNTER: Final = "counter"
"""The provider of what is paid where goods are handed over: `pending`, then; `captured`, at a till of ours before."""
ON_ACCOUNT: Final = frozenset({"terms", "invoice"})
"""Providers of payments that are promises to pay an invoice, whatever is settled here."""
UNKNOWN_PROVIDER: Final = Provider("", TenderKind.OTHER)
BUILT_IN_PROVIDERS: Final[Mapping[str, Provider]] = {
    EXCHANGE: Provider("", TenderKind.STORE_CREDIT),
    COUNTER: Provider("", TenderKind.OTHER),
}


@dataclass(frozen=True, slots=True)
class Tender:
    """One of the ways in which an order is paid, up to an amount (minor units). `reference` is the token or payment
    that the channel named, `reported` how it stood then.

    `is_spent`: it gave less than it was asked, so that there is no more. `is_closed`: a person wants no more of it.
    Failures count from the step `tries_from` on.
    """

    tender: int
    provider: str
    gateway: str
    kind: TenderKind
    reference: str
    amount_minor: int
    reported: str
    captures_once: bool = False
    is_spent: bool = False
    is_closed: bool = False
    tries_from: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One effect at a gateway, written down before it is asked for. `payment` is the number of the authorization that
    it makes (its own) or is about; `done_minor` is what was done of the amount.

    `asked_at` is when it was last asked for or looked up, the `attempts`-th time; `is_final`: the same need not be
    tried again.
    """

    step: int
    payment: int
    tender: int
    kind: StepKind
    amount_minor: int
    requested_at: datetime
    state: StepState = StepState.REQUESTED
    done_minor: int = 0
    reference: str = ""
    asked_at: datetime | None = None
    answered_at: datetime | None = None
    expires_at: datetime | None = None
    attempts: int = 0
    code: str = ""
    detail: str = ""
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class Adjustment:
    """An amount that a person gave back, with the reason: the order is owed so much less."""

    amount_minor: int
    reason: str
    given_by: str
    given_at: datetime


class DisputeState(StrEnum):
    """How a dispute stands: somebody has to answer it or it is looked at, and it was won or lost by us."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Dispute:
    """That a customer's bank demands an amount (minor units) of a payment back, as the gateway calls it and for its
    reason. Until `evidence_due_at` evidence is taken (None: no more).
    """

    dispute_id: str
    payment: int
    amount_minor: int
    reason: str
    state: DisputeState
    opened_at: datetime
    evidence_due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """What was agreed on and done about the money of one order. `version` grows with each change of it."""

    order_id: OrderId
    currency: str
    version: int = 0
    tenders: tuple[Tender, ...] = ()
    steps: tuple[Step, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    disputes: tuple[Dispute, ...] = ()

    @property
    def is_disputed(self) -> bool:
        """Whether any dispute is open: what a bank may take must not be given back beside it."""
        return any(dispute.state is DisputeState.OPEN for dispute in self.disputes)

    @property
    def adjusted_minor(self) -> int:
        """What was given back by people, all together (minor units)."""
        return sum(adjustment.amount_minor for adjustment in self.adjustments)

    def tender(self, number: int) -> Tender:
        """The tender of a number."""
        return next(tender for tender in self.tenders if tender.tender == number)

    def step(self, number: int) -> Step:
        """The step of a number."""
        return next(step for step in self.steps if step.step == number)


@dataclass(frozen=True, slots=True)
class Approved:
    """The gateway did it: for which amount (minor units), under which reference. Of an authorization also until when it
    lasts (None: not said), how much of it was captured already, and whether its first capture releases the rest (None:
    as its provider does).
    """

    amount_minor: int
    reference: str
    expires_at: datetime | None = None
    captured_minor: int = 0
    captures_once: bool | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """The gateway took it and has not decided yet."""

    reference: str


@dataclass(frozen=True, slots=True)
class ActionNeeded:
    """The gateway waits for the customer, who confirms the payment at `url` (such as to their bank, by 3-D Secure)."""

    reference: str
    url: str


ACTION_CODE: Final = "action_required"
"""The code of a step that waits for the customer; its detail is where they confirm it."""

Outcome = Approved | Declined | Pending | Lost | ActionNeeded


@dataclass(frozen=True, slots=True)
class Ask:
    """What a gateway is asked: an effect under a key, by which it knows a repetition. `token` is what the channel
    named, `payment_reference` the gateway's own name of the payment that it is about (empty: it makes one). Where the
    customer `is_present`, as when a token is charged first, they may confirm it; `captures_once` is what the tender
    does.
    """

    key: str
    order_id: OrderId
    kind: StepKind
    tender_kind: TenderKind
    amount_minor: int
    currency: str
    token: str
    payment_reference: str
    requested_at: datetime
    reported: str = ""
    is_present: bool = False
    captures_once: bool = False


@dataclass(frozen=True, slots=True)
class GatewayPayment:
    """How a payment stands at its gateway (minor units); `key` is that of the step that made it, where we did."""

    reference: str
    key: str
    order_id: str
    currency: str
    authorized_minor: int
    captured_minor: int
    refunded_minor: int
    is_open: bool


def idempotency_key(order_id: OrderId, step: Step) -> str:
    """The key under which a step is asked for: the same whoever asks, and however often.

    >>> from datetime import datetime
    >>> idempotency_key(OrderId("O-1"), Step(3, 1, 1, StepKind.CAPTURE, 500, datetime(2026, 11, 23)))
    'O-1-P1-S3'
    """
    return f"{order_id}-P{step.payment}-S{step.step}"


def order_of_key(key: str) -> OrderId:
    """The order to whose account a key belongs.

    >>> order_of_key("O-1-P1-S3")
    'O-1'
    """
    return OrderId(key.rpartition("-P")[0])


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is to be done next about an account: steps to ask for, authorizations (by step) that are over, and when to
    look again (None: when something happens).

    `lacking_minor` is what nobody is going to authorize as things are; `is_secured`: all that is owed is captured or
    authorized. `is_stuck`: a person must help.
    """

    steps: tuple[Step, ...] = ()
    expired: tuple[int, ...] = ()
    next_at: datetime | None = None
    lacking_minor: int = 0
    is_secured: bool = True
    is_stuck: bool = False


def awaits_payment(payments: Iterable[Payment], providers: Mapping[str, Provider]) -> bool:
    """Whether any payment is still to be authorized by us."""
    return any(payment.status == PENDING and payment.provider in providers for payment in payments)


def is_on_account(payment: Payment, providers: Mapping[str, Provider]) -> bool:
    """Whether a payment is the promise to pay an invoice."""
    known = providers.get(payment.provider)
    return payment.provider in ON_ACCOUNT or (known is not None and known.kind is TenderKind.INVOICE)
