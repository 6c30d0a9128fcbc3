"""What is planned to be released later, what of it is late, and the release of one node's work before its time."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from pydantic import AwareDatetime, Field

from troth.flows.door.requests import Accepted, Answer, Outcome
from troth.http.edge.body import NoQuery
from troth.http.edge.bounds import choose_bound, is_visible
from troth.http.edge.idempotency import problem_answer, reply_of, submit
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Plain, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.preconditions import expected_of
from troth.http.edge.replies import Reply
from troth.http.edge.values import Instant
from troth.http.orders import examples
from troth.http.orders.orders import Filter
from troth.http.work.fulfillments import NO_WORK, WORK_ANSWER, WORK_PATH, read_visible_work
from troth.http.work.work_answer import WorkAnswer, answer_work
from troth.model.commands import ReleaseOrder
from troth.model.ids import NodeId
from troth.model.refusals import Held, NotFound, NotPossibleNow
from troth.model.release import PlannedRelease
from troth.store.codec import encode_bytes
from troth.store.orders import read_orders
from troth.store.releases import LateRelease, find_late_releases


class PlannedAnswer(msgspec.Struct, frozen=True):
    """Work that is going to be released: when, in which wave, and when its node has to begin at the latest."""

    order_id: str
    fulfillment_id: str
    node: str
    release_at: Instant
    latest_at: Instant
    wave: str | None
    promised_at: Instant


class PlannedQuery(PageQuery):
    """Which of them: all filters must fit, the most urgent comes first."""

    node: Filter | None = None
    begin_by: Annotated[
        AwareDatetime | None,
        Field(description="What its node has to begin by then; left out: by now, which is late."),
    ] = None


async def list_planned(call: Call[Nothing, PlannedQuery]) -> Reply:
    """A page of work that is not released yet although its node has to begin."""
    asked = call.query
    node = choose_bound(call.actor.nodes, asked.node, "node")
    async with call.system.pool.acquire() as connection:
        found = await find_late_releases(
            connection,
            asked.begin_by or call.system.door.now(),
            node=None if node is None else NodeId(node),
            after=decode_cursor(asked.cursor, tuple[datetime, str]),
            limit=asked.limit + 1,
        )
        orders = await read_orders(connection, {one.order_id for one in found})
    visible = [one for one in found if one.order_id in orders and is_visible(call.actor, orders[one.order_id])]
    return page_reply(
        call,
        visible,
        limit=asked.limit,
        shown=answer_planned,
        position=lambda one: (one.planned.latest, one.planned.fulfillment_id),
    )


def answer_planned(late: LateRelease) -> PlannedAnswer:
    """Planned work as it is answered."""
    planned = late.planned
    return PlannedAnswer(
        late.order_id,
        planned.fulfillment_id,
        late.node,
        planned.at,
        planned.latest,
        planned.wave or None,
        late.promised_at,
    )


async def release_work(call: Plain) -> Reply:
    """Hand one node's work over now."""
    order, work = await read_visible_work(call)
    currency = call.system.door.reference.policy.currency

    def render(outcomes: tuple[Outcome, ...]) -> Answer:
        (outcome,) = outcomes
        if not isinstance(outcome, Accepted):
            return problem_answer(outcome)
        after = outcome.order or order
        released = next(one for one in after.fulfillments if one.fulfillment_id == work.fulfillment_id)
        return Answer(200, encode_bytes(answer_work(after, released, currency)))

    command = ReleaseOrder(order.order_id, (work.fulfillment_id,))
    return reply_of(await submit(call, (command,), render, expected=expected_of(call)))


_EXAMPLE: Any = LateRelease(
    examples.ORDER.order_id,
    NodeId("DC-PA"),
    PlannedRelease(examples.FULFILLMENT_ID, examples.AT, examples.AT, "dc-parcels~DC-PA~20261123T1500Z"),
    examples.WORK.promised_at,
)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/planned-releases",
        name="list_planned_releases",
        summary="Work that is not released yet although its node has to begin, the most urgent first",
        tag="releases",
        run=list_planned,
        shown=(Shown(200, "A page of work", Page[PlannedAnswer], Page((answer_planned(_EXAMPLE),), None)),),
        body=NO_BODY,
        query=PlannedQuery,
        scope="fulfillments:read",
        refusals=(NotFound("node", "DC-PA"),),
    ),
    Operation(
        method="POST",
        path="/v1/fulfillments/{fulfillment_id}/release",
        name="release_fulfillment",
        summary="Hand one node's work over now, instead of in its wave or when its remorse period ends",
        tag="releases",
        run=release_work,
        shown=(Shown(200, "The work as it is now", WorkAnswer, WORK_ANSWER),),
        body=NO_BODY,
        query=NoQuery,
        has_if_match=True,
        scope="orders:write",
        refusals=(NO_WORK, Held(("H1",)), NotPossibleNow("release", "shipped")),
        path_examples=WORK_PATH,
    ),
)
