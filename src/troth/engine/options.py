"""What a customer may choose from: a plan for each service, and for a pickup at each of the nearest nodes that could
hand it over.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

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

_SENT_THERE_MAX: Final = 3
"""So many stores that lack something are offered beside those that have everything."""


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

    A delivery plan is offered where it covers anything; a pickup only where one node hands over everything, and not
    farther than `policy.pickup_miles_max` from where the customer is; where that is not known, in the customer's
    country. A pickup node that the demand names comes first,
    however far it is. `supply_for` gives what each way to have it may be planned from. All of them together spend one
    `budget` (None: the policy's); where it leaves no further question, the ways that were not looked at are not
    offered.
    """
    if budget is None:
        budget = Budget(policy.decision_seconds_max)
    services = list(dict.fromkeys(card.service for card in network.ship.cards))
    asks = [replace(demand, method=Method.SHIP, service=service, pickup_node=None) for service in services]
    asks += [
        replace(demand, method=Method.DELIVERY, service=card.service, pickup_node=None)
        for card in network.delivery.cards
    ]
    budget.parts = len(asks) + pickup_nodes_max + (_SENT_THERE_MAX if policy.ship_to_store else 0)

    def plan_within(ask: Demand) -> Plan:
        return plan(ask, supply_for(ask), network, policy, now, prices=prices, loads=loads, budget=budget)

    deliveries = [plan_within(ask) for ask in asks if budget.has_question()]
    method = demand.method if demand.method is Method.CURBSIDE else Method.PICKUP
    handed = replace(demand, method=method, service="", pickup_node=None)
    asks = [
        replace(handed, pickup_node=network.nodes[position].node)
        for position in _pickup_positions(demand, supply_for(handed), network, policy, pickup_nodes_max)
    ]
    pickups = [plan_within(ask) for ask in asks if budget.has_question()]
    complete = [option for option in pickups if option.shipments and not option.uncovered]
    complete.sort(key=lambda option: (_handed_over_at(option) != demand.pickup_node, option.promised_at or now))
    return (*(option for option in deliveries if option.shipments), *complete)


def _handed_over_at(option: Plan) -> NodeId:
    return option.shipments[0].via or option.shipments[0].node


def _pickup_positions(
    demand: Demand, supply: Mapping[Sku, SupplyRows], network: Network, policy: Policy, count: int
) -> Sequence[int]:
    """The nearest nodes that hand over and have, now or later, enough of every line, and where goods may be sent to a
    store the nearest few that lack some which others have; the node that the demand names comes first.
    """
    able = network.is_pickup.copy()
    able[[network.index[node] for node in demand.excluded_nodes if node in network.index]] = False
    has_all, is_there = able.copy(), policy.ship_to_store
    wanted: dict[Sku, int] = {}
    for line in demand.lines:
        for sku, each in components_of(line):
            wanted[sku] = wanted.get(sku, 0) + each * max(0, line.quantity)
    for sku, units in wanted.items():
        rows = supply.get(sku)
        if rows is None:
            return ()
        held = np.bincount(rows.node_index, rows.available, len(network.nodes))[: len(network.nodes)]
        has_all &= held >= units
        is_there = is_there and held.sum() >= units
    could = able if is_there else has_all
    latitude, longitude = find_coordinates(demand.destination)
    if latitude is not None and longitude is not None:
        miles = compute_miles(network, latitude, longitude)
        nearest = np.argsort(miles, kind="stable")
        nearest = nearest[miles[nearest] <= policy.pickup_miles_max]
    elif demand.destination is not None and demand.destination.country:
        nearest = np.flatnonzero(network.countries == demand.destination.country.upper())
    else:
        nearest = network.positions
    positions: list[int] = nearest[has_all[nearest]][: max(0, count)].tolist()
    positions += nearest[(could & ~has_all)[nearest]][: min(_SENT_THERE_MAX, max(0, count))].tolist()
    named = -1 if demand.pickup_node is None else network.index.get(demand.pickup_node, -1)
    if named >= 0 and could[named] and named not in positions:
        positions = [named, *positions[: max(0, count - 1)]]
    return positions
