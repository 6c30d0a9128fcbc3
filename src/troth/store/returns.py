"""Returns as rows: written beside their orders, and found by what is known of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from troth.engine.demand.line_terms import named_skus
from troth.model.ids import OrderId, ReturnId
from troth.model.lifecycle import DispositionState
from troth.model.order import Order
from troth.model.return_moves import ReturnHistory
from troth.model.returns import Return
from troth.store.codec import encode
from troth.store.database import Connection
from troth.store.queries import sql

_WRITE = sql("write_returns")
_FIND = sql("find_returns")
_FIND_DUE = sql("find_due_returns")
_HISTORY = sql("read_return_history")
_FIND_ORDERS = sql("find_orders_to_return")
_FIND_SERIAL = sql("find_orders_of_serial")


async def write_returns(connection: Connection, changes: Iterable[tuple[Order | None, Order]]) -> None:
    """Write what changed of the returns of orders (before, after); it belongs into the transaction that writes them."""
    rows = [row for before, after in changes for row in _rows(before, after)]
    await connection.executemany(_WRITE, rows)


async def find_returns(
    connection: Connection,
    *,
    states: Sequence[str] | None = None,
    nodes: Sequence[str] | None = None,
    customers: Sequence[str] | None = None,
    order_id: str | None = None,
    sku: str | None = None,
    text: str | None = None,
    is_waiting: bool | None = None,
    is_refund_held: bool | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int,
) -> list[tuple[OrderId, ReturnId]]:
    """A page of returns, newest first; `after` is (opened_at, return_id) of the last one seen."""
    at, last = after or (None, None)
    rows = await connection.fetch(
        _FIND, states, nodes, customers, order_id, sku, text, is_waiting, is_refund_held, at, last, limit
    )
    return [(row["order_id"], row["return_id"]) for row in rows]


async def find_due_returns(connection: Connection, now: datetime, *, limit: int) -> list[tuple[OrderId, ReturnId]]:
    """The permits that nobody used in time, the longest over first."""
    return [(row["order_id"], row["return_id"]) for row in await connection.fetch(_FIND_DUE, now, limit)]


async def read_return_history(
    connection: Connection, *, channel: str, customer_id: str, email: str, since: datetime
) -> ReturnHistory:
    """What a customer returned and ordered since an instant; nothing of who is not known."""
    row = await connection.fetchrow(_HISTORY, channel, customer_id, email, since)
    assert row is not None  # sums of nothing are a row too
    return ReturnHistory(
        row["returns"], row["units_returned"], row["units_ordered"], row["value_minor"], row["without_receipt"]
    )


async def find_orders_to_return(
    connection: Connection,
    *,
    since: datetime,
    until: datetime,
    email: str | None = None,
    phone: str | None = None,
    name: str | None = None,
    postcode: str | None = None,
    sku: str | None = None,
    serial: str | None = None,
    customers: Sequence[str] | None = None,
    limit: int,
) -> list[OrderId]:
    """Orders captured in a time of which something has left, newest first."""
    of_serial = None
    if serial is not None:
        of_serial = [row["order_id"] for row in await connection.fetch(_FIND_SERIAL, serial)]
    rows = await connection.fetch(
        _FIND_ORDERS, since, until, email, phone, name, postcode, sku, of_serial, customers, limit
    )
    return [row["order_id"] for row in rows]


def _rows(before: Order | None, after: Order) -> Iterable[tuple[Any, ...]]:
    known = set(before.returns) if before else ()
    for number, one in enumerate(after.returns, start=1):
        if one not in known:
            yield _row(number, one, after)


def _row(number: int, one: Return, order: Order) -> tuple[Any, ...]:
    lines = {line.line_id: line for line in order.lines}
    skus = {line.sku for line in one.lines} | {got.sku for got in one.received}
    skus |= set(named_skus([lines[line.line_id] for line in one.lines]))
    announced, came = sum(line.quantity for line in one.lines), sum(got.quantity for got in one.received if got.line_id)
    return (
        order.order_id,
        one.return_id,
        number,
        one.state.value,
        one.kind.value,
        one.method.value,
        one.node,
        order.channel,
        order.customer.id,
        order.customer.email,
        sorted(skus),
        one.tracking_number,
        max(announced, came),
        any(got.state is DispositionState.WAITING for got in one.received),
        one.is_refund_held,
        one.is_without_receipt,
        one.credited_minor,
        one.due_minor,
        one.opened_at,
        one.expires_at,
        encode(one),
    )
