"""`troth db`: migrations and the database's address; and `troth version`."""

import json
import platform
from dataclasses import asdict

import asyncpg
import typer

from troth import __version__
from troth.cli.exits import PROBLEMS
from troth.cli.running import AsJson, DatabaseUrl, DataDir, command_pool, run_loop, running_database, settings_of
from troth.cli.terminal import say, show
from troth.model.value import dataclass
from troth.store.doctor import read_applied, read_server
from troth.store.migrate import Migration, find_missing, migrate, read_migrations

app = typer.Typer(help="The database: migrations, state, address.", no_args_is_help=True)


def register(main: typer.Typer) -> None:
    """Add the command that stands alone."""
    main.command("version")(version)


def version() -> None:
    """Say which Troth this is, and on which Python."""
    show(f"troth {__version__} (Python {platform.python_version()})")


@app.command("migrate")
def migrate_database(database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Apply the migrations that the database lacks; processes that start at once wait for the first."""
    settings = settings_of(database_url=database_url, data_dir=data_dir)
    with running_database(settings) as dsn:
        applied = run_loop(migrate(dsn))
    for migration in applied:
        show(f"applied {_title(migration)}")
    show(f"{len(applied)} applied; the database is up to date")


@dataclass(frozen=True, slots=True)
class _Status:
    version: str
    database: str
    bytes: int
    applied: int
    missing: tuple[str, ...]


@app.command("status")
def status(as_json: AsJson = False, database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Say which server and migrations there are. Exit code 1: migrations are missing."""
    settings = settings_of(database_url=database_url, data_dir=data_dir)
    with running_database(settings) as dsn:
        found = run_loop(_read_status(dsn))
    if as_json:
        show(json.dumps(asdict(found)))
    else:
        show(f"server    PostgreSQL {found.version}")
        show(f"database  {found.database}, {found.bytes / 1e6:,.0f} MB")
        show(f"applied   {found.applied} migrations")
        show(f"missing   {', '.join(found.missing) or 'none'}")
    if found.missing:
        raise typer.Exit(PROBLEMS)


@app.command("psql-url")
def psql_url(database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Print the address for psql: psql "$(troth db psql-url)". The embedded server runs only while Troth does."""
    settings = settings_of(database_url=database_url, data_dir=data_dir)
    with running_database(settings) as dsn:
        show(dsn)
    if settings.database_url is None:
        say("The embedded PostgreSQL answers there as long as `troth serve` or another command uses it.")


async def _read_status(dsn: str) -> _Status:
    async with command_pool(dsn) as pool, pool.acquire() as connection:
        server = await read_server(connection)
        try:
            applied = await read_applied(connection)
        except asyncpg.UndefinedTableError:
            applied = {}
    missing = find_missing(applied, read_migrations())
    return _Status(
        str(server["version"]), str(server["database"]), int(server["bytes"]), len(applied), tuple(map(_title, missing))
    )


def _title(migration: Migration) -> str:
    return f"{migration.version:04}_{migration.name}"
