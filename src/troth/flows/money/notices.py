"""Notices of gateways: what one says unasked makes us look, and is not believed.

So it does not matter in which order notices arrive, or how often: what became of a step is asked of the gateway. A
notice is known once that was done, so that one at which it failed is looked at when it is sent again.
"""

from collections.abc import Mapping

from troth.engine.money.standing import in_flight, standings
from troth.flows.door.system import System
from troth.flows.money.disputes import is_of_dispute, note_disputes
from troth.flows.money.settle import ask_of, end_authorizations, find_outcome, record_outcome
from troth.model.asked import Lost
from troth.model.ids import OrderId
from troth.model.payment import Account, ActionNeeded, Pending, order_of_key
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.store.database import transaction
from troth.store.payments import find_order_of_reference, keep_notice, knows_notice, read_accounts, touch_account


async def take_notice(
    system: System, name: str, body: bytes, headers: Mapping[str, str]
) -> OrderId | NotFound | Invalid | None:
    """Look after the order that a gateway's notice is about, unless the notice came before; the order (None: nothing
    that is known here).
    """
    gateway = system.gateways.get(name)
    if gateway is None:
        return NotFound("gateway", name)
    notice = gateway.read_notice(body, headers)
    if notice is None:
        return Invalid((FieldFlaw("", f"the notice is not signed as {name} signs it, or not in time"),))
    now = system.door.now()
    async with transaction(system.pool) as connection:
        named = order_of_key(notice.key) if notice.key else None
        order_id = named or await find_order_of_reference(connection, name, notice.reference)
        if order_id is not None and not await touch_account(connection, order_id, now):
            order_id = None
        is_known = await knows_notice(connection, name, notice.notice_id)
    if order_id is not None and not is_known:
        await look_up(system, order_id)
        await note_released(system, order_id)
        if is_of_dispute(notice.kind):
            await note_disputes(system, order_id)
    async with system.pool.acquire() as connection:
        await keep_notice(connection, name, notice.notice_id, notice.kind, order_id, now)
    return order_id


async def look_up(system: System, order_id: OrderId, *, is_asking: bool = False) -> int:
    """See at once what became of every step of an account that is in flight; how many became known.

    One that its gateway never heard of is asked for once more under its key only where `is_asking`: whoever was to ask
    for it first may just be about to.
    """
    known = 0
    account = await _account(system, order_id)
    for step in in_flight(account):
        gateway = system.gateways.get(account.tender(step.tender).gateway)
        if gateway is None:
            continue
        ask = ask_of(account, step)
        outcome = await find_outcome(gateway, ask, system.door.now()) if is_asking else await gateway.find(ask)
        if outcome is not None and not isinstance(outcome, Lost | Pending | ActionNeeded):
            known += bool(await record_outcome(system, order_id, step.step, outcome))
    if known:
        async with system.pool.acquire() as connection:
            await touch_account(connection, order_id, system.door.now())
    return known


async def note_released(system: System, order_id: OrderId) -> None:
    """End the authorizations of an account on which we count and which their gateway has released."""
    account = await _account(system, order_id)
    released = []
    for one in standings(account):
        gateway = system.gateways.get(one.tender.gateway)
        if one.open and gateway is not None:
            stands = await gateway.read_payment(one.step.reference)
            if stands is not None and not stands.is_open and stands.captured_minor == one.captured:
                released.append(one.step.step)
    if released:
        await end_authorizations(system, order_id, released)


async def _account(system: System, order_id: OrderId) -> Account:
    async with system.pool.acquire() as connection:
        stored = (await read_accounts(connection, [order_id])).get(order_id)
    return Account(order_id, "") if stored is None else stored.account
