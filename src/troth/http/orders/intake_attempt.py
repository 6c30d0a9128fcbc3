"""Capturing a document of the intake as the API captures an order, or everything that is wrong with it, by field."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import TypeAdapter

from troth.engine.content_check import find_oddities
from troth.flows.door.requests import Accepted
from troth.flows.door.system import System
from troth.flows.exceptions.intake import Tried, Try
from troth.flows.orders.capture import prepare, with_history
from troth.flows.people.access import Actor
from troth.http.edge.body import Body
from troth.http.edge.problems import PROBLEMS, No, Refused, describe
from troth.http.orders.order_body import LINES_MAX, ORDER_EXAMPLE, OrderBody
from troth.model.ids import Sku
from troth.model.refusals import FieldFlaw, Invalid, StockShort
from troth.store.codec import encode_bytes

_ORDER: Final = Body(TypeAdapter(OrderBody), ORDER_EXAMPLE)


def attempt_for(system: System, actor: Actor) -> Try:
    """What captures a document for somebody."""

    async def attempt(body: Mapping[str, Any], is_despite: bool) -> Tried:
        reference = system.door.reference
        try:
            sent = _ORDER.parse(encode_bytes(body))
            await reference.need_items({Sku(sku) for sku in sent.skus()})
            content = sent.order(reference.items)
        except Refused as refused:
            return Tried(findings=(*findings_of(refused.no), *await _unknown_items(system, body)))
        customers = actor.customers
        if customers is not None and content.customer.id not in customers:
            return Tried(findings=(FieldFlaw("/customer/id", f"must be one of {', '.join(sorted(customers))}"),))
        command = await prepare(system, content)
        if isinstance(command, Invalid):
            return Tried(findings=command.flaws)
        odd = () if is_despite else find_oddities(await with_history(system, command))
        if odd:
            return Tried(findings=odd)
        outcome = await system.door.one(command, actor=actor.name, cause="intake")
        if isinstance(outcome, Accepted):
            return Tried(command.order_id)
        return Tried(findings=findings_of(outcome))

    return attempt


async def _unknown_items(system: System, body: Mapping[str, Any]) -> tuple[FieldFlaw, ...]:
    """The items that are not in the catalog, of a document that cannot be read as an order: so that whoever fixes it
    sees all that is wrong at once.
    """
    lines = body.get("lines")
    skus = [line.get("sku") if isinstance(line, Mapping) else None for line in lines] if isinstance(lines, list) else []
    named = {at: Sku(sku) for at, sku in enumerate(skus[:LINES_MAX]) if isinstance(sku, str) and sku}
    await system.door.reference.need_items(set(named.values()))
    items = system.door.reference.items
    return tuple(
        FieldFlaw(f"/lines/{at}/sku", f"there is no item {sku}") for at, sku in named.items() if sku not in items
    )


def findings_of(no: No) -> tuple[FieldFlaw, ...]:
    """A no as findings, each with its field where it has one."""
    if isinstance(no, Invalid):
        return no.flaws
    if isinstance(no, StockShort):
        return tuple(
            FieldFlaw(
                f"/lines/{line.line_id}",
                f"{line.quantity} of {line.sku} cannot be promised, {line.available_quantity} could be"
                f" ({line.detail or line.reason.replace('_', ' ')})",
            )
            for line in no.lines
        )
    return (FieldFlaw("", f"{PROBLEMS[no.code][1]}: {describe(no)}"),)
