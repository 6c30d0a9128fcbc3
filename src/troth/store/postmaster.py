"""One PostgreSQL server below a home folder: start its processes, find its socket, stop it.

The file ``server`` in the home is locked by inheritance: every process of the server holds it, and the kernel frees it
when the last has ended, however it did. Process numbers, which another process may have by now, prove nothing.
"""

import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from troth.store import locks
from troth.store.unprivileged import Account, spawn

PORT: Final = 5432  # only names the socket; the server has no TCP port
PAUSE_SECONDS: Final = 0.01
_SOCKET_PATH_MAX: Final = 100  # bytes; the system's limit is 108 on Linux, 104 elsewhere
_LOG_BYTES_MAX: Final = 16_000_000
_STOP_SECONDS_MAX: Final = 30.0
_ORPHANS_SECONDS_MAX: Final = 2.0  # how long the processes of a killed server take to notice, at most


def spawn_server(
    home: Path, *, program: Path, account: Account | None, options: Mapping[str, str], server_lock: int
) -> None:
    """Start `program` on ``home/cluster``; `server_lock` is the held descriptor that the server inherits."""
    cluster, log_path = home / "cluster", home / "log"
    # Left by a kill -9 or a power failure. We hold the lock, so no process of that server lives.
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    if log_path.exists() and log_path.stat().st_size > _LOG_BYTES_MAX:
        log_path.replace(home / "log.old")
    given = {**options, "unix_socket_directories": f'"{_make_socket_folder(home, account)}"', "port": str(PORT)}
    settings = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
    with os.fdopen(locks.open_file(log_path), "ab", buffering=0) as log:
        spawn((program, "-D", cluster, *settings), account=account, folder=cluster, log=log, keep_open=server_lock)


def find_ready_socket(home: Path) -> Path | None:
    """Return the folder of the server's socket if it takes connections, else None."""
    lines = _read_status(home)
    if len(lines) < 8 or lines[7].strip() != "ready":
        return None
    folder = Path(lines[4])
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(folder / f".s.PGSQL.{PORT}"))
        except OSError:
            return None  # killed: the file is stale, and the last of its processes are about to end
    return folder


def stop_server(home: Path) -> None:
    """Stop the server if it runs, and wait for its end: first fast, then, after 30 seconds, at once."""
    for how in (signal.SIGINT, signal.SIGQUIT):  # what PostgreSQL calls fast and immediate shutdown
        lines = _read_status(home)
        seconds = _ORPHANS_SECONDS_MAX
        if lines and locks.is_locked(home / "server") and _is_server(int(lines[0]), home):
            os.kill(int(lines[0]), how)
            seconds = _STOP_SECONDS_MAX
        deadline = time.monotonic() + seconds
        while (is_alive := locks.is_locked(home / "server")) and time.monotonic() < deadline:
            time.sleep(PAUSE_SECONDS)
        if not is_alive:
            _remove_socket_folder(home)
            return


def read_log_tail(home: Path) -> str:
    """Return the last lines of the server's log, at most 2,000 characters."""
    try:
        return (home / "log").read_text(errors="replace")[-2000:]
    except FileNotFoundError:
        return ""


def _make_socket_folder(home: Path, account: Account | None) -> Path:
    """Return an empty folder of mode 700 for the socket: below `home`, or temporary where that is too long."""
    _remove_socket_folder(home)
    folder = home / "socket"
    if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) < _SOCKET_PATH_MAX and not set(str(folder)) & set('",'):
        folder.mkdir(mode=0o700)
    else:
        temporary = Path(tempfile.mkdtemp(prefix="troth-"))
        folder.symlink_to(temporary)
        folder = temporary
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    return folder


def _remove_socket_folder(home: Path) -> None:
    """Remove the socket's folder, with what a killed server left in it: its socket, and a lock with its number."""
    folder = home / "socket"
    if folder.is_symlink():
        shutil.rmtree(folder.readlink(), ignore_errors=True)
        folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)


def _read_status(home: Path) -> list[str]:
    """Return the lines of ``postmaster.pid``: number, folder, start, port, socket's folder, address, memory, state."""
    try:
        return (home / "cluster" / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _is_server(pid: int, home: Path) -> bool:
    """Whether process `pid` is this server and not one that took its number, as far as the system tells."""
    try:
        return os.fsencode(home / "cluster") in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return not Path("/proc/self").exists()
