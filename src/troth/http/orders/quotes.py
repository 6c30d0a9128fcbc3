"""Quotes: what would be promised, at which cost to serve, if this were ordered now."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from pydantic import Field, TypeAdapter

from troth.engine.carriage.unserved import find_unserved
from troth.flows.orders.capture import OrderContent
from troth.flows.orders.quote import Option, Quote, quote
from troth.flows.wording.stock_messages import gap_message
from troth.flows.wording.wording import NO_WORDING, Voice
from troth.http.edge.body import Body, Query
from troth.http.edge.idempotency import once
from troth.http.edge.measures import Units, known_items
from troth.http.edge.operations import Call, Operation, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant
from troth.http.orders import examples
from troth.http.orders.carts import CartHoldAnswer, answer_hold
from troth.http.orders.could_be import CouldBe, find_ways_out
from troth.http.orders.explanation import TraceAnswer, answer_trace
from troth.http.orders.front_answer import EXAMPLE as FRONT_EXAMPLE
from troth.http.orders.front_answer import FrontAnswer, answer_front
from troth.http.orders.order_body import QUOTE_EXAMPLE, QuoteBody
from troth.http.orders.quoted_option import DispositionAnswer, OptionAnswer, answer_disposition, answer_option
from troth.http.orders.schedule_body import as_sent
from troth.model.ids import LineId, Sku
from troth.model.inventory import ON_HAND
from troth.model.item import Item
from troth.model.measure import shown
from troth.model.messages import LANGUAGE_ATTRIBUTE
from troth.model.order import Method
from troth.model.plan import Peg, Plan, Shipment, Trace, Uncovered
from troth.model.refusals import FieldFlaw, HoldLimit, Invalid, OfferedNow, QuoteOutdated


class QuoteQuery(Query):
    """How the quote is answered."""

    explain: Annotated[bool, Field(description="Add the trace: why, and what was not chosen.")] = False
    front: Annotated[
        bool, Field(description="Add the fronts: what sooner and fewer shipments would cost, in money.")
    ] = False


class UnavailableAnswer(msgspec.Struct, frozen=True):
    """Units of a line that cannot be promised as asked, why, and what could be instead."""

    line_id: str
    sku: str
    quantity: Units
    reason: str
    detail: str
    message: str
    available_quantity: Units
    available_at: Instant | None
    could_be: tuple[CouldBe, ...]


class NotServed(msgspec.Struct, frozen=True):
    """A service that does not go where the order goes, from any node, and why."""

    method: Method
    service: str
    carrier: str
    detail: str


class QuoteAnswer(msgspec.Struct, frozen=True):
    """The ways to have it, first the one that an order as asked would get; `trace` only where it was asked for.
    `not_served` are the services that are no option because they do not go there.
    `disposition` is what the routing would do with an order as asked besides sending it, also where it would be
    refused. `fronts` say what sooner and fewer shipments than an order as asked would cost, one for each part of it
    that is planned by itself, where they were asked for.
    """

    quoted_at: Instant
    language: str
    options: tuple[OptionAnswer, ...]
    unavailable: tuple[UnavailableAnswer, ...]
    trace: TraceAnswer | None
    hold: CartHoldAnswer | None
    not_served: tuple[NotServed, ...]
    disposition: DispositionAnswer | None
    fronts: tuple[FrontAnswer, ...]


async def quote_order(call: Call[QuoteBody, QuoteQuery]) -> Reply:
    """Promise nothing, but say what would be promised."""

    async def run() -> Reply:
        items = await known_items(call, call.body.skus())
        content = call.body.inquiry(items)
        answer = await quote(
            call.system,
            content,
            is_explained=call.query.explain,
            has_fronts=call.query.front,
            hold_seconds=call.body.hold_seconds or 0,
            actor=call.actor.name,
        )
        if not isinstance(answer, Quote):
            raise Refused(as_sent(answer, call.body.lines))
        own = content.attributes.get(LANGUAGE_ATTRIBUTE)
        voice = call.system.door.reference.wording_at(answer.at).voice(content.channel, (own,) if own else ())
        return json_reply(
            QuoteAnswer(
                answer.at,
                voice.language,
                tuple(
                    answer_option(
                        option,
                        answer.network,
                        answer.currency,
                        answer.at,
                        items,
                        voice,
                        destination=answer.destination,
                        near=answer.near,
                        kits=answer.kits,
                        need_by=answer.need_by,
                    )
                    for option in answer.options
                ),
                tuple(_unavailable(gap, answer, content, call.body.method, items, voice) for gap in answer.uncovered),
                None
                if answer.explanation is None
                else answer_trace(answer.explanation.plan.trace, answer.explanation, answer.currency),
                None if answer.hold is None else answer_hold(answer.hold, answer.at, items),
                _not_served(answer),
                answer_disposition(answer.asked, answer.at),
                tuple(answer_front(front, answer.currency) for front in answer.fronts),
            )
        )

    return await once(call, run)


def _not_served(answer: Quote) -> tuple[NotServed, ...]:
    if answer.destination is None:
        return ()
    return tuple(
        NotServed(one.method, one.service, one.carrier, f"{one.service} {one.why}")
        for one in find_unserved(answer.network, answer.destination)
    )


def _unavailable(
    gap: Uncovered, answer: Quote, content: OrderContent, method: Method, items: Mapping[Sku, Item], voice: Voice
) -> UnavailableAnswer:
    line = next((line for line in content.lines if line.line_id == gap.line_id), None)
    wanted = gap.quantity if line is None else line.quantity
    item = items.get(gap.sku if line is None else line.sku)
    decimals = 0 if item is None else item.decimals
    return UnavailableAnswer(
        gap.line_id,
        gap.sku,
        shown(gap.quantity, decimals),
        gap.reason,
        gap.detail,
        gap_message(gap, answer.at, voice, item),
        shown(gap.available_quantity, decimals),
        gap.available_at,
        tuple(
            find_ways_out(
                gap,
                wanted,
                answer.options,
                method,
                answer.currency,
                answer.kits,
                decimals=decimals,
                need_by=answer.need_by.get(gap.line_id),
            )
        ),
    )


_WORK = examples.WORK
_SHIPMENT = Shipment(
    _WORK.node,
    _WORK.method,
    _WORK.service,
    _WORK.ship_by,
    _WORK.promised_from,
    _WORK.promised_at,
    (Peg(LineId("1"), Sku("A-1001"), ON_HAND, 2),),
    _WORK.cost,
    carrier=_WORK.carrier,
)
_VOICE = NO_WORDING.voice("web")
_OPTION = Option("P-5b0c9d1c2f6e7a8890ab", Plan((_SHIPMENT,), (), Trace("subsets", 12)), _WORK.method, _WORK.service)
OUTDATED = QuoteOutdated(
    _OPTION.plan_id,
    (OfferedNow("P-8890ab5b0c9d1c2f6e7a", _WORK.method, _WORK.service, None, _WORK.promised_at, is_complete=True),),
)
"""The refusal of what was quoted, as the documentation shows it."""

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/quotes",
        name="quote_order",
        summary="What would be promised if this were ordered now; reserves nothing, or keeps it for a while",
        tag="orders",
        run=quote_order,
        shown=(
            Shown(
                200,
                "The ways to have it",
                QuoteAnswer,
                QuoteAnswer(
                    examples.AT,
                    _VOICE.language,
                    (answer_option(_OPTION, examples.NETWORK, examples.CURRENCY, examples.AT, {}, _VOICE),),
                    (),
                    None,
                    None,
                    (NotServed(Method.DELIVERY, "delivery", "local", "delivery goes 25 miles at most"),),
                    None,
                    (answer_front(FRONT_EXAMPLE, examples.CURRENCY),),
                ),
            ),
        ),
        body=Body(TypeAdapter(QuoteBody), QUOTE_EXAMPLE),
        query=QuoteQuery,
        scope="orders:write",
        refusals=(Invalid((FieldFlaw("/lines/0/sku", "there is no item A-1001"),)), HoldLimit(50, 48, 6), OUTDATED),
    ),
)
