"""What a customer may choose from: a plan for each service, and for a pickup at each of the nearest nodes that could
hand it over.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.carriage.transit import compute_miles, find_coordinates, find_lanes
from troth.engine.demand.budget import Budget
from troth.engine.demand.ship_groups import HANDED_OVER, way_of
from troth.engine.promising.answer import Answer
from troth.engine.promising.promise import plan
from troth.engine.promising.ways import Ways
from troth.engine.supply.kits import components_of
from troth.engine.supply.supply import SupplyRows
from troth.engine.supply.unit_prices import UnitPrices
from troth.model.ids import NodeId, Sku
from troth.model.network import Address
from troth.model.order import Method, Terms
from troth.model.plan import Demand, DemandLine, Plan
from troth.model.policy import Policy
from troth.model.value import dataclass

_SENT_THERE_MAX: Final = 3
"""So many stores that lack something are offered beside those that have everything."""


@dataclass(frozen=True, slots=True)
class Offered:
    """One way to have what is asked: the demand as it is asked for so, and its plan."""

    demand: Demand
    plan: Plan


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
    near: Address | None = None,
    asked: Plan | None = None,
    by: Answer | None = None,
) -> tuple[Offered, ...]:
    """The ways to offer: first the delivery ones in the order of services, then local delivery, then pickups, the
    soonest first. Lines with a destination or a pickup node of their own keep their way in all of them.

    A delivery plan is offered where it covers anything; a pickup only where one node hands over everything, and not
    farther than `policy.pickup_miles_max` from where the customer is: `near`, else the destination; where that is not
    known, in the customer's country. A pickup node that the demand names comes first, however far it is. Nothing is
    sent where there is no destination. `supply_for` gives what each way to have it may be planned from. All of them
    together spend one `budget` (None: the policy's); where it leaves no further question, the ways that were not looked
    at are not offered. `asked` is the plan of the demand itself, where it is known: it is not made again for the
    service by which it goes. `by` answers each question (None: `Ways` of their own).
    """
    by = Ways() if by is None else by
    if budget is None:
        budget = Budget(policy.decision_seconds_max)
    services = list(dict.fromkeys(card.service for card in network.ship.cards))
    sent = [(Method.SHIP, service) for service in services]
    sent += [(Method.DELIVERY, card.service) for card in network.delivery.cards]
    budget.parts = len(sent) + pickup_nodes_max + (_SENT_THERE_MAX if policy.ship_to_store else 0)

    def plan_within(ask: Demand) -> Offered:
        if asked is not None and _goes_by(asked, demand, ask):
            return Offered(ask, asked)
        found = plan(ask, supply_for(ask), network, policy, now, prices=prices, loads=loads, budget=budget, by=by)
        return Offered(ask, found)

    asks = [ask_by(demand, method, service) for method, service in sent if demand.destination is not None]
    asks = [ask for ask in asks if _is_served(network, ask)]
    deliveries = [plan_within(ask) for ask in asks if budget.has_question()]
    method = demand.method if demand.method is Method.CURBSIDE else Method.PICKUP
    handed = ask_by(demand, method)
    point = demand.destination if near is None else near
    asks = [
        replace(handed, pickup_node=network.nodes[position].node)
        for position in _pickup_positions(
            handed, supply_for(handed), network, policy, pickup_nodes_max, point, demand.pickup_node
        )
    ]
    pickups = [plan_within(ask) for ask in asks if budget.has_question()]
    complete = [option for option in pickups if option.plan.shipments and not option.plan.uncovered]
    complete.sort(key=lambda way: (way.demand.pickup_node != demand.pickup_node, way.plan.promised_at or now))
    return (*(option for option in deliveries if option.plan.shipments), *complete)


def _is_served(network: Network, ask: Demand) -> bool:
    """Whether anything could go by the service that is asked for; what goes nowhere is no option."""
    if any([line.terms is not None for line in ask.lines]):  # noqa: C419 - a list is quicker
        return True  # lines may have a way of their own
    return bool(find_lanes(network, ask.method, ask.destination, ask.service).is_reachable.any())


def _goes_by(asked: Plan, demand: Demand, ask: Demand) -> bool:
    """Whether the plan of a demand that leaves its service open goes whole by the one that is asked for: what is the
    best of all services is the best of this one.
    """
    if demand.service or demand.method is not ask.method or asked.uncovered or asked.disposition is not None:
        return False
    return bool(asked.shipments) and all(
        shipment.method is ask.method and shipment.service == ask.service and shipment.via is None
        for shipment in asked.shipments
    )


def ask_by(demand: Demand, method: Method, service: str = "") -> Demand:
    """The demand by another way, of a pickup without its node; lines that go where they alone go keep theirs."""
    lines = demand.lines
    if (method in HANDED_OVER) != (demand.method in HANDED_OVER):
        lines = tuple([_keep_way(line, demand) for line in lines])
    return replace(demand, lines=lines, method=method, service=service, pickup_node=None)


def keep_own_way(terms: Terms | None, was: Method, service: str) -> Terms | None:
    """The terms of a line where the method of the others changes: with a destination of its own it is still sent there,
    and with a pickup node of its own still picked up there, by the method and the service that the others had.
    """
    if terms is None or terms.method is not None:
        return terms
    is_picked_up = was in HANDED_OVER
    if (terms.pickup_node if is_picked_up else terms.ship_to) is None:
        return terms
    return replace(terms, method=was, service=service if terms.service is None and not is_picked_up else terms.service)


def _keep_way(line: DemandLine, demand: Demand) -> DemandLine:
    terms = keep_own_way(line.terms, demand.method, demand.service)
    if terms is line.terms:
        return line
    return replace(line, terms=terms, instead=tuple([_keep_way(other, demand) for other in line.instead]))


def _pickup_positions(
    demand: Demand,
    supply: Mapping[Sku, SupplyRows],
    network: Network,
    policy: Policy,
    count: int,
    point: Address | None,
    asked: NodeId | None,
) -> Sequence[int]:
    """The nearest nodes that hand over and have, now or later, enough of every line, and where goods may be sent to a
    store the nearest few that lack some which others have; the node that was `asked` for comes first. Lines that are
    not handed over there do not count.
    """
    able = network.is_pickup.copy()
    able[[network.index[node] for node in demand.excluded_nodes if node in network.index]] = False
    if demand.method is Method.CURBSIDE:
        able &= network.homes == network.positions  # nobody brings anything out of a locker
    has_all, is_there = able.copy(), policy.ship_to_store
    wanted: dict[Sku, int] = {}
    for line in demand.lines:
        way = way_of(demand, line.terms)
        if way.method not in HANDED_OVER or way.pickup_node is not None:
            continue
        for sku, each in components_of(line):
            wanted[sku] = wanted.get(sku, 0) + each * max(0, line.quantity)
    if not wanted:
        return ()
    for sku, units in wanted.items():
        rows = supply.get(sku)
        if rows is None:
            return ()
        held = np.bincount(rows.node_index, rows.available, len(network.nodes))[: len(network.nodes)][network.homes]
        has_all &= held >= units
        is_there = is_there and held.sum() >= units
    could = able if is_there else has_all
    nearest = find_nearest(network, policy, point)
    positions: list[int] = nearest[has_all[nearest]][: max(0, count)].tolist()
    positions += nearest[(could & ~has_all)[nearest]][: min(_SENT_THERE_MAX, max(0, count))].tolist()
    named = -1 if asked is None else network.index.get(asked, -1)
    if named >= 0 and could[named] and named not in positions:
        positions = [named, *positions[: max(0, count - 1)]]
    return positions


def find_nearest(network: Network, policy: Policy, point: Address | None) -> NDArray[np.intp]:
    """The positions of the nodes at which somebody would pick up, the nearest first: those not farther from the point
    than `policy.pickup_miles_max`; where it is not known, those of its country.
    """
    latitude, longitude = find_coordinates(point)
    if latitude is not None and longitude is not None:
        miles = compute_miles(network, latitude, longitude)
        near = np.flatnonzero(miles <= policy.pickup_miles_max)
        return near[np.argsort(miles[near], kind="stable")]
    if point is not None and point.country:
        return np.flatnonzero(network.countries == point.country.upper())
    return network.positions
