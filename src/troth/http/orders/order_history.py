"""An order's history: what happened to it, and why its sources were chosen."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from pydantic import Field

from troth.engine.failed import attempts_max
from troth.flows.orders.attempts import Attempt, read_attempts
from troth.flows.orders.explain import Decided, explain_order
from troth.http.edge.body import Query, Text
from troth.http.edge.bounds import order_id_of, read_visible
from troth.http.edge.measures import decimals_of_lines, of_line
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant
from troth.http.orders import examples
from troth.http.orders.explanation import EXAMPLE, TraceAnswer, answer_trace
from troth.http.orders.front_answer import EXAMPLE as FRONT_EXAMPLE
from troth.http.orders.front_answer import FrontAnswer, answer_front
from troth.http.orders.orders import NO_ORDER, ORDER_PATH
from troth.model.events import OrderCaptured
from troth.model.ids import NodeId
from troth.model.refusals import Busy, FieldFlaw, Invalid
from troth.store.codec import encode_bytes
from troth.store.events import LoggedEvent, read_subject_events


class EventAnswer(msgspec.Struct, frozen=True):
    """What happened, when, by whom and because of what; the body is that of its kind."""

    at: Instant
    kind: str
    version: int
    actor: str
    cause: str
    policy_version: str
    body: msgspec.Raw


class DecisionAnswer(msgspec.Struct, frozen=True):
    """Why sources were chosen. `version` is that of the order which the decision made.

    `is_reproduced` says whether the decision, made again from what was recorded with it, chose the same; null where it
    could not be made again because of what is `missing`. `fronts`, where they were asked for, are one for each part of
    the order that is planned by itself.
    """

    version: int
    at: Instant
    summary: str
    is_reproduced: bool | None
    missing: str
    trace: TraceAnswer
    fronts: tuple[FrontAnswer, ...]


class AttemptAnswer(msgspec.Struct, frozen=True):
    """Units that a node was asked for and `rejected`, or that were `not_found` there (of a `lot`, where it was one).

    `left_out` says for what the node is not asked where the order is sourced again: for anything (`node`), for this
    item (`sku`), for this lot of it (`lot`), or null. Where it `may_be_asked_again` neither it nor the item there is
    left out: what it rejected is long enough ago, what it did not find was found since, or only a lot was missed.
    """

    at: Instant
    fulfillment_id: str
    node: str
    line_id: str
    sku: str
    quantity: int | float
    outcome: str
    reason: str
    lot: str | None
    may_be_asked_again: bool
    left_out: str | None


class ExplanationQuery(Query):
    """Which nodes to explain (the chosen ones and the nearest where none is named), and whether with the fronts."""

    node: Annotated[
        tuple[Text, ...],
        Field(max_length=20, description="Why, or why not, this node? May be given more than once."),
    ] = ()
    front: Annotated[
        bool, Field(description="Add the fronts: what sooner and fewer shipments would have cost, in money.")
    ] = False


class ExplanationAnswer(msgspec.Struct, frozen=True):
    """All decisions about an order's sources, the newest first, and the attempts that failed, the oldest first.

    Of a line no more than `attempts_max` nodes may fail before nobody else is asked.
    """

    order_id: str
    decisions: tuple[DecisionAnswer, ...]
    attempts: tuple[AttemptAnswer, ...]
    attempts_max: int


async def read_order_events(call: Call[Nothing, PageQuery]) -> Reply:
    """What happened to an order, oldest first."""
    order = await read_visible(call, order_id_of(call))
    after = decode_cursor(call.query.cursor, tuple[int])
    seen = max(0, min(after[0], 1_000_000)) if after else 0
    async with call.system.pool.acquire() as connection:
        logged = await read_subject_events(connection, order.order_id, limit=seen + call.query.limit + 1)
    return page_reply(
        call,
        list(enumerate(logged, start=1))[seen:],
        limit=call.query.limit,
        shown=lambda numbered: _event(numbered[1]),
        position=lambda numbered: (numbered[0],),
    )


async def explain_sources(call: Call[Nothing, ExplanationQuery]) -> Reply:
    """Why an order's sources were chosen, each decision made again from what was recorded with it."""
    order = await read_visible(call, order_id_of(call))
    nodes = [NodeId(node) for node in call.query.node]
    await _ensure_known(call, nodes)
    found = await explain_order(call.system, order, nodes=nodes, has_fronts=call.query.front)
    if isinstance(found, Busy):
        raise Refused(found)
    decisions = tuple(_decision(decided, order.currency) for decided in found)
    door = call.system.door
    policy = door.reference.policy_for(order.customer.id or order.order_id, door.now())
    decimals = decimals_of_lines(order)
    attempts = tuple(_attempt(one, decimals) for one in await read_attempts(call.system, order))
    return json_reply(ExplanationAnswer(order.order_id, decisions, attempts, attempts_max(policy)))


async def _ensure_known(call: Call[Nothing, ExplanationQuery], nodes: Sequence[NodeId]) -> None:
    """Refused where a node is asked about that there is not."""
    door = call.system.door
    if any(node not in door.reference.network.index for node in nodes):
        await door.follow()  # another process may have just set it
    unknown = [node for node in nodes if node not in door.reference.network.index]
    if unknown:
        raise Refused(Invalid(tuple(FieldFlaw("?node", f"there is no node {node}") for node in unknown)))


def _decision(decided: Decided, currency: str) -> DecisionAnswer:
    trace = answer_trace(decided.trace, decided.explanation, currency)
    fronts = tuple(answer_front(front, currency) for front in decided.fronts)
    return DecisionAnswer(
        decided.version, decided.at, trace.summary, decided.is_reproduced, decided.missing, trace, fronts
    )


def _attempt(one: Attempt, decimals: Mapping[str, int]) -> AttemptAnswer:
    return AttemptAnswer(
        one.at,
        one.fulfillment_id,
        one.node,
        one.line_id,
        one.sku,
        of_line(one.quantity, one.line_id, decimals),
        one.outcome,
        one.reason,
        one.lot or None,
        one.left_out in ("", "lot"),
        one.left_out or None,
    )


def _event(logged: LoggedEvent) -> EventAnswer:
    return EventAnswer(
        logged.at,
        logged.kind,
        logged.version,
        logged.actor,
        logged.cause,
        logged.policy_version,
        msgspec.Raw(logged.body.encode()),
    )


_DECIDED = Decided(1, examples.AT, EXAMPLE.plan.trace, (), EXAMPLE, is_reproduced=True, fronts=(FRONT_EXAMPLE,))
_ATTEMPT = AttemptAnswer(
    examples.AT, f"{examples.ORDER_ID}-F1", "ST-BOS", "1", "A-1001", 1, "not_found", "not_there", None, False, "sku"
)
_EVENT = EventAnswer(
    examples.AT,
    OrderCaptured.__name__,
    1,
    "key/shop",
    "",
    "default-1",
    msgspec.Raw(encode_bytes(OrderCaptured(examples.ORDER))),
)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/orders/{order_id}/events",
        name="read_order_events",
        summary="What happened to an order, oldest first",
        tag="orders",
        run=read_order_events,
        shown=(Shown(200, "A page of events", Page[EventAnswer], Page((_EVENT,), None)),),
        body=NO_BODY,
        query=PageQuery,
        scope="orders:read",
        refusals=(NO_ORDER,),
        path_examples=ORDER_PATH,
    ),
    Operation(
        method="GET",
        path="/v1/orders/{order_id}/explanation",
        name="explain_order",
        summary="Why the sources of an order were chosen",
        tag="orders",
        run=explain_sources,
        shown=(
            Shown(
                200,
                "Each decision about the order's sources, the newest first",
                ExplanationAnswer,
                ExplanationAnswer(
                    examples.ORDER_ID,
                    (_decision(_DECIDED, examples.CURRENCY),),
                    (_ATTEMPT,),
                    5,
                ),
            ),
        ),
        body=NO_BODY,
        query=ExplanationQuery,
        scope="orders:read",
        refusals=(NO_ORDER, Invalid((FieldFlaw("?node", "there is no node ST-NYC"),)), Busy(0, 12)),
        path_examples=ORDER_PATH,
    ),
)
