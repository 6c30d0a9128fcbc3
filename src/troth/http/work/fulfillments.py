"""The work of nodes: found and read."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from troth.flows.orders.acceptance import find_accept_by, read_windows
from troth.flows.orders.fulfill import read_work
from troth.flows.orders.ship_notices import find_notices
from troth.http.edge.body import NoQuery
from troth.http.edge.bounds import choose_bound, is_visible
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Plain, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, etag, json_reply
from troth.http.orders import examples
from troth.http.orders.orders import Filter
from troth.http.work.work_answer import WorkAnswer, answer_work
from troth.model.ids import FulfillmentId
from troth.model.lifecycle import AllocationState
from troth.model.order import Fulfillment, Order
from troth.model.refusals import NotFound
from troth.model.ways import places_of
from troth.store.orders import find_fulfillments


class FulfillmentsQuery(PageQuery):
    """Which work: all filters must fit, the most urgent comes first."""

    node: Filter | None = None
    status: Annotated[tuple[AllocationState, ...], Field(description="May be given more than once: any of them.")] = ()


async def search_fulfillments(call: Call[Nothing, FulfillmentsQuery]) -> Reply:
    """A page of work, the most urgent first."""
    asked = call.query
    async with call.system.pool.acquire() as connection:
        found = await find_fulfillments(
            connection,
            node=choose_bound(call.actor.nodes, asked.node, "node"),
            statuses=asked.status or None,
            after=decode_cursor(asked.cursor, tuple[datetime, str]),
            limit=asked.limit + 1,
        )
        visible = [(order, work) for order, work in found if is_visible(call.actor, order)]
        windows = await read_windows(connection, call.system.door.reference.network, visible)
        notices = await find_notices(connection, call.system.door.reference.guides, visible)
    currency = call.system.door.reference.policy.currency
    return page_reply(
        call,
        visible,
        limit=asked.limit,
        shown=lambda pair: answer_work(
            pair[0],
            pair[1],
            currency,
            accept_by=find_accept_by(windows, pair[1].fulfillment_id),
            notice=notices.get(pair[1].fulfillment_id),
        ),
        position=lambda pair: (pair[1].ship_by, pair[1].fulfillment_id),
    )


async def read_fulfillment(call: Plain) -> Reply:
    """The work of one node for an order."""
    order, work = await read_visible_work(call)
    reference = call.system.door.reference
    async with call.system.pool.acquire() as connection:
        windows = await read_windows(connection, reference.network, [(order, work)])
        notices = await find_notices(connection, reference.guides, [(order, work)])
    accept_by, notice = find_accept_by(windows, work.fulfillment_id), notices.get(work.fulfillment_id)
    answer = answer_work(order, work, reference.policy.currency, accept_by=accept_by, notice=notice)
    return json_reply(answer, headers=(etag(order.version),))


async def read_visible_work(call: Call[Any, Any]) -> tuple[Order, Fulfillment]:
    """The fulfillment that the path names, with its order; Refused where the actor may see none."""
    return await find_visible_work(call, FulfillmentId(call.path("fulfillment_id")))


async def find_visible_work(call: Call[Any, Any], name: FulfillmentId) -> tuple[Order, Fulfillment]:
    """A fulfillment by its name, with its order; Refused where the actor may see none."""
    found = await read_work(call.system.pool, name)
    if isinstance(found, NotFound):
        raise Refused(found)
    order, work = found
    is_near = any(map(call.actor.may_at, places_of(work)))
    if not is_near or not is_visible(call.actor, order):
        raise Refused(NotFound("fulfillment", name))
    return order, work


WORK_PATH = (("fulfillment_id", examples.FULFILLMENT_ID),)
NO_WORK = NotFound("fulfillment", examples.FULFILLMENT_ID)
WORK_ANSWER = answer_work(examples.ORDER, examples.WORK, examples.CURRENCY)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/fulfillments",
        name="search_fulfillments",
        summary="Find the work of nodes, the most urgent first",
        tag="fulfillments",
        run=search_fulfillments,
        shown=(Shown(200, "A page of work", Page[WorkAnswer], Page((WORK_ANSWER,), None)),),
        body=NO_BODY,
        query=FulfillmentsQuery,
        scope="fulfillments:read",
        refusals=(NotFound("node", "DC-PA"),),
    ),
    Operation(
        method="GET",
        path="/v1/fulfillments/{fulfillment_id}",
        name="read_fulfillment",
        summary="The work of one node for an order",
        tag="fulfillments",
        run=read_fulfillment,
        shown=(Shown(200, "The work", WorkAnswer, WORK_ANSWER),),
        body=NO_BODY,
        query=NoQuery,
        scope="fulfillments:read",
        refusals=(NO_WORK,),
        path_examples=WORK_PATH,
    ),
)
