"""What may come back of orders in their random lives: announced, sent, received, judged, credited, ended."""

import random
from collections.abc import Callable, Iterable
from dataclasses import replace

from tests.builders import capture
from troth.model.commands import Command
from troth.model.ids import LineId, NodeId, Sku
from troth.model.lifecycle import AllocationState, Disposition
from troth.model.order import Line, Order
from troth.model.permissions import By
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
    UseExchange,
    place_of,
)
from troth.model.returns import Return, ReturnKind, ReturnMethod

_ARRIVED = frozenset({AllocationState.DELIVERED, AllocationState.COLLECTED})
_NODE = NodeId("ST-NYC")
_SKUS = tuple(map(Sku, ("A", "B", "C", "K", "M")))


def return_commands(
    draw: random.Random, order: Order, *, may_exchange: bool = True
) -> list[tuple[int, Callable[[], Command]]]:
    """What may happen to the returns of an order, each with a weight; nothing where nothing has arrived."""
    arrived = [part.line_id for part in order.allocations if part.state in _ARRIVED]
    if not arrived:
        return []
    made: list[tuple[int, Callable[[], Command]]] = [(6, lambda: _draw_open(draw, order))]
    if may_exchange:
        made.append((4, lambda: _draw_exchange(draw, order)))
    made.append((3, lambda: _draw_claim(draw, order)))
    if order.returns:
        one = draw.choice(order.returns)
        replacements = tuple(exchange.order_id for exchange in (one.exchange,) if exchange is not None)
        made += [
            (8, lambda: replace(_draw_receive(draw, one), replacements=replacements)),
            (2, lambda: SendReturn(one.return_id, "UPS", "1Z")),
            (12 if one.is_refund_held else 2, lambda: RefundReturn(one.return_id, replacements=replacements)),
            (1, lambda: CloseReturn(one.return_id, "done", replacements)),
            (1, lambda: CancelReturn(one.return_id, "kept", replacements)),
            (1, lambda: ExpireReturn(one.return_id, replacements)),
        ]
        if one.exchange is not None:
            name, applied = one.exchange.order_id, one.exchange.applied_minor
            made.append((9, lambda: UseExchange(one.return_id, name, draw.randint(0, applied))))
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


def _draw_exchange(draw: random.Random, order: Order) -> OpenReturn:
    """A return for which other goods are sent, now or once these came."""
    instead = Line(LineId("1"), Sku(draw.choice("ABC")), draw.randint(1, 2), draw.choice((0, 990, 2_990)))
    asked = replace(capture(order.external_id), lines=(instead,), customer=order.customer)
    return replace(_draw_open(draw, order), replacement=asked, is_advance=draw.random() < 0.5)


def _draw_claim(draw: random.Random, order: Order) -> OpenReturn:
    """A claim of which nothing comes back, by somebody of ours or by the customer."""
    opened = _draw_open(draw, order)
    asked = (replace(opened.lines[0], reason="damaged"),)
    amount = draw.choice((None, None, draw.randint(1, 900)))
    by = draw.choice(tuple(By))
    claim = replace(opened, lines=asked, kind=ReturnKind.CLAIM, method=ReturnMethod.NONE, node=None, by=by)
    return replace(claim, amount_minor=amount)


def _draw_receive(draw: random.Random, one: Return) -> ReceiveReturn:
    line = draw.choice(one.lines)
    grade, disposition = draw.choice((("", None), ("A", None), ("C", None), ("A", Disposition.RESTOCK)))
    got = ArrivedUnits(draw.randint(1, line.quantity + 1), line.line_id, line.sku, grade, disposition)
    return ReceiveReturn(one.return_id, _NODE, (got,), skus=_SKUS, is_more=draw.random() < 0.5)


def _draw_dispose(draw: random.Random, one: Return) -> DisposeReturn:
    got = draw.choice(one.received)
    judged = JudgedUnits(got.number, draw.randint(1, got.quantity), draw.choice(tuple(Disposition)), "B")
    return DisposeReturn(one.return_id, (judged,), one.received)
