"""Orders: captured, read and searched."""

from datetime import datetime
from functools import partial
from typing import Annotated

from pydantic import Field, StringConstraints, TypeAdapter

from troth.flows.orders.capture import prepare
from troth.http.edge.body import Body, NoQuery
from troth.http.edge.bounds import choose_bound, is_visible, order_id_of, read_visible
from troth.http.edge.languages import VARY, Language, LanguageQuery, asked_languages
from troth.http.edge.measures import known_items
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, etag
from troth.http.orders import examples
from troth.http.orders.order_answer import answer_order
from troth.http.orders.order_body import ORDER_EXAMPLE, OrderBody
from troth.http.orders.order_replies import command_order, learn_brands, order_bytes
from troth.http.orders.order_shapes import OrderAnswer
from troth.http.orders.quotes import OUTDATED
from troth.http.orders.schedule_body import as_sent
from troth.http.orders.speaker import Speaker
from troth.model.ids import LineId, Sku
from troth.model.refusals import (
    ContentDiffers,
    FieldFlaw,
    Invalid,
    NotFound,
    ShortLine,
    StockShort,
)
from troth.model.status import OrderStatus
from troth.store.failures import read_failures
from troth.store.orders import find_orders

Filter = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class OrdersQuery(PageQuery):
    """Which orders: all filters must fit, the newest come first."""

    channel: Filter | None = None
    status: Annotated[tuple[OrderStatus, ...], Field(description="May be given more than once: any of them.")] = ()
    customer: Annotated[Filter | None, Field(description="The customer's id or email.")] = None
    sku: Filter | None = None
    node: Annotated[Filter | None, Field(description="A node with work for the order.")] = None
    reserving: Annotated[
        bool,
        Field(description="Only orders that hold units now: of the SKU, also as a part of a kit, and at the node."),
    ] = False
    q: Annotated[
        Filter | None,
        Field(
            description="An order id, SKU or tracking number, or how an external id, email or name (in part) begins."
        ),
    ] = None
    language: Language | None = None


async def capture_order(call: Call[OrderBody, NoQuery]) -> Reply:
    """Promise an order and reserve its stock, or say line by line why not."""
    content = call.body.order(await known_items(call, call.body.skus()))
    customers = call.actor.customers
    if customers is not None and content.customer.id not in customers:
        raise Refused(Invalid((FieldFlaw("/customer/id", f"must be one of {', '.join(sorted(customers))}"),)))
    told = partial(as_sent, lines=call.body.lines)
    return await command_order(call, await prepare(call.system, content), status=201, told=told)


async def read_order(call: Call[Nothing, LanguageQuery]) -> Reply:
    """One order."""
    order = await read_visible(call, order_id_of(call))
    await learn_brands(call, [order])
    languages = asked_languages(call.scope, call.query.language)
    async with call.system.pool.acquire() as connection:
        failures = await read_failures(connection, [order])
    return Reply(200, order_bytes(call, order, languages, failures), (etag(order.version), VARY))


async def search_orders(call: Call[Nothing, OrdersQuery]) -> Reply:
    """A page of orders, the newest first."""
    asked = call.query
    async with call.system.pool.acquire() as connection:
        found = await find_orders(
            connection,
            channel=asked.channel,
            statuses=asked.status or None,
            customer=choose_bound(call.actor.customers, asked.customer, "customer"),
            sku=asked.sku,
            node=choose_bound(call.actor.nodes, asked.node, "node"),
            text=asked.q,
            is_reserving=asked.reserving,
            after=decode_cursor(asked.cursor, tuple[datetime, str]),
            limit=asked.limit + 1,
        )
        failures = await read_failures(connection, found)
    door = call.system.door
    network, currency, now = door.reference.network, door.reference.policy.currency, door.now()
    await learn_brands(call, found)
    languages = asked_languages(call.scope, asked.language)
    speaker = Speaker(door.reference.wording_at(now), door.reference.items, languages)
    return page_reply(
        call,
        [order for order in found if is_visible(call.actor, order)],
        limit=asked.limit,
        shown=lambda order: answer_order(order, network, currency, now, speaker, failures),
        position=lambda order: (order.captured_at, order.order_id),
    )


ORDER_PATH = (("order_id", examples.ORDER_ID),)
NO_ORDER = NotFound("order", "O-26SR2YAV7FYG310C5Q3V")
SHORT = StockShort((ShortLine(LineId("1"), Sku("A-1001"), 2, 1, examples.AT, "no_stock"),))

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/orders",
        name="capture_order",
        summary="Promise an order and reserve its stock",
        tag="orders",
        run=capture_order,
        shown=(
            Shown(201, "The order, with its promise", OrderAnswer, examples.ORDER_ANSWER),
            Shown(200, "The channel sent this order before, with the same content", OrderAnswer, examples.ORDER_ANSWER),
        ),
        body=Body(TypeAdapter(OrderBody), ORDER_EXAMPLE),
        query=NoQuery,
        scope="orders:write",
        refusals=(
            SHORT,
            ContentDiffers(examples.ORDER_ID),
            OUTDATED,
            Invalid((FieldFlaw("/lines/0/sku", "there is no item A-1001"),)),
        ),
    ),
    Operation(
        method="GET",
        path="/v1/orders",
        name="search_orders",
        summary="Search orders, the newest first",
        tag="orders",
        run=search_orders,
        shown=(Shown(200, "A page of orders", Page[OrderAnswer], Page((examples.ORDER_ANSWER,), None)),),
        body=NO_BODY,
        query=OrdersQuery,
        scope="orders:read",
        refusals=(NotFound("node", "DC-PA"),),
    ),
    Operation(
        method="GET",
        path="/v1/orders/{order_id}",
        name="read_order",
        summary="One order, by its id or as channel:external_id",
        tag="orders",
        run=read_order,
        shown=(Shown(200, "The order", OrderAnswer, examples.ORDER_ANSWER),),
        body=NO_BODY,
        query=LanguageQuery,
        scope="orders:read",
        refusals=(NO_ORDER,),
        path_examples=ORDER_PATH,
    ),
)
