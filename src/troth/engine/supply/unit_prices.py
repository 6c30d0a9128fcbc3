"""What one more unit of a SKU is worth at each node: made elsewhere from forecasts, given to a plan as a value, and
applied while it is fresh.
"""

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.model.ids import NodeId, Sku
from troth.model.plan import Trace
from troth.model.policy import Policy
from troth.model.value import dataclass

ByNode = Mapping[Sku, Mapping[NodeId, float]]
"""A number for a SKU at a node; what is missing is zero."""

_HOUR_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True, eq=False)
class UnitPrices:
    """Figures by SKU and node, with a version that names them and the instant for which they were made.

    `minor` is the opportunity cost of one unit (minor units of the policy's currency: what the best later use of it
    would have saved), `markdown_minor` what one unit would lose in value if it stayed until its markdown, and
    `weekly_units` how many units the node sells in a week. `sold` are units that it sells in a week as well, known
    otherwise: they take the place of `weekly_units` where the prices are too old to be applied.
    """

    version: str
    made_at: datetime
    minor: ByNode = field(default_factory=dict)
    markdown_minor: ByNode = field(default_factory=dict)
    weekly_units: ByNode = field(default_factory=dict)
    sold: ByNode = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class _Aligned:
    """A SKU's figures as they were given, which keeps their identity theirs, and as an array."""

    by_node: Mapping[NodeId, float]
    missing: float
    values: NDArray[np.float64]


def is_fresh(prices: UnitPrices, now: datetime, hours_max: float) -> bool:
    """Whether prices are not older than so many hours."""
    return (now - prices.made_at).total_seconds() <= hours_max * _HOUR_SECONDS


def fresh(prices: UnitPrices, now: datetime, hours_max: float) -> UnitPrices | None:
    """What of prices is applied at an instant: all of them while they are fresh, then only what is sold; None where
    nothing is left.
    """
    if is_fresh(prices, now, hours_max):
        return prices
    return UnitPrices("", now, weekly_units=prices.sold) if prices.sold else None


def with_age(trace: Trace, prices: UnitPrices, policy: Policy, now: datetime) -> Trace:
    """The trace that says of prices that were not applied how old they are; the same one where they were."""
    if not prices.version or is_fresh(prices, now, policy.prices_hours_max):
        return trace
    hours = (now - prices.made_at).total_seconds() / _HOUR_SECONDS
    note = f"unit prices {prices.version} are {hours:.1f} h old, more than {policy.prices_hours_max:g}: not applied"
    return replace(trace, notes=(*trace.notes, note))


def align(figures: ByNode, sku: Sku, network: Network, *, missing: float = 0.0) -> NDArray[np.float64]:
    """A SKU's figures (N) in the order of the network's nodes, `missing` where there is none; nodes that the network
    lacks are left out.

    What was aligned is remembered with the network, by the identity of the SKU's figures, which must not change.
    """
    by_node = figures.get(sku)
    if not by_node:
        return np.full(len(network.nodes), missing)
    table = network.memory.tables["figures"]
    found = table.get(id(by_node))
    if isinstance(found, _Aligned) and found.by_node is by_node and repr(found.missing) == repr(missing):
        return found.values
    values = np.full(len(network.nodes), missing)
    for node, figure in by_node.items():
        position = network.index.get(node)
        if position is not None:
            values[position] = figure
    network.memory.keep("figures", id(by_node), _Aligned(by_node, missing, values))
    return values
