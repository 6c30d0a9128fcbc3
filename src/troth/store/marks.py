"""What people said of exceptions: who looks after them, until when they are put off, and notes."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from troth.model.exceptions import Mark
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.queries import sql

_READ: Final = sql("read_marks")
_WRITE: Final = sql("write_mark")
_APPEND: Final = sql("append_note")
_NOTES: Final = sql("read_notes")
_DELETE: Final = sql("delete_old_marks")


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody wrote about an exception."""

    at: datetime
    noted_by: str
    note: str


async def read_marks(connection: Connection, exception_ids: Collection[str]) -> dict[str, Mark]:
    """What was said of these exceptions, by id."""
    rows = await connection.fetch(_READ, list(exception_ids))
    return {
        row["exception_id"]: Mark(row["owner"], row["snoozed_until"], row["changed_at"], row["changed_by"])
        for row in rows
    }


async def write_mark(connection: Connection, exception_id: str, mark: Mark) -> None:
    """Write what is said of an exception now."""
    await connection.execute(_WRITE, exception_id, mark.owner, mark.snoozed_until, mark.changed_at, mark.changed_by)


async def append_note(connection: Connection, exception_id: str, note: Note) -> None:
    """Append a note about an exception."""
    await connection.execute(_APPEND, exception_id, note.at, note.noted_by, note.note)


async def read_notes(connection: Connection, exception_id: str) -> list[Note]:
    """The notes about an exception, the oldest first."""
    return [Note(row["at"], row["noted_by"], row["note"]) for row in await connection.fetch(_NOTES, exception_id)]


async def delete_old_marks(connection: Connection, before: datetime) -> None:
    """Delete what was last said before an instant."""
    await connection.execute(_DELETE, before)
