"""Subscriptions to the event log: what they want, how far they are, and who delivers them now."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from troth.model.ids import NodeId
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.events import LoggedEvent, Position
from troth.store.queries import sql

_CREATE = sql("create_subscription")
_READ = sql("read_subscription")
_LOCK = sql("lock_subscription")
_FIND = sql("find_subscriptions")
_OF_NODE = sql("find_subscriptions_of_node")
_SET = sql("set_subscription")
_DELETE = sql("delete_subscription")
_REPLAY = sql("request_replay")
_POSITION_OF_TIME = sql("find_position_of_time")
_CLAIM = sql("claim_subscriptions")
_ADVANCE = sql("advance_subscription")
_FAIL = sql("fail_subscription")
_LAGS = sql("read_subscription_lags")


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription without its secret. `kinds` empty: all but the audit's. `sequence` counts what was delivered so
    far. That of a `node` gets what the node is told, and nothing else.
    """

    subscription_id: str
    version: int
    name: str
    url: str
    kinds: tuple[str, ...]
    batch_max: int
    state: str
    created_at: datetime
    position: Position
    sequence: int
    delivered: str
    failures: int
    attempt_at: datetime
    last_error: str
    node: NodeId | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A subscription that this worker alone delivers until `until`, which is also how the claim is told from a later
    one.
    """

    subscription_id: str
    url: str
    secret: str
    kinds: tuple[str, ...]
    batch_max: int
    position: Position
    sequence: int
    delivered: str
    failures: int
    until: datetime
    node: NodeId | None = None


@dataclass(frozen=True, slots=True)
class Attempted:
    """One attempt to deliver an event: under which number, after which position, and what came back (no status: nothing
    did).
    """

    event: LoggedEvent
    sequence: int
    previous: str
    at: datetime
    status: int | None
    answer: str


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a subscription is behind: the age of the first event that it has not passed (None: it has passed all)."""

    subscription_id: str
    name: str
    state: str
    failures: int
    last_error: str
    seconds: float | None


def position_text(position: Position) -> str:
    """A position of the log as clients see it.

    >>> position_text((735, 12)), parse_position("735-12"), parse_position("735"), parse_position("-1-2")
    ('735-12', (735, 12), None, None)
    """
    return f"{position[0]}-{position[1]}"


def parse_position(text: str) -> Position | None:
    """The position that a text names; None where it names none."""
    xid, dash, seq = text.partition("-")
    if not (dash and xid.isdecimal() and seq.isdecimal() and text.isascii() and len(text) <= 36):
        return None
    position = int(xid), int(seq)
    return position if max(position) < 2**63 else None


async def create_subscription(
    connection: Connection,
    *,
    subscription_id: str,
    name: str,
    url: str,
    secret: str,
    kinds: Sequence[str],
    batch_max: int,
    at: datetime,
    after: Position,
    node: NodeId | None = None,
) -> None:
    """Create an active subscription that begins after a position."""
    await connection.execute(_CREATE, subscription_id, name, url, secret, list(kinds), batch_max, at, *after, node)


async def read_subscription(connection: Connection, subscription_id: str) -> Subscription | None:
    """One subscription, if it is there."""
    row = await connection.fetchrow(_READ, subscription_id)
    return _subscription(row) if row else None


async def lock_subscription(connection: Connection, subscription_id: str) -> Subscription | None:
    """One subscription, if it is there, kept from others until the transaction ends."""
    row = await connection.fetchrow(_LOCK, subscription_id)
    return _subscription(row) if row else None


async def find_subscriptions(connection: Connection, *, after: str | None = None, limit: int) -> list[Subscription]:
    """A page of subscriptions by id, after the one given."""
    return [_subscription(row) for row in await connection.fetch(_FIND, after, limit)]


async def find_subscriptions_of_node(connection: Connection, node: NodeId) -> list[Subscription]:
    """The subscriptions that get what a node is told of its work, by id."""
    return [_subscription(row) for row in await connection.fetch(_OF_NODE, node)]


async def set_subscription(
    connection: Connection,
    subscription_id: str,
    *,
    name: str,
    url: str,
    kinds: Sequence[str],
    batch_max: int,
    state: str,
) -> None:
    """Set what a person chooses; from paused to active also forgets the failures."""
    await connection.execute(_SET, subscription_id, name, url, list(kinds), state, batch_max)


async def delete_subscription(connection: Connection, subscription_id: str) -> None:
    """Delete a subscription with its deliveries."""
    await connection.execute(_DELETE, subscription_id)


async def request_replay(connection: Connection, subscription_id: str, after: Position) -> None:
    """Have a subscription go on after a position, once nobody is delivering it."""
    await connection.execute(_REPLAY, subscription_id, *after)


async def find_position_of_time(connection: Connection, at: datetime) -> Position | None:
    """The position just before the first transaction with events of `at` or later; None where there are none yet."""
    xid = await connection.fetchval(_POSITION_OF_TIME, at)
    return None if xid is None else (xid, 0)


async def claim_subscriptions(connection: Connection, *, seconds: float, limit: int) -> list[Claim]:
    """Claim subscriptions that have events to read, for some seconds; what others have claimed is left to them."""
    return [
        Claim(
            row["subscription_id"],
            row["url"],
            row["secret"],
            tuple(row["kinds"]),
            row["batch_max"],
            (row["cursor_xid"], row["cursor_seq"]),
            row["sequence"],
            row["delivered"],
            row["failures"],
            row["claimed_until"],
            row["node"],
        )
        for row in await connection.fetch(_CLAIM, seconds, limit)
    ]


async def advance_subscription(
    connection: Connection,
    claim: Claim,
    *,
    after: Position,
    sequence: int,
    last: str,
    delivered: Sequence[Attempted],
    is_done: bool,
) -> str | None:
    """Move the cursor, record the deliveries, free the claim if done; the state. None, with nothing written, where the
    claim is lost.

    `sequence` and `last` are the number and the position text of the last event delivered so far.
    """
    state: str | None = await connection.fetchval(
        _ADVANCE,
        claim.subscription_id,
        claim.until,
        *after,
        sequence,
        last,
        is_done,
        [one.event.position[0] for one in delivered],
        [one.event.position[1] for one in delivered],
        [one.sequence for one in delivered],
        [one.previous for one in delivered],
        [one.event.kind for one in delivered],
        [one.event.subject for one in delivered],
        [one.at for one in delivered],
        [one.status for one in delivered],
        [one.answer for one in delivered],
    )
    return state


async def fail_subscription(
    connection: Connection, claim: Claim, failed: Attempted, *, error: str, retry_seconds: float, is_last: bool
) -> str | None:
    """Record a failed attempt and free the claim: it is tried again after some seconds, or paused where it was the
    last.
    """
    state: str | None = await connection.fetchval(
        _FAIL,
        claim.subscription_id,
        claim.until,
        error,
        retry_seconds,
        is_last,
        *failed.event.position,
        failed.sequence,
        failed.previous,
        failed.event.kind,
        failed.event.subject,
        failed.at,
        failed.status,
        failed.answer,
    )
    return state


async def read_lags(connection: Connection, now: datetime) -> list[Lag]:
    """How far every subscription is behind at an instant."""
    return [
        Lag(row["subscription_id"], row["name"], row["state"], row["failures"], row["last_error"], row["lag_seconds"])
        for row in await connection.fetch(_LAGS, now)
    ]


def _subscription(row: Any) -> Subscription:
    return Subscription(
        row["subscription_id"],
        row["version"],
        row["name"],
        row["url"],
        tuple(row["kinds"]),
        row["batch_max"],
        row["state"],
        row["created_at"],
        (row["cursor_xid"], row["cursor_seq"]),
        row["sequence"],
        row["delivered"],
        row["failures"],
        row["attempt_at"],
        row["last_error"],
        row["node"],
    )
