"""Nodes are watched at their work: how long a task takes moves the next promise, and each day is counted."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from tests.flows.explained import explained
from troth.flows.door.requests import Accepted, Request
from troth.flows.door.system import System, open_system
from troth.flows.memory.node_work import learn_work
from troth.flows.records.node_performance import Performance, read_performance
from troth.model.commands import LineQuantity, PackWork, PickWork, RejectWork, ReleaseOrder, ShipWork, StageWork
from troth.model.ids import FulfillmentId, LineId, NodeId
from troth.model.order import Method, Order, Package, PackageLine

STORE = NodeId("ST-NYC")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("ST-NYC", pickup_minutes=5), node("DC-PA")), items=(item("A"),))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "ST-NYC"): 500, ("A", "DC-PA"): 500})
        yield opened


async def pick_up(system: System, external_id: str) -> tuple[Order, FulfillmentId]:
    command = capture(external_id, method=Method.PICKUP, pickup_node=STORE, ship_to=None)
    order = accepted(await system.door.one(command, actor="web"))
    return order, order.fulfillments[0].fulfillment_id


async def ready_after(system: System, clock: Clock, external_id: str, **time: float) -> None:
    order, work = await pick_up(system, external_id)
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    clock.advance(**time)
    accepted(await system.door.one(StageWork(work), actor="store"))


async def follow(system: System, clock: Clock) -> None:
    await learn_work(system.pool, system.door.reference.network)
    await system.door.follow()
    clock.advance(seconds=6)
    await system.door.follow()


async def performance(system: System, name: str = "ST-NYC", days: int = 7) -> Performance:
    (found,) = await read_performance(system, days, node=NodeId(name))
    return found


async def test_the_promise_of_a_pickup_follows_what_was_measured_and_not_a_constant(
    system: System, clock: Clock
) -> None:
    before, _ = await pick_up(system, "P-0")
    assert before.fulfillments[0].promised_at - before.captured_at >= timedelta(hours=2)
    for number in range(1, 31):
        await ready_after(system, clock, f"P-{number}", minutes=4)
    await follow(system, clock)

    after, _ = await pick_up(system, "P-31")

    measured = system.door.reference.network.load.ready_minutes[STORE]
    assert 30 + 2 * 4 < measured < 60  # the remorse period, one that waits, and its own
    waits = after.fulfillments[0].promised_at - after.captured_at
    assert timedelta(minutes=measured) <= waits <= timedelta(minutes=measured + 1)
    (decided,) = await explained(system, after)
    assert decided.trace.recording is not None
    assert any(f"ready in {measured} minutes" in note for note in decided.trace.notes)
    assert (dict(decided.trace.recording.ready_minutes), decided.is_reproduced) == ({STORE: measured}, True)


async def test_a_slow_store_promises_later_and_the_more_the_longer_its_queue(system: System, clock: Clock) -> None:
    for number in range(1, 31):
        await ready_after(system, clock, f"P-{number}", minutes=40)
    await follow(system, clock)
    alone = system.door.reference.network.load.ready_minutes[STORE]
    for number in range(31, 35):
        await pick_up(system, f"P-{number}")
    await follow(system, clock)
    behind = system.door.reference.network.load.ready_minutes[STORE]
    task = (await performance(system)).times
    assert task is not None
    assert alone > 30 + 20
    assert behind - alone > 4 * task.mean


async def test_what_was_learned_once_is_not_learned_again(system: System, clock: Clock) -> None:
    await ready_after(system, clock, "P-1", minutes=10)
    assert await learn_work(system.pool, system.door.reference.network) > 0
    assert await learn_work(system.pool, system.door.reference.network) == 0
    found = await performance(system)
    assert (found.tally.done, found.tally.tasks) == (1, 1)
    assert found.task_minutes == pytest.approx(10.0, abs=0.01)


async def test_the_days_of_a_node_are_counted(system: System, clock: Clock) -> None:
    await ready_after(system, clock, "P-1", minutes=10)
    await ready_after(system, clock, "P-2", hours=5)
    order, refused = await pick_up(system, "P-3")
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    await system.door.one(RejectWork(refused, "no staff"), actor="store")
    command = capture("P-4", {"A": 5}, method=Method.PICKUP, pickup_node=STORE, ship_to=None)
    short = accepted(await system.door.one(command, actor="web"))
    accepted(await system.door.one(ReleaseOrder(short.order_id), actor="test"))
    missing = PickWork(short.fulfillments[0].fulfillment_id, (LineQuantity(LineId("1"), 3, "not_found"),))
    await system.door.one(missing, actor="store")
    await learn_work(system.pool, system.door.reference.network)

    found = await performance(system)

    assert (found.tally.done, found.tally.on_time, found.tally.rejected) == (2, 1, 1)
    assert (found.accept_rate, found.on_time_rate, found.short_rate) == (2 / 3, 1 / 2, 2 / 7)
    clock.advance(days=8)
    assert (await performance(system)).tally.done == 0
    assert (await performance(system, days=28)).tally.done == 2
    assert (await performance(system)).accept_rate is None


@pytest.mark.parametrize(
    ("reason", "cause", "rejected"),
    [("no staff", "store", 1), ("predicted_late", "alerts", 0), ("the roof leaks", "exception/late_work/O-1-F1", 0)],
)
async def test_what_somebody_takes_from_a_node_is_not_its_refusal(
    system: System, reason: str, cause: str, rejected: int
) -> None:
    order, work = await pick_up(system, "P-1")
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    outcomes = (await system.door.submit(Request((RejectWork(work, reason),), "user/maya", cause))).outcomes
    await learn_work(system.pool, system.door.reference.network)

    assert [type(one) for one in outcomes] == [Accepted]
    assert (await performance(system)).tally.rejected == rejected


async def test_units_that_are_packed_without_having_been_picked_were_looked_for_once(
    system: System, clock: Clock
) -> None:
    order = accepted(await system.door.one(capture("W-2", {"A": 3}), actor="web"))
    (work,) = order.fulfillments
    parcels = (Package("1", (PackageLine(LineId("1"), 3),)),)
    for step in (
        ReleaseOrder(order.order_id),
        PackWork(work.fulfillment_id, parcels),
        ShipWork(work.fulfillment_id, parcels),
    ):
        accepted(await system.door.one(step, actor="dc"))
    await learn_work(system.pool, system.door.reference.network)

    found = await performance(system, work.node)

    assert (found.tally.done, found.tally.units, found.short_rate) == (1, 3, 0.0)


async def test_what_is_shipped_counts_as_done_when_it_leaves(system: System, clock: Clock) -> None:
    order = accepted(await system.door.one(capture("W-1"), actor="web"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    clock.advance(minutes=30)
    accepted(await system.door.one(ShipWork(order.fulfillments[0].fulfillment_id), actor="dc"))
    await learn_work(system.pool, system.door.reference.network)
    found = await performance(system, "DC-PA" if order.allocations[0].node == "DC-PA" else "ST-NYC")
    assert (found.tally.done, found.tally.on_time, found.tally.units) == (1, 1, 1)
