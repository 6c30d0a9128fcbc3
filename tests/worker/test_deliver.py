"""Subscribers get every event they want, in order, each at least once, and nobody waits for another."""

import asyncio

import pytest
from standardwebhooks import Webhook

from tests.builders import accepted, capture
from tests.conftest import Database
from tests.worker.receiver import Receiver, open_receiver
from troth.flows.deliver import FAILURES_MAX, Delivered, Post, deliver_claimed, deliver_round, resend_round
from troth.flows.subscribe import (
    Choice,
    Subscribed,
    change,
    find_deliveries,
    find_subscription,
    replay,
    resend,
    subscribe,
    unsubscribe,
)
from troth.flows.system import System
from troth.model.refusals import NotFound
from troth.store.deliveries import Delivery
from troth.store.subscriptions import Claim, Subscription, claim_subscriptions, parse_position


async def subscribed(system: System, url: str, *kinds: str, is_from_start: bool = False) -> Subscribed:
    created = await subscribe(system, url=url, kinds=kinds, name="ERP", is_from_start=is_from_start, actor="test")
    assert isinstance(created, Subscribed)
    return created


async def read(system: System, one: Subscribed) -> Subscription:
    found = await find_subscription(system, one.subscription.subscription_id)
    assert isinstance(found, Subscription)
    return found


async def deliveries(system: System, one: Subscribed) -> list[Delivery]:
    found = await find_deliveries(system, one.subscription.subscription_id, limit=100)
    assert isinstance(found, list)
    return found


async def capture_orders(system: System, *names: str) -> None:
    for name in names:
        accepted(await system.door.one(capture(name), actor="test"))


async def make_due(system: System) -> None:
    """Let the next attempts be made at once."""
    await system.pool.execute("UPDATE subscriptions SET attempt_at = now()")


async def claim(system: System, *, seconds: float = 30.0) -> list[Claim]:
    async with system.pool.acquire() as connection:
        return await claim_subscriptions(connection, seconds=seconds, limit=10)


async def test_events_arrive_in_order_signed_numbered_and_chained(
    system: System, receiver: Receiver, post: Post
) -> None:
    one = await subscribed(system, receiver.url)
    await capture_orders(system, "W-1", "W-2", "W-1")

    assert await deliver_round(system.pool, post, limit=10) == [Delivered(3)]
    assert await deliver_round(system.pool, post, limit=10) == []

    for received in receiver.received:
        Webhook(one.secret).verify(received.body, received.headers)
    payloads = [received.payload for received in receiver.received]
    assert receiver.types == ["OrderCaptured", "OrderCaptured", "DuplicateReceived"]
    assert [payload["sequence"] for payload in payloads] == [1, 2, 3]
    assert [payload["previous_position"] for payload in payloads] == [None, *(p["position"] for p in payloads[:-1])]
    assert payloads[0]["data"]["order"]["external_id"] == "W-1"
    assert payloads[0]["subject"] == payloads[2]["subject"] == payloads[2]["data"]["order_id"]
    assert [received.headers["webhook-id"] for received in receiver.received] == [
        f"{one.subscription.subscription_id}-{payload['position']}" for payload in payloads
    ]
    assert [(d.sequence, d.is_delivered, d.status, d.attempts) for d in await deliveries(system, one)] == [
        (3, True, 200, 1),
        (2, True, 200, 1),
        (1, True, 200, 1),
    ]


async def test_a_subscriber_gets_the_kinds_it_wants_without_gaps_in_their_numbers(
    system: System, receiver: Receiver, post: Post
) -> None:
    one = await subscribed(system, receiver.url, "DuplicateReceived")
    await capture_orders(system, "W-1", "W-1", "W-2", "W-2", "W-3")
    await deliver_round(system.pool, post, limit=10)
    assert receiver.types == ["DuplicateReceived"] * 2
    assert [received.payload["sequence"] for received in receiver.received] == [1, 2]
    assert await deliver_round(system.pool, post, limit=10) == []
    assert (await read(system, one)).sequence == 2


async def test_the_audit_is_sent_only_to_who_names_it(system: System, receiver: Receiver, post: Post) -> None:
    await subscribed(system, receiver.url, is_from_start=True)
    audit = await subscribed(system, receiver.url + "/audit", "ConfigurationSet")
    await change(system, audit.subscription.subscription_id, Choice(name="Audit"), actor="ada")
    await deliver_round(system.pool, post, limit=10)
    assert sorted((received.path, received.payload["type"]) for received in receiver.received) == [
        ("/hook", "StockAdjusted"),
        ("/hook/audit", "ConfigurationSet"),
        ("/hook/audit", "ConfigurationSet"),
    ]
    assert audit.secret not in "".join(received.body.decode() for received in receiver.received)


async def test_a_new_subscription_begins_now_or_with_the_first_event(
    system: System, receiver: Receiver, post: Post
) -> None:
    await capture_orders(system, "W-1")
    await subscribed(system, receiver.url + "/now", "OrderCaptured")
    await subscribed(system, receiver.url + "/all", "OrderCaptured", is_from_start=True)
    await capture_orders(system, "W-2")
    await deliver_round(system.pool, post, limit=10)
    orders = sorted((r.path, r.payload["data"]["order"]["external_id"]) for r in receiver.received)
    assert orders == [("/hook/all", "W-1"), ("/hook/all", "W-2"), ("/hook/now", "W-2")]


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
    both = await asyncio.gather(*(claim(system) for _ in range(8)))
    assert sum(map(len, both)) == 1


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


async def test_a_replay_sends_again_what_was_sent_with_the_same_ids_and_new_numbers(
    system: System, receiver: Receiver, post: Post
) -> None:
    one = await subscribed(system, receiver.url)
    name = one.subscription.subscription_id
    await capture_orders(system, "W-1", "W-2", "W-3")
    await deliver_round(system.pool, post, limit=10)
    first = parse_position(receiver.received[0].payload["position"])

    await replay(system, name, position=first, actor="ada")
    assert await deliver_round(system.pool, post, limit=10) == [Delivered(2)]

    payloads = [received.payload for received in receiver.received]
    assert [payload["sequence"] for payload in payloads] == [1, 2, 3, 4, 5]
    assert payloads[4]["position"] == payloads[2]["position"]
    ids = [received.headers["webhook-id"] for received in receiver.received]
    assert ids[3:] == ids[1:3]


async def test_a_replay_from_a_time_begins_with_its_first_event(system: System, receiver: Receiver, post: Post) -> None:
    one = await subscribed(system, receiver.url)
    await capture_orders(system, "W-1")
    since = system.door.now()
    await capture_orders(system, "W-2")
    await deliver_round(system.pool, post, limit=10)
    await replay(system, one.subscription.subscription_id, since=since, actor="ada")
    await deliver_round(system.pool, post, limit=10)
    names = [r.payload["data"]["order"]["external_id"] for r in receiver.received]
    assert names == ["W-1", "W-2", "W-2"]


async def test_a_replay_asked_for_while_a_worker_sends_is_not_lost(
    system: System, receiver: Receiver, post: Post
) -> None:
    one = await subscribed(system, receiver.url)
    await capture_orders(system, "W-1")
    receiver.gate = asyncio.Event()
    sending = asyncio.create_task(deliver_round(system.pool, post, limit=10))
    await receiver.arrived.wait()
    await replay(system, one.subscription.subscription_id, actor="ada")
    receiver.gate.set()
    assert await sending == [Delivered(1)]
    assert await deliver_round(system.pool, post, limit=10) == [Delivered(2)]
    assert receiver.types == ["OrderCaptured", "StockAdjusted", "OrderCaptured"]


async def test_a_delivery_is_sent_again_on_request_also_while_paused(
    system: System, receiver: Receiver, post: Post
) -> None:
    one = await subscribed(system, receiver.url)
    name = one.subscription.subscription_id
    await capture_orders(system, "W-1", "W-2")
    await deliver_round(system.pool, post, limit=10)
    await change(system, name, Choice(state="paused"), actor="ada")
    position = (await deliveries(system, one))[0].position

    asked = await resend(system, name, position)
    assert isinstance(asked, Delivery)
    assert asked.resend_at is not None
    assert await resend_round(system.pool, post, limit=10) == 1
    assert await resend_round(system.pool, post, limit=10) == 0

    assert receiver.received[2].body == receiver.received[1].body
    assert receiver.received[2].headers["webhook-id"] == receiver.received[1].headers["webhook-id"]
    sent = (await deliveries(system, one))[0]
    assert (sent.attempts, sent.resend_at, sent.is_delivered) == (2, None, True)
    assert (await read(system, one)).sequence == 2
    assert await resend(system, name, (1, 1)) == NotFound("delivery", "1-1")


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


async def test_who_wants_many_at_once_gets_them_in_order_in_messages_of_at_most_so_many(
    system: System, receiver: Receiver, post: Post
) -> None:
    made = await subscribe(system, url=receiver.url, kinds=(), batch_max=100, actor="test")
    assert isinstance(made, Subscribed)
    outcomes = await asyncio.gather(*(system.door.one(capture(f"W-{n}"), actor="test") for n in range(250)))
    assert len({accepted(outcome).order_id for outcome in outcomes}) == 250
    receiver.answer = lambda received: (500 if len(receiver.received) == 2 else 200, "")

    assert await deliver_round(system.pool, post, limit=10) == [Delivered(100, has_failed=True)]
    await make_due(system)
    assert await deliver_round(system.pool, post, limit=10) == [Delivered(150)]

    taken = [one for number, one in enumerate(receiver.received) if number != 1]
    for received in taken:
        Webhook(made.secret).verify(received.body, received.headers)
    events = [event for received in taken for event in received.payload["data"]]
    assert [len(received.payload["data"]) for received in taken] == [100, 100, 50]
    assert [event["sequence"] for event in events] == list(range(1, 251))
    assert [event["previous_position"] for event in events] == [None, *(event["position"] for event in events[:-1])]
    assert receiver.received[1].payload["data"] == receiver.received[2].payload["data"]
    assert await system.pool.fetchval("SELECT count(*) FROM deliveries WHERE is_delivered") == 250


async def test_many_events_are_recorded_in_pieces_and_all_arrive_in_order(
    system: System, receiver: Receiver, post: Post
) -> None:
    one = await subscribed(system, receiver.url)
    outcomes = await asyncio.gather(*(system.door.one(capture(f"W-{n}"), actor="test") for n in range(250)))
    assert len({accepted(outcome).order_id for outcome in outcomes}) == 250
    assert await deliver_round(system.pool, post, limit=10) == [Delivered(250)]
    assert [received.payload["sequence"] for received in receiver.received] == list(range(1, 251))
    assert (await read(system, one)).sequence == 250
    assert await system.pool.fetchval("SELECT count(*) FROM deliveries WHERE is_delivered") == 250
