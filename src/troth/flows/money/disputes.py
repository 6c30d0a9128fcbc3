"""The disputes of an order's payments, read from their gateways and recorded: when a notice says that there is one, and
now and then, as notices get lost.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from troth.engine.money.disputes import record_dispute
from troth.engine.money.standing import standings
from troth.flows.door.system import System
from troth.flows.memory.gateways import GatewayDispute
from troth.model.ids import OrderId
from troth.model.payment import Dispute
from troth.store.database import transaction
from troth.store.events import append_event
from troth.store.payments import (
    StoredAccount,
    find_disputed_orders,
    find_order_of_reference,
    read_accounts,
    touch_account,
    write_account,
)

ASKED_BACK: Final = timedelta(days=10)
"""So far back gateways are asked for disputes of which no notice came; banks wait for evidence for a week or more."""

_ACTOR: Final = "payments"
_CONFLICTS_MAX: Final = 20
_PAGE: Final = 200


async def note_disputes(system: System, order_id: OrderId) -> int:
    """Record how the disputes of an order's payments stand at their gateways; how many were news."""
    stored = await _read(system, order_id)
    news = 0
    for one in standings(stored.account) if stored is not None else ():
        gateway = system.gateways.get(one.tender.gateway)
        if gateway is not None and one.captured:
            for told in await gateway.read_disputes(one.step.reference):
                news += await _record(system, order_id, _as_dispute(one.step.step, told))
    return news


async def ask_for_disputes(system: System) -> int:
    """Record the disputes that gateways know of since a while, and how those that are open here stand by now; how many
    were news.
    """
    since, news = system.door.now() - ASKED_BACK, 0
    asked: set[OrderId] = set()
    for name, gateway in system.gateways.items():
        async for reference, told in gateway.read_disputes_since(since):
            async with system.pool.acquire() as connection:
                order_id = await find_order_of_reference(connection, name, reference)
            stored = None if order_id is None else await _read(system, order_id)
            for one in () if stored is None else standings(stored.account):
                if order_id is not None and (one.tender.gateway, one.step.reference) == (name, reference):
                    asked.add(order_id)
                    news += await _record(system, order_id, _as_dispute(one.step.step, told))
    after = OrderId("")
    while True:
        async with system.pool.acquire() as connection:
            page = await find_disputed_orders(connection, after=after, limit=_PAGE)
        for order_id in page:
            news += 0 if order_id in asked else await note_disputes(system, order_id)
        if len(page) < _PAGE:
            return news
        after = page[-1]


async def _record(system: System, order_id: OrderId, told: Dispute) -> bool:
    for _ in range(_CONFLICTS_MAX):
        async with transaction(system.pool) as connection:
            stored = (await read_accounts(connection, [order_id]))[order_id]
            now = system.door.now()
            account, events = record_dispute(stored.account, told, now)
            if account is stored.account:
                return False
            if await write_account(connection, stored.account, replace(stored, account=account)):
                await touch_account(connection, order_id, now)
                for event in events:
                    await append_event(connection, event, subject=order_id, at=now, actor=_ACTOR)
                return True
    raise RuntimeError(f"the account of order {order_id} changes faster than it can be written")


async def _read(system: System, order_id: OrderId) -> StoredAccount | None:
    async with system.pool.acquire() as connection:
        return (await read_accounts(connection, [order_id])).get(order_id)


def _as_dispute(payment: int, told: GatewayDispute) -> Dispute:
    return Dispute(
        told.dispute_id,
        payment,
        told.amount_minor,
        told.reason,
        told.state,
        told.opened_at,
        told.evidence_due_at,
    )


def is_of_dispute(kind: str) -> bool:
    """Whether a notice of this kind is about a dispute.

    >>> is_of_dispute("charge.dispute.created"), is_of_dispute("payment_intent.succeeded")
    (True, False)
    """
    return "dispute" in kind
