"""Stock in bulk: what thousands of supplies hold is set by few statements, the ledger with it.

The rows go in as arrays: that is as fast as COPY into a temporary table, and leaves nothing behind in the catalogs.
Only supplies that do not hold what they should are locked, and what moved is looked at again under these locks: so what
was reserved, shipped or received meanwhile is never overwritten, and what is as it should be stops nobody.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from troth.model.ids import NodeId, Sku
from troth.store.database import Connection
from troth.store.queries import sql

_BY_KEY = sql("plan_by_key")
_LOAD_NEW = sql("load_new_balances")
_LOAD = sql("load_balances")
_MARK = sql("mark_counted")
_CREATE = sql("create_balances")
_LOCK = sql("lock_balances_on_hand")
_ADD = sql("add_to_balances")
_UNNAMED = sql("find_unnamed_positions")
_UNKNOWN_SKUS = sql("find_unknown_skus")
_UNKNOWN_NODES = sql("find_unknown_nodes")


class Position(NamedTuple):
    """How many units of a SKU a node holds, or held at `as_of` where one is given.

    A tuple, as it is made by the million.
    """

    sku: Sku
    node: NodeId
    on_hand: int
    as_of: datetime | None = None


_ROUNDS: Final = 10
"""So often supplies are looked at again that others moved meanwhile: from the second time on they are locked."""


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


class Overtaken(Exception):
    """Undoes a transaction that somebody else came before; it can be tried again."""


async def plan_by_key(connection: Connection) -> None:
    """Let the statements of this transaction find their rows by key."""
    await connection.execute(_BY_KEY)


async def load_balances(
    connection: Connection,
    positions: Sequence[Position],
    *,
    at: datetime,
    reason: str,
    reference: str,
    as_of: datetime | None = None,
) -> Loaded:
    """Set what these supplies hold, plus what moved since; each SKU and node occurs once. Without an `as_of` of its own
    a position is as of the one given, or as of `at`.

    Raises Overtaken, which undoes the transaction, where a newer count came in between.
    """
    skus = "\n".join([position.sku for position in positions])
    nodes = "\n".join([position.node for position in positions])
    units = "\n".join([str(position.on_hand) for position in positions])
    is_uniform = all(position.as_of is None for position in positions)
    instants = None if is_uniform else "\n".join([_instant(position.as_of) for position in positions])
    created = await connection.fetchrow(_LOAD_NEW, at, skus, nodes, units, reason, reference)
    moved, total = (created["moved"], created["units"]) if created else (0, 0)
    outdated, missed = 0, int(moved < len(positions))
    rounds = 0
    while missed:
        row = await connection.fetchrow(_LOAD, at, skus, nodes, units, reason, reference, as_of or at, instants)
        if row is None or rounds == _ROUNDS:
            raise Overtaken
        moved, total, outdated, missed = moved + row["moved"], total + row["units"], row["outdated"], row["missed"]
        rounds += 1
    kept: int = await connection.fetchval(_MARK, skus, nodes, units, reference, at, as_of or at, instants)
    if kept + outdated != len(positions):
        raise Overtaken
    return Loaded(moved, total, outdated)


async def add_to_balances(
    connection: Connection, movements: Sequence[Movement], *, at: datetime, reference: str
) -> dict[int, int]:
    """Move what these supplies hold, one movement after the other, but none that takes more than is there by then.

    Gives those that were left out, by their place in the sequence, with the units that they found.
    """
    keys = list(dict.fromkeys((one.sku, one.node) for one in movements))
    skus, nodes = [sku for sku, _ in keys], [node for _, node in keys]
    await connection.execute(_CREATE, skus, nodes, ["on_hand"] * len(keys))
    held = {(row["sku"], row["node"]): row["on_hand"] for row in await connection.fetch(_LOCK, skus, nodes)}
    short: dict[int, int] = {}
    kept: list[Movement] = []
    for place, one in enumerate(movements):
        key = (one.sku, one.node)
        if held[key] + one.delta < 0:
            short[place] = held[key]
        else:
            held[key] += one.delta
            kept.append(one)
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
    """Those of the SKUs that no item has which is stocked by the piece (neither a kit nor a measured one), sorted."""
    return [row["sku"] for row in await connection.fetch(_UNKNOWN_SKUS, sorted(skus))]


async def find_unknown_nodes(connection: Connection, nodes: Collection[str]) -> list[str]:
    """Those of the ids that no node has, sorted."""
    return [row["node"] for row in await connection.fetch(_UNKNOWN_NODES, sorted(nodes))]


def _instant(at: datetime | None) -> str:
    return "" if at is None else at.isoformat()
