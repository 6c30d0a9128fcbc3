"""Units that a routing queues: they wait for stock, get it in their turn, and are canceled when their time is over."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import NOW, Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from tests.flows.explained import explained
from troth.engine.holds import WAITED_TOO_LONG
from troth.flows.documents.families import ROUTINGS
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import examine
from troth.flows.orders.due import act_on_due, find_next_due
from troth.flows.orders.repromise import LOOK_AFTER, repromise_moved, try_parked
from troth.flows.people.access import Actor
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import Acted, activate
from troth.flows.stock.stock import Adjustment, adjust
from troth.model.commands import CancelOrder
from troth.model.events import OrderCanceled, PromiseChanged
from troth.model.ids import NodeId, OrderId, Sku
from troth.model.order import Order
from troth.model.refusals import StockShort
from troth.model.status import OrderStatus, live_allocations, order_status, promise_of, uncovered_quantities
from troth.store.events import read_subject_events
from troth.store.orders import read_orders

ANN = Actor("key/ann", frozenset({"inventory:write"}))
PA, A = NodeId("DC-PA"), Sku("A")
QUEUE = {"name": "all", "partial": "queue", "none": "queue", "cancel_after_days": 5}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"), node("ST-NYC")), items=(item("A"), item("B")))
    async with open_system(database.dsn, clock=clock) as opened:
        await decide_by(opened, QUEUE)
        yield opened


async def decide_by(system: System, *tiers: dict[str, Any], **facts: Any) -> None:
    saved = await save_draft(system, ROUTINGS, "test", {"name": "test", "tiers": list(tiers), **facts}, actor="ann")
    assert isinstance(saved, Saved), saved
    acted = await activate(system, ROUTINGS, "test", saved.document.version, reason="test", actor="ann")
    assert isinstance(acted, Acted), acted


async def queued(system: System, name: str = "W-1", units: int = 1, **attributes: str) -> OrderId:
    command = capture(name, {"A": units}, attributes=attributes)
    return accepted(await system.door.one(command, actor="web")).order_id


async def read(system: System, order_id: OrderId) -> Order:
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, [order_id]))[order_id]


async def kinds(system: System, order_id: OrderId) -> list[str]:
    async with system.pool.acquire() as connection:
        return [logged.kind for logged in await read_subject_events(connection, order_id)]


async def test_what_is_queued_waits_since_its_capture_and_until_its_routing_says(system: System) -> None:
    order = await read(system, await queued(system))

    assert order_status(order) is OrderStatus.BACKORDERED
    assert [(one.is_waiting, one.since, one.until) for one in order.parked] == [
        (True, order.captured_at, order.captured_at + timedelta(days=5))
    ]
    assert await find_next_due(system) == order.parked[0].until


async def test_stock_that_is_put_there_goes_to_the_most_important_of_those_who_wait(system: System) -> None:
    plain, vip = await queued(system, "plain"), await queued(system, "vip", priority="3")

    await stock(system, {("A", "DC-PA"): 1})
    assert (await repromise_moved(system)).changed == 1

    assert uncovered_quantities(await read(system, plain)) != {}
    assert await kinds(system, vip) == ["OrderCaptured", "OrderResourced", "PromiseChanged"]
    assert order_status(await read(system, vip)) is OrderStatus.PROMISED


async def test_the_customer_is_told_the_first_promise_and_the_decision_can_be_made_again(system: System) -> None:
    order_id = await queued(system)
    await adjust(system, [Adjustment(PA, A, 1, "receipt")], actor=ANN)

    order = await read(system, order_id)
    async with system.pool.acquire() as connection:
        events = [logged.event for logged in await read_subject_events(connection, order_id)]
    told = [event for event in events if isinstance(event, PromiseChanged)]
    assert [(one.before, one.after) for event in told for one in event.lines] == [
        (None, promise_of(order, order.lines[0].line_id))
    ]
    assert [decided.is_reproduced for decided in await explained(system, order)] == [True, True]


async def test_what_another_order_gives_back_is_tried_by_who_waits(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 1})
    first = await queued(system, "first")
    second = await queued(system, "second")
    await repromise_moved(system)
    assert uncovered_quantities(await read(system, second)) != {}

    accepted(await system.door.one(CancelOrder(first, "changed their mind"), actor="ann"))
    await repromise_moved(system)

    assert len(live_allocations(await read(system, second))) == 1


async def test_who_waits_for_something_else_is_not_looked_at(system: System) -> None:
    order_id = await queued(system)
    version = (await read(system, order_id)).version

    await stock(system, {("B", "DC-PA"): 5})

    assert (await repromise_moved(system)).changed == 0
    assert (await read(system, order_id)).version == version


async def test_a_part_is_taken_where_the_routing_lets_the_rest_wait(system: System) -> None:
    order_id = await queued(system, units=3)

    await stock(system, {("A", "DC-PA"): 2})
    await repromise_moved(system)

    order = await read(system, order_id)
    assert list(uncovered_quantities(order).values()) == [1]
    assert [(one.since, one.is_waiting) for one in order.parked] == [(order.captured_at, True)]


async def test_an_order_that_ships_complete_waits_until_all_of_it_is_there(system: System) -> None:
    command = capture("whole", {"A": 3}, ship_complete=True)
    order_id = accepted(await system.door.one(command, actor="web")).order_id

    await stock(system, {("A", "DC-PA"): 2})
    await repromise_moved(system)
    assert live_allocations(await read(system, order_id)) == ()

    await stock(system, {("A", "ST-NYC"): 1})
    await repromise_moved(system)
    assert sum(part.quantity for part in live_allocations(await read(system, order_id))) == 3


async def test_what_nobody_tried_for_a_while_is_tried_though_no_stock_moved(system: System, clock: Clock) -> None:
    await decide_by(system, {**QUEUE, "filters": [{"name": "stores", "expression": "node.type == 'store'"}]})
    await stock(system, {("A", "DC-PA"): 1})
    order_id = await queued(system)
    await repromise_moved(system)
    await decide_by(system, QUEUE)
    assert await try_parked(system, system.door.now()) == 0

    clock.advance(minutes=LOOK_AFTER.total_seconds() / 60 + 1)

    assert await try_parked(system, system.door.now()) == 1
    assert order_status(await read(system, order_id)) is OrderStatus.PROMISED


async def test_when_its_time_is_over_the_clock_cancels_it_once(
    system: System, database: Database, clock: Clock
) -> None:
    orders = [await queued(system, f"W-{number}") for number in range(20)]
    clock.advance(days=4)
    assert await act_on_due(system, system.door.now(), limit=50) == 0
    clock.advance(days=1, minutes=1)

    async with open_system(database.dsn, clock=clock) as second:
        for _ in range(3):
            await asyncio.gather(*(act_on_due(one, one.door.now(), limit=50) for one in (system, second)))

    assert [await kinds(system, one) for one in orders] == [["OrderCaptured", "OrderCanceled"]] * 20
    order = await read(system, orders[0])
    assert (order_status(order), order.parked) == (OrderStatus.CANCELED, ())
    async with system.pool.acquire() as connection:
        event = (await read_subject_events(connection, orders[0]))[-1].event
    assert isinstance(event, OrderCanceled)
    assert event.reason == WAITED_TOO_LONG
    assert (await examine(database.pool)).is_clean


async def test_of_an_order_that_has_a_part_only_what_waits_is_canceled(system: System, clock: Clock) -> None:
    await stock(system, {("A", "DC-PA"): 1})
    order_id = await queued(system, units=3)

    clock.advance(days=6)
    await act_on_due(system, NOW + timedelta(days=7), limit=10)

    order = await read(system, order_id)
    assert (order.lines[0].canceled_quantity, order_status(order)) == (2, OrderStatus.RELEASED)


async def test_the_classes_of_a_routing_say_who_is_served_first_and_a_share_is_kept_for_the_others(
    system: System,
) -> None:
    await decide_by(system, QUEUE, priority_classes=["gold", "silver"], fair_share_percent=25)
    first = await queued(system, "old", customer_class="silver")
    gold = [await queued(system, f"gold-{number}", customer_class="gold") for number in range(4)]

    await adjust(system, [Adjustment(PA, A, 4, "receipt")], actor=ANN)

    served = [not uncovered_quantities(await read(system, one)) for one in (first, *gold)]
    assert served == [True, True, True, True, False]


async def test_what_a_routing_holds_calls_a_person_and_stays_held_when_stock_comes(system: System) -> None:
    await decide_by(system, {"name": "all", "partial": "hold", "none": "hold"})
    order_id = await queued(system)
    assert [(one.is_waiting, one.until) for one in (await read(system, order_id)).parked] == [(False, None)]

    await stock(system, {("A", "DC-PA"): 1})
    await repromise_moved(system)

    order = await read(system, order_id)
    assert (order_status(order), order.parked) == (OrderStatus.ON_HOLD, ())


async def test_what_a_routing_cancels_is_refused_at_capture_and_nothing_is_kept(system: System) -> None:
    await decide_by(system, {"name": "all", "partial": "cancel", "none": "cancel"})

    outcome = await system.door.one(capture("W-1", {"A": 1}), actor="web")

    assert isinstance(outcome, StockShort)
    assert await system.pool.fetchval("SELECT count(*) FROM orders") == 0
    assert await system.pool.fetchval("SELECT count(*) FROM parked") == 0
