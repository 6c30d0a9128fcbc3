"""What a person decides about units that cannot be had, or not in time: they wait, or their work gets a new date."""

from troth.engine.choices import with_choices
from troth.engine.evolve import evolve
from troth.engine.own_supply import plan_own_supply
from troth.engine.promise_change import tell_change
from troth.engine.promising.context import Facts, State
from troth.model.commands import LetWait, LineQuantity, RedateWork
from troth.model.events import OrderEvent, UnitsQueued, WorkRedated
from troth.model.lifecycle import RESERVING
from troth.model.order import Order
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow, Refusal
from troth.model.status import fulfillment_status, uncovered_quantities


def decide_let_wait(command: LetWait, order: Order, facts: Facts) -> tuple[OrderEvent, ...] | Refusal:
    """That units of lines which lie nowhere wait for stock by themselves, and no person is called for them."""
    missing = uncovered_quantities(order)
    waiting = {parked.line_id for parked in order.parked if parked.is_waiting}
    flaws = [
        FieldFlaw(f"/lines/{at}", f"no units of line {line_id} lie nowhere and call a person")
        for at, line_id in enumerate(command.lines)
        if line_id not in missing or line_id in waiting
    ]
    if command.until is not None and command.until <= facts.now:
        flaws.append(FieldFlaw("/until", "must lie in the future"))
    if flaws:
        return Invalid(tuple(flaws))
    lines = tuple(LineQuantity(line_id, missing[line_id], command.reason) for line_id in command.lines)
    return (UnitsQueued(lines, facts.now, command.until),)


def decide_redate(command: RedateWork, order: Order, state: State, facts: Facts) -> tuple[OrderEvent, ...] | Refusal:
    """The dates that work can keep which is late at its node, as it would be promised there if it were begun now; and
    the customer is told.
    """
    work = next((work for work in order.fulfillments if work.fulfillment_id == command.fulfillment_id), None)
    if work is None:
        return NotFound("fulfillment", command.fulfillment_id)
    parts = [
        part for part in order.allocations if part.fulfillment_id == work.fulfillment_id and part.state in RESERVING
    ]
    if not parts or work.ship_by > facts.now:
        return NotPossibleNow("give a new date", fulfillment_status(order, work.fulfillment_id))
    _case, answer = plan_own_supply(order, work, parts, state, facts)
    if answer.uncovered or len(answer.shipments) != 1:
        return NotPossibleNow("give a new date", "not to be sent from its node any more")
    shipment = answer.shipments[0]
    event = WorkRedated(
        work.fulfillment_id,
        shipment.ship_by,
        shipment.promised_from,
        shipment.promised_at,
        command.reason,
        facts.now,
    )
    after = evolve(order, event)
    told = tell_change(order, after, command.reason, facts.now)
    return (event, *with_choices(told, order, after, state, facts))
