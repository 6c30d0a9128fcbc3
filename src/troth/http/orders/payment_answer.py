"""An order's account as the API shows it: what is owed, what stands on each payment, and every step."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import msgspec

from troth.engine.money.account import open_account, record, request
from troth.engine.money.dues import Dues
from troth.engine.money.reconcile import Difference
from troth.engine.money.settle import settle
from troth.engine.money.standing import standings
from troth.flows.money.reconcile import Reconciled
from troth.http.edge.values import Instant, MoneyAnswer, money
from troth.http.orders import examples
from troth.model.lifecycle import StepState
from troth.model.order import Payment
from troth.model.payment import ACTION_CODE, Approved, DisputeState, Provider, StepKind, TenderKind
from troth.store.payments import StoredAccount


class TenderAnswer(msgspec.Struct, frozen=True):
    """One of the ways in which an order is paid, up to an amount; `gateway` is empty where the channel settles it."""

    tender: int
    provider: str
    gateway: str
    kind: TenderKind
    reference: str
    amount: MoneyAnswer
    reported: str
    is_spent: bool
    is_closed: bool


class PaymentStanding(msgspec.Struct, frozen=True):
    """How a payment stands: what was authorized, captured and given back of it, and what can still be captured.

    Where it waits for the customer they confirm it at `action_url`.
    """

    payment: int
    tender: int
    provider: str
    reference: str
    state: StepState
    authorized: MoneyAnswer
    captured: MoneyAnswer
    refunded: MoneyAnswer
    open: MoneyAnswer
    expires_at: Instant | None
    action_url: str | None


class StepAnswer(msgspec.Struct, frozen=True):
    """One effect that a gateway was asked for: of which amount, what of it was done, and what it said."""

    step: int
    payment: int
    tender: int
    kind: StepKind
    state: StepState
    amount: MoneyAnswer
    done: MoneyAnswer
    reference: str
    code: str
    detail: str
    attempts: int
    requested_at: Instant
    answered_at: Instant | None


class AdjustmentAnswer(msgspec.Struct, frozen=True):
    """An amount that a person gave back."""

    amount: MoneyAnswer
    reason: str
    given_by: str
    given_at: Instant


class DisputeAnswer(msgspec.Struct, frozen=True):
    """That a customer's bank demands an amount of a payment back; evidence is taken until `evidence_due_at`."""

    dispute_id: str
    payment: int
    amount: MoneyAnswer
    reason: str
    state: DisputeState
    opened_at: Instant
    evidence_due_at: Instant | None


class AccountAnswer(msgspec.Struct, frozen=True):
    """The money of an order. `earned` is owed for what has left, `to_come` for what is still to leave.

    `lacking`: what nobody can be asked for as things are; `is_secured`: all that is owed is captured or authorized;
    `is_stuck`: a person must help.
    """

    order_id: str
    currency: str
    earned: MoneyAnswer
    to_come: MoneyAnswer
    authorized: MoneyAnswer
    captured: MoneyAnswer
    refunded: MoneyAnswer
    lacking: MoneyAnswer
    is_secured: bool
    is_stuck: bool
    tenders: tuple[TenderAnswer, ...]
    payments: tuple[PaymentStanding, ...]
    steps: tuple[StepAnswer, ...]
    adjustments: tuple[AdjustmentAnswer, ...]
    disputes: tuple[DisputeAnswer, ...]


class DifferenceAnswer(msgspec.Struct, frozen=True):
    """A payment that is not the same at the gateway and here, and what that means; null where there is none."""

    kind: str
    meaning: str
    order_id: str
    reference: str
    payment: int | None
    ours: MoneyAnswer | None
    theirs: MoneyAnswer | None


class ReconciliationAnswer(msgspec.Struct, frozen=True):
    """The payments of a gateway since an instant, against the accounts. `is_whole`: it had no more of them."""

    gateway: str
    since: Instant
    payments: int
    repaired: int
    is_whole: bool
    differences: tuple[DifferenceAnswer, ...]


class ReconciliationsAnswer(msgspec.Struct, frozen=True):
    """All gateways."""

    gateways: tuple[ReconciliationAnswer, ...]


def answer_account(stored: StoredAccount, dues: Dues) -> AccountAnswer:
    """An account as it is answered."""
    account = stored.account
    currency = account.currency
    payments = standings(account)
    return AccountAnswer(
        account.order_id,
        currency,
        money(dues.earned, currency),
        money(dues.to_come, currency),
        money(sum(one.open for one in payments), currency),
        money(sum(one.captured for one in payments), currency),
        money(sum(one.refunded for one in payments), currency),
        money(stored.lacking_minor, currency),
        stored.is_secured,
        stored.is_stuck,
        tuple(
            TenderAnswer(
                one.tender,
                one.provider,
                one.gateway,
                one.kind,
                one.reference,
                money(one.amount_minor, currency),
                one.reported,
                one.is_spent,
                one.is_closed,
            )
            for one in account.tenders
        ),
        tuple(
            PaymentStanding(
                one.step.step,
                one.tender.tender,
                one.tender.provider,
                one.step.reference,
                one.step.state,
                money(one.step.done_minor, currency),
                money(one.captured, currency),
                money(one.refunded, currency),
                money(one.open, currency),
                one.step.expires_at,
                one.step.detail if one.authorizing and one.step.code == ACTION_CODE else None,
            )
            for one in payments
        ),
        tuple(
            StepAnswer(
                one.step,
                one.payment,
                one.tender,
                one.kind,
                one.state,
                money(one.amount_minor, currency),
                money(one.done_minor, currency),
                one.reference,
                one.code,
                one.detail,
                one.attempts,
                one.requested_at,
                one.answered_at,
            )
            for one in account.steps
        ),
        tuple(
            AdjustmentAnswer(money(one.amount_minor, currency), one.reason, one.given_by, one.given_at)
            for one in account.adjustments
        ),
        tuple(
            DisputeAnswer(
                one.dispute_id,
                one.payment,
                money(one.amount_minor, currency),
                one.reason,
                one.state,
                one.opened_at,
                one.evidence_due_at,
            )
            for one in account.disputes
        ),
    )


def answer_reconciled(found: Reconciled) -> ReconciliationAnswer:
    """A reconciliation as it is answered."""
    return ReconciliationAnswer(
        found.gateway,
        found.since,
        found.payments,
        found.repaired,
        found.is_whole,
        tuple(map(_difference, found.differences)),
    )


def _difference(one: Difference) -> DifferenceAnswer:
    ours, theirs = (None if minor is None else money(minor, one.currency) for minor in (one.ours, one.theirs))
    return DifferenceAnswer(one.kind, one.meaning, one.order_id, one.reference, one.payment, ours, theirs)


def _example() -> AccountAnswer:
    """The account of the example's order, with its card authorized."""
    order = replace(examples.ORDER, payments=(Payment("sandbox", "tok_visa", 3980, "pending"),))
    account = open_account(order, {"sandbox": Provider("sandbox", TenderKind.CARD)})
    found = settle(account, earned_minor=0, to_come_minor=3980, now=examples.AT)
    approved = Approved(3980, f"sb-{order.order_id}-P1-S1", examples.AT + timedelta(days=7))
    account, _ = record(request(account, found.steps), 1, approved, examples.AT)
    stored = StoredAccount(account, is_secured=True, is_stuck=False, lacking_minor=0, due_at=None)
    return answer_account(stored, Dues(0, 3980))


EXAMPLE: Final = _example()
RECONCILED: Final = answer_reconciled(
    Reconciled(
        "sandbox",
        examples.AT,
        1,
        (Difference("captured", examples.ORDER_ID, f"sb-{examples.ORDER_ID}-P1-S1", 1, "USD", 0, 3980),),
    )
)
