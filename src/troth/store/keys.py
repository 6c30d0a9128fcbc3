"""Idempotency keys that were used."""

from collections.abc import Sequence
from datetime import datetime

from troth.store.database import Connection
from troth.store.queries import sql
from troth.store.save import UsedKey

_READ = sql("read_keys")
_KEEP = sql("keep_key")
_DELETE_OLD = sql("delete_old_keys")


async def read_keys(connection: Connection, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], UsedKey]:
    """The keys, as (actor, key), that were used before, with their answers."""
    rows = await connection.fetch(_READ, [actor for actor, _ in wanted], [key for _, key in wanted])
    return {
        (row["actor"], row["key"]): UsedKey(
            row["actor"], row["key"], row["request_digest"], row["status"], row["answer"]
        )
        for row in rows
    }


async def keep_key(connection: Connection, used: UsedKey, at: datetime) -> bool:
    """Keep an answer that did not come through `save`; False where another one is kept under the key already."""
    kept = await connection.fetchval(_KEEP, used.actor, used.key, used.request_digest, used.status, used.answer, at)
    return kept is not None


async def delete_old_keys(connection: Connection, before: datetime) -> None:
    """Forget the keys that were used before an instant."""
    await connection.execute(_DELETE_OLD, before)
