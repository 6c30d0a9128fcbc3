"""Saying that a promise will probably be missed, on the order that it is about."""

from troth.engine.promising.context import Facts
from troth.model.alerts import KEEPING, AlertAction
from troth.model.commands import RaiseAlert
from troth.model.events import AlertRaised, OrderEvent
from troth.model.lifecycle import ENDED, AllocationState
from troth.model.order import Order
from troth.model.refusals import NotFound, Refusal
from troth.model.status import fulfillment_status

_OVER = ENDED | {AllocationState.DELIVERED, AllocationState.COLLECTED}


def decide_alert(command: RaiseAlert, order: Order, facts: Facts) -> tuple[OrderEvent, ...] | Refusal:
    """That the promise of work will probably be missed; nothing where the work is over, or has another promise now."""
    work = next((work for work in order.fulfillments if work.fulfillment_id == command.fulfillment_id), None)
    if work is None:
        return NotFound("fulfillment", command.fulfillment_id)
    is_over = fulfillment_status(order, work.fulfillment_id) in _OVER
    is_upgraded = command.action is AlertAction.UPGRADE and work.service == command.detail
    is_as_it_was = not is_over and not is_upgraded and work.promised_at == command.promised_at
    # What was to keep the promise was decided just before this, and has ended the work, or sends it by the service that
    # is named; else it has done nothing.
    if is_as_it_was is (command.action in KEEPING):
        return ()
    return (
        AlertRaised(
            work.fulfillment_id,
            work.node,
            command.rule,
            command.action,
            command.step,
            command.promised_at,
            command.predicted_at,
            command.percent,
            facts.now,
            command.owner,
            command.detail,
        ),
    )
