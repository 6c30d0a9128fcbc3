"""Tasks that nobody begins: the lead is told, then another node does them while the promise can still be kept."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import Clock, accepted, capture, node, set_up, stock
from tests.conftest import Database
from tests.flows.test_watch import alerts, called, follow, look, stored
from troth.flows.door.system import System, open_system
from troth.flows.tracking.watch import Watcher, look_at_due
from troth.model.commands import AcceptWork, LineQuantity, PickWork, ReleaseOrder
from troth.model.exceptions import ExceptionKind
from troth.model.ids import LineId, NodeId
from troth.model.lifecycle import AllocationState
from troth.model.order import Method, Order
from troth.model.status import fulfillment_status, live_allocations
from troth.store.events import read_subject_events
from troth.store.store_floor import find_floor_tasks

STORES = ("ST-NYC", "ST-NJ", "ST-PA")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    places = ((40.76, -73.98), (40.2, -75.0), (40.0, -76.3))
    nodes = (
        node(name, latitude=latitude, longitude=longitude, processing_hours=0.5)
        for name, (latitude, longitude) in zip(STORES, places, strict=True)
    )
    await set_up(database.pool, nodes=tuple(nodes))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", name): 50 for name in STORES})
        await follow(opened)
        yield opened


async def released(system: System, **changes: Any) -> Order:
    order = accepted(await system.door.one(capture(lines={"A": 2}, **changes), actor="web"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="clock"))
    return await stored(system, order.order_id)


async def next_looks(system: System, clock: Clock, order: Order, *, minutes: int) -> list[tuple[str, str]]:
    """What is done about an order while time goes by, minute by minute; a worker looks whenever it is to."""
    for _ in range(minutes):
        await look(system, Watcher())
        clock.advance(minutes=1)
    return [(event.rule, event.action) for event in await alerts(system, order)]


def working(order: Order) -> list[NodeId]:
    return [part.node for part in live_allocations(order)]


async def test_it_is_escalated_first_then_moved_while_the_promise_is_kept_and_no_further(
    system: System, clock: Clock
) -> None:
    order = await released(system)
    (first,) = order.fulfillments
    clock.advance(minutes=115)
    assert await next_looks(system, clock, order, minutes=4) == []

    done = await next_looks(system, clock, order, minutes=30)
    clock.advance(minutes=110)
    done = await next_looks(system, clock, order, minutes=30)

    after = await stored(system, order.order_id)
    second = after.fulfillments[-1]
    assert done[:2] == [("late_work: built in", "exception"), ("late_work: built in", "re_source")]
    assert (len(set(working(after))), working(after)[0] == first.node) == (1, False)
    assert second.promised_at <= first.promised_at
    assert sum(action == "re_source" for _, action in done) <= 2
    assert len(after.fulfillments) <= 3


async def test_what_was_picked_stays_and_what_was_taken_on_goes(system: System, clock: Clock) -> None:
    order = await released(system)
    (work,) = order.fulfillments
    accepted(await system.door.one(AcceptWork(work.fulfillment_id), actor="store"))
    clock.advance(minutes=118)
    await next_looks(system, clock, order, minutes=10)
    escalated = [(event.action, event.owner) for event in await alerts(system, order)]
    some = (LineQuantity(LineId("1"), 2),)
    accepted(await system.door.one(PickWork(work.fulfillment_id, some), actor="store"))

    await next_looks(system, clock, order, minutes=40)

    after = await stored(system, order.order_id)
    assert escalated == [("exception", "store lead")]
    assert fulfillment_status(after, work.fulfillment_id) is AllocationState.PICKED
    assert len(after.fulfillments) == 1


async def test_a_pickup_that_no_other_node_can_have_ready_stays_with_its_store_and_its_lead_is_told_once(
    system: System, clock: Clock
) -> None:
    order = await released(system, method=Method.PICKUP, pickup_node=NodeId("ST-NYC"), ship_to=None)
    (work,) = order.fulfillments
    clock.now = work.ship_by - timedelta(minutes=50)

    done = await next_looks(system, clock, order, minutes=60)

    after = await stored(system, order.order_id)
    assert [one for one in done if one[0].startswith("late_work")] == [("late_work: built in", "exception")]
    assert (len(after.fulfillments), working(after)) == (1, ["ST-NYC"])
    assert await called(system) == [(ExceptionKind.PREDICTED_LATE, work.fulfillment_id)]
    async with system.pool.acquire() as connection:
        (task,) = await find_floor_tasks(connection, "ST-NYC", own=["released"], arrived=[], limit=5)
    assert task.escalated_to in ("store lead", "somebody")


async def test_two_workers_escalate_once_and_move_once(system: System, clock: Clock, database: Database) -> None:
    order = await released(system)
    async with open_system(database.dsn, clock=clock) as other:
        for minutes in (121, 21):
            clock.advance(minutes=minutes)
            await follow(system)
            for one in (system, other, system, other):
                await look_at_due(one, Watcher())
    async with system.pool.acquire() as connection:
        kinds = [event.kind for event in await read_subject_events(connection, order.order_id)]
    assert (kinds.count("AlertRaised"), kinds.count("FulfillmentRejected")) == (2, 1)
