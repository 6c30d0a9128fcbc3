"""Vendors accept their work in time, or it is said that they did not, exactly once, and others do it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, time, timedelta

import pytest

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.door.system import System, open_system
from troth.flows.orders.acceptance import NOT_ACCEPTED, Window, act_on_acceptance, read_windows
from troth.flows.orders.due import act_on_due
from troth.flows.records.configure import set_node
from troth.model.commands import AcceptWork
from troth.model.ids import FulfillmentId, NodeId, OrderId
from troth.model.network import Calendar, Node
from troth.model.order import Order
from troth.model.status import OrderStatus, order_status
from troth.store.events import read_subject_events
from troth.store.orders import read_orders

OFFICE = Calendar(weekdays=(0, 1, 2, 3, 4), opens=time(9), closes=time(17))


def vendor(name: str = "V-1", **changes: object) -> Node:
    """A vendor in New York's time, open 9 to 17 on weekdays: orders take 15 minutes to get there, and then 4 hours."""
    facts: dict[str, object] = {"calendar": OFFICE, "feed_minutes": 15, "acceptance_minutes": 240, "latitude": 40.7}
    return node(name, **facts | changes)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    nodes = (vendor(), vendor("V-2", latitude=38.0), node("DC-CA"))
    await set_up(database.pool, nodes=nodes, items=(item("A"), item("B"), item("C")))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "V-1"): 9, ("B", "V-1"): 9, ("B", "V-2"): 9, ("B", "DC-CA"): 9, ("C", "DC-CA"): 9})
        yield opened


async def released(system: System, clock: Clock, sku: str = "A", external_id: str = "W-1") -> Order:
    """An order that was captured at 10:00 in New York and released at 10:30."""
    order = accepted(await system.door.one(capture(external_id, {sku: 1}), actor="web"))
    clock.advance(minutes=30)
    assert await act_on_due(system, system.door.now(), limit=10) == 1
    return await stored(system, order.order_id)


async def stored(system: System, order_id: OrderId) -> Order:
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, [order_id]))[order_id]


async def windows(system: System, order: Order) -> dict[FulfillmentId, Window]:
    async with system.pool.acquire() as connection:
        return await read_windows(
            connection, system.door.reference.network, [(order, one) for one in order.fulfillments]
        )


async def happened(system: System, order: Order) -> list[str]:
    async with system.pool.acquire() as connection:
        return [logged.kind for logged in await read_subject_events(connection, order.order_id)]


async def act(system: System) -> int:
    return await act_on_acceptance(system, system.door.now(), limit=10)


def to_minute(at: datetime) -> str:
    return at.isoformat(timespec="minutes")


async def test_work_has_to_be_accepted_after_the_feed_and_so_many_minutes_of_opening_hours(
    system: System, clock: Clock
) -> None:
    order = await released(system, clock)
    (window,) = (await windows(system, order)).values()
    assert to_minute(window.accept_by) == "2026-11-23T19:45+00:00"  # 10:30 + 0:15 + 4:00 in New York
    assert not window.is_missed
    clock.advance(hours=4)
    late = await released(system, clock, external_id="W-2")  # at 15:00: two hours are left of the day
    assert [to_minute(one.accept_by) for one in (await windows(system, late)).values()] == ["2026-11-24T16:15+00:00"]
    assert await windows(system, await released(system, clock, "C", "W-3")) == {}


async def test_what_is_not_accepted_in_time_is_said_once_and_waits_for_the_node(system: System, clock: Clock) -> None:
    order = await released(system, clock)
    clock.advance(hours=4)
    assert await act(system) == 0
    clock.advance(minutes=16)
    assert [await act(system) for _ in range(3)] == [1, 0, 0]
    assert (await happened(system, order))[-1:] == ["AcceptanceMissed"]
    assert await windows(system, await stored(system, order.order_id)) != {}
    accepted(await system.door.one(AcceptWork(order.fulfillments[0].fulfillment_id), actor="vendor"))
    assert (await happened(system, order)).count("AcceptanceMissed") == 1
    assert await windows(system, await stored(system, order.order_id)) == {}


async def test_two_workers_at_once_say_it_once(system: System, clock: Clock, database: Database) -> None:
    order = await released(system, clock)
    clock.advance(hours=5)
    async with open_system(database.dsn, clock=Clock(clock.now)) as other:
        acted = await asyncio.gather(act(system), act(other), act(system), act(other))
    assert sum(acted) == 1
    assert (await happened(system, order)).count("AcceptanceMissed") == 1


async def test_who_accepts_in_time_is_left_alone(system: System, clock: Clock) -> None:
    await set_node(system, vendor(reroute_after_minutes=0), actor="ann")
    order = await released(system, clock, "B")
    accepted(await system.door.one(AcceptWork(order.fulfillments[0].fulfillment_id), actor="vendor"))
    clock.advance(hours=30)
    assert [await act(system) for _ in range(2)] == [0, 0]
    assert "AcceptanceMissed" not in await happened(system, order)


async def test_a_node_that_is_to_be_passed_over_loses_the_work_which_goes_from_one_to_the_next(
    system: System, clock: Clock
) -> None:
    for name, latitude in (("V-1", 40.7), ("V-2", 38.0)):
        await set_node(system, vendor(name, latitude=latitude, reroute_after_minutes=60), actor="ann")
    order = await released(system, clock, "B")
    first = order.fulfillments[0].node
    assert first in ("V-1", "V-2")
    clock.advance(hours=4, minutes=16)
    assert [await act(system) for _ in range(2)] == [1, 0]  # missed, and an hour more
    clock.advance(minutes=60)
    assert [await act(system) for _ in range(2)] == [1, 0]

    order = await stored(system, order.order_id)
    assert [work.node for work in order.fulfillments] == [first, next(one for one in ("V-1", "V-2") if one != first)]
    assert await act_on_due(system, system.door.now(), limit=10) == 1
    order = await stored(system, order.order_id)
    (window,) = (await windows(system, order)).values()  # it counts from its own release, not from the order's
    assert window.accept_by > system.door.now() + timedelta(hours=4)
    clock.advance(hours=24)
    assert [await act(system) for _ in range(3)] == [1, 1, 0]
    order = await stored(system, order.order_id)
    assert order.fulfillments[-1].node == "DC-CA"
    told = await happened(system, order)
    assert (told.count("AcceptanceMissed"), told.count("FulfillmentRejected")) == (2, 2)
    reasons = await system.pool.fetch(
        "SELECT body ->> 'reason' AS reason FROM events WHERE kind = 'FulfillmentRejected'"
    )
    assert [row["reason"] for row in reasons] == [NOT_ACCEPTED] * 2


async def test_what_nobody_else_has_is_left_to_a_person(system: System, clock: Clock) -> None:
    await set_node(system, vendor(reroute_after_minutes=0), actor="ann")
    order = await released(system, clock)
    clock.advance(hours=5)
    assert [await act(system) for _ in range(3)] == [1, 1, 0]
    assert order_status(await stored(system, order.order_id)) is OrderStatus.EXCEPTION
    assert NodeId("V-1") == order.fulfillments[0].node
