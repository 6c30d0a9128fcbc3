"""The attempts to have an order's units from nodes that could not provide them: who, when, why, and who may be asked
again.
"""

from datetime import datetime
from typing import Final

from troth.engine.failed import FAILED, LeftOut, failures_in, find_left_out
from troth.engine.promising.context import Facts
from troth.flows.door.system import System
from troth.model.events import FulfillmentPicked, FulfillmentRejected
from troth.model.failure import Failure
from troth.model.ids import FulfillmentId, LineId, NodeId, Sku
from troth.model.inventory import lot_of
from troth.model.order import Allocation, Order
from troth.model.value import dataclass
from troth.store.events import read_subject_events
from troth.store.failures import read_failures

REJECTED: Final = "rejected"
NOT_FOUND: Final = "not_found"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Units of a line that a node rejected, or did not find (of a lot, where it is one that was missed).

    `left_out` says for what the node is left out where the order is sourced again: `node` (anything), `sku`, `lot`, or
    nothing any more.
    """

    at: datetime
    fulfillment_id: FulfillmentId
    node: NodeId
    line_id: LineId
    sku: Sku
    quantity: int
    outcome: str
    reason: str
    lot: str
    left_out: str


async def read_attempts(system: System, order: Order) -> tuple[Attempt, ...]:
    """All attempts that failed, the oldest first; empty for most orders."""
    failed = {part.allocation: part for part in order.allocations if part.state in FAILED}
    if not failed:
        return ()
    async with system.pool.acquire() as connection:
        events = await read_subject_events(connection, order.order_id)
        failures = await read_failures(connection, (order,))
    reference, now = system.door.reference, system.door.now()
    policy = reference.policy_for(order.customer.id or order.order_id, now)
    facts = Facts(now, "", reference.network, reference.items, policy)
    left_out = find_left_out(order, failures, facts)
    return tuple(
        _attempt(logged.event, failed[number], failure, left_out)
        for logged in events
        if isinstance(logged.event, FulfillmentRejected | FulfillmentPicked)
        for number, failure in failures_in(logged.event).items()
        if number in failed
    )


def _attempt(
    event: FulfillmentRejected | FulfillmentPicked, part: Allocation, failure: Failure, left_out: LeftOut
) -> Attempt:
    if isinstance(event, FulfillmentRejected):
        outcome, reason = REJECTED, event.reason
    else:
        outcome = NOT_FOUND
        reason = next((line.reason for line in event.short if line.line_id == part.line_id), "")
    return Attempt(
        failure.at,
        event.fulfillment_id,
        part.node,
        part.line_id,
        part.sku,
        part.quantity,
        outcome,
        reason,
        lot_of(part.source),
        left_out.of(part),
    )
