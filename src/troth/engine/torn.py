"""What of an order is to leave in one shipment, or in so many, and does not."""

from typing import Final

from troth.model.ids import LineId
from troth.model.order import Order
from troth.model.status import live_allocations, uncovered_quantities

SHIPMENTS: Final = "shipments"


def firm_groups(order: Order) -> dict[LineId, str]:
    """The groups by line that leave in one shipment whatever it costs."""
    named = {line.line_id: line.terms for line in order.lines if line.terms is not None and line.terms.ship_together}
    parted = {terms.ship_together for terms in named.values() if terms.together_minor is not None}
    return {line_id: terms.ship_together for line_id, terms in named.items() if terms.ship_together not in parted}


def find_torn(order: Order) -> frozenset[tuple[str, str]]:
    """The groups, the lines and the order itself whose parts are in more shipments than they may be, or lie partly
    nowhere while the rest has a shipment.
    """
    missing = uncovered_quantities(order)
    works: dict[str, set[str]] = {}
    for part in live_allocations(order):
        works.setdefault(part.line_id, set()).add(part.fulfillment_id)
    for line_id in missing:
        works.setdefault(line_id, set()).add("")
    together: dict[tuple[str, str], set[str]] = {}
    for line in order.lines:
        if line.terms is not None and line.terms.line_complete and line.line_id in works:
            together[("line", line.line_id)] = works[line.line_id]
    for line_id, group in firm_groups(order).items():
        together.setdefault(("group", group), set()).update(works.get(line_id, ()))
    torn = {what for what, shipments in together.items() if len(shipments) > 1}
    shipments = set().union(*works.values()) if works else set()
    if order.shipments_max is not None and len(shipments - {""}) > order.shipments_max:
        torn.add((SHIPMENTS, ""))
    if order.ship_complete and missing and shipments - {""}:
        torn.add(("order", ""))
    return frozenset(torn)
