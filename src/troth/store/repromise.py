"""What moved supplies, who is pegged to them, and how far the reader of the ledger has come that looks after them."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from troth.engine.supply.overdue import OVERDUE_DAYS_MAX
from troth.model.ids import NodeId, OrderId, Sku
from troth.model.inventory import Balance, EntryKind, SupplyKey
from troth.model.lifecycle import RESERVING
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.events import Position
from troth.store.queries import sql

_TRY = sql("try_repromise")
_READ_CURSOR = sql("read_cursor")
_WRITE_CURSOR = sql("write_cursor")
_MOVES = sql("find_supply_moves")
_SUPPLIES = sql("read_supplies")
_RESERVATIONS = sql("read_reservations")
_MISSED = sql("find_missed_backorders")
_PEGGED = sql("find_orders_pegged_to")
_BACKORDERED = sql("find_orders_backordered")

_NAME: Final = "repromise"
_PAGE: Final = 1_000
_STATES: Final = sorted(state.value for state in RESERVING)


@dataclass(frozen=True, slots=True)
class SupplyMove:
    """An entry of the ledger that moved a supply."""

    position: Position
    key: SupplyKey
    kind: EntryKind


@dataclass(frozen=True, slots=True)
class Reserved:
    """What reserves a supply: parts of orders, by the number of the allocation, and how many units carts keep."""

    parts: tuple[tuple[OrderId, int], ...]
    cart_units: int


async def try_repromise(connection: Connection) -> bool:
    """Take the right to promise anew until the transaction ends; False where another worker has it."""
    is_ours: bool = await connection.fetchval(_TRY)
    return is_ours


async def read_ledger_cursor(connection: Connection) -> Position:
    """The position up to which every move of a supply was looked after."""
    row: Any = await connection.fetchrow(_READ_CURSOR, _NAME)
    return (row["xid"], row["seq"])


async def write_ledger_cursor(connection: Connection, position: Position) -> None:
    """Say that everything up to a position was looked after."""
    await connection.execute(_WRITE_CURSOR, _NAME, *position)


async def find_supply_moves(connection: Connection, after: Position, *, limit: int) -> list[SupplyMove]:
    """What moved supplies after a position, in order, as far as nothing earlier can still appear."""
    return [
        SupplyMove(
            (row["xid"], row["seq"]),
            SupplyKey(row["sku"], row["node"], row["source"]),
            EntryKind(row["kind"]),
        )
        for row in await connection.fetch(_MOVES, *after, limit)
    ]


async def read_supplies(connection: Connection, keys: Collection[SupplyKey]) -> list[Balance]:
    """These supplies as they now are, as far as they exist."""
    rows = await connection.fetch(_SUPPLIES, *_columns(keys))
    return [
        Balance(
            SupplyKey(row["sku"], row["node"], row["source"]),
            row["on_hand"],
            row["reserved"],
            row["deficit"],
            row["expected_at"],
            row["expires_on"],
        )
        for row in rows
    ]


async def read_reserved(connection: Connection, balance: Balance) -> Reserved:
    """What reserves a supply, found in its ledger from the newest entry backwards until it adds up to what is reserved.

    So it costs what lies between now and the oldest open reservation, and orders need no index by supply, for which
    each of them would pay.
    """
    parts: list[tuple[OrderId, int]] = []
    left, cart_units = balance.reserved, 0
    at, seq = None, None
    while left > 0:
        rows = await connection.fetch(
            _RESERVATIONS, balance.key.sku, balance.key.node, balance.key.source, _STATES, at, seq, _PAGE
        )
        for row in rows:
            units = row["units"] or 0
            left -= units
            if units and row["order_id"] is None:
                cart_units += units
            elif units:
                parts.append((row["order_id"], row["allocation"]))
        if len(rows) < _PAGE:
            break
        at, seq = rows[-1]["at"], rows[-1]["seq"]
    return Reserved(tuple(parts), cart_units)


async def find_missed_backorders(connection: Connection, now: datetime, *, limit: int) -> list[OrderId]:
    """The orders of which something is still to come that should have left by now, or that nobody counts on any more;
    the last ones first.
    """
    counted_on = now - timedelta(days=OVERDUE_DAYS_MAX)
    return [row["order_id"] for row in await connection.fetch(_MISSED, now, counted_on, limit)]


async def find_orders_pegged_to(connection: Connection, keys: Collection[SupplyKey]) -> list[OrderId]:
    """The orders with parts that are backordered on these supplies."""
    return [row["order_id"] for row in await connection.fetch(_PEGGED, *_columns(keys))]


async def find_orders_backordered(connection: Connection, sku: Sku, node: NodeId, *, limit: int) -> list[OrderId]:
    """The orders that wait at a node for expected units of a SKU, of whatever purchase order."""
    return [row["order_id"] for row in await connection.fetch(_BACKORDERED, sku, node, limit)]


def _columns(keys: Collection[SupplyKey]) -> tuple[list[str], list[str], list[str]]:
    ordered = sorted(keys)
    return [key.sku for key in ordered], [key.node for key in ordered], [key.source for key in ordered]
