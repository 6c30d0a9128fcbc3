"""A load in bulk that meets others: what they move between its look and its lock is looked up again."""

import asyncio
from datetime import timedelta

import pytest

from tests.builders import NOW, item, node, set_up
from tests.conftest import Database
from troth.model.ids import NodeId, Sku
from troth.store import stock_load
from troth.store.database import Pool, transaction
from troth.store.stock_load import Loaded, Overtaken, Position, load_balances, plan_by_key

PA = NodeId("DC-PA")
LATER = NOW + timedelta(minutes=5)


async def _load(pool: Pool, units: int) -> Loaded:
    async with transaction(pool) as connection:
        await plan_by_key(connection)
        return await load_balances(
            connection, [Position(Sku("A"), PA, units)], as_of=NOW, at=LATER, reason="feed", reference=""
        )


async def _waits(pool: Pool) -> None:
    """Return when somebody waits for a lock of this database."""
    for _ in range(500):
        if await pool.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")


async def _race(pool: Pool) -> tuple[int, int]:
    """Ten on hand; a feed says eight as of then, and three are shipped while it waits: the balance, and its entries."""
    await set_up(pool, nodes=(node(PA),), items=(item("A"),))
    await _load(pool, 10)
    async with transaction(pool) as connection:
        await connection.execute("SELECT FROM balances FOR UPDATE")
        load = asyncio.create_task(_load(pool, 8))
        await _waits(pool)
        await connection.execute("UPDATE balances SET on_hand = on_hand - 3 WHERE sku = 'A'")
        await connection.execute(
            "INSERT INTO entries (sku, node, source, at, kind, on_hand_delta, reserved_delta, reason, reference)"
            " VALUES ('A', 'DC-PA', 'on_hand', $1, 'post', -3, 0, '', '')",
            LATER,
        )
    await load
    on_hand: int = await pool.fetchval("SELECT on_hand FROM balances")
    folded: int = await pool.fetchval("SELECT sum(on_hand_delta)::bigint FROM entries")
    return on_hand, folded


async def test_what_was_shipped_between_the_look_and_the_lock_is_respected(database: Database) -> None:
    assert await _race(database.pool) == (5, 5)


async def test_without_looking_again_the_shipment_would_be_lost(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        stock_load, "_LOAD", stock_load._LOAD.replace("b.ctid = s.place AS is_as_seen", "true AS is_as_seen")
    )

    assert await _race(database.pool) == (8, 5)


async def test_a_newer_count_that_comes_in_between_undoes_the_load(database: Database) -> None:
    pool = database.pool
    await set_up(pool, nodes=(node(PA),), items=(item("A"),))
    await _load(pool, 10)
    async with transaction(pool) as connection:
        await connection.execute("UPDATE counts SET as_of = $1", LATER)
        load = asyncio.create_task(_load(pool, 8))
        await _waits(pool)

    with pytest.raises(Overtaken):
        await load
    assert await pool.fetchval("SELECT on_hand FROM balances") == 10
    assert (await _load(pool, 8)) == Loaded(0, 0, outdated=1)
