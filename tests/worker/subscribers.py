"""Subscribers as a test needs them: subscribed, read, given something to read."""

from tests.builders import accepted, capture
from troth.flows.door.system import System
from troth.flows.log.subscribe import (
    Subscribed,
    find_deliveries,
    find_subscription,
    subscribe,
)
from troth.store.deliveries import Delivery
from troth.store.subscriptions import Claim, Subscription, claim_subscriptions


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
