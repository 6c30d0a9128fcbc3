"""The files of nodes that get their work in a folder: messages are written there, and what they answer is read.

A file that is written has a name and a content that follow from its messages alone. That one is begun is noted before,
that it is done after: whoever dies in between leaves a file that the next one writes again, under the same name. A file
that is read is done row by row, each once; then it is moved away, with the rows that were refused beside it.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, Protocol

from troth.flows.door.system import System
from troth.flows.log.deliver import retry_seconds
from troth.flows.nodes.answers import Fate, take_answers
from troth.model.ids import NodeId
from troth.model.network import Node
from troth.model.node_answers import NodeAnswer
from troth.model.node_link import FileFormat, Reach
from troth.model.node_messages import NodeTold
from troth.model.refusals import Invalid, NotFound, NotPossibleNow, Refusal, WorkWithdrawn
from troth.model.value import dataclass
from troth.store.node_files import FolderClaim, begin_file, claim_folders, free_folder, note_file
from troth.store.node_messages import read_messages

CLAIM_SECONDS: Final = 120.0
EVERY_SECONDS: Final = 2.0
MESSAGES_MAX: Final = 500
FILES_MAX: Final = 50
_UNFINISHED: Final = (".part", ".tmp")
_ERROR_MAX: Final = 500

_log = logging.getLogger(__name__)


class Place(StrEnum):
    """A folder of the folder of a node or partner: what we write, what they write, what of it was taken or refused."""

    OUT = "out"
    IN = "in"
    TAKEN = "taken"
    REFUSED = "refused"


class Folder(Protocol):
    """The folder of a node, wherever it is. What cannot be done is an OSError."""

    def list_names(self, place: Place) -> Sequence[str]:
        """The names of the files there, sorted; none where the place is not there yet."""
        ...

    def read(self, place: Place, name: str) -> bytes:
        """The content of a file."""
        ...

    def write(self, place: Place, name: str, content: bytes) -> None:
        """Write a file so that nobody ever sees half of it; one of this name is replaced."""
        ...

    def take(self, name: str, *, under: str, to: Place = Place.TAKEN) -> None:
        """Move a file that was read out of the way of who wrote it, under a name."""
        ...


@dataclass(frozen=True, slots=True)
class RowFlaw:
    """What is wrong with a row (1: the first line of the file); `column` is empty where it is about all of it."""

    line: int
    column: str
    detail: str


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """An answer, and of which lines of a file it was made."""

    lines: tuple[int, ...]
    answer: NodeAnswer


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What a file says, and what of it cannot be read."""

    answers: tuple[ReadAnswer, ...]
    flaws: tuple[RowFlaw, ...] = ()


class Codec(Protocol):
    """A way to write messages and to read answers; `suffix` is how the names of such files end."""

    suffix: str

    def write(self, messages: Sequence[NodeTold]) -> bytes:
        """The file that messages are; the same for the same messages."""
        ...

    def read(self, content: bytes) -> ReadFile:
        """What a file of answers says."""
        ...

    def refuse(self, content: bytes, flaws: Sequence[RowFlaw]) -> bytes:
        """The rows of a file that were refused, each with why, as a file that can be mended and sent again."""
        ...


Codecs = Mapping[FileFormat, Codec]


class OpenFolder(Protocol):
    """Finds the folder of a name."""

    def __call__(self, name: str) -> Folder:
        """The folder; it need not be there yet."""
        ...


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What was done at folders: files written and read, answers refused, and folders that could not be used."""

    written: int = 0
    read: int = 0
    refused: int = 0
    failed: int = 0

    def __add__(self, other: "Exchanged") -> "Exchanged":
        return Exchanged(
            self.written + other.written,
            self.read + other.read,
            self.refused + other.refused,
            self.failed + other.failed,
        )


async def exchange_files(system: System, open_folder: OpenFolder, codecs: Codecs) -> Exchanged:
    """Write what nodes are to be told into their folders, and do what lies there; what was done.

    A folder that cannot be used, or a file at which anything goes wrong, is tried again after a growing pause, and
    holds up no other folder. Later files of the same folder wait, as what they say comes after.
    """
    nodes = {
        node.node: node
        for node in system.door.reference.network.nodes
        if node.link is not None and node.link.by is Reach.FILE
    }
    if not nodes:
        return Exchanged()
    async with system.pool.acquire() as connection:
        claims = await claim_folders(connection, list(nodes), seconds=CLAIM_SECONDS)
    done = await asyncio.gather(*(_exchange(system, nodes[one.node], one, open_folder, codecs) for one in claims))
    return sum(done, Exchanged())


async def _exchange(
    system: System, node: Node, claim: FolderClaim, open_folder: OpenFolder, codecs: Codecs
) -> Exchanged:
    link = node.link
    if link is None:
        return Exchanged()
    done, at = Exchanged(), ""
    error = ""
    try:
        folder, codec = open_folder(link.folder), codecs[link.format]
        done += Exchanged(written=await _write_all(system, folder, codec, claim))
        for name in await asyncio.to_thread(folder.list_names, Place.IN):
            if done.read < FILES_MAX and name.endswith(codec.suffix) and not is_unfinished(name):
                at = f"{name}: "
                refused = await take_file(system, node.node, folder, codec, name)
                done += Exchanged(read=1, refused=refused)
    except Exception as failure:  # whatever is wrong with one folder, the others have their turn
        error = f"{at}{type(failure).__name__}: {failure}"[:_ERROR_MAX]
        is_expected = isinstance(failure, OSError)
        _log.warning("the folder of node %s cannot be used: %s", node.node, error, exc_info=not is_expected)
        done += Exchanged(failed=1)
    failures = claim.failures + 1 if error else 0
    pause = retry_seconds(claim.failures) if error else 0.0 if done.read == FILES_MAX else EVERY_SECONDS
    async with system.pool.acquire() as connection:
        await free_folder(
            connection, claim, pause_seconds=pause, failures=failures, error=error, has_read=done.read > 0
        )
    return done


async def _write_all(system: System, folder: Folder, codec: Codec, claim: FolderClaim) -> int:
    """Write all messages that are in no file yet, some hundreds in each; how many files."""
    written, writing, files = claim.written, claim.writing, 0
    while files < FILES_MAX:
        limit = MESSAGES_MAX if writing is None else writing - written
        async with system.pool.acquire() as connection:
            found = [one.told for one in await read_messages(connection, claim.node, after=written, limit=limit)]
            if not found or not await begin_file(connection, claim, found[-1].number):
                return files
        await write_file(folder, codec, found)
        async with system.pool.acquire() as connection:
            if not await note_file(connection, claim, found[-1].number):
                return files
        written, writing, files = found[-1].number, None, files + 1
    return files


async def write_file(folder: Folder, codec: Codec, messages: Sequence[NodeTold]) -> None:
    """Write messages into a file whose name says which they are."""
    name = f"messages-{messages[0].number:08d}-{messages[-1].number:08d}{codec.suffix}"
    await asyncio.to_thread(folder.write, Place.OUT, name, codec.write(messages))


async def take_file(system: System, node: NodeId, folder: Folder, codec: Codec, name: str) -> int:
    """Do what a file says, write beside it what was refused, and move it away; how many rows were refused."""
    content = await asyncio.to_thread(folder.read, Place.IN, name)
    said = codec.read(content)
    taken = await take_answers(system, node, [one.answer for one in said.answers], actor=f"node/{node}")
    flaws = list(said.flaws)
    for one in taken:
        if one.fate is Fate.REFUSED and one.refusal is not None:
            why = tell_refusal(one.refusal)
            flaws += [RowFlaw(line, "", why) for line in said.answers[one.index].lines]
    stem = name.removesuffix(codec.suffix)
    under = await asyncio.to_thread(free_name, folder, Place.TAKEN, stem, codec.suffix, content)
    if flaws:
        beside = f"{under.removesuffix(codec.suffix)}.refused{codec.suffix}"
        await asyncio.to_thread(folder.write, Place.TAKEN, beside, codec.refuse(content, sorted(flaws, key=_place)))
        _log.warning("%d rows of the file %s of node %s were refused", len(flaws), name, node)
    await asyncio.to_thread(folder.take, name, under=under)
    return len(flaws)


def tell_refusal(refusal: Refusal) -> str:
    """Why an answer was refused, in words.

    >>> tell_refusal(NotFound("fulfillment", "O-1-F1")), tell_refusal(WorkWithdrawn("O-1-F1", "3PL-1", "canceled"))
    ('there is no fulfillment O-1-F1', 'work-withdrawn: it is no longer the work of this node, and is canceled')
    """
    match refusal:
        case Invalid():
            return "; ".join(f"{flaw.pointer}: {flaw.detail}" for flaw in refusal.flaws)
        case NotFound():
            return f"there is no {refusal.what} {refusal.id}"
        case NotPossibleNow():
            return f"{refusal.code}: {refusal.told}"
        case WorkWithdrawn():
            return f"{refusal.code}: it is no longer the work of this node, and is {refusal.state}"
        case _:
            return refusal.code


def is_unfinished(name: str) -> bool:
    """Whether a file is still being written, or was written by us.

    >>> [is_unfinished(name) for name in (".a.csv", "a.csv.part", "a.refused.csv", "a.csv")]
    [True, True, True, False]
    """
    return name.startswith(".") or name.endswith(_UNFINISHED) or ".refused." in name


def free_name(folder: Folder, place: Place, stem: str, suffix: str, content: bytes) -> str:
    """A name under which no other content lies at a place: with a number where the name came before."""
    names = set(folder.list_names(place))
    number, name = 1, f"{stem}{suffix}"
    while name in names and folder.read(place, name) != content:
        number += 1
        name = f"{stem}-{number}{suffix}"
    return name


def _place(flaw: RowFlaw) -> tuple[int, str]:
    return flaw.line, flaw.column
