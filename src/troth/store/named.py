"""Which names that configuration uses are those of anything."""

from collections.abc import Iterable
from typing import Final

from troth.store.database import Connection
from troth.store.queries import sql

_FIND: Final = sql("find_unnamed")


async def find_unnamed(connection: Connection, wanted: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of some fields' values that no item, node or order has, as (field, value)."""
    pairs = sorted(set(wanted))
    rows = await connection.fetch(_FIND, [field for field, _ in pairs], [value for _, value in pairs])
    return {(row["field"], row["value"]) for row in rows}
