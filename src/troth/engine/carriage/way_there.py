"""Where a demand is handed over, and by which way it gets there from the nodes."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.carriers import Desk
from troth.engine.carriage.network import Network
from troth.engine.carriage.timetable import Timetable, find_timetable
from troth.engine.carriage.transit import NEVER, Lanes, find_lanes
from troth.model.ids import NodeId
from troth.model.order import Method
from troth.model.plan import Demand
from troth.model.value import dataclass


def pickup_position(demand: Demand, network: Network) -> tuple[int, str]:
    """The position of the node where the goods are to be handed over (-1: they are sent), or why it cannot be there."""
    if demand.method in (Method.SHIP, Method.DELIVERY):
        return -1, ""
    position = -1 if demand.pickup_node is None else network.index.get(demand.pickup_node, -1)
    if position < 0:
        return -1, "unknown_node"
    if demand.pickup_node in demand.excluded_nodes:
        return -1, "excluded"
    return (position, "") if network.is_pickup[position] else (-1, "no_pickup_there")


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """How the nodes reach where a demand goes: the `lanes` that it may go by and the timetable of all there are, the
    first day on which anything arrives by any of them, and the nodes (N) from which nothing ever does (None: no such).
    """

    lanes: Lanes
    timetable: Timetable
    earliest_day: float
    unreached: NDArray[np.bool_] | None

    @property
    def is_there(self) -> bool:
        """Whether any node has a way that the demand may go by."""
        return self.earliest_day < NEVER and (self.unreached is None or not self.unreached.all())


def find_way(demand: Demand, network: Network, pickup: int, minute: int, *, ready_minutes: int) -> Way:
    """The way of a demand that is handed over at the position `pickup` (-1: it is sent), from a minute on.

    What is sent to a node that then hands it over arrives when it is ready there. Ways are remembered for as long as
    their lanes have the same dates.
    """
    desk = _find_desk(demand, network, ready_minutes) if pickup < 0 else None
    every = find_lanes(network, demand.method, demand.destination, "", pickup, desk=desk)
    timetable = find_timetable(network, every, minute, ready_minutes=ready_minutes)
    lanes = every
    if demand.service and pickup < 0:
        lanes = find_lanes(network, demand.method, demand.destination, demand.service, pickup, desk=desk)
    if demand.excluded_nodes:
        return _way(every, _without_nodes(network, lanes, demand.excluded_nodes), timetable)
    key = (every, lanes, timetable)
    found = network.memory.tables["ways"].get(key)
    if isinstance(found, Way):
        return found
    way = _way(every, lanes, timetable)
    network.memory.keep("ways", key, way)
    return way


def _way(every: Lanes, lanes: Lanes, timetable: Timetable) -> Way:
    """The way by these lanes, which are some of all there are."""
    earliest = float(timetable.arrival_day.take(every.lane).min(initial=NEVER))
    return Way(lanes, timetable, earliest, _find_unreached(timetable, lanes))


def _find_desk(demand: Demand, network: Network, ready_minutes: int) -> Desk | None:
    """The desk of the node that hands over what is sent to it; None where the goods go to the customer."""
    position = -1 if demand.pickup_node is None else network.index.get(demand.pickup_node, -1)
    if position < 0:
        return None
    clock = network.clocks[network.clock_index[position]]
    return Desk(clock, max(clock.processing_minutes, ready_minutes, 0))


def _find_unreached(timetable: Timetable, lanes: Lanes) -> NDArray[np.bool_] | None:
    """The nodes (N) from which no service arrives at all; None where every service of every node does."""
    if timetable.is_complete and lanes.is_complete:
        return None
    unreached: NDArray[np.bool_] = np.all(timetable.arrival_day.take(lanes.lane) >= NEVER, axis=0)
    return unreached


def _without_nodes(network: Network, lanes: Lanes, excluded: frozenset[NodeId]) -> Lanes:
    """The lanes without those of nodes that a demand excludes."""
    at = sorted(network.index[node] for node in excluded if node in network.index)
    is_lost = lanes.is_reachable[at]
    if not is_lost.any():
        return lanes
    lane, is_reachable = lanes.lane.copy(), lanes.is_reachable.copy()
    lane[:, at] = lanes.absent
    is_reachable[at] = False
    return replace(
        lanes,
        lane=lane,
        is_reachable=is_reachable,
        is_complete=False,
        removed={**lanes.removed, "excluded": int(is_lost.sum())},
    )
