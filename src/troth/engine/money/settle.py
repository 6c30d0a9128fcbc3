"""What is to be done next about the money of an order: what is owed is held against what the account says.

What was earned is captured, and what was captured beyond it is given back; what is still to come is authorized, and
what is authorized beyond it released. Tenders are used in a stated order, refunds go back to them in proportion.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from troth.engine.money.standing import Standing, ask_again_at, in_flight, standings, trouble_of
from troth.model.charges import prorate
from troth.model.payment import (
    ACTION_CODE,
    EXCHANGE,
    LIMITED,
    PENDING,
    Account,
    Settlement,
    Step,
    StepKind,
    Tender,
    TenderKind,
)

_ATTEMPTS_MAX: Final = 8
"""A gateway that does not say for so long what became of a step, some minutes, is a matter for a person."""
_CONFIRMED_WITHIN: Final = timedelta(hours=24)
"""A customer who has not confirmed a payment for so long is a matter for a person."""
_ORDER_OF_USE: Final = {kind: rank for rank, kind in enumerate(TenderKind)}


@dataclass(slots=True)
class _Plan:
    """The steps as they are being chosen, numbered on, and what has come up on the way."""

    account: Account
    now: datetime
    steps: list[Step] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)
    is_stuck: bool = False

    def may(self, tender: Tender, kind: StepKind) -> bool:
        """Whether a tender may be asked now; notes when it may be asked again, or that a person must help."""
        trouble = trouble_of(self.account, tender, kind)
        if trouble.is_over:
            self.is_stuck = True
            return False
        if trouble.retry_at is not None and trouble.retry_at > self.now:
            self.times.append(trouble.retry_at)
            return False
        return True

    def add(self, tender: Tender, kind: StepKind, amount_minor: int, payment: int | None = None) -> None:
        number = len(self.account.steps) + len(self.steps) + 1
        about = number if payment is None else payment
        self.steps.append(Step(number, about, tender.tender, kind, amount_minor, self.now))


def settle(
    account: Account, *, earned_minor: int, to_come_minor: int, now: datetime, may_refund: bool = True
) -> Settlement:
    """The next steps of an account (minor units): `earned_minor` is what the customer owes for what has left and was
    not given back, `to_come_minor` for what is still to leave.

    What was captured before it is earned is kept as long as it may yet be. Nothing that is in flight is asked for once
    more under another name, and what it may come to is counted. While an order is held so that nothing may be refunded
    (not `may_refund`), or a payment of it is disputed, nothing is.
    """
    adopted = tuple(_adoptions(account, now))
    if adopted:
        return Settlement(adopted, next_at=now, is_secured=False)
    payments = standings(account)
    expired = tuple(one.step.step for one in payments if one.open and _is_expired(one.step, now))
    if expired:
        return Settlement(expired=expired, next_at=now, is_secured=False)
    earned = max(0, earned_minor - account.adjusted_minor)
    total = max(0, earned_minor + to_come_minor - account.adjusted_minor)
    plan = _Plan(account, now)
    ranked = sorted(payments, key=lambda one: (_rank(one.tender), one.step.step))
    net = sum(one.net for one in payments)
    taken = _capture(plan, ranked, earned - net)
    if may_refund and not account.is_disputed:
        _refund(plan, ranked, max(net - total, min(_to_give_back(account, payments), net - earned)))
    secured = net + sum(_lasting(one, taken.get(one.step.step, 0)) for one in payments)
    covered = secured + sum(one.authorizing for one in payments)
    lacking = _authorize(plan, payments, total - covered, total)
    _void(plan, [one for one in ranked[::-1] if one.step.step not in taken], covered - total)
    plan.times += [ask_again_at(step) for step in in_flight(account)]
    plan.times += [one.step.expires_at for one in payments if one.open and one.step.expires_at is not None]
    return Settlement(
        tuple(plan.steps),
        next_at=min(plan.times, default=None),
        lacking_minor=lacking,
        is_secured=total <= secured,
        is_stuck=plan.is_stuck or lacking > 0 or any(_is_silent(step, now) for step in in_flight(account)),
    )


def _adoptions(account: Account, now: datetime) -> Iterator[Step]:
    """The taking over of what the channel has authorized, or captured, which comes before everything else."""
    known = {step.tender for step in account.steps}
    number = len(account.steps)
    for tender in account.tenders:
        if tender.tender not in known and tender.reported != PENDING and tender.amount_minor > 0:
            number += 1
            yield Step(number, number, tender.tender, StepKind.ADOPT, tender.amount_minor, now)


def _capture(plan: _Plan, payments: Sequence[Standing], amount: int) -> dict[int, int]:
    """Ask for so much of what was earned, where it is authorized; how much of which payment, by step."""
    taken: dict[int, int] = {}
    for one in payments:
        part = min(one.open, amount)
        if part > 0 and plan.may(one.tender, StepKind.CAPTURE):
            plan.add(one.tender, StepKind.CAPTURE, part, one.step.step)
            taken[one.step.step] = part
            amount -= part
    return taken


def _refund(plan: _Plan, payments: Sequence[Standing], amount: int) -> None:
    """Give back what was captured beyond what is owed: to the tenders in proportion, and never more to one than was
    captured on it; of a tender the oldest payment first.
    """
    tenders = list({one.tender.tender: one.tender for one in payments}.values())
    weights = [sum(one.refundable for one in payments if one.tender is tender) for tender in tenders]
    amount = min(amount, sum(weights))
    if amount <= 0:
        return
    for tender, part in zip(tenders, prorate(amount, weights), strict=True):
        if part > 0 and plan.may(tender, StepKind.REFUND):
            for one in payments:
                share = min(part, one.refundable) if one.tender is tender else 0
                if share > 0:
                    plan.add(tender, StepKind.REFUND, share, one.step.step)
                    part -= share


def _authorize(plan: _Plan, payments: Sequence[Standing], amount: int, total: int) -> int:
    """Ask for what is owed and not covered, each tender up to what was agreed on it; what the order has grown since is
    asked of the last one that is no card or credit of a fixed value. What no tender can be asked for (minor units).
    """
    tenders = sorted(plan.account.tenders, key=_rank)
    grown = max(0, total - sum(tender.amount_minor for tender in tenders))
    last = next((tender for tender in reversed(tenders) if _is_elastic(tender)), None)
    for tender in tenders:
        used = sum(one.net + one.open + one.authorizing for one in payments if one.tender is tender)
        room = min(amount, tender.amount_minor - used + (grown if tender is last else 0))
        if room <= 0 or tender.is_closed or tender.is_spent or tender.provider == EXCHANGE:
            continue  # what a replacement gave back of its credit has gone to the customer
        if plan.may(tender, StepKind.AUTHORIZE):
            plan.add(tender, StepKind.AUTHORIZE, room)
            amount -= room
        elif not trouble_of(plan.account, tender, StepKind.AUTHORIZE).is_over:
            amount -= room  # it is tried again
    return max(0, amount)


def _to_give_back(account: Account, payments: Sequence[Standing]) -> int:
    """What people gave back and has not gone to the customer yet."""
    return account.adjusted_minor - sum(one.refunded + one.refunding for one in payments)


def _lasting(one: Standing, taken: int) -> int:
    """What there is of an authorization (minor units), once so much of it is captured: where it can be captured only
    once, or the tender is closed, the rest is gone with that.
    """
    if one.tender.is_closed or (taken and one.tender.captures_once):
        return taken
    return one.open


def _void(plan: _Plan, payments: Sequence[Standing], amount: int) -> None:
    """Release what is authorized beyond what is owed, as far as it is the whole rest of a payment; and all of a tender
    that a person closed.
    """
    for one in payments:
        if one.open == 0 or one.capturing or not (one.tender.is_closed or one.open <= amount):
            continue
        if plan.may(one.tender, StepKind.VOID):
            plan.add(one.tender, StepKind.VOID, one.open, one.step.step)
            amount -= 0 if one.tender.is_closed else one.open


def _is_silent(step: Step, now: datetime) -> bool:
    """Whether it takes too long until it is known what became of a step; a customer may take their time to confirm."""
    if step.code == ACTION_CODE:
        return now - step.requested_at >= _CONFIRMED_WITHIN
    return step.attempts >= _ATTEMPTS_MAX


def _is_expired(step: Step, now: datetime) -> bool:
    return step.expires_at is not None and step.expires_at <= now


def _is_elastic(tender: Tender) -> bool:
    """Whether a tender may be asked for more than was agreed on, where the order comes to more."""
    return tender.kind not in LIMITED and not tender.is_closed and not tender.is_spent


def _rank(tender: Tender) -> tuple[int, int]:
    return _ORDER_OF_USE[tender.kind], tender.tender
