"""Locks on files, which the kernel frees when the last descriptor closes, however the process ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def open_file(path: Path) -> int:
    """Return a descriptor of `path` for appending; a new file is private and belongs to the owner of its folder."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    folder, file = path.parent.stat(), os.fstat(descriptor)
    if file.st_uid != folder.st_uid and os.geteuid() == 0:
        os.fchown(descriptor, folder.st_uid, folder.st_gid)
    return descriptor


def share(path: Path) -> int:
    """Return a descriptor that holds `path` together with others until it is closed; waits for an exclusive holder."""
    descriptor = open_file(path)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def try_exclusive(path: Path) -> int | None:
    """Return a descriptor that holds `path` alone until it is closed, or None if it is held."""
    descriptor = open_file(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_locked(path: Path) -> bool:
    """Whether someone holds `path`."""
    if (descriptor := try_exclusive(path)) is None:
        return True
    os.close(descriptor)
    return False


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold `path` alone for the duration; waits for whoever has it."""
    descriptor = open_file(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
