"""What `troth doctor` reads: everything set-wise, each answer with at most a few of the rows that do not fit and how
many there are.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from troth.engine.exposure.consumed import DRAWS_NOTHING
from troth.model.lifecycle import ENDED, FREED, PENDING, STAYING
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.orders import Row
from troth.store.queries import sql

_SERVER = sql("read_server")
_APPLIED = sql("read_schema_migrations")
_MISSING_CONSTRAINTS = sql("find_missing_constraints")
_BALANCES = sql("find_balance_differences")
_RESERVATIONS = sql("find_reservation_differences")
_NODE_DAYS = sql("find_node_day_differences")
_RESOLVED_TWICE = sql("find_resolved_twice")
_DRAWS = sql("find_draw_differences")
_ORPHANS = sql("find_orphans")
_TOTALS = sql("find_total_differences")
_ORDER_IDS = sql("find_order_ids")
_READ_ORDERS = sql("read_orders")
_EVENTS = sql("read_events_of_subjects")
_SLOW_WRITERS = sql("find_slow_writers")
_OVERDUE = sql("count_due_orders")
_PAYMENTS = sql("find_payment_differences")
_CALL_OFFS = sql("find_call_off_differences")
_UNPARTITIONED = sql("count_unpartitioned")
SHOWN_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Differences:
    """How many rows do not fit, and the first of them in words."""

    count: int
    shown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order's row with all its parts, and its log as (kind, body)."""

    row: Row
    log: tuple[tuple[str, str], ...]


async def read_server(connection: Connection) -> dict[str, Any]:
    """Version, fsync, synchronous_commit, database and its size in bytes."""
    row = await connection.fetchrow(_SERVER)
    return dict(row or {})


async def read_applied(connection: Connection) -> dict[int, tuple[str, str]]:
    """The applied migrations, by version: name and digest."""
    return {row["version"]: (row["name"], row["digest"]) for row in await connection.fetch(_APPLIED)}


async def find_missing_constraints(connection: Connection, names: Sequence[str]) -> list[str]:
    """Those of the names that no valid constraint bears."""
    return [row["name"] for row in await connection.fetch(_MISSING_CONSTRAINTS, list(names))]


async def find_balance_differences(connection: Connection) -> Differences:
    """The balances that are not the sum of their entries."""
    rows = await connection.fetch(_BALANCES, SHOWN_MAX)
    return _differences(
        rows,
        "{sku} at {node} ({source}): on hand {on_hand}, ledger {ledger_on_hand};"
        " reserved {reserved}, ledger {ledger_reserved}",
    )


async def find_reservation_differences(connection: Connection) -> Differences:
    """The balances whose reserved units are not those of the reserving allocations."""
    rows = await connection.fetch(_RESERVATIONS, sorted(PENDING), SHOWN_MAX)
    return _differences(rows, "{sku} at {node} ({source}): reserved {reserved}, allocations hold {allocated}")


async def find_node_day_differences(connection: Connection) -> Differences:
    """The slots of nodes whose promises are not those of the orders and carts."""
    rows = await connection.fetch(_NODE_DAYS, sorted(FREED), SHOWN_MAX, sorted(STAYING))
    return _differences(rows, "{node} on {day}, shift {shift}: promised {used}, orders and carts take {taken}")


async def find_resolved_twice(connection: Connection) -> Differences:
    """The allocations without exactly one reservation and at most one resolution in the ledger."""
    rows = await connection.fetch(_RESOLVED_TWICE, SHOWN_MAX)
    return _differences(rows, "{order_id} allocation {allocation}: reserved {pending} times, resolved {resolved} times")


async def find_draw_differences(connection: Connection) -> Differences:
    """The counts of protections and quotas that are not what orders and carts take."""
    rows = await connection.fetch(_DRAWS, sorted(DRAWS_NOTHING), SHOWN_MAX)
    return _differences(rows, "{rule} of {sku} {node} {holder} {period}: counted {used}, orders and carts take {taken}")


async def find_payment_differences(connection: Connection) -> Differences:
    """The payments whose steps cannot be, or are not what the log says, and accounts without their order."""
    return _differences(await connection.fetch(_PAYMENTS, SHOWN_MAX), "{order_id} payment {payment}: {what}")


async def find_call_off_differences(connection: Connection) -> Differences:
    """What is written of call-offs that their orders do not take, or that is more than was agreed."""
    return _differences(await connection.fetch(_CALL_OFFS, SHOWN_MAX), "{blanket_id} {order_id} {sku}: {what}")


async def find_orphans(connection: Connection) -> Differences:
    """Parts without their order, and orders without lines."""
    return _differences(await connection.fetch(_ORPHANS, SHOWN_MAX), "{what}: {order_id}")


async def find_total_differences(connection: Connection) -> Differences:
    """The orders whose total is not what their lines, charges, substitutes and delivery come to."""
    rows = await connection.fetch(_TOTALS, sorted(ENDED), SHOWN_MAX)
    return _differences(
        rows, "{order_id}: total {total_minor}, its parts come to {derived_minor} (minor units of {currency})"
    )


async def read_stored_orders(connection: Connection, after: str, *, limit: int) -> list[StoredOrder]:
    """A page of orders by id, after the one given, with their logs; in one snapshot where the transaction is."""
    order_ids = [row["order_id"] for row in await connection.fetch(_ORDER_IDS, after, limit)]
    if not order_ids:
        return []
    logs: dict[str, list[tuple[str, str]]] = {order_id: [] for order_id in order_ids}
    for row in await connection.fetch(_EVENTS, order_ids):
        logs[row["subject"]].append((row["kind"], row["body"]))
    rows = {row["order_id"]: row for row in await connection.fetch(_READ_ORDERS, order_ids)}
    return [StoredOrder(rows[order_id], tuple(logs[order_id])) for order_id in order_ids]


async def find_slow_writers(connection: Connection, *, seconds: float) -> list[str]:
    """The transactions that have written and not ended for some seconds, in words."""
    return [
        f"{row['application_name'] or 'unnamed'} (pid {row['pid']}) is {row['state']} since {row['seconds']:.0f} s"
        for row in await connection.fetch(_SLOW_WRITERS, seconds)
    ]


async def count_due_orders(connection: Connection, before: datetime, *, bound: int) -> int:
    """How many orders have been due since before an instant, up to a bound."""
    count: int = await connection.fetchval(_OVERDUE, before, bound)
    return count


async def count_unpartitioned(connection: Connection, *, bound: int) -> tuple[int, int]:
    """How many events and entries lie in no month's partition, up to a bound each."""
    row = await connection.fetchrow(_UNPARTITIONED, bound)
    return (row["events"], row["entries"]) if row else (0, 0)


def _differences(rows: Sequence[Any], sentence: str) -> Differences:
    return Differences(rows[0]["differences"] if rows else 0, tuple(sentence.format(**dict(row)) for row in rows))
