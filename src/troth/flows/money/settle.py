"""Settling accounts: what was decided about an order's money is written down, asked of a gateway, and recorded.

A worker claims an account for a while. It writes what it is going to ask for in one transaction, asks outside of any,
and records the answer in another: whoever dies in between leaves a step of which it is unknown what became of it, and
that is looked up, or asked for once more under the same key, and never under another one.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from troth.engine.money.account import expire, open_account, record, request, tell_channel
from troth.engine.money.dues import dues_of
from troth.engine.money.settle import settle
from troth.engine.money.standing import ask_again_at, in_flight, used_of_credit
from troth.flows.asking import find_or_ask, reach
from troth.flows.door.system import System
from troth.flows.memory.gateways import Gateway
from troth.flows.money.count_paid import count_paid
from troth.flows.orders.hold import HoldContent, prepare_hold
from troth.model.asked import Lost
from troth.model.commands import PlaceHold, TellHolds
from troth.model.events import PaymentEvent, PaymentExpired, PaymentFailed
from troth.model.hold_terms import Block, Signal
from troth.model.ids import OrderId, ReturnId
from troth.model.lifecycle import StepState
from troth.model.order import Order
from troth.model.payment import (
    PAYMENT_HOLD,
    Account,
    Ask,
    Outcome,
    Settlement,
    Step,
    StepKind,
    idempotency_key,
)
from troth.model.refusals import Busy
from troth.model.return_moves import UseExchange
from troth.model.status import blocking_holds, placed_holds
from troth.model.value import dataclass
from troth.store.database import Connection, Pool, transaction
from troth.store.events import append_event
from troth.store.orders import read_orders
from troth.store.payments import (
    AccountClaim,
    StoredAccount,
    claim_accounts,
    free_account,
    read_accounts,
    read_followed_position,
    touch_accounts,
    try_following,
    write_account,
)

ACTOR: Final = "payments"
"""Who acts, in the log, where an account is settled."""
CLAIM_SECONDS: Final = 120.0
GATEWAY_SECONDS_MAX: Final = 30.0
EVENTS_MAX: Final = 2_000
_ROUNDS_MAX: Final = 12
_CONFLICTS_MAX: Final = 20

FOLLOWED_KINDS: Final = (
    "OrderCaptured",
    "OrderChanged",
    "OrderCanceled",
    "OrderResourced",
    "HoldLifted",
    "FulfillmentRejected",
    "FulfillmentPicked",
    "FulfillmentShipped",
    "FulfillmentCollected",
    "ReturnCredited",
    "ReturnClosed",
    "ReturnExpired",
    "ExchangeOpened",
    "ExchangeEnded",
    "ExchangeUsed",
)
"""After which events an order may owe something else than before."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Decided:
    """What is to be asked for now: steps that were just written, and those about which it is time to ask again."""

    order: Order
    account: Account
    settlement: Settlement
    fresh: tuple[Step, ...]
    stale: tuple[Step, ...]
    events: tuple[PaymentEvent, ...]


async def follow_orders(pool: Pool, now: datetime, *, limit: int = EVENTS_MAX) -> int:
    """Mark accounts as due whose orders changed, as the next events of the log say; how many were looked at."""
    async with transaction(pool) as connection:
        if not await try_following(connection):
            return 0
        position = await read_followed_position(connection)
        return await touch_accounts(connection, position, kinds=FOLLOWED_KINDS, limit=limit, now=now)


async def settle_due(system: System, *, limit: int) -> int:
    """Settle at most `limit` accounts that are due, side by side; how many were."""
    async with system.pool.acquire() as connection:
        claims = await claim_accounts(connection, system.door.now(), seconds=CLAIM_SECONDS, limit=limit)
    settled = await asyncio.gather(*(settle_account(system, claim) for claim in claims), return_exceptions=True)
    for claim, result in zip(claims, settled, strict=True):
        if isinstance(result, Exception):
            _log.error("cannot settle the account of order %s", claim.order_id, exc_info=result)
        elif isinstance(result, BaseException):
            raise result
    return len(claims)


async def settle_account(system: System, claim: AccountClaim) -> None:
    """Take an account as far as it goes now, hold the order or let it go accordingly, and give the claim back."""
    happened: list[PaymentEvent] = []
    decided = None
    for _ in range(_ROUNDS_MAX):
        decided = await _decide(system, claim.order_id)
        if decided is None:
            break
        happened += decided.events
        asked = (*decided.fresh, *decided.stale)
        if not asked and not decided.settlement.expired:
            break
        outcomes = await asyncio.gather(*(_ask(system, decided, step) for step in asked))
        for step, outcome in zip(asked, outcomes, strict=True):
            happened += await record_outcome(system, claim.order_id, step.step, outcome)
    if decided is not None:
        await _hold_or_lift(system, decided.order, decided.settlement, happened)
        await _tell_returned(system, decided.account)
        await count_paid(system, decided.order, decided.account)
    next_at = None if decided is None else decided.settlement.next_at
    async with system.pool.acquire() as connection:
        await free_account(connection, claim, next_at=next_at, now=system.door.now())


async def record_outcome(system: System, order_id: OrderId, number: int, outcome: Outcome) -> tuple[PaymentEvent, ...]:
    """Record what a gateway answered about a step; what happened by that. An answer that is known changes nothing."""
    for _ in range(_CONFLICTS_MAX):
        async with transaction(system.pool) as connection:
            stored = (await read_accounts(connection, [order_id]))[order_id]
            now = system.door.now()
            account, events = record(stored.account, number, outcome, now)
            after = replace(stored, account=account)
            if account is stored.account or await write_account(connection, stored.account, after):
                await _append(connection, order_id, events, now)
                return events
    raise RuntimeError(f"the account of order {order_id} changes faster than it can be written")


async def end_authorizations(system: System, order_id: OrderId, numbers: Sequence[int]) -> None:
    """Record that authorizations (by step) are there no more, as far as they are known to be."""
    for _ in range(_CONFLICTS_MAX):
        async with transaction(system.pool) as connection:
            stored = (await read_accounts(connection, [order_id]))[order_id]
            now = system.door.now()
            live = [one for one in numbers if stored.account.step(one).state is StepState.AUTHORIZED]
            account, events = expire(stored.account, live, now)
            if not live or await write_account(connection, stored.account, replace(stored, account=account)):
                await _append(connection, order_id, events, now)
                return
    raise RuntimeError(f"the account of order {order_id} changes faster than it can be written")


async def find_outcome(gateway: Gateway, ask: Ask, now: datetime) -> Outcome:
    """What became of a step that is in flight."""
    return await find_or_ask(
        lambda: gateway.find(ask),
        lambda: gateway.ask(ask),
        requested_at=ask.requested_at,
        now=now,
        keeps_keys_hours=gateway.keeps_keys_hours,
    )


def ask_of(account: Account, step: Step) -> Ask:
    """What the gateway is asked for a step."""
    tender, begun = account.tender(step.tender), account.step(step.payment)
    return Ask(
        key=idempotency_key(account.order_id, step),
        order_id=account.order_id,
        kind=step.kind,
        tender_kind=tender.kind,
        amount_minor=step.amount_minor,
        currency=account.currency,
        token=tender.reference,
        payment_reference=begun.reference,
        requested_at=step.requested_at,
        reported=tender.reported,
        is_present=not any(one.tender == tender.tender and one.done_minor for one in account.steps),
        captures_once=tender.captures_once,
    )


async def _decide(system: System, order_id: OrderId) -> _Decided | None:
    """Decide about an account and write down what is going to be asked for; None where its order is not there."""
    for _ in range(_CONFLICTS_MAX):
        async with transaction(system.pool) as connection:
            order = (await read_orders(connection, [order_id])).get(order_id)
            stored = (await read_accounts(connection, [order_id])).get(order_id)
            if order is None or stored is None:
                return None
            now = system.door.now()
            before = stored.account
            account = before
            if not account.tenders:
                account = replace(account, tenders=open_account(order, system.providers).tenders)
            due = [step for step in in_flight(account) if ask_again_at(step) <= now]
            dues = dues_of(order)
            found = settle(
                account,
                earned_minor=dues.earned,
                to_come_minor=dues.to_come,
                now=now,
                may_refund=not blocking_holds(order, Block.REFUND),
            )
            account, over = expire(request(account, found.steps), found.expired, now)
            account, told = tell_channel(account, now)
            fresh = tuple(step for step in found.steps if account.tender(step.tender).gateway)
            written = StoredAccount(account, found.is_secured, found.is_stuck, found.lacking_minor, None)
            if account == before and _is_as_found(stored, found):
                return _Decided(order, account, found, fresh, tuple(due), ())
            if await write_account(connection, before, written):
                await _append(connection, order_id, (*over, *told), now)
                is_told = len(fresh) < len(found.steps)
                found = replace(found, expired=found.expired or ((0,) if is_told else ()))
                return _Decided(order, account, found, fresh, tuple(due), (*over, *told))
    raise RuntimeError(f"the account of order {order_id} changes faster than it can be written")


def _is_as_found(stored: StoredAccount, found: Settlement) -> bool:
    return (stored.is_secured, stored.is_stuck, stored.lacking_minor) == (
        found.is_secured,
        found.is_stuck,
        found.lacking_minor,
    )


async def _ask(system: System, decided: _Decided, step: Step) -> Outcome:
    """Ask a gateway, with no connection of ours held meanwhile."""
    gateway = system.gateways.get(decided.account.tender(step.tender).gateway)
    if gateway is None:
        return Lost("no gateway by that name is set up here")
    ask = ask_of(decided.account, step)
    is_fresh = step in decided.fresh
    call = gateway.ask(ask) if is_fresh else find_outcome(gateway, ask, system.door.now())
    return await reach(ask.key, call, seconds=GATEWAY_SECONDS_MAX)


async def _hold_or_lift(system: System, order: Order, settlement: Settlement, happened: Sequence[PaymentEvent]) -> None:
    """Tell the order's holds once all is secured; place one where an authorization was refused or is over.

    A hold that a person lifted is placed again only when something is refused again.
    """
    if settlement.is_secured:
        if any(Signal.PAYMENT_AUTHORIZED in hold.terms.lift_on for hold in placed_holds(order)):
            told = TellHolds(order.order_id, Signal.PAYMENT_AUTHORIZED)
            await system.door.one(told, actor=ACTOR, cause=ACTOR)
        return
    holds = [hold for hold in placed_holds(order) if hold.type == PAYMENT_HOLD]
    refused = [event for event in happened if _leaves_open(event)]
    if refused and not holds:
        reason = f"not authorized: {_why(refused[-1])}"
        asked = prepare_hold(system, order.order_id, HoldContent(PAYMENT_HOLD, reason))
        if isinstance(asked, PlaceHold):
            await system.door.one(asked, actor=ACTOR, cause=ACTOR)


async def _tell_returned(system: System, account: Account) -> None:
    """Tell the return whose credit pays for this order how much of that it takes; what is given back here is settled
    with the order that was returned.
    """
    used = used_of_credit(account)
    if used is not None:
        told = await system.door.one(
            UseExchange(ReturnId(used[0]), account.order_id, used[1]), actor=ACTOR, cause=ACTOR
        )
        if isinstance(told, Busy):
            raise RuntimeError(f"return {used[0]} is busy, and is told once the claim is over")


def _leaves_open(event: PaymentEvent) -> bool:
    return isinstance(event, PaymentExpired) or (
        isinstance(event, PaymentFailed) and event.action in (StepKind.ADOPT, StepKind.AUTHORIZE)
    )


def _why(event: PaymentEvent) -> str:
    return event.detail or event.code if isinstance(event, PaymentFailed) else "its time is over"


async def _append(connection: Connection, order_id: OrderId, events: Sequence[PaymentEvent], now: datetime) -> None:
    for event in events:
        await append_event(connection, event, subject=order_id, at=now, actor=ACTOR)
