"""What the engine charges for each subset of an order's lines from each node, asked of the engine itself.

So prices of units inherit every rule, rate card and cost term, whatever they are: each entry is the plan that the
engine makes when one node alone has the goods. A table is made once for a class of orders and holds while rules and
rates do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.promising.promise import plan
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import NodeId, Sku
from troth.model.inventory import ON_HAND
from troth.model.plan import Demand
from troth.model.policy import Policy
from troth.model.value import dataclass
from troth.planning.subset_assignment import SubsetTable

_PLENTY: Final = 10**9


@dataclass(frozen=True, slots=True, eq=False)
class Catalog:
    """The SKUs (I) and nodes (M) that pairs are numbered by, in order, and which node ever holds a SKU (I, M)."""

    skus: tuple[Sku, ...]
    nodes: tuple[NodeId, ...]
    is_carried: NDArray[np.bool_]


def price_tables(
    demands: Sequence[Demand],
    catalog: Catalog,
    network: Network,
    policy: Policy,
    now: datetime,
    *,
    unserved_minor: Mapping[Sku, float],
) -> tuple[SubsetTable, ...]:
    """The tables of these classes of orders, by number of lines, in minor units; 2^K * M plans for a class of K lines.

    Source M is not to serve, at `unserved_minor` a unit. The policy's split penalty is in every parcel, the first one's
    as well: a constant for each order, which no price depends on. Lines name SKUs of the catalog.
    """
    at = {sku: position for position, sku in enumerate(catalog.skus)}
    by_size: dict[int, list[int]] = {}
    for one, demand in enumerate(demands):
        by_size.setdefault(len(demand.lines), []).append(one)
    supply = {(sku, node): _only_at(network, node) for sku in catalog.skus for node in catalog.nodes}
    tables = []
    for size, members in sorted(by_size.items()):
        costs = np.full((1 << size, len(catalog.nodes) + 1, len(members)), np.inf)
        costs[0] = 0.0
        pairs = np.full((len(catalog.nodes) + 1, size, len(members)), catalog.is_carried.size, dtype=np.intp)
        units = np.empty((size, len(members)))
        for column, one in enumerate(members):
            lines = demands[one].lines
            items = [at[line.sku] for line in lines]
            units[:, column] = [line.quantity for line in lines]
            for node in range(len(catalog.nodes)):
                pairs[node, :, column] = [item * len(catalog.nodes) + node for item in items]
            for subset in range(1, 1 << size):
                chosen = [line for line in range(size) if subset >> line & 1]
                asked = replace(demands[one], lines=tuple(lines[line] for line in chosen))
                costs[subset, -1, column] = sum(unserved_minor[line.sku] * line.quantity for line in asked.lines)
                for node, name in enumerate(catalog.nodes):
                    if catalog.is_carried[[items[line] for line in chosen], node].all():
                        rows = {line.sku: supply[line.sku, name] for line in asked.lines}
                        costs[subset, node, column] = _parcel(asked, rows, network, policy, now)
        tables.append(SubsetTable(np.array(members, dtype=np.intp), costs, pairs, units))
    return tuple(tables)


def _parcel(asked: Demand, supply: Mapping[Sku, SupplyRows], network: Network, policy: Policy, now: datetime) -> float:
    """What one shipment of all that is asked costs, inf where the engine makes none or more than one."""
    found = plan(asked, supply, network, policy, now)
    if found.uncovered or len(found.shipments) != 1:
        return np.inf
    return float(sum(found.shipments[0].cost.values()) + policy.split_minor)


def _only_at(network: Network, node: NodeId) -> SupplyRows:
    index = np.array([network.index[node]], dtype=np.int32)
    return SupplyRows(index, np.array([_PLENTY], dtype=np.int64), np.zeros(1), (ON_HAND,))
