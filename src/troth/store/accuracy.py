"""What was seen of finding stock, and how far in the event log that goes: read by key or by change, written as sets."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from troth.model.accuracy import CellEvidence, CellKey, PositionKey, PositionRecord
from troth.model.ids import LineId, NodeId, OrderId, Sku
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.events import Position
from troth.store.queries import sql

_TRY = sql("try_learning")
_READER = sql("read_log_reader")
_ADVANCE = sql("advance_log_reader")
_ALLOCATED = sql("read_allocated")
_CATEGORIES = sql("read_categories")
_MEASURED = sql("find_measured")
_EVIDENCE = sql("read_find_evidence")
_CHANGED_EVIDENCE = sql("find_changed_evidence")
_WRITE_EVIDENCE = sql("write_find_evidence")
_RECORDS = sql("read_position_records")
_CHANGED_MISSES = sql("find_changed_misses")
_WRITE_RECORDS = sql("write_position_records")

READER = "accuracy"


@dataclass(frozen=True, slots=True)
class Allocated:
    """What an allocation is of: units of a SKU of a line at a node, which never change."""

    line_id: LineId
    sku: Sku
    node: NodeId
    quantity: int


async def try_learning(connection: Connection) -> bool:
    """Take the right to learn until the transaction ends; False where another worker has it."""
    is_ours: bool = await connection.fetchval(_TRY)
    return is_ours


async def read_learned_position(connection: Connection) -> Position:
    """The position in the log up to which was learned."""
    row = await connection.fetchrow(_READER, READER)
    if row is None:
        raise RuntimeError("the log reader of record accuracy is gone; its migration made it")
    return row["xid"], row["seq"]


async def advance_learned_position(connection: Connection, before: Position, after: Position) -> bool:
    """Move that position; False, with nothing written, where it is not `before` any more."""
    return await connection.fetchval(_ADVANCE, READER, *before, *after) is not None


async def read_allocated(
    connection: Connection, keys: Collection[tuple[OrderId, int]]
) -> dict[tuple[OrderId, int], Allocated]:
    """What allocations are of, by order and number."""
    ordered = sorted(keys)
    rows = await connection.fetch(_ALLOCATED, [order for order, _ in ordered], [number for _, number in ordered])
    return {
        (row["order_id"], row["allocation"]): Allocated(row["line_id"], row["sku"], row["node"], row["quantity"])
        for row in rows
    }


async def read_categories(connection: Connection, skus: Iterable[Sku]) -> dict[Sku, str]:
    """The category by SKU; items that do not exist are left out."""
    return {row["sku"]: row["category"] for row in await connection.fetch(_CATEGORIES, sorted(set(skus)))}


async def find_measured(connection: Connection, skus: Iterable[Sku]) -> dict[Sku, int]:
    """The decimals of those items that are sold by measure."""
    return {row["sku"]: row["decimals"] for row in await connection.fetch(_MEASURED, sorted(set(skus)))}


async def read_evidence(connection: Connection, keys: Iterable[CellKey]) -> dict[CellKey, CellEvidence]:
    """What was seen of these categories at these nodes."""
    ordered = sorted(keys)
    rows = await connection.fetch(_EVIDENCE, [node for node, _ in ordered], [category for _, category in ordered])
    return _cells(rows)


async def find_changed_evidence(connection: Connection, xid: int) -> dict[CellKey, CellEvidence]:
    """The evidence that transactions from one on have written."""
    return _cells(await connection.fetch(_CHANGED_EVIDENCE, xid))


async def read_records(connection: Connection, keys: Iterable[PositionKey]) -> dict[PositionKey, PositionRecord]:
    """The records of these positions."""
    ordered = sorted(keys)
    rows = await connection.fetch(_RECORDS, [sku for sku, _ in ordered], [node for _, node in ordered])
    return {(row["sku"], row["node"]): position_record(row) for row in rows}


async def find_changed_misses(
    connection: Connection, xid: int, *, since: datetime
) -> dict[PositionKey, PositionRecord]:
    """The records with misses that transactions from one on have written; none that nothing was added to since."""
    rows = await connection.fetch(_CHANGED_MISSES, xid, since)
    return {(row["sku"], row["node"]): position_record(row) for row in rows}


async def write_evidence(connection: Connection, cells: Mapping[CellKey, CellEvidence]) -> None:
    """Write what was seen of categories at nodes."""
    rows = [
        (node, category, one.as_of, one.found, one.missed, one.observations, one.units)
        for (node, category), one in sorted(cells.items())
    ]
    if rows:
        await connection.execute(_WRITE_EVIDENCE, *map(list, zip(*rows, strict=True)))


async def write_records(connection: Connection, positions: Mapping[PositionKey, PositionRecord]) -> None:
    """Write the records of positions."""
    rows = [
        (
            sku,
            node,
            one.category,
            one.as_of,
            one.found,
            one.missed,
            one.moved,
            one.counted_at,
            one.variance,
            one.missed_at,
            one.missed_units,
            one.missed_by,
        )
        for (sku, node), one in sorted(positions.items())
    ]
    if rows:
        await connection.execute(_WRITE_RECORDS, *map(list, zip(*rows, strict=True)))


def position_record(row: Any) -> PositionRecord:
    """The record that a row holds."""
    return PositionRecord(
        row["category"],
        row["as_of"],
        row["found"],
        row["missed"],
        row["moved"],
        row["counted_at"],
        row["variance"],
        row["missed_at"],
        row["missed_units"],
        row["missed_by"],
    )


def _cells(rows: Iterable[Any]) -> dict[CellKey, CellEvidence]:
    return {
        (row["node"], row["category"]): CellEvidence(
            row["as_of"], row["found"], row["missed"], row["observations"], row["units"]
        )
        for row in rows
    }
