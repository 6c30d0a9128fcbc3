"""Subscribers get every event they want, in order, numbered without gaps, and again when they ask."""

import asyncio

from standardwebhooks import Webhook

from tests.builders import accepted, capture
from tests.worker.receiver import Receiver
from tests.worker.subscribers import capture_orders, deliveries, make_due, read, subscribed
from troth.flows.door.system import System
from troth.flows.log.deliver import Delivered, Post, deliver_round, resend_round
from troth.flows.log.subscribe import (
    Choice,
    Subscribed,
    change,
    replay,
    resend,
    subscribe,
)
from troth.model.refusals import NotFound
from troth.store.deliveries import Delivery
from troth.store.subscriptions import parse_position


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
