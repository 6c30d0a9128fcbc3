"""A process learns what others wrote within one look, whatever else is under way in the database."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.builders import accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.door.system import System, open_system
from troth.flows.stock.availability import Answered, read_availability
from troth.model.ids import NodeId, Sku
from troth.model.refusals import FieldFlaw, Invalid
from troth.store.stock_load import Position, load_balances

BEHIND_HORIZON = "SELECT count(*) FROM entries WHERE xid >= $1::xid8 AND xid < pg_snapshot_xmin(pg_current_snapshot())"


@pytest.fixture
async def pair(database: Database) -> AsyncIterator[tuple[System, System]]:
    await set_up(database.pool, nodes=(node("DC-PA"), node("DC-IL")), items=(item("A"), item("B")))
    async with open_system(database.dsn) as seller, open_system(database.dsn) as reader:
        await stock(seller, {("A", "DC-PA"): 10, ("B", "DC-IL"): 4})
        await reader.door.follow()
        yield seller, reader


async def _available(system: System, sku: str) -> int:
    found = await read_availability(system, [Sku(sku)])
    assert isinstance(found, Answered)
    return found.items[0].stock.available


async def test_a_sale_is_seen_while_another_transaction_stays_open(
    pair: tuple[System, System], database: Database
) -> None:
    seller, reader = pair
    assert await _available(reader, "A") == 10
    feed = await asyncpg.connect(database.dsn)
    try:
        async with feed.transaction():
            began = await feed.fetchval("SELECT pg_current_xact_id()")
            accepted(await seller.door.one(capture("F-1", {"A": 3}), actor="test"))
            await reader.door.follow()

            assert await _available(reader, "A") == 7
            behind = await database.pool.fetchval(BEHIND_HORIZON, began)
            assert behind == 0, "the control: a reader that stops at the horizon has seen nothing"
    finally:
        await feed.close()


async def test_what_a_long_transaction_wrote_is_seen_once_it_is_committed(
    pair: tuple[System, System], database: Database
) -> None:
    seller, reader = pair
    assert await _available(reader, "B") == 4
    feed = await asyncpg.connect(database.dsn)
    try:
        transaction = feed.transaction()
        await transaction.start()
        moves = [Position(Sku("B"), NodeId("DC-IL"), 9)]
        now = await feed.fetchval("SELECT now()")
        await load_balances(feed, moves, at=now, reason="feed", reference="")
        for number in range(3):
            accepted(await seller.door.one(capture(f"L-{number}", {"A": 1}), actor="test"))
            await reader.door.follow()
        assert (await _available(reader, "A"), await _available(reader, "B")) == (7, 4)

        await transaction.commit()
        await reader.door.follow()
    finally:
        await feed.close()

    assert await _available(reader, "B") == 9


async def test_what_was_rolled_back_is_never_seen(pair: tuple[System, System], database: Database) -> None:
    _, reader = pair
    assert await _available(reader, "B") == 4
    feed = await asyncpg.connect(database.dsn)
    try:
        transaction = feed.transaction()
        await transaction.start()
        moves = [Position(Sku("B"), NodeId("DC-IL"), 9)]
        now = await feed.fetchval("SELECT now()")
        await load_balances(feed, moves, at=now, reason="feed", reference="")
        await reader.door.follow()
        await transaction.rollback()
        await reader.door.follow()
    finally:
        await feed.close()

    assert await _available(reader, "B") == 4


async def test_a_look_that_failed_is_made_good_by_the_next(pair: tuple[System, System], database: Database) -> None:
    seller, reader = pair
    assert await _available(reader, "A") == 10
    accepted(await seller.door.one(capture("R-1", {"A": 4}), actor="test"))
    await database.pool.execute("ALTER TABLE entries RENAME TO entries_away")
    with pytest.raises(asyncpg.UndefinedTableError):
        await reader.door.follow()
    await database.pool.execute("ALTER TABLE entries_away RENAME TO entries")

    await reader.door.follow()

    assert await _available(reader, "A") == 6


async def test_an_item_that_is_forgotten_while_its_stock_is_read_is_looked_up_again(
    pair: tuple[System, System], database: Database
) -> None:
    _, reader = pair
    await reader.door.reference.need_items([Sku("A")])
    async with reader.door._lane:
        asked = asyncio.create_task(read_availability(reader, [Sku("A")]))
        await asyncio.sleep(0)  # it knows the item now, and waits for the lane to read its stock
        await set_up(database.pool, items=(item("C"),))
        await reader.door.reference.refresh()
        forgotten = Sku("A") not in reader.door.reference.items
    answered, unknown = await asked, await read_availability(reader, [Sku("A"), Sku("NONE")])

    assert forgotten, "the control: without another look it is no item"
    assert isinstance(answered, Answered)
    assert answered.items[0].stock.available == 10
    assert unknown == Invalid((FieldFlaw("?sku", "there is no item NONE"),))
