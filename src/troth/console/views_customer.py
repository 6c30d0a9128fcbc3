"""Who calls, as the quote page shows them: their last orders, what they bring back, and what they may owe."""

from datetime import datetime, timedelta
from typing import Final

from troth.flows.orders.returns import HISTORY_DAYS
from troth.flows.records import customers
from troth.model.credit import CustomerTerms
from troth.model.network import Address
from troth.model.order import Customer, Order
from troth.model.return_moves import ReturnHistory
from troth.model.status import order_status, promise_of
from troth.model.totals import total_minor
from troth.model.value import dataclass
from troth.pages.desk import Visit
from troth.pages.views import Chip, status_chip
from troth.store.orders import find_orders
from troth.store.returns import read_return_history

_ORDERS_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class PastOrder:
    """One of the last orders; its total in minor units."""

    order_id: str
    external_id: str
    channel: str
    chip: Chip
    captured_at: datetime
    promised_at: datetime | None
    total_minor: int
    currency: str
    goods: str
    node: str


@dataclass(frozen=True, slots=True)
class Caller:
    """What is known of who calls: who they were in their last order and where it went, and their terms where these are
    known.

    `free_minor` is what is left of their credit (None: it is not limited, or nothing is agreed).
    """

    orders: tuple[PastOrder, ...]
    history: ReturnHistory
    last: Customer | None
    last_place: Address | None
    terms: CustomerTerms | None
    free_minor: int | None

    @property
    def may_be_billed(self) -> bool:
        """Whether payment on a bill is agreed."""
        return self.terms is not None and self.terms.terms_days > 0


async def read_caller(visit: Visit, customer_id: str, email: str, channel: str) -> Caller | None:
    """What is known of a customer by id, or else by mail address; None where neither is given."""
    if not customer_id and not email:
        return None
    since = visit.now - timedelta(days=HISTORY_DAYS)
    async with visit.system.pool.acquire() as connection:
        found = await find_orders(
            connection, customer=customer_id or None, text=None if customer_id else email, limit=_ORDERS_SHOWN
        )
        history = await read_return_history(
            connection, channel=channel, customer_id=customer_id, email=email, since=since
        )
    known = await customers.read(visit.system, customer_id) if customer_id else None
    credit = None if known is None else known.value.credit
    return Caller(
        tuple(_past(order) for order in found),
        history,
        next((order.customer for order in found), None),
        next((order.ship_to for order in found if order.ship_to is not None), None),
        None if known is None else known.value.terms,
        None if credit is None else credit.limit_minor - credit.used_minor,
    )


def _past(order: Order) -> PastOrder:
    promised = [at for line in order.lines if (at := promise_of(order, line.line_id)) is not None]
    skus = [line.sku for line in order.lines]
    more = f" and {len(skus) - 3} more" if len(skus) > 3 else ""
    return PastOrder(
        order.order_id,
        order.external_id,
        order.channel,
        status_chip(order_status(order)),
        order.captured_at,
        max(promised, default=None),
        total_minor(order),
        order.currency,
        ", ".join(skus[:3]) + more,
        next((work.node for work in order.fulfillments), ""),
    )
