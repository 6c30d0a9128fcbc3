"""A mail server that is away, slow or rude, and workers that die: no message is lost, and none is read twice."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from tests.builders import NOW
from tests.conftest import Database
from tests.telling.telling import Box, Shop
from troth.flows.telling.media import Deferred, Doubtful, Letter, Receipt, Refused, Taken
from troth.flows.telling.send import CLAIM_SECONDS, send_due
from troth.model.notification import Medium


async def test_a_mail_server_that_is_down_for_an_hour_loses_nothing_and_nothing_is_sent_twice(shop: Shop) -> None:
    before = [await shop.order(f"W-{number}") for number in range(3)]
    assert len(await shop.tell()) == 3
    await shop.server.stop()
    during = []
    for minute in range(60):
        if minute % 10 == 0:
            during.append(await shop.order(f"W-1{minute}"))
        assert await shop.tell(after_seconds=60.0) == []
    await shop.server.start()

    for _ in range(16):  # the pauses between the tries are a quarter of an hour at most
        await shop.tell(after_seconds=60.0)

    told = {one.order_id for one in await shop.notifications(kind="order_confirmed", state="sent")}
    assert told == {order.order_id for order in (*before, *during)}
    assert list(shop.server.counts.values()) == [1] * 9
    assert {one.state for one in await shop.notifications()} == {"sent"}
    assert max(one.attempts for one in await shop.notifications()) < 15


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("451 come back later", "retrying"),
        ("550 no such mailbox", "failed"),
        ("hang up", "sending"),
        ("die", "sending"),
    ],
)
async def test_what_a_server_says_is_what_becomes_of_a_mail(shop: Shop, answer: str, state: str) -> None:
    await shop.order()
    shop.server.answers = [answer]

    await shop.tell()

    (kept,) = await shop.notifications()
    assert kept.state == state
    again = await shop.tell()
    assert len(again) == (0 if state == "failed" else 1)
    assert len(shop.server.seen()) == (0 if state == "failed" else 1)
    assert await shop.states() == [("order_confirmed", "failed" if state == "failed" else "sent")]


async def test_one_address_that_is_refused_holds_up_no_other(shop: Shop) -> None:
    for number in range(4):
        await shop.order(f"W-{number}")
    shop.server.answers = ["250 taken", "550 unknown", "die", "250 taken"]

    await shop.tell()
    await shop.tell()

    states = sorted(state for _, state in await shop.states())
    assert states == ["failed", "sent", "sent", "sent"]
    assert len(shop.server.seen()) == 3


async def test_what_is_in_doubt_is_sent_again_as_it_was_and_what_was_not_taken_as_it_is_now(shop: Shop) -> None:
    order = await shop.order()
    box = Box([Doubtful("no answer"), Taken()])
    shop.more = {Medium.EMAIL: box}
    await shop.tell()
    shop.clock.advance(hours=10)
    await shop.tell()
    assert box.letters[0] == box.letters[1]

    deferred = Box([Deferred("busy"), Taken()])
    shop.more = {Medium.EMAIL: deferred}
    await shop.order("W-2")
    await shop.tell()
    shop.clock.advance(hours=24)
    await shop.tell()

    first, second = deferred.letters
    assert first.message_id == second.message_id
    assert "Ships tomorrow" in first.text
    assert "Ships today" in second.text
    assert order.order_id == box.letters[0].order_id


async def test_it_is_given_up_after_so_long_and_said_so(shop: Shop) -> None:
    await shop.rules({"rules": [{"name": "c", "on": "OrderCaptured", "tell": "order_confirmed"}], "retry_hours": 2.0})
    await shop.order()
    shop.more = {Medium.EMAIL: Box([Deferred("busy")] * 100)}

    for _ in range(20):
        await shop.tell(after_seconds=900.0)

    (kept,) = await shop.notifications()
    assert (kept.state, kept.reason, kept.due_at) == ("failed", "given up: busy", None)
    kinds = await shop.system.pool.fetch("SELECT kind FROM events WHERE kind LIKE 'Notification%'")
    assert [row["kind"] for row in kinds] == ["NotificationFailed"]


@dataclass
class Slow(Box):
    """A medium that answers once it is let."""

    is_asked: asyncio.Event = field(default_factory=asyncio.Event)
    is_let: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, letters: Sequence[Letter]) -> Sequence[Receipt]:
        self.letters += letters
        self.is_asked.set()
        await self.is_let.wait()
        return [Refused("unknown")] * len(letters)


async def test_no_connection_is_held_while_a_server_is_asked_and_what_is_claimed_nobody_else_sends(shop: Shop) -> None:
    await shop.order()
    await shop.follow()
    shop.clock.advance(seconds=61)
    slow = Slow()
    shop.more = {Medium.EMAIL: slow}
    first = asyncio.create_task(send_due(shop.system, shop.senders, limit=10))
    await slow.is_asked.wait()

    pool = shop.system.pool
    assert pool.get_size() - pool.get_idle_size() == 0
    assert await send_due(shop.system, shop.senders, limit=10) == 0

    slow.is_let.set()
    assert await first == 1
    assert await shop.states() == [("order_confirmed", "failed")]


async def test_what_happens_while_a_notification_waits_goes_into_it_and_what_happens_later_does_not(shop: Shop) -> None:
    order = await shop.order()
    await shop.follow()
    await shop.system.pool.execute("UPDATE log_readers SET xid = '0', seq = 0 WHERE reader = 'notifications'")

    (mail,) = await shop.tell()

    (kept,) = await shop.notifications()
    assert len(kept.causes) == 2
    assert order.external_id in str(mail["Subject"])


async def kill_when(shop: Shop, dsn: str, gap: str) -> None:
    """Run a process that sends, and kill it without a word as soon as it says that it is in the gap."""
    ahead = str((shop.clock.now - NOW).total_seconds() + 61.0)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.telling.sender", dsn, str(shop.server.port), gap, ahead,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"here\n"
    process.kill()
    await process.wait()


@pytest.mark.parametrize("gap", ["log", "intent", "sent", "done"])
async def test_a_worker_that_is_killed_in_a_gap_leaves_one_mail(database: Database, shop: Shop, gap: str) -> None:
    await shop.order()
    await kill_when(shop, database.dsn, gap)
    shop.clock.advance(seconds=CLAIM_SECONDS + 120)

    await shop.tell()

    assert len(shop.server.seen()) == 1
    assert list(shop.server.counts.values()) == [2 if gap == "sent" else 1]  # the same one, under the same id
    assert await shop.states() == [("order_confirmed", "sent")]
    happened = await shop.system.pool.fetch("SELECT kind FROM events WHERE kind LIKE 'Notification%'")
    assert [row["kind"] for row in happened] == ["NotificationSent"]
