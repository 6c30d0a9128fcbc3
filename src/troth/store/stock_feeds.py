"""How far feeds of stock were taken in: what makes that a feed that is sent again does no harm."""

from datetime import datetime
from typing import Any, Generic, TypeVar

from troth.model.value import dataclass
from troth.store.codec import decode, encode
from troth.store.database import Connection
from troth.store.queries import sql

T = TypeVar("T")

_READ = sql("read_stock_feed")
_FIND = sql("find_stock_feeds")
_NEWEST = sql("read_newest_sequence")
_BEGIN = sql("begin_stock_feed")
_ADVANCE = sql("advance_stock_feed")


@dataclass(frozen=True, slots=True)
class StoredFeed(Generic[T]):
    """A feed: its first `rows_done` rows are in the ledger, and `prefix_digest` is of their bytes."""

    feed: str
    reference: str
    sequence: int | None
    mode: str
    as_of: datetime
    rows_done: int
    prefix_digest: str
    is_whole: bool
    account: T
    actor: str
    started_at: datetime
    changed_at: datetime


async def read_stock_feed(connection: Connection, feed: str, reference: str, account: type[T]) -> StoredFeed[T] | None:
    """How far a feed was taken in, if it was begun."""
    row = await connection.fetchrow(_READ, feed, reference)
    return _stored(row, account) if row else None


async def find_stock_feeds(
    connection: Connection, feed: str, account: type[T], *, before: tuple[datetime, str] | None = None, limit: int
) -> list[StoredFeed[T]]:
    """A page of the feeds of a name, newest first, before a position."""
    at, reference = before or (None, None)
    return [_stored(row, account) for row in await connection.fetch(_FIND, feed, at, reference, limit)]


async def read_newest_sequence(connection: Connection, feed: str) -> int | None:
    """The highest sequence of positions that were taken in as a whole."""
    sequence: int | None = await connection.fetchval(_NEWEST, feed)
    return sequence


async def begin_stock_feed(
    connection: Connection,
    feed: str,
    reference: str,
    *,
    sequence: int | None,
    mode: str,
    as_of: datetime,
    account: object,
    actor: str,
    at: datetime,
) -> None:
    """Begin to take in a feed, unless it was begun already."""
    await connection.execute(_BEGIN, feed, reference, sequence, mode, as_of, encode(account), actor, at)


async def advance_stock_feed(
    connection: Connection,
    feed: str,
    reference: str,
    *,
    rows_before: int,
    rows_done: int,
    prefix_digest: str,
    is_whole: bool,
    account: object,
    at: datetime,
) -> bool:
    """Say how far a feed is taken in, in the transaction that took it there; False where somebody else has moved it
    meanwhile, or it was whole.
    """
    is_ours = await connection.fetchval(
        _ADVANCE, feed, reference, rows_before, rows_done, prefix_digest, is_whole, encode(account), at
    )
    return bool(is_ours)


def _stored(row: Any, account: type[T]) -> StoredFeed[T]:
    return StoredFeed(**{**dict(row), "account": decode(row["account"], account)})
