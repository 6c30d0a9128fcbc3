"""The structure of transaction sets and messages: which segments, in which order and loops, how often."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from troth.adapters.edi.segments import Syntax
from troth.model.value import dataclass

_FOLDER: Final = files("troth.adapters.edi.directory")
_FOLDERS: Final = {Syntax.X12: ("x12/sets",), Syntax.EDIFACT: ("edifact/D.96A", "edifact/D.01B")}
_INDENT: Final = 2


@dataclass(frozen=True, slots=True)
class Node:
    """A place in a set: a segment, or a loop that begins with it and goes on with what is `inside`.

    `often_max` is how often the segment, or the loop, may stand there; None without a bound. Of a loop the segment
    itself stands once in each of its rounds.
    """

    tag: str
    is_mandatory: bool
    often_max: int | None
    inside: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class TransactionSet:
    """A transaction set or message: its name, in which group X12 sends it, and what is in it."""

    kind: str
    group: str
    name: str
    nodes: tuple[Node, ...]
    tags: frozenset[str]


def set_of(syntax: Syntax, kind: str, version: str) -> TransactionSet | None:
    """The structure of a set in the version that is there and nearest to one; None where the directory has none of it.

    What X12 changed from 004010 to 005010 is in elements only, so that it has one for all; EDIFACT has D.96A, which is
    read for all releases of that century, and D.01B.
    """
    folders = _FOLDERS[syntax]
    for folder in folders if is_of_old_century(version) else reversed(folders):
        found = _sets(folder).get(kind)
        if found is not None:
            return found
    return None


@cache
def _sets(folder: str) -> Mapping[str, TransactionSet]:
    """The sets of a folder, by their kind."""
    found = [_read(path.read_text(encoding="utf-8")) for path in _FOLDER.joinpath(folder).iterdir()]
    return {one.kind: one for one in found}


def is_of_old_century(version: str) -> bool:
    """Say whether a directory of EDIFACT is from before 2000: D.93A to D.99B, and what is no D at all."""
    release = version.partition(".")[2]
    return not version.startswith("D.") or release[:1] in ("8", "9")


def _read(text: str) -> TransactionSet:
    head, *rows = text.splitlines()
    named, name = head.split(" | ")
    kind, *group = named.split()
    parsed = [((len(row) - len(row.lstrip())) // _INDENT, row.strip().rstrip(":").split()) for row in rows]
    nodes = tuple(_nodes(parsed, 0))
    return TransactionSet(kind, "".join(group), name, nodes, frozenset(row[1][0] for row in parsed))


def _nodes(rows: Sequence[tuple[int, list[str]]], depth: int) -> Iterator[Node]:
    """The nodes of one depth, each with the deeper rows that follow it."""
    starts = [place for place, (at, _) in enumerate(rows) if at == depth]
    for start, end in zip(starts, [*starts, len(rows)][1:], strict=True):
        tag, demand, often = rows[start][1]
        inside = tuple(_nodes(rows[start + 1 : end], depth + 1))
        yield Node(tag, demand == "M", None if often == "*" else int(often), inside)
