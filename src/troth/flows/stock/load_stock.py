"""First loads of stock: what nodes hold, thousands of positions in a transaction."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Final

import asyncpg

from troth.model.events import ConfigurationSet
from troth.model.ids import NodeId, Sku
from troth.model.inventory import ON_HAND
from troth.model.measure import units_in, why_not_units
from troth.model.value import dataclass
from troth.store.balances import find_places_with_lots
from troth.store.configure import append_configuration_events
from troth.store.database import Pool, transaction
from troth.store.stock_load import (
    Loaded,
    Overtaken,
    Position,
    find_stocked,
    find_unknown_nodes,
    load_balances,
    plan_by_key,
)

_POSITIONS_A_TIME: Final = 10_000
_NAMED_MAX: Final = 100
_ATTEMPTS: Final = 5
_TRANSIENT: Final = (
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.SerializationError,
    Overtaken,
)


@dataclass(frozen=True, slots=True)
class Measured:
    """A position in the measure of its item, as somebody says it."""

    position: Position
    on_hand: int | Decimal


@dataclass(frozen=True, slots=True)
class LoadReport:
    """How many positions were given and how many moved, by how many pieces; names that nobody knows, and positions that
    were left out since their lots must be counted one by one, or since they are no quantity of the item.
    """

    given: int
    moved: int
    units: int
    unknown: tuple[str, ...]
    by_lot: tuple[str, ...] = ()
    unfit: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Done:
    """What one transaction of a load did, and what it left out."""

    loaded: Loaded
    unknown: Sequence[str]
    by_lot: Collection[tuple[Sku, NodeId]]
    unfit: Sequence[str]


async def load_positions(
    pool: Pool,
    positions: Iterable[Position | Measured],
    *,
    actor: str,
    reason: str,
    at: Callable[[], datetime],
    progress: Callable[[int], None] | None = None,
) -> LoadReport:
    """Set what nodes hold, in transactions of 10,000 positions; a position that is so already writes nothing.

    Of two with one SKU, node and lot the last of its transaction wins. Left out and named, at most a hundred, are those
    of unknown SKUs and nodes, of a measure that is not the item's, and of what no lot holds where lots hold some,
    unless lots of it are among the positions so far. `progress` is told after each transaction how many positions were
    given so far.
    """
    given = moved = units = 0
    unknown: dict[str, None] = {}
    by_lot: dict[str, None] = {}
    unfit: dict[str, None] = {}
    named: set[tuple[Sku, NodeId]] = set()
    remaining = iter(positions)
    while chunk := list(islice(remaining, _POSITIONS_A_TIME)):
        given += len(chunk)
        wanted = (one if isinstance(one, Measured) else Measured(one, one.on_hand) for one in chunk)
        kept = {one.position.key: one for one in wanted}
        named |= {(key.sku, key.node) for key in kept if key.source != ON_HAND}
        done = await _load(pool, [kept[key] for key in sorted(kept)], named, actor=actor, reason=reason, at=at())
        moved, units = moved + done.loaded.moved, units + done.loaded.units
        unknown |= dict.fromkeys(done.unknown)
        by_lot |= {f"{sku} at {node}": None for sku, node in sorted(done.by_lot)}
        unfit |= dict.fromkeys(done.unfit)
        if progress is not None:
            progress(given)
    return LoadReport(given, moved, units, _first(unknown), _first(by_lot), _first(unfit))


async def _load(
    pool: Pool,
    positions: Sequence[Measured],
    named: Collection[tuple[Sku, NodeId]],
    *,
    actor: str,
    reason: str,
    at: datetime,
) -> _Done:
    """One transaction of a load, tried again a few times where captures or other loads got in its way."""
    attempts = 0
    while True:
        try:
            async with transaction(pool) as connection:
                await plan_by_key(connection)
                stocked = await find_stocked(connection, {one.position.sku for one in positions})
                away = frozenset(await find_unknown_nodes(connection, {one.position.node for one in positions}))
                absent = {one.position.sku for one in positions if stocked.get(one.position.sku) is None}
                known = [one for one in positions if one.position.sku not in absent and one.position.node not in away]
                there, unfit = _in_units(known, stocked)
                loose = [(one.sku, one.node) for one in there if not one.lot]
                by_lot = await find_places_with_lots(connection, loose) - frozenset(named)
                loaded = await load_balances(
                    connection,
                    [one for one in there if one.lot or (one.sku, one.node) not in by_lot],
                    as_of=at,
                    at=at,
                    reason=reason,
                    reference="",
                    measured={sku for sku, decimals in stocked.items() if decimals},
                )
                if loaded.moved:
                    after = {"positions": loaded.moved, "units": loaded.units, "reason": reason}
                    event = ConfigurationSet("stock_load", at.isoformat(), after)
                    await append_configuration_events(connection, (event,), at=at, actor=actor)
            unknown = (*(f"item {sku}" for sku in sorted(absent)), *(f"node {node}" for node in sorted(away)))
            return _Done(loaded, unknown, by_lot, unfit)
        except _TRANSIENT:
            attempts += 1
            if attempts == _ATTEMPTS:
                raise


def _in_units(
    positions: Sequence[Measured], stocked: Mapping[str, int | None]
) -> tuple[Sequence[Position], Sequence[str]]:
    """The positions in units of their items, and why others are none."""
    kept, unfit = [], []
    for one in positions:
        decimals = stocked[one.position.sku] or 0
        units = units_in(one.on_hand, decimals)
        if units is None:
            unfit.append(f"{one.on_hand} at {one.position.node} {why_not_units(one.position.sku, decimals)}")
        else:
            kept.append(one.position._replace(on_hand=units))
    return kept, unfit


def _first(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(islice(names, _NAMED_MAX))
