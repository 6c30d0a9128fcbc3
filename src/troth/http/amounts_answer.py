"""What an order and its lines cost, as the API shows it."""

from collections.abc import Mapping
from dataclasses import dataclass

from troth.engine.owed import Sums, owed
from troth.http.order_shapes import AmountsAnswer
from troth.http.values import amount
from troth.model.ids import LineId
from troth.model.lifecycle import UNLOCKED
from troth.model.order import Order
from troth.model.totals import has_charges, total_minor


@dataclass(frozen=True, slots=True)
class OrderAmounts:
    """What an order costs, in all, by line, and for the delivery where that is charged."""

    whole: AmountsAnswer
    lines: Mapping[LineId, AmountsAnswer]
    delivery: AmountsAnswer | None


def answer_amounts(order: Order) -> OrderAmounts:
    """The amounts as decimal text."""
    if _is_as_captured(order):
        return _of_prices(order)
    sums = owed(order)
    return OrderAmounts(
        _shown(sums.whole, order.currency),
        {line_id: _shown(of_line, order.currency) for line_id, of_line in sums.lines.items()},
        None if order.delivery_charge is None else _shown(sums.delivery, order.currency),
    )


def _shown(sums: Sums, currency: str) -> AmountsAnswer:
    wanted = sums.wanted
    return AmountsAnswer(
        currency,
        amount(wanted.price_minor, currency),
        amount(wanted.discount_minor, currency),
        amount(wanted.tax_minor, currency),
        amount(wanted.total_minor, currency),
        amount(sums.earned.total_minor, currency),
        amount(sums.canceled.total_minor, currency),
    )


def _is_as_captured(order: Order) -> bool:
    """Whether an order has nothing but prices, of pieces of which none was canceled or has left: as most have that are
    answered, thousands a second.
    """
    return not has_charges(order) and all(
        [line.terms is None and not line.canceled_quantity for line in order.lines]
        + [part.state in UNLOCKED for part in order.allocations]
    )


def _of_prices(order: Order) -> OrderAmounts:
    currency = order.currency
    nothing = amount(0, currency)
    lines = {}
    for line in order.lines:
        price = amount(line.unit_price_minor * line.quantity, currency)
        lines[line.line_id] = AmountsAnswer(currency, price, nothing, nothing, price, nothing, nothing)
    if len(lines) == 1:
        return OrderAmounts(next(iter(lines.values())), lines, None)
    total = amount(total_minor(order), currency)
    return OrderAmounts(AmountsAnswer(currency, total, nothing, nothing, total, nothing, nothing), lines, None)
