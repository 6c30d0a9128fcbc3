"""Capturing an order: what a channel sends becomes one command, with everything filled in that the channel left out."""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import datetime
from hashlib import blake2b
from typing import Final

from troth.flows.door.requests import Outcome
from troth.flows.door.system import System
from troth.flows.orders.agreed import find_guide_flaws, price_agreed, read_agreed, with_terms_of
from troth.flows.orders.charges import (
    ContentCharges,
    ContentTotals,
    PricedLine,
    find_charge_flaws,
    settle_delivery,
    settle_lines,
    with_charges,
)
from troth.flows.orders.line_flaws import find_terms_flaws
from troth.flows.orders.payment_flaws import find_payment_flaws
from troth.flows.orders.wish_flaws import find_wish_flaws
from troth.flows.places.near import find_near_flaws, locate_point
from troth.flows.places.places import country_code, locate
from troth.model.capture_order import CaptureOrder
from troth.model.ids import CartHoldId, LineId, NodeId, Sku, derive_order_id
from troth.model.item import Item
from troth.model.measure import half_up, scale_of
from troth.model.money import Money
from troth.model.network import Address
from troth.model.order import Customer, Line, Method, Payment, Terms
from troth.model.refusals import FieldFlaw, Invalid
from troth.model.value import dataclass
from troth.store.codec import encode_bytes
from troth.store.history import read_history

_NOT_LOCATED: Final = b',"region_code":"","located_by":""'
_NO_TOTALS: Final = ContentTotals()
_NOT_WISHED: Final = b',"cancel_after":null,"need_by_firm":false,"backorder":true,"fill":"all","min_fill_percent":0'
_NOT_SCHEDULED: Final = b',"schedule_of":null'
HANDED_OVER: Final = frozenset({Method.PICKUP, Method.CURBSIDE})


@dataclass(frozen=True, slots=True)
class ContentLine:
    """A line as a channel sends it; without a price it has the item's.

    `together` is what each shipment more costs where its group is one that may be parted.
    """

    line_id: LineId
    sku: Sku
    quantity: int
    unit_price: Money | None = None
    need_by: datetime | None = None
    not_before: datetime | None = None
    terms: Terms | None = None
    together: Money | None = None
    charges: ContentCharges | None = None


@dataclass(frozen=True, slots=True)
class ContentPayment:
    """A payment as a channel reports it."""

    provider: str
    reference: str
    amount: Money
    status: str


@dataclass(frozen=True, slots=True)
class OrderContent:
    """An order as a channel sends it, each field valid by itself. Without `ordered_at` it is ordered now.

    With a `plan_id` it is to be had as the option of a quote that was named so; `near` is the place around which a
    pickup is looked for.
    """

    channel: str
    external_id: str
    lines: tuple[ContentLine, ...]
    method: Method = Method.SHIP
    ship_to: Address | None = None
    pickup_node: NodeId | None = None
    service: str = ""
    ship_complete: bool = False
    ordered_at: datetime | None = None
    customer: Customer = field(default_factory=Customer)
    payments: tuple[ContentPayment, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    cart_hold: CartHoldId | None = None
    shipments_max: int | None = None
    plan_id: str = ""
    near: Address | None = None
    totals: ContentTotals | None = None


async def capture(system: System, content: OrderContent, *, actor: str, cause: str = "") -> Outcome:
    """Promise an order and reserve its stock, or say why not."""
    command = await prepare(system, content)
    return command if isinstance(command, Invalid) else await system.door.one(command, actor=actor, cause=cause)


async def prepare(system: System, content: OrderContent, *, is_inquiry: bool = False) -> CaptureOrder | Invalid:
    """The command that captures an order, or everything about its content that does not fit together.

    An inquiry may leave the node of a pickup open, and so may an order of what was quoted.
    """
    flaws = find_flaws(content, is_inquiry=is_inquiry)
    if flaws:
        return Invalid(flaws)
    sent, content = content, await settle_agreements(system, content)
    unpriced = {line.sku for line in content.lines if line.unit_price is None}
    if unpriced:
        await system.door.reference.need_items(unpriced)
    items = system.door.reference.items
    currency = _currency(content, items) or system.door.reference.policy.currency
    flaws = (
        *_currency_flaws(content, items, currency),
        *_together_flaws(content.lines, system.door.reference.policy.currency),
        *find_guide_flaws(system, content.attributes, currency),
    )
    priced = _priced_lines(content, items)
    if priced and not flaws:
        flaws = find_charge_flaws(content.totals or _NO_TOTALS, priced, currency)
    if flaws:
        return Invalid(flaws)
    command = CaptureOrder(
        order_id=derive_order_id(channel=content.channel, external_id=content.external_id),
        channel=content.channel,
        external_id=content.external_id,
        digest=digest_content(sent),
        currency=currency,
        ordered_at=content.ordered_at or system.door.now(),
        customer=content.customer,
        ship_to=None if content.ship_to is None else locate(content.ship_to),
        method=content.method,
        pickup_node=content.pickup_node if content.method in HANDED_OVER else None,
        service="" if content.method in HANDED_OVER else content.service,
        ship_complete=content.ship_complete,
        lines=tuple(
            Line(
                line.line_id,
                line.sku,
                line.quantity,
                _price_minor(line, items),
                line.need_by,
                line.not_before,
                terms=None if line.terms is None else settle_terms(line.terms, line.together),
            )
            for line in content.lines
        ),
        payments=tuple(
            Payment(payment.provider, payment.reference, payment.amount.minor, payment.status)
            for payment in content.payments
        ),
        attributes=content.attributes,
        cart_hold=content.cart_hold,
        shipments_max=content.shipments_max,
        plan_id=content.plan_id,
        near=None if content.near is None else locate_point(content.near),
    )
    command = _with_totals(command, content.totals or _NO_TOTALS, priced) if priced else command
    looks = not is_inquiry and system.door.reference.holds_at(system.door.now()).looks_at_history
    return await with_history(system, command) if looks else command


async def with_history(system: System, command: CaptureOrder) -> CaptureOrder:
    """The command with what is known of its customer, for rules that look at that."""
    now = system.door.now()
    async with system.pool.acquire() as connection:
        return replace(command, history=await read_history(connection, command, now))


async def settle_agreements(system: System, content: OrderContent) -> OrderContent:
    """The content with what was agreed on with its customer: class, priority, and the prices of a blanket order."""
    attributes = with_terms_of(content.attributes, system.door.reference.customer_terms.get(content.customer.id))
    agreed = await read_agreed(system, attributes)
    if agreed is None:
        return content if attributes is content.attributes else replace(content, attributes=attributes)
    lines = tuple(replace(line, unit_price=price_agreed(agreed, line.sku, line.unit_price)) for line in content.lines)
    return replace(content, attributes=attributes, lines=lines)


def digest_content(content: OrderContent) -> str:
    """What tells the same content from other content: of all that was sent, and of nothing that was filled in.

    The hold of a cart is no part of it, so that a channel may send an order again without one.
    """
    if content.cart_hold is not None:
        content = replace(content, cart_hold=None)
    if len(content.attributes) > 1:
        content = replace(content, attributes=dict(sorted(content.attributes.items())))
    # What is only filled in when an address is located, and wishes that are not there, say nothing: no quote in a text
    # stands as it is in JSON.
    sent = encode_bytes(content).replace(_NOT_LOCATED, b"").replace(_NOT_WISHED, b"").replace(_NOT_SCHEDULED, b"")
    return blake2b(sent, digest_size=16).hexdigest()


def find_flaws(content: OrderContent, *, is_inquiry: bool = False) -> tuple[FieldFlaw, ...]:
    """What does not fit together, by field."""
    is_open = is_inquiry or bool(content.plan_id)
    flaws = (
        *_address_flaws(content, is_inquiry=is_open),
        *find_near_flaws(content.near, is_looked_for=is_open),
        *_line_flaws(content.lines),
        *find_wish_flaws(content.lines, ship_complete=content.ship_complete),
        *find_payment_flaws(((one.provider, one.reference, one.status) for one in content.payments), _methods(content)),
    )
    terms = [_priced(line) for line in content.lines]
    if not any(terms):
        return flaws
    of_terms = find_terms_flaws(
        terms,
        content.method,
        is_inquiry=is_open,
        has_address=content.ship_to is not None,
        has_pickup_node=content.pickup_node is not None,
    )
    return (*flaws, *of_terms)


def _priced(line: ContentLine) -> Terms | None:
    """A line's terms with what parting its group costs, in whatever currency."""
    if line.terms is None or line.together is None:
        return line.terms
    return replace(line.terms, together_minor=line.together.minor)


def settle_terms(terms: Terms, together: Money | None) -> Terms:
    """The terms with the destination's coordinates and the price of parting in minor units."""
    address = terms.ship_to
    return replace(
        terms,
        ship_to=None if address is None else locate(address),
        together_minor=None if together is None else together.minor,
    )


def _together_flaws(lines: Iterable[ContentLine], currency: str) -> Iterable[FieldFlaw]:
    """What parting a group costs is weighed against other costs, in their currency."""
    for position, line in enumerate(lines):
        pointer = f"/lines/{position}/ship_together_penalty"
        if line.together is not None and line.together.currency != currency:
            yield FieldFlaw(f"{pointer}/currency", f"costs are weighed in {currency}")
        if line.together is not None and line.together.minor < 0:
            yield FieldFlaw(f"{pointer}/amount", "must not be negative")


def _address_flaws(content: OrderContent, *, is_inquiry: bool) -> Iterable[FieldFlaw]:
    if content.method in HANDED_OVER:
        if content.pickup_node is None and not is_inquiry:
            yield FieldFlaw("/pickup_node", f"is required for method {content.method}")
        if _is_nowhere(content) and is_inquiry:
            detail = "is required where neither ship_to nor pickup_node says where a pickup is to be looked for"
            yield FieldFlaw("/near", detail)
    else:
        if content.ship_to is None:
            yield FieldFlaw("/ship_to", f"is required for method {content.method}")
        if content.pickup_node is not None:
            yield FieldFlaw("/pickup_node", f"has no meaning for method {content.method}")
    if content.ship_to is not None and country_code(content.ship_to.country) != content.ship_to.country:
        yield FieldFlaw("/ship_to/country", f"{content.ship_to.country} is no ISO 3166 alpha-2 code of a country")


def _is_nowhere(content: OrderContent) -> bool:
    """Whether lines are to be picked up and nothing says where about."""
    if content.near is not None or content.ship_to is not None or content.pickup_node is not None:
        return False
    ways = [(line.terms.method, line.terms.pickup_node) if line.terms else (None, None) for line in content.lines]
    return any((method or content.method) in HANDED_OVER and node is None for method, node in ways)


def _line_flaws(lines: Iterable[ContentLine]) -> Iterable[FieldFlaw]:
    seen: set[LineId] = set()
    for position, line in enumerate(lines):
        if line.line_id in seen:
            yield FieldFlaw(f"/lines/{position}/line_id", f"{line.line_id} is the id of another line already")
        seen.add(line.line_id)
        if line.unit_price is not None and line.unit_price.minor < 0:
            yield FieldFlaw(f"/lines/{position}/unit_price/amount", "must not be negative")
        if line.need_by is not None and line.not_before is not None and line.need_by < line.not_before:
            yield FieldFlaw(f"/lines/{position}/need_by", "must not be earlier than not_before")


def _currency(content: OrderContent, items: Mapping[Sku, Item]) -> str | None:
    """The currency of the first price that is named; of the payments; of the first item."""
    named = [line.unit_price.currency for line in content.lines if line.unit_price is not None]
    paid = [payment.amount.currency for payment in content.payments]
    known = [items[line.sku].currency for line in content.lines if line.sku in items]
    return next(iter((*named, *paid, *known)), None)


def _currency_flaws(content: OrderContent, items: Mapping[Sku, Item], currency: str) -> Iterable[FieldFlaw]:
    """Fields in another currency than the order's, and lines without a price whose item has none in it."""
    for position, line in enumerate(content.lines):
        if line.unit_price is not None:
            if line.unit_price.currency != currency:
                yield FieldFlaw(f"/lines/{position}/unit_price/currency", f"the order is in {currency}")
        elif line.sku in items and items[line.sku].currency != currency:
            yield FieldFlaw(f"/lines/{position}/unit_price", f"is required: {line.sku} has no price in {currency}")
    for position, payment in enumerate(content.payments):
        if payment.amount.minor < 0:
            yield FieldFlaw(f"/payments/{position}/amount/amount", "must not be negative")
        if payment.amount.currency != currency:
            yield FieldFlaw(f"/payments/{position}/amount/currency", f"the order is in {currency}")


def _priced_lines(content: OrderContent, items: Mapping[Sku, Item]) -> tuple[PricedLine, ...]:
    """What each line costs by its price; nothing where the channel states nothing but prices."""
    if content.totals is None and all([line.charges is None for line in content.lines]):  # noqa: C419
        return ()
    return tuple(price_line(line, items) for line in content.lines)


def price_line(line: ContentLine, items: Mapping[Sku, Item]) -> PricedLine:
    """What a line costs by its price, and what is stated of it."""
    known = items.get(line.sku)
    price = None
    if known is not None:
        price = half_up(_price_minor(line, items) * line.quantity, scale_of(known.decimals))
    return PricedLine(line.quantity, price, line.charges)


def _with_totals(command: CaptureOrder, totals: ContentTotals, priced: tuple[PricedLine, ...]) -> CaptureOrder:
    return replace(
        command,
        lines=with_charges(command.lines, settle_lines(totals, priced)),
        prices_include_tax=totals.prices_include_tax,
        delivery_charge=settle_delivery(totals.delivery),
    )


def _methods(content: OrderContent) -> Iterable[Method]:
    """How each line is to reach the customer."""
    return (content.method if line.terms is None else line.terms.method or content.method for line in content.lines)


def _price_minor(line: ContentLine, items: Mapping[Sku, Item]) -> int:
    """The line's price, or its item's. An item that is not there is refused by name when the command is decided."""
    if line.unit_price is not None:
        return line.unit_price.minor
    return items[line.sku].price_minor if line.sku in items else 0
