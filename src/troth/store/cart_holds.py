"""Holds of carts: a row each, with the units that it keeps as arrays."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from troth.model.capacity import Slot
from troth.model.cart_hold import CartHold, CartHoldState, HeldUnits
from troth.model.exposure import Draw
from troth.model.ids import CartHoldId, NodeId, Sku
from troth.model.inventory import Source, SupplyKey
from troth.store.codec import decode, encode
from troth.store.database import Connection
from troth.store.queries import sql

_LOCK = sql("lock_cart_holds")
_READ = sql("read_cart_hold")
_FIND = sql("find_cart_holds")
_WRITE = sql("write_cart_hold")
_FIND_DUE = sql("find_due_cart_holds")
_EXPIRE = sql("expire_cart_holds")
_FIND_OVERDUE = sql("find_overdue_cart_holds")
_READ_OF_CUSTOMERS = sql("read_cart_holds_of_customers")
_DELETE_OLD = sql("delete_old_cart_holds")
_DAYS = tuple[tuple[Slot, int], ...]
_DRAWS = tuple[tuple[Draw, int], ...]


async def lock_cart_holds(connection: Connection, hold_ids: Collection[CartHoldId]) -> dict[CartHoldId, CartHold]:
    """Those of the holds that are there, locked in sorted order."""
    rows = await connection.fetch(_LOCK, sorted(hold_ids))
    return {row["hold_id"]: _hold(row) for row in rows}


async def read_cart_hold(connection: Connection, hold_id: CartHoldId) -> CartHold | None:
    """One hold, if it is there."""
    row = await connection.fetchrow(_READ, hold_id)
    return _hold(row) if row else None


async def write_cart_holds(connection: Connection, holds: Iterable[CartHold]) -> None:
    """Write holds, new or changed."""
    rows = [
        (
            hold.hold_id,
            hold.channel,
            hold.state.value,
            hold.held_at,
            hold.expires_at,
            [held.key.sku for held in hold.units],
            [held.key.node for held in hold.units],
            [held.key.source for held in hold.units],
            [held.quantity for held in hold.units],
            hold.customer_id,
            encode(hold.days),
            encode(hold.draws) if hold.draws else None,
        )
        for hold in holds
    ]
    await connection.executemany(_WRITE, rows)


async def find_due_cart_holds(connection: Connection, now: datetime, *, limit: int) -> list[CartHoldId]:
    """The holds whose time is over by `now`, the longest overdue first."""
    return [row["hold_id"] for row in await connection.fetch(_FIND_DUE, now, limit)]


async def expire_cart_holds(
    connection: Connection, hold_ids: Sequence[CartHoldId], now: datetime, *, actor: str, policy_version: str
) -> int:
    """End those of some holds whose time is over by `now`, free what they keep and log it; how many ended."""
    ended: int = await connection.fetchval(_EXPIRE, list(hold_ids), now, actor, policy_version)
    return ended


async def find_overdue_cart_holds(
    connection: Connection, now: datetime, skus: Collection[Sku], *, with_draws: bool, limit: int
) -> list[CartHoldId]:
    """The holds whose time is over by `now` and that still keep some of these SKUs, or draw from a quota (which may be
    shared with other SKUs) where that is wanted `with_draws`; the longest overdue first.
    """
    rows = await connection.fetch(_FIND_OVERDUE, now, list(skus), with_draws, limit)
    return [row["hold_id"] for row in rows]


async def read_customers_cart_holds(
    connection: Connection, customers: Collection[tuple[str, str]], now: datetime
) -> dict[CartHoldId, CartHold]:
    """What carts of these customers, as (channel, id), keep now; nothing is locked."""
    channels, ids = [channel for channel, _ in customers], [customer for _, customer in customers]
    return {row["hold_id"]: _hold(row) for row in await connection.fetch(_READ_OF_CUSTOMERS, channels, ids, now)}


async def find_cart_holds(
    connection: Connection,
    now: datetime,
    *,
    sku: str | None,
    nodes: Sequence[str] | None,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[CartHold]:
    """A page of the holds that keep units now, of a SKU and at any of some nodes (None: any), those that end first."""
    ends_at, hold_id = after or (None, None)
    return [_hold(row) for row in await connection.fetch(_FIND, now, sku, nodes, ends_at, hold_id, limit)]


async def delete_old_cart_holds(connection: Connection, before: datetime) -> None:
    """Forget holds that ended before an instant."""
    await connection.execute(_DELETE_OLD, before)


def _hold(row: Any) -> CartHold:
    return CartHold(
        row["hold_id"],
        row["channel"],
        tuple(
            HeldUnits(SupplyKey(Sku(sku), NodeId(node), Source(source)), quantity)
            for sku, node, source, quantity in zip(
                row["skus"], row["nodes"], row["sources"], row["quantities"], strict=True
            )
        ),
        row["held_at"],
        row["expires_at"],
        CartHoldState(row["state"]),
        row["customer_id"],
        decode(row["days"], _DAYS),
        decode(row["draws"], _DRAWS) if row["draws"] else (),
    )
