"""An exchange: what replaces the goods is an order of its own, reserved in the same moment and linked both ways."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from troth.engine.cancel import decide_cancel
from troth.engine.capture import decide_capture
from troth.engine.money.payment_hold import hold_difference
from troth.engine.promising.context import Change, Decision, Facts, State
from troth.engine.returns.asking import Asked
from troth.engine.returns.crediting import Crediting, sum_minor
from troth.engine.returns.finding import find_return_of
from troth.engine.returns.steps import Steps
from troth.model.commands import CancelOrder
from troth.model.events import HoldLifted, OrderCaptured
from troth.model.hold_terms import HoldTerms, Signal
from troth.model.ids import HoldId, OrderId, derive_order_id
from troth.model.lifecycle import HoldState
from troth.model.order import Hold, Order, Payment
from troth.model.payment import EXCHANGE
from troth.model.refusals import FieldFlaw, Invalid, NotFound, Refusal
from troth.model.return_moves import ExchangeEnded, ExchangeOpened, ExchangeUsed, OpenReturn, UseExchange
from troth.model.returns import Exchange, Return, ReturnMethod
from troth.model.totals import total_minor

_UNTIL_IT_CAME: Final = HoldTerms(lift_on=(Signal.RETURN_RECEIVED,), is_quiet=True)

EXCHANGE_OF: Final = "exchange_of"
EXCHANGE_RETURN: Final = "exchange_return"
"""The attributes of a replacement that name the order and the return which it is for."""


def open_exchange(
    command: OpenReturn, opened: Return, lines: Sequence[Asked], steps: Steps, state: State
) -> Decision | Refusal:
    """The replacement, promised and reserved, paid as far as the credit of what comes back reaches. Where nothing comes
    back it waits for nothing but a refund that is held.
    """
    order = steps.order(command.order_id)
    asked = command.replacement
    assert order is not None  # the return was opened for it
    assert asked is not None  # there is nothing to replace otherwise
    name = f"{order.external_id}-X{len(order.returns)}"
    attributes = {**asked.attributes, EXCHANGE_OF: order.order_id, EXCHANGE_RETURN: opened.return_id}
    captured = decide_capture(
        replace(
            asked,
            order_id=derive_order_id(channel=order.channel, external_id=name),
            external_id=name,
            attributes=attributes,
        ),
        state,
        steps.facts,
    )
    if isinstance(captured, Invalid):
        return Invalid(tuple(FieldFlaw(f"/exchange{flaw.pointer}", flaw.detail) for flaw in captured.flaws))
    if not isinstance(captured, Decision):
        return captured
    if not captured.changes:
        return Invalid((FieldFlaw("/exchange", f"the channel has an order {name} already"),))
    crediting = Crediting(order, steps.facts, steps.facts.actor, steps.facts.now)
    worth = sum_minor(credit for one in lines for credit in crediting.credit(one))
    return _link(captured, opened, worth, order, steps, is_advance=command.is_advance)


def lift_exchange(one: Return, steps: Steps) -> None:
    """Let a replacement go that was held until the goods came back."""
    exchange = one.exchange
    replacement = None if exchange is None else steps.order(exchange.order_id)
    if exchange is None or replacement is None:
        return
    for hold in replacement.holds:
        if hold.hold_id == exchange.hold_id and hold.state is HoldState.PLACED:
            steps.happen(replacement.order_id, HoldLifted(hold.hold_id, because=Signal.RETURN_RECEIVED.value))


def end_exchange(order_id: OrderId, one: Return, reason: str, steps: Steps) -> None:
    """Cancel a replacement that nothing came back for; one that can no longer be canceled stays, and is owed."""
    exchange = one.exchange
    replacement = None if exchange is None else steps.order(exchange.order_id)
    if exchange is None or replacement is None:
        return
    canceled = decide_cancel(CancelOrder(replacement.order_id, reason), replacement, steps.facts)
    if isinstance(canceled, tuple):
        steps.happen(replacement.order_id, *canceled)
        steps.happen(order_id, ExchangeEnded(one.return_id, replacement.order_id, steps.facts.now))


def decide_use(command: UseExchange, state: State, facts: Facts) -> Decision | Refusal:
    """A smaller part of the credit that pays for a replacement; nothing where it is known, or pays for none."""
    found = find_return_of(command.return_id, state)
    if isinstance(found, NotFound):
        return found
    order, one = found
    exchange = one.exchange
    if exchange is None or exchange.order_id != command.replacement or exchange.applied_minor <= command.used_minor:
        return Decision()
    steps = Steps(state, facts)
    due = one.due_minor + exchange.applied_minor - command.used_minor
    steps.happen(
        order.order_id,
        ExchangeUsed(one.return_id, exchange.order_id, command.used_minor, due, order.currency, facts.now),
    )
    return steps.decision()


def _link(
    captured: Decision, opened: Return, worth_minor: int, order: Order, steps: Steps, *, is_advance: bool
) -> Decision:
    replacement = captured.changes[0].after
    total = total_minor(replacement)
    applied = min(worth_minor, total)
    payments = replacement.payments
    if applied:
        payments = (*payments, Payment(EXCHANGE, opened.return_id, applied, "authorized"))
    replacement = replace(replacement, payments=payments)
    holds = hold_difference(order, replacement, steps.facts)
    is_kept_back = opened.is_refund_held if opened.method is ReturnMethod.NONE else not is_advance
    hold_id = HoldId(f"H{len(holds) + 1}") if is_kept_back else None
    if hold_id is not None:
        reason, facts = f"waits for return {opened.return_id}", steps.facts
        holds = (*holds, Hold(hold_id, EXCHANGE, reason, facts.actor, facts.now, terms=_UNTIL_IT_CAME))
    replacement = replace(replacement, holds=holds)
    exchange = Exchange(replacement.order_id, is_advance, total, applied, hold_id)
    steps.happen(order.order_id, ExchangeOpened(opened.return_id, exchange, total - worth_minor))
    return replace(
        captured,
        changes=(Change(None, replacement),),
        events=((replacement.order_id, OrderCaptured(replacement)),),
    )
