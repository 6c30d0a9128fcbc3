"""Where most of a pickup could be had that no node can hand over whole."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from troth.engine.carriage.network import Network
from troth.engine.demand.ship_groups import HANDED_OVER, way_of
from troth.engine.promising.options import find_nearest
from troth.engine.supply.kits import components_of, kit_rows
from troth.engine.supply.supply import NO_SUPPLY, SupplyRows
from troth.model.ids import NodeId, Sku
from troth.model.network import Address
from troth.model.plan import Demand, Plan
from troth.model.policy import Policy


def find_fullest(
    demand: Demand, supply: Mapping[Sku, SupplyRows], network: Network, policy: Policy, point: Address | None
) -> NodeId | None:
    """The node near a point that hands over and has, now or later, most units of what is picked up there, the nearest
    of equals; None where none has any.
    """
    units = np.zeros(len(network.nodes))
    for line in demand.lines:
        way = way_of(demand, line.terms)
        if way.method not in HANDED_OVER or way.pickup_node is not None:
            continue
        parts = components_of(line)
        rows = kit_rows(parts, {sku: supply.get(sku, NO_SUPPLY) for sku, _each in parts})
        there = np.bincount(rows.node_index, rows.available, units.size)[: units.size]
        units += np.minimum(there, line.quantity)
    units[~network.is_pickup] = 0.0
    units[[network.index[node] for node in demand.excluded_nodes if node in network.index]] = 0.0
    nearest = find_nearest(network, policy, point)
    if not nearest.size or not units[nearest].any():
        return None
    fullest: int = nearest[units[nearest].argmax()].item()
    return network.nodes[fullest].node


def with_reasons_of(found: Plan, nowhere: Plan) -> Plan:
    """The plan of one node, whose gaps say what kept every node from handing over all, where that is known."""
    known = {gap.line_id: gap for gap in nowhere.uncovered}
    return replace(
        found,
        uncovered=tuple(
            replace(gap, reason=known[gap.line_id].reason, detail=known[gap.line_id].detail)
            if gap.reason == "no_stock" and gap.line_id in known
            else gap
            for gap in found.uncovered
        ),
    )
