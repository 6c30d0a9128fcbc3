"""Negative controls: without the check under lock a stale process oversells, and only the constraint stops it."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.builders import Clock, accepted, capture, set_up, stock
from tests.conftest import Database
from troth.flows.requests import Accepted
from troth.flows.system import System, open_system
from troth.model.ids import Sku
from troth.model.refusals import StockShort
from troth.store import save

_CHECK = "coalesce(bool_and(on_hand - reserved >= needed), true)"


@pytest.fixture
async def processes(database: Database) -> AsyncIterator[tuple[System, System]]:
    """Two processes that both believe in five units, of which the first has then sold all."""
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


async def test_a_stale_process_is_put_right_by_the_check_under_lock(
    database: Database, processes: tuple[System, System]
) -> None:
    assert isinstance(await processes[1].door.one(capture("W-9"), actor="test"), StockShort)
    assert await _reserved(database) == 5


async def test_without_the_check_the_constraint_stops_the_oversell_with_an_error(
    database: Database, processes: tuple[System, System], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _CHECK in save._SAVE
    monkeypatch.setattr(save, "_SAVE", save._SAVE.replace(_CHECK, "true"))
    with pytest.raises(asyncpg.CheckViolationError, match="balances_never_oversold"):
        await processes[1].door.one(capture("W-9"), actor="test")
    assert await _reserved(database) == 5


async def test_without_check_and_constraint_the_same_order_is_sold_twice(
    database: Database, processes: tuple[System, System], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(save, "_SAVE", save._SAVE.replace(_CHECK, "true"))
    await database.pool.execute("ALTER TABLE balances DROP CONSTRAINT balances_never_oversold")
    assert isinstance(await processes[1].door.one(capture("W-9"), actor="test"), Accepted)
    assert await _reserved(database) == 6
