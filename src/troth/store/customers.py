"""Customers whose terms are known, and what is used of their credit."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from troth.model.credit import Credit, CreditUse, CustomerTerms
from troth.model.ids import OrderId
from troth.model.routing_guide import RoutingGuide
from troth.model.value import dataclass
from troth.store.codec import decode, encode
from troth.store.configure import lock_family
from troth.store.database import Connection
from troth.store.queries import sql
from troth.store.reference import Versioned, bump_version

CUSTOMERS: Final = "customers"

_READ_ALL = sql("read_customers")
_FIND = sql("find_customers")
_READ = sql("read_customer")
_WRITE = sql("write_customer")
_LOCK = sql("lock_customers")
_CREDITS = sql("read_credits")
_WRITE_USES = sql("write_credit_uses")
_APPEND_INVOICES = sql("append_credit_invoices")
_KEEP_GUIDE = sql("keep_routing_guide")
_GUIDES = sql("read_routing_guides")
_TELL = sql("tell_balance")
_ORDERS = sql("find_orders_of_customer")
_DELETE_USES = sql("delete_credit_uses")
_READ_PAID = sql("read_credit_paid")
_WRITE_PAID = sql("write_credit_paid")
_HELD = sql("find_orders_held_for_credit")
_USERS = sql("find_credit_users")
_COUNTED = sql("read_counted")

Used = tuple[str, OrderId, CreditUse]
"""A customer, an order, and what it uses of their credit."""

Invoiced = tuple[str, OrderId, int, datetime, int]
"""A customer, an order at a version, when goods of it left, and what is owed for them (minor units)."""


@dataclass(frozen=True, slots=True)
class CreditUser:
    """An order with what of it is still to leave, and what of that is held for want of credit (minor units)."""

    order_id: OrderId
    external_id: str
    status: str
    captured_at: datetime
    use: CreditUse


async def read_terms(connection: Connection) -> dict[str, CustomerTerms]:
    """Every customer whose terms are known, by id."""
    return {row["customer_id"]: decode(row["document"], CustomerTerms) for row in await connection.fetch(_READ_ALL)}


async def find_terms(
    connection: Connection, *, text: str | None, after: str | None, only: Collection[str] | None, limit: int
) -> list[Versioned[CustomerTerms]]:
    """A page of customers by id, after the one given; `only` these (None: any)."""
    bound = None if only is None else sorted(only)
    return [_versioned(row) for row in await connection.fetch(_FIND, text, after, bound, limit)]


async def read_terms_of(connection: Connection, customer_id: str) -> Versioned[CustomerTerms] | None:
    """One customer, if it is there."""
    row = await connection.fetchrow(_READ, customer_id)
    return _versioned(row) if row else None


async def write_terms(connection: Connection, terms: CustomerTerms, at: datetime) -> int:
    """Create or replace a customer; its version."""
    version: int = await connection.fetchval(_WRITE, terms.customer_id, encode(terms), at)
    await bump_version(connection, CUSTOMERS)
    return version


async def keep_guide(connection: Connection, guide: RoutingGuide, at: datetime) -> None:
    """Keep a version of a routing guide under its name, for as long as orders may have been promised under it."""
    await connection.execute(_KEEP_GUIDE, guide.name, encode(guide), at)


async def read_guides(connection: Connection) -> dict[str, RoutingGuide]:
    """All versions of all routing guides, by name."""
    return {row["guide"]: decode(row["document"], RoutingGuide) for row in await connection.fetch(_GUIDES)}


async def lock_terms(connection: Connection) -> None:
    """Let changes of customers wait for each other until the transaction ends."""
    await lock_family(connection, CUSTOMERS)


async def lock_credits(connection: Connection, customer_ids: Collection[str]) -> dict[str, Credit]:
    """The credit of those customers that have a limit, kept from others until the transaction ends.

    Read by a statement of its own after the lock: what another transaction used while this one waited is seen.
    """
    await connection.execute(_LOCK, sorted(customer_ids))
    return {one.customer_id: one for one, _held in await read_credits(connection, customer_ids) if one is not None}


async def read_credits(connection: Connection, customer_ids: Collection[str]) -> list[tuple[Credit | None, int]]:
    """What customers may owe and do (None: it is not limited), and what is held for want of it (minor units)."""
    found = []
    for row in await connection.fetch(_CREDITS, sorted(customer_ids)):
        terms = decode(row["document"], CustomerTerms)
        credit = None
        if terms.credit_limit_minor is not None:
            credit = Credit(
                terms.customer_id,
                terms.currency,
                terms.credit_limit_minor,
                row["unpaid_minor"],
                row["invoiced_minor"],
                row["open_minor"],
                row["charged_back_minor"],
            )
        found.append((credit, row["held_minor"]))
    return found


async def write_credit_uses(connection: Connection, used: Sequence[Used], invoiced: Sequence[Invoiced]) -> None:
    """Write what orders use of credit, and what was invoiced of them."""
    if used:
        rows = [(customer, order_id, use.open_minor, use.held_minor) for customer, order_id, use in used]
        await connection.execute(_WRITE_USES, *zip(*rows, strict=True))
    if invoiced:
        await connection.execute(_APPEND_INVOICES, *zip(*invoiced, strict=True))


async def read_paid(connection: Connection, order_ids: Collection[OrderId]) -> dict[OrderId, int]:
    """What of orders is paid by anything but an invoice (minor units), as far as their accounts are known."""
    return {row["order_id"]: row["paid_minor"] for row in await connection.fetch(_READ_PAID, list(order_ids))}


async def write_paid(connection: Connection, paid: Mapping[OrderId, int]) -> None:
    """Write what of orders is paid, as their accounts stand."""
    if paid:
        await connection.execute(_WRITE_PAID, list(paid), list(paid.values()))


async def delete_credit_uses(connection: Connection, customer_id: str) -> None:
    """Delete what was counted of a customer's credit, so that it can be counted anew."""
    await connection.execute(_DELETE_USES, customer_id)


async def tell_balance(connection: Connection, customer_id: str, unpaid_minor: int, as_of: datetime) -> bool:
    """Set what a customer has left unpaid as of an instant; False where later was told, or nobody is there."""
    return await connection.fetchval(_TELL, customer_id, unpaid_minor, as_of) is not None


async def read_told(connection: Connection, customer_id: str) -> datetime | None:
    """As of when a customer's balance was told; None: never."""
    row = await connection.fetchrow(_READ, customer_id)
    return None if row is None else row["unpaid_as_of"]


async def find_orders_of_customer(connection: Connection, customer_id: str) -> list[OrderId]:
    """The orders of a customer that are not canceled."""
    return [row["order_id"] for row in await connection.fetch(_ORDERS, customer_id)]


async def find_orders_held_for_credit(connection: Connection, placed_by: str, *, limit: int) -> list[OrderId]:
    """Orders on hold for want of credit, those that were held first first."""
    return [row["order_id"] for row in await connection.fetch(_HELD, placed_by, limit)]


async def find_credit_users(connection: Connection, customer_id: str, *, limit: int) -> list[CreditUser]:
    """The orders that count against a customer's credit or are held for want of it, those on hold first."""
    return [
        CreditUser(
            row["order_id"],
            row["external_id"],
            row["status"],
            row["captured_at"],
            CreditUse(open_minor=row["open_minor"], held_minor=row["held_minor"]),
        )
        for row in await connection.fetch(_USERS, customer_id, limit)
    ]


async def read_counted(connection: Connection, customer_id: str) -> dict[OrderId, CreditUse]:
    """What is counted of a customer's credit, by order; what is invoiced is the sum of how it grew."""
    return {
        row["order_id"]: CreditUse(row["invoiced_minor"], row["open_minor"], row["held_minor"])
        for row in await connection.fetch(_COUNTED, customer_id)
    }


def _versioned(row: Any) -> Versioned[CustomerTerms]:
    return Versioned(decode(row["document"], CustomerTerms), row["version"])
