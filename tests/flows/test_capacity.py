"""Two processes never promise the last slot of a node's day twice; and without the check under lock they would."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import date

import asyncpg
import pytest

from tests.builders import Clock, accepted, capture, follow_only_when_told, node, set_up, stock
from tests.conftest import Database
from troth.engine.carriage.node_load import used_by
from troth.flows.door.system import System, open_system
from troth.model.capacity import Slot
from troth.model.commands import CancelOrder
from troth.model.ids import NodeId, OrderId
from troth.model.order import Order
from troth.store import save

TODAY = date(2026, 11, 23)
_CHECK = re.compile(r"used \+ amount <= capacity")


@pytest.fixture
async def processes(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[System, System]]:
    """Two processes that both believe in one last slot of today, of three, which the first has then promised."""
    follow_only_when_told(monkeypatch)
    await set_up(database.pool, nodes=(node(capacity_per_day=3),))
    async with open_system(database.dsn, clock=Clock()) as first, open_system(database.dsn, clock=Clock()) as second:
        await stock(first, {("A", "DC-PA"): 1000})
        for number in range(2):
            accepted(await first.door.one(capture(f"W-{number}"), actor="test"))
        await second.door.follow()
        accepted(await first.door.one(capture("W-2"), actor="test"))
        yield first, second


def days_of(order: Order) -> list[tuple[date, int]]:
    return sorted((slot.day, amount) for slot, amount in used_by(order).items())


async def used(database: Database) -> dict[date, int]:
    rows = await database.pool.fetch("SELECT day, used FROM node_days ORDER BY day")
    return {row["day"]: row["used"] for row in rows}


def without_check(monkeypatch: pytest.MonkeyPatch) -> None:
    unchecked, found = _CHECK.subn("true", save._SAVE)
    assert found == 1
    monkeypatch.setattr(save, "_SAVE", unchecked)


async def test_who_comes_too_late_for_the_last_slot_is_promised_the_next_day(
    database: Database, processes: tuple[System, System]
) -> None:
    late = accepted(await processes[1].door.one(capture("W-9"), actor="test"))

    assert days_of(late) == [(date(2026, 11, 24), 1)]
    assert late.fulfillments[0].ship_by.date() == date(2026, 11, 25)  # 23:59 of the 24th in New York
    assert await used(database) == {TODAY: 3, date(2026, 11, 24): 1}


async def test_without_the_check_the_constraint_still_sends_it_to_the_next_day(
    database: Database, processes: tuple[System, System], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_check(monkeypatch)

    late = accepted(await processes[1].door.one(capture("W-9"), actor="test"))

    assert days_of(late) == [(date(2026, 11, 24), 1)]
    assert await used(database) == {TODAY: 3, date(2026, 11, 24): 1}


async def test_without_check_and_constraint_the_last_slot_is_promised_twice(
    database: Database, processes: tuple[System, System], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_check(monkeypatch)
    await database.pool.execute("ALTER TABLE node_days DROP CONSTRAINT node_days_never_overbooked")

    late = accepted(await processes[1].door.one(capture("W-9"), actor="test"))

    assert days_of(late) == [(TODAY, 1)]
    assert await used(database) == {TODAY: 4}


async def test_many_orders_at_once_in_two_processes_fill_each_day_to_its_limit(
    database: Database, processes: tuple[System, System]
) -> None:
    captures = [processes[number % 2].door.one(capture(f"R-{number}", {"A": 1}), actor="test") for number in range(40)]
    orders = [accepted(outcome) for outcome in await asyncio.gather(*captures)]

    total: dict[date, int] = {TODAY: 3}
    for order in orders:
        for day, amount in days_of(order):
            total[day] = total.get(day, 0) + amount
    assert total == await used(database)
    assert sum(total.values()) == 43
    assert sorted(total.values(), reverse=True) == [3] * 14 + [1]


async def test_a_cancelation_frees_the_slot_for_every_process(
    database: Database, processes: tuple[System, System]
) -> None:
    first, second = processes
    order = accepted(await first.door.one(capture("W-9"), actor="test"))
    gone = accepted(await first.door.one(CancelOrder(accepted_id("W-1"), "changed"), actor="test"))
    await second.door.follow()

    freed = accepted(await second.door.one(capture("W-10"), actor="test"))

    assert (days_of(order), days_of(gone), days_of(freed)) == ([(date(2026, 11, 24), 1)], [], [(TODAY, 1)])
    assert await used(database) == {TODAY: 3, date(2026, 11, 24): 1}


async def test_a_process_that_starts_knows_what_is_promised(
    database: Database, processes: tuple[System, System]
) -> None:
    async with open_system(database.dsn, clock=Clock()) as third:
        load = third.door.reference.network.load

        assert load.used == {Slot(NodeId("DC-PA"), TODAY): 3}


async def test_what_a_node_without_a_limit_promises_is_not_counted(database: Database) -> None:
    await set_up(database.pool)
    async with open_system(database.dsn, clock=Clock()) as system:
        await stock(system, {("A", "DC-PA"): 5})
        order = accepted(await system.door.one(capture(), actor="test"))

    assert order.fulfillments[0].booking is None
    assert await used(database) == {}


async def test_a_lowered_limit_keeps_what_is_promised_and_lets_it_be_given_back(
    database: Database, processes: tuple[System, System]
) -> None:
    await set_up(database.pool, nodes=(node(capacity_per_day=1),))
    first = processes[0]
    await first.door.follow()

    late = accepted(await first.door.one(capture("W-9"), actor="test"))
    accepted(await first.door.one(CancelOrder(accepted_id("W-1"), "changed"), actor="test"))

    assert days_of(late) == [(date(2026, 11, 24), 1)]
    assert await used(database) == {TODAY: 2, date(2026, 11, 24): 1}
    with pytest.raises(asyncpg.CheckViolationError, match="node_days_never_overbooked"):
        await database.pool.execute("UPDATE node_days SET used = capacity + 1 WHERE day = $1", TODAY)


def accepted_id(external_id: str) -> OrderId:
    return capture(external_id).order_id
