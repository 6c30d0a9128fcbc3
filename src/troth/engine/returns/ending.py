"""The end of a return: closed by a person, taken back, or expired; and the way to the carrier."""

from dataclasses import replace

from troth.engine.promising.context import Decision, Facts, State
from troth.engine.returns.credited import credit_return
from troth.engine.returns.exchange import end_exchange, lift_exchange
from troth.engine.returns.finding import find_able, find_return_of
from troth.engine.returns.steps import Steps
from troth.model.ids import OrderId
from troth.model.lifecycle import ReceptionEvent, ReceptionState
from troth.model.refusals import NotFound, Refusal
from troth.model.return_moves import (
    CancelReturn,
    CloseReturn,
    ExpireReturn,
    ReturnCanceled,
    ReturnClosed,
    ReturnExpired,
    ReturnSent,
    SendReturn,
)
from troth.model.returns import Credit, Return

EXPIRED = "the permit expired"


def decide_send(command: SendReturn, state: State, facts: Facts) -> Decision | Refusal:
    """A return that is on its way; from then on its permit does not expire."""
    found = find_able(command.return_id, ReceptionEvent.SEND, state)
    if not isinstance(found, tuple):
        return found
    steps = Steps(state, facts)
    sent = ReturnSent(command.return_id, command.carrier, command.tracking_number, command.at or facts.now)
    steps.happen(found[0].order_id, sent)
    return steps.decision()


def decide_close(command: CloseReturn, state: State, facts: Facts) -> Decision | Refusal:
    """The end of a return; a replacement of which nothing came back goes by the rule, of which anything did may go."""
    found = find_able(command.return_id, ReceptionEvent.CLOSE, state)
    if not isinstance(found, tuple):
        return found
    order, one = found
    steps = Steps(state, facts)
    steps.happen(order.order_id, ReturnClosed(one.return_id, command.reason, facts.now))
    if any(got.line_id is not None for got in one.received):
        lift_exchange(one, steps)
    else:
        _end_exchange(order.order_id, one, command.reason or "nothing came back", steps)
    return steps.decision()


def end_claim(order_id: OrderId, one: Return, steps: Steps) -> None:
    """The end of a claim of which nothing comes back, once it is credited: its replacement waits for nothing more."""
    steps.happen(order_id, ReturnClosed(one.return_id, "nothing comes back", steps.facts.now))
    lift_exchange(one, steps)


def decide_cancel_return(command: CancelReturn, state: State, facts: Facts) -> Decision | Refusal:
    """A permit that is taken back before anything was sent, and with it the replacement."""
    found = find_able(command.return_id, ReceptionEvent.CANCEL, state)
    if not isinstance(found, tuple):
        return found
    order, one = found
    steps = Steps(state, facts)
    if one.credits:
        credit_return(steps, order.order_id, one, tuple(_taken_back(credit, facts) for credit in one.credits))
    steps.happen(order.order_id, ReturnCanceled(one.return_id, command.reason, facts.now))
    end_exchange(order.order_id, one, command.reason or "the return was canceled", steps)
    return steps.decision()


def decide_expire(command: ExpireReturn, state: State, facts: Facts) -> Decision | Refusal:
    """The end of a permit whose time is over; nothing where it was used, or has time left."""
    found = find_return_of(command.return_id, state)
    if isinstance(found, NotFound):
        return found
    order, one = found
    if one.state is not ReceptionState.ANNOUNCED or facts.now < one.expires_at:
        return Decision()
    steps = Steps(state, facts)
    steps.happen(order.order_id, ReturnExpired(one.return_id, facts.now, one.credited_minor))
    _end_exchange(order.order_id, one, EXPIRED, steps)
    return steps.decision()


def _taken_back(credit: Credit, facts: Facts) -> Credit:
    """What takes a credit back that was made before anything came: the customer keeps the goods, and owes them."""
    return replace(
        credit,
        amount_minor=-credit.amount_minor,
        fee_minor=-credit.fee_minor,
        quantity=-credit.quantity,
        at=facts.now,
        by=facts.actor,
        reason="the return was canceled",
    )


def _end_exchange(order_id: OrderId, one: Return, reason: str, steps: Steps) -> None:
    if steps.facts.returns.rules.exchange_cancel:
        end_exchange(order_id, one, reason, steps)
