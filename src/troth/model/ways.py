"""Where the work of an order goes, which may be elsewhere than the order."""

from troth.model.ids import FulfillmentId
from troth.model.network import Address
from troth.model.order import Order


def destination_of(order: Order, fulfillment: FulfillmentId) -> Address | None:
    """Where a fulfillment is sent: its lines' own destination, which they have in common, else the order's."""
    if any(line.terms is not None and line.terms.ship_to is not None for line in order.lines):
        held = {part.line_id for part in order.allocations if part.fulfillment_id == fulfillment}
        for line in order.lines:
            if line.line_id in held and line.terms is not None and line.terms.ship_to is not None:
                return line.terms.ship_to
    return order.ship_to
