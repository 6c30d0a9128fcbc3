"""Orders of which something may come back, found without a receipt: by what the customer knows of them."""

from datetime import timedelta
from typing import Annotated, Final

import msgspec
from pydantic import Field

from troth.engine.returns.asking import delivered_at
from troth.engine.returns.returnable import returnable_units
from troth.http.edge.body import Instant as GivenInstant
from troth.http.edge.body import Query
from troth.http.edge.measures import Units, decimals_of_lines
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant
from troth.http.orders import examples
from troth.http.orders.orders import Filter
from troth.model.measure import shown
from troth.model.order import Order
from troth.model.refusals import FieldFlaw, Invalid
from troth.store.orders import read_orders
from troth.store.returns import find_orders_to_return

_DAYS: Final = 365
_FOUND_MAX: Final = 50


class ReturnableQuery(Query):
    """What the customer knows. At least an email, a phone, a name with a postcode, a SKU or a serial; all must fit."""

    email: Filter | None = None
    phone: Annotated[Filter | None, Field(description="Compared by its digits.")] = None
    name: Annotated[Filter | None, Field(description="The customer's whole name, together with a postcode.")] = None
    postcode: Filter | None = None
    sku: Filter | None = None
    serial: Filter | None = None
    since: Annotated[GivenInstant | None, Field(description="Captured since then; left out: in the last 365 days.")] = (
        None
    )
    until: GivenInstant | None = None


class ReturnableUnits(msgspec.Struct, frozen=True):
    """Units of a line that may still come back; of a kit they are units of a component."""

    line_id: str
    sku: str
    quantity: Units
    delivered_at: Instant | None


class ReturnableOrder(msgspec.Struct, frozen=True):
    """An order of which units may come back."""

    order_id: str
    channel: str
    external_id: str
    captured_at: Instant
    customer_name: str
    units: tuple[ReturnableUnits, ...]


class ReturnableOrders(msgspec.Struct, frozen=True):
    """The newest that fit, at most fifty."""

    items: tuple[ReturnableOrder, ...]


async def find_returnable(call: Call[Nothing, ReturnableQuery]) -> Reply:
    """Orders that fit, with what of them may come back."""
    asked, now = call.query, call.system.door.now()
    if not (asked.email or asked.phone or asked.sku or asked.serial or (asked.name and asked.postcode)):
        what = "name an email, a phone, a name with a postcode, a SKU or a serial"
        raise Refused(Invalid((FieldFlaw("?email", what),)))
    customers = call.actor.customers
    async with call.system.pool.acquire() as connection:
        found = await find_orders_to_return(
            connection,
            since=asked.since or now - timedelta(days=_DAYS),
            until=asked.until or now + timedelta(minutes=1),
            email=asked.email,
            phone=asked.phone,
            name=asked.name,
            postcode=asked.postcode,
            sku=asked.sku,
            serial=asked.serial,
            customers=None if customers is None else sorted(customers),
            limit=_FOUND_MAX,
        )
        orders = await read_orders(connection, found)
    shown_orders = [answer_returnable(orders[order_id]) for order_id in found]
    return json_reply(ReturnableOrders(tuple(one for one in shown_orders if one.units)))


def answer_returnable(order: Order) -> ReturnableOrder:
    """An order with what of it may come back, as it is answered."""
    decimals = decimals_of_lines(order)
    return ReturnableOrder(
        order.order_id,
        order.channel,
        order.external_id,
        order.captured_at,
        order.customer.name,
        tuple(
            ReturnableUnits(line_id, sku, shown(count, decimals.get(line_id, 0)), delivered_at(order, line_id))
            for (line_id, sku), count in returnable_units(order).items()
        ),
    )


_EXAMPLE: Final = ReturnableOrder(
    examples.ORDER.order_id,
    "web",
    "W-1001",
    examples.AT,
    "Ada Park",
    (ReturnableUnits("1", "A-1001", 2, examples.AT + timedelta(days=2)),),
)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/returnable-orders",
        name="find_returnable_orders",
        summary="Find what may come back without a receipt: by email, phone, name and postcode, SKU or serial",
        tag="returns",
        run=find_returnable,
        shown=(Shown(200, "The orders, the newest first", ReturnableOrders, ReturnableOrders((_EXAMPLE,))),),
        body=NO_BODY,
        query=ReturnableQuery,
        scope="returns:read",
        refusals=(Invalid((FieldFlaw("?email", "name an email, a phone, a name with a postcode, or a serial"),)),),
    ),
)
