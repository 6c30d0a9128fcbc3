"""What rows of a feed do to the stock, a transaction at a time, each tried again where captures were in its way."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Final, TypeVar

import asyncpg

from troth.flows.feed import Feed, FeedAccount
from troth.flows.feed_rows import FeedRow, RowFlaw
from troth.flows.stock_lines import must_name_lot
from troth.model.events import ConfigurationSet
from troth.model.ids import NodeId, Sku
from troth.store.balances import find_places_with_lots
from troth.store.configure import append_configuration_events
from troth.store.database import Connection, Pool, transaction
from troth.store.stock_load import (
    Loaded,
    Movement,
    Overtaken,
    Position,
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
    connection: Connection, feed: Feed, rows: Sequence[FeedRow], *, actor: str, at: datetime
) -> FeedAccount:
    """Move what the rows move, with the event that says so; the account of what moved, of positions of what is held
    by lot, and of movements beyond what is on hand when it is their turn.
    """
    with_units = [row for row in rows if row.units is not None]
    flaws: list[RowFlaw] = []
    if feed.mode == "positions":
        by_lot = await find_places_with_lots(connection, [(row.sku, row.node) for row in with_units])
        column = feed.form.columns.get("sku", "sku")
        flaws += [
            RowFlaw(row.line, column, must_name_lot(row.sku, row.node))
            for row in with_units
            if (row.sku, row.node) in by_lot
        ]
        positions = {(row.sku, row.node): row for row in with_units if (row.sku, row.node) not in by_lot}
        wanted = [Position(row.sku, row.node, row.units or 0, row.as_of) for row in positions.values()]
        loaded = await load_balances(
            connection, wanted, as_of=feed.as_of, at=at, reason=feed.reason, reference=feed.entry_reference
        )
    else:
        moving = [row for row in with_units if row.units]
        movements = [Movement(row.sku, row.node, row.units or 0, row.reason or feed.reason) for row in moving]
        short = await add_to_balances(connection, movements, at=at, reference=feed.entry_reference)
        column = feed.form.columns.get("delta", "delta")
        flaws += [
            RowFlaw(moving[place].line, column, f"only {held} units are on hand") for place, held in short.items()
        ]
        kept = [one for place, one in enumerate(movements) if place not in short]
        loaded = Loaded(len({(one.sku, one.node) for one in kept}), sum(one.delta for one in kept))
    await _tell(connection, feed, loaded, actor=actor, at=at)
    return FeedAccount(
        moved=loaded.moved,
        units=loaded.units,
        outdated=loaded.outdated,
        dated=sum(row.expected_at is not None for row in rows),
        flaws=tuple(flaws),
    )


async def zero_unnamed(
    pool: Pool, feed: Feed, nodes: Collection[NodeId], *, actor: str, now: Callable[[], datetime]
) -> FeedAccount:
    """Empty the positions of these nodes that a full feed does not name, unless they were counted since."""
    zeroed = units = 0
    for node in sorted(nodes):
        after: str | None = ""
        while after is not None:
            page = after

            async def empty(connection: Connection, node: NodeId = node, page: str = page) -> tuple[Loaded, str | None]:
                skus = await find_unnamed_positions(connection, node, as_of=feed.as_of, after=page, limit=ROWS_A_TIME)
                if not skus:
                    return Loaded(0, 0), None
                at = now()
                positions = [Position(Sku(sku), node, 0) for sku in skus]
                loaded = await load_balances(
                    connection, positions, as_of=feed.as_of, at=at, reason=feed.reason, reference=feed.entry_reference
                )
                await _tell(connection, feed, loaded, actor=actor, at=at)
                return loaded, skus[-1]

            loaded, after = await write_by_key(pool, empty)
            zeroed, units = zeroed + loaded.moved, units + loaded.units
    return FeedAccount(zeroed=zeroed, units=units)


async def _tell(connection: Connection, feed: Feed, loaded: Loaded, *, actor: str, at: datetime) -> None:
    if loaded.moved:
        after = {"feed": feed.name, "reference": feed.reference, "positions": loaded.moved, "units": loaded.units}
        event = ConfigurationSet("stock_feed", f"{feed.name}/{feed.reference}", after)
        await append_configuration_events(connection, (event,), at=at, actor=actor)
