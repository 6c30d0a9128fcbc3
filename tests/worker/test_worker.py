"""The worker: all of its tasks at once, none of which stops another, and a clean end."""

import asyncio
import logging

import pytest
from prometheus_client import REGISTRY

from tests.builders import Clock, accepted, capture
from tests.flows.waiting import wait_until
from tests.worker.receiver import Receiver
from troth.flows.door.system import System
from troth.flows.log.seal import verify_seals
from troth.flows.log.subscribe import subscribe
from troth.settings import Settings
from troth.store.database import transaction
from troth.worker.rounds import Task, repeat
from troth.worker.run import run_worker
from troth.worker.upkeep import BUSY_SECONDS, PARTITIONS_SECONDS, make_partitions

PARTITIONS = "SELECT (SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass)"


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_due_orders_are_released_delivered_and_sealed_until_it_is_told_to_stop(
    system: System, clock: Clock, receiver: Receiver
) -> None:
    await subscribe(system, url=receiver.url, kinds=("OrderReleased",), actor="test")
    order = accepted(await system.door.one(capture(), actor="test"))
    acted, delivered = metric("troth_due_acted_total"), metric("troth_webhook_events_total")
    # Nothing is sealed that began before the oldest transaction of the server, also of other tests.
    await wait_until(system.pool, "SELECT pg_snapshot_xmin(pg_current_snapshot()) > max(xid) FROM events")
    stop = asyncio.Event()
    worker = asyncio.create_task(run_worker(system, Settings(), stop))
    clock.advance(minutes=31)
    async with asyncio.timeout(20):
        await receiver.arrived.wait()
        # They are made beside those who write, who go first.
        await wait_until(system.pool, f"{PARTITIONS} = 4")
        await wait_until(system.pool, "SELECT count(*) = 1 FROM deliveries WHERE is_delivered")
    stop.set()
    async with asyncio.timeout(20):
        await worker

    assert receiver.received[0].payload["subject"] == order.order_id
    assert (metric("troth_due_acted_total") - acted, metric("troth_webhook_events_total") - delivered) == (1.0, 1.0)
    verified = await verify_seals(system.pool)
    assert (verified.seals, verified.broken) == (1, ())


async def test_two_workers_deliver_everything_once_and_in_order(
    system: System, clock: Clock, receiver: Receiver
) -> None:
    await subscribe(system, url=receiver.url, kinds=("OrderReleased",), actor="test")
    outcomes = await asyncio.gather(*(system.door.one(capture(f"W-{n}"), actor="test") for n in range(100)))
    order_ids = {accepted(outcome).order_id for outcome in outcomes}
    stop = asyncio.Event()
    workers = [asyncio.create_task(run_worker(system, Settings(), stop)) for _ in range(2)]
    clock.advance(minutes=31)
    async with asyncio.timeout(30):
        while len(receiver.received) < 100:
            receiver.arrived.clear()
            await receiver.arrived.wait()
    stop.set()
    await asyncio.gather(*workers)

    assert [received.payload["sequence"] for received in receiver.received] == list(range(1, 101))
    assert {received.payload["subject"] for received in receiver.received} == order_ids


async def test_it_stops_after_the_event_that_it_is_sending_and_frees_the_subscription(
    system: System, receiver: Receiver
) -> None:
    await subscribe(system, url=receiver.url, kinds=(), actor="test")
    for number in range(3):
        accepted(await system.door.one(capture(f"W-{number}"), actor="test"))
    receiver.gate = asyncio.Event()
    stop = asyncio.Event()
    worker = asyncio.create_task(run_worker(system, Settings(), stop))
    await receiver.arrived.wait()
    stop.set()
    receiver.gate.set()
    async with asyncio.timeout(20):
        await worker

    row = await system.pool.fetchrow("SELECT sequence, claimed_until FROM subscriptions")
    assert row is not None
    assert tuple(row) == (1, None)
    assert len(receiver.received) == 1


async def test_a_failing_task_rests_longer_each_time_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    stop = asyncio.Event()
    rounds = 0

    async def fail() -> float:
        raise ValueError("no")

    async def count() -> float:
        nonlocal rounds
        rounds += 1
        if len(caplog.records) == 3:
            stop.set()
        return 0.0

    before = metric("troth_worker_failures_total", task="fails")
    with caplog.at_level(logging.ERROR):
        tasks = (Task("fails", fail), Task("counts", count))
        await asyncio.gather(*(repeat(task, stop, failure_seconds=0.001) for task in tasks))

    assert [record.getMessage() for record in caplog.records] == ["task fails failed, next try in 0.0 s"] * 3
    assert metric("troth_worker_failures_total", task="fails") - before == 3.0
    assert rounds > 3


async def test_it_outlives_a_database_that_goes_away(
    system: System, clock: Clock, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    await subscribe(system, url=receiver.url, kinds=("OrderReleased",), actor="test")
    accepted(await system.door.one(capture(), actor="test"))
    stop = asyncio.Event()
    with caplog.at_level(logging.CRITICAL):
        worker = asyncio.create_task(run_worker(system, Settings(), stop))
        await system.pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        clock.advance(minutes=31)
        async with asyncio.timeout(20):
            await receiver.arrived.wait()
        stop.set()
        await worker
    assert receiver.types == ["OrderReleased"]


async def test_partitions_wait_for_those_who_write_which_is_no_failure(system: System) -> None:
    count = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'entries'::regclass"
    async with transaction(system.pool) as writing:
        await writing.execute("LOCK TABLE entries_default IN ROW EXCLUSIVE MODE")
        before = await system.pool.fetchval(count)
        paused = await make_partitions(system)
        assert (paused, await system.pool.fetchval(count)) == (BUSY_SECONDS, before)

    assert await make_partitions(system) == PARTITIONS_SECONDS
    assert await system.pool.fetchval(count) == before + 3
