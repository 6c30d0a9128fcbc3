"""How much work a demand asks for, seen before it is done."""

from collections.abc import Mapping
from typing import Final

from troth.engine.supply import SupplyRows
from troth.model.ids import Sku
from troth.model.plan import Demand

QUICK_LINES_MAX: Final = 4
"""So many lines are planned in a few milliseconds, whatever the network."""


def is_quick(demand: Demand, supply: Mapping[Sku, SupplyRows]) -> bool:
    """Whether a demand is planned as soon as its turn comes: few lines, on no terms of their own, each of which some
    node has whole.
    """
    if len(demand.lines) > QUICK_LINES_MAX:
        return False
    for line in demand.lines:
        rows = supply.get(line.sku)
        if line.terms is not None or line.need_by is not None:
            return False
        if line.quantity > 1 and rows is not None and int(rows.available.max(initial=0)) < line.quantity:
            return False
    return True
