"""How much work a demand asks for, seen before it is done."""

from collections.abc import Callable, Sequence

from troth.engine.supply.supply import SupplyRows
from troth.model.ids import Sku
from troth.model.order import Line
from troth.model.plan import DemandLine


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
