"""What is paid at the counter: ordered without a payment, kept for a time, and paid when the goods are handed over."""

from dataclasses import replace

from troth.engine.money.owed import is_paid_at_counter, owed
from troth.model.commands import CollectWork
from troth.model.ids import FulfillmentId
from troth.model.lifecycle import ENDED, AllocationState
from troth.model.money import Money
from troth.model.order import Fulfillment, Order
from troth.model.payment import COUNTER, PENDING
from troth.model.refusals import FieldFlaw, Invalid
from troth.model.status import is_handed_over, live_allocations


def due_at_counter(order: Order, fulfillment: FulfillmentId) -> int:
    """What is to be paid when the goods of a fulfillment are handed over (minor units): what they cost, as far as what
    has left so far and they together come to more than what the order is paid with otherwise.
    """
    if not is_paid_at_counter(order):
        return 0
    otherwise = sum(one.amount_minor for one in order.payments if (one.provider, one.status) != (COUNTER, PENDING))
    parts = tuple(
        replace(part, state=AllocationState.COLLECTED)
        if part.fulfillment_id == fulfillment and part.state not in ENDED
        else part
        for part in order.allocations
    )
    before, after = owed(order).earned, owed(replace(order, allocations=parts)).earned
    return max(0, after - otherwise) - max(0, before - otherwise)


def check_paid(command: CollectWork, order: Order) -> Invalid | None:
    """Why goods are not handed over as they are paid; None where they may be: paid to the cent, or nothing is due."""
    due = due_at_counter(order, command.fulfillment_id)
    told = f"{Money(due, order.currency).amount} {order.currency}"
    if command.paid is None:
        return Invalid((FieldFlaw("/paid", f"is required: {told} is due at the counter"),)) if due else None
    if command.paid.currency != order.currency or command.paid.amount_minor != due:
        return Invalid((FieldFlaw("/paid/amount", f"must be {told}, which is due at the counter"),))
    return None


def open_works(order: Order) -> tuple[Fulfillment, ...]:
    """The fulfillments of an order that still have units."""
    live = {part.fulfillment_id for part in live_allocations(order)}
    return tuple(work for work in order.fulfillments if work.fulfillment_id in live)


def leaves_counter(order: Order) -> bool:
    """Whether an order that is paid at the counter has a line that a carrier or a locker hands over."""
    if not is_paid_at_counter(order):
        return False
    if any(work.booking is not None and work.booking.stay is not None for work in open_works(order)):
        return True
    ways = (order.method if line.terms is None else line.terms.method or order.method for line in order.lines)
    return not all(is_handed_over(method) for method in ways)
