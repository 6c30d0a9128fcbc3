"""Sending what is to be told: what is sent is written first, then handed over, then what became of it is recorded.

Who dies before it is handed over leaves it to be sent; who dies after it leaves it in doubt, and it is handed over once
more under the same message id, by which whoever receives it knows it for the same. What was certainly not taken is made
anew each time, so that nobody is told what is true no longer.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from troth.engine.policies.quiet_hours import next_allowed
from troth.flows.door.system import System
from troth.flows.telling.follow import ACTOR, address_of
from troth.flows.telling.letters import Asked, Stationery, compose, find_address_flaw
from troth.flows.telling.matter import zone_of
from troth.flows.telling.media import Deferred, Doubtful, Letter, Receipt, Refused, Senders, Taken
from troth.flows.tracking.links import give_link
from troth.model.ids import OrderId
from troth.model.notification import KINDS, Medium, NotificationState
from troth.model.notification_events import NotificationFailed, NotificationSent
from troth.model.order import Order
from troth.model.value import dataclass
from troth.store.database import Connection, transaction
from troth.store.events import append_event
from troth.store.notifications import (
    Intent,
    Notification,
    claim_notifications,
    end_notification,
    free_notification,
    intend,
    postpone,
    read_events_at,
)
from troth.store.opt_outs import is_opted_out, read_link_secret, read_opt_outs, write_opt_out
from troth.store.orders import read_orders

CLAIM_SECONDS: Final = 300.0
SEND_SECONDS_MAX: Final = 120.0
RETRY_SECONDS_FIRST: Final = 15.0
RETRY_SECONDS_MAX: Final = 900.0
BOUNCE: Final = "bounced"

_S = NotificationState
_OPEN: Final = (_S.WAITING, _S.RETRYING, _S.SENDING)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A notification whose intent is written, and what is handed over."""

    claimed: Notification
    letter: Letter


def retry_seconds(attempts: int, asked: float | None = None) -> float:
    """How long to wait after so many attempts: doubling, bounded, and no shorter than was asked for.

    >>> [retry_seconds(attempts) for attempts in (1, 2, 5, 60)], retry_seconds(1, 40.0)
    ([15.0, 30.0, 240.0, 900.0], 40.0)
    """
    doubled = RETRY_SECONDS_FIRST * 2.0 ** min(max(attempts, 1) - 1, 30)
    return min(RETRY_SECONDS_MAX, max(doubled, asked or 0.0))


async def send_due(system: System, senders: Senders, *, limit: int) -> int:
    """Send at most `limit` notifications that are due; how many were looked at."""
    now = system.door.now()
    async with system.pool.acquire() as connection:
        claimed = await claim_notifications(connection, now, seconds=CLAIM_SECONDS, limit=limit)
    if not claimed:
        return 0
    ready = await _write_intents(system, claimed, senders)
    by_medium: dict[Medium, list[_Ready]] = {}
    for one in ready:
        by_medium.setdefault(one.claimed.medium, []).append(one)
    await asyncio.gather(*(_hand_over(system, senders, medium, those) for medium, those in by_medium.items()))
    return len(claimed)


async def _write_intents(system: System, claimed: Sequence[Notification], senders: Senders) -> list[_Ready]:
    """Compose what is sent and write it down; what is not sent now is recorded or put off."""
    async with system.pool.acquire() as connection:
        orders = await read_orders(connection, {one.order_id for one in claimed})
        secret = await read_link_secret(connection)
    reference, now = system.door.reference, system.door.now()
    await reference.need_items({line.sku for order in orders.values() for line in order.lines})
    rules = reference.notifications_at(now)[1]
    made_with = Stationery(
        rules, reference.wording_at(now), reference.network, reference.items, system.origin, secret, now
    )
    urls = {order_id: await order_url(system, order_id) for order_id in orders}
    ready = []
    for one in claimed:
        url = urls.get(one.order_id, "")
        async with transaction(system.pool) as connection:
            found = await _intend(connection, one, orders.get(one.order_id), made_with, senders, url)
        if found is not None:
            ready.append(found)
    return ready


async def _intend(
    connection: Connection, one: Notification, order: Order | None, made_with: Stationery, senders: Senders, url: str
) -> _Ready | None:
    """The intent of one notification; None where it is not sent now."""
    now = made_with.now
    if one.medium not in senders:
        await postpone(
            connection, one, one.state, reason="there is nobody who carries it", due_at=_again_at(one, now, None)
        )
        return None
    if one.state is _S.SENDING and one.letter:
        letter = one.read_letter(Letter)  # it is in doubt: the same once more, under the same id
        is_ours = await intend(connection, one, _intent(letter, made_with))
        return _Ready(one, letter) if is_ours else None
    if order is None:
        await _drop(connection, one, "its order is not there")
        return None
    address = address_of(order, one.medium) or ""
    why_not = await _why_not(connection, one, address)
    if why_not:
        await _drop(connection, one, why_not)
        return None
    allowed_at = _allowed_at(one, order, made_with)
    if allowed_at > now:
        await postpone(connection, one, one.state, reason="quiet hours", due_at=allowed_at)
        return None
    events = [logged.event for logged in await read_events_at(connection, one.order_id, one.causes)]
    composed = compose(Asked(one.notification_id, one.kind, one.medium, address, order, events, url), made_with)
    if isinstance(composed, str):
        await _drop(connection, one, composed)
        return None
    if not await intend(connection, one, _intent(composed, made_with)):
        await free_notification(connection, one)  # something more happened meanwhile: it is told of both
        return None
    return _Ready(one, composed)


async def order_url(system: System, order_id: OrderId) -> str:
    """Where the customer of an order sees where it is; empty where its link was taken back."""
    token = await give_link(system, order_id)
    return "" if token is None else f"{system.origin.public_url.rstrip('/')}/track/{token}"


async def _why_not(connection: Connection, one: Notification, address: str) -> str:
    """Why nothing is sent to an address; empty where it is."""
    flaw = find_address_flaw(one.medium, address)
    if flaw:
        return f"{address or 'nothing'} {flaw}"
    said = await read_opt_outs(connection, address, one.medium)
    return is_opted_out(said, one.kind, is_needed=KINDS[one.kind].is_needed)


def _allowed_at(one: Notification, order: Order, made_with: Stationery) -> datetime:
    rule = next((rule for rule in made_with.rules.rules if rule.name == one.rule), None)
    if one.resend_of or (rule is not None and rule.is_urgent):
        return made_with.now
    zone = zone_of(order, made_with.network)
    return next_allowed(made_with.now, zone, made_with.rules.quiet_hours, one.medium)


def _intent(letter: Letter, made_with: Stationery) -> Intent:
    gives_up_at = made_with.now + timedelta(hours=made_with.rules.retry_hours)
    return Intent(letter.kind, letter.to, letter.language, letter.message_id, letter, made_with.now, gives_up_at)


async def _drop(connection: Connection, one: Notification, reason: str) -> None:
    await end_notification(connection, one, _S.DROPPED, was=(_S.WAITING, _S.RETRYING, _S.SENDING), reason=reason)


async def _hand_over(system: System, senders: Senders, medium: Medium, ready: Sequence[_Ready]) -> None:
    """Hand letters over, with no connection of ours held meanwhile, and record what became of each."""
    receipts: Sequence[Receipt]
    try:
        async with asyncio.timeout(SEND_SECONDS_MAX):
            receipts = await senders[medium].send([one.letter for one in ready])
    except TimeoutError:
        receipts = [Doubtful(f"no answer within {SEND_SECONDS_MAX:.0f} s")] * len(ready)
    except Exception as error:
        _log.exception("sending by %s failed", medium)
        receipts = [Doubtful(type(error).__name__)] * len(ready)
    for one, receipt in zip(ready, receipts, strict=True):
        await record_receipt(system, one.claimed, one.letter, receipt)


async def record_receipt(system: System, one: Notification, letter: Letter, receipt: Receipt) -> None:
    """Record what became of a letter, with its event where that is the end."""
    now = system.door.now()
    async with transaction(system.pool) as connection:
        match receipt:
            case Taken(reference):
                if await end_notification(connection, one, _S.SENT, was=_OPEN, reason=reference, sent_at=now):
                    sent = NotificationSent(
                        one.notification_id, letter.kind, one.medium, one.rule, letter.message_id, now
                    )
                    await append_event(connection, sent, subject=one.order_id, at=now, actor=ACTOR)
            case Refused(reason):
                await fail_notification(connection, one, letter.kind, _S.FAILED, reason, now)
            case Deferred(reason, seconds):
                # One that was in doubt before stays so: the same is sent again, not what is true by then.
                state = _S.SENDING if one.state is _S.SENDING else _S.RETRYING
                await _put_off(connection, one, letter, state, reason, seconds, now)
            case Doubtful(reason):
                await _put_off(connection, one, letter, _S.SENDING, reason, None, now)


async def fail_notification(
    connection: Connection, one: Notification, kind: str, state: NotificationState, reason: str, now: datetime
) -> bool:
    """Record that a customer could not be told; False where that was known."""
    was = (*_OPEN, _S.SENT) if state is _S.BOUNCED else _OPEN
    if not await end_notification(connection, one, state, was=was, reason=reason[:500]):
        return False
    failed = NotificationFailed(one.notification_id, kind, one.medium, state, reason[:500], now)
    await append_event(connection, failed, subject=one.order_id, at=now, actor=ACTOR)
    return True


async def _put_off(
    connection: Connection,
    one: Notification,
    letter: Letter,
    state: NotificationState,
    reason: str,
    seconds: float | None,
    now: datetime,
) -> None:
    """Try again later, or give up where it was tried for long enough."""
    gives_up_at = one.gives_up_at
    if gives_up_at is not None and now >= gives_up_at:
        await fail_notification(connection, one, letter.kind, _S.FAILED, f"given up: {reason}", now)
        return
    await postpone(connection, one, state, reason=reason[:500], due_at=_again_at(one, now, seconds))


def _again_at(one: Notification, now: datetime, seconds: float | None) -> datetime:
    return now + timedelta(seconds=retry_seconds(one.attempts + 1, seconds))


async def record_bounce(system: System, one: Notification, reason: str, *, is_permanent: bool, said_by: str) -> bool:
    """Record that a notification came back; where that is for good nothing more is sent to its address."""
    now = system.door.now()
    async with transaction(system.pool) as connection:
        is_new = await fail_notification(connection, one, one.kind, _S.BOUNCED, reason, now)
        if is_permanent and one.address:
            await write_opt_out(connection, one.address, one.medium, "", because=BOUNCE, at=now, said_by=said_by)
    return is_new
