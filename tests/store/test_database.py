import asyncpg
import pytest

from tests.conftest import Database
from troth.store.database import open_pool, transaction


async def test_a_session_bounds_every_wait_and_says_whose_it_is(dsn: str) -> None:
    async with await open_pool(dsn, size=1, lock_timeout_ms=250, statement_timeout_ms=1_500, name="troth test") as pool:
        shown = [
            await pool.fetchval(f"SHOW {name}")
            for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "application_name")
        ]

    assert shown == ["250ms", "1500ms", "1min", "troth test"]


async def test_json_is_passed_on_as_text(database: Database) -> None:
    assert await database.pool.fetchval("SELECT $1::jsonb", '{"a": 1}') == '{"a": 1}'


async def test_a_transaction_that_raises_leaves_nothing_behind(database: Database) -> None:
    await database.pool.execute("CREATE TABLE shelf (number int)")

    with pytest.raises(ZeroDivisionError):
        async with transaction(database.pool) as connection:
            await connection.execute("INSERT INTO shelf VALUES (1)")
            raise ZeroDivisionError

    assert await database.pool.fetchval("SELECT count(*) FROM shelf") == 0


async def test_a_transaction_for_reading_refuses_to_write(database: Database) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with transaction(database.pool, read_only=True) as connection:
            await connection.execute("CREATE TABLE shelf (number int)")


async def test_a_setting_of_a_transaction_ends_with_it(dsn: str) -> None:
    async with await open_pool(dsn, size=1) as pool:
        async with transaction(pool) as connection:
            await connection.execute("SET LOCAL lock_timeout = '1ms'")

        assert await pool.fetchval("SHOW lock_timeout") == "5s"


async def test_a_wait_for_a_lock_ends_with_the_timeout(database: Database) -> None:
    await database.pool.execute("CREATE TABLE shelf AS SELECT 1 AS number")

    async with transaction(database.pool) as holder:
        await holder.execute("UPDATE shelf SET number = 2")
        with pytest.raises(asyncpg.LockNotAvailableError):
            async with transaction(database.pool) as waiting:
                await waiting.execute("SET LOCAL lock_timeout = '10ms'")
                await waiting.execute("UPDATE shelf SET number = 3")

    assert await database.pool.fetchval("SELECT number FROM shelf") == 2
