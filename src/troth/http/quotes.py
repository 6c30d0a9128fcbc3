"""Quotes: what would be promised, at which cost to serve, if this were ordered now."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated

import msgspec
from pydantic import Field, TypeAdapter

from troth.engine.network import Network
from troth.engine.unserved import find_unserved
from troth.flows.capture import OrderContent
from troth.flows.messages import gap_message, promise_message, promised_shipments
from troth.flows.quote import Kit, Option, Quote, quote
from troth.flows.wording import NO_WORDING, Voice
from troth.http import examples
from troth.http.body import Body, Query
from troth.http.carts import CartHoldAnswer, answer_hold
from troth.http.could_be import CouldBe, find_ways_out
from troth.http.explanation import TraceAnswer, answer_trace
from troth.http.idempotency import once
from troth.http.measures import Units, known_items, of_sku
from troth.http.operations import Call, Operation, Shown
from troth.http.order_body import QUOTE_EXAMPLE, QuoteBody
from troth.http.problems import Refused
from troth.http.replies import Reply, json_reply
from troth.http.values import CostAnswer, Instant, Window, cost, total
from troth.model.ids import LineId, Sku
from troth.model.inventory import ON_HAND, is_on_hand
from troth.model.item import Item
from troth.model.kits import whole_units
from troth.model.measure import shown
from troth.model.messages import LANGUAGE_ATTRIBUTE
from troth.model.network import Address
from troth.model.order import Method
from troth.model.plan import Peg, Plan, Shipment, Trace, Uncovered
from troth.model.refusals import FieldFlaw, HoldLimit, Invalid


class QuoteQuery(Query):
    """How the quote is answered."""

    explain: Annotated[bool, Field(description="Add the trace: why, and what was not chosen.")] = False


class QuotedUnits(msgspec.Struct, frozen=True):
    """Units of a line in a shipment, on hand or still to come."""

    line_id: str
    sku: str
    quantity: Units
    is_on_hand: bool


class QuotedShipment(msgspec.Struct, frozen=True):
    """What one node would send or hand over at once; `via` is where it goes first, where the customer picks it up.

    `carbon_grams` is the CO2e of its way; null: the policy has no factors for it. `carrier` is null where nobody
    carries it.
    """

    node: str
    method: Method
    service: str
    ship_by: Instant
    promised_at: Window
    is_backordered: bool
    cost_to_serve: CostAnswer
    lines: tuple[QuotedUnits, ...]
    via: str | None
    carbon_grams: int | None
    carrier: str | None


class QuotedLine(msgspec.Struct, frozen=True):
    """How many units of a line an option promises, and when they are all there."""

    line_id: str
    sku: str
    quantity: Units
    promised_at: Window


class OptionAnswer(msgspec.Struct, frozen=True):
    """One way to have it; `plan_id` stays the same as long as the plan does. What is missing is not `is_complete`."""

    plan_id: str
    method: Method
    service: str
    node: str | None
    is_complete: bool
    promised_at: Window
    message: str
    cost_to_serve: CostAnswer
    shipments: tuple[QuotedShipment, ...]
    lines: tuple[QuotedLine, ...]


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
    """

    quoted_at: Instant
    language: str
    options: tuple[OptionAnswer, ...]
    unavailable: tuple[UnavailableAnswer, ...]
    trace: TraceAnswer | None
    hold: CartHoldAnswer | None
    not_served: tuple[NotServed, ...]


async def quote_order(call: Call[QuoteBody, QuoteQuery]) -> Reply:
    """Promise nothing, but say what would be promised."""

    async def run() -> Reply:
        items = await known_items(call, call.body.skus())
        content = call.body.inquiry(items)
        answer = await quote(
            call.system,
            content,
            is_explained=call.query.explain,
            hold_seconds=call.body.hold_seconds or 0,
            actor=call.actor.name,
        )
        if not isinstance(answer, Quote):
            raise Refused(answer)
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
                        kits=answer.kits,
                    )
                    for option in answer.options
                ),
                tuple(_unavailable(gap, answer, content, call.body.method, items, voice) for gap in answer.uncovered),
                None
                if answer.explanation is None
                else answer_trace(answer.explanation.plan.trace, answer.explanation, answer.currency),
                None if answer.hold is None else answer_hold(answer.hold, answer.at, items),
                _not_served(answer),
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


def answer_option(
    option: Option,
    network: Network,
    currency: str,
    now: datetime,
    items: Mapping[Sku, Item],
    voice: Voice,
    *,
    destination: Address | None = None,
    kits: Mapping[LineId, Kit] = MappingProxyType({}),
) -> OptionAnswer:
    """An option as it is shown to a customer at a destination; `kits` are lines that are asked for as kits."""
    shipments = option.plan.shipments
    last = max(shipments, key=lambda shipment: shipment.promised_at)
    is_handed_over = last.method in (Method.PICKUP, Method.CURBSIDE)
    return OptionAnswer(
        option.plan_id,
        last.method,
        last.service,
        (last.via or last.node) if is_handed_over else None,
        not option.plan.uncovered,
        _window(last),
        promise_message(promised_shipments(shipments, network, destination, items), now, voice),
        cost(total([shipment.cost for shipment in shipments]), currency),
        tuple(_shipment(shipment, currency, items) for shipment in shipments),
        _lines(shipments, items, kits),
    )


def _shipment(shipment: Shipment, currency: str, items: Mapping[Sku, Item]) -> QuotedShipment:
    return QuotedShipment(
        shipment.node,
        shipment.method,
        shipment.service,
        shipment.ship_by,
        _window(shipment),
        shipment.is_backordered,
        cost(shipment.cost, currency),
        tuple(
            QuotedUnits(peg.line_id, peg.sku, of_sku(peg.quantity, peg.sku, items), is_on_hand(peg.source))
            for peg in shipment.pegs
        ),
        shipment.via,
        shipment.carbon_grams,
        shipment.carrier or None,
    )


def _lines(
    shipments: tuple[Shipment, ...], items: Mapping[Sku, Item], kits: Mapping[LineId, Kit]
) -> tuple[QuotedLine, ...]:
    units = whole_units(
        (peg for shipment in shipments for peg in shipment.pegs),
        {line_id: kit.components for line_id, kit in kits.items()},
    )
    skus: dict[LineId, Sku] = {}
    lasts: dict[LineId, Shipment] = {}
    for shipment in sorted(shipments, key=lambda shipment: shipment.promised_at):
        for peg in shipment.pegs:
            skus[peg.line_id] = kits[peg.line_id].sku if peg.line_id in kits else peg.sku
            lasts[peg.line_id] = shipment
    return tuple(
        QuotedLine(line_id, skus[line_id], of_sku(units[line_id], skus[line_id], items), _window(lasts[line_id]))
        for line_id in lasts
    )


def _window(shipment: Shipment) -> Window:
    return Window(shipment.promised_from, shipment.promised_at)


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
        tuple(find_ways_out(gap, wanted, answer.options, method, answer.currency, answer.kits, decimals=decimals)),
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
_OPTION = Option("P-5b0c9d1c2f6e7a8890ab", Plan((_SHIPMENT,), (), Trace("subsets", 12)))

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
                ),
            ),
        ),
        body=Body(TypeAdapter(QuoteBody), QUOTE_EXAMPLE),
        query=QuoteQuery,
        scope="orders:write",
        refusals=(Invalid((FieldFlaw("/lines/0/sku", "there is no item A-1001"),)), HoldLimit(50, 48, 6)),
    ),
)
