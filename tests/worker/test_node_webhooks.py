"""A node that is posted to: an outage loses no message and sends none twice, and what counts as its acknowledgment."""

import pytest

from tests.builders import Clock, item, set_up, stock
from tests.flows.telling_nodes import PARTNER, answer, inbox, partner, released, said
from tests.worker.receiver import Receiver
from troth.adapters.webhooks import open_sender
from troth.flows.door.system import System
from troth.flows.log.deliver import FAILURES_MAX, Post, deliver_round, retry_seconds
from troth.flows.log.subscribe import Subscribed, subscribe
from troth.flows.nodes.say import send_test
from troth.flows.nodes.silence import note_silence
from troth.model.node_answers import AnswerKind
from troth.model.node_link import AcknowledgedBy, NodeLink, Reach
from troth.store.subscriptions import read_subscription


async def test_a_receiver_that_is_down_for_an_hour_gets_every_message_once_and_in_order(
    system: System, receiver: Receiver
) -> None:
    await set_up(system.pool, nodes=(partner(),), items=(item("A"),))
    made = await subscribe(system, url=receiver.url, kinds=(), node=PARTNER, actor="test")
    assert isinstance(made, Subscribed)
    for _ in range(3):
        await send_test(system, PARTNER, actor="test")
    receiver.answer = lambda _received: (503, "")
    down_seconds, attempts = 0.0, 0
    async with open_sender() as post:
        while down_seconds < 3_600.0:
            await deliver_round(system.pool, post, limit=10)
            down_seconds += retry_seconds(attempts)
            attempts += 1
            await system.pool.execute("UPDATE subscriptions SET attempt_at = now()")
        assert attempts < FAILURES_MAX
        assert [one.acknowledged_at for one in await inbox(system)] == [None] * 3
        receiver.received.clear()
        receiver.answer = lambda _received: (200, "")
        await deliver_round(system.pool, post, limit=10)
        await deliver_round(system.pool, post, limit=10)

    assert [one.payload["data"]["number"] for one in receiver.received] == [1, 2, 3]
    by = f"webhook/{made.subscription.subscription_id}"
    assert [one.acknowledged_by for one in await inbox(system)] == [by] * 3
    async with system.pool.acquire() as connection:
        after = await read_subscription(connection, made.subscription.subscription_id)
    assert after is not None
    assert (after.state, after.failures, after.sequence) == ("active", 0, 3)


@pytest.mark.parametrize(("by", "is_silent"), [(AcknowledgedBy.DELIVERY, False), (AcknowledgedBy.ANSWER, True)])
async def test_a_node_is_silent_though_its_gateway_took_the_message_where_only_its_answer_counts(
    system: System, clock: Clock, receiver: Receiver, post: Post, by: AcknowledgedBy, is_silent: bool
) -> None:
    link = NodeLink(Reach.WEBHOOK, acknowledge_minutes=60, acknowledged_by=by)
    await set_up(system.pool, nodes=(partner(link=link),), items=(item("B"),))
    await system.door.follow()
    await stock(system, {("B", PARTNER): 5})
    assert isinstance(await subscribe(system, url=receiver.url, kinds=(), node=PARTNER, actor="test"), Subscribed)
    order = await released(system, clock, B=2)
    await deliver_round(system.pool, post, limit=10)
    assert [one.payload["data"]["number"] for one in receiver.received] == [1]

    clock.advance(minutes=61)
    assert await note_silence(system) == int(is_silent)
    assert [one.acknowledged_at is None for one in await inbox(system)] == [is_silent]
    await answer(system, said(AnswerKind.ACKNOWLEDGE, order.fulfillments[0].fulfillment_id))
    assert [one.acknowledged_at is None for one in await inbox(system)] == [False]
