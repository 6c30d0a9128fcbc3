"""What an order comes to."""

from troth.model.order import Order
from troth.model.status import live_allocations


def total_minor(order: Order) -> int:
    """What the customer pays for what is not canceled (minor units), substitutes at their own prices."""
    total = sum([line.unit_price_minor * (line.quantity - line.canceled_quantity) for line in order.lines])
    deltas = {
        (line.line_id, sku): delta
        for line in order.lines
        if line.terms is not None
        for sku, delta in line.terms.substituted
    }
    if deltas:
        total += sum(deltas.get((part.line_id, part.sku), 0) * part.quantity for part in live_allocations(order))
    return total
