"""A node's system that is down for an hour loses no message and gets none twice."""

from tests.builders import item, set_up
from tests.flows.telling_nodes import PARTNER, inbox, partner
from tests.worker.receiver import Receiver
from troth.adapters.webhooks import open_sender
from troth.flows.door.system import System
from troth.flows.log.deliver import FAILURES_MAX, deliver_round, retry_seconds
from troth.flows.log.subscribe import Subscribed, subscribe
from troth.flows.nodes.say import send_test
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
