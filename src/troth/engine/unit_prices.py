"""What one more unit of a SKU is worth at each node: made elsewhere from forecasts, given to a plan as a value, and
applied while it is fresh.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.network import Network
from troth.model.ids import NodeId, Sku

ByNode = Mapping[Sku, Mapping[NodeId, float]]
"""A number for a SKU at a node; what is missing is zero."""

_HOUR_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True, eq=False)
class UnitPrices:
    """Figures by SKU and node, with a version that names them and the instant for which they were made.

    `minor` is the opportunity cost of one unit (minor units of the policy's currency: what the best later use of it
    would have saved), `markdown_minor` what one unit would lose in value if it stayed until its markdown, and
    `weekly_units` how many units the node sells in a week.
    """

    version: str
    made_at: datetime
    minor: ByNode = field(default_factory=dict)
    markdown_minor: ByNode = field(default_factory=dict)
    weekly_units: ByNode = field(default_factory=dict)


def is_fresh(prices: UnitPrices, now: datetime, hours_max: float) -> bool:
    """Whether prices are not older than so many hours."""
    return (now - prices.made_at).total_seconds() <= hours_max * _HOUR_SECONDS


def align(figures: ByNode, sku: Sku, network: Network) -> NDArray[np.float64]:
    """A SKU's figures (N) in the order of the network's nodes, zero where there is none; nodes that the network lacks
    are left out.
    """
    aligned = np.zeros(len(network.nodes))
    for node, figure in figures.get(sku, {}).items():
        position = network.index.get(node)
        if position is not None:
            aligned[position] = figure
    return aligned
