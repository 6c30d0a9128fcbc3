"""What differs between an order and the order as it is asked to be, field by field, as text for the log."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from troth.model.change import FieldChange
from troth.model.measure import shown
from troth.model.money import Money
from troth.model.network import Address
from troth.model.order import Line, Order, Terms
from troth.model.totals import delivery_amounts

ADDED: Final = "line"
"""The field of a line that was not there before."""

_HEAD = ("method", "pickup_node", "service", "shipments_max")
_FLAGS = ("ship_complete",)
_FLAGS_OF_TERMS = ("line_complete",)
_OF_LINE = ("sku", "not_before", "need_by")
_CHARGES = ("discount", "tax")
_OF_TERMS = ("method", "pickup_node", "service", "only_from", "cancel_after", "need_by_firm", "ship_together")
_NO_TERMS = Terms()


def find_changes(before: Order, after: Order) -> tuple[FieldChange, ...]:
    """The fields that differ: first those of the order, then those of its lines in their order."""
    return tuple(_changes(before, after))


def _changes(before: Order, after: Order) -> Iterator[FieldChange]:
    if before.ship_to != after.ship_to:
        yield FieldChange(None, "ship_to", _address(before.ship_to), _address(after.ship_to))
    for name in _HEAD:
        was, is_now = _text(getattr(before, name)), _text(getattr(after, name))
        if was != is_now:
            yield FieldChange(None, name, was, is_now)
    if before.delivery_charge != after.delivery_charge:
        amounts = [_amount(delivery_amounts(order).total_minor, order.currency) for order in (before, after)]
        yield FieldChange(None, "delivery_charge", amounts[0], amounts[1])
    for name in _FLAGS:
        if getattr(before, name) != getattr(after, name):
            yield FieldChange(None, name, *_yes_no(getattr(before, name), getattr(after, name)))
    known = {line.line_id: line for line in before.lines}
    for line in after.lines:
        yield from _line_changes(known.get(line.line_id), line, after.currency)


def _line_changes(was: Line | None, line: Line, currency: str) -> Iterator[FieldChange]:
    quantities = (_quantity(was), _quantity(line))
    if was is None:
        yield FieldChange(line.line_id, ADDED, "", f"{quantities[1]} of {line.sku}")
        return
    if quantities[0] != quantities[1]:
        yield FieldChange(line.line_id, "quantity", quantities[0], quantities[1])
    if was.unit_price_minor != line.unit_price_minor:
        prices = [_amount(one.unit_price_minor, currency) for one in (was, line)]
        yield FieldChange(line.line_id, "unit_price", prices[0], prices[1])
    for name in _OF_LINE:
        if getattr(was, name) != getattr(line, name):
            yield FieldChange(line.line_id, name, _text(getattr(was, name)), _text(getattr(line, name)))
    if was.charges != line.charges:
        for name, old, new in zip(_CHARGES, _charges(was), _charges(line), strict=True):
            if old != new:
                yield FieldChange(line.line_id, name, _amount(old, currency), _amount(new, currency))
    terms, before = line.terms or _NO_TERMS, was.terms or _NO_TERMS
    if before.ship_to != terms.ship_to:
        yield FieldChange(line.line_id, "ship_to", _address(before.ship_to), _address(terms.ship_to))
    for name in _OF_TERMS:
        if getattr(before, name) != getattr(terms, name):
            yield FieldChange(line.line_id, name, _text(getattr(before, name)), _text(getattr(terms, name)))
    for name in _FLAGS_OF_TERMS:
        if getattr(before, name) != getattr(terms, name):
            yield FieldChange(line.line_id, name, *_yes_no(getattr(before, name), getattr(terms, name)))


def _yes_no(before: bool, after: bool) -> tuple[str, str]:
    return ("yes" if before else "no"), ("yes" if after else "no")


def _quantity(line: Line | None) -> str:
    """What is wanted of a line.

    >>> from troth.model.ids import LineId, Sku
    >>> _quantity(Line(LineId("1"), Sku("A"), 5, canceled_quantity=2))
    '3'
    """
    return "" if line is None else str(shown(line.quantity - line.canceled_quantity, line.decimals))


def _charges(line: Line) -> tuple[int, int]:
    """Discount and tax of what is wanted of a line (minor units)."""
    if line.charges is None:
        return 0, 0
    wanted = line.quantity - line.canceled_quantity
    return line.charges.discount_of(wanted), line.charges.tax_of(wanted)


def _amount(minor: int, currency: str) -> str:
    """An amount as people read it.

    >>> _amount(25_900, "USD")
    '259.00 USD'
    """
    return f"{Money(minor, currency).amount} {currency}"


def _text(value: object) -> str:
    """A value as text; a time as RFC 3339 has it.

    >>> _text(None), _text(5), _text(datetime(2026, 12, 10, tzinfo=UTC))
    ('', '5', '2026-12-10T00:00:00Z')
    """
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return "" if value is None else str(value)


def _address(address: Address | None) -> str:
    """An address in one line.

    >>> _address(Address("US", name="Ada Park", line1="1 Main St", city="Reno", region="NV", postcode="89501"))
    'Ada Park, 1 Main St, Reno, NV 89501, US'
    """
    if address is None:
        return ""
    place = " ".join(filter(None, (address.region, address.postcode)))
    parts = (address.name, address.line1, address.line2, address.city, place, address.country)
    return ", ".join(part for part in parts if part)
