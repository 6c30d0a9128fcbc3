"""Fixtures for all tests: an embedded PostgreSQL for each worker, and a database as just migrated for each test."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.databases import Databases, make_template, name_database, read_template
from troth.settings import Settings
from troth.store import locks
from troth.store.database import Pool, open_pool
from troth.store.embedded import start

settings.register_profile("default", print_blob=True, suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.register_profile("ci", parent=settings.get_profile("default"), derandomize=True)
IS_CI = bool(os.environ.get("CI"))
settings.load_profile("ci" if IS_CI else "default")

TEMPLATE = "template_migrated"
# Tests lose nothing in a power failure; the crash tests start servers of their own, without this.
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "200"}


@dataclass(frozen=True, slots=True)
class Database:
    """A migrated database of one test: `dsn` for asyncpg, and an open pool."""

    dsn: str
    pool: Pool


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Draw the seed of the property tests here, where all workers get it and the header can print it."""
    if config.option.hypothesis_seed is None and not IS_CI:
        config.option.hypothesis_seed = secrets.randbelow(2**32)


def pytest_report_header(config: pytest.Config) -> str:
    """Say how to run the same property tests again."""
    return "hypothesis: derandomized" if IS_CI else f"hypothesis: --hypothesis-seed={config.option.hypothesis_seed}"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TROTH_") and name != "TROTH_TEST_DATABASE_URL"]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def server_dsn(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """Give the DSN of a server of this worker's own, or of the one that TROTH_TEST_DATABASE_URL names.

    Readers of the event log stop before the oldest transaction of the whole server: beside another worker's tests they
    would wait for transactions that have nothing to do with them.
    """
    base = tmp_path_factory.getbasetemp()
    if (given := os.environ.get("TROTH_TEST_DATABASE_URL")) is not None:
        _make_template(given, base if worker_id == "master" else base.parent)
        yield given
        return
    with start(Settings(data_dir=base / "var"), options=FAST) as embedded:
        _make_template(embedded.dsn, base)
        yield embedded.dsn


@pytest.fixture(scope="session")
def databases(server_dsn: str) -> Databases:
    """Give the databases of this worker that tests leave to each other."""
    return asyncio.run(read_template(server_dsn, TEMPLATE))


@pytest.fixture
async def dsn(databases: Databases) -> AsyncIterator[str]:
    """Give the DSN of a migrated database that no other test sees anything of."""
    name = await databases.take()
    yield name_database(databases.server_dsn, name)
    await databases.give_back(name)


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """Give a fresh migrated database with an open pool, closed before the event loop is."""
    pool = await open_pool(dsn, size=10)
    try:
        yield Database(dsn=dsn, pool=pool)
    finally:
        await asyncio.wait_for(pool.close(), timeout=10)


def _make_template(server_dsn: str, folder: Path) -> None:
    """Migrate the template once, whichever worker comes first."""
    done = folder / "template.done"
    with locks.exclusive(folder / "template.lock"):
        if not done.exists():
            asyncio.run(make_template(server_dsn, TEMPLATE))
            done.touch()
