"""Credits of a return that is there: of what came back and is not credited yet, and as an event."""

from dataclasses import replace

from troth.engine.returns.asking import Asked
from troth.engine.returns.crediting import Crediting, sum_minor
from troth.engine.returns.returnable import Place, announced_units, credited_units, whole_count
from troth.engine.returns.steps import Steps
from troth.model.ids import OrderId
from troth.model.lifecycle import DispositionState
from troth.model.order import Order
from troth.model.return_moves import ReturnCredited
from troth.model.return_rules import DeliveryRefund
from troth.model.returns import Credit, CreditKind, ReceivedUnits, RefundTiming, Return, ReturnLine
from troth.model.totals import delivery_amounts

_UNSAID = "other"


def credit_return(
    steps: Steps, order_id: OrderId, one: Return, credits: tuple[Credit, ...], *, is_released: bool = False
) -> None:
    """Let credits be added to a return, with what they come to."""
    order = steps.order(order_id)
    assert order is not None  # the return is of it
    now = steps.find(order_id, one.return_id) or one
    credits = (*credits, *_delivery(order, now, credits, steps))
    added = sum_minor(credits)
    steps.happen(
        order_id,
        ReturnCredited(
            one.return_id,
            credits,
            now.credited_minor + added,
            now.due_minor + added,
            order.currency,
            steps.facts.now,
            is_released,
        ),
    )


def _delivery(order: Order, one: Return, credits: tuple[Credit, ...], steps: Steps) -> tuple[Credit, ...]:
    """What the delivery cost, with the last unit that is credited of an order, where the rules say so; once."""
    charge = delivery_amounts(order).total_minor
    credited = sum(
        credit.amount_minor for of in order.returns for credit in of.credits if credit.kind is CreditKind.DELIVERY
    )
    is_kept = one.exchange is not None or credited > 0
    if not charge or is_kept or steps.facts.returns.rules.refund_delivery is DeliveryRefund.NEVER:
        return ()
    units = credited_units(order, replace(one, credits=(*one.credits, *credits)))
    for of in order.returns:
        for place, count in () if of.return_id == one.return_id else credited_units(order, of).items():
            units[place] = units.get(place, 0) + count
    wanted = {line.line_id: line.quantity - line.canceled_quantity for line in order.lines}
    if any(whole_count(order, line_id, units) < count for line_id, count in wanted.items()):
        return ()
    return (Credit(CreditKind.DELIVERY, charge, steps.facts.now, steps.facts.actor, reason="the whole order"),)


def due_credits(order: Order, one: Return, steps: Steps, *, is_asked: bool = False) -> tuple[Credit, ...]:
    """The credits of units that came back and are due by now: when they are received or graded, as was said when the
    return was opened; all of them where somebody asks for it.
    """
    crediting = Crediting(order, steps.facts, steps.facts.actor, steps.facts.now)
    credits: list[Credit] = []
    for got in one.received:
        line = line_of(one, got)
        units = got.quantity - got.credited
        if got.line_id is not None and units and (is_asked or _is_due(line, got)):
            made = crediting.credit(asked_of(one, line, got, units))
            credits += [replace(credit, number=got.number) for credit in made]
    return tuple(credits)


def pending_units(order: Order, one: Return) -> list[tuple[Place, int | None, int]]:
    """The units that a person may credit, by the number under which they came: those that came back and are not
    credited, or, before any came, those that are still announced.
    """
    if one.received:
        return [
            ((got.line_id, got.sku), got.number, got.quantity - got.credited)
            for got in one.received
            if got.line_id is not None and got.quantity > got.credited
        ]
    if not one.is_open or one.kept_minor is not None:
        return []
    credited = credited_units(order, one)
    announced = announced_units(order, one)
    left = {place: count - credited.get(place, 0) for place, count in announced.items()}
    return [(place, None, count) for place, count in left.items() if count > 0]


def line_of(one: Return, got: ReceivedUnits) -> ReturnLine | None:
    """The line by which units were announced, if they were."""
    same = [line for line in one.lines if line.line_id == got.line_id]
    return next((line for line in same if line.sku == got.sku), next(iter(same), None))


def asked_of(one: Return, line: ReturnLine | None, got: ReceivedUnits, quantity: int) -> Asked:
    """Units that came back as rules see them."""
    assert got.line_id is not None  # others are not asked about
    reason = _UNSAID if line is None else line.reason
    return Asked(
        one.kind,
        one.method,
        got.line_id,
        got.sku,
        quantity,
        reason,
        node=got.node,
        grade=got.grade,
        is_without_receipt=one.is_without_receipt,
    )


def _is_due(line: ReturnLine | None, got: ReceivedUnits) -> bool:
    if line is not None and line.timing is RefundTiming.GRADED:
        return bool(got.grade) or got.state is not DispositionState.WAITING
    return True
