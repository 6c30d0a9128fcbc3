"""What a process that has just started loads, in which order."""

from typing import Final

from troth.model.ids import Sku
from troth.store.database import Connection
from troth.store.queries import sql

_PROMISED_LAST: Final = sql("find_skus_promised_last")
_FIND: Final = sql("find_skus")


async def find_skus_promised_last(connection: Connection, *, moves: int) -> list[Sku]:
    """The SKUs of which units were promised in so many of the newest moves of stock, those that were last first."""
    return [Sku(row["sku"]) for row in await connection.fetch(_PROMISED_LAST, moves)]


async def find_skus(connection: Connection, *, after: Sku, limit: int) -> list[Sku]:
    """A page of the SKUs of items, after the one given."""
    return [Sku(row["sku"]) for row in await connection.fetch(_FIND, after, limit)]
