"""Commands about returns, drawn for orders as they are: mostly sensible ones, and some that are not."""

import random
from dataclasses import replace

from tests.builders import capture
from troth.flows.orders.returns import replacements_of
from troth.model.commands import Command
from troth.model.ids import NodeId, Sku, return_id
from troth.model.lifecycle import Disposition
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
)
from troth.model.returns import Return, ReturnKind, ReturnMethod

SKUS = ("A", "B", "C")
GRADES = ("", "A", "B", "C", "D", "X")


def draw_return_command(draw: random.Random, order: Order, nodes: tuple[NodeId, ...]) -> Command:
    """Something about a return of an order: it is opened, or one that is there goes on."""
    if not order.returns or draw.random() < 0.3:
        return _opening(draw, order, nodes)
    return _going_on(draw, order, draw.choice(order.returns), nodes)


def _opening(draw: random.Random, order: Order, nodes: tuple[NodeId, ...]) -> OpenReturn:
    chosen = draw.sample(order.lines, draw.randint(1, min(2, len(order.lines))))
    is_claim = draw.random() < 0.25
    reasons = ("damaged", "missing", "goodwill") if is_claim else ("too_small", "other", "bored")
    lines = tuple(AskedUnits(line.line_id, draw.randint(1, 3), draw.choice(reasons)) for line in chosen)
    method = draw.choice((ReturnMethod.NONE,) if is_claim else (ReturnMethod.IN_STORE, ReturnMethod.MAIL))
    node = draw.choice((None, *nodes)) if method is ReturnMethod.MAIL else draw.choice(nodes)
    opened = OpenReturn(
        order.order_id,
        lines,
        method,
        None if method is ReturnMethod.NONE else node,
        ReturnKind.CLAIM if is_claim else ReturnKind.RETURN,
        draw.choice((None, 300)) if is_claim else None,
    )
    if is_claim or draw.random() < 0.7:
        return opened
    asked = capture(f"{order.external_id}-X", {draw.choice(SKUS): draw.randint(1, 2)})
    return replace(opened, replacement=replace(asked, customer=order.customer), is_advance=draw.random() < 0.5)


def _going_on(draw: random.Random, order: Order, one: Return, nodes: tuple[NodeId, ...]) -> Command:
    name = one.return_id if draw.random() < 0.95 else return_id(order.order_id, 99)
    replacements = replacements_of(order, name)
    arrived = tuple(_arrived(draw, order) for _ in range(draw.randint(1, 2)))
    units = tuple(
        JudgedUnits(
            got.number,
            draw.randint(1, got.quantity),
            draw.choice((None, *Disposition)),
            draw.choice(GRADES),
        )
        for got in one.received[:2]
    ) or (JudgedUnits(1, 1, Disposition.RESTOCK),)
    commands: list[Command] = [
        SendReturn(name, "parcel", "1Z"),
        ReceiveReturn(
            name, draw.choice(nodes), arrived, None, tuple(map(Sku, SKUS)), replacements, draw.random() < 0.5
        ),
        DisposeReturn(name, units, one.received),
        RefundReturn(name, draw.choice((None, draw.randint(1, 5000)))),
        CloseReturn(name, "done", replacements),
        CancelReturn(name, "kept", replacements),
        ExpireReturn(name, replacements),
    ]
    return draw.choices(commands, weights=[1, 6, 4, 3, 1, 1, 1])[0]


def _arrived(draw: random.Random, order: Order) -> ArrivedUnits:
    line = draw.choice(order.lines)
    is_named = draw.random() < 0.85
    return ArrivedUnits(
        draw.randint(1, 3),
        line.line_id if is_named else None,
        None if is_named else Sku(draw.choice(SKUS)),
        draw.choice(GRADES),
        draw.choice((None, None, *Disposition)),
        draw.choice(("", "", "soon")),
    )
