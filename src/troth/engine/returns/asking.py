"""What rules of a return are asked about: one line of it, with what is known of the return and of the customer."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from troth.engine.asked import demand_for
from troth.engine.promising.context import Facts
from troth.engine.rules.ground import Ground
from troth.engine.rules.values import NO_NUMBER, NO_TEXT, UNKNOWN, Value
from troth.model.ids import LineId, NodeId, Sku
from troth.model.item import Item
from troth.model.measure import scale_of
from troth.model.money import currency_decimals
from troth.model.order import Method, Order
from troth.model.plan import Demand, DemandLine
from troth.model.return_moves import ReturnHistory
from troth.model.returns import ReturnKind, ReturnMethod
from troth.model.value import dataclass

_DAY_SECONDS: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of a return as rules see it. `history` None: nothing is known of the customer."""

    kind: ReturnKind
    method: ReturnMethod
    line_id: LineId
    sku: Sku
    quantity: int
    reason: str
    value_minor: int = 0
    node: NodeId | None = None
    grade: str = ""
    is_without_receipt: bool = False
    has_serial_mismatch: bool = False
    history: ReturnHistory | None = None


def ground_of(order: Order, asked: Asked, facts: Facts) -> Ground:
    """The fields of one line of a return; amounts of the order's currency are missing where costs are in another."""
    return Ground(
        return_demand(order, ((asked.line_id, asked.sku, asked.quantity),), facts),
        {},
        facts.network,
        currency=facts.policy.currency,
        now=facts.now,
        known=_known(order, asked, facts),
    )


def return_demand(order: Order, lines: tuple[tuple[LineId, Sku, int], ...], facts: Facts) -> Demand:
    """The units of a return as the engine sees them, as if the order had asked to be sent them."""
    return demand_for(_as_shipped(order), [_demand_line(order, *line, facts) for line in lines])


def delivered_at(order: Order, line_id: LineId) -> datetime | None:
    """When the last units of a line came to the customer; None: none did."""
    works = {part.fulfillment_id for part in order.allocations if part.line_id == line_id}
    times = [work.delivered_at for work in order.fulfillments if work.fulfillment_id in works]
    return max((at for at in times if at is not None), default=None)


def days_since_delivery(order: Order, line_id: LineId, now: datetime) -> float | None:
    """Days since the last units of a line came to the customer."""
    at = delivered_at(order, line_id)
    return None if at is None else (now - at).total_seconds() / _DAY_SECONDS


def _as_shipped(order: Order) -> Order:
    return replace(order, method=Method.SHIP, pickup_node=None, service="")


def _demand_line(order: Order, line_id: LineId, sku: Sku, quantity: int, facts: Facts) -> DemandLine:
    line = next(line for line in order.lines if line.line_id == line_id)
    item = facts.items.get(sku) or Item(sku, currency=order.currency)
    length, width, height = item.dimensions_mm
    return DemandLine(
        line_id,
        sku,
        quantity,
        item.weight_grams,
        length * width * height // 1000,
        item=item,
        unit_price_minor=line.unit_price_minor,
        scale=scale_of(line.decimals),
    )


def _known(order: Order, asked: Asked, facts: Facts) -> dict[str, Value]:
    node = None if asked.node is None else facts.network.index.get(asked.node)
    days = days_since_delivery(order, asked.line_id, facts.now)
    history = asked.history or ReturnHistory()
    line = next(line for line in order.lines if line.line_id == asked.line_id)
    is_foreign = order.currency != facts.policy.currency
    return {
        "rma.kind": Value(asked.kind.value),
        "rma.method": Value(asked.method.value),
        "rma.reason": Value(asked.reason),
        "rma.grade": _text(asked.grade),
        "rma.node": _text(asked.node or ""),
        "rma.node_type": NO_TEXT if node is None else Value(facts.network.nodes[node].type.value),
        "rma.units": Value(asked.quantity / scale_of(line.decimals)),
        "rma.value": NO_NUMBER if is_foreign else Value(_amount(asked.value_minor, order.currency)),
        "rma.days": NO_NUMBER if days is None else Value(days),
        "rma.without_receipt": Value(asked.is_without_receipt),
        "rma.serial_mismatch": Value(asked.has_serial_mismatch),
        "customer.returns": Value(history.returns) if asked.history else UNKNOWN,
        "customer.returned_units": Value(history.units_returned) if asked.history else UNKNOWN,
        "customer.returned_percent": (
            Value(100.0 * history.units_returned / history.units_ordered) if history.units_ordered else NO_NUMBER
        ),
        "customer.returned_value": (
            Value(_amount(history.value_minor, order.currency)) if asked.history and not is_foreign else NO_NUMBER
        ),
        "customer.returns_without_receipt": Value(history.without_receipt) if asked.history else UNKNOWN,
    }


def _text(text: str) -> Value:
    return Value(text) if text else NO_TEXT


def _amount(minor: int, currency: str) -> float:
    return float(minor / 10 ** currency_decimals(currency))
