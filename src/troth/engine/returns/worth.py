"""What units of an order were paid with, cut by cumulative rounding, so that any sequence of parts sums to the cent."""

from collections.abc import Mapping
from itertools import accumulate

from troth.engine.money.owed import cost_of_units
from troth.engine.returns.returnable import Place, delivered_units, whole_count
from troth.model.ids import LineId, Sku
from troth.model.item import Item
from troth.model.kits import kits_of
from troth.model.measure import half_up, scale_of
from troth.model.order import Line, Order
from troth.model.returns import CreditKind
from troth.model.totals import line_amounts


def share(total_minor: int, *, first: int, count: int, of: int) -> int:
    """What `count` units after the `first` ones have of what all of them cost.

    >>> [share(1000, first=first, count=1, of=3) for first in range(3)]
    [333, 334, 333]
    """
    return half_up(total_minor * (first + count), of) - half_up(total_minor * first, of)


def line_total_minor(order: Order, line: Line) -> int:
    """What all units of a line were to cost, with discount and tax."""
    return line_amounts(order, line, line.quantity).total_minor


def worth_of(order: Order, place: Place, *, first: int, count: int, items: Mapping[Sku, Item]) -> int:
    """What `count` units of a line's SKU were paid with, where `first` ones have been counted already.

    A component of a kit has the part of the kit's price that its list price has of all; the parts sum to the whole.
    """
    line_id, sku = place
    line = next(line for line in order.lines if line.line_id == line_id)
    kit = kits_of(order).get(line_id, ())
    if not kit:
        return cost_of_units(order, line, after=first, count=count).total_minor
    each = dict(kit)[sku]
    total = _component_total(line_total_minor(order, line), kit, sku, items)
    return share(total, first=first, count=count, of=line.quantity * each)


def substitute_delta_minor(order: Order, place: Place, *, first: int, count: int) -> int:
    """What units of a substitute cost the customer more than the line's own."""
    line = next(line for line in order.lines if line.line_id == place[0])
    delta = dict(line.terms.substituted).get(place[1], 0) if line.terms is not None else 0
    scale = scale_of(line.decimals)
    return half_up(delta * (first + count), scale) - half_up(delta * first, scale)


def credited_so_far(order: Order) -> dict[LineId, int]:
    """What returns have credited of each line before any fee, and for goods that were kept (minor units)."""
    credited: dict[LineId, int] = {}
    for one in order.returns:
        for credit in one.credits:
            if credit.line_id is not None and credit.kind in (CreditKind.UNITS, CreditKind.KEPT):
                amount = credit.amount_minor + credit.fee_minor
                credited[credit.line_id] = credited.get(credit.line_id, 0) + amount
    return credited


def paid_for(order: Order, line_id: LineId, items: Mapping[Sku, Item]) -> int:
    """What the units of a line cost that have left for the customer: no more can be credited of it."""
    units = {place: count for place, count in delivered_units(order, with_shipped=True).items() if place[0] == line_id}
    line = next(line for line in order.lines if line.line_id == line_id)
    if line_id in kits_of(order):
        # The components' parts are rounded each for itself: together they may come to a cent more than whole kits cost.
        parts = sum(worth_of(order, place, first=0, count=count, items=items) for place, count in units.items())
        return min(parts, cost_of_units(order, line, after=0, count=whole_count(order, line_id, units)).total_minor)
    total = cost_of_units(order, line, after=0, count=sum(units.values())).total_minor
    return total + sum(substitute_delta_minor(order, place, first=0, count=count) for place, count in units.items())


def _component_total(total_minor: int, kit: tuple[tuple[Sku, int], ...], sku: Sku, items: Mapping[Sku, Item]) -> int:
    """What one component's units have of what all kits of a line cost."""
    weights = [max(0, items[one].price_minor if one in items else 0) * each for one, each in kit]
    if not any(weights):
        weights = [each for _one, each in kit]
    ends = [half_up(total_minor * end, sum(weights)) for end in accumulate(weights)]
    at = [one for one, _each in kit].index(sku)
    return ends[at] - (ends[at - 1] if at else 0)
