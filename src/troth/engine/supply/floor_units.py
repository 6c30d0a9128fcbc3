"""What an order that has its turn by a floor may take of scarce stock: as much as the floor keeps for it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from troth.engine.carriage.network import Network
from troth.engine.supply.supply import SupplyRows
from troth.model.commands import FloorUnits
from troth.model.ids import Sku
from troth.model.item import Item
from troth.model.measure import PIECE, told


def within_floors(
    floors: Iterable[FloorUnits], supply: Mapping[Sku, SupplyRows], network: Network
) -> dict[Sku, SupplyRows]:
    """The supply with no more on hand, at each node that a floor names, than it keeps; of its lots the first ones."""
    left = dict(supply)
    for floor in floors:
        rows, node = left.get(floor.sku), network.index.get(floor.node)
        if rows is None or node is None:
            continue
        is_here = (rows.node_index == node) & (rows.available_from == 0.0)
        before = np.cumsum(np.where(is_here, rows.available, 0)) - rows.available
        most = np.clip(floor.quantity - before, 0, rows.available)
        left[floor.sku] = replace(rows, available=np.where(is_here, most, rows.available))
    return left


def tell_floor(floor: FloorUnits, item: Item | None) -> str:
    """Why an order has a turn before those who come first, and no more of what is there.

    >>> from troth.model.ids import NodeId
    >>> tell_floor(FloorUnits(Sku("A"), NodeId("DC-PA"), 2), None)
    'a floor keeps 2 units of A at DC-PA for its class, whoever comes before it; more is left to who comes first'
    """
    units = told(floor.quantity, 0, PIECE) if item is None else told(floor.quantity, item.decimals, item.unit)
    kept = f"a floor keeps {units} of {floor.sku} at {floor.node} for its class, whoever comes before it"
    return f"{kept}; more is left to who comes first"
