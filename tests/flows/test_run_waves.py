"""Waves in the database: each work goes once, no wave takes more than it has room for, and people have their say."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.engine.promising.context import Facts
from troth.engine.release import decide_wave
from troth.engine.waves.waves import Amount
from troth.flows.documents.families import RELEASE_RULES
from troth.flows.door.requests import Request
from troth.flows.door.system import System, open_system
from troth.flows.exceptions.fixing import Fixed, apply_fix
from troth.flows.exceptions.looking import Looked, look
from troth.flows.exceptions.workbench import Filters, find_open
from troth.flows.orders.change_wave import change_wave, release_wave
from troth.flows.orders.due import act_on_due
from troth.flows.orders.wave_preview import preview_waves
from troth.flows.orders.waves import Ran, run_waves
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import Acted, activate
from troth.model.commands import CancelOrder, PlaceHold, RejectWork, ReleaseOrder, RunWave
from troth.model.events import OrderReleased
from troth.model.exceptions import ExceptionKind
from troth.model.fix import FixKind
from troth.model.hold_rules import BUILT_IN
from troth.model.ids import OrderId
from troth.model.lifecycle import WaveEvent, WaveState
from troth.model.order import Order
from troth.model.refusals import Invalid, NotFound, NotPossibleNow
from troth.model.status import OrderStatus, order_status
from troth.store.orders import read_orders
from troth.store.releases import Wave, find_late_releases, read_waves, try_waves

FIRST, SECOND = "parcels~DC-PA~20261123T1600Z", "parcels~DC-PA~20261123T1800Z"
WAVES: dict[str, Any] = {"name": "parcels", "times": ["11:00:00", "13:00:00"]}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"), node("DC-IL")), items=(item("A"), item("B")))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "DC-PA"): 1_000, ("B", "DC-IL"): 1_000})
        yield opened


async def decide_by(system: System, **rules: Any) -> None:
    saved = await save_draft(system, RELEASE_RULES, "test", rules, actor="ann")
    assert isinstance(saved, Saved), saved
    acted = await activate(system, RELEASE_RULES, "test", saved.document.version, reason="test", actor="ann")
    assert isinstance(acted, Acted), acted


async def capture_planned(system: System, clock: Clock, count: int, **changes: Any) -> list[OrderId]:
    """Orders whose remorse period is over, and that are planned into the first wave."""
    outcomes = await asyncio.gather(
        *(system.door.one(capture(f"W-{number}", **changes), actor="test") for number in range(count))
    )
    clock.advance(minutes=31)
    assert await act_on_due(system, system.door.now(), limit=1_000) == count
    return [accepted(outcome).order_id for outcome in outcomes]


async def stored(system: System, order_ids: list[OrderId]) -> list[Order]:
    async with system.pool.acquire() as connection:
        found = await read_orders(connection, order_ids)
    return [found[order_id] for order_id in order_ids]


async def releases(system: System) -> dict[str, int]:
    """How often each order was released, as the event log says."""
    rows = await system.pool.fetch("SELECT subject, count(*) FROM events WHERE kind = 'OrderReleased' GROUP BY subject")
    return {row["subject"]: row["count"] for row in rows}


async def wave_of(system: System, wave: str) -> Wave:
    async with system.pool.acquire() as connection:
        return (await read_waves(connection, [wave]))[wave]


def at(clock: Clock, hour: int, minute: int = 0) -> datetime:
    """Let it be a time of the day in UTC."""
    clock.now = clock.now.replace(hour=hour, minute=minute, second=0)
    return clock.now


async def test_a_wave_takes_what_it_has_room_for_and_the_rest_goes_with_the_next(system: System, clock: Clock) -> None:
    await decide_by(system, waves=[WAVES | {"orders_max": 2}])
    order_ids = await capture_planned(system, clock, 3)
    assert await releases(system) == {}
    assert await run_waves(system, system.door.now(), limit=10) == Ran()

    assert await run_waves(system, at(clock, 16), limit=10) == Ran(3)
    assert len(await releases(system)) == 2
    assert (await wave_of(system, FIRST)).taken == Amount(2, 2, 2)
    waiting = [one for order in await stored(system, order_ids) for one in order.planned]
    assert [one.wave for one in waiting] == [SECOND]
    assert await run_waves(system, system.door.now(), limit=10) == Ran()

    await run_waves(system, at(clock, 18), limit=10)
    assert await releases(system) == dict.fromkeys(order_ids, 1)
    assert await system.pool.fetchval("SELECT count(*) FROM planned_releases") == 0


async def test_an_order_of_two_nodes_goes_to_each_of_them_when_its_wave_comes(system: System, clock: Clock) -> None:
    late = {"name": "illinois", "times": ["12:00:00"], "where": "node.id == 'DC-IL'"}
    await decide_by(system, waves=[late, WAVES])
    (order_id,) = await capture_planned(system, clock, 1, lines={"A": 1, "B": 1})
    await run_waves(system, at(clock, 16), limit=10)
    (order,) = await stored(system, [order_id])
    assert {part.node: part.state.value for part in order.allocations} == {"DC-PA": "released", "DC-IL": "reserved"}
    assert [one.wave for one in order.planned] == ["illinois~DC-IL~20261123T1800Z"]
    await run_waves(system, at(clock, 18), limit=10)
    (order,) = await stored(system, [order_id])
    assert {part.state.value for part in order.allocations} == {"released"}
    assert order.planned == ()


async def test_two_workers_and_a_person_release_each_order_once_and_no_wave_takes_too_much(
    system: System, database: Database, clock: Clock
) -> None:
    await decide_by(system, waves=[WAVES | {"units_max": 25}])
    order_ids = await capture_planned(system, clock, 40)
    at(clock, 16)
    async with open_system(database.dsn, clock=clock) as second:
        await asyncio.gather(
            *(run_waves(one, one.door.now(), limit=10) for one in (system, second) for _ in range(4)),
            *(second.door.one(ReleaseOrder(order_id), actor="ann") for order_id in order_ids[:10]),
        )
        while (await run_waves(system, system.door.now(), limit=10)).changed:
            pass
    released = await releases(system)
    taken = (await wave_of(system, FIRST)).taken.orders
    assert set(released.values()) == {1}
    assert taken is not None
    assert 15 <= taken <= 25
    assert await system.pool.fetchval("SELECT count(*) FROM planned_releases WHERE wave = $1", FIRST) == 0
    at(clock, 18)
    while (await run_waves(system, system.door.now(), limit=50)).changed:
        pass
    assert await releases(system) == dict.fromkeys(order_ids, 1)


async def test_without_the_lock_of_the_order_both_would_decide_to_release(system: System, clock: Clock) -> None:
    """The control of the test above: from what each has read, each finds the work in the wave."""
    await decide_by(system, waves=[WAVES])
    (order_id,) = await capture_planned(system, clock, 1)
    (order,) = await stored(system, [order_id])
    reference = system.door.reference
    facts = Facts(at(clock, 16), "clock", reference.network, reference.items, reference.policy)
    command = RunWave(order_id, FIRST, released=(order.planned[0].fulfillment_id,))
    decided = [decide_wave(command, order, facts) for _ in range(2)]
    assert [[type(event) for event in events] for events in decided] == [[OrderReleased], [OrderReleased]]

    both = await asyncio.gather(*(system.door.submit(Request((command,), "clock", "clock")) for _ in range(2)))
    assert len(both) == 2
    assert await releases(system) == {order_id: 1}


async def test_a_wave_is_left_to_the_worker_that_runs_it(system: System, clock: Clock) -> None:
    await decide_by(system, waves=[WAVES])
    await capture_planned(system, clock, 1)
    at(clock, 16)
    async with system.pool.acquire() as connection, connection.transaction():
        assert await try_waves(connection)
        assert await run_waves(system, system.door.now(), limit=10) == Ran()
    assert await run_waves(system, system.door.now(), limit=10) == Ran(1)


async def test_a_wave_that_was_broken_off_goes_on_with_the_room_that_is_left(system: System, clock: Clock) -> None:
    await decide_by(system, waves=[WAVES | {"orders_max": 3}])
    order_ids = await capture_planned(system, clock, 5)
    at(clock, 16)
    orders = await stored(system, order_ids[:2])
    for order in orders:  # as far as a worker came that was killed
        command = RunWave(order.order_id, FIRST, released=(order.planned[0].fulfillment_id,))
        await system.door.one(command, actor="clock")
    await run_waves(system, system.door.now(), limit=10)
    assert (await wave_of(system, FIRST)).taken == Amount(3, 3, 3)
    assert len(await releases(system)) == 3


async def test_who_has_to_begin_first_goes_first_then_by_promise_and_priority(system: System, clock: Clock) -> None:
    await decide_by(system, waves=[WAVES | {"orders_max": 1}])
    hurried = accepted(await system.door.one(capture("P-1", attributes={"priority": "7"}), actor="test"))
    clock.advance(minutes=31)
    await act_on_due(system, system.door.now(), limit=10)
    clock.advance(minutes=-31)
    await capture_planned(system, clock, 2)
    await run_waves(system, at(clock, 16), limit=10)
    assert list(await releases(system)) == [hurried.order_id]


async def test_a_canceled_order_leaves_its_wave(system: System, clock: Clock) -> None:
    await decide_by(system, waves=[WAVES])
    (order_id,) = await capture_planned(system, clock, 1)
    accepted(await system.door.one(CancelOrder(order_id, "changed my mind"), actor="ann"))
    assert await system.pool.fetchval("SELECT count(*) FROM planned_releases") == 0
    assert await run_waves(system, at(clock, 16), limit=10) == Ran()


async def test_a_wave_that_is_held_waits_until_it_is_resumed(system: System, clock: Clock) -> None:
    await decide_by(system, waves=[WAVES])
    order_ids = await capture_planned(system, clock, 2)
    held = await change_wave(system, FIRST, WaveEvent.HOLD, reason="the sorter is down", actor="ann")
    assert isinstance(held, tuple)
    assert (held[0].state, held[0].changed_by) == (WaveState.HELD, "ann")
    assert await run_waves(system, at(clock, 17), limit=10) == Ran()
    refused = await release_wave(system, FIRST, reason="now", actor="ann")
    assert refused == NotPossibleNow("release", "held", (WaveEvent.RESUME, WaveEvent.CLOSE))
    clock.advance(hours=8)
    async with system.pool.acquire() as connection:
        late = await find_late_releases(connection, system.door.now(), limit=10)
    assert {one.order_id for one in late} == set(order_ids)
    await change_wave(system, FIRST, WaveEvent.RESUME, reason="it runs", actor="ann")
    await run_waves(system, system.door.now(), limit=10)
    assert await releases(system) == dict.fromkeys(order_ids, 1)


async def test_work_of_a_held_wave_that_should_have_begun_calls_a_person_who_can_release_it(
    system: System, clock: Clock
) -> None:
    await decide_by(system, waves=[WAVES])
    first, second = await capture_planned(system, clock, 2)
    await change_wave(system, FIRST, WaveEvent.HOLD, reason="the sorter is down", actor="ann")
    assert (await find_open(system, Filters())).items == ()
    clock.advance(hours=8)
    held = PlaceHold(second, "fraud", "look at it", terms=BUILT_IN["fraud"].terms)
    accepted(await system.door.one(held, actor="ann"))

    ((found, risk),) = (await find_open(system, Filters(kinds=frozenset({ExceptionKind.LATE_RELEASE})))).items
    looked = await look(system, found, role="operator")
    assert isinstance(looked, Looked)
    fix = looked.fixes[0]
    done = await apply_fix(
        system, found.exception_id, fix.fix_id, version=found.version, reason="by hand", actor="ann", role="operator"
    )

    assert (found.order_id, found.node, found.detail) == (first, "DC-PA", f"in wave {FIRST}")
    assert risk.owed_minor == 1_990
    assert [one.kind for one in looked.fixes] == [FixKind.RELEASE, FixKind.CANCEL]
    assert isinstance(done, Fixed), done
    assert await releases(system) == {first: 1}
    assert [one.kind for one, _ in (await find_open(system, Filters())).items] == [ExceptionKind.HOLD]


async def test_a_wave_that_is_closed_gives_what_can_wait_to_the_next(system: System, clock: Clock) -> None:
    await decide_by(system, waves=[WAVES])
    order_ids = await capture_planned(system, clock, 2)
    closed = await change_wave(system, FIRST, WaveEvent.CLOSE, reason="staff is out", actor="ann")
    assert isinstance(closed, tuple)
    assert closed[1] == Ran(2)
    assert [one.wave for order in await stored(system, order_ids) for one in order.planned] == [SECOND, SECOND]
    closed = await change_wave(system, SECOND, WaveEvent.CLOSE, reason="staff is out", actor="ann")
    assert isinstance(closed, tuple)
    assert await releases(system) == dict.fromkeys(order_ids, 1)  # there is no later wave in time
    again = await change_wave(system, SECOND, WaveEvent.CLOSE, reason="again", actor="ann")
    assert again == NotPossibleNow("close", "closed", (WaveEvent.RESUME,))


async def test_a_wave_is_run_before_its_time_as_far_as_it_has_room(system: System, clock: Clock) -> None:
    await decide_by(system, waves=[WAVES | {"orders_max": 3}])
    order_ids = await capture_planned(system, clock, 2)
    assert await release_wave(system, FIRST, reason="they are idle", actor="ann") == Ran(2)
    assert await releases(system) == dict.fromkeys(order_ids, 1)
    assert (await wave_of(system, FIRST)).taken == Amount(2, 2, 2)


async def test_only_waves_that_there_are_can_be_changed_and_only_with_a_reason(system: System) -> None:
    await decide_by(system, waves=[WAVES])
    for name in (
        "parcels",
        "parcels~DC-PA~20261123T1601Z",
        "parcels~NOWHERE~20261123T1600Z",
        "other~DC-PA~20261123T1600Z",
    ):
        assert await change_wave(system, name, WaveEvent.HOLD, reason="r", actor="ann") == NotFound("wave", name)
    refused = await change_wave(system, FIRST, WaveEvent.HOLD, reason=" ", actor="ann")
    assert isinstance(refused, Invalid)
    assert await system.pool.fetchval("SELECT count(*) FROM waves") == 0


async def test_the_waves_to_come_are_shown_with_what_each_will_hold(system: System, clock: Clock) -> None:
    await decide_by(system, waves=[WAVES | {"orders_max": 2, "where": "node.id == 'DC-PA'"}])
    await capture_planned(system, clock, 3)
    accepted(await system.door.one(capture("new"), actor="test"))  # still in its remorse period
    found = await preview_waves(system, until=system.door.now() + timedelta(hours=5))
    assert [
        (
            one.wave.wave,
            one.room.orders,
            one.forecast.taken.orders,
            one.forecast.over.orders,
            one.forecast.put_off.orders,
        )
        for one in found.waves
    ] == [(FIRST, 2, 2, 0, 1), (SECOND, 2, 2, 0, 0)]
    assert not found.is_partial
    assert await system.pool.fetchval("SELECT count(*) FROM planned_releases WHERE wave = $1", SECOND) == 0


async def test_an_order_that_was_sourced_again_after_its_release_goes_with_the_next_wave(
    system: System, clock: Clock
) -> None:
    await decide_by(system, waves=[WAVES])
    await stock(system, {("A", "DC-IL"): 10})
    (order_id,) = await capture_planned(system, clock, 1)
    await run_waves(system, at(clock, 16), limit=10)
    (order,) = await stored(system, [order_id])
    accepted(await system.door.one(RejectWork(order.fulfillments[0].fulfillment_id, "damaged"), actor="pa"))
    await act_on_due(system, system.door.now(), limit=10)
    (order,) = await stored(system, [order_id])
    assert [one.wave for one in order.planned] == ["parcels~DC-IL~20261123T1700Z"]
    await run_waves(system, at(clock, 17), limit=10)
    (order,) = await stored(system, [order_id])
    assert order_status(order) is OrderStatus.RELEASED
