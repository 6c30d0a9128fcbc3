"""Forward-only migrations: ``migrations/0001_name.sql`` and so on, each applied once and in one transaction."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import asyncpg

from troth.model.value import dataclass
from troth.store.queries import sql

_FOLDER: Final = Path(__file__).parent / "migrations"
_FILE_NAME: Final = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_SERVER_VERSION_MIN: Final = 15

_CREATE: Final = sql("create_schema_migrations")
_LOCK: Final = sql("lock_migrations")
_READ: Final = sql("read_schema_migrations")
_APPEND: Final = sql("append_schema_migration")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema; `digest` is of its text, so that an applied step can't change unnoticed."""

    version: int
    name: str
    statements: str
    digest: str


class MigrationRefused(Exception):
    """The database and this release don't fit together; nothing was changed. The message says what to do."""


def read_migrations(folder: Path = _FOLDER) -> tuple[Migration, ...]:
    """Return the migrations of `folder`, numbered from 1 without gaps; raises MigrationRefused where they are not."""
    migrations = []
    for version, path in enumerate(sorted(folder.glob("*.sql")), start=1):
        matched = _FILE_NAME.fullmatch(path.name)
        if matched is None or int(matched[1]) != version:
            raise MigrationRefused(f"{path.name} should be called {version:04}_name.sql")
        statements = path.read_text(
            encoding="utf-8"
        )  # newlines are unified, so that a checkout's line ends don't matter
        digest = hashlib.sha256(statements.encode()).hexdigest()
        migrations.append(Migration(version=version, name=matched[2], statements=statements, digest=digest))
    return tuple(migrations)


async def migrate(dsn: str, migrations: Sequence[Migration] | None = None) -> tuple[Migration, ...]:
    """Apply what the database lacks of `migrations` (ours unless given) and return that.

    Processes that start at once wait for the first. Raises MigrationRefused if the server is older than PostgreSQL 15,
    if an applied migration has changed, or if the database is of a newer release.
    """
    wanted = read_migrations() if migrations is None else tuple(migrations)
    connection = await asyncpg.connect(dsn, server_settings={"application_name": "troth migrate"})
    try:
        if (server := connection.get_server_version().major) < _SERVER_VERSION_MIN:
            raise MigrationRefused(f"the server is PostgreSQL {server}; Troth needs {_SERVER_VERSION_MIN} or later")
        await connection.execute(_LOCK)
        await connection.execute(_CREATE)
        applied = {row["version"]: (row["name"], row["digest"]) for row in await connection.fetch(_READ)}
        missing = find_missing(applied, wanted)
        for migration in missing:
            async with connection.transaction():
                await connection.execute(migration.statements)
                await connection.execute(_APPEND, migration.version, migration.name, migration.digest)
        return missing
    finally:
        await connection.close()  # and with it the lock


def find_missing(applied: dict[int, tuple[str, str]], wanted: Sequence[Migration]) -> tuple[Migration, ...]:
    """Return those of `wanted` that are not in `applied`, versions with (name, digest); refuses what doesn't fit."""
    newest = len(wanted)
    if unknown := sorted(version for version in applied if version > newest):
        raise MigrationRefused(
            f"the database is at migration {unknown[-1]} and this release ends at {newest}: install the newer release"
        )
    for migration in wanted:
        if migration.version in applied and applied[migration.version] != (migration.name, migration.digest):
            raise MigrationRefused(
                f"migration {migration.version:04}_{migration.name} is not what this database applied as"
                f" {applied[migration.version][0]}: restore the file, and put the change into a new migration"
            )
    return tuple(migration for migration in wanted if migration.version not in applied)
