"""Partners that fail, workers that die: each event arrives at least once, and nobody waits for another."""

import asyncio

import pytest

from tests.conftest import Database
from tests.worker.receiver import Receiver, open_receiver
from tests.worker.subscribers import capture_orders, claim, deliveries, make_due, read, subscribed
from troth.flows.door.system import System
from troth.flows.log.deliver import FAILURES_MAX, Delivered, Post, deliver_claimed, deliver_round
from troth.flows.log.subscribe import (
    Choice,
    change,
    unsubscribe,
)


async def test_a_failed_event_is_tried_again_later_and_none_overtakes_it(
    system: System, receiver: Receiver, post: Post
) -> None:
    one = await subscribed(system, receiver.url)
    await capture_orders(system, "W-1", "W-2", "W-3")
    receiver.answer = lambda received: (500 if received.payload["sequence"] == 2 else 200, "")

    assert await deliver_round(system.pool, post, limit=10) == [Delivered(1, has_failed=True)]
    found = await read(system, one)
    assert (found.sequence, found.failures, found.last_error) == (1, 1, "500: answer 500")
    assert await deliver_round(system.pool, post, limit=10) == [], "not before the pause is over"
    pause = "SELECT extract(epoch FROM attempt_at - now())::float8 FROM subscriptions"
    assert 0.0 < await system.pool.fetchval(pause) <= 2.0

    receiver.answer = lambda received: (200, "")
    await make_due(system)
    assert await deliver_round(system.pool, post, limit=10) == [Delivered(2)]
    assert [received.payload["sequence"] for received in receiver.received] == [1, 2, 2, 3]
    assert len({received.headers["webhook-id"] for received in receiver.received}) == 3
    assert [(d.sequence, d.attempts, d.is_delivered) for d in await deliveries(system, one)] == [
        (3, 1, True),
        (2, 2, True),
        (1, 1, True),
    ]
    assert (await read(system, one)).failures == 0


async def test_a_dead_partner_is_paused_in_the_end_which_is_recorded_and_can_be_resumed(
    system: System, receiver: Receiver, post: Post
) -> None:
    one = await subscribed(system, receiver.url)
    await capture_orders(system, "W-1")
    receiver.answer = lambda received: (503, "")
    rounds = []
    for _ in range(FAILURES_MAX):
        rounds += await deliver_round(system.pool, post, limit=10)
        await make_due(system)
    assert [delivered.is_paused for delivered in rounds] == [False] * (FAILURES_MAX - 1) + [True]
    assert await deliver_round(system.pool, post, limit=10) == []
    found = await read(system, one)
    assert (found.state, found.failures, found.last_error) == ("paused", FAILURES_MAX, "503: answer 503")
    events = await system.pool.fetch(
        "SELECT actor, body ->> 'after' AS after FROM events WHERE subject = $1 AND actor = 'worker'",
        f"webhook:{one.subscription.subscription_id}",
    )
    assert [(row["actor"], '"paused"' in row["after"]) for row in events] == [("worker", True)]

    receiver.answer = lambda received: (200, "")
    await change(system, one.subscription.subscription_id, Choice(state="active"), actor="ada")
    assert await deliver_round(system.pool, post, limit=10) == [Delivered(1)]
    assert ((await read(system, one)).failures, (await read(system, one)).last_error) == (0, "")


async def test_who_answers_gone_is_paused_at_once(system: System, receiver: Receiver, post: Post) -> None:
    one = await subscribed(system, receiver.url)
    await capture_orders(system, "W-1")
    receiver.answer = lambda received: (410, "")
    assert await deliver_round(system.pool, post, limit=10) == [Delivered(0, has_failed=True, is_paused=True)]
    assert (await read(system, one)).state == "paused"


async def test_who_asks_for_time_gets_it(system: System, receiver: Receiver, post: Post) -> None:
    await subscribed(system, receiver.url)
    await capture_orders(system, "W-1")
    receiver.answer = lambda received: (429, "retry-after: 120\r\n")
    await deliver_round(system.pool, post, limit=10)
    pause = await system.pool.fetchval("SELECT extract(epoch FROM attempt_at - now())::float8 FROM subscriptions")
    assert 110.0 < pause <= 120.0


async def test_a_redirect_is_a_failure_and_is_not_followed(system: System, receiver: Receiver, post: Post) -> None:
    await subscribed(system, receiver.url)
    await capture_orders(system, "W-1")
    receiver.answer = lambda received: (302, f"location: {receiver.url}/elsewhere\r\n")
    assert await deliver_round(system.pool, post, limit=10) == [Delivered(0, has_failed=True)]
    assert [received.path for received in receiver.received] == ["/hook"]


async def test_a_subscriber_that_does_not_answer_holds_up_no_other(
    system: System, receiver: Receiver, post: Post
) -> None:
    async with open_receiver() as stuck:
        stuck.gate = asyncio.Event()
        slow = await subscribed(system, stuck.url)
        await subscribed(system, receiver.url)
        await capture_orders(system, "W-1")
        claims = await claim(system)
        mine = next(one for one in claims if one.subscription_id == slow.subscription.subscription_id)
        stuck_task = asyncio.create_task(deliver_claimed(system.pool, post, mine))
        await stuck.arrived.wait()
        other = next(one for one in claims if one is not mine)
        assert await deliver_claimed(system.pool, post, other) == Delivered(1)
        await capture_orders(system, "W-2", "W-3")
        assert await deliver_round(system.pool, post, limit=10) == [Delivered(2)]
        assert not stuck_task.done()
        stuck.gate.set()
        assert await stuck_task == Delivered(1)


async def test_nobody_listening_is_a_failure_with_its_reason(system: System, post: Post) -> None:
    one = await subscribed(system, "http://127.0.0.1:9/hook")
    await capture_orders(system, "W-1")
    assert await deliver_round(system.pool, post, limit=10) == [Delivered(0, has_failed=True)]
    assert (await read(system, one)).last_error.startswith("ConnectError")
    assert [(d.status, d.is_delivered) for d in await deliveries(system, one)] == [(None, False)]


async def test_nothing_is_sent_to_a_link_local_address(system: System, post: Post) -> None:
    one = await subscribed(system, "http://169.254.169.254/latest/meta-data")
    await capture_orders(system, "W-1")
    await deliver_round(system.pool, post, limit=10)
    assert (await read(system, one)).last_error.startswith("AddressRefused: nothing is sent to 169.254.169.254")


async def test_two_workers_never_deliver_the_same_subscription_at_once(system: System, database: Database) -> None:
    await subscribed(system, "http://127.0.0.1:9/hook")
    await capture_orders(system, "W-1")
    free = "SELECT count(*) FROM subscriptions WHERE claimed_until IS NULL"
    seen = await asyncio.gather(*(system.pool.fetchval(free) for _ in range(8)))
    claimed = await asyncio.gather(*(claim(system) for _ in range(8)))
    assert sum(seen) == 8, "the control: who only looks before taking it finds it free eight times"
    assert sum(map(len, claimed)) == 1


async def test_what_a_killed_worker_did_not_record_is_sent_again_under_the_same_id_and_number(
    system: System, receiver: Receiver, post: Post
) -> None:
    one = await subscribed(system, receiver.url)
    await capture_orders(system, "W-1", "W-2")
    killed = (await claim(system))[0]
    receiver.gate = asyncio.Event()
    delivery = asyncio.create_task(deliver_claimed(system.pool, post, killed))
    await receiver.arrived.wait()
    delivery.cancel()
    with pytest.raises(asyncio.CancelledError):
        await delivery
    receiver.gate.set()
    assert await deliver_round(system.pool, post, limit=10) == [], "the claim still stands"

    await system.pool.execute("UPDATE subscriptions SET claimed_until = now() - interval '1 s'")
    assert await deliver_round(system.pool, post, limit=10) == [Delivered(2)]
    assert [received.payload["sequence"] for received in receiver.received] == [1, 1, 2]
    assert receiver.received[0].headers["webhook-id"] == receiver.received[1].headers["webhook-id"]
    assert receiver.received[0].body == receiver.received[1].body
    assert (await read(system, one)).sequence == 2


async def test_a_worker_whose_claim_has_lapsed_records_nothing(system: System, receiver: Receiver, post: Post) -> None:
    one = await subscribed(system, receiver.url)
    await capture_orders(system, "W-1")
    late = (await claim(system))[0]
    await system.pool.execute("UPDATE subscriptions SET claimed_until = now() - interval '1 s'")
    assert len(await claim(system)) == 1
    await deliver_claimed(system.pool, post, late)
    assert await deliveries(system, one) == []
    assert (await read(system, one)).sequence == 0


async def test_a_subscription_deleted_while_a_worker_sends_leaves_nothing(
    system: System, receiver: Receiver, post: Post
) -> None:
    one = await subscribed(system, receiver.url)
    await capture_orders(system, "W-1")
    receiver.gate = asyncio.Event()
    sending = asyncio.create_task(deliver_round(system.pool, post, limit=10))
    await receiver.arrived.wait()
    await unsubscribe(system, one.subscription.subscription_id, actor="ada")
    receiver.gate.set()
    assert await sending == [Delivered(1)]
    assert await system.pool.fetchval("SELECT count(*) FROM deliveries") == 0
