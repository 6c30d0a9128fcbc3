"""Databases for tests that must not see each other's rows: made as copies of one that is migrated, and used again.

To make one takes longer than most tests, since each table and index is a file. So one that a test has left is emptied,
as far as it was touched, and given to the next; only where a test changed the schema it is dropped.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from troth.store.migrate import migrate

_SMALL_BYTES: Final = 65_536
"""Tables up to that size are emptied row by row, which needs no new files."""

_TABLES: Final = """
SELECT c.oid::regclass::text AS name, pg_relation_size(c.oid) AS bytes
FROM pg_class AS c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1
"""

_SCHEMA: Final = """
SELECT md5(string_agg(it, ' ' ORDER BY it)) FROM (
    SELECT 'c' || oid || relname AS it FROM pg_class WHERE oid >= 16384 AND relkind <> 't'
    UNION ALL SELECT 'a' || attrelid || '.' || attnum || '.' || xmin FROM pg_attribute WHERE attrelid >= 16384
    UNION ALL SELECT 'k' || oid || '.' || xmin FROM pg_constraint WHERE oid >= 16384
    UNION ALL SELECT 't' || oid || '.' || xmin FROM pg_trigger WHERE oid >= 16384
    UNION ALL SELECT 'f' || oid || '.' || xmin FROM pg_proc WHERE oid >= 16384
) AS them
"""
"""What changes whenever a schema does, and not with the rows of tables, of which these catalogs know nothing."""

_OTHERS: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

_SEQUENCES: Final = """
SELECT format('%I.%I', schemaname, sequencename) AS name, start_value, last_value FROM pg_sequences
"""


@dataclass(slots=True)
class Databases:
    """The databases of one server that are not in use, and what a fresh one looks like: the digest of its schema, the
    rows that migrations put into tables (binary, by table), and where its sequences stand.
    """

    server_dsn: str
    template: str
    schema: str
    rows: Mapping[str, bytes]
    sequences: Mapping[str, int | None]
    idle: list[str] = field(default_factory=list)

    async def take(self) -> str:
        """The name of a database that is as if it were just migrated."""
        if self.idle:
            return self.idle.pop()
        name = f"test_{uuid4().hex}"
        await execute(self.server_dsn, copy_statement(name, self.template))
        return name

    async def give_back(self, name: str) -> None:
        """Let another test have it, when its rows are gone and whoever is still connected is not any more."""
        connection = await asyncpg.connect(name_database(self.server_dsn, name))
        try:
            await connection.execute(_OTHERS)
            is_as_made = await connection.fetchval(_SCHEMA) == self.schema
            if is_as_made:
                async with connection.transaction():
                    await self._empty(connection)
        finally:
            await connection.close()
        if is_as_made:
            self.idle.append(name)
        else:
            await execute(self.server_dsn, f"DROP DATABASE {name} WITH (FORCE)")

    async def _empty(self, connection: asyncpg.Connection) -> None:
        await connection.execute("SET LOCAL session_replication_role = replica")  # no reference is looked at
        touched = {row["name"]: row["bytes"] for row in await connection.fetch(_TABLES) if row["bytes"]}
        large = [name for name, size in touched.items() if size > _SMALL_BYTES]
        small = [name for name in touched if name not in large]
        if large:
            await connection.execute(f"TRUNCATE {', '.join(large)} CASCADE")
        await connection.execute("".join(f"DELETE FROM {name};" for name in small))
        for name, rows in self.rows.items():
            await connection.copy_to_table(name, source=io.BytesIO(rows), format="binary")
        for row in await connection.fetch(_SEQUENCES):
            before = self.sequences.get(row["name"])
            if row["last_value"] != before:
                value = row["start_value"] if before is None else before
                await connection.execute("SELECT setval($1::regclass, $2, $3)", row["name"], value, before is not None)


async def make_template(server_dsn: str, template: str) -> None:
    """Migrate the database that all others are copies of."""
    await execute(server_dsn, f"DROP DATABASE IF EXISTS {template}")
    await execute(server_dsn, f"CREATE DATABASE {template}")
    await migrate(name_database(server_dsn, template))


async def read_template(server_dsn: str, template: str) -> Databases:
    """No databases yet, and how they look when they are made."""
    connection = await asyncpg.connect(name_database(server_dsn, template))
    try:
        rows = {}
        for name in [row["name"] for row in await connection.fetch(_TABLES) if row["bytes"]]:
            buffer = io.BytesIO()
            await connection.copy_from_table(name, output=buffer, format="binary")
            rows[name] = buffer.getvalue()
        sequences = {row["name"]: row["last_value"] for row in await connection.fetch(_SEQUENCES)}
        return Databases(server_dsn, template, await connection.fetchval(_SCHEMA), rows, sequences)
    finally:
        await connection.close()


def copy_statement(name: str, template: str) -> str:
    """What makes a database as a copy; through the log, since a copy of its files waits for two checkpoints."""
    return f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log"


def name_database(dsn: str, name: str) -> str:
    """Return `dsn` with another database's name."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


async def execute(dsn: str, statement: str) -> None:
    """Run one statement on a connection of its own."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
