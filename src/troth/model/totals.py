"""What an order comes to."""

from troth.model.ids import LineId, Sku
from troth.model.measure import half_up, scale_of
from troth.model.order import Order
from troth.model.status import live_allocations


def total_minor(order: Order) -> int:
    """What the customer pays for what is not canceled (minor units), substitutes at their own prices.

    Of what is sold by measure each line is rounded once.
    """
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
