"""The event log, read by subject or by position.

A position is (xid, seq). A reader by position stops before the oldest transaction that is still running, since a
transaction that began earlier may yet commit events with an earlier position; a cursor on a plain sequence would skip
them.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from troth.model.events import Event
from troth.model.value import dataclass
from troth.store.codec import decode_event, encode
from troth.store.database import Connection
from troth.store.queries import sql

_BY_SUBJECT = sql("read_subject_events")
_AFTER = sql("read_events_after")
_OF_KINDS = sql("read_events_of_kinds")
_NEWEST = sql("read_newest_events")
_APPEND = sql("append_event")

Position = tuple[int, int]
START: Position = (0, 0)
AUDITED: Final = "ConfigurationSet"
"""The kind of the audit's events, which a subscriber gets who asks for them by name."""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event with its envelope. `body` is its JSON text as written; `event` decodes it."""

    subject: str
    at: datetime
    position: Position
    kind: str
    version: int
    body: str
    actor: str
    cause: str
    policy_version: str

    @property
    def event(self) -> Event:
        """The event itself."""
        return decode_event(self.kind, self.body)


@dataclass(frozen=True, slots=True)
class LogPage:
    """The wanted ones among the next events, the position of the last of all, and how many all were."""

    events: tuple[LoggedEvent, ...]
    end: Position
    looked_at: int


async def read_subject_events(connection: Connection, subject: str, *, limit: int = 1000) -> list[LoggedEvent]:
    """What happened to a subject, oldest first."""
    return [logged_event(row) for row in await connection.fetch(_BY_SUBJECT, subject, limit)]


async def read_events_after(
    connection: Connection, position: Position, *, kinds: Sequence[str] | None = None, limit: int
) -> list[LoggedEvent]:
    """The events after a position in order, as far as no earlier one can still appear."""
    rows = await connection.fetch(_AFTER, *position, list(kinds) if kinds is not None else None, limit)
    return [logged_event(row) for row in rows]


async def read_events_of_kinds(
    connection: Connection,
    position: Position,
    *,
    kinds: Collection[str] | None,
    limit: int,
    subject: str | None = None,
) -> LogPage:
    """The events of some kinds (None: of all but the audit's) and of a subject (None: of all) among the next `limit`
    after a position, as far as no earlier one can still appear.
    """
    rows = await connection.fetch(_OF_KINDS, *position, None if kinds is None else list(kinds), limit, subject)
    if not rows:
        return LogPage((), position, 0)
    last = rows[-1]
    wanted = tuple(logged_event(row) for row in rows if row["is_wanted"])
    return LogPage(wanted, (last["xid"], last["seq"]), last["looked_at"])


async def read_newest_events(
    connection: Connection, *, kinds: Sequence[str] | None = None, before: Position | None = None, limit: int
) -> list[LoggedEvent]:
    """The newest events, newest first, before a position."""
    xid, seq = before or (None, None)
    rows = await connection.fetch(_NEWEST, list(kinds) if kinds is not None else None, xid, seq, limit)
    return [logged_event(row) for row in rows]


async def append_event(
    connection: Connection,
    event: Event,
    *,
    subject: str,
    at: datetime,
    actor: str,
    cause: str = "",
    policy_version: str = "",
) -> None:
    """Append an event that changes neither orders nor stock (those go through `save`)."""
    await connection.execute(_APPEND, subject, at, type(event).__name__, encode(event), actor, cause, policy_version)


def logged_event(row: Any) -> LoggedEvent:
    """The event that a row of the log is."""
    return LoggedEvent(
        row["subject"],
        row["at"],
        (row["xid"], row["seq"]),
        row["kind"],
        row["version"],
        row["body"],
        row["actor"],
        row["cause"],
        row["policy_version"],
    )
