"""Whether what is counted of customers' credit is what their orders use, each derived again from the order as it is."""

from itertools import islice
from typing import Final

from troth.engine.money.credit import has_limit, use_of
from troth.model.credit import CreditUse, CustomerTerms
from troth.model.ids import OrderId
from troth.store.customers import find_orders_of_customer, read_counted, read_paid, read_terms
from troth.store.database import Connection, Pool
from troth.store.doctor import SHOWN_MAX, Differences
from troth.store.orders import read_orders

_PAGE: Final = 500
_NOTHING: Final = CreditUse()


async def verify_credit(pool: Pool) -> Differences:
    """The orders of customers with a limit that count something else against it than they use.

    Each customer is looked at in one snapshot, so that orders may change meanwhile.
    """
    async with pool.acquire() as connection:
        known = await read_terms(connection)
    differing, shown = 0, list[str]()
    for terms in known.values():
        if not has_limit(terms):
            continue
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            found = await _find_differences(connection, terms)
        differing += len(found)
        shown += found[: SHOWN_MAX - len(shown)]
    return Differences(differing, tuple(shown))


async def _find_differences(connection: Connection, terms: CustomerTerms) -> list[str]:
    counted = await read_counted(connection, terms.customer_id)
    order_ids = sorted({*await find_orders_of_customer(connection, terms.customer_id), *counted})
    found, left = [], iter(order_ids)
    while page := list(islice(left, _PAGE)):
        uses = await _derive(connection, terms, page)
        for order_id in page:
            use, count = uses.get(order_id, _NOTHING), counted.get(order_id, _NOTHING)
            if use != count:
                found.append(f"{terms.customer_id} {order_id}: counted {_told(count)}; uses {_told(use)}")
    return found


async def _derive(connection: Connection, terms: CustomerTerms, page: list[OrderId]) -> dict[OrderId, CreditUse]:
    """What those of the orders use that are the customer's, and in the currency of their credit."""
    orders, paid = await read_orders(connection, page), await read_paid(connection, page)
    return {
        order_id: use_of(order, paid.get(order_id))
        for order_id, order in orders.items()
        if order.customer.id == terms.customer_id and order.currency == terms.currency
    }


def _told(use: CreditUse) -> str:
    return f"{use.invoiced_minor} invoiced, {use.open_minor} open, {use.held_minor} held"
