"""An account from its opening on: what the channel reported becomes tenders, and what a gateway answered becomes
states, new steps and events.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, assert_never

from troth.model.asked import Declined, Lost
from troth.model.events import (
    PaymentActionNeeded,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentDue,
    PaymentEvent,
    PaymentExpired,
    PaymentFailed,
    PaymentRefunded,
    PaymentUnknown,
    PaymentVoided,
)
from troth.model.lifecycle import IN_FLIGHT, PAYMENT_STEP, StepEvent, StepState
from troth.model.order import Order, Payment
from troth.model.payment import (
    ACTION_CODE,
    BUILT_IN_PROVIDERS,
    CAPTURED,
    COUNTER,
    EXCHANGE,
    TAKEN_OVER,
    UNKNOWN_PROVIDER,
    Account,
    ActionNeeded,
    Approved,
    Outcome,
    Pending,
    Provider,
    Step,
    StepKind,
    Tender,
    TenderKind,
)

PENDING_CODE: Final = "pending"
Recorded = tuple[Account, tuple[PaymentEvent, ...]]

_DONE: Final = {
    StepKind.ADOPT: StepEvent.AUTHORIZE,
    StepKind.AUTHORIZE: StepEvent.AUTHORIZE,
    StepKind.CAPTURE: StepEvent.CAPTURE,
    StepKind.VOID: StepEvent.VOID,
    StepKind.REFUND: StepEvent.REFUND,
}


def open_account(order: Order, providers: Mapping[str, Provider]) -> Account:
    """The account of an order as its channel reported the payments. Under a provider that nobody settles here
    everything counts as the channel says it, and the channel is told what is due; of our own only what we can take
    over.
    """
    account = Account(order.order_id, order.currency)
    for payment in order.payments:
        account = add_tender(account, payment, providers)
    return account


def add_tender(account: Account, payment: Payment, providers: Mapping[str, Provider]) -> Account:
    """The account with one more way to pay; as it was where the payment is none that can be taken over."""
    provider = providers.get(payment.provider) or BUILT_IN_PROVIDERS.get(payment.provider, UNKNOWN_PROVIDER)
    if provider.gateway and payment.status not in TAKEN_OVER:
        return account
    tender = Tender(
        tender=len(account.tenders) + 1,
        provider=payment.provider,
        gateway=provider.gateway,
        kind=provider.kind,
        reference=payment.reference,
        amount_minor=payment.amount_minor,
        reported=payment.status,
        captures_once=provider.captures_once,
    )
    return replace(account, tenders=(*account.tenders, tender))


def request(account: Account, steps: Sequence[Step]) -> Account:
    """The account with steps that are going to be asked for."""
    return replace(account, steps=(*account.steps, *steps))


def tell_channel(account: Account, now: datetime) -> Recorded:
    """What no gateway of ours does: those steps are done by saying to the channel that they are due."""
    events: list[PaymentEvent] = []
    for step in account.steps:
        tender = account.tender(step.tender)
        if tender.gateway or step.state is not StepState.REQUESTED:
            continue
        captured = step.amount_minor if step.kind is StepKind.ADOPT and tender.reported == CAPTURED else 0
        done = Approved(step.amount_minor, tender.reference, captured_minor=captured)
        account, _ = record(account, step.step, done, now)
        if step.kind is not StepKind.ADOPT and not _is_silent(tender, step):
            events.append(
                PaymentDue(
                    step.payment,
                    step.step,
                    tender.provider,
                    tender.reference,
                    step.kind,
                    step.amount_minor,
                    account.currency,
                    now,
                )
            )
    return account, tuple(events)


def _is_silent(tender: Tender, step: Step) -> bool:
    """Whether nobody needs to be told: a bill is written when something is captured, and needs nobody's leave; a till
    has taken what is captured of it when the goods were handed over; and what a return is credited for is settled with
    the return's own order.
    """
    is_bill = tender.kind is TenderKind.INVOICE and step.kind in (StepKind.AUTHORIZE, StepKind.VOID)
    is_taken = tender.provider == COUNTER and step.kind is not StepKind.REFUND
    return is_bill or is_taken or tender.provider == EXCHANGE


def expire(account: Account, numbers: Sequence[int], now: datetime) -> Recorded:
    """The end of authorizations (by step) whose time is over."""
    events: list[PaymentEvent] = []
    for number in numbers:
        step = account.step(number)
        tender = account.tender(step.tender)
        account = _with_step(account, replace(step, state=PAYMENT_STEP[step.state, StepEvent.EXPIRE]))
        events.append(
            PaymentExpired(step.payment, tender.provider, step.reference, step.done_minor, account.currency, now)
        )
    return account, tuple(events)


def record(account: Account, number: int, outcome: Outcome, now: datetime) -> Recorded:
    """The account after a gateway's answer about a step. An answer that comes once more, or after another, changes
    nothing: what is known stays known.
    """
    step = account.step(number)
    if step.state not in IN_FLIGHT:
        return account, ()
    asked = replace(step, asked_at=now, attempts=step.attempts + 1)
    match outcome:
        case Approved():
            return _approve(account, asked, outcome, now)
        case Declined():
            return _decline(account, asked, outcome, now)
        case Pending():
            return _lose(account, asked, PENDING_CODE, "", outcome.reference, now)
        case Lost():
            return _lose(account, asked, "lost", outcome.detail, step.reference, now)
        case ActionNeeded():
            return _await_action(account, asked, outcome, now)
        case _:
            assert_never(outcome)


def _approve(account: Account, step: Step, outcome: Approved, now: datetime) -> Recorded:
    tender = account.tender(step.tender)
    is_adopted = step.kind is StepKind.ADOPT  # then the gateway says how much there is
    done = replace(
        step,
        state=PAYMENT_STEP[step.state, _DONE[step.kind]],
        done_minor=outcome.amount_minor if is_adopted else min(outcome.amount_minor, step.amount_minor),
        reference=outcome.reference,
        answered_at=now,
        expires_at=outcome.expires_at,
        code="",
        detail="",
    )
    account = _with_captures(_with_step(account, done), done, outcome.captures_once)
    if step.kind in (StepKind.ADOPT, StepKind.AUTHORIZE):
        if step.kind is StepKind.AUTHORIZE and done.done_minor < step.amount_minor:
            account = _with_tender(account, replace(tender, is_spent=True))
        return _authorized(account, done, outcome.captured_minor, now)
    place = (step.payment, step.step, tender.provider, done.reference, done.done_minor, account.currency, now)
    match step.kind:
        case StepKind.CAPTURE:
            return account, (PaymentCaptured(*place),)
        case StepKind.REFUND:
            return account, (PaymentRefunded(*place),)
        case StepKind.VOID:
            return account, (PaymentVoided(*place),)
        case _:
            raise ValueError(f"{step.kind} makes a payment")


def _with_captures(account: Account, done: Step, captures_once: bool | None) -> Account:
    """The account with what its gateway says of captures. A tender of which the first capture released the rest before
    stays one: what was released does not come back.
    """
    tender = account.tender(done.tender)
    had = any(step.tender == done.tender and step.step < done.step and step.done_minor for step in account.steps)
    if captures_once is None or captures_once == tender.captures_once or (had and not captures_once):
        return account
    return _with_tender(account, replace(tender, captures_once=captures_once))


def _authorized(account: Account, done: Step, captured_minor: int, now: datetime) -> Recorded:
    """An authorization that is there; what of it was captured before we knew it is a step of its own."""
    provider = account.tender(done.tender).provider
    events: list[PaymentEvent] = [
        PaymentAuthorized(
            done.payment,
            done.step,
            provider,
            done.reference,
            done.done_minor,
            done.amount_minor,
            account.currency,
            done.expires_at,
            now,
        )
    ]
    captured = min(captured_minor, done.done_minor)
    if captured:
        number = len(account.steps) + 1
        step = Step(
            number,
            done.payment,
            done.tender,
            StepKind.CAPTURE,
            captured,
            now,
            state=StepState.CAPTURED,
            done_minor=captured,
            reference=done.reference,
            answered_at=now,
        )
        account = request(account, (step,))
        events.append(PaymentCaptured(done.payment, number, provider, done.reference, captured, account.currency, now))
    return account, tuple(events)


def _decline(account: Account, step: Step, outcome: Declined, now: datetime) -> Recorded:
    tender = account.tender(step.tender)
    failed = replace(
        step,
        state=PAYMENT_STEP[step.state, StepEvent.DECLINE],
        answered_at=now,
        code=outcome.code,
        detail=outcome.detail,
        is_final=outcome.is_final,
    )
    account = _with_step(account, failed)
    event = PaymentFailed(
        step.payment,
        step.step,
        tender.provider,
        step.kind,
        step.amount_minor,
        account.currency,
        outcome.code,
        outcome.detail,
        now,
    )
    begun = account.step(step.payment)
    if outcome.is_gone and begun.state is StepState.AUTHORIZED:
        account, more = expire(account, (begun.step,), now)
        return account, (event, *more)
    return account, (event,)


def _lose(account: Account, step: Step, code: str, detail: str, reference: str, now: datetime) -> Recorded:
    was_known = step.state is StepState.REQUESTED
    lost = replace(step, state=PAYMENT_STEP[step.state, StepEvent.LOSE], code=code, detail=detail, reference=reference)
    account = _with_step(account, lost)
    if not was_known:
        return account, ()
    provider = account.tender(step.tender).provider
    event = PaymentUnknown(
        step.payment, step.step, provider, step.kind, step.amount_minor, account.currency, code, detail, now
    )
    return account, (event,)


def _await_action(account: Account, step: Step, outcome: ActionNeeded, now: datetime) -> Recorded:
    """A step that waits for the customer, who is told once where to confirm it."""
    is_known = step.code == ACTION_CODE and step.detail == outcome.url
    waiting = replace(
        step,
        state=PAYMENT_STEP[step.state, StepEvent.LOSE],
        code=ACTION_CODE,
        detail=outcome.url,
        reference=outcome.reference,
    )
    account = _with_step(account, waiting)
    if is_known:
        return account, ()
    provider = account.tender(step.tender).provider
    event = PaymentActionNeeded(
        step.payment, step.step, provider, step.amount_minor, account.currency, outcome.url, now
    )
    return account, (event,)


def _with_step(account: Account, step: Step) -> Account:
    return replace(account, steps=tuple(step if one.step == step.step else one for one in account.steps))


def _with_tender(account: Account, tender: Tender) -> Account:
    tenders = tuple(tender if one.tender == tender.tender else one for one in account.tenders)
    return replace(account, tenders=tenders)
