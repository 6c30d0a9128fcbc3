"""Changes of reference data: one at a time in each family, each recorded with what was there before."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from troth.model.events import ConfigurationSet
from troth.store.codec import decode, encode
from troth.store.database import Connection
from troth.store.events import LoggedEvent, Position
from troth.store.queries import sql

Family = Literal[
    "nodes",
    "items",
    "routings",
    "rate-cards",
    "lane-tables",
    "exposure-rules",
    "alert-rules",
    "message-templates",
    "return-rules",
    "unit-prices",
    "hold-rules",
    "release-rules",
    "work-rules",
    "boxes",
    "node-switches",
    "notification-rules",
    "customers",
    "edi-partners",
]

_LOCK = sql("lock_reference_family")
_APPEND = sql("append_configuration_events")
_FIND = sql("find_changes")
_SINCE = sql("read_changes_since")
_SUBJECTS_SINCE = sql("read_subject_changes_since")

_CHANGES_MAX: Final = 20_000


async def lock_family(connection: Connection, family: Family) -> None:
    """Wait until nobody else is changing this family, and keep others from it until the transaction ends."""
    await connection.execute(_LOCK, family)


async def append_configuration_events(
    connection: Connection, events: Sequence[ConfigurationSet], *, at: datetime, actor: str
) -> None:
    """Append many events about reference data, each under the subject `what:id`."""
    subjects = [subject_of(event.what, event.id) for event in events]
    await connection.execute(_APPEND, at, actor, subjects, list(map(encode, events)))


async def find_changes(
    connection: Connection,
    *,
    subject: str | None = None,
    actor: str | None = None,
    before: Position | None = None,
    limit: int,
) -> list[LoggedEvent]:
    """The newest changes of reference data, newest first, before a position."""
    xid, seq = before or (None, None)
    return [
        LoggedEvent(
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
        for row in await connection.fetch(_FIND, subject, actor, xid, seq, limit)
    ]


async def read_changes_since(
    connection: Connection, since: datetime, *, what: Sequence[str] = (), subjects: Sequence[str] = ()
) -> list[tuple[datetime, ConfigurationSet]]:
    """What was set since an instant, newest first: of some kinds of reference data, or of some subjects."""
    rows = (
        await connection.fetch(_SUBJECTS_SINCE, list(subjects), since, _CHANGES_MAX)
        if subjects
        else await connection.fetch(_SINCE, since, list(what), _CHANGES_MAX)
    )
    return [(row["at"], decode(row["body"], ConfigurationSet)) for row in rows]


def subject_of(what: str, id_: str) -> str:
    """The subject under which changes of a piece of reference data are logged.

    >>> subject_of("node", "DC-1")
    'node:DC-1'
    """
    return f"{what}:{id_}"
