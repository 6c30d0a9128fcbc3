"""What rows of a feed do to the stock, a transaction at a time, each tried again where captures were in its way."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar

import asyncpg

from troth.flows.stock.feed import Feed, FeedAccount
from troth.flows.stock.feed_rows import FeedRow, RowFlaw
from troth.flows.stock.shelf_places import keep_places
from troth.flows.stock.stock_lines import must_name_lot
from troth.model.events import ConfigurationSet
from troth.model.ids import NodeId, Sku
from troth.model.measure import shown
from troth.model.shelf import ShelfPlace
from troth.store.balances import find_places_with_lots
from troth.store.configure import append_configuration_events
from troth.store.database import Connection, Pool, transaction
from troth.store.stock_load import (
    Loaded,
    Movement,
    Overtaken,
    Position,
    Refusing,
    add_to_balances,
    find_unnamed_positions,
    load_balances,
    plan_by_key,
)

T = TypeVar("T")

ROWS_A_TIME: Final = 5_000
_ATTEMPTS: Final = 8
_TRANSIENT: Final = (
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.SerializationError,
    Overtaken,
)


async def write_by_key(pool: Pool, work: Callable[[Connection], Awaitable[T]]) -> T:
    """What `work` gives in a transaction that finds its rows by key; at most eight tries."""
    attempts = 0
    while True:
        try:
            async with transaction(pool) as connection:
                await plan_by_key(connection)
                return await work(connection)
        except _TRANSIENT:
            attempts += 1
            if attempts == _ATTEMPTS:
                raise


async def write_rows(
    connection: Connection,
    feed: Feed,
    rows: Sequence[FeedRow],
    *,
    decimals: Mapping[str, int | None],
    by_lot: Collection[tuple[Sku, NodeId]],
    actor: str,
    at: datetime,
) -> FeedAccount:
    """Move what the rows move, with the event that says so; the account of what moved, of positions of what is held
    by lot, and of movements beyond what is on hand when it is their turn.

    `decimals` are those of the items, `by_lot` the places (SKU, node) of which the feed has named lots so far.
    """
    with_units = [row for row in rows if row.units is not None]
    if feed.mode == "positions":
        loaded, flaws = await _set_positions(connection, feed, with_units, decimals, by_lot, at)
    else:
        loaded, flaws = await _add_movements(connection, feed, with_units, decimals, at)
    await _tell(connection, feed, loaded, actor=actor, at=at)
    places = {(row.sku, row.node): ShelfPlace(row.sku, row.node, row.place) for row in rows if row.place}
    if places:
        await keep_places(connection, places.values(), actor=actor, at=at)
    return FeedAccount(
        moved=loaded.moved,
        units=loaded.units,
        outdated=loaded.outdated,
        dated=sum(row.expected_at is not None for row in rows),
        flaws=tuple(flaws),
    )


async def _set_positions(
    connection: Connection,
    feed: Feed,
    rows: Sequence[FeedRow],
    decimals: Mapping[str, int | None],
    named: Collection[tuple[Sku, NodeId]],
    at: datetime,
) -> tuple[Loaded, list[RowFlaw]]:
    """What positions moved; those are refused of which nobody could tell whether they are the sum of lots."""
    loose = [(row.sku, row.node) for row in rows if not row.lot]
    by_lot = await find_places_with_lots(connection, loose) - frozenset(named)
    column = feed.form.columns.get("sku", "sku")
    flaws = [
        RowFlaw(row.line, column, must_name_lot(row.sku, row.node))
        for row in rows
        if not row.lot and (row.sku, row.node) in by_lot
    ]
    positions = {
        (row.sku, row.node, row.lot): Position(
            row.sku, row.node, int(row.units or 0), row.as_of, row.lot, row.expires_on
        )
        for row in rows
        if row.lot or (row.sku, row.node) not in by_lot
    }
    wanted = [(position, decimals.get(position.sku) or 0) for position in positions.values()]
    return await _load(connection, feed, wanted, at), flaws


async def _load(connection: Connection, feed: Feed, positions: Sequence[tuple[Position, int]], at: datetime) -> Loaded:
    """What positions moved, each with the decimals of its item: the units of all pieces, as different measures have no
    sum.
    """
    return await load_balances(
        connection,
        [position for position, _ in positions],
        as_of=feed.as_of,
        at=at,
        reason=feed.reason,
        reference=feed.entry_reference,
        measured={position.sku for position, decimals in positions if decimals},
    )


async def _add_movements(
    connection: Connection, feed: Feed, rows: Sequence[FeedRow], decimals: Mapping[str, int | None], at: datetime
) -> tuple[Loaded, list[RowFlaw]]:
    moving = [row for row in rows if row.units]
    movements = [
        Movement(row.sku, row.node, int(row.units or 0), row.reason or feed.reason, row.lot, row.expires_on)
        for row in moving
    ]
    refused = await add_to_balances(connection, movements, at=at, reference=feed.entry_reference)
    flaws = [
        _why_not_moved(feed, moving[place], found, decimals.get(moving[place].sku) or 0)
        for place, found in refused.items()
    ]
    kept = [one for place, one in enumerate(movements) if place not in refused]
    pieces = sum(one.delta for one in kept if not decimals.get(one.sku))
    return Loaded(len({one.key for one in kept}), pieces), flaws


def _why_not_moved(feed: Feed, row: FeedRow, found: Refusing, decimals: int) -> RowFlaw:
    columns = feed.form.columns
    if found.expires_on is not None:
        detail = f"lot {row.lot} is good until {found.expires_on} here; a count may say otherwise"
        return RowFlaw(row.line, columns.get("expires_on", "expires_on"), detail)
    held = f"{shown(found.on_hand, decimals)}" if decimals else f"{found.on_hand} units"
    return RowFlaw(row.line, columns.get("delta", "delta"), f"only {held} are on hand")


async def zero_unnamed(
    pool: Pool, feed: Feed, nodes: Collection[NodeId], *, actor: str, now: Callable[[], datetime]
) -> FeedAccount:
    """Empty the positions of these nodes that a full feed does not name, unless they were counted since."""
    zeroed = units = 0
    for node in sorted(nodes):
        after: tuple[str, str] | None = ("", "")
        while after is not None:
            page = after

            async def empty(
                connection: Connection, node: NodeId = node, page: tuple[str, str] = page
            ) -> tuple[Loaded, tuple[str, str] | None]:
                found = await find_unnamed_positions(connection, node, as_of=feed.as_of, after=page, limit=ROWS_A_TIME)
                if not found:
                    return Loaded(0, 0), None
                at = now()
                loaded = await _load(connection, feed, found, at)
                await _tell(connection, feed, loaded, actor=actor, at=at)
                last = found[-1][0].key
                return loaded, (last.sku, last.source)

            loaded, after = await write_by_key(pool, empty)
            zeroed, units = zeroed + loaded.moved, units + loaded.units
    return FeedAccount(zeroed=zeroed, units=units)


async def _tell(connection: Connection, feed: Feed, loaded: Loaded, *, actor: str, at: datetime) -> None:
    if loaded.moved:
        after = {"feed": feed.name, "reference": feed.reference, "positions": loaded.moved, "units": loaded.units}
        event = ConfigurationSet("stock_feed", f"{feed.name}/{feed.reference}", after)
        await append_configuration_events(connection, (event,), at=at, actor=actor)
