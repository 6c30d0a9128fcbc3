"""Work that would leave its node too late goes by a faster service, so that what was promised is kept."""

from troth.engine.demand.ship_groups import HANDED_OVER
from troth.engine.own_supply import plan_own_supply
from troth.engine.promising.context import Facts, State
from troth.model.commands import UpgradeWork
from troth.model.events import OrderEvent, WorkUpgraded
from troth.model.lifecycle import RESERVING
from troth.model.order import Order
from troth.model.refusals import NotFound, NotPossibleNow, Refusal
from troth.model.status import fulfillment_status

_WHAT = "send it by another service"


def decide_upgrade(command: UpgradeWork, order: Order, state: State, facts: Facts) -> tuple[OrderEvent, ...] | Refusal:
    """The service by which work that has not left yet goes instead, and when it has to leave then. Refused where that
    does not keep its promise, where its customer comes for it, and once it has a label, which is of the other service.
    """
    work = next((work for work in order.fulfillments if work.fulfillment_id == command.fulfillment_id), None)
    if work is None:
        return NotFound("fulfillment", command.fulfillment_id)
    if work.service == command.service:
        return ()
    parts = [
        part for part in order.allocations if part.fulfillment_id == work.fulfillment_id and part.state in RESERVING
    ]
    if not parts or work.method in HANDED_OVER:
        return NotPossibleNow(_WHAT, fulfillment_status(order, work.fulfillment_id))
    if any(package.tracking_number for package in work.packages):
        return NotPossibleNow(_WHAT, "labeled for the one that it has")
    _case, answer = plan_own_supply(order, work, parts, state, facts, service=command.service)
    if answer.uncovered or len(answer.shipments) != 1:
        return NotPossibleNow(_WHAT, "not to be sent from its node by that one")
    shipment = answer.shipments[0]
    if shipment.promised_at > work.promised_at:
        return NotPossibleNow(_WHAT, "too late to keep its promise by that one")
    return (
        WorkUpgraded(
            work.fulfillment_id,
            shipment.service,
            shipment.carrier,
            shipment.ship_by,
            shipment.cost,
            command.reason,
            facts.now,
        ),
    )
