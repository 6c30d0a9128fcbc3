"""Every named query is used, and PostgreSQL understands it as the schema now is."""

import re
from pathlib import Path

import asyncpg

from tests.conftest import Database
from troth.store.queries import QUERIES

STORE = Path(__file__).resolve().parents[2] / "src" / "troth" / "store"
USE = re.compile(r"\bsql\(\s*\"(\w+)\"\s*\)")


def test_every_query_is_used_by_the_store() -> None:
    used = {name for path in STORE.rglob("*.py") for name in USE.findall(path.read_text(encoding="utf-8"))}

    assert sorted(set(QUERIES) - used) == []


async def test_every_query_prepares_against_the_migrated_schema(database: Database) -> None:
    flaws = {}
    async with database.pool.acquire() as connection:
        for name, statement in QUERIES.items():
            try:
                await connection.prepare(statement)
            except asyncpg.PostgresError as error:
                flaws[name] = str(error)

    assert flaws == {}
