"""The levels of stock that channels were told, and how far the ledger was looked at for them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from troth.engine.supply.available_to_sell import StockStatus
from troth.model.ids import Sku
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.events import Position
from troth.store.queries import sql

_TRY = sql("try_watching_levels")
_READ_CURSOR = sql("read_cursor")
_WRITE_CURSOR = sql("write_cursor")
_MOVED = sql("find_moved_skus")
_KITS_OF = sql("find_kits_of")
_READ = sql("read_stock_levels")
_WRITE = sql("write_stock_levels")
_CHANGED = sql("find_changed_levels")

STOCK_LEVELS: Final = "stock-levels"
_NAME: Final = "stock_levels"

LevelKey = tuple[Sku, str, str]
"""SKU, channel (empty: all) and node (empty: over all)."""


@dataclass(frozen=True, slots=True)
class StockLevel:
    """The level that was told last, and how many units there were then."""

    key: LevelKey
    level: StockStatus
    available: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Moved:
    """The SKUs of which something moved, among so many entries of the ledger up to a position."""

    skus: tuple[Sku, ...]
    entries: int
    end: Position


async def try_watching(connection: Connection) -> bool:
    """Take the right to watch until the transaction ends; False where another worker has it."""
    is_ours: bool = await connection.fetchval(_TRY)
    return is_ours


async def find_moved_skus(connection: Connection, *, limit: int) -> Moved | None:
    """What moved since the last time, as far as nothing earlier can still appear; None where nothing did."""
    cursor: Any = await connection.fetchrow(_READ_CURSOR, _NAME)
    row: Any = await connection.fetchrow(_MOVED, cursor["xid"], cursor["seq"], limit)
    if not row["entries"]:
        return None
    return Moved(tuple(map(Sku, row["skus"])), row["entries"], (row["xid"], row["seq"]))


async def pass_moved(connection: Connection, moved: Moved) -> None:
    """Say that it was looked at."""
    await connection.execute(_WRITE_CURSOR, _NAME, *moved.end)


async def find_kits_of(connection: Connection, skus: Collection[Sku]) -> set[Sku]:
    """The kits of which some SKUs are components, also components of components."""
    found: set[Sku] = set()
    more = set(skus)
    while more:
        more = {Sku(row["sku"]) for row in await connection.fetch(_KITS_OF, sorted(more))} - found
        found |= more
    return found


async def read_levels(connection: Connection, skus: Collection[Sku]) -> dict[LevelKey, StockLevel]:
    """The levels of some SKUs that were told."""
    found = {}
    for row in await connection.fetch(_READ, list(skus)):
        key = (Sku(row["sku"]), row["channel"], row["node"])
        found[key] = StockLevel(key, StockStatus(row["level"]), row["available"], row["changed_at"])
    return found


async def write_levels(connection: Connection, levels: Sequence[StockLevel]) -> None:
    """Write levels as they now are."""
    rows = [(*one.key, one.level.value, one.available, one.changed_at) for one in levels]
    if rows:
        await connection.execute(_WRITE, *map(list, zip(*rows, strict=True)))


async def find_changed_levels(connection: Connection, since: int) -> tuple[list[tuple[LevelKey, StockStatus]], int]:
    """The levels that were written since a transaction, and the transaction from which to read on."""
    rows = await connection.fetch(_CHANGED, since)
    found = [
        ((Sku(row["sku"]), row["channel"], row["node"]), StockStatus(row["level"]))
        for row in rows
        if row["sku"] is not None
    ]
    horizon: int = rows[0]["horizon"]
    return found, horizon
