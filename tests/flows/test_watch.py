"""Promises that will probably be missed are acted on before they are, once for each rule and promise."""

import asyncio
from collections.abc import AsyncIterator
from datetime import time, timedelta
from typing import Any

import pytest

from tests.builders import LOS_ANGELES, Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.documents.families import ALERT_RULES
from troth.flows.door.expected import Expected
from troth.flows.door.requests import Request
from troth.flows.door.system import System, open_system
from troth.flows.exceptions.workbench import Filters, find_open
from troth.flows.publishing.draft import save_draft
from troth.flows.publishing.publish import activate
from troth.flows.tracking.measure import measure_from_log
from troth.flows.tracking.watch import Watcher, follow_watched, look_at_due
from troth.model.alerts import AlertAction
from troth.model.commands import (
    DeliverWork,
    PickWork,
    RaiseAlert,
    RecordTracking,
    RedateWork,
    RejectWork,
    ReleaseOrder,
    ShipWork,
)
from troth.model.events import AlertRaised
from troth.model.exceptions import ExceptionKind
from troth.model.ids import OrderId
from troth.model.lifecycle import AllocationState
from troth.model.measured import Stage
from troth.model.network import Calendar
from troth.model.order import Order, Package
from troth.model.refusals import Invalid
from troth.model.status import fulfillment_status
from troth.store.events import read_subject_events
from troth.store.orders import read_orders
from troth.store.watch import Watch, claim_watched, read_all_times, read_expected

OFFICE = Calendar(weekdays=(0, 1, 2, 3, 4), opens=time(8), closes=time(18))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    nodes = (
        node("DC-PA", calendar=OFFICE, processing_hours=4.0),
        node("DC-NJ", calendar=OFFICE, processing_hours=4.0, latitude=40.2, longitude=-75.0),
    )
    await set_up(database.pool, nodes=nodes, items=(item("A"), item("B")))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "DC-PA"): 50, ("B", "DC-PA"): 50, ("B", "DC-NJ"): 50})
        await follow(opened)
        yield opened


async def follow(system: System) -> None:
    while await follow_watched(system.pool, system.door.now()):
        pass


async def look(system: System, watcher: Watcher | None = None) -> int:
    await follow(system)
    return await look_at_due(system, watcher or Watcher())


async def rule(system: System, *actions: str, when: str = "alert.probability >= 0.5") -> None:
    body = {"rules": [{"name": "late", "when": when, "actions": list(actions)}]}
    saved = await save_draft(system, ALERT_RULES, "alerts", body, actor="ann")
    assert not isinstance(saved, Invalid), saved
    await activate(system, ALERT_RULES, "alerts", 1, reason="test", actor="ann")


async def released(system: System, sku: str = "A", external_id: str = "W-1", **changes: Any) -> Order:
    order = accepted(await system.door.one(capture(external_id, {sku: 1}, **changes), actor="web"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="ann"))
    return await stored(system, order.order_id)


async def stored(system: System, order_id: OrderId) -> Order:
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, [order_id]))[order_id]


async def alerts(system: System, order: Order) -> list[AlertRaised]:
    async with system.pool.acquire() as connection:
        events = [logged.event for logged in await read_subject_events(connection, order.order_id)]
    return [event for event in events if isinstance(event, AlertRaised)]


async def called(system: System) -> list[tuple[ExceptionKind, str]]:
    found = await find_open(system, Filters())
    kinds = {ExceptionKind.PREDICTED_LATE, ExceptionKind.PARCEL}
    return [(one.kind, one.subject) for one, _ in found.items if one.kind in kinds]


async def test_what_will_be_on_time_is_looked_at_and_left_alone(system: System, clock: Clock) -> None:
    order = await released(system)
    assert [await look(system), await look(system)] == [1, 0]
    assert await alerts(system, order) == []
    async with system.pool.acquire() as connection:
        (expected,) = (await read_expected(connection, [order.order_id])).values()
    assert (expected.step, expected.percent < 30, expected.called_at) == ("picked", True, None)
    assert expected.promised_at == order.fulfillments[0].promised_at


async def test_an_order_that_cannot_be_written_hurts_no_other_and_is_looked_at_again(
    system: System, clock: Clock, database: Database
) -> None:
    bad, good = await released(system), await released(system, "B", "W-2")
    works = {order.fulfillments[0].fulfillment_id for order in (bad, good)}

    async def expected() -> set[str]:
        async with system.pool.acquire() as connection:
            return set(await read_expected(connection, [bad.order_id, good.order_id]))

    await database.pool.execute(f"ALTER TABLE predictions ADD CONSTRAINT barred CHECK (order_id <> '{bad.order_id}')")
    assert [await look(system), await look(system)] == [2, 0]
    assert await expected() == {good.fulfillments[0].fulfillment_id}

    await database.pool.execute("ALTER TABLE predictions DROP CONSTRAINT barred")
    clock.advance(minutes=16)
    assert await look(system) >= 1
    assert await expected() == works


async def test_a_person_is_called_before_the_promise_is_missed_and_only_once(system: System, clock: Clock) -> None:
    order = await released(system)
    work = order.fulfillments[0]
    clock.now = work.ship_by + timedelta(minutes=30)
    assert [await look(system) for _ in range(3)] == [1, 0, 0]
    clock.advance(minutes=16)
    assert await look(system) == 1
    (raised,) = await alerts(system, order)
    assert (raised.action, raised.rule, raised.step) == ("exception", "more likely late than not", "picked")
    assert raised.at < raised.promised_at == work.promised_at
    assert await called(system) == [(ExceptionKind.PREDICTED_LATE, work.fulfillment_id)]


async def test_two_workers_at_once_act_once(system: System, clock: Clock, database: Database) -> None:
    order = await released(system)
    clock.now = order.fulfillments[0].ship_by + timedelta(minutes=30)
    await follow(system)
    async with open_system(database.dsn, clock=Clock(clock.now)) as other:
        await asyncio.gather(*(look_at_due(one, Watcher()) for one in (system, other, system, other)))
    assert len(await alerts(system, order)) == 1


async def test_a_worker_waits_for_no_order_that_is_being_touched_and_claims_the_others(system: System) -> None:
    now = system.door.now()
    mark = "INSERT INTO watched_orders (order_id, touched, look_at) VALUES ($1, 1, $2)"
    touch = "UPDATE watched_orders SET touched = 2 WHERE order_id = 'ord_a'"
    async with system.pool.acquire() as first, system.pool.acquire() as second:
        await first.executemany(mark, [("ord_a", now), ("ord_b", now)])
        async with first.transaction():
            await first.execute(touch)
            assert await claim_watched(second, now, due_at=now, seconds=60.0, limit=10) == [Watch(OrderId("ord_b"), 1)]
        assert await claim_watched(second, now, due_at=now, seconds=60.0, limit=10) == [Watch(OrderId("ord_a"), 2)]


async def test_a_worker_that_read_the_order_before_another_acted_does_nothing(system: System, clock: Clock) -> None:
    """The order is claimed again while the first one still works: what it then decides is of a version that is gone."""
    order = await released(system)
    clock.now = order.fulfillments[0].ship_by + timedelta(minutes=30)
    await follow(system)
    await asyncio.gather(look_at_due(system, Watcher()), _steal(system), look_at_due(system, Watcher()))
    clock.advance(minutes=20)
    await look(system)
    assert len(await alerts(system, order)) == 1


async def _steal(system: System) -> None:
    async with system.pool.acquire() as connection:
        await connection.execute("UPDATE watched_orders SET claimed_until = NULL")


async def test_work_is_sent_from_elsewhere_where_that_keeps_the_promise(system: System, clock: Clock) -> None:
    await rule(system, "re_source", "exception", when="alert.leg == 'node' && alert.hours_left < 100.0")
    order = await released(system, "B")
    work = order.fulfillments[0]
    assert await look(system) == 1
    after, (told,) = await stored(system, order.order_id), await alerts(system, order)
    assert (told.action, told.fulfillment_id, told.node) == ("re_source", work.fulfillment_id, work.node)
    assert fulfillment_status(after, work.fulfillment_id) is AllocationState.REJECTED
    assert after.fulfillments[1].node != work.node
    assert after.fulfillments[1].promised_at <= work.promised_at
    assert await called(system) == []


async def test_work_goes_by_a_faster_service_where_that_keeps_the_promise_before_it_is_missed(
    system: System, clock: Clock
) -> None:
    await rule(system, "re_source", "upgrade", "tell", "exception")
    order = await released(system, ship_to=LOS_ANGELES)
    work = order.fulfillments[0]
    clock.now = work.ship_by + timedelta(hours=15)
    await look(system)
    after, (told,) = await stored(system, order.order_id), await alerts(system, order)
    assert (told.action, told.fulfillment_id) == ("upgrade", work.fulfillment_id)
    assert told.at < told.promised_at < told.predicted_at
    (faster,) = after.fulfillments
    assert (work.service, faster.service, told.detail) == ("standard", "express", "express")
    assert (faster.promised_at, faster.ship_by > clock.now) == (work.promised_at, True)
    assert fulfillment_status(after, work.fulfillment_id) is AllocationState.RELEASED
    assert await called(system) == []


async def test_a_fix_that_is_refused_is_not_said_to_be_done(system: System, clock: Clock) -> None:
    """The node reports in between: what the worker decided is of a version that is gone, and nothing is written."""
    order = await released(system, "B")
    work = order.fulfillments[0]
    accepted(await system.door.one(PickWork(work.fulfillment_id), actor="node"))
    late = RaiseAlert(work.fulfillment_id, "r", AlertAction.RE_SOURCE, "picked", work.promised_at, clock.now, 80)
    stale = Expected(frozenset({order.version}))
    refused = await system.door.submit(
        Request((RejectWork(work.fulfillment_id, "late"), late), "alerts", expected=stale)
    )
    assert [type(one).__name__ for one in refused.outcomes] == ["VersionConflict", "VersionConflict"]
    free = await system.door.submit(Request((RejectWork(work.fulfillment_id, "late"), late), "alerts"))
    assert [type(one).__name__ for one in free.outcomes] == ["NotPossibleNow", "Accepted"]
    assert await alerts(system, order) == []


async def test_where_nothing_keeps_the_promise_the_customer_and_a_person_are_told(system: System, clock: Clock) -> None:
    await rule(system, "re_source", "upgrade", "tell", "exception")
    order = await released(system)
    clock.now = order.fulfillments[0].ship_by + timedelta(hours=1)
    await look(system)
    assert [one.action for one in await alerts(system, order)] == ["tell", "exception"]
    assert (await stored(system, order.order_id)).version == order.version + 2


async def test_a_new_promise_is_watched_anew(system: System, clock: Clock) -> None:
    order = await released(system)
    work = order.fulfillments[0]
    clock.now = work.ship_by + timedelta(minutes=30)
    await look(system)
    accepted(await system.door.one(RedateWork(work.fulfillment_id, "agreed"), actor="ann"))
    assert await called(system) == []
    redated = (await stored(system, order.order_id)).fulfillments[0]
    clock.now = redated.ship_by + timedelta(hours=1)
    await look(system)
    assert [one.promised_at for one in await alerts(system, order)] == [work.promised_at, redated.promised_at]


async def test_what_was_delivered_is_watched_no_more(system: System, clock: Clock) -> None:
    order = await released(system)
    work = order.fulfillments[0]
    await look(system)
    accepted(await system.door.one(ShipWork(work.fulfillment_id), actor="node"))
    accepted(await system.door.one(DeliverWork(work.fulfillment_id), actor="node"))
    await look(system)
    async with system.pool.acquire() as connection:
        assert await read_expected(connection, [order.order_id]) == {}
        assert await connection.fetchval("SELECT count(*) FROM watched_orders") == 0


async def test_a_parcel_that_is_lost_calls_a_person_until_it_is_found(system: System, clock: Clock) -> None:
    order = await released(system)
    work = order.fulfillments[0]
    left = (Package("1", carrier="ups", tracking_number="1Z"),)
    accepted(await system.door.one(ShipWork(work.fulfillment_id, left), actor="node"))
    clock.advance(hours=20)
    lost = RecordTracking(work.fulfillment_id, "ups", "1Z", "lost", clock.now)
    accepted(await system.door.one(lost, actor="ups"))
    await look(system)
    assert await called(system) == [(ExceptionKind.PARCEL, work.fulfillment_id)]
    clock.advance(hours=2)
    found = RecordTracking(work.fulfillment_id, "ups", "1Z", "in_transit", clock.now)
    accepted(await system.door.one(found, actor="ups"))
    await look(system)
    assert await called(system) == []


async def test_times_are_measured_from_the_log_exactly_once(system: System, clock: Clock) -> None:
    order = await released(system)
    work = order.fulfillments[0]
    clock.advance(hours=2)
    accepted(await system.door.one(PickWork(work.fulfillment_id), actor="node"))
    clock.advance(hours=1)
    left = (Package("1", carrier="ups", service="ground", tracking_number="1Z"),)
    accepted(await system.door.one(ShipWork(work.fulfillment_id, left), actor="node"))
    clock.now = work.promised_at - timedelta(hours=3)
    told = RecordTracking(work.fulfillment_id, "ups", "1Z", "delivered", clock.now)
    accepted(await system.door.one(told, actor="ups"))
    measured = [await measure_from_log(system, events_max=4) for _ in range(6)]
    assert measured[-1] == 0
    async with system.pool.acquire() as connection:
        times = await read_all_times(connection)
    assert {name: one.observations for name, one in times.items() if name[1].endswith(("DC-PA", "ups"))} == {
        (Stage.WORK, "released/DC-PA"): 1,
        (Stage.WORK, "picked/DC-PA"): 1,
        (Stage.TRANSIT, "ups"): 1,
    }
