"""A folder of this machine, or one that is mounted here."""

import os
from collections.abc import Sequence
from pathlib import Path

from troth.flows.nodes.files import OpenFolder, Place

FILE_BYTES_MAX: int = 64_000_000


class LocalFolder:
    """The folder of a node on this machine. What is written gets its name only once it is whole and on the disk."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def list_names(self, place: Place) -> Sequence[str]:
        """The names of the files there, sorted; the place is made where it is not there, so that a node finds it."""
        where = self._root / place
        where.mkdir(parents=True, exist_ok=True)
        with os.scandir(where) as found:
            return sorted(one.name for one in found if one.is_file(follow_symlinks=False))

    def read(self, place: Place, name: str) -> bytes:
        """The content of a file; one that is too long for a file of answers is an OSError."""
        path = self._root / place / name
        if path.stat().st_size > FILE_BYTES_MAX:
            raise OSError(f"{name} has more than {FILE_BYTES_MAX} bytes")
        return path.read_bytes()

    def write(self, place: Place, name: str, content: bytes) -> None:
        """Write a file under another name, and give it its own once it is on the disk."""
        where = self._root / place
        where.mkdir(parents=True, exist_ok=True)
        part = where / f"{name}.part"
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(where / name)
        _sync(where)

    def take(self, name: str, *, under: str, to: Place = Place.TAKEN) -> None:
        """Move a file that was read out of the way of who wrote it."""
        where = self._root / to
        where.mkdir(parents=True, exist_ok=True)
        (self._root / Place.IN / name).replace(where / under)
        _sync(where)


def open_local(root: Path) -> OpenFolder:
    """What finds folders below one of this machine."""

    def open_(name: str) -> LocalFolder:
        return LocalFolder(root / name)

    return open_


def _sync(where: Path) -> None:
    """See that a name is on the disk, too."""
    descriptor = os.open(where, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
