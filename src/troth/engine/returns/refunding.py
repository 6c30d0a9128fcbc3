"""Crediting by a person: what came back and was held or waits, or an amount within bounds."""

from collections.abc import Sequence

from troth.engine.promising.context import Decision, Facts, State
from troth.engine.returns.asking import Asked
from troth.engine.returns.credited import credit_return, due_credits, pending_units
from troth.engine.returns.crediting import Crediting
from troth.engine.returns.ending import end_claim
from troth.engine.returns.finding import find_return_of
from troth.engine.returns.returnable import Place
from troth.engine.returns.steps import Steps
from troth.engine.returns.worth import share
from troth.model.hold_terms import Block
from troth.model.lifecycle import ReceptionState
from troth.model.money import Money
from troth.model.order import Order
from troth.model.refusals import FieldFlaw, Held, Invalid, NotFound, NotPossibleNow, Refusal
from troth.model.return_moves import RefundReturn
from troth.model.returns import Credit, CreditKind, Return, ReturnMethod
from troth.model.status import blocking_holds

_NOTHING_TO_CREDIT = frozenset({ReceptionState.CANCELED})


def decide_refund(command: RefundReturn, state: State, facts: Facts) -> Decision | Refusal:
    """The credit of everything that came back and has none yet, or of an amount; nothing where nothing is left."""
    found = find_return_of(command.return_id, state)
    if isinstance(found, NotFound):
        return found
    order, one = found
    if one.state in _NOTHING_TO_CREDIT:
        return NotPossibleNow("refund", one.state)
    blocking = blocking_holds(order, Block.REFUND)
    if blocking:
        return Held(tuple(hold.hold_id for hold in blocking))
    steps = Steps(state, facts)
    if command.amount_minor is None:
        credits = _claimed(order, one, facts) if one.method is ReturnMethod.NONE else None
        if credits is None:
            credits = due_credits(order, one, steps, is_asked=True)
    else:
        given = _given(command, order, one, facts)
        if isinstance(given, Invalid):
            return given
        credits = given
    if not credits and not one.is_refund_held:
        return Decision()
    credit_return(steps, order.order_id, one, credits, is_released=one.is_refund_held)
    if one.method is ReturnMethod.NONE and one.is_open:
        end_claim(order.order_id, one, steps)
    return steps.decision()


def _claimed(order: Order, one: Return, facts: Facts) -> tuple[Credit, ...]:
    """The units of a claim of which nothing comes back, as far as they have no credit."""
    crediting = Crediting(order, facts, facts.actor, facts.now)
    if one.credits:
        return ()
    if one.kept_minor is not None:
        line = one.lines[0]
        return (crediting.keep(line.line_id, line.sku, one.kept_minor, line.reason),)
    return tuple(
        credit
        for line in one.lines
        for credit in crediting.credit(Asked(one.kind, one.method, line.line_id, line.sku, line.quantity, line.reason))
    )


def _given(command: RefundReturn, order: Order, one: Return, facts: Facts) -> tuple[Credit, ...] | Invalid:
    """An amount spread over the units that have no credit; what is above them gives back fees that were withheld."""
    amount = command.amount_minor
    assert amount is not None  # or there is nothing to spread
    crediting = Crediting(order, facts, facts.actor, facts.now)
    places = pending_units(order, one)
    values = _values(places, crediting)
    adjusted = sum(credit.amount_minor for credit in one.credits if credit.kind is CreditKind.ADJUSTMENT)
    fees = sum(credit.fee_minor for credit in one.credits) - adjusted
    bound = sum(values) + max(0, fees)
    if not 0 < amount <= bound:
        most = Money(bound, order.currency)
        return Invalid((FieldFlaw("/amount", f"must be above zero and at most {most.amount} {most.currency}"),))
    return _spread(amount, places, values, command.reason, facts)


def _values(places: Sequence[tuple[Place, int | None, int]], crediting: Crediting) -> list[int]:
    """What units are worth, each counting on those before it."""
    return [crediting.take(place, count) for place, _number, count in places]


def _spread(
    amount: int, places: Sequence[tuple[Place, int | None, int]], values: Sequence[int], reason: str, facts: Facts
) -> tuple[Credit, ...]:
    total = sum(values)
    of_units = min(amount, total)
    credits = []
    first = 0
    for (place, number, count), value in zip(places, values, strict=True):
        part = share(of_units, first=first, count=value, of=total) if total else 0
        first += value
        credits.append(
            Credit(
                CreditKind.UNITS,
                part,
                facts.now,
                facts.actor,
                *place,
                quantity=count,
                fee_minor=value - part,
                reason=reason,
                number=number,
            )
        )
    if amount > of_units:
        credits.append(
            Credit(CreditKind.ADJUSTMENT, amount - of_units, facts.now, facts.actor, reason=reason or "fee given back")
        )
    return tuple(credits)
