"""Partitions are there before their month is, and what is old goes."""

from datetime import datetime, timedelta, timezone

from tests.builders import NOW, Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.door.system import open_system
from troth.flows.log.maintain import create_partitions, delete_old
from troth.store.events import START, read_events_after

PARTITIONS = """
SELECT c.relname AS name FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
JOIN pg_class AS p ON p.oid = i.inhparent WHERE p.relname IN ('events', 'entries') ORDER BY name
"""


async def read_partitions(database: Database) -> list[str]:
    return [row["name"] for row in await database.pool.fetch(PARTITIONS)]


async def test_this_month_and_the_next_two_get_their_partitions_once(database: Database) -> None:
    assert await create_partitions(database.pool, NOW) == 6
    assert await create_partitions(database.pool, NOW) == 0
    assert await create_partitions(database.pool, NOW + timedelta(days=30)) == 2
    assert await read_partitions(database) == [
        *(f"entries_{month}" for month in ("2026_11", "2026_12", "2027_01", "2027_02", "default")),
        *(f"events_{month}" for month in ("2026_11", "2026_12", "2027_01", "2027_02", "default")),
    ]


async def test_what_is_written_goes_to_its_month_and_is_read_in_its_order(database: Database) -> None:
    await create_partitions(database.pool, NOW)
    await set_up(database.pool, nodes=(node("DC-PA"),), items=(item("A"),))
    clock = Clock()
    async with open_system(database.dsn, clock=clock) as system:
        await stock(system, {("A", "DC-PA"): 5})
        accepted(await system.door.one(capture("W-1"), actor="test"))
        clock.advance(days=20)
        accepted(await system.door.one(capture("W-2"), actor="test"))
    counts = {
        name: await database.pool.fetchval(f"SELECT count(*) FROM {name}") for name in await read_partitions(database)
    }
    assert {name: count for name, count in counts.items() if count} == {
        "entries_2026_11": 2,
        "entries_2026_12": 1,
        "events_2026_11": 2,
        "events_2026_12": 1,
    }
    async with database.pool.acquire() as connection:
        kinds = [event.kind for event in await read_events_after(connection, START, limit=10)]
    assert kinds == ["StockAdjusted", "OrderCaptured", "OrderCaptured"]


async def test_rows_that_came_before_their_partition_are_moved_and_keep_their_position(database: Database) -> None:
    await set_up(database.pool, nodes=(node("DC-PA"),), items=(item("A"),))
    async with open_system(database.dsn, clock=Clock()) as system:
        await stock(system, {("A", "DC-PA"): 5})
        accepted(await system.door.one(capture("W-1"), actor="test"))
    before = await database.pool.fetch("SELECT xid, seq, kind FROM events ORDER BY xid, seq")
    assert await database.pool.fetchval("SELECT count(*) FROM events_default") == 2

    await create_partitions(database.pool, NOW)

    assert await database.pool.fetchval("SELECT count(*) FROM events_default") == 0
    assert await database.pool.fetch("SELECT xid, seq, kind FROM events_2026_11 ORDER BY xid, seq") == before
    async with open_system(database.dsn, clock=Clock()) as system:
        accepted(await system.door.one(capture("W-2"), actor="test"))
    assert await database.pool.fetchval("SELECT count(*) FROM events_2026_11") == 3


async def test_old_keys_sessions_and_deliveries_are_forgotten_and_young_ones_kept(database: Database) -> None:
    pool = database.pool
    await pool.execute(
        "INSERT INTO idempotency_keys SELECT 'a', age::text, '', 200, '', $1::timestamptz - make_interval(hours => age)"
        " FROM unnest(ARRAY[1, 47, 49]) AS age",
        NOW,
    )
    await pool.execute(
        "INSERT INTO users (login, name, password_hash, role, created_at) VALUES ('ada', '', '', '', $1)", NOW
    )
    await pool.execute(
        "INSERT INTO sessions (digest, login, created_at, expires_at)"
        " SELECT age::text::bytea, 'ada', $1, $1::timestamptz + make_interval(hours => age)"
        " FROM unnest(ARRAY[10, -10]) AS age",
        NOW,
    )
    await pool.execute(
        "INSERT INTO subscriptions"
        " (subscription_id, version, name, url, secret, kinds, batch_max, state, created_at, cursor_xid, cursor_seq,"
        " attempt_at) VALUES ('wh_1', 1, '', '', '', '{}', 1, 'active', $1, '1', 0, $1)",
        NOW,
    )
    await pool.execute(
        "INSERT INTO deliveries (subscription_id, xid, seq, sequence, previous, kind, subject, attempts, attempted_at,"
        " answer, is_delivered) SELECT 'wh_1', '1', age, age, '', '', '', 1,"
        " $1::timestamptz - make_interval(days => age), '', true FROM unnest(ARRAY[1, 29, 31]) AS age",
        NOW,
    )

    await delete_old(pool, NOW)

    assert await pool.fetchval("SELECT array_agg(key ORDER BY key) FROM idempotency_keys") == ["1", "47"]
    assert await pool.fetchval("SELECT count(*) FROM sessions") == 1
    assert await pool.fetchval("SELECT array_agg(seq ORDER BY seq) FROM deliveries") == [1, 29]


async def test_months_are_of_utc_wherever_the_time_is_given(database: Database) -> None:
    assert await create_partitions(database.pool, datetime(2027, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))) == 6
    assert "events_2027_02" in await read_partitions(database)
    assert "events_2027_03" not in await read_partitions(database)
