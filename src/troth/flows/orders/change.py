"""Changing an order: what a client asks for becomes one command, which is previewed and applied by one decision."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from troth.engine.demand.line_terms import named_skus
from troth.engine.lifecycle import decide
from troth.engine.promising.context import Decision
from troth.flows.door.aside import aside
from troth.flows.door.at_rest import look_at_rest
from troth.flows.door.system import System
from troth.flows.orders.agreed import price_agreed, read_agreed
from troth.flows.orders.capture import HANDED_OVER, ContentLine, price_line, settle_terms
from troth.flows.orders.charges import ContentDelivery, ContentTotals, find_charge_flaws, settle_delivery, settle_lines
from troth.flows.orders.line_flaws import find_terms_flaws, find_together_prices
from troth.flows.places.places import country_code, locate
from troth.model.blanket import BlanketOrder
from troth.model.change import (
    AddLine,
    ChangeAction,
    LeaveInParts,
    RemoveLine,
    SetAddress,
    SetDates,
    SetDeliveryCharge,
    SetMethod,
    SetNode,
    SetPrice,
    SetQuantity,
    SetSchedule,
    Substitute,
    named_lines,
)
from troth.model.commands import ChangeOrder
from troth.model.ids import LineId, NodeId, Sku
from troth.model.item import Item
from troth.model.money import Money
from troth.model.order import Line, Order, Terms
from troth.model.permissions import By
from troth.model.refusals import FieldFlaw, Invalid, Refusal
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class AddedLine:
    """A line that is to be added, as a client sends it."""

    line: ContentLine


@dataclass(frozen=True, slots=True)
class Price:
    """What a unit of a line is to cost, and what its wanted units have for discount and tax; None: as the price."""

    line_id: LineId
    unit_price: Money
    discount: Money | None = None
    tax: Money | None = None


@dataclass(frozen=True, slots=True)
class OtherItem:
    """The item that stands in for that of a line; without a price it has its own."""

    line_id: LineId
    sku: Sku
    unit_price: Money | None = None
    discount: Money | None = None
    tax: Money | None = None


@dataclass(frozen=True, slots=True)
class Dates:
    """When a line is wanted; what is left out (not in `given`) stays as it is."""

    line_id: LineId
    given: frozenset[str]
    not_before: datetime | None = None
    need_by: datetime | None = None
    cancel_after: datetime | None = None
    need_by_firm: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the customer is to pay for the delivery; None: nothing."""

    charge: ContentDelivery | None


ContentAction = (
    AddedLine
    | Price
    | OtherItem
    | Dates
    | RemoveLine
    | SetQuantity
    | SetAddress
    | SetMethod
    | SetNode
    | Delivery
    | LeaveInParts
    | SetSchedule
)
"""An action as a client sends it, each field valid by itself."""


@dataclass(frozen=True, slots=True)
class ChangeContent:
    """A change as a client sends it."""

    actions: tuple[ContentAction, ...]
    reason: str = ""
    version: int | None = None
    by: By = By.OPERATOR


async def prepare_change(system: System, order: Order, content: ChangeContent) -> ChangeOrder | Invalid:
    """The command that changes an order, or everything about its content that does not fit together."""
    reference = system.door.reference
    await reference.need_items({sku for action in content.actions for sku in _priced_by_item(action)})
    if any(_names_node(action, reference.network.index) for action in content.actions):
        await system.door.follow()  # another process may have just set it
    flaws = [
        flaw for at, action in enumerate(content.actions) for flaw in _flaws(f"/actions/{at}", action, order, system)
    ]
    if flaws:
        return Invalid(tuple(flaws))
    known = {line.line_id: line for line in order.lines}
    agreed = await read_agreed(system, order.attributes)
    actions = tuple(_settled(_with_agreed(action, agreed), known, reference.items) for action in content.actions)
    return ChangeOrder(order.order_id, actions, content.reason, content.version, content.by)


async def preview_change(system: System, order: Order, command: ChangeOrder, *, actor: str) -> Decision | Refusal:
    """What the change would cause if it were made now: the decision that applying it makes, and nothing is written."""
    reference = system.door.reference
    skus = await reference.need_lines([*order.lines, *named_lines(command.actions)])
    skus |= {*named_skus(order.lines), *(part.sku for part in order.allocations)}
    await reference.need_items(skus)
    state, facts = await look_at_rest(system, order, skus, actor)
    return await aside(lambda: decide(command, state, facts), "change", lines=len(order.lines))


def _priced_by_item(action: ContentAction) -> Iterator[Sku]:
    if isinstance(action, AddedLine) and action.line.unit_price is None:
        yield action.line.sku
    elif isinstance(action, OtherItem) and action.unit_price is None:
        yield action.sku


def _names_node(action: ContentAction, known: Mapping[NodeId, int]) -> bool:
    """Whether an action names a node that is not known yet."""
    named = {getattr(action, "node", None), getattr(action, "pickup_node", None)} - {None}
    return any(name not in known for name in named)


def _flaws(pointer: str, action: ContentAction, order: Order, system: System) -> Iterable[FieldFlaw]:
    items = system.door.reference.items
    match action:
        case AddedLine():
            yield from _added_flaws(f"{pointer}/line", action.line, order, system)
        case Price() | OtherItem():
            for name in ("unit_price", "discount", "tax"):
                given = getattr(action, name)
                if given is not None:
                    yield from _money_flaws(f"{pointer}/{name}", given, order.currency)
            if isinstance(action, OtherItem) and action.unit_price is None:
                yield from _unpriced_flaws(f"{pointer}/unit_price", action.sku, items, order.currency)
        case Delivery():
            totals = ContentTotals(order.prices_include_tax, delivery=action.charge)
            for flaw in find_charge_flaws(totals, (), order.currency):
                yield FieldFlaw(f"{pointer}{flaw.pointer}", flaw.detail)
        case SetAddress():
            country = action.ship_to.country
            if country_code(country) != country:
                yield FieldFlaw(f"{pointer}/ship_to/country", f"{country} is no ISO 3166 alpha-2 code of a country")
        case SetMethod():
            yield from _method_flaws(pointer, action)
        case _:
            pass


def _added_flaws(pointer: str, line: ContentLine, order: Order, system: System) -> Iterable[FieldFlaw]:
    if line.unit_price is None:
        yield from _unpriced_flaws(f"{pointer}/unit_price", line.sku, system.door.reference.items, order.currency)
    else:
        yield from _money_flaws(f"{pointer}/unit_price", line.unit_price, order.currency)
    if line.charges is not None:
        totals = ContentTotals(order.prices_include_tax)
        for flaw in find_charge_flaws(totals, (price_line(line, system.door.reference.items),), order.currency):
            yield FieldFlaw(flaw.pointer.replace("/lines/0", pointer, 1), flaw.detail)
    cost_currency = system.door.reference.policy.currency
    if line.together is not None and line.together.currency != cost_currency:
        yield FieldFlaw(f"{pointer}/ship_together_penalty/currency", f"costs are weighed in {cost_currency}")
    price = find_together_prices(one.terms for one in order.lines if one.quantity > one.canceled_quantity)
    named = None if line.terms is None else price.get(line.terms.ship_together)
    if line.together is not None and named is not None and line.together.minor != named:
        yield FieldFlaw(f"{pointer}/ship_together_penalty", "differs from that of the order's other lines of the group")
    for flaw in find_terms_flaws(
        [line.terms],
        order.method,
        is_inquiry=True,  # where it is picked up may be said by another action
        has_address=True,
        has_pickup_node=order.pickup_node is not None,
    ):
        yield FieldFlaw(flaw.pointer.replace("/lines/0", pointer, 1), flaw.detail)


def _money_flaws(pointer: str, given: Money, currency: str) -> Iterable[FieldFlaw]:
    if given.minor < 0:
        yield FieldFlaw(f"{pointer}/amount", "must not be negative")
    if given.currency != currency:
        yield FieldFlaw(f"{pointer}/currency", f"the order is in {currency}")


def _unpriced_flaws(pointer: str, sku: Sku, items: Mapping[Sku, Item], currency: str) -> Iterable[FieldFlaw]:
    if sku in items and items[sku].currency != currency:
        yield FieldFlaw(pointer, f"is required: {sku} has no price in {currency}")


def _method_flaws(pointer: str, action: SetMethod) -> Iterable[FieldFlaw]:
    if action.method in HANDED_OVER:
        if action.pickup_node is None:
            yield FieldFlaw(f"{pointer}/pickup_node", f"is required for method {action.method}")
        if action.service:
            yield FieldFlaw(f"{pointer}/service", f"has no meaning for method {action.method}")
    elif action.pickup_node is not None:
        yield FieldFlaw(f"{pointer}/pickup_node", f"has no meaning for method {action.method}")


def _with_agreed(action: ContentAction, agreed: BlanketOrder | None) -> ContentAction:
    """The action with the price that was agreed on, where it is of a line of a call-off without one."""
    if agreed is None or not isinstance(action, AddedLine):
        return action
    line = action.line
    return replace(action, line=replace(line, unit_price=price_agreed(agreed, line.sku, line.unit_price)))


def _settled(action: ContentAction, lines: Mapping[LineId, Line], items: Mapping[Sku, Item]) -> ChangeAction:
    """The action with everything filled in that the client left out."""
    match action:
        case AddedLine():
            return AddLine(_line(action.line, items))
        case Delivery():
            return SetDeliveryCharge(settle_delivery(action.charge))
        case Price():
            return SetPrice(action.line_id, action.unit_price.minor, _given(action.discount), _given(action.tax))
        case OtherItem():
            price = _minor(action.unit_price, action.sku, items)
            return Substitute(action.line_id, action.sku, price, _given(action.discount), _given(action.tax))
        case Dates():
            return _dates(action, lines.get(action.line_id))
        case SetAddress():
            return replace(action, ship_to=locate(action.ship_to))
        case _:
            return action


def _dates(action: Dates, known: Line | None) -> SetDates:
    """The dates of a line with those that it has where none are given; what is no longer needed by then is not firm."""
    kept = SetDates(action.line_id, None, None)
    if known is not None:
        terms = known.terms or Terms()
        kept = SetDates(action.line_id, known.not_before, known.need_by, terms.cancel_after, terms.need_by_firm)
    given = {name: getattr(action, name) for name in action.given}
    if given.get("need_by", kept.need_by) is None and "need_by_firm" not in given:
        given["need_by_firm"] = False
    return replace(kept, **given)


def _line(line: ContentLine, items: Mapping[Sku, Item]) -> Line:
    return Line(
        line.line_id,
        line.sku,
        line.quantity,
        _minor(line.unit_price, line.sku, items),
        line.need_by,
        line.not_before,
        terms=None if line.terms is None else settle_terms(line.terms, line.together),
        charges=None if line.charges is None else settle_lines(ContentTotals(), (price_line(line, items),))[0],
    )


def _given(money: Money | None) -> int | None:
    return None if money is None else money.minor


def _minor(given: Money | None, sku: Sku, items: Mapping[Sku, Item]) -> int:
    if given is not None:
        return given.minor
    return items[sku].price_minor if sku in items else 0
