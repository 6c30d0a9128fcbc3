"""Stock in bulk: what thousands of supplies hold is set by few statements, the ledger with it.

The rows go in as arrays: that is as fast as COPY into a temporary table, and leaves nothing behind in the catalogs.
Only supplies that do not hold what they should are locked, and what moved is looked at again under these locks: so what
was reserved, shipped or received meanwhile is never overwritten, and what is as it should be stops nobody.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from troth.model.ids import NodeId, Sku
from troth.store.database import Connection
from troth.store.queries import sql

_BY_KEY = sql("plan_by_key")
_LOAD_NEW = sql("load_new_balances")
_LOCK_DIFFERING = sql("lock_differing_balances")
_LOAD = sql("load_balances")
_MARK = sql("mark_counted")
_CREATE = sql("create_balances")
_LOCK = sql("lock_balances_on_hand")
_ADD = sql("add_to_balances")
_UNNAMED = sql("find_unnamed_positions")
_UNKNOWN_SKUS = sql("find_unknown_skus")
_UNKNOWN_NODES = sql("find_unknown_nodes")


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """How many units of a SKU a node holds, or held at `as_of` where one is given."""

    sku: Sku
    node: NodeId
    on_hand: int
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """Units to add to (or to take from) what a node holds of a SKU, for a reason."""

    sku: Sku
    node: NodeId
    delta: int
    reason: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many supplies changed, by how many units in total, and how many were counted later already."""

    moved: int
    units: int
    outdated: int = 0


async def plan_by_key(connection: Connection) -> None:
    """Let the statements of this transaction find their rows by key."""
    await connection.execute(_BY_KEY)


async def load_balances(
    connection: Connection, positions: Sequence[Position], *, at: datetime, reason: str, reference: str
) -> Loaded:
    """Set what these supplies hold, plus what moved since; each SKU and node occurs once. Without an `as_of` of its own
    a position is as of `at`.
    """
    skus = [position.sku for position in positions]
    nodes = [position.node for position in positions]
    units = [position.on_hand for position in positions]
    as_of = [position.as_of or at for position in positions]
    created = await connection.fetchrow(_LOAD_NEW, at, skus, nodes, units, reason, reference)
    moved, total = (created["moved"], created["units"]) if created else (0, 0)
    if moved < len(positions):
        places = [row["place"] for row in await connection.fetch(_LOCK_DIFFERING, skus, nodes, units, as_of)]
        if places:
            row = await connection.fetchrow(
                _LOAD,
                at,
                [skus[place] for place in places],
                [nodes[place] for place in places],
                [units[place] for place in places],
                reason,
                reference,
                [as_of[place] for place in places],
            )
            if row is not None:
                moved, total = moved + row["moved"], total + row["units"]
    kept: int = await connection.fetchval(_MARK, skus, nodes, as_of, units, reference, at)
    return Loaded(moved, total, len(positions) - kept)


async def add_to_balances(
    connection: Connection, movements: Sequence[Movement], *, at: datetime, reference: str
) -> dict[tuple[Sku, NodeId], int]:
    """Move what these supplies hold, unless all movements of one together would take more than is on hand.

    Those are left as they are and returned with the units that they hold.
    """
    sums: dict[tuple[Sku, NodeId], int] = {}
    for one in movements:
        key = (one.sku, one.node)
        sums[key] = sums.get(key, 0) + one.delta
    skus, nodes = [sku for sku, _ in sums], [node for _, node in sums]
    await connection.execute(_CREATE, skus, nodes, ["on_hand"] * len(sums))
    held = {(row["sku"], row["node"]): row["on_hand"] for row in await connection.fetch(_LOCK, skus, nodes)}
    short = {key: held[key] for key, delta in sums.items() if held[key] + delta < 0}
    kept = [one for one in movements if (one.sku, one.node) not in short]
    await connection.execute(
        _ADD,
        at,
        [one.sku for one in kept],
        [one.node for one in kept],
        [one.delta for one in kept],
        [one.reason for one in kept],
        reference,
    )
    return short


async def find_unnamed_positions(
    connection: Connection, node: NodeId, *, as_of: datetime, after: str, limit: int
) -> list[Sku]:
    """A page of the SKUs that a node holds and that were not counted at or after an instant, after the one given."""
    return [row["sku"] for row in await connection.fetch(_UNNAMED, node, as_of, after, limit)]


async def find_unknown_skus(connection: Connection, skus: Collection[str]) -> list[str]:
    """Those of the SKUs that no item has, sorted."""
    return [row["sku"] for row in await connection.fetch(_UNKNOWN_SKUS, sorted(skus))]


async def find_unknown_nodes(connection: Connection, nodes: Collection[str]) -> list[str]:
    """Those of the ids that no node has, sorted."""
    return [row["node"] for row in await connection.fetch(_UNKNOWN_NODES, sorted(nodes))]
