"""Plain demands answered together: the array calls that one small order takes serve all orders of a batch.

An order of two lines among twenty nodes is a hundred calls on arrays that are far too small for them. Plain demands
ask for nothing but units that are all on hand, by the plain costs: for them the cells of all are priced at once, with
the same additions in the same order as `answer` makes, so that the plans are the very same.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.calendars import minutes_of
from troth.engine.carriage.distance import squared_chords
from troth.engine.carriage.network import Network
from troth.engine.carriage.offers import Offer, lighten_offer
from troth.engine.carriage.sizes import find_large
from troth.engine.carriage.transit import NEVER, find_coordinates
from troth.engine.carriage.unserved import way_notes
from troth.engine.carriage.way_there import Way, find_way
from troth.engine.choice.assemble import build_shipments
from troth.engine.choice.scoring import delay_costs, has_dates, parcel_rates
from troth.engine.choice.solve import partition
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
from troth.model.order import Method
from troth.model.plan import Plan, Trace
from troth.model.policy import Policy
from troth.model.value import dataclass

LINES_MAX: Final = 4
"""Demands of more lines are answered alone: there the arrays are large enough."""

_CELLS_MAX: Final = 65_536
"""How many sets of lines at candidates are priced at once, so that they stay in the cache."""


@dataclass(frozen=True, slots=True, eq=False)
class _Posed:
    """A plain demand, the way there, and the rows and quantities of its lines."""

    case: Case
    offer: Offer
    way: Way
    rows: tuple[SupplyRows, ...]
    quantities: tuple[int, ...]

    @property
    def key(self) -> tuple[int, int, int, int, tuple[int, int]]:
        """Equal for what can be priced at once."""
        lanes = self.way.lanes.lane.shape
        return id(self.case.network), id(self.case.policy), id(self.offer), len(self.rows), (lanes[0], lanes[1])


def answer_together(cases: Sequence[Case]) -> list[Plan | None]:
    """The plan that `answer` makes of each case by itself; None where it is to be asked: of what is not plain, or not
    all there.
    """
    found: list[Plan | None] = [None] * len(cases)
    groups: dict[object, list[tuple[int, _Posed]]] = {}
    for at, case in enumerate(cases):
        posed = _pose(case) if _is_plain(case) else None
        if posed is not None:
            groups.setdefault(posed.key, []).append((at, posed))
    for group in groups.values():
        most = max(1, _CELLS_MAX // (group[0][1].way.lanes.lane.size << len(group[0][1].rows)))
        for start in range(0, len(group), most):
            some = group[start : start + most]
            for (at, _), plan in zip(some, _answer_all([posed for _, posed in some]), strict=True):
                found[at] = plan
    return found


def _is_plain(case: Case) -> bool:
    """Whether a case has nothing that a plain demand has not."""
    demand, policy, network = case.demand, case.policy, case.network
    lines = demand.lines
    if not 0 < len(lines) <= LINES_MAX or demand.method not in (Method.SHIP, Method.DELIVERY):
        return False
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


def _pose(case: Case) -> _Posed | None:
    """A case with its way and its rows; None where those are not plain, or there is no way."""
    demand, policy, network = case.demand, case.policy, case.network
    lines = demand.lines
    rows = tuple([case.supply.get(line.sku, NO_SUPPLY) for line in lines])
    if not all([row.is_plain and row.good_until is None for row in rows]):  # noqa: C419 - a list is quicker
        return None
    offer = lighten_offer(network.offer(demand.method), sum([line.grams(line.quantity) for line in lines]))
    prices = None if case.prices is None else fresh(case.prices, case.now, policy.prices_hours_max)
    if offer.grams_max is not None or find_large(offer.sizes, lines):
        return None
    if not costs_nothing_more(network, offer, policy, demand, prices):
        return None
    minute = whole_minute_now(demand.method, case.now.timestamp())
    way = find_way(demand, network, -1, minute, ready_minutes=minutes_of(policy.pickup_ready_hours))
    if not way.is_there:
        return None
    return _Posed(case, offer, way, rows, tuple([line.quantity for line in lines]))


def _answer_all(posed: Sequence[_Posed]) -> list[Plan | None]:
    """The plans of posed demands that have equal keys; None where units are missing, or too many shipments needed."""
    first = posed[0]
    network, policy = first.case.network, first.case.policy
    count, nodes = len(first.rows), len(network.nodes)
    available = _available(posed, nodes)
    wanted = np.array([one.quantities for one in posed], dtype=np.float64)
    is_covered = (available.sum(axis=2) >= wanted).all(axis=1).tolist()
    stocked = available.any(axis=1).sum(axis=1).tolist()
    costs = _costs(posed, available, wanted, network, policy)
    prices, shipments_max = costs.min(axis=2), max(1, policy.shipments_max)
    partitions = [
        (partition(prices[at], count, shipments_max) or []) if is_there else []
        for at, is_there in enumerate(is_covered)
    ]
    chosen = [(at, part) for at, parts in enumerate(partitions) for part in parts]
    columns = iter(_nearest_columns(posed, costs, prices, chosen, network))
    plans: list[Plan | None] = []
    for at, (one, parts) in enumerate(zip(posed, partitions, strict=True)):
        parcels = [
            Parcel(next(columns), {line: units for line, units in enumerate(one.quantities) if part >> line & 1})
            for part in parts
        ]
        plans.append(_plan(one, available[at], parcels, stocked[at]) if parcels else None)
    return plans


def _available(posed: Sequence[_Posed], nodes: int) -> NDArray[np.float64]:
    """What each node has of each line (B, K, N) and can send."""
    rows = [row for one in posed for row in one.rows]
    flat = np.zeros((len(rows), nodes))
    line_of = np.repeat(np.arange(len(rows)), [row.available.size for row in rows])
    flat[line_of, np.concatenate([row.node_index for row in rows])] = np.concatenate([row.available for row in rows])
    available: NDArray[np.float64] = flat.reshape(len(posed), -1, nodes)
    for at, one in enumerate(posed):
        if one.way.unreached is not None:
            available[at, :, one.way.unreached] = 0.0
    return available


def _costs(
    posed: Sequence[_Posed],
    available: NDArray[np.float64],
    wanted: NDArray[np.float64],
    network: Network,
    policy: Policy,
) -> NDArray[np.float64]:
    """The cost (B, 2^K, C) of each set of lines as one shipment of each candidate, as `subset_costs` has it."""
    batch, count, nodes = available.shape
    asked = wanted[:, :, np.newaxis]
    units = np.where(available >= asked, asked * network.handling, NEVER)
    delays: dict[tuple[int, int], NDArray[np.float64]] = {}
    for one in posed:
        key = (id(one.way.lanes), id(one.way.timetable))
        if key not in delays:  # orders to one place share it
            arrival = one.way.timetable.arrival_day.take(one.way.lanes.lane)
            delays[key] = delay_costs(arrival, one.way.earliest_day, float(policy.delay_minor_per_day))
    dates = np.array([delays[id(one.way.lanes), id(one.way.timetable)] for one in posed])
    penalty = (units[:, :, np.newaxis] + dates[:, np.newaxis]).reshape(batch, count, -1)
    rate_lane = np.array([one.way.lanes.rate_lane for one in posed]).reshape(batch, 1, -1)
    costs = np.empty((batch, 1 << count, penalty.shape[2]))
    costs[:, 0] = np.tile(network.shipment + policy.split_minor, penalty.shape[2] // nodes)
    for line in range(count):
        np.add(costs[:, : 1 << line], penalty[:, line, np.newaxis], out=costs[:, 1 << line : 2 << line])
    lines = [list(zip(one.case.demand.lines, one.quantities, strict=True)) for one in posed]
    grams = _subset_sums([[line.grams(units) for line, units in some] for some in lines])
    volumes = _subset_sums([[line.volume(units) for line, units in some] for some in lines])
    rates = parcel_rates(posed[0].offer, grams.reshape(-1), volumes.reshape(-1)).reshape(batch, 1 << count, -1)
    costs += np.take_along_axis(rates, rate_lane, axis=2)
    return costs


def _subset_sums(values: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """The sums (B, 2^K) of each subset of each row's values.

    >>> _subset_sums([[1, 2], [3, 4]]).tolist()
    [[0.0, 1.0, 2.0, 3.0], [0.0, 3.0, 4.0, 7.0]]
    """
    each = np.array(values, dtype=np.float64)
    sums = np.zeros((each.shape[0], 1 << each.shape[1]))
    for line in range(each.shape[1]):
        np.add(sums[:, : 1 << line], each[:, line, np.newaxis], out=sums[:, 1 << line : 2 << line])
    return sums


def _nearest_columns(
    posed: Sequence[_Posed],
    costs: NDArray[np.float64],
    prices: NDArray[np.float64],
    chosen: Sequence[tuple[int, int]],
    network: Network,
) -> list[int]:
    """The column that sends each chosen set of lines (order, set): the first of the cheapest, or the nearest of them by
    its service.
    """
    if not chosen:
        return []
    nodes = len(network.nodes)
    orders, parts = (np.array(some, dtype=np.intp) for some in zip(*chosen, strict=True))
    tied = costs[orders, parts] == prices[orders, parts][:, np.newaxis]
    columns: list[int] = tied.argmax(axis=1).tolist()
    services = np.array(columns, dtype=np.intp) // nodes
    by_service = tied.reshape(len(chosen), -1, nodes)[np.arange(len(chosen)), services]
    chords: dict[tuple[float, float], NDArray[np.float64]] = {}
    for at in np.flatnonzero(by_service.sum(axis=1) > 1).tolist():
        latitude, longitude = find_coordinates(posed[chosen[at][0]].case.demand.destination)
        if latitude is None or longitude is None:
            continue
        if (latitude, longitude) not in chords:
            chords[latitude, longitude] = squared_chords(network.points, latitude, longitude)
        far = np.where(by_service[at], chords[latitude, longitude], np.inf)
        columns[at] = int(services[at]) * nodes + int(far.argmin())
    return columns


def _plan(one: _Posed, available: NDArray[np.float64], parcels: Sequence[Parcel], stocked: int) -> Plan:
    """The plan of the parcels of a demand; `stocked` nodes have something of it."""
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
