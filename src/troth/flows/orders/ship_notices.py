"""The ship notices of work that goes to a trading partner: by when each is due, and that one was sent."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from troth.flows.door.expected import Expected
from troth.flows.door.system import System
from troth.model.ids import FulfillmentId
from troth.model.lifecycle import GONE
from troth.model.order import Fulfillment, Order
from troth.model.refusals import FieldFlaw, Invalid, NotPossibleNow, VersionConflict
from troth.model.routing_guide import RoutingGuide, guide_of
from troth.model.ship_notice import ShipNotice, ShipNoticeSent, notice_due_at
from troth.model.status import fulfillment_status
from troth.store.database import Connection, transaction
from troth.store.events import append_event
from troth.store.orders import lock_orders, read_orders
from troth.store.ship_notices import read_notices, write_notice

Notices = Mapping[FulfillmentId, ShipNotice]


async def find_notices(
    connection: Connection, guides: Mapping[str, RoutingGuide], works: Sequence[tuple[Order, Fulfillment]]
) -> Notices:
    """The notices that somebody waits for of this work, with when they were sent."""
    due = {
        work.fulfillment_id: ShipNotice(at)
        for order, work in works
        if (at := notice_due_at(guide_of(order.attributes, guides), work)) is not None
    }
    return due | await read_notices(connection, due) if due else due


async def send_notice(
    system: System,
    order: Order,
    work: Fulfillment,
    *,
    reference: str,
    at: datetime | None,
    actor: str,
    expected: Expected,
) -> ShipNotice | NotPossibleNow | Invalid | VersionConflict:
    """Record that the notice of some work was sent, once, where its order is of the `expected` version; what was sent
    before stays.
    """
    now = system.door.now()
    due_at = notice_due_at(guide_of(order.attributes, system.door.reference.guides), work)
    if due_at is None:
        return Invalid((FieldFlaw("", "nobody waits for a ship notice of this order"),))
    status = fulfillment_status(order, work.fulfillment_id)
    if status not in GONE:
        return NotPossibleNow("ship-notice", status)
    if at is not None and at > now:
        return Invalid((FieldFlaw("/at", "lies in the future"),))
    sent_at = at or now
    sent = ShipNoticeSent(work.fulfillment_id, reference, due_at, sent_at, sent_at > due_at)
    async with transaction(system.pool) as connection:
        await lock_orders(connection, [order.order_id])
        conflict = expected.refuse((await read_orders(connection, [order.order_id]))[order.order_id].version)
        if conflict is not None:
            return conflict
        if not await write_notice(connection, order.order_id, sent):
            return (await read_notices(connection, [work.fulfillment_id]))[work.fulfillment_id]
        await append_event(connection, sent, subject=order.order_id, at=now, actor=actor)
    return replace(ShipNotice(due_at), sent_at=sent_at, reference=reference)
