"""An order's money as its page shows it: what is owed and what stands, payment by payment and step by step."""

from datetime import datetime
from typing import Final

from troth.engine.money.dues import Dues
from troth.engine.money.standing import standings
from troth.flows.money.account_actions import returnable
from troth.model.lifecycle import StepState
from troth.model.payment import Adjustment, Dispute, Tender
from troth.model.value import dataclass
from troth.pages.views import Chip, words
from troth.store.payments import StoredAccount

_STEP_CHIPS: Final = {
    StepState.REQUESTED: Chip("Asked for", "blue", "open"),
    StepState.UNKNOWN: Chip("Not known", "orange", "alert"),
    StepState.AUTHORIZED: Chip("Authorized", "blue", "half"),
    StepState.CAPTURED: Chip("Captured", "green", "done"),
    StepState.REFUNDED: Chip("Refunded", "amber", "arrow"),
    StepState.VOIDED: Chip("Released", "gray", "cross"),
    StepState.FAILED: Chip("Refused", "red", "cross"),
    StepState.EXPIRED: Chip("Expired", "orange", "clock"),
}


@dataclass(frozen=True, slots=True)
class StepView:
    """A step as a row; amounts in minor units."""

    number: int
    payment: int
    action: str
    provider: str
    chip: Chip
    amount_minor: int
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AccountView:
    """What is owed and what stands, in minor units; what a person can do."""

    chip: Chip
    earned_minor: int
    to_come_minor: int
    authorized_minor: int
    captured_minor: int
    refunded_minor: int
    lacking_minor: int
    returnable_minor: int
    steps: tuple[StepView, ...]
    adjustments: tuple[Adjustment, ...]
    disputes: tuple[Dispute, ...]
    tenders: tuple[Tender, ...]
    open_tenders: tuple[Tender, ...]
    can_retry: bool


def view_account(stored: StoredAccount, dues: Dues) -> AccountView:
    """The account of an order."""
    account = stored.account
    payments = standings(account)
    providers = {tender.tender: tender.provider for tender in account.tenders}
    return AccountView(
        _chip(stored),
        dues.earned,
        dues.to_come,
        sum(one.open for one in payments),
        sum(one.captured for one in payments),
        sum(one.refunded for one in payments),
        stored.lacking_minor,
        returnable(account),
        tuple(
            StepView(
                step.step,
                step.payment,
                words(step.kind),
                providers[step.tender],
                _STEP_CHIPS[step.state],
                step.done_minor or step.amount_minor,
                step.detail or (words(step.code) if step.code else ""),
                step.answered_at or step.asked_at or step.requested_at,
            )
            for step in account.steps
        ),
        account.adjustments,
        account.disputes,
        account.tenders,
        tuple(tender for tender in account.tenders if not tender.is_closed),
        can_retry=any(step.state is StepState.FAILED for step in account.steps) and not stored.is_secured,
    )


def _chip(stored: StoredAccount) -> Chip:
    if stored.is_stuck:
        return Chip("Needs a person", "red", "alert")
    return Chip("Secured", "green", "done") if stored.is_secured else Chip("Not secured", "amber", "hold")
