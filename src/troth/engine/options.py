"""What a customer may choose from: a plan for each service, and for a pickup at each of the nearest nodes that could
hand it over.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from troth.engine.budget import Budget
from troth.engine.kits import components_of
from troth.engine.network import Network
from troth.engine.promise import plan
from troth.engine.supply import SupplyRows
from troth.engine.transit import compute_miles, find_coordinates
from troth.engine.unit_prices import UnitPrices
from troth.model.ids import NodeId, Sku
from troth.model.order import Method
from troth.model.plan import Demand, Plan
from troth.model.policy import Policy


def plan_options(
    demand: Demand,
    supply_for: Callable[[Demand], Mapping[Sku, SupplyRows]],
    network: Network,
    policy: Policy,
    now: datetime,
    *,
    pickup_nodes_max: int = 5,
    prices: UnitPrices | None = None,
    loads: Mapping[NodeId, float] | None = None,
    budget: Budget | None = None,
) -> tuple[Plan, ...]:
    """The plans to offer: first the delivery ones in the order of services, then local delivery, then pickups, the
    soonest first.

    A delivery plan is offered where it covers anything; a pickup only where one node hands over everything. A pickup
    node that the demand names comes first. `supply_for` gives what each way to have it may be planned from. All of them
    together spend one `budget` (None: the policy's); where it leaves no further question, the ways that were not looked
    at are not offered.
    """
    if budget is None:
        budget = Budget(policy.decision_seconds_max)
    services = list(dict.fromkeys(card.service for card in network.ship.cards))
    asks = [replace(demand, method=Method.SHIP, service=service, pickup_node=None) for service in services]
    asks += [
        replace(demand, method=Method.DELIVERY, service=card.service, pickup_node=None)
        for card in network.delivery.cards
    ]
    budget.parts = len(asks) + pickup_nodes_max

    def plan_within(ask: Demand) -> Plan:
        return plan(ask, supply_for(ask), network, policy, now, prices=prices, loads=loads, budget=budget)

    deliveries = [plan_within(ask) for ask in asks if budget.has_question()]
    method = demand.method if demand.method is Method.CURBSIDE else Method.PICKUP
    handed = replace(demand, method=method, service="", pickup_node=None)
    asks = [
        replace(handed, pickup_node=network.nodes[position].node)
        for position in _pickup_positions(demand, supply_for(handed), network, pickup_nodes_max)
    ]
    pickups = [plan_within(ask) for ask in asks if budget.has_question()]
    complete = [option for option in pickups if option.shipments and not option.uncovered]
    complete.sort(key=lambda option: (option.shipments[0].node != demand.pickup_node, option.promised_at or now))
    return (*(option for option in deliveries if option.shipments), *complete)


def _pickup_positions(demand: Demand, supply: Mapping[Sku, SupplyRows], network: Network, count: int) -> Sequence[int]:
    """The nearest nodes that hand over and have, now or later, enough of every line; the node that the demand names
    comes first.
    """
    can = network.is_pickup.copy()
    wanted: dict[Sku, int] = {}
    for line in demand.lines:
        for sku, each in components_of(line):
            wanted[sku] = wanted.get(sku, 0) + each * max(0, line.quantity)
    for sku, units in wanted.items():
        rows = supply.get(sku)
        if rows is None:
            return ()
        can &= np.bincount(rows.node_index, rows.available, len(network.nodes))[: len(network.nodes)] >= units
    can[[network.index[node] for node in demand.excluded_nodes if node in network.index]] = False
    latitude, longitude = find_coordinates(demand.destination)
    if latitude is not None and longitude is not None:
        nearest = np.argsort(compute_miles(network, latitude, longitude), kind="stable")
    else:
        nearest = network.positions
    positions: list[int] = nearest[can[nearest]][: max(0, count)].tolist()
    named = -1 if demand.pickup_node is None else network.index.get(demand.pickup_node, -1)
    if named >= 0 and can[named] and named not in positions:
        positions = [named, *positions[: max(0, count - 1)]]
    return positions
