"""An order's history: what happened to it, and why its sources were chosen."""

from collections.abc import Mapping

import msgspec

from troth.http import examples
from troth.http.body import NoQuery
from troth.http.bounds import order_id_of, read_visible
from troth.http.operations import NO_BODY, Call, Nothing, Operation, Plain, Shown
from troth.http.orders import NO_ORDER, ORDER_PATH
from troth.http.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.replies import Reply, json_reply
from troth.http.values import Instant
from troth.model.events import OrderCaptured
from troth.model.plan import Trace
from troth.store.codec import decode, encode_bytes
from troth.store.events import LoggedEvent, read_subject_events
from troth.store.orders import read_explanations


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
    """Why sources were chosen: in a sentence, and the trace. `version` is that of the order which the decision made."""

    version: int
    at: Instant
    summary: str
    trace: msgspec.Raw


class ExplanationAnswer(msgspec.Struct, frozen=True):
    """All decisions about an order's sources, the newest first."""

    order_id: str
    decisions: tuple[DecisionAnswer, ...]


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


async def explain_order(call: Plain) -> Reply:
    """Why an order's sources were chosen."""
    order = await read_visible(call, order_id_of(call))
    async with call.system.pool.acquire() as connection:
        found = await read_explanations(connection, order.order_id)
    decisions = tuple(
        DecisionAnswer(version, at, summarize(decode(trace, Trace)), msgspec.Raw(trace.encode()))
        for version, at, trace in found
    )
    return json_reply(ExplanationAnswer(order.order_id, decisions))


def summarize(trace: Trace) -> str:
    """A trace in a sentence.

    >>> summarize(Trace("subsets", 12, {"no_stock": 3}, gap=0.0))
    'Of 12 candidates the cheapest were chosen by subsets, proven best; 3 nodes were left out: 3 no stock.'
    """
    if trace.gap is None:
        proof = "with no bound on how far they are from the best"
    else:
        proof = f"at most {trace.gap:.1%} from the best" if trace.gap else "proven best"
    left_out = _counts(trace.removed)
    removed = f"; {sum(trace.removed.values())} nodes were left out: {left_out}" if left_out else ""
    return f"Of {trace.candidates} candidates the cheapest were chosen by {trace.method}, {proof}{removed}."


def _counts(removed: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in removed.items())


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


_TRACE = Trace("subsets", 12, {"no_stock": 3}, policy_version="default-1")
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
        run=explain_order,
        shown=(
            Shown(
                200,
                "Each decision about the order's sources, the newest first",
                ExplanationAnswer,
                ExplanationAnswer(
                    examples.ORDER_ID,
                    (DecisionAnswer(1, examples.AT, summarize(_TRACE), msgspec.Raw(encode_bytes(_TRACE))),),
                ),
            ),
        ),
        body=NO_BODY,
        query=NoQuery,
        scope="orders:read",
        refusals=(NO_ORDER,),
        path_examples=ORDER_PATH,
    ),
)
