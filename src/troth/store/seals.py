"""Seals over the event log and the ledger, and the rows that each covers as canonical text."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.queries import sql

_TRY = sql("try_sealing")
_LAST = sql("read_last_seal")
_READ = sql("read_seals")
_END = sql("find_seal_end")
_EVENTS = sql("read_sealed_events")
_ENTRIES = sql("read_sealed_entries")
_APPEND = sql("append_seal")
_PREFETCHED: Final = 2_000


@dataclass(frozen=True, slots=True)
class Seal:
    """The digest of all rows of transactions before `through_xid`, from where the seal before it ended, chained to its
    digest.
    """

    number: int
    through_xid: int
    sealed_rows: int
    digest: str
    sealed_at: datetime


async def try_sealing(connection: Connection) -> bool:
    """Take the right to seal until the transaction ends; False where another worker has it."""
    is_ours: bool = await connection.fetchval(_TRY)
    return is_ours


async def read_last_seal(connection: Connection) -> Seal | None:
    """The newest seal, if there is one."""
    row = await connection.fetchrow(_LAST)
    return _seal(row) if row else None


async def read_seals(connection: Connection, *, after: int, limit: int) -> list[Seal]:
    """A page of seals in their order, after a number."""
    return [_seal(row) for row in await connection.fetch(_READ, after, limit)]


async def find_seal_end(connection: Connection, begins_xid: int, *, events_max: int) -> int:
    """The transaction before which a seal shall end: at most the horizon, and about `events_max` events on."""
    xid: int = await connection.fetchval(_END, begins_xid, events_max)
    return xid


async def read_sealed_rows(connection: Connection, begins_xid: int, ends_xid: int) -> AsyncIterator[bytes]:
    """The canonical text of every event and then every entry of the transactions [begins, ends), each in the order of
    its log.

    Needs a transaction, as it reads through a cursor.
    """
    for query in (_EVENTS, _ENTRIES):
        async for row in connection.cursor(query, begins_xid, ends_xid, prefetch=_PREFETCHED):
            yield row["canonical"].encode()


async def append_seal(connection: Connection, seal: Seal) -> None:
    """Append a seal."""
    await connection.execute(_APPEND, seal.number, seal.through_xid, seal.sealed_rows, seal.digest, seal.sealed_at)


def _seal(row: Any) -> Seal:
    return Seal(row["number"], row["through_xid"], row["sealed_rows"], row["digest"], row["sealed_at"])
