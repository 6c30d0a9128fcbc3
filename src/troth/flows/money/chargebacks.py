"""Chargebacks: what trading partners may take off is written as it happens, and what is decided about it.

The log says which orders under a routing guide to look at, and the clock when a ship notice is due. What is incurred is
computed anew from all that is known, and only what is missing is written, so that looking twice changes nothing.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from troth.engine.money.chargebacks import expected_charges, incurred_charges, look_again_at
from troth.engine.money.charging import charge
from troth.flows.door.system import System
from troth.model.chargeback import (
    CHARGEBACK,
    Chargeback,
    ChargebackDecided,
    ChargebackEvent,
    ChargebackIncurred,
    ChargebackState,
)
from troth.model.ids import OrderId
from troth.model.money import Money
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow
from troth.model.routing_guide import guide_of
from troth.store.chargebacks import (
    find_charged,
    lock_chargebacks_of,
    lock_charged,
    look_again,
    read_cancelations,
    read_chargeback,
    touch_charged,
    write_chargeback,
    write_decision,
    write_expected,
)
from troth.store.database import Connection, transaction
from troth.store.events import append_event
from troth.store.orders import read_orders
from troth.store.ship_notices import read_notices

ACTOR: Final = "chargebacks"
"""Who acts, in the log, where nobody decides."""
EVENTS_MAX: Final = 2_000
_UNKNOWN_GUIDE: Final = timedelta(hours=1)
"""After so long an order is looked at again whose guide is gone: it may come back."""
_KEPT: Final = "by what is known now the guide was kept"

FOLLOWED_KINDS: Final = (
    "OrderCaptured",
    "OrderChanged",
    "OrderCanceled",
    "FulfillmentShipped",
    "FulfillmentCollected",
    "FulfillmentDelivered",
    "ShipNoticeSent",
)
"""After which events an order may have broken a rule of its guide, or kept one after all."""


async def follow_guided(system: System, *, limit: int = EVENTS_MAX) -> int:
    """Mark orders under a guide as due to which something happened, as the log says; how many events were looked at.
    While nobody has a guide the log is left for later.
    """
    if not system.door.reference.guides:
        return 0
    async with transaction(system.pool) as connection:
        return await touch_charged(connection, kinds=FOLLOWED_KINDS, limit=limit, now=system.door.now())


async def charge_due(system: System, *, limit: int) -> int:
    """Write what is missing of the chargebacks of orders that are due; how many orders there were."""
    now = system.door.now()
    async with system.pool.acquire() as connection:
        found = await find_charged(connection, now, limit=limit)
    if found:
        await system.door.follow()  # whoever ordered under a guide may have read it sooner than this process
    for order_id in found:
        async with transaction(system.pool) as connection:
            if await lock_charged(connection, order_id, now):
                await _charge(connection, system, order_id, now)
    return len(found)


async def decide_chargeback(
    system: System,
    chargeback_id: str,
    event: ChargebackEvent,
    *,
    accepted: Money | None,
    reason: str,
    reference: str,
    actor: str,
) -> Chargeback | NotFound | Invalid | NotPossibleNow:
    """Dispute, accept or waive a chargeback; `accepted` is how much of it is borne (None: all), the rest is waived."""
    now = system.door.now()
    async with transaction(system.pool) as connection:
        one = await read_chargeback(connection, chargeback_id)
        if one is None:
            return NotFound("chargeback", chargeback_id)
        flaw = _flaw_of_amount(one, event, accepted)
        if flaw:
            return Invalid((FieldFlaw("/amount", flaw),))
        state = CHARGEBACK.get((one.state, event))
        if state is None:
            return NotPossibleNow(event.value, one.state.value)
        borne = one.charge.amount_minor if accepted is None else accepted.minor
        decided = replace(
            one,
            state=state,
            accepted_minor=borne if event is ChargebackEvent.ACCEPT else 0,
            reason=reason,
            reference=reference,
        )
        done = await _decide(connection, decided, event, now, actor)
        return done or NotPossibleNow(event.value, "decided meanwhile")


async def _charge(connection: Connection, system: System, order_id: OrderId, now: datetime) -> None:
    """Bring what is written of an order's chargebacks to what is incurred."""
    order = (await read_orders(connection, [order_id])).get(order_id)
    captured, canceled = await read_cancelations(connection, order_id)
    if order is None or captured is None:
        await look_again(connection, order_id, None)
        return
    guide = guide_of(order.attributes, system.door.reference.guides)
    if guide is None:
        await look_again(connection, order_id, now + _UNKNOWN_GUIDE)
        return
    notices = await read_notices(connection, [work.fulfillment_id for work in order.fulfillments])
    if order.currency == guide.currency:
        await write_expected(connection, captured, expected_charges(captured, canceled, guide), guide.currency)
    incurred = incurred_charges(order, canceled, notices, guide, now)
    missing = charge(incurred, await lock_chargebacks_of(connection, order_id))
    for one in missing.taken_back:
        back = replace(one, state=ChargebackState.TAKEN_BACK, reason=_KEPT)
        await _decide(connection, back, ChargebackEvent.TAKE_BACK, now, ACTOR)
    for each in missing.charges:
        name = await write_chargeback(connection, order, each, guide=guide.name, currency=guide.currency, at=now)
        event = ChargebackIncurred(name, order.customer.id, guide.name, each, guide.currency, now)
        await append_event(connection, event, subject=order_id, at=now, actor=ACTOR)
    await look_again(connection, order_id, look_again_at(order, notices, guide, now))


async def _decide(
    connection: Connection, decided: Chargeback, event: ChargebackEvent, now: datetime, actor: str
) -> Chargeback | None:
    """Write a decision with its event; None, with nothing written, where something else was decided meanwhile."""
    decided = replace(decided, decided_at=now, decided_by=actor)
    were = [state for state, what in CHARGEBACK if what is event]
    if not await write_decision(connection, decided, were=were):
        return None
    told = ChargebackDecided(
        decided.chargeback_id,
        decided.customer_id,
        decided.charge.rule,
        decided.state,
        decided.charge.amount_minor,
        decided.accepted_minor,
        decided.currency,
        decided.reason,
        decided.reference,
        now,
    )
    await append_event(connection, told, subject=decided.order_id, at=now, actor=actor)
    return decided


def _flaw_of_amount(one: Chargeback, event: ChargebackEvent, accepted: Money | None) -> str:
    if accepted is None:
        return ""
    if event is not ChargebackEvent.ACCEPT:
        return "is only for one that is accepted"
    most = Money(one.charge.amount_minor, one.currency)
    is_possible = accepted.currency == one.currency and 0 < accepted.minor <= most.minor
    return "" if is_possible else f"must be above zero and at most {most.amount} {most.currency}"
