"""What a node can do in a shift is never promised twice by two processes; and without the check it would be."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, time

import pytest

from tests.builders import Clock, accepted, capture, follow_only_when_told, node, set_up, stock
from tests.conftest import Database
from tests.flows.test_capacity import without_check
from troth.engine.carriage.node_load import used_by
from troth.flows.door.system import System, open_system
from troth.model.capacity import Shift, Slot

CAPACITIES = (2, 3)


@pytest.fixture
async def processes(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[System, System]]:
    """Two processes, neither of which hears of what the other one promises."""
    follow_only_when_told(monkeypatch)
    shifts = (Shift(time(0), CAPACITIES[0]), Shift(time(14), CAPACITIES[1]))
    await set_up(database.pool, nodes=(node(shifts=shifts),))
    async with open_system(database.dsn, clock=Clock()) as first, open_system(database.dsn, clock=Clock()) as second:
        await stock(first, {("A", "DC-PA"): 1_000})
        yield first, second


async def race(processes: tuple[System, System]) -> dict[Slot, int]:
    """What forty orders at once, half of them in each process, take of each shift."""
    captures = [processes[number % 2].door.one(capture(f"R-{number}"), actor="test") for number in range(40)]
    total: dict[Slot, int] = {}
    for outcome in await asyncio.gather(*captures):
        for slot, amount in used_by(accepted(outcome)).items():
            total[slot] = total.get(slot, 0) + amount
    return total


async def used(database: Database) -> dict[tuple[date, int], int]:
    rows = await database.pool.fetch("SELECT day, shift, used FROM node_days")
    return {(row["day"], row["shift"]): row["used"] for row in rows}


async def test_two_processes_at_once_never_promise_more_than_a_shift_can_do(
    database: Database, processes: tuple[System, System]
) -> None:
    total = await race(processes)

    assert {(slot.day, slot.shift): amount for slot, amount in total.items()} == await used(database)
    assert sum(total.values()) == 40
    assert [slot for slot, amount in total.items() if amount > CAPACITIES[slot.shift]] == []


async def test_without_the_check_under_lock_shifts_are_promised_twice(
    database: Database, processes: tuple[System, System], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_check(monkeypatch)
    await database.pool.execute("ALTER TABLE node_days DROP CONSTRAINT node_days_never_overbooked")

    total = await race(processes)

    assert [slot for slot, amount in total.items() if amount > CAPACITIES[slot.shift]] != []
