"""Why no node can hand over an order that asks where it could be picked up."""

from collections.abc import Mapping

import numpy as np

from troth.engine.carriage.network import Network
from troth.engine.carriage.transit import compute_miles, find_coordinates
from troth.engine.supply.kits import components_of, kit_rows
from troth.engine.supply.supply import NO_SUPPLY, SupplyRows
from troth.model.ids import Sku
from troth.model.network import Address
from troth.model.plan import Demand, Plan, Trace, Uncovered
from troth.model.policy import Policy


def plan_nowhere(
    demand: Demand, supply: Mapping[Sku, SupplyRows], network: Network, policy: Policy, point: Address | None
) -> Plan:
    """The plan of a pickup around a point that no node can hand over whole: of each line, the first thing that is in
    the way.

    Nobody has it; nobody who has it hands anything over; whoever does is too far away; none of them has all.
    """
    near = np.ones(network.positions.size, dtype=np.bool_)
    latitude, longitude = find_coordinates(point)
    if latitude is not None and longitude is not None:
        near = compute_miles(network, latitude, longitude) <= policy.pickup_miles_max
    uncovered = []
    for line in demand.lines:
        parts = components_of(line)
        rows = kit_rows(parts, {sku: supply.get(sku, NO_SUPPLY) for sku, _each in parts})
        has_it = np.bincount(rows.node_index, rows.available, near.size)[: near.size] > 0
        reason, detail = "no_node_has_all", ""
        if not has_it.any():
            reason = "no_stock"
        elif not (has_it & network.is_pickup).any():
            reason, detail = "no_pickup_there", "no node with stock of it hands anything over"
        elif not (has_it & network.is_pickup & near).any():
            reason = "out_of_reach"
            detail = f"no node with stock of it hands over within {policy.pickup_miles_max:g} miles"
        uncovered.append(Uncovered(line.line_id, line.sku, line.quantity, reason, detail=detail))
    return Plan((), tuple(uncovered), Trace("none", 0, policy_version=policy.version))
