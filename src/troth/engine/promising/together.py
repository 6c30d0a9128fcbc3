"""Plain demands answered together: the array calls that one small order takes serve all orders of a batch.

An order of two lines among twenty nodes is a hundred calls on arrays that are far too small for them. Plain demands
ask for nothing but units that are all on hand, by the plain costs: for them the cells of all are priced at once, with
the same additions in the same order as `answer` makes, so that the plans are the very same.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.distance import squared_chords
from troth.engine.carriage.network import Network
from troth.engine.carriage.transit import NEVER, find_coordinates
from troth.engine.choice.scoring import delay_costs, parcel_rates
from troth.engine.choice.solve import partition
from troth.engine.demand.problem import Parcel
from troth.engine.promising.case import Case
from troth.engine.promising.plain import PlainDemand, plan_parcels, pose_plain
from troth.engine.supply.unit_prices import with_age
from troth.model.order import Method
from troth.model.plan import Plan
from troth.model.policy import Policy

LINES_MAX: Final = 4
"""Demands of more lines are answered alone: there the arrays are large enough."""

_SENT: Final = (Method.SHIP, Method.DELIVERY)

_CELLS_MAX: Final = 65_536
"""How many sets of lines at candidates are priced at once, so that they stay in the cache."""


def answer_together(cases: Sequence[Case]) -> list[Plan | None]:
    """The plan that each case has by itself; None where it is to be asked: of what is not plain, or not all there."""
    found: list[Plan | None] = [None] * len(cases)
    groups: dict[object, list[tuple[int, PlainDemand]]] = {}
    for at, case in enumerate(cases):
        posed = pose_plain(case, lines_max=LINES_MAX) if case.demand.method in _SENT else None
        if posed is not None:
            groups.setdefault(_key(posed), []).append((at, posed))
    for group in groups.values():
        most = max(1, _CELLS_MAX // (group[0][1].way.lanes.lane.size << len(group[0][1].rows)))
        for start in range(0, len(group), most):
            some = group[start : start + most]
            for (at, _), plan in zip(some, _answer_all([posed for _, posed in some]), strict=True):
                found[at] = plan if plan is None else _with_age(plan, cases[at])
    return found


def _with_age(plan: Plan, case: Case) -> Plan:
    """The plan of a case that says of its unit prices that they were too old to be applied, where they were."""
    if case.prices is None:
        return plan
    return replace(plan, trace=with_age(plan.trace, case.prices, case.policy, case.now))


def _key(one: PlainDemand) -> tuple[int, int, int, int, tuple[int, int]]:
    """Equal for what can be priced at once."""
    lanes = one.way.lanes.lane.shape
    return id(one.case.network), id(one.case.policy), id(one.offer), len(one.rows), (lanes[0], lanes[1])


def _answer_all(posed: Sequence[PlainDemand]) -> list[Plan | None]:
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
        plans.append(plan_parcels(one, available[at], parcels, stocked[at]) if parcels else None)
    return plans


def _available(posed: Sequence[PlainDemand], nodes: int) -> NDArray[np.float64]:
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
    posed: Sequence[PlainDemand],
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
    posed: Sequence[PlainDemand],
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
