"""A return as the answer of its order names it: where it stands and what it credits; the rest is in its own answer."""

from collections.abc import Mapping

import msgspec

from troth.http.edge.measures import Units, of_line
from troth.http.edge.values import Instant, MoneyAnswer, money
from troth.model.lifecycle import ReceptionState
from troth.model.order import Order
from troth.model.returns import Return, ReturnKind, ReturnMethod


class ReturnedUnits(msgspec.Struct, frozen=True):
    """Units of a line that are to come back with a return."""

    line_id: str
    sku: str
    quantity: Units


class OrderReturn(msgspec.Struct, frozen=True):
    """A return of the order. `credited` is all that was credited, and `due` what of it goes back to the customer (below
    zero: what a replacement was paid with beyond that); `replaced_by` is the order that is sent instead.
    """

    return_id: str
    kind: ReturnKind
    method: ReturnMethod
    state: ReceptionState
    node: str | None
    lines: tuple[ReturnedUnits, ...]
    credited: MoneyAnswer
    due: MoneyAnswer
    refund_held: bool
    replaced_by: str | None
    opened_at: Instant
    closed_at: Instant | None


def answer_order_return(order: Order, one: Return, decimals: Mapping[str, int]) -> OrderReturn:
    """A return of an order, of lines with so many decimals, as the order's answer names it."""
    return OrderReturn(
        one.return_id,
        one.kind,
        one.method,
        one.state,
        one.node,
        tuple(
            ReturnedUnits(line.line_id, line.sku, of_line(line.quantity, line.line_id, decimals)) for line in one.lines
        ),
        money(one.credited_minor, order.currency),
        money(one.due_minor, order.currency),
        one.is_refund_held,
        None if one.exchange is None else one.exchange.order_id,
        one.opened_at,
        one.closed_at,
    )
