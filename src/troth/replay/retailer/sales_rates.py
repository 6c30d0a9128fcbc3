"""How fast the sample retailer sells: a rate for what its distribution centers and stores hold and sell regularly."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.model.item import Item
from troth.model.network import Node, NodeType
from troth.model.sales_rate import PlacedSalesRate
from troth.replay.retailer.stock import WEEKLY_UNITS_PER_ITEM, Stock

_WEEKLY_UNITS_MIN: Final = 3.0
_SPREAD: Final = 0.25
_VARIATION: Final = 0.35
_LEAD_DAYS: Final = {NodeType.DC: (10.0, 35.0), NodeType.STORE: (2.0, 6.0)}


def make_sales_rates(
    nodes: Sequence[Node],
    items: Sequence[Item],
    stock: Stock,
    *,
    popularity: NDArray[np.float64],
    generator: np.random.Generator,
) -> Iterator[PlacedSalesRate]:
    """The rates of the positions that sell at least three units a week, in their order.

    An item's weekly demand is divided evenly among the nodes of a type that hold it, and differs by a log-normal factor
    from node to node. Its deviation is that of a Poisson count whose mean varies by 35 percent from week to week:
    sqrt(m + (0.35 m)^2).
    """
    sells = np.array([node.type in _LEAD_DAYS for node in nodes])[stock.node_index]
    is_store = np.array([node.type is NodeType.STORE for node in nodes])[stock.node_index]
    weekly = popularity * WEEKLY_UNITS_PER_ITEM * len(items)
    holders = np.where(
        is_store,
        np.bincount(stock.sku_index[sells & is_store], minlength=len(items))[stock.sku_index],
        np.bincount(stock.sku_index[sells & ~is_store], minlength=len(items))[stock.sku_index],
    )
    factors = np.exp(_SPREAD * generator.standard_normal(len(stock.units)) - _SPREAD**2 / 2)
    shares = generator.random(len(stock.units))
    mean = np.round(weekly[stock.sku_index] / np.maximum(1, holders) * factors, 2)
    deviation = np.round(np.sqrt(mean + (_VARIATION * mean) ** 2), 2)
    for place in np.flatnonzero(sells & (mean >= _WEEKLY_UNITS_MIN)).tolist():
        node = nodes[int(stock.node_index[place])]
        shortest, longest = _LEAD_DAYS[node.type]
        yield PlacedSalesRate(
            items[int(stock.sku_index[place])].sku,
            node.node,
            float(mean[place]),
            float(deviation[place]),
            round(float(shortest + (longest - shortest) * shares[place]), 1),
        )
