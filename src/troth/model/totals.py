"""What an order comes to."""

from troth.model.charges import NOTHING, Amounts, charged
from troth.model.ids import LineId, Sku
from troth.model.measure import half_up, scale_of
from troth.model.order import Line, Order
from troth.model.status import live_allocations


def total_minor(order: Order) -> int:
    """What the customer pays for what is not canceled (minor units), substitutes at their own prices.

    Of what is sold by measure each line is rounded once.
    """
    if has_charges(order):
        lines = [line_amounts(order, line, line.quantity - line.canceled_quantity).total_minor for line in order.lines]
        total = sum(lines) + (0 if is_given_up(order) else delivery_amounts(order).total_minor)
    else:
        total = sum(
            [
                half_up(line.unit_price_minor * (line.quantity - line.canceled_quantity), scale_of(line.decimals))
                for line in order.lines
            ]
        )
    deltas = {
        (line.line_id, sku): (delta, scale_of(line.decimals))
        for line in order.lines
        if line.terms is not None
        for sku, delta in line.terms.substituted
    }
    if deltas:
        units: dict[tuple[LineId, Sku], int] = {}
        for part in live_allocations(order):
            if (part.line_id, part.sku) in deltas:
                units[part.line_id, part.sku] = units.get((part.line_id, part.sku), 0) + part.quantity
        total += sum(half_up(deltas[place][0] * count, deltas[place][1]) for place, count in units.items())
    return total


def has_charges(order: Order) -> bool:
    """Whether an order has anything to pay, or taken off, beside the prices of its lines."""
    return order.delivery_charge is not None or any([line.charges is not None for line in order.lines])  # noqa: C419


def is_given_up(order: Order) -> bool:
    """Whether nothing of an order is wanted any more."""
    return all(line.canceled_quantity >= line.quantity for line in order.lines)


def line_amounts(order: Order, line: Line, first: int) -> Amounts:
    """What the first so many units of a line cost, at its own price."""
    price = half_up(line.unit_price_minor * first, scale_of(line.decimals))
    charges = line.charges
    if charges is None:
        return Amounts(price, 0, 0, price)
    discount, tax = charges.discount_of(first), charges.tax_of(first)
    return charged(price, discount, tax, includes_tax=order.prices_include_tax)


def delivery_amounts(order: Order) -> Amounts:
    """What the delivery of an order costs, be it owed or not."""
    charge = order.delivery_charge
    if charge is None:
        return NOTHING
    return charged(charge.amount_minor, charge.discount_minor, charge.tax_minor, includes_tax=order.prices_include_tax)
