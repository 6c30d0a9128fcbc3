"""Blanket orders as documents, and what orders have called off of them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from troth.model.blanket import Agreement, BlanketOrder, Called
from troth.model.ids import OrderId, Sku
from troth.model.value import dataclass
from troth.store.codec import decode, encode
from troth.store.database import Connection
from troth.store.queries import sql
from troth.store.reference import Versioned

_READ = sql("read_blanket_order")
_FIND = sql("find_blanket_orders")
_WRITE = sql("write_blanket_order")
_LOCK = sql("lock_blanket_orders")
_READ_SOME = sql("read_blanket_orders")
_CALLED = sql("read_called")
_CALL_OFFS = sql("read_call_offs")
_WRITE_CALL_OFFS = sql("write_call_offs")


@dataclass(frozen=True, slots=True)
class CallOff:
    """What an order takes of an item of a blanket order: units, and what they come to (minor units)."""

    blanket_id: str
    order_id: OrderId
    sku: Sku
    quantity: int
    amount_minor: int


async def read_blanket_order(connection: Connection, blanket_id: str) -> Versioned[BlanketOrder] | None:
    """One blanket order, if it is there."""
    row = await connection.fetchrow(_READ, blanket_id)
    return _versioned(row) if row else None


async def find_blanket_orders(
    connection: Connection, *, customer_id: str | None, only: Collection[str] | None, after: str | None, limit: int
) -> list[Versioned[BlanketOrder]]:
    """A page of blanket orders of a customer (None: any) by id, after the one given; `only` of these (None: any)."""
    bound = None if only is None else sorted(only)
    return [_versioned(row) for row in await connection.fetch(_FIND, customer_id, bound, after, limit)]


async def write_blanket_order(connection: Connection, blanket: BlanketOrder, at: datetime) -> int:
    """Create or replace a blanket order; its version."""
    version: int = await connection.fetchval(_WRITE, blanket.blanket_id, blanket.customer_id, encode(blanket), at)
    return version


async def lock_agreements(connection: Connection, blanket_ids: Collection[str]) -> dict[str, Agreement]:
    """Those of the blanket orders that are there, with what was called off, kept from others until the transaction
    ends.

    Read by statements of their own after the lock: what another transaction called off while this one waited is seen.
    """
    await connection.execute(_LOCK, sorted(blanket_ids))
    return await read_agreements(connection, blanket_ids)


async def read_agreements(connection: Connection, blanket_ids: Collection[str]) -> dict[str, Agreement]:
    """Those of the blanket orders that are there, with what was called off of them."""
    wanted = sorted(blanket_ids)
    found = {
        row["blanket_id"]: decode(row["document"], BlanketOrder) for row in await connection.fetch(_READ_SOME, wanted)
    }
    called = dict.fromkeys(found, Called())
    for row in await connection.fetch(_CALLED, wanted):
        if row["blanket_id"] in called:
            more = called[row["blanket_id"]].moved({row["sku"]: row["quantity"]}, row["amount_minor"], row["last_at"])
            called[row["blanket_id"]] = more
    return {name: Agreement(blanket, called[name]) for name, blanket in found.items()}


async def read_call_offs(connection: Connection, blanket_id: str, *, limit: int) -> list[tuple[CallOff, datetime]]:
    """The newest call-offs of a blanket order, item by item, each with when it was made."""
    rows = await connection.fetch(_CALL_OFFS, blanket_id, limit)
    return [
        (CallOff(blanket_id, row["order_id"], row["sku"], row["quantity"], row["amount_minor"]), row["called_at"])
        for row in rows
    ]


async def write_call_offs(connection: Connection, call_offs: Sequence[CallOff], at: datetime) -> None:
    """Write what orders take, new or changed; new ones were made at an instant."""
    if call_offs:
        rows = [(one.blanket_id, one.order_id, one.sku, one.quantity, one.amount_minor) for one in call_offs]
        await connection.execute(_WRITE_CALL_OFFS, *zip(*rows, strict=True), at)


def _versioned(row: Any) -> Versioned[BlanketOrder]:
    return Versioned(decode(row["document"], BlanketOrder), row["version"])
