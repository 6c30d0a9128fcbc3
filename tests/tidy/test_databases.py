"""What a test leaves in its database is gone before another test has it."""

import asyncpg

from tests.builders import capture, item, node, set_up, stock
from tests.databases import Databases, name_database
from troth.flows.door.system import open_system
from troth.store.database import open_pool

_ROWS = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"


async def rows(dsn: str) -> dict[str, int]:
    """How many rows each table has."""
    connection = await asyncpg.connect(dsn)
    try:
        names = [row["table_name"] for row in await connection.fetch(_ROWS)]
        return {name: await connection.fetchval(f"SELECT count(*) FROM {name}") for name in names}
    finally:
        await connection.close()


async def test_a_database_that_is_taken_again_is_as_just_migrated(databases: Databases) -> None:
    name = await databases.take()
    dsn = name_database(databases.server_dsn, name)
    fresh = await rows(dsn)
    async with await open_pool(dsn, size=2) as pool:
        await set_up(pool, nodes=(node("DC-PA"),), items=(item("A"),))
        async with open_system(dsn) as system:
            await stock(system, {("A", "DC-PA"): 5})
            await system.door.one(capture(), actor="test")
        await pool.execute(
            "INSERT INTO exception_notes (exception_id, at, noted_by, note)"
            " SELECT 'X', now(), 'ann', repeat('x', 90) FROM generate_series(1, 5000)"
        )
    left = await asyncpg.connect(dsn)  # somebody who does not go
    await left.execute("SELECT * FROM orders")
    assert await rows(dsn) != fresh

    await databases.give_back(name)

    assert left.is_closed() or not await _lives(left)
    assert databases.idle[-1] == name
    assert await rows(dsn) == fresh


async def test_a_database_whose_schema_was_changed_is_not_used_again(databases: Databases) -> None:
    for change in (
        "ALTER TABLE balances DROP CONSTRAINT balances_never_oversold",
        "CREATE TABLE another ()",
        "ALTER TABLE orders ALTER COLUMN channel DROP NOT NULL",
    ):
        name = await databases.take()
        connection = await asyncpg.connect(name_database(databases.server_dsn, name))
        await connection.execute(change)
        await connection.close()

        await databases.give_back(name)

        assert name not in databases.idle, change


async def _lives(connection: asyncpg.Connection) -> bool:
    try:
        await connection.fetchval("SELECT 1")
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return False
    return True
