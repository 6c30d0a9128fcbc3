"""Unit prices: published in parts under a version, in force as a whole once they are finished, and taken back."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from troth.engine.supply.unit_prices import UnitPrices, is_fresh
from troth.flows.door.system import System
from troth.model.events import ConfigurationSet
from troth.model.ids import NodeId, Sku
from troth.model.prices import PriceLine, PriceSet
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow
from troth.model.value import dataclass
from troth.store.configure import append_configuration_events, lock_family
from troth.store.database import Connection, transaction
from troth.store.reference import bump_version
from troth.store.unit_prices import (
    KnownSet,
    begin_price_set,
    find_other_lines,
    find_price_sets,
    find_unit_prices,
    find_unknown_places,
    finish_price_set,
    lock_price_set,
    look_up_price_set,
    read_set_in_force,
    take_back_price_set,
    write_unit_prices,
)

FAMILY: Final = "unit-prices"
_FLAWS_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class ListedSet:
    """A set as it stands: how old it is, whether it is in force, and whether it is applied: in force, and fresh."""

    prices: PriceSet
    age_hours: float
    is_in_force: bool
    is_applied: bool


async def publish_prices(
    system: System, version: str, made_at: datetime, lines: Sequence[PriceLine], *, is_last: bool, actor: str
) -> tuple[ListedSet, bool] | Invalid | NotPossibleNow:
    """The set with these lines added, and whether it was begun just now; refused as a whole where one line is.

    With the last part the set is finished: it decides from then on, unless one that was made later does, and never
    changes again. The same part sent once more changes nothing.
    """
    now = system.door.now()
    flaws = (*_time_flaws(made_at, now), *_line_flaws(lines))
    if flaws:
        return Invalid(tuple(flaws)[:_FLAWS_MAX])
    async with transaction(system.pool) as connection:
        await lock_family(connection, FAMILY)
        unknown = tuple(_unknown_flaws(lines, await find_unknown_places(connection, lines, limit=_FLAWS_MAX)))
        if unknown:
            return Invalid(unknown)
        known = await lock_price_set(connection, version)
        if known is not None:
            if known.is_dropped:
                return NotPossibleNow("publish unit prices", "dropped")
            if known.made_at != made_at:
                return Invalid((FieldFlaw("/made_at", f"must be {known.made_at.isoformat()}, as the set was begun"),))
            if known.finished_at is not None:
                other = await find_other_lines(connection, known.set_id, lines)
                if other:
                    return NotPossibleNow(f"change line {other[0]} of unit prices", "finished")
                found = _as_set(version, known)
                return _listed(found, await read_set_in_force(connection), system, now), False
        found = await _write(connection, version, made_at, known, lines, is_last=is_last, at=now, actor=actor)
        done = _listed(found, await read_set_in_force(connection), system, now)
    if is_last:
        await system.door.follow()
    return done, known is None


async def list_prices(system: System, *, after: tuple[datetime, int] | None = None, limit: int) -> list[ListedSet]:
    """A page of sets, those made last first, after a position (made_at, set_id)."""
    now = system.door.now()
    async with system.pool.acquire() as connection:
        found = await find_price_sets(connection, after=after, limit=limit)
        in_force = await read_set_in_force(connection)
    return [_listed(prices, in_force, system, now) for prices in found]


async def read_prices(
    system: System,
    version: str,
    *,
    sku: Sku | None = None,
    node: NodeId | None = None,
    after: tuple[str, str] | None = None,
    limit: int,
) -> tuple[ListedSet, list[PriceLine]] | NotFound:
    """A set with a page of its lines by SKU and node, after a line; of one SKU and at one node where they are named."""
    now = system.door.now()
    async with transaction(system.pool) as connection:
        known = await look_up_price_set(connection, version)
        if known is None or known.is_dropped:
            return NotFound("set of unit prices", version)
        in_force = await read_set_in_force(connection)
        lines = await find_unit_prices(connection, known.set_id, sku=sku, node=node, after=after, limit=limit)
    return _listed(_as_set(version, known), in_force, system, now), lines


async def take_back_prices(
    system: System, version: str, reason: str, *, actor: str
) -> ListedSet | NotFound | NotPossibleNow | Invalid:
    """The set, taken back: it decides nothing from then on, and the one that was made before it decides again.

    What was decided by it stays, and is still explained from it. Taken back once more, nothing changes.
    """
    if not reason.strip():
        return Invalid((FieldFlaw("/reason", "is required: it is what the audit shows"),))
    now = system.door.now()
    async with transaction(system.pool) as connection:
        await lock_family(connection, FAMILY)
        known = await lock_price_set(connection, version)
        if known is None or known.is_dropped:
            return NotFound("set of unit prices", version)
        if known.finished_at is None:
            return NotPossibleNow("take unit prices back", "unfinished")
        if await take_back_price_set(connection, known.set_id, now):
            await bump_version(connection, FAMILY)
            before = {"made_at": known.made_at.isoformat(), "lines": known.lines}
            event = ConfigurationSet(FAMILY, version, before | {"taken_back": reason.strip()}, before=before)
            await append_configuration_events(connection, (event,), at=now, actor=actor)
            known = replace(known, taken_back_at=now)
        done = _listed(_as_set(version, known), await read_set_in_force(connection), system, now)
    await system.door.follow()
    return done


async def _write(
    connection: Connection,
    version: str,
    made_at: datetime,
    known: KnownSet | None,
    lines: Sequence[PriceLine],
    *,
    is_last: bool,
    at: datetime,
    actor: str,
) -> PriceSet:
    set_id = await begin_price_set(connection, version, made_at, at) if known is None else known.set_id
    await write_unit_prices(connection, set_id, lines)
    if not is_last:
        return PriceSet(set_id, version, made_at)
    count = await finish_price_set(connection, set_id, at)
    await bump_version(connection, FAMILY)
    event = ConfigurationSet(FAMILY, version, {"made_at": made_at.isoformat(), "lines": count}, before=None)
    await append_configuration_events(connection, (event,), at=at, actor=actor)
    return PriceSet(set_id, version, made_at, at, count)


def _as_set(version: str, known: KnownSet) -> PriceSet:
    return PriceSet(known.set_id, version, known.made_at, known.finished_at, known.lines, known.taken_back_at)


def _listed(prices: PriceSet, in_force: PriceSet | None, system: System, now: datetime) -> ListedSet:
    is_in_force = in_force is not None and in_force.set_id == prices.set_id
    hours_max = system.door.reference.policy.prices_hours_max
    is_applied = is_in_force and is_fresh(UnitPrices(prices.version, prices.made_at), now, hours_max)
    return ListedSet(prices, (now - prices.made_at).total_seconds() / 3600.0, is_in_force, is_applied)


def _time_flaws(made_at: datetime, now: datetime) -> Iterable[FieldFlaw]:
    if made_at > now:
        yield FieldFlaw("/made_at", "lies in the future")


def _line_flaws(lines: Sequence[PriceLine]) -> Iterable[FieldFlaw]:
    first: dict[tuple[Sku, NodeId], int] = {}
    for position, line in enumerate(lines):
        earlier = first.setdefault((line.sku, line.node), position)
        if earlier != position:
            yield FieldFlaw(f"/prices/{position}", f"is of the same SKU and node as line {earlier}")
        if line.minor is None and line.markdown_minor is None and line.weekly_units is None:
            yield FieldFlaw(f"/prices/{position}", "needs minor, markdown_minor or weekly_units")


def _unknown_flaws(lines: Sequence[PriceLine], found: Iterable[tuple[int, bool, bool]]) -> Iterable[FieldFlaw]:
    for position, has_item, has_node in found:
        if not has_item:
            yield FieldFlaw(f"/prices/{position}/sku", f"there is no item {lines[position].sku}")
        if not has_node:
            yield FieldFlaw(f"/prices/{position}/node", f"there is no node {lines[position].node}")
