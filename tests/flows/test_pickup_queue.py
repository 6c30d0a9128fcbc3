"""A pickup waits for those before it: the more are open at a store, the later it is ready."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from tests.flows.explained import explained
from troth.flows.door.requests import Request
from troth.flows.door.system import System, open_system
from troth.flows.records.configure import set_node
from troth.model.commands import ActOnDue, StageWork
from troth.model.ids import NodeId
from troth.model.order import Method, Order

STORE = "ST-NYC"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    nodes = (node(STORE, pickup_minutes=7), node("ST-TWO", pickup_minutes=7), node("ST-FREE", pickup_minutes=0))
    await set_up(database.pool, nodes=nodes, items=(item("A"),))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", one.node): 50 for one in nodes})
        yield opened


async def pick_up(system: System, external_id: str, at: str = STORE) -> Order:
    command = capture(external_id, method=Method.PICKUP, pickup_node=NodeId(at), ship_to=None)
    return accepted(await system.door.one(command, actor="web"))


def ready(order: Order) -> datetime:
    """When it is promised to be ready, to the minute."""
    return order.fulfillments[0].promised_at


async def follow(system: System, clock: Clock) -> None:
    clock.advance(seconds=6)
    await system.door.follow()


async def test_each_open_pickup_makes_the_next_promise_later_and_one_that_is_ready_does_not(
    system: System, clock: Clock
) -> None:
    first = await pick_up(system, "P-0")
    waiting = [await pick_up(system, f"P-{number}") for number in range(1, 4)]
    await follow(system, clock)

    behind = await pick_up(system, "P-4")

    minutes = timedelta(minutes=1)
    assert (ready(behind) - ready(first)) // minutes in (4 * 7, 4 * 7 + 1)  # the clock moved on by some seconds
    elsewhere = [ready(await pick_up(system, f"E-{at}", at)) - ready(first) for at in ("ST-TWO", "ST-FREE")]
    assert [later // minutes for later in elsewhere] == [0, 0]

    clock.advance(minutes=30)
    done = Request((ActOnDue(waiting[0].order_id),), "clock", "clock")
    await system.door.submit(done)
    work = waiting[0].fulfillments[0].fulfillment_id
    accepted(await system.door.one(StageWork(work, staging="shelf 1"), actor="store"))
    await follow(system, clock)
    assert system.door.reference.network.load.queue_minutes == {STORE: 4 * 7, "ST-TWO": 7}


async def test_the_queue_is_kept_with_the_decision_and_explains_it_when_it_is_long_gone(
    system: System, clock: Clock
) -> None:
    await pick_up(system, "P-0")
    await follow(system, clock)
    order = await pick_up(system, "P-1")
    await set_node(system, node(STORE, pickup_minutes=90), actor="ann")
    await set_node(system, node(STORE, pickup_minutes=7), actor="ann")
    for number in range(2, 5):
        await pick_up(system, f"P-{number}")
    await follow(system, clock)

    (decided,) = await explained(system, order)

    assert decided.trace.recording is not None
    assert decided.trace.recording.queue_minutes == {STORE: 7}
    assert (decided.is_reproduced, decided.missing) == (True, "")


async def test_another_minute_for_each_counts_at_once(system: System, clock: Clock) -> None:
    await pick_up(system, "P-0")
    await set_node(system, node(STORE, pickup_minutes=90), actor="ann")
    assert system.door.reference.network.load.queue_minutes == {STORE: 90}
