"""What an order comes to."""

from collections.abc import Iterable

from troth.model.charges import NOTHING, Amounts, charged
from troth.model.ids import LineId, Sku
from troth.model.measure import half_up, scale_of
from troth.model.order import Allocation, Line, Order
from troth.model.status import live_allocations


def total_minor(order: Order) -> int:
    """What the customer pays for what is not canceled (minor units), substitutes at their own prices.

    Of what is sold by measure each line is rounded once.
    """
    if not has_charges(order) and all([line.terms is None for line in order.lines]):  # noqa: C419 - quicker, for most
        return sum([line.unit_price_minor * (line.quantity - line.canceled_quantity) for line in order.lines])
    lines = {
        line.line_id: line_amounts(order, line, line.quantity - line.canceled_quantity).total_minor
        for line in order.lines
    }
    for line_id, more in substituted_minor(order, live_allocations(order)).items():
        lines[line_id] = max(0, lines[line_id] + more)
    return sum(lines.values()) + (0 if is_given_up(order) else delivery_amounts(order).total_minor)


def substituted_minor(order: Order, parts: Iterable[Allocation]) -> dict[LineId, int]:
    """What the substitutes among some parts cost more (minor units), by line; nothing of lines that may have none."""
    deltas = {
        (line.line_id, sku): (delta, scale_of(line.decimals))
        for line in order.lines
        if line.terms is not None
        for sku, delta in line.terms.substituted
    }
    found: dict[LineId, int] = {}
    if deltas:
        units: dict[tuple[LineId, Sku], int] = {}
        for part in parts:
            if (part.line_id, part.sku) in deltas:
                units[part.line_id, part.sku] = units.get((part.line_id, part.sku), 0) + part.quantity
        for place, count in units.items():
            delta, scale = deltas[place]
            found[place[0]] = found.get(place[0], 0) + half_up(delta * count, scale)
    return found


def has_charges(order: Order) -> bool:
    """Whether an order has anything to pay, or taken off, beside the prices of its lines."""
    return order.delivery_charge is not None or any([line.charges is not None for line in order.lines])  # noqa: C419


def is_given_up(order: Order) -> bool:
    """Whether nothing of an order is wanted any more."""
    return all(line.canceled_quantity >= line.quantity for line in order.lines)


def line_amounts(order: Order, line: Line, first: int) -> Amounts:
    """What the first so many units of a line cost, at its own price."""
    return amounts_of(line, first, includes_tax=order.prices_include_tax)


def amounts_of(line: Line, first: int, *, includes_tax: bool) -> Amounts:
    """The same of a line by itself, where it is known whether its order's prices include the tax."""
    price = half_up(line.unit_price_minor * first, scale_of(line.decimals))
    charges = line.charges
    if charges is None:
        return Amounts(price, 0, 0, price)
    # Of what is sold by measure a price may be rounded down where its discount is rounded up.
    discount = min(charges.discount_of(first), price)
    return charged(price, discount, charges.tax_of(first), includes_tax=includes_tax)


def delivery_amounts(order: Order) -> Amounts:
    """What the delivery of an order costs, be it owed or not."""
    charge = order.delivery_charge
    if charge is None:
        return NOTHING
    return charged(charge.amount_minor, charge.discount_minor, charge.tax_minor, includes_tax=order.prices_include_tax)
