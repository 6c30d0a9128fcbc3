"""Plain demands: those that ask for nothing but units that are all on hand, by the plain costs.

Nearly all are, and of them much is known beforehand: what is not asked for need not be looked at. Whoever answers one
by a shorter way than `answer` gives the very plan that `answer` gives.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.calendars import minutes_of
from troth.engine.carriage.network import Network
from troth.engine.carriage.offers import Offer, lighten_offer
from troth.engine.carriage.sizes import find_large
from troth.engine.carriage.timetable import find_timetable
from troth.engine.carriage.unserved import way_notes
from troth.engine.carriage.way_there import Way, find_way, pickup_position
from troth.engine.choice.assemble import build_shipments
from troth.engine.choice.scoring import has_dates
from troth.engine.choice.weighing import costs_nothing_more
from troth.engine.demand.candidates import NODES_BEFORE_COMPRESSION, Block, whole_minute_now
from troth.engine.demand.limits import is_special
from troth.engine.demand.on_terms import has_terms
from troth.engine.demand.problem import Parcel, Problem
from troth.engine.promising.case import Case
from troth.engine.supply.cost_currency import in_cost_currency
from troth.engine.supply.feed_age import late_nodes
from troth.engine.supply.supply import NO_SUPPLY, SupplyRows
from troth.engine.supply.unit_prices import fresh
from troth.model.plan import Plan, Trace
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class PlainDemand:
    """A plain demand, the way there, and the rows and quantities of its lines."""

    case: Case
    offer: Offer
    way: Way
    rows: tuple[SupplyRows, ...]
    quantities: tuple[int, ...]


def pose_plain(case: Case, *, lines_max: int) -> PlainDemand | None:
    """The demand of a case where it is plain and there is a way for it; None where it is not, or has more lines."""
    demand, policy, network = case.demand, case.policy, case.network
    lines = demand.lines
    if not 0 < len(lines) <= lines_max or not _is_plain(case):
        return None
    rows = tuple([case.supply.get(line.sku, NO_SUPPLY) for line in lines])
    if not all([row.is_plain and row.good_until is None for row in rows]):  # noqa: C419 - a list is quicker
        return None
    offer = lighten_offer(network.offer(demand.method), sum([line.grams(line.quantity) for line in lines]))
    prices = None if case.prices is None else fresh(case.prices, case.now, policy.prices_hours_max)
    if offer.grams_max is not None or find_large(offer.sizes, lines):
        return None
    if not costs_nothing_more(network, offer, policy, demand, prices):
        return None
    pickup, refusal = pickup_position(demand, network)
    if refusal:
        return None
    minute = whole_minute_now(demand.method, case.now.timestamp())
    ready_minutes = minutes_of(policy.pickup_ready_hours)
    way = find_way(demand, network, pickup, minute, ready_minutes=ready_minutes)
    if pickup >= 0 and network.load.queue_minutes:
        way = _behind_queue(network, way, minute, ready_minutes)
    if not way.is_there or (pickup >= 0 and not way.timetable.is_complete):
        return None
    return PlainDemand(case, offer, way, rows, tuple([line.quantity for line in lines]))


def _behind_queue(network: Network, way: Way, minute: int, ready_minutes: int) -> Way:
    """The way of a pickup that is ready when the work that waits there before it is done; its delay counts from when it
    would be if none did.
    """
    waiting = network.load.queue_minutes.get(network.nodes[way.lanes.pickup].node, 0)
    timetable = find_timetable(network, way.lanes, minute, ready_minutes=ready_minutes, queue_minutes=waiting)
    return replace(way, timetable=timetable)


def _is_plain(case: Case) -> bool:
    """Whether a case has nothing that a plain demand has not, as far as that shows before its stock is looked at."""
    demand, policy, network = case.demand, case.policy, case.network
    lines = demand.lines
    if (
        policy.routing is not None
        or network.limits is not None
        or late_nodes(network, case.now.timestamp()) is not None
    ):
        return False
    if has_terms(demand, policy) or is_special(demand, lines, policy):
        return False
    if in_cost_currency(demand, policy.currency) is not demand or len({line.sku for line in lines}) < len(lines):
        return False
    return all([line.quantity > 0 and line.scale == 1 and not has_dates(line) for line in lines])  # noqa: C419 - a list is quicker


def plan_parcels(one: PlainDemand, available: NDArray[np.float64], parcels: Sequence[Parcel], stocked: int) -> Plan:
    """The plan of the parcels of a plain demand, of which nodes have so much `available` (K, N); `stocked` nodes that
    it can come from have something of it.
    """
    case, way = one.case, one.way
    demand, policy, network, lanes = case.demand, case.policy, case.network, way.lanes
    now = case.now.timestamp()
    minute = whole_minute_now(demand.method, now)
    block = Block(now, minute, way.timetable, network.positions, lanes.lane, lanes.rate_lane, available)
    problem = Problem(
        network=network,
        method=demand.method,
        offer=one.offer,
        lanes=lanes,
        policy=policy,
        lines=demand.lines,
        quantities=one.quantities,
        rows=one.rows,
        dates=tuple([row.available_from for row in one.rows]),
        blocks=(block,),
        earliest_day=way.earliest_day,
        has_shared_sku=False,
        shipments_max=max(1, policy.shipments_max),
    )
    shipments = build_shipments(problem, (0,), parcels, is_together=demand.ship_complete, ship_from=demand.ship_from)
    nodes = len(network.nodes)
    without = nodes - stocked - sum(lanes.removed.values())
    is_compressed = nodes > NODES_BEFORE_COMPRESSION
    trace = Trace(
        method="subset" if lanes.is_located else "subset, farthest zone",
        candidates=lanes.lane.shape[0] * (stocked if is_compressed else nodes),
        removed={**lanes.removed, "no_stock": without} if without > 0 else lanes.removed,
        gap=0.0,
        policy_version=policy.version,
        notes=way_notes(network, lanes, demand.destination),
    )
    return Plan(shipments, (), trace)
