"""Balances and entries from their rows."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from troth.model.ids import NodeId, Sku
from troth.model.inventory import Balance, SupplyKey
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.queries import sql
from troth.store.sent import units_of
from troth.store.shelf import SkuStock

_READ = sql("read_stock")
_READ_ON_HAND = sql("read_stock_on_hand")
_LOCK = sql("lock_stock")
_LOCK_SUPPLIES = sql("lock_supplies")
_FIND = sql("find_balances")
_MOVED = sql("find_moved_balances")
_MOVES_SINCE = sql("read_moves_since")
_ORDERED = sql("read_ordered")
_HORIZON = sql("read_horizon")
_LOTS = sql("read_lots")
_FIND_LOTS = sql("find_lots")
_WRITE_EXPIRIES = sql("write_expiries")
_SNAPSHOT = sql("read_snapshot")
_ENTRIES = sql("read_entries")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which transactions could be seen at an instant, in PostgreSQL's words, and the position before which all had
    ended.
    """

    seen: str
    horizon: int


async def read_stock(connection: Connection, skus: Iterable[Sku]) -> list[SkuStock]:
    """Every supply of some SKUs; a SKU that has none is left out."""
    rows = await connection.fetch(_READ_ON_HAND, list(skus))
    stocks = _stocks_on_hand([row for row in rows if row["nodes"] is not None])
    others = [row["sku"] for row in rows if row["nodes"] is None]
    if others:
        stocks += [_stock(row) for row in await connection.fetch(_READ, others)]
    return stocks


async def lock_stock(connection: Connection, skus: Iterable[Sku]) -> list[SkuStock]:
    """The same, locked in sorted order until the transaction ends."""
    return [_stock(row) for row in await connection.fetch(_LOCK, list(skus))]


async def lock_stock_of(connection: Connection, sku: Sku) -> list[Balance]:
    """Every supply of one SKU, locked until the transaction ends, without deficits."""
    return [
        Balance(SupplyKey(stock.sku, node, source), on_hand, reserved)
        for stock in await lock_stock(connection, [sku])
        for node, source, on_hand, reserved in zip(
            stock.nodes, stock.sources, stock.on_hand, stock.reserved, strict=True
        )
    ]


async def lock_supplies(connection: Connection, keys: Iterable[SupplyKey]) -> list[Balance]:
    """These supplies, as far as they exist, locked in sorted order until the transaction ends."""
    wanted = sorted(keys)
    rows = await connection.fetch(
        _LOCK_SUPPLIES, [key.sku for key in wanted], [key.node for key in wanted], [key.source for key in wanted]
    )
    return [_balance(row) for row in rows]


async def find_balances(
    connection: Connection,
    *,
    skus: Sequence[str] | None = None,
    node: str | None = None,
    after: SupplyKey | None = None,
    limit: int,
) -> list[Balance]:
    """A page of supplies in sorted order, after the one given."""
    position = (after.sku, after.node, after.source) if after else (None, None, None)
    return [_balance(row) for row in await connection.fetch(_FIND, skus, node, *position, limit)]


async def read_lots(connection: Connection, places: Sequence[tuple[str, str]]) -> list[Balance]:
    """The lots at some places (SKU, node) that hold or have reserved anything, by place, the first to expire first."""
    rows = await connection.fetch(_LOTS, [sku for sku, _ in places], [node for _, node in places])
    return [_balance(row) for row in rows]


async def find_places_with_lots(
    connection: Connection, places: Sequence[tuple[Sku, NodeId]]
) -> frozenset[tuple[Sku, NodeId]]:
    """Those of some places (SKU, node) where lots hold or have reserved anything."""
    return (
        frozenset((lot.key.sku, lot.key.node) for lot in await read_lots(connection, places)) if places else frozenset()
    )


async def find_lots(
    connection: Connection,
    before: date,
    *,
    nodes: Sequence[str] | None = None,
    after: tuple[date, str, str, str] | None = None,
    limit: int,
) -> list[Balance]:
    """A page of the lots on hand that expire before a day, by that day, node, SKU and source, after the one given."""
    position = after or (None, None, None, None)
    return [_balance(row) for row in await connection.fetch(_FIND_LOTS, before, nodes, *position, limit)]


async def write_expiries(connection: Connection, expiries: Mapping[SupplyKey, date]) -> None:
    """Say of lots, which are there, on which day each is good for the last time."""
    keys = sorted(expiries)
    await connection.execute(
        _WRITE_EXPIRIES,
        [key.sku for key in keys],
        [key.node for key in keys],
        [key.source for key in keys],
        [expiries[key] for key in keys],
    )


async def find_moved_balances(connection: Connection, since: Snapshot, *, without: Iterable[int]) -> list[Balance]:
    """The supplies that transactions moved which a snapshot did not see, as they are now, `without` some of these.

    It does not stop at the horizon, as readers that need an order must: a balance may be read in any order, and twice.
    So one transaction that stays open, such as that of a large feed, holds up nothing but its own moves.
    """
    return [_balance(row) for row in await connection.fetch(_MOVED, since.seen, list(without))]


async def read_snapshot(connection: Connection) -> Snapshot:
    """What can be seen now."""
    row = await connection.fetchrow(_SNAPSHOT)
    assert row is not None
    return Snapshot(row["seen"], row["horizon"])


async def read_horizon(connection: Connection) -> int:
    """The transaction id before which every transaction has ended: how far a reader of a log may go."""
    horizon: int = await connection.fetchval(_HORIZON)
    return horizon


async def read_moves_since(connection: Connection, wanted: Sequence[tuple[SupplyKey, datetime]]) -> list[int]:
    """By how many units each supply moved on hand after its instant."""
    return await _units(connection, _MOVES_SINCE, [key for key, _ in wanted], [at for _, at in wanted])


async def read_ordered(connection: Connection, keys: Sequence[SupplyKey]) -> list[int]:
    """To how many units each purchase order line was set."""
    return await _units(connection, _ORDERED, keys)


async def read_entries(connection: Connection, sku: Sku, node: NodeId, *, limit: int) -> list[dict[str, Any]]:
    """The newest entries of a SKU at a node, newest first."""
    return [dict(row) for row in await connection.fetch(_ENTRIES, sku, node, limit)]


async def _units(connection: Connection, query: str, keys: Sequence[SupplyKey], *more: Sequence[datetime]) -> list[int]:
    rows = await connection.fetch(
        query, [key.sku for key in keys], [key.node for key in keys], [key.source for key in keys], *more
    )
    return [row["units"] for row in rows]


def _balance(row: Any) -> Balance:
    return Balance(
        SupplyKey(row["sku"], row["node"], row["source"]),
        row["on_hand"],
        row["reserved"],
        row["deficit"],
        row["expected_at"],
        row["expires_on"],
    )


def _stocks_on_hand(rows: Sequence[Any]) -> list[SkuStock]:
    on_hand, reserved = units_of([row["on_hand"] for row in rows]), units_of([row["reserved"] for row in rows])
    stocks, first = [], 0
    for row in rows:
        nodes = row["nodes"]
        last = first + len(nodes)
        stocks.append(SkuStock(row["sku"], nodes, (), on_hand[first:last], reserved[first:last]))
        first = last
    return stocks


def _stock(row: Any) -> SkuStock:
    return SkuStock(
        row["sku"],
        row["nodes"],
        row["sources"],
        row["on_hand"],
        row["reserved"],
        row["expected_at"],
        row["expires_on"] or (),
    )
