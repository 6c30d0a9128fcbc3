"""A plan that was made ahead of its order's turn in a batch: it counts while the stock answers the same."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from troth.engine.supply.supply import SupplyRows
from troth.model.capture_order import CaptureOrder
from troth.model.ids import Sku
from troth.model.plan import Demand, Plan
from troth.model.value import dataclass

Units = tuple[int, NDArray[np.int32], NDArray[np.int64]]
"""How many units are asked for, the nodes of the rows, and a copy of what was available there."""


@dataclass(frozen=True, slots=True, eq=False)
class Ahead:
    """What was planned of an order as it was `sent`: the same settled, what is asked for it, of which units, and the
    plan, which is the one that its case has.
    """

    sent: CaptureOrder
    command: CaptureOrder
    demand: Demand
    units: Mapping[Sku, Units]
    plan: Plan

    def is_of(self, supply: Mapping[Sku, SupplyRows]) -> bool:
        """Whether the same plan would be made from this supply now."""
        for sku, (asked, nodes, then) in self.units.items():
            rows = supply[sku]
            if rows.node_index is not nodes:
                return False
            now = rows.available
            if now.tobytes() == then.tobytes():  # several times quicker than to compare them as arrays
                continue
            # A plain plan asks of a node only whether it has all that is wanted, or anything.
            if not (np.array_equal(now >= asked, then >= asked) and np.array_equal(now > 0, then > 0)):
                return False
        return True


def units_of(demand: Demand, supply: Mapping[Sku, SupplyRows]) -> dict[Sku, Units]:
    """What there is for a demand whose lines share no SKU, as it is now, whatever is promised of it later."""
    there = [(line, supply[line.sku]) for line in demand.lines]
    return {line.sku: (line.quantity, rows.node_index, rows.available.copy()) for line, rows in there}
