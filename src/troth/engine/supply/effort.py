"""How much work a demand asks for, seen before it is done."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from troth.engine.supply.supply import SupplyRows
from troth.model.change import (
    ChangeAction,
    RemoveLine,
    SetAddress,
    SetDeliveryCharge,
    SetPrice,
    SetQuantity,
)
from troth.model.ids import Sku
from troth.model.order import Line, Order
from troth.model.plan import DemandLine

_PLAIN_ACTIONS = SetQuantity | RemoveLine | SetAddress | SetPrice | SetDeliveryCharge


def is_quick(lines: Sequence[Line | DemandLine], read: Callable[[Sku], SupplyRows], *, lines_max: int) -> bool:
    """Whether lines are planned in a few milliseconds: no more than `lines_max`, on no terms of their own, and each of
    which some node has whole, so that no model is solved.
    """
    if len(lines) > lines_max:
        return False
    for line in lines:
        if line.terms is not None or line.need_by is not None:
            return False
        if line.quantity > 1 and int(read(line.sku).available.max(initial=0)) < line.quantity:
            return False
    return True


def is_quick_change(
    order: Order, actions: Sequence[ChangeAction], read: Callable[[Sku], SupplyRows], *, lines_max: int
) -> bool:
    """The same of what an order is after a change: one that leaves it as plain as it was."""
    if not all(isinstance(action, _PLAIN_ACTIONS) for action in actions):
        return False
    quantities = {action.line_id: action.quantity for action in actions if isinstance(action, SetQuantity)}
    lines = [replace(line, quantity=quantities.get(line.line_id, line.quantity)) for line in order.lines]
    return is_quick(lines, read, lines_max=lines_max)
