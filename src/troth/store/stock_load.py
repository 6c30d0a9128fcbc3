"""Stock in bulk: what tens of thousands of supplies hold is set by one statement, the ledger with it.

The rows go in as arrays: that is as fast as COPY into a temporary table, and leaves nothing behind in the catalogs.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from troth.model.ids import NodeId, Sku
from troth.store.database import Connection
from troth.store.queries import sql

_LOAD_NEW = sql("load_new_balances")
_LOAD = sql("load_balances")
_UNKNOWN_SKUS = sql("find_unknown_skus")
_UNKNOWN_NODES = sql("find_unknown_nodes")


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """How many units of a SKU a node holds."""

    sku: Sku
    node: NodeId
    on_hand: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many supplies changed, and by how many units in total."""

    moved: int
    units: int


async def load_balances(
    connection: Connection, positions: Sequence[Position], *, at: datetime, reason: str, reference: str
) -> Loaded:
    """Set what these supplies hold; each SKU and node occurs once, and they come sorted."""
    columns = (
        [position.sku for position in positions],
        [position.node for position in positions],
        [position.on_hand for position in positions],
    )
    moved = units = 0
    for query in (_LOAD_NEW, _LOAD):
        row = await connection.fetchrow(query, at, *columns, reason, reference)
        if row is not None:
            moved, units = moved + row["moved"], units + row["units"]
    return Loaded(moved, units)


async def find_unknown_skus(connection: Connection, skus: Collection[str]) -> list[str]:
    """Those of the SKUs that no item has which is sold by the piece, sorted."""
    return [row["sku"] for row in await connection.fetch(_UNKNOWN_SKUS, sorted(skus))]


async def find_unknown_nodes(connection: Connection, nodes: Collection[str]) -> list[str]:
    """Those of the ids that no node has, sorted."""
    return [row["node"] for row in await connection.fetch(_UNKNOWN_NODES, sorted(nodes))]
