"""What becomes of a line's discount and tax where its price is changed, or another item stands in for it."""

from collections.abc import Iterator
from dataclasses import replace

from troth.model.change import SetPrice, Substitute
from troth.model.charges import Charges
from troth.model.measure import half_up
from troth.model.order import Line, Order
from troth.model.refusals import FieldFlaw
from troth.model.totals import line_amounts


def priced(line: Line, action: SetPrice | Substitute) -> Line:
    """The line at a new price.

    What is given is of all units that are wanted now; what is not follows the price in proportion, so that a discount
    of ten percent and a tax of eight stay that, with the line's part of the order's discount. Without a price before
    there is no proportion, and it stays.
    """
    known = line.charges or Charges(line.quantity)
    wanted = line.quantity - line.canceled_quantity
    if action.discount_minor is not None or action.tax_minor is not None:
        # Given for the wanted units; the rest is taken to them first, so that all of it is of the same units.
        known = Charges(
            wanted,
            half_up(known.discount_minor * wanted, known.units),
            half_up(known.tax_minor * wanted, known.units),
            half_up(known.order_discount_minor * wanted, known.units),
        )
    scaled = replace(
        known,
        discount_minor=_scaled(known.discount_minor, line, action)
        if action.discount_minor is None
        else action.discount_minor,
        tax_minor=_scaled(known.tax_minor, line, action) if action.tax_minor is None else action.tax_minor,
        order_discount_minor=_scaled(known.order_discount_minor, line, action),
    )
    return replace(line, unit_price_minor=action.unit_price_minor, charges=None if scaled.is_nothing else scaled)


def find_charge_flaws(pointer: str, action: SetPrice | Substitute, order: Order) -> Iterator[FieldFlaw]:
    """What a new price leaves too little for: its discount, or a tax that it should include."""
    line = next((line for line in order.lines if line.line_id == action.line_id), None)
    if line is None or (action.discount_minor is None and action.tax_minor is None):
        return
    after = priced(line, action)
    wanted = after.quantity - after.canceled_quantity
    amounts = line_amounts(order, after, wanted)
    net = amounts.price_minor - amounts.discount_minor
    if after.charges is not None and after.charges.discount_of(wanted) > amounts.price_minor:
        yield FieldFlaw(f"{pointer}/discount/amount", "is more than the line costs")
    elif order.prices_include_tax and amounts.tax_minor > net:
        yield FieldFlaw(f"{pointer}/tax/amount", "is more than the price that includes it")


def _scaled(amount_minor: int, line: Line, action: SetPrice | Substitute) -> int:
    if line.unit_price_minor == 0:
        return amount_minor
    return half_up(amount_minor * action.unit_price_minor, line.unit_price_minor)
