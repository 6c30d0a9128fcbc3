"""Returns: quoted, opened, read and searched."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from pydantic import Field, TypeAdapter

from troth.flows.orders.returns import ReturnQuote, prepare_open, preview_return
from troth.flows.people.access import Actor
from troth.http.edge.body import Body, NoQuery, Query
from troth.http.edge.bounds import choose_bound
from troth.http.edge.idempotency import once
from troth.http.edge.measures import decimals_of_lines, known_items
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Plain, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.preconditions import expected_of
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, etag, json_reply
from troth.http.orders.orders import NO_ORDER, SHORT, Filter
from troth.http.returns.return_answer import QuotedReturn, ReturnAnswer, answer_quote, answer_return
from troth.http.returns.return_body import ReturnBody
from troth.http.returns.return_examples import OPENED_ANSWER, QUOTE_ANSWER, RECEIVED_ANSWER, RETURN_ID, RETURN_PATH
from troth.http.returns.return_replies import command_return, may_see_return, read_visible_return
from troth.model.ids import named_order
from troth.model.lifecycle import ReceptionState
from troth.model.order import Order
from troth.model.permissions import By
from troth.model.refusals import FieldFlaw, Invalid, NotFound, VersionConflict
from troth.store.orders import read_orders
from troth.store.returns import find_returns


class OpenQuery(Query):
    """Whether it is only to be shown."""

    preview: Annotated[bool, Field(description="Quote the return, and open nothing.")] = False


class ReturnsQuery(PageQuery):
    """Which returns: all filters must fit, the newest come first."""

    state: Annotated[tuple[ReceptionState, ...], Field(description="May be given more than once: any of them.")] = ()
    node: Annotated[Filter | None, Field(description="Where it goes or where anything of it came.")] = None
    customer: Filter | None = None
    order_id: Filter | None = None
    sku: Filter | None = None
    waiting: Annotated[bool | None, Field(description="Whether units of it wait for their disposition.")] = None
    refund_held: Annotated[bool | None, Field(description="Whether its refund waits for a person.")] = None
    q: Annotated[
        Filter | None, Field(description="The id of a return or an order, a tracking number, or an email.")
    ] = None


async def open_return(call: Call[ReturnBody, OpenQuery]) -> Reply:
    """Open a return, or say field by field why not."""
    body = call.body
    order = await _read_order(call, body.order_id)
    flaws = (*_bound_flaws(call.actor, body), *_exception_flaws(call.actor, body))
    if flaws:
        raise Refused(Invalid(flaws))
    skus = [line.sku for line in body.exchange.lines] if body.exchange is not None else []
    content = body.content(order.order_id, decimals_of_lines(order), await known_items(call, skus))
    if call.actor.customers is not None:
        content = replace(content, by=By.CUSTOMER)
    command = await prepare_open(call.system, order, content)
    if isinstance(command, Invalid):
        raise Refused(command)
    if not call.query.preview:
        return await command_return(call, command, None)

    async def run() -> Reply:
        conflict = expected_of(call).refuse(order.version)
        found = conflict or await preview_return(call.system, order, command, actor=call.actor.name)
        if not isinstance(found, ReturnQuote):
            raise Refused(found)
        return json_reply(answer_quote(found, call.system.door.reference.policy.currency))

    return await once(call, run)


async def get_return(call: Plain) -> Reply:
    """One return."""
    order, one = await read_visible_return(call)
    return json_reply(answer_return(order, one), headers=(etag(order.version),))


async def search_returns(call: Call[Nothing, ReturnsQuery]) -> Reply:
    """A page of returns, the newest first."""
    asked, actor = call.query, call.actor
    node = asked.node
    if node is not None and not actor.may_at(node):
        raise Refused(NotFound("node", node))
    nodes = [node] if node is not None else None if actor.nodes is None else sorted(actor.nodes)
    customer = choose_bound(actor.customers, asked.customer, "customer")
    async with call.system.pool.acquire() as connection:
        found = await find_returns(
            connection,
            states=asked.state or None,
            nodes=nodes,
            customers=None if customer is None else [customer],
            order_id=None if asked.order_id is None else named_order(asked.order_id),
            sku=asked.sku,
            text=asked.q,
            is_waiting=asked.waiting,
            is_refund_held=asked.refund_held,
            after=decode_cursor(asked.cursor, tuple[datetime, str]),
            limit=asked.limit + 1,
        )
        orders = await read_orders(connection, {order_id for order_id, _ in found})
    returns = {one.return_id: (order, one) for order in orders.values() for one in order.returns}
    return page_reply(
        call,
        [returns[return_id] for _, return_id in found if may_see_return(actor, *returns[return_id])],
        limit=asked.limit,
        shown=lambda pair: answer_return(*pair),
        position=lambda pair: (pair[1].opened_at, pair[1].return_id),
    )


async def _read_order(call: Call[ReturnBody, OpenQuery], named: str) -> Order:
    """The order that a return is of. Whoever is bound to nodes takes any channel's order back at them; whoever is
    bound to customers sees only theirs.
    """
    order_id = named_order(named)
    async with call.system.pool.acquire() as connection:
        order = (await read_orders(connection, [order_id])).get(order_id)
    customers = call.actor.customers
    if order is None or (customers is not None and order.customer.id not in customers):
        raise Refused(NotFound("order", order_id))
    return order


def _bound_flaws(actor: Actor, body: ReturnBody) -> tuple[FieldFlaw, ...]:
    if actor.nodes is not None and (body.node is None or body.node not in actor.nodes):
        return (FieldFlaw("/node", f"must be one of {', '.join(sorted(actor.nodes))}"),)
    return ()


def _exception_flaws(actor: Actor, body: ReturnBody) -> tuple[FieldFlaw, ...]:
    if body.exception and (actor.nodes is not None or actor.customers is not None):
        return (FieldFlaw("/exception", "whoever is bound to nodes or customers may make no exception"),)
    return ()


_BODY = Body(
    TypeAdapter(ReturnBody),
    {
        "order_id": "web:W-1001",
        "lines": [{"line_id": "1", "quantity": 1, "reason": "too_small"}],
        "method": "in_store",
        "node": "ST-NYC",
    },
)
NO_RETURN = NotFound("return", RETURN_ID)

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/returns",
        name="open_return",
        summary="Open a return, a claim or an exchange of any channel's order; with preview nothing is written",
        tag="returns",
        run=open_return,
        shown=(
            Shown(201, "The return", ReturnAnswer, OPENED_ANSWER),
            Shown(200, "What it would be, with preview", QuotedReturn, QUOTE_ANSWER),
        ),
        body=_BODY,
        query=OpenQuery,
        scope="returns:write",
        has_if_match=True,
        refusals=(
            NO_ORDER,
            SHORT,
            VersionConflict("8", "9"),
            Invalid((FieldFlaw("/lines/0/quantity", "0 units of A-1001 of line 1 may come back"),)),
        ),
    ),
    Operation(
        method="GET",
        path="/v1/returns",
        name="search_returns",
        summary="Find returns, the newest first",
        tag="returns",
        run=search_returns,
        shown=(Shown(200, "A page of returns", Page[ReturnAnswer], Page((RECEIVED_ANSWER,), None)),),
        body=NO_BODY,
        query=ReturnsQuery,
        scope="returns:read",
        refusals=(NotFound("node", "ST-NYC"),),
    ),
    Operation(
        method="GET",
        path="/v1/returns/{return_id}",
        name="read_return",
        summary="Read a return with what came, what became of it, and what is credited",
        tag="returns",
        run=get_return,
        shown=(Shown(200, "The return", ReturnAnswer, RECEIVED_ANSWER),),
        body=NO_BODY,
        query=NoQuery,
        scope="returns:read",
        refusals=(NO_RETURN,),
        path_examples=RETURN_PATH,
    ),
)
