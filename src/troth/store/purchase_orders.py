"""Purchase orders as documents, and the supplies that their lines are."""

from collections.abc import Iterable
from datetime import datetime

from troth.model.commands import ExpectedLine
from troth.model.ids import Sku
from troth.model.inventory import SupplyKey
from troth.store.codec import decode, encode
from troth.store.database import Connection
from troth.store.queries import sql
from troth.store.reference import Versioned

_READ = sql("read_purchase_order")
_WRITE = sql("write_purchase_order")
_FIND = sql("find_purchase_orders")
_FIND_SUPPLIES = sql("find_expected_supplies")


async def read_purchase_order(connection: Connection, number: str) -> Versioned[tuple[ExpectedLine, ...]] | None:
    """The lines of a purchase order as they were last set, if it is there."""
    row = await connection.fetchrow(_READ, number)
    return Versioned(decode(row["document"], tuple[ExpectedLine, ...]), row["version"]) if row else None


async def find_purchase_orders(
    connection: Connection, *, after: str | None = None, limit: int
) -> list[tuple[str, Versioned[tuple[ExpectedLine, ...]]]]:
    """A page of purchase orders by number, after the one given."""
    return [
        (row["number"], Versioned(decode(row["document"], tuple[ExpectedLine, ...]), row["version"]))
        for row in await connection.fetch(_FIND, after, limit)
    ]


async def write_purchase_order(
    connection: Connection, number: str, lines: tuple[ExpectedLine, ...], at: datetime
) -> int:
    """Create or replace a purchase order's document; its version."""
    version: int = await connection.fetchval(_WRITE, number, encode(lines), at)
    return version


async def find_expected_supplies(connection: Connection, number: str, skus: Iterable[Sku]) -> list[SupplyKey]:
    """The supplies of these SKUs that stand for lines of a purchase order, sorted."""
    rows = await connection.fetch(_FIND_SUPPLIES, list(skus), f"po/{number}/")
    return sorted(SupplyKey(row["sku"], row["node"], row["source"]) for row in rows)
