"""Subscriptions to the event log: to create, change, pause, resume, replay and delete them, and to send a delivery
again.
"""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from troth.flows.door.expected import ANYTHING, Expected
from troth.flows.door.system import System
from troth.model.events import EVENTS, ConfigurationSet
from troth.model.ids import NodeId
from troth.model.node_messages import NodeTold
from troth.model.refusals import FieldFlaw, Invalid, NotFound, VersionConflict
from troth.model.value import dataclass
from troth.store import deliveries, subscriptions
from troth.store.balances import read_horizon
from troth.store.database import Connection, transaction
from troth.store.deliveries import Delivery
from troth.store.events import START, Position, append_event
from troth.store.reference import read_node
from troth.store.subscriptions import Subscription

AUDIT_KIND: Final = ConfigurationSet.__name__
ACTIVE: Final = "active"
PAUSED: Final = "paused"
BATCH_MAX: Final = 500
_SECRET_BYTES: Final = 32
_URL_MAX: Final = 2_000


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A new subscription with its secret, which is shown this once."""

    subscription: Subscription
    secret: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person may set of a subscription; None leaves it as it is."""

    name: str | None = None
    url: str | None = None
    kinds: tuple[str, ...] | None = None
    batch_max: int | None = None
    state: str | None = None


async def subscribe(
    system: System,
    *,
    url: str,
    kinds: Sequence[str],
    name: str = "",
    batch_max: int = 1,
    is_from_start: bool = False,
    node: NodeId | None = None,
    actor: str,
) -> Subscribed | Invalid:
    """Create a subscription to some kinds of events (none: all but the audit's), from now or from the start of the log.

    With `batch_max` above 1 (at most 500) a message holds up to so many events, for who wants thousands a second. That
    of a `node` gets what this node is told of its work, and what it takes counts as acknowledged.
    """
    flaws = find_flaws(url=url, kinds=kinds, batch_max=batch_max)
    if node is not None and kinds:
        flaws = (*flaws, FieldFlaw("/kinds", f"must be left out: the node is told {NodeTold.__name__}"))
    if flaws:
        return Invalid(flaws)
    subscription_id = f"wh_{secrets.token_hex(10)}"
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    now = system.door.now()
    async with transaction(system.pool) as connection:
        if node is not None and await read_node(connection, node) is None:
            return Invalid((FieldFlaw("/node", f"there is no node {node}"),))
        after = START if is_from_start else (await read_horizon(connection), 0)
        await subscriptions.create_subscription(
            connection,
            subscription_id=subscription_id,
            name=name,
            url=url,
            secret=secret,
            kinds=_sorted(kinds if node is None else (NodeTold.__name__,)),
            batch_max=batch_max,
            at=now,
            after=after,
            node=node,
        )
        created = await _need(connection, subscription_id)
        await _audit(connection, None, created, at=now, actor=actor)
    return Subscribed(created, secret)


async def change(
    system: System, subscription_id: str, choice: Choice, *, expected: Expected = ANYTHING, actor: str
) -> Subscription | Invalid | NotFound | VersionConflict:
    """Set what was chosen, if the subscription is of an expected version; to resume it forgets its failures."""
    if flaws := find_flaws(
        url=choice.url, kinds=choice.kinds or (), batch_max=choice.batch_max or 1, state=choice.state
    ):
        return Invalid(flaws)
    async with transaction(system.pool) as connection:
        before = await subscriptions.lock_subscription(connection, subscription_id)
        if before is None:
            return NotFound("webhook", subscription_id)
        if (conflict := expected.refuse(before.version)) is not None:
            return conflict
        if before.node is not None and choice.kinds is not None:
            return Invalid((FieldFlaw("/kinds", f"cannot be set: it is that of node {before.node}"),))
        await subscriptions.set_subscription(
            connection,
            subscription_id,
            name=before.name if choice.name is None else choice.name,
            url=before.url if choice.url is None else choice.url,
            kinds=before.kinds if choice.kinds is None else _sorted(choice.kinds),
            batch_max=before.batch_max if choice.batch_max is None else choice.batch_max,
            state=before.state if choice.state is None else choice.state,
        )
        after = await _need(connection, subscription_id)
        await _audit(connection, before, after, at=system.door.now(), actor=actor)
    return after


async def unsubscribe(system: System, subscription_id: str, *, actor: str) -> Subscription | NotFound:
    """Delete a subscription and what is remembered of its deliveries; the subscription as it was."""
    async with transaction(system.pool) as connection:
        before = await subscriptions.lock_subscription(connection, subscription_id)
        if before is None:
            return NotFound("webhook", subscription_id)
        await subscriptions.delete_subscription(connection, subscription_id)
        await _audit(connection, before, None, at=system.door.now(), actor=actor)
    return before


async def replay(
    system: System, subscription_id: str, *, position: Position | None = None, since: datetime | None = None, actor: str
) -> Subscription | NotFound:
    """Have a subscription read the log again after a position or from a time on; from its beginning where neither is
    given.
    """
    async with transaction(system.pool) as connection:
        before = await subscriptions.lock_subscription(connection, subscription_id)
        if before is None:
            return NotFound("webhook", subscription_id)
        after = position or START
        if since is not None:
            found = await subscriptions.find_position_of_time(connection, since)
            after = found or (await read_horizon(connection), 0)
        await subscriptions.request_replay(connection, subscription_id, after)
        replayed = replace(before, position=after)
        await _audit(connection, before, replayed, at=system.door.now(), actor=actor)
    return replayed


async def find_subscription(system: System, subscription_id: str) -> Subscription | NotFound:
    """One subscription."""
    async with system.pool.acquire() as connection:
        found = await subscriptions.read_subscription(connection, subscription_id)
    return NotFound("webhook", subscription_id) if found is None else found


async def find_subscriptions(system: System, *, after: str | None = None, limit: int) -> list[Subscription]:
    """A page of subscriptions by id, after the one given."""
    async with system.pool.acquire() as connection:
        return await subscriptions.find_subscriptions(connection, after=after, limit=limit)


async def find_deliveries(
    system: System,
    subscription_id: str,
    *,
    is_delivered: bool | None = None,
    before: Position | None = None,
    limit: int,
) -> list[Delivery] | NotFound:
    """A page of a subscription's deliveries, newest event first, before a position, with a result (None: any)."""
    async with system.pool.acquire() as connection:
        if await subscriptions.read_subscription(connection, subscription_id) is None:
            return NotFound("webhook", subscription_id)
        return await deliveries.find_deliveries(
            connection, subscription_id, is_delivered=is_delivered, before=before, limit=limit
        )


async def resend(system: System, subscription_id: str, position: Position) -> Delivery | NotFound:
    """Have a worker send an event once more, beside the subscription's order and whatever its state is."""
    async with system.pool.acquire() as connection:
        found = await deliveries.request_resend(connection, subscription_id, position)
    return NotFound("delivery", subscriptions.position_text(position)) if found is None else found


def find_flaws(
    *, url: str | None = None, kinds: Sequence[str] = (), batch_max: int = 1, state: str | None = None
) -> tuple[FieldFlaw, ...]:
    """What is wrong with what was chosen, by field.

    >>> [flaw.pointer for flaw in find_flaws(url="ftp://example.com", kinds=("OrderCaptured", "Nope"))]
    ['/url', '/kinds/1']
    """
    flaws = [] if url is None or (reason := _find_url_flaw(url)) is None else [FieldFlaw("/url", reason)]
    flaws += [
        FieldFlaw(f"/kinds/{number}", f"there is no kind of event {kind}; there are {', '.join(EVENTS)}")
        for number, kind in enumerate(kinds)
        if kind not in EVENTS
    ]
    if not 1 <= batch_max <= BATCH_MAX:
        flaws.append(FieldFlaw("/batch_max", f"must be 1 to {BATCH_MAX}"))
    if state not in (None, ACTIVE, PAUSED):
        flaws.append(FieldFlaw("/state", f"must be {ACTIVE} or {PAUSED}"))
    return tuple(flaws)


def _find_url_flaw(url: str) -> str | None:
    if len(url) > _URL_MAX or not url.isprintable() or " " in url:
        return f"must be a URL of at most {_URL_MAX} characters without spaces"
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError as error:
        return f"is no URL: {error}"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "must begin with http:// or https:// and name a host"
    if parts.username is not None or parts.fragment:
        return "must have neither a user name nor a fragment"
    return None


def _sorted(kinds: Sequence[str]) -> tuple[str, ...]:
    """Kinds once each, in the order in which the documentation lists them."""
    return tuple(kind for kind in EVENTS if kind in kinds)


async def _need(connection: Connection, subscription_id: str) -> Subscription:
    found = await subscriptions.read_subscription(connection, subscription_id)
    if found is None:
        raise RuntimeError(f"subscription {subscription_id} is gone in the transaction that wrote it")
    return found


async def _audit(
    connection: Connection, before: Subscription | None, after: Subscription | None, *, at: datetime, actor: str
) -> None:
    one = after or before
    if one is None:
        return
    event = ConfigurationSet("webhook", one.subscription_id, _audited(after), _audited(before))
    await append_event(connection, event, subject=f"webhook:{one.subscription_id}", at=at, actor=actor)


def _audited(subscription: Subscription | None) -> dict[str, object] | None:
    if subscription is None:
        return None
    chosen = {name: asdict(subscription)[name] for name in ("name", "url", "kinds", "batch_max", "state")}
    return chosen | {"position": subscriptions.position_text(subscription.position)}
