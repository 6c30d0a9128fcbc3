"""Stock as people look at it: positions by SKU and node, and the ledger of one of them with its running balance."""

from collections.abc import Sequence
from datetime import datetime

from troth.model.ids import NodeId, OrderId, Sku
from troth.model.inventory import Balance, EntryKind, Source, SupplyKey
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.queries import sql

_FIND = sql("find_positions")
_FIND_AS_OF = sql("find_positions_as_of")
_LEDGER = sql("read_ledger")
_STOCKED = sql("find_stocked_skus")
_KITS = sql("find_kits")
_PURCHASE_ORDER = sql("read_supplies_of_purchase_order")
_LOCK_PURCHASE_ORDER = sql("lock_purchase_order")

LedgerPosition = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class StockPosition:
    """What a node holds of a SKU (units), what of that is reserved, and what is still to come, with the dates that are
    known of it (`incoming_at`, the earliest first; some may have passed).
    """

    sku: Sku
    node: NodeId
    on_hand: int
    reserved: int
    incoming: int
    incoming_reserved: int
    incoming_at: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """An entry of the ledger, and what its supply held and had reserved after it (units)."""

    at: datetime
    seq: int
    source: Source
    kind: EntryKind
    on_hand_delta: int
    reserved_delta: int
    order_id: OrderId | None
    allocation: int | None
    reason: str
    reference: str
    on_hand: int
    reserved: int


async def find_positions(
    connection: Connection,
    *,
    skus: Sequence[str] | None = None,
    nodes: Sequence[str] | None = None,
    as_of: datetime | None = None,
    after: tuple[str, str] | None = None,
    limit: int,
) -> list[StockPosition]:
    """A page of positions by SKU and node, after the one given: as they are, or as they were after all entries up to
    and including `as_of`. What was then still to come is listed with the dates that are known now.
    """
    sku, node = after or (None, None)
    return [
        StockPosition(
            row["sku"],
            row["node"],
            row["on_hand"],
            row["reserved"],
            row["incoming"],
            row["incoming_reserved"],
            tuple(row["incoming_at"] or ()),
        )
        for row in await (
            connection.fetch(_FIND, skus, nodes, sku, node, limit)
            if as_of is None
            else connection.fetch(_FIND_AS_OF, skus, nodes, sku, node, limit, as_of)
        )
    ]


async def find_stocked_skus(connection: Connection, *, limit: int) -> list[Sku]:
    """The first SKUs of which any node has units."""
    return [row["sku"] for row in await connection.fetch(_STOCKED, limit)]


async def find_kits(connection: Connection, *, limit: int) -> list[Sku]:
    """The first SKUs that are kits."""
    return [row["sku"] for row in await connection.fetch(_KITS, limit)]


async def read_ledger(
    connection: Connection, sku: str, node: str, *, before: LedgerPosition | None = None, limit: int
) -> list[LedgerEntry]:
    """The newest entries of a SKU at a node, newest first, before a position."""
    at, seq = before or (None, None)
    return [
        LedgerEntry(
            row["at"],
            row["seq"],
            row["source"],
            EntryKind(row["kind"]),
            row["on_hand_delta"],
            row["reserved_delta"],
            row["order_id"],
            row["allocation"],
            row["reason"],
            row["reference"],
            row["on_hand"],
            row["reserved"],
        )
        for row in await connection.fetch(_LEDGER, sku, node, at, seq, limit)
    ]


async def lock_purchase_order(connection: Connection, number: str) -> None:
    """Wait until nobody else is setting this purchase order, and keep others from it until the transaction ends."""
    await connection.execute(_LOCK_PURCHASE_ORDER, number)


async def read_expected(connection: Connection, number: str, skus: Sequence[Sku]) -> list[Balance]:
    """What is still expected of these SKUs of a purchase order, by line."""
    rows = await connection.fetch(_PURCHASE_ORDER, skus, f"po/{number}/")
    return [
        Balance(
            SupplyKey(row["sku"], row["node"], row["source"]),
            row["on_hand"],
            row["reserved"],
            expected_at=row["expected_at"],
        )
        for row in rows
    ]
