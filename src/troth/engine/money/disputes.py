"""Disputes of payments: what a gateway tells of one becomes the account's, with what a lost one takes."""

from dataclasses import replace
from datetime import datetime

from troth.engine.money.account import Recorded, request
from troth.engine.money.standing import standings
from troth.model.events import PaymentDisputed, PaymentEvent, PaymentRefunded
from troth.model.lifecycle import StepState
from troth.model.payment import Account, Adjustment, Dispute, DisputeState, Step, StepKind


def record_dispute(account: Account, told: Dispute, now: datetime) -> Recorded:
    """The account with a dispute as its gateway tells it; as it was where that is known.

    What a lost dispute takes has gone back to the customer by their bank: it is a refund that nobody asks for, and the
    order is owed so much less. What was won or lost stays so.
    """
    known = next((one for one in account.disputes if one.dispute_id == told.dispute_id), None)
    if known == told or (known is not None and known.state is not DisputeState.OPEN):
        return account, ()
    disputes = tuple(one for one in account.disputes if one is not known)
    account = replace(account, disputes=(*disputes, told))
    paid = next(one for one in standings(account) if one.step.step == told.payment)
    provider, events = paid.tender.provider, list[PaymentEvent]()
    if known is None or known.state is not told.state or known.evidence_due_at != told.evidence_due_at:
        events.append(
            PaymentDisputed(
                told.payment,
                provider,
                told.dispute_id,
                told.amount_minor,
                account.currency,
                told.reason,
                told.state,
                told.evidence_due_at,
                now,
            )
        )
    taken = min(told.amount_minor, paid.refundable)
    if told.state is not DisputeState.LOST or taken <= 0:
        return account, tuple(events)
    number = len(account.steps) + 1
    step = Step(
        number,
        told.payment,
        paid.tender.tender,
        StepKind.REFUND,
        taken,
        now,
        state=StepState.REFUNDED,
        done_minor=taken,
        reference=told.dispute_id,
        answered_at=now,
    )
    given = Adjustment(taken, f"dispute {told.dispute_id} was lost: {told.reason}", provider, now)
    account = replace(request(account, (step,)), adjustments=(*account.adjustments, given))
    place = (told.payment, number, provider, told.dispute_id, taken, account.currency, now)
    return account, (*events, PaymentRefunded(*place))


def lost_minor(account: Account, payment: int) -> int:
    """What disputes have taken of a payment (minor units), which is no refund in its gateway's books."""
    lost = {one.dispute_id for one in account.disputes if one.state is DisputeState.LOST}
    return sum(step.done_minor for step in account.steps if step.payment == payment and step.reference in lost)
