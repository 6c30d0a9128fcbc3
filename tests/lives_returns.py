"""What may come back of orders in their random lives: announced, sent, received, judged, credited, ended."""

import random
from collections.abc import Callable, Iterable

from troth.model.commands import Command
from troth.model.ids import NodeId, Sku
from troth.model.lifecycle import AllocationState, Disposition
from troth.model.order import Order
from troth.model.return_moves import (
    ArrivedUnits,
    AskedUnits,
    CancelReturn,
    CloseReturn,
    DisposeReturn,
    ExpireReturn,
    JudgedUnits,
    OpenReturn,
    ReceiveReturn,
    RefundReturn,
    SendReturn,
    place_of,
)
from troth.model.returns import Return, ReturnMethod

_ARRIVED = frozenset({AllocationState.DELIVERED, AllocationState.COLLECTED})
_NODE = NodeId("ST-NYC")
_SKUS = tuple(map(Sku, ("A", "B", "C", "K", "M")))


def return_commands(draw: random.Random, order: Order) -> list[tuple[int, Callable[[], Command]]]:
    """What may happen to the returns of an order, each with a weight; nothing where nothing has arrived."""
    arrived = [part.line_id for part in order.allocations if part.state in _ARRIVED]
    if not arrived:
        return []
    made: list[tuple[int, Callable[[], Command]]] = [(6, lambda: _draw_open(draw, order))]
    if order.returns:
        one = draw.choice(order.returns)
        made += [
            (8, lambda: _draw_receive(draw, one)),
            (2, lambda: SendReturn(one.return_id, "UPS", "1Z")),
            (2, lambda: RefundReturn(one.return_id)),
            (1, lambda: CloseReturn(one.return_id, "done")),
            (1, lambda: CancelReturn(one.return_id, "kept")),
            (1, lambda: ExpireReturn(one.return_id)),
        ]
        if one.received:
            made.append((5, lambda: _draw_dispose(draw, one)))
    return made


def units_back(orders: Iterable[Order]) -> dict[tuple[str, str], int]:
    """The units that came back and lie at a node, sold again or apart, by SKU and node."""
    back: dict[tuple[str, str], int] = {}
    for order in orders:
        for one in order.returns:
            for got in one.received:
                if place_of(got.state, got.lot) is not None:
                    back[got.sku, got.node] = back.get((got.sku, got.node), 0) + got.quantity
    return back


def _draw_open(draw: random.Random, order: Order) -> OpenReturn:
    line = draw.choice(order.lines)
    most = max(1, line.quantity - line.canceled_quantity)
    asked = (AskedUnits(line.line_id, draw.randint(1, most), draw.choice(("too_small", "damaged"))),)
    return OpenReturn(order.order_id, asked, draw.choice((ReturnMethod.IN_STORE, ReturnMethod.MAIL)), _NODE)


def _draw_receive(draw: random.Random, one: Return) -> ReceiveReturn:
    line = draw.choice(one.lines)
    grade, disposition = draw.choice((("", None), ("A", None), ("C", None), ("A", Disposition.RESTOCK)))
    got = ArrivedUnits(draw.randint(1, line.quantity + 1), line.line_id, line.sku, grade, disposition)
    return ReceiveReturn(one.return_id, _NODE, (got,), skus=_SKUS, is_more=draw.random() < 0.5)


def _draw_dispose(draw: random.Random, one: Return) -> DisposeReturn:
    got = draw.choice(one.received)
    judged = JudgedUnits(got.number, draw.randint(1, got.quantity), draw.choice(tuple(Disposition)), "B")
    return DisposeReturn(one.return_id, (judged,), one.received)
