"""Runs programs of the embedded PostgreSQL, which refuses to be root, under another account where Troth is root.

No permission is loosened for it: where that account can't reach the data folder or the virtual environment (below a
folder of mode 700, say), the program keeps one capability to pass through, and no other right of root.
"""

import ctypes
import os
import pwd
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Final

from troth.model.value import dataclass

_CAP_DAC_OVERRIDE: Final = 1
_CAP_DAC_READ_SEARCH: Final = 2
_CAPABILITY_VERSION: Final = 0x20080522
_PR_SET_KEEPCAPS: Final = 8
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_RAISE: Final = 2
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a program runs as; `capability` (Linux's number) is what it keeps of root's rights, None is nothing."""

    uid: int
    gid: int
    capability: int | None = None


def find_account(*, cluster: Path, program: Path, data_file: Path) -> Account | None:
    """Return the account to run `program` as, or None to run as whoever we are, which is not root.

    As root it is the owner of `cluster` where that exists and is not root's, else "nobody". It must be able to enter
    the folder of `cluster` and to read `data_file`. Raises PermissionError if it can't even with a capability.
    """
    if os.geteuid() != 0:
        return None
    uid, gid = _unprivileged_ids(cluster)
    # The smaller right first; containers often grant only the second.
    for capability in (None, _CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE):
        account = Account(uid=uid, gid=gid, capability=capability)
        if _is_able(account, folder=cluster.parent, program=program, data_file=data_file):
            return account
    raise PermissionError(f"user {uid} can't reach both {cluster.parent} and {program}")


def run(command: Sequence[str | Path], *, account: Account | None, folder: Path, text: str = "") -> None:
    """Run `command` in `folder` with `text` as its input; raises CalledProcessError with its output if it fails."""
    subprocess.run(
        command,
        input=text.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
        env=_environment(),
        start_new_session=True,
        preexec_fn=lambda: _become(account, folder=folder),
    )


def spawn(
    command: Sequence[str | Path], *, account: Account | None, folder: Path, log: IO[bytes], keep_open: int
) -> None:
    """Start `command` as a daemon: no child of ours, in its own session, where a Ctrl-C of our terminal can't reach it.

    `keep_open` is a file descriptor that it inherits. Raises OSError or SubprocessError if it can't be executed.
    """

    def become_daemon() -> None:
        _become(account, folder=folder)
        # Our child ends here and the grandchild goes on, an orphan. It holds the pipe that reports a failing exec.
        if os.fork():
            os._exit(0)

    subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        check=True,
        env=_environment(),
        pass_fds=(keep_open,),
        start_new_session=True,
        preexec_fn=become_daemon,
    )


def _unprivileged_ids(cluster: Path) -> tuple[int, int]:
    if cluster.exists() and (status := cluster.stat()).st_uid != 0:
        return status.st_uid, status.st_gid
    entry = pwd.getpwnam("nobody")  # initdb wants an account with an entry, so a number of our own won't do
    return entry.pw_uid, entry.pw_gid


def _is_able(account: Account, *, folder: Path, program: Path, data_file: Path) -> bool:
    if account.capability is not None and sys.platform != "linux":
        return False

    def try_out() -> None:
        _become(account, folder=folder)
        os.close(os.open(data_file, os.O_RDONLY))

    quiet = subprocess.DEVNULL
    try:
        subprocess.run((program, "--version"), stdin=quiet, stdout=quiet, stderr=quiet, check=True, preexec_fn=try_out)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _environment() -> dict[str, str]:
    """Return the environment without PGDATA, PGPORT and the like, which would redirect the programs."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def _become(account: Account | None, *, folder: Path) -> None:
    """Take on the account for good; called between fork and exec, hence only system calls."""
    if account is not None:
        if account.capability is not None:
            _call(_LIBC.prctl, _PR_SET_KEEPCAPS, 1, 0, 0, 0)
        os.setgroups([])
        os.setgid(account.gid)
        os.setuid(account.uid)
        if account.capability is not None:
            bit = 1 << account.capability
            header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
            data = (ctypes.c_uint32 * 6)(
                bit, bit, bit, 0, 0, 0
            )  # effective, permitted, inheritable; low word, high word
            _call(_LIBC.capset, header, data)
            _call(_LIBC.prctl, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, account.capability, 0, 0)
        if sys.platform == "linux":
            _call(_LIBC.prctl, _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.chdir(folder)


def _call(function: Callable[..., int], *arguments: object) -> None:
    if function(*arguments) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
