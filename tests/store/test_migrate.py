import asyncio
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from tests.conftest import Database
from tests.databases import name_database
from troth.store.migrate import Migration, MigrationRefused, migrate, read_migrations


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_shelves.sql").write_text("CREATE TABLE shelf (shelf_id int PRIMARY KEY);")
    (tmp_path / "0002_labels.sql").write_text(
        "ALTER TABLE shelf ADD COLUMN label text; CREATE TABLE label (label text);"
    )
    return tmp_path


@pytest.fixture
async def empty_dsn(server_dsn: str) -> str:
    name = f"empty_{uuid4().hex}"
    connection = await asyncpg.connect(server_dsn)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return name_database(server_dsn, name)


async def read_tables(dsn: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    await connection.close()
    return [row["tablename"] for row in rows]


async def test_an_empty_database_gets_every_migration_once_and_in_order(empty_dsn: str, folder: Path) -> None:
    migrations = read_migrations(folder)

    first = await migrate(empty_dsn, migrations)
    second = await migrate(empty_dsn, migrations)

    assert [migration.name for migration in first] == ["shelves", "labels"]
    assert second == ()
    assert await read_tables(empty_dsn) == ["label", "schema_migrations", "shelf"]


async def test_a_database_gets_only_what_it_lacks(empty_dsn: str, folder: Path) -> None:
    await migrate(empty_dsn, read_migrations(folder)[:1])

    applied = await migrate(empty_dsn, read_migrations(folder))

    assert [migration.version for migration in applied] == [2]


async def test_processes_that_migrate_at_once_apply_each_step_once(empty_dsn: str, folder: Path) -> None:
    migrations = read_migrations(folder)

    results = await asyncio.gather(*(migrate(empty_dsn, migrations) for _ in range(4)))

    assert sorted(len(applied) for applied in results) == [0, 0, 0, 2]


async def test_a_failing_migration_leaves_nothing_of_itself_behind(empty_dsn: str, folder: Path) -> None:
    (folder / "0002_labels.sql").write_text("CREATE TABLE label (label text); SELECT 1 / 0;")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty_dsn, read_migrations(folder))

    assert await read_tables(empty_dsn) == ["schema_migrations", "shelf"]


async def test_a_changed_migration_is_refused_and_nothing_is_applied(empty_dsn: str, folder: Path) -> None:
    await migrate(empty_dsn, read_migrations(folder)[:1])
    (folder / "0001_shelves.sql").write_text("CREATE TABLE shelf (shelf_id bigint PRIMARY KEY);")

    with pytest.raises(MigrationRefused, match="0001_shelves is not what this database applied"):
        await migrate(empty_dsn, read_migrations(folder))

    assert await read_tables(empty_dsn) == ["schema_migrations", "shelf"]


async def test_a_database_of_a_newer_release_is_refused(empty_dsn: str, folder: Path) -> None:
    await migrate(empty_dsn, read_migrations(folder))

    with pytest.raises(MigrationRefused, match="at migration 2 and this release ends at 1"):
        await migrate(empty_dsn, read_migrations(folder)[:1])


def test_a_gap_in_the_numbers_is_refused(folder: Path) -> None:
    (folder / "0002_labels.sql").rename(folder / "0003_labels.sql")

    with pytest.raises(MigrationRefused, match=r"0003_labels\.sql should be called 0002_name\.sql"):
        read_migrations(folder)


def test_the_digest_ignores_how_a_checkout_ends_its_lines(folder: Path) -> None:
    before = read_migrations(folder)
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    assert read_migrations(folder) == before


async def test_a_test_database_has_our_migrations(database: Database) -> None:
    ours: tuple[Migration, ...] = read_migrations()

    assert await migrate(database.dsn) == ()
    assert await database.pool.fetchval("SELECT count(*) FROM schema_migrations") == len(ours)
