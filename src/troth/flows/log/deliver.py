"""Delivering the event log to its subscribers: in order within one, side by side across them, each event at least once.

A worker claims a subscription for a while, sends its next events one by one and moves its cursor. If it dies, its claim
lapses and another one sends again what was not recorded, under the same id and number. An event that cannot be
delivered is tried again after a growing pause, and nothing after it is sent meanwhile: a dead partner holds up only
itself, and is paused in the end.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import msgspec

from troth.model.events import ConfigurationSet
from troth.model.value import dataclass
from troth.store.configure import subject_of
from troth.store.database import Pool, transaction
from troth.store.deliveries import Resend, claim_resends, finish_resend
from troth.store.events import LoggedEvent, append_event
from troth.store.log_tail import LogTail
from troth.store.node_messages import acknowledge_delivered
from troth.store.subscriptions import (
    Attempted,
    Claim,
    advance_subscription,
    claim_subscriptions,
    fail_subscription,
    position_text,
)

SEND_SECONDS_MAX: Final = 10.0
CLAIM_SECONDS: Final = 30.0
RETRY_SECONDS_FIRST: Final = 2.0
RETRY_SECONDS_MAX: Final = 3600.0
FAILURES_MAX: Final = 15
_SENDING_SECONDS: Final = (
    CLAIM_SECONDS - SEND_SECONDS_MAX - 5.0
)  # the last send and its record still fall within the claim
_RECORD_SECONDS: Final = 1.0
_RECORD_MAX: Final = 100
_LOOK_MAX: Final = 1_000
_ANSWER_MAX: Final = 500
_BATCH_CHARACTERS_MAX: Final = 2_000_000
_GONE: Final = 410


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent to a subscriber. `webhook_id` stays the same when an event is sent again to a subscription."""

    url: str
    secret: str
    webhook_id: str
    body: bytes
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Response:
    """What came back: a status (None: nothing did), the beginning of its text or of the reason, and when to come again
    (s).
    """

    status: int | None
    text: str
    retry_after: float | None = None

    @property
    def is_success(self) -> bool:
        """Whether the subscriber took it."""
        return self.status is not None and 200 <= self.status < 300


class Post(Protocol):
    """Sends a message and says what came back; no failure of the other side is an exception."""

    async def __call__(self, message: Message) -> Response:
        """The response to a message."""
        ...


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a claim: events delivered, whether it ended with a failure, and whether that paused it."""

    events: int
    has_failed: bool = False
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class _Numbered:
    """An event with its number in a subscription, and the position text of the one before (empty: it is the first)."""

    event: LoggedEvent
    sequence: int
    previous: str


async def deliver_round(pool: Pool, post: Post, *, limit: int) -> list[Delivered]:
    """Claim at most `limit` subscriptions that have something to read, and deliver them side by side."""
    async with pool.acquire() as connection:
        claims = await claim_subscriptions(connection, seconds=CLAIM_SECONDS, limit=limit)
    return list(await asyncio.gather(*(deliver_claimed(pool, post, claim) for claim in claims)))


async def deliver_claimed(
    pool: Pool,
    post: Post,
    claim: Claim,
    *,
    log: LogTail | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> Delivered:
    """Send a claimed subscription's next events, in order, until there are none, one fails, time is up, or the claim is
    lost.
    """
    async with pool.acquire() as connection:
        subject = None if claim.node is None else subject_of("node", claim.node)
        page = await (log or LogTail()).read(
            connection, claim.position, kinds=claim.kinds or None, subject=subject, limit=_LOOK_MAX
        )
    sending = _Sending(pool, claim)
    for numbered in _batches(page.events, claim):
        if is_stopping() or sending.is_over_time:
            await sending.record(is_done=True)
            return Delivered(sending.events)
        attempted, response = await _attempt(post, claim, numbered, is_batch=claim.batch_max > 1)
        if not response.is_success:
            return await _fail(sending, attempted[0], response)
        if not await sending.add(attempted):
            return Delivered(sending.events)
    sending.position = page.end
    await sending.record(is_done=True)
    return Delivered(sending.events)


async def resend_round(pool: Pool, post: Post, *, limit: int) -> int:
    """Send once more, side by side, at most `limit` of the deliveries for which that was asked; how many."""

    async def resend(one: Resend) -> None:
        numbered = (_Numbered(one.event, one.sequence, one.previous),)
        attempted, response = await _attempt(post, one, numbered, is_batch=False)
        async with pool.acquire() as connection:
            await finish_resend(connection, one.subscription_id, attempted[0], is_delivered=response.is_success)

    async with pool.acquire() as connection:
        asked = await claim_resends(connection, seconds=CLAIM_SECONDS, limit=limit)
    await asyncio.gather(*map(resend, asked))
    return len(asked)


def retry_seconds(failures: int, retry_after: float | None = None) -> float:
    """How long to wait after the failure that follows `failures` others: doubling, bounded, and no shorter than was
    asked for.

    >>> [retry_seconds(failures) for failures in (0, 1, 5, 40)], retry_seconds(0, 90.0), retry_seconds(0, 1e9)
    ([2.0, 4.0, 64.0, 3600.0], 90.0, 3600.0)
    """
    doubled = RETRY_SECONDS_FIRST * 2.0 ** min(failures, 30)
    return min(RETRY_SECONDS_MAX, max(doubled, retry_after or 0.0))


class _Sending:
    """How far the delivery of a claim is: `position` and `events` include what is not recorded yet."""

    def __init__(self, pool: Pool, claim: Claim) -> None:
        self.pool = pool
        self.claim = claim
        self.events = 0
        self.position = claim.position
        self.previous = claim.delivered
        self._unrecorded: list[Attempted] = []
        self._ends_at = time.monotonic() + _SENDING_SECONDS
        self._recorded_at = time.monotonic()

    @property
    def is_over_time(self) -> bool:
        """Whether nothing more may be sent under this claim."""
        return time.monotonic() > self._ends_at

    async def add(self, attempted: Sequence[Attempted]) -> bool:
        """Take delivered events in, recording now and then; False where the claim is lost or it was paused."""
        self._unrecorded += attempted
        self.events += len(attempted)
        self.position = attempted[-1].event.position
        self.previous = position_text(self.position)
        if len(self._unrecorded) < _RECORD_MAX and time.monotonic() - self._recorded_at < _RECORD_SECONDS:
            return True
        return await self.record(is_done=False) == "active"

    async def record(self, *, is_done: bool) -> str | None:
        """Move the cursor and record what was delivered; the subscription's state, None where the claim was lost."""
        async with self.pool.acquire() as connection:
            state = await advance_subscription(
                connection,
                self.claim,
                after=self.position,
                sequence=self.claim.sequence + self.events,
                last=self.previous,
                delivered=self._unrecorded,
                is_done=is_done,
            )
            if self.claim.node is not None and state is not None and self._unrecorded:
                positions = [one.event.position for one in self._unrecorded]
                at, by = self._unrecorded[-1].at, f"webhook/{self.claim.subscription_id}"
                await acknowledge_delivered(connection, self.claim.node, positions, at=at, by=by)
        self._unrecorded, self._recorded_at = [], time.monotonic()
        return state


def _batches(events: Sequence[LoggedEvent], claim: Claim) -> Iterator[list[_Numbered]]:
    """The events with their numbers, in messages of as many as the subscription takes and a message may hold."""
    batch: list[_Numbered] = []
    size, previous = 0, claim.delivered
    for number, event in enumerate(events, claim.sequence + 1):
        if batch and (len(batch) == claim.batch_max or size + len(event.body) > _BATCH_CHARACTERS_MAX):
            yield batch
            batch, size = [], 0
        batch.append(_Numbered(event, number, previous))
        size, previous = size + len(event.body), position_text(event.position)
    if batch:
        yield batch


async def _attempt(
    post: Post, to: Claim | Resend, numbered: Sequence[_Numbered], *, is_batch: bool
) -> tuple[list[Attempted], Response]:
    at = datetime.now(UTC)
    payloads = [_payload(to.subscription_id, one) for one in numbered]
    webhook_id: str = payloads[0]["id"]
    if is_batch:
        webhook_id += f"-{len(payloads)}"
    content = {"type": "batch", "timestamp": at, "data": payloads} if is_batch else payloads[0]
    response = await post(Message(to.url, to.secret, webhook_id, msgspec.json.encode(content), sent_at=at))
    text = response.text[:_ANSWER_MAX].replace("\0", "")
    return [Attempted(one.event, one.sequence, one.previous, at, response.status, text) for one in numbered], response


async def _fail(sending: _Sending, attempted: Attempted, response: Response) -> Delivered:
    """Record what went well before, then the failure: when to try again, or that the subscription is paused."""
    await sending.record(is_done=False)
    claim = sending.claim
    failures = 0 if sending.events else claim.failures
    is_last = failures + 1 >= FAILURES_MAX or response.status == _GONE
    reason = f"{response.status}: {attempted.answer}" if response.status is not None else attempted.answer
    async with transaction(sending.pool) as connection:
        state = await fail_subscription(
            connection,
            claim,
            attempted,
            error=reason,
            retry_seconds=retry_seconds(failures, response.retry_after),
            is_last=is_last,
        )
        is_paused = is_last and state is not None
        if is_paused:
            paused = ConfigurationSet("webhook", claim.subscription_id, {"state": "paused", "error": reason})
            subject = f"webhook:{claim.subscription_id}"
            await append_event(connection, paused, subject=subject, at=attempted.at, actor="worker", cause="delivery")
    return Delivered(sending.events, has_failed=True, is_paused=is_paused)


def _payload(subscription_id: str, numbered: _Numbered) -> dict[str, Any]:
    """An event as it is sent; its own body goes in as it was written."""
    event = numbered.event
    position = position_text(event.position)
    return {
        "id": f"{subscription_id}-{position}",
        "type": event.kind,
        "timestamp": event.at,
        "data": msgspec.Raw(event.body.encode()),
        "subject": event.subject,
        "version": event.version,
        "position": position,
        "previous_position": numbered.previous or None,
        "sequence": numbered.sequence,
        "actor": event.actor,
        "cause": event.cause,
    }
