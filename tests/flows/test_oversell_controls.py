"""Negative controls: without the check under lock a stale process oversells, and only the constraint stops it."""

import re
from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.builders import Clock, accepted, capture, follow_only_when_told, set_up, stock
from tests.conftest import Database
from troth.flows.door.requests import Accepted, Answer, Key, Outcome, Request
from troth.flows.door.system import System, open_system
from troth.model.ids import Sku
from troth.model.refusals import StockShort
from troth.store import save

_CHECK = re.compile(r"coalesce\(bool_and\(on_hand - reserved >= \w+\), true\)")


@pytest.fixture
async def processes(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[System, System]]:
    """Two processes that both believe in five units, of which the first has then sold all."""
    follow_only_when_told(monkeypatch)
    await set_up(database.pool)
    async with open_system(database.dsn, clock=Clock()) as first, open_system(database.dsn, clock=Clock()) as second:
        await stock(first, {("A", "DC-PA"): 5})
        await second.door.need_stock([Sku("A")])
        for number in range(5):
            accepted(await first.door.one(capture(f"W-{number}"), actor="test"))
        yield first, second


async def _reserved(database: Database) -> int:
    units: int = await database.pool.fetchval("SELECT reserved FROM balances WHERE sku = 'A'")
    return units


@pytest.fixture(params=["save_captures", "save"])
def statement(request: pytest.FixtureRequest) -> str:
    """Which statement writes the order: what comes with an idempotency key goes into the one for everything."""
    return str(request.param)


async def _capture(system: System, statement: str) -> Outcome:
    key = Key("K-1", "digest") if statement == "save" else None
    answer = (lambda _: Answer(201, b"")) if key else None
    return (await system.door.submit(Request((capture("W-9"),), "test", key=key, answer=answer))).outcomes[0]


def _let_pass(statement: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch the check of a statement off."""
    name = f"_{statement.upper()}"
    unchecked, found = _CHECK.subn("true", getattr(save, name))
    assert found == 1
    monkeypatch.setattr(save, name, unchecked)


async def test_a_stale_process_is_put_right_by_the_check_under_lock(
    database: Database, processes: tuple[System, System], statement: str
) -> None:
    assert isinstance(await _capture(processes[1], statement), StockShort)
    assert await _reserved(database) == 5


async def test_without_the_check_the_constraint_stops_the_oversell_with_an_error(
    database: Database, processes: tuple[System, System], statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _let_pass(statement, monkeypatch)
    with pytest.raises(asyncpg.CheckViolationError, match="balances_never_oversold"):
        await _capture(processes[1], statement)
    assert await _reserved(database) == 5


async def test_without_check_and_constraint_the_same_order_is_sold_twice(
    database: Database, processes: tuple[System, System], statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _let_pass(statement, monkeypatch)
    await database.pool.execute("ALTER TABLE balances DROP CONSTRAINT balances_never_oversold")
    assert isinstance(await _capture(processes[1], statement), Accepted)
    assert await _reserved(database) == 6
