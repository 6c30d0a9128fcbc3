"""What the clock does, exactly once, whoever does it and however often."""

import asyncio
import logging
from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.engine.holds import decide_due
from troth.engine.promising.context import Facts
from troth.flows.door.requests import Request
from troth.flows.door.system import System, open_system
from troth.flows.orders.due import act_on_due, count_acted, find_next_due
from troth.model.commands import ActOnDue, PlaceHold
from troth.model.events import OrderReleased
from troth.model.ids import OrderId
from troth.model.status import OrderStatus, order_status
from troth.store.orders import read_orders
from troth.store.upkeep import try_sweep


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"),), items=(item("A"),))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "DC-PA"): 1_000})
        yield opened


async def capture_many(system: System, count: int) -> list[OrderId]:
    captured = await asyncio.gather(*(system.door.one(capture(f"W-{number}"), actor="test") for number in range(count)))
    return [accepted(outcome).order_id for outcome in captured]


async def releases(system: System) -> dict[str, int]:
    """How often each order was released, as the event log says."""
    rows = await system.pool.fetch("SELECT subject, count(*) FROM events WHERE kind = 'OrderReleased' GROUP BY subject")
    return {row["subject"]: row["count"] for row in rows}


async def test_orders_are_released_when_the_remorse_period_ends_and_not_before(system: System, clock: Clock) -> None:
    order_ids = await capture_many(system, 3)
    assert await act_on_due(system, system.door.now(), limit=10) == 0
    clock.advance(minutes=30)
    assert await act_on_due(system, system.door.now(), limit=10) == 3
    assert await releases(system) == dict.fromkeys(order_ids, 1)
    assert await find_next_due(system) is None
    actors = await system.pool.fetch("SELECT DISTINCT actor, cause FROM events WHERE kind = 'OrderReleased'")
    assert [tuple(row) for row in actors] == [("clock", "clock")]


async def test_a_round_takes_no_more_than_its_limit_the_longest_overdue_first(system: System, clock: Clock) -> None:
    first = await capture_many(system, 2)
    clock.advance(minutes=1)
    accepted(await system.door.one(capture("later"), actor="test"))
    clock.advance(minutes=31)
    assert await act_on_due(system, system.door.now(), limit=2) == 2
    assert await releases(system) == dict.fromkeys(first, 1)
    assert await act_on_due(system, system.door.now(), limit=2) == 1
    assert await act_on_due(system, system.door.now(), limit=2) == 0


async def test_an_expired_hold_is_lifted_and_its_order_released_in_one_go(system: System, clock: Clock) -> None:
    order = accepted(await system.door.one(capture(), actor="test"))
    until = clock.now.replace(hour=17)
    accepted(await system.door.one(PlaceHold(order.order_id, "fraud", "odd", until), actor="test"))
    assert await find_next_due(system) == until
    clock.advance(hours=3)
    assert await act_on_due(system, system.door.now(), limit=10) == 1
    async with system.pool.acquire() as connection:
        found = await read_orders(connection, [order.order_id])
    assert order_status(found[order.order_id]) is OrderStatus.RELEASED


async def test_two_workers_release_each_order_once(system: System, database: Database, clock: Clock) -> None:
    order_ids = await capture_many(system, 60)
    clock.advance(minutes=31)
    async with open_system(database.dsn, clock=clock) as second:
        acted = 0
        for _ in range(6):
            rounds = (act_on_due(one, one.door.now(), limit=20) for one in (system, second))
            acted += sum(await asyncio.gather(*rounds))
    assert acted == 60
    assert await releases(system) == dict.fromkeys(order_ids, 1)


async def test_commands_for_the_same_order_from_two_processes_release_it_once(
    system: System, database: Database, clock: Clock
) -> None:
    """Without the right to sweep, too: what makes it once is the order's lock, under which its state is read."""
    order_ids = await capture_many(system, 30)
    clock.advance(minutes=31)
    async with open_system(database.dsn, clock=clock) as second:
        await asyncio.gather(
            *(
                one.door.submit(Request((ActOnDue(order_id),), "clock", "clock"))
                for order_id in order_ids
                for one in (system, second, system)
            )
        )
    assert await releases(system) == dict.fromkeys(order_ids, 1)


async def test_without_the_lock_two_processes_would_both_decide_to_release(system: System, clock: Clock) -> None:
    """The control of the test above: from what each has read, each finds the release due."""
    order_id = (await capture_many(system, 1))[0]
    clock.advance(minutes=31)
    reference = system.door.reference
    facts = Facts(system.door.now(), "clock", reference.network, reference.items, reference.policy)
    decided = []
    for _ in range(2):
        async with system.pool.acquire() as connection:
            decided.append(decide_due((await read_orders(connection, [order_id]))[order_id], facts))
    assert [[type(event) for event in events] for events in decided] == [[OrderReleased], [OrderReleased]]


async def test_a_sweep_is_left_to_the_worker_that_is_at_it(system: System, clock: Clock) -> None:
    await capture_many(system, 1)
    clock.advance(minutes=31)
    async with system.pool.acquire() as connection, connection.transaction():
        assert await try_sweep(connection)
        assert await act_on_due(system, system.door.now(), limit=10) == 0
    assert await act_on_due(system, system.door.now(), limit=10) == 1


async def test_an_order_that_cannot_be_decided_is_left_out_and_holds_up_nobody(
    system: System, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    order_ids = await capture_many(system, 3)
    await system.pool.execute("UPDATE orders SET ship_to = '[]' WHERE order_id = $1", order_ids[0])
    clock.advance(minutes=31)
    left_out: set[OrderId] = set()
    with caplog.at_level(logging.ERROR):
        assert await act_on_due(system, system.door.now(), limit=3, without=left_out) == 2
    assert left_out == {order_ids[0]}
    assert [record.getMessage() for record in caplog.records] == [f"cannot act on due order {order_ids[0]}"]
    assert await releases(system) == dict.fromkeys(order_ids[1:], 1)
    later = await system.door.one(capture("later"), actor="test")
    clock.advance(minutes=31)
    assert await act_on_due(system, system.door.now(), limit=1, without=left_out) == 1
    assert accepted(later).order_id in await releases(system)


def test_a_database_that_is_away_leaves_no_order_out() -> None:
    left_out: set[OrderId] = set()
    away = asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        count_acted([OrderId("O-1"), OrderId("O-2")], [away, away], left_out)
    assert left_out == set()
