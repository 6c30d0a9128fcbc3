"""The positions among which it is chosen what to count, found so that it is quick on millions of them."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final

from troth.model.accuracy import PositionKey
from troth.model.count_task import Candidate
from troth.store.accuracy import position_record
from troth.store.database import Connection
from troth.store.queries import sql

_MISSED = sql("find_missed_positions")
_DEAR = sql("find_dear_positions")
_LATELY = sql("find_positions_asked_lately")
_READ = sql("read_count_candidates")

MISSED_MAX: Final = 1_000
DEAR_MAX: Final = 500
ENTRIES_MAX: Final = 5_000


async def find_count_positions(connection: Connection, nodes: Collection[str] | None) -> set[PositionKey]:
    """Positions of some nodes (None: of all) that may be worth a count.

    Those where units were missed last, those that were asked for lately, and of named nodes the dearest.
    """
    named = None if nodes is None else sorted(nodes)
    rows = await connection.fetch(_MISSED, named, MISSED_MAX)
    rows += await connection.fetch(_LATELY, named, ENTRIES_MAX)
    if named is not None:
        rows += await connection.fetch(_DEAR, named, DEAR_MAX)
    return {(row["sku"], row["node"]) for row in rows}


async def read_count_candidates(
    connection: Connection, keys: Iterable[PositionKey], *, asked_since: datetime
) -> list[Candidate]:
    """What must be known of these positions, those without anything on hand left out; demand is counted since."""
    ordered = sorted(keys)
    rows = await connection.fetch(_READ, [sku for sku, _ in ordered], [node for _, node in ordered], asked_since)
    return [_candidate(row) for row in rows]


def _candidate(row: Any) -> Candidate:
    return Candidate(
        row["sku"],
        row["node"],
        row["name"],
        row["category"],
        row["on_hand"],
        row["reserved"],
        row["margin_minor"],
        row["asked_units"],
        position_record(row) if row["has_record"] else None,
        row["decimals"],
        tuple(zip(row["lots"], row["lot_units"], strict=True)),
        row["unit"],
    )
