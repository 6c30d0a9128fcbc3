"""Why units of a line cannot be had although some node has them: the first thing that keeps those nodes from sending.

It is looked at only for lines that are short, node by node of those that have it: one pass over arrays, whatever the
number of rules and lines.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.carriage.restrictions import only_from
from troth.engine.carriage.timetable import Timetable
from troth.engine.carriage.transit import NEVER, Lanes
from troth.engine.demand.capacity import Need, find_full
from troth.engine.supply.kits import components_of
from troth.engine.supply.supply import NO_SUPPLY, SupplyRows
from troth.model.ids import NodeId, Sku
from troth.model.plan import DemandLine

Lack = tuple[str, str]
"""A reason's code, and a sentence where the code is not enough."""

_NODES_NAMED: Final = 3


def find_lacks(
    short: Iterable[int],
    asked: Sequence[DemandLine],
    rows: Sequence[SupplyRows],
    supply: Mapping[Sku, SupplyRows],
    network: Network,
    lanes: Lanes,
    timetable: Timetable,
    *,
    excluded: frozenset[NodeId],
    eligible: NDArray[np.bool_] | None,
    need: Need | None,
    minute: int,
) -> dict[int, Lack]:
    """What keeps back the units of `short` lines (positions in `asked`) that nodes have; a line that none has is left
    out.

    `eligible` (lines or 1, N) is who may send by rules and restrictions; those who may not have reasons of their own.
    """
    found: dict[int, Lack] = {}
    masks: dict[str, NDArray[np.bool_]] | None = None
    for at in short:
        held = np.bincount(rows[at].node_index, rows[at].available, network.positions.size)[: network.positions.size]
        has_it = held > 0
        only = only_from(asked[at])
        if only is not None:
            has_it &= network.positions == network.index.get(only, -1)
        if not has_it.any():
            idle = _find_idle(network, rows[at], only)
            if _is_apart(asked[at], supply):
                found[at] = ("components_apart", "no node has all of the kit's components")
            elif idle:
                told = ("inactive", tell_lack("inactive", network, idle))
                found[at] = told if only is None else _from_only(only, told)
            continue
        if masks is None:
            masks = _masks(network, lanes, timetable, excluded)
        if eligible is not None:
            has_it &= eligible[at if eligible.shape[0] > 1 else 0] | ~masks["usable"]
        lack = _first_lack(network, lanes, has_it, masks, need, minute)
        if only is not None:
            lack = _from_only(only, lack)
        if lack is not None:
            found[at] = lack
    return found


def find_inactive(asked: Sequence[DemandLine], supply: Mapping[Sku, SupplyRows], network: Network) -> dict[int, Lack]:
    """Of an order that no active node can reach, the lines (positions) of which only inactive nodes have anything."""
    found: dict[int, Lack] = {}
    for at, line in enumerate(asked):
        rows = supply.get(line.sku, NO_SUPPLY)
        has_it = set(rows.node_index[rows.available > 0].tolist()) | set(_find_idle(network, rows, None))
        if has_it and not network.is_active[sorted(has_it)].any():
            found[at] = ("inactive", tell_lack("inactive", network, sorted(has_it)))
    return found


def _masks(
    network: Network, lanes: Lanes, timetable: Timetable, excluded: frozenset[NodeId]
) -> dict[str, NDArray[np.bool_]]:
    """The nodes (N) by what keeps them from sending, each under the first reason that applies, and the `usable`."""
    left_out = np.zeros(network.positions.size, dtype=np.bool_)
    left_out[[network.index[node] for node in excluded if node in network.index]] = True
    offer = network.offer(lanes.method)
    offers = offer.is_offered[list(lanes.services)].any(axis=0) if lanes.services else np.zeros_like(left_out)
    no_lane = ~lanes.is_reachable if lanes.not_served is None else ~lanes.is_reachable & ~lanes.not_served
    never = (timetable.arrival_day.take(lanes.lane) >= NEVER).all(axis=0)
    masks: dict[str, NDArray[np.bool_]] = {}
    rest = np.ones_like(left_out)
    if lanes.pickup >= 0:  # what lies elsewhere is not at the node that hands it over, and that is all
        rest = network.positions == lanes.pickup
    for reason, is_met in (
        ("inactive", ~network.is_active),
        ("excluded", left_out),
        ("service_not_offered", ~offers),
        ("out_of_reach", no_lane),
        ("lane_not_served", ~lanes.is_reachable),
        ("no_service_to_destination", never),
    ):
        masks[reason] = rest & is_met
        rest = rest & ~is_met
    return masks | {"usable": rest}


def _first_lack(
    network: Network,
    lanes: Lanes,
    has_it: NDArray[np.bool_],
    masks: Mapping[str, NDArray[np.bool_]],
    need: Need | None,
    minute: int,
) -> Lack | None:
    """What comes nearest to sending: nodes that could but for their capacity, then those farther from it."""
    usable = np.flatnonzero(has_it & masks["usable"])
    full = [] if need is None else find_full(network, lanes, minute, need, usable.tolist())
    if full:
        return "no_capacity", f"no day of {_names(network, full)} has room for it"
    for reason in _TOLD:
        at = np.flatnonzero(has_it & masks[reason]).tolist()
        if at:
            return reason, tell_lack(reason, network, at)
    return None


def tell_lack(reason: str, network: Network, at: Sequence[int]) -> str:
    """Why nodes (positions) that have it do not send it, in a sentence."""
    return _TOLD[reason].format(nodes=_names(network, at)) + _tell_off(network, at if reason == "inactive" else ())


def _tell_off(network: Network, at: Sequence[int]) -> str:
    """Why those of some nodes are not active that were switched off, and until when."""
    off = [(network.nodes[position].node, network.nodes[position].off) for position in at[:_NODES_NAMED]]
    told = [f"{node} {one.tell()}" for node, one in off if one is not None]
    return f"; {', '.join(told)}" if told else ""


_TOLD: Final = {
    "lane_not_served": "stock of it lies at {nodes}, and a lane table says that the way from there is not served",
    "out_of_reach": "stock of it lies out of reach, at {nodes}",
    "service_not_offered": "stock of it lies at {nodes}, without the service that is asked for",
    "no_service_to_destination": "stock of it lies at {nodes}, from where it never gets there",
    "inactive": "stock of it lies at {nodes}, not active",
    "excluded": "stock of it lies at {nodes}, left out because this order failed there before",
}


def _names(network: Network, at: Sequence[int]) -> str:
    """The first few nodes by name, and how many more there are.

    Names come in the order of the network, which is by id.
    """
    named = ", ".join(network.nodes[position].node for position in at[:_NODES_NAMED])
    return named if len(at) <= _NODES_NAMED else f"{named} and {len(at) - _NODES_NAMED} more nodes"


def _find_idle(network: Network, rows: SupplyRows, only: NodeId | None) -> list[int]:
    """The inactive nodes (positions) with free units by the books, of which nothing is available."""
    if rows.on_hand is None or rows.reserved is None or network.is_active.all():
        return []
    free = np.bincount(rows.node_index, np.maximum(0, rows.on_hand - rows.reserved), network.positions.size)
    is_asked = network.positions == network.index.get(only, -1) if only is not None else np.True_
    return np.flatnonzero((free > 0) & ~network.is_active & is_asked).tolist()


def _from_only(only: NodeId, lack: Lack | None) -> Lack:
    """What keeps back what is to come from one node that has some of it."""
    reason, sentence = lack or ("no_stock", "")
    return reason, "; ".join(filter(None, (f"it is to come from {only} only", sentence)))


def _is_apart(line: DemandLine, supply: Mapping[Sku, SupplyRows]) -> bool:
    """Whether a line is of a kit of which there is at least one over all nodes together."""
    parts = components_of(line)
    return parts != ((line.sku, 1),) and all(
        int(supply.get(sku, NO_SUPPLY).available.sum()) >= each for sku, each in parts
    )
