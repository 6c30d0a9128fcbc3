"""What an order and its lines cost, as the API shows it."""

from collections.abc import Mapping

from troth.engine.money.owed import Sums, owed
from troth.http.edge.values import amount
from troth.http.orders.order_shapes import AmountsAnswer
from troth.model.ids import LineId
from troth.model.lifecycle import UNLOCKED
from troth.model.order import Order
from troth.model.returns import CreditKind
from troth.model.totals import has_charges, total_minor
from troth.model.value import dataclass


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
    sums, currency = owed(order), order.currency
    credits = [credit for one in order.returns for credit in one.credits]
    lines: dict[LineId, int] = {}
    for credit in credits:
        if credit.line_id is not None:
            lines[credit.line_id] = lines.get(credit.line_id, 0) + credit.amount_minor
    of_delivery = sum([credit.amount_minor for credit in credits if credit.kind is CreditKind.DELIVERY])
    return OrderAmounts(
        _shown(sums.whole, sum([credit.amount_minor for credit in credits]), currency),
        {line_id: _shown(of_line, lines.get(line_id, 0), currency) for line_id, of_line in sums.lines.items()},
        None if order.delivery_charge is None else _shown(sums.delivery, of_delivery, currency),
    )


def _shown(sums: Sums, credited_minor: int, currency: str) -> AmountsAnswer:
    wanted = sums.wanted
    return AmountsAnswer(
        currency,
        amount(wanted.price_minor, currency),
        amount(wanted.discount_minor, currency),
        amount(wanted.tax_minor, currency),
        amount(wanted.total_minor, currency),
        amount(sums.earned.total_minor, currency),
        amount(sums.canceled.total_minor, currency),
        amount(credited_minor, currency),
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
        lines[line.line_id] = AmountsAnswer(currency, price, nothing, nothing, price, nothing, nothing, nothing)
    if len(lines) == 1:
        return OrderAmounts(next(iter(lines.values())), lines, None)
    total = amount(total_minor(order), currency)
    return OrderAmounts(AmountsAnswer(currency, total, nothing, nothing, total, nothing, nothing, nothing), lines, None)
