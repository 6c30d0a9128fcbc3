"""Stock in bulk: what thousands of supplies hold is set by few statements, the ledger with it.

The rows go in as arrays: that is as fast as COPY into a temporary table, and leaves nothing behind in the catalogs.
Only supplies that do not hold what they should are locked, and what moved is looked at again under these locks: so what
was reserved, shipped or received meanwhile is never overwritten, and what is as it should be stops nobody.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from troth.model.ids import NodeId, Sku
from troth.model.inventory import SupplyKey, lot_of, lot_source
from troth.model.value import dataclass
from troth.store.balances import lock_supplies, write_expiries
from troth.store.database import Connection
from troth.store.queries import sql

_BY_KEY = sql("plan_by_key")
_LOAD_NEW = sql("load_new_balances")
_LOAD = sql("load_balances")
_MARK = sql("mark_counted")
_CREATE = sql("create_balances")
_ADD = sql("add_to_balances")
_UNNAMED = sql("find_unnamed_positions")
_STOCKED = sql("find_stocked")
_EXPIRIES = sql("write_counted_expiries")
_UNKNOWN_NODES = sql("find_unknown_nodes")


class Position(NamedTuple):
    """How many units of a SKU, or of a lot of it, a node holds, or held at `as_of` where one is given; `expires_on` is
    the lot's last good day, where it is said.

    A tuple, as it is made by the million.
    """

    sku: Sku
    node: NodeId
    on_hand: int
    as_of: datetime | None = None
    lot: str = ""
    expires_on: date | None = None

    @property
    def key(self) -> SupplyKey:
        """Which supply that is."""
        return SupplyKey(self.sku, self.node, lot_source(self.lot))


_ROUNDS: Final = 10
"""So often supplies are looked at again that others moved meanwhile: from the second time on they are locked."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Units to add to (or to take from) what a node holds of a SKU or of a lot of it, for a reason; `expires_on` is the
    lot's last good day, where it is said.
    """

    sku: Sku
    node: NodeId
    delta: int
    reason: str
    lot: str = ""
    expires_on: date | None = None

    @property
    def key(self) -> SupplyKey:
        """Which supply that is."""
        return SupplyKey(self.sku, self.node, lot_source(self.lot))


@dataclass(frozen=True, slots=True)
class Refusing:
    """What a supply holds that refuses a movement: too little by then, or a lot with another last good day."""

    on_hand: int
    expires_on: date | None = None


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
    measured: Collection[str] = (),
) -> Loaded:
    """Set what these supplies hold, plus what moved since; each SKU, node and lot occurs once. Without an `as_of` of
    its own a position is as of the one given, or as of `at`. What moved of `measured` SKUs is not summed up.

    Raises Overtaken, which undoes the transaction, where a newer count came in between.
    """
    skus = "\n".join([position.sku for position in positions])
    nodes = "\n".join([position.node for position in positions])
    units = "\n".join([str(position.on_hand) for position in positions])
    is_uniform = all(position.as_of is None for position in positions)
    instants = None if is_uniform else "\n".join([_instant(position.as_of) for position in positions])
    has_lots = any(position.lot for position in positions)
    sources = "\n".join([lot_source(position.lot) for position in positions]) if has_lots else None
    unsummed = sorted(measured)
    created = await connection.fetchrow(_LOAD_NEW, at, skus, nodes, units, reason, reference, sources, unsummed)
    moved, total = (created["moved"], created["units"]) if created else (0, 0)
    outdated, missed = 0, int(moved < len(positions))
    rounds = 0
    while missed:
        row = await connection.fetchrow(
            _LOAD, at, skus, nodes, units, reason, reference, as_of or at, instants, sources, unsummed
        )
        if row is None or rounds == _ROUNDS:
            raise Overtaken
        moved, total, outdated, missed = moved + row["moved"], total + row["units"], row["outdated"], row["missed"]
        rounds += 1
    kept: int = await connection.fetchval(_MARK, skus, nodes, units, reference, at, as_of or at, instants, sources)
    if kept + outdated != len(positions):
        raise Overtaken
    dated = [position for position in positions if position.lot and position.expires_on is not None]
    if dated:
        await connection.execute(
            _EXPIRIES,
            [position.sku for position in dated],
            [position.node for position in dated],
            [lot_source(position.lot) for position in dated],
            [position.expires_on for position in dated],
            [position.as_of or as_of or at for position in dated],
            at,
            reason,
            reference,
        )
    return Loaded(moved, total, outdated)


async def add_to_balances(
    connection: Connection, movements: Sequence[Movement], *, at: datetime, reference: str
) -> dict[int, Refusing]:
    """Move what these supplies hold, one movement after the other, but none that takes more than is there by then, nor
    one that says another last good day than is known of a lot that is there.

    Gives those that were left out, by their place in the sequence, with what they found.
    """
    keys = sorted({one.key for one in movements})
    await connection.execute(
        _CREATE, [key.sku for key in keys], [key.node for key in keys], [key.source for key in keys]
    )
    locked = {balance.key: balance for balance in await lock_supplies(connection, keys)}
    held = {key: balance.on_hand for key, balance in locked.items()}
    ends = {key: balance.expires_on for key, balance in locked.items()}
    refused: dict[int, Refusing] = {}
    kept: list[Movement] = []
    for place, one in enumerate(movements):
        key, end = one.key, ends[one.key]
        if held[key] + one.delta < 0:
            refused[place] = Refusing(held[key])
        elif held[key] and end is not None and one.expires_on not in (None, end):
            refused[place] = Refusing(held[key], end)
        else:
            held[key] += one.delta
            ends[key] = one.expires_on or end
            kept.append(one)
    await connection.execute(
        _ADD,
        at,
        [one.sku for one in kept],
        [one.node for one in kept],
        [one.delta for one in kept],
        [one.reason for one in kept],
        reference,
        [lot_source(one.lot) for one in kept],
    )
    changed = {key: end for key, end in ends.items() if end is not None and end != locked[key].expires_on}
    if changed:
        await write_expiries(connection, changed)
    return refused


async def find_unnamed_positions(
    connection: Connection, node: NodeId, *, as_of: datetime, after: tuple[str, str], limit: int
) -> list[tuple[Position, int]]:
    """A page of what a node holds and that was not counted at or after an instant, each empty and with the decimals of
    its item; `after` is the SKU and source of the last one seen.
    """
    rows = await connection.fetch(_UNNAMED, node, as_of, *after, limit)
    return [(Position(row["sku"], node, 0, lot=lot_of(row["source"])), row["decimals"]) for row in rows]


async def find_stocked(connection: Connection, skus: Collection[str]) -> dict[str, int | None]:
    """Those of the SKUs that an item has, with its decimals; None of a kit, which has no stock."""
    return {row["sku"]: row["decimals"] for row in await connection.fetch(_STOCKED, sorted(skus))}


async def find_unknown_nodes(connection: Connection, nodes: Collection[str]) -> list[str]:
    """Those of the ids that no node has, sorted."""
    return [row["node"] for row in await connection.fetch(_UNKNOWN_NODES, sorted(nodes))]


def _instant(at: datetime | None) -> str:
    return "" if at is None else at.isoformat()
