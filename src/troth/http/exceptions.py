"""What needs a person: lines of orders with units that lie nowhere and do not wait for stock by themselves."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from pydantic import Field

from troth.http import examples
from troth.http.bounds import choose_bound, is_visible
from troth.http.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.order_shapes import CustomerAnswer
from troth.http.orders import Filter
from troth.http.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.replies import Reply
from troth.http.values import Instant, MoneyAnswer, money
from troth.model.ids import LineId
from troth.model.order import Line, Order, Parked
from troth.model.refusals import NotFound
from troth.model.status import uncovered_quantities
from troth.store.orders import read_orders
from troth.store.parked import find_exceptions


class ExceptionAnswer(msgspec.Struct, frozen=True):
    """Units of a line for which a person must decide, and why.

    `promised_at` is the promise that they had until they lost their supply; null: they never had one. `at_risk` is what
    the customer pays for them.
    """

    order_id: str
    channel: str
    external_id: str
    customer: CustomerAnswer
    line_id: str
    sku: str
    quantity: int
    reason: str
    since: Instant
    promised_at: Instant | None
    at_risk: MoneyAnswer


class ExceptionsQuery(PageQuery):
    """Which of them: all filters must fit, those that need a person for the longest come first."""

    customer: Annotated[Filter | None, Field(description="The customer's id.")] = None
    node: Annotated[Filter | None, Field(description="A node with other work for the order.")] = None


async def list_exceptions(call: Call[Nothing, ExceptionsQuery]) -> Reply:
    """A page of lines that need a person, those that do for the longest first."""
    asked = call.query
    async with call.system.pool.acquire() as connection:
        found = await find_exceptions(
            connection,
            customer=choose_bound(call.actor.customers, asked.customer, "customer"),
            node=choose_bound(call.actor.nodes, asked.node, "node"),
            after=decode_cursor(asked.cursor, tuple[datetime, str, str]),
            limit=asked.limit + 1,
        )
        orders = await read_orders(connection, {order_id for order_id, _ in found})
    rows = [
        (orders[order_id], line, parked)
        for order_id, line_id in found
        if order_id in orders and is_visible(call.actor, orders[order_id])
        for line, parked in _parked(orders[order_id], line_id)
    ]
    return page_reply(
        call,
        rows,
        limit=asked.limit,
        shown=lambda row: answer_exception(*row),
        position=lambda row: (row[2].since, row[0].order_id, row[1].line_id),
    )


def answer_exception(order: Order, line: Line, parked: Parked) -> ExceptionAnswer:
    """A line that needs a person as it is answered."""
    customer = order.customer
    units = uncovered_quantities(order).get(line.line_id, 0)
    return ExceptionAnswer(
        order.order_id,
        order.channel,
        order.external_id,
        CustomerAnswer(customer.id, customer.name, customer.email, customer.phone),
        line.line_id,
        line.sku,
        units,
        parked.reason,
        parked.since,
        parked.promised_at,
        money(units * line.unit_price_minor, order.currency),
    )


def _parked(order: Order, line_id: LineId) -> list[tuple[Line, Parked]]:
    """The line with why it is parked; nothing where that ended since it was found."""
    lines = {line.line_id: line for line in order.lines}
    return [(lines[line_id], parked) for parked in order.parked if parked.line_id == line_id and not parked.is_waiting]


_LOST = Parked(
    LineId("1"),
    "A-1001 at DC-PA is short",
    examples.AT,
    promised_at=examples.AT + timedelta(hours=54),
)
_EXAMPLE = answer_exception(replace(examples.ORDER, allocations=(), parked=(_LOST,)), examples.ORDER.lines[0], _LOST)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/exceptions",
        name="list_exceptions",
        summary="What needs a person: units that can be had nowhere",
        tag="orders",
        run=list_exceptions,
        shown=(Shown(200, "A page of lines", Page[ExceptionAnswer], Page((_EXAMPLE,), None)),),
        body=NO_BODY,
        query=ExceptionsQuery,
        scope="orders:read",
        refusals=(NotFound("node", "DC-PA"),),
    ),
)
