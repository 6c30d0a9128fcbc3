"""A process that starts loads what was ordered lately before it is ready, then the rest, up to a bound."""

from collections.abc import AsyncIterator, Collection
from contextlib import nullcontext

import pytest

from tests.builders import Clock, accepted, capture, follow_only_when_told, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.door import door
from troth.flows.door.system import System, open_system
from troth.flows.stock.warm_up import Warmth, WarmUp, warming_up
from troth.model.ids import Sku
from troth.store.balances import read_stock
from troth.store.database import Connection
from troth.store.shelf import SkuStock
from troth.store.stock_index import StockIndex

SKUS = [Sku(f"S{number:02}") for number in range(40)]
ORDERED = (SKUS[31], SKUS[7])


async def _fill(database: Database, clock: Clock) -> None:
    """Forty items at two nodes, of which two were ordered, and a kit of one of them."""
    kit = item("KIT", kit=((SKUS[7], 2),))
    await set_up(database.pool, nodes=(node("DC-PA"), node("DC-IL")), items=(*map(item, SKUS), kit))
    async with open_system(database.dsn, clock=clock) as system:
        await stock(system, {(sku, at): 5 for sku in SKUS for at in ("DC-PA", "DC-IL")})
        for sku in ORDERED:
            accepted(await system.door.one(capture(f"W-{sku}", {sku: 1}), actor="web"))


def _loaded(system: System) -> set[Sku]:
    return set(SKUS) - set(system.door.index.missing(SKUS))


async def test_what_was_ordered_lately_is_there_first_and_then_all(database: Database, clock: Clock) -> None:
    await _fill(database, clock)
    async with open_system(database.dsn, clock=clock) as system:
        assert _loaded(system) == set()
        async with warming_up(system, balances_max=1_000) as warm_up:
            assert warm_up.warmth is Warmth.COLD
            await warm_up.until_warm()
            assert _loaded(system) >= set(ORDERED)
            await warm_up.run()

        assert (warm_up.warmth, _loaded(system)) == (Warmth.LOADED, set(SKUS))
        assert {"KIT", *SKUS} <= system.door.reference.items.keys()
        assert system.door.index.size == 80


async def test_it_stops_at_its_bound_with_what_was_ordered_last(database: Database, clock: Clock) -> None:
    await _fill(database, clock)
    async with open_system(database.dsn, clock=clock) as system:
        warm_up = WarmUp(system, balances_max=1)
        await warm_up.run()

        assert (warm_up.warmth, _loaded(system)) == (Warmth.LOADED, {ORDERED[-1]})


@pytest.fixture
async def selling(database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[System]:
    """A process that hears of two units that another one sold, when it has just read what there was before."""
    follow_only_when_told(monkeypatch)
    await _fill(database, clock)
    async with open_system(database.dsn, clock=clock) as system, open_system(database.dsn, clock=clock) as other:

        async def read_then_hear(connection: Connection, skus: Collection[Sku]) -> list[SkuStock]:
            stocks = await read_stock(connection, skus)
            monkeypatch.setattr(door, "read_stock", read_stock)
            accepted(await other.door.one(capture("W-9", {SKUS[0]: 2}), actor="web"))
            await system.door.follow()
            return stocks

        monkeypatch.setattr(door, "read_stock", read_then_hear)
        yield system


async def _reserved(system: System) -> int:
    """The units of the item that are reserved as far as the process knows."""
    await system.door.follow()
    await system.door.need_stock([SKUS[0]])
    return sum(balance.reserved for balance in system.door.index.balances(SKUS[0]))


async def test_what_is_sold_while_it_is_read_is_not_remembered_as_it_was(selling: System) -> None:
    await selling.door.load_stock(SKUS)

    assert _loaded(selling) == set(SKUS[1:])
    assert await _reserved(selling) == 2


async def test_without_a_note_of_what_moved_it_would_be(selling: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StockIndex, "noting_moves", lambda _self: nullcontext(set()))

    await selling.door.load_stock(SKUS)

    assert await _reserved(selling) == 0


async def test_without_a_bound_to_load_to_it_is_ready_at_once_and_empty(database: Database, clock: Clock) -> None:
    await _fill(database, clock)
    async with open_system(database.dsn, clock=clock) as system, warming_up(system, balances_max=0) as warm_up:
        await warm_up.until_warm()

        assert (warm_up.warmth, _loaded(system)) == (Warmth.LOADED, set())
