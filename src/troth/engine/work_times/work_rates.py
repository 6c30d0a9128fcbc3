"""How well each node does its work, as rules and costs count on it: what little is known of a node leans on the nodes
of its type, and these on all.

Shares are of so many days of work; the time of a task is that by which pickups are promised, of all hours together. A
node of which nothing is known has what all begin with, so that a rule about it can always be evaluated.

*Source:* the beta-binomial model and shrinkage of B. Efron and C. Morris, "Stein's estimation rule and its
competitors", *JASA* 68 (1973).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.work_times.task_times import node_minutes
from troth.model.ids import NodeId
from troth.model.work_times import DayTally, HourClass, TaskEvidence, WorkRates

RATE_DAYS: Final = 28
"""Over so many days, today among them, work counts for the shares."""
STRENGTH: Final = 20.0
"""What is known of all nodes is worth so many works or units to each type, and what is known of a type to each node."""
FIRST: Final = WorkRates(accept=0.98, short=0.02, on_time=0.95, task_minutes=0.0)
"""The shares that all begin with. The time of a task begins with what the node was set to need (`pickup_minutes`)."""

_DECIMALS: Final = 4


def estimate_work_rates(
    network: Network,
    tallies: Mapping[NodeId, DayTally],
    cells: Mapping[NodeId, Mapping[HourClass, TaskEvidence]],
    now: datetime,
) -> dict[NodeId, WorkRates]:
    """The rates of every node of the network, from how its days went (`tallies`, summed over them) and what was seen of
    its tasks (`cells`); empty where nothing was seen of any.
    """
    if not tallies and not cells:
        return {}
    found = [tallies.get(node.node, DayTally(node.node, now.date())) for node in network.nodes]
    types = np.array([node.type for node in network.nodes], dtype=np.str_)
    taken = shrink(
        _counts(one.done for one in found),
        _counts(one.done + one.rejected + one.missed for one in found),
        types,
        first=FIRST.accept,
    )
    short = shrink(_counts(one.short for one in found), _counts(one.units for one in found), types, first=FIRST.short)
    on_time = shrink(
        _counts(one.on_time for one in found), _counts(one.done for one in found), types, first=FIRST.on_time
    )
    minutes = [
        node_minutes(cells[node.node], now, set_minutes=float(node.pickup_minutes))
        if node.node in cells
        else float(node.pickup_minutes)
        for node in network.nodes
    ]
    rates = np.round(np.array([taken, short, on_time, minutes]), _DECIMALS).T.tolist()
    return {node.node: WorkRates(*one) for node, one in zip(network.nodes, rates, strict=True)}


def shrink(
    hits: NDArray[np.float64], trials: NDArray[np.float64], groups: NDArray[np.str_], *, first: float
) -> NDArray[np.float64]:
    """The share of hits among the trials of each node (N), which leans on that of its group, as that does on all.

    >>> shares = shrink(np.array([60.0, 20.0]), np.array([60.0, 40.0]), np.array(["dc", "store"]), first=1.0)
    >>> [round(float(share), 4) for share in shares]
    [0.9896, 0.537]
    """
    whole = (STRENGTH * first + hits.sum()) / (STRENGTH + trials.sum())
    shares = np.empty(hits.size)
    for group in np.unique(groups):
        is_in = groups == group
        of_group = (STRENGTH * whole + hits[is_in].sum()) / (STRENGTH + trials[is_in].sum())
        shares[is_in] = (STRENGTH * of_group + hits[is_in]) / (STRENGTH + trials[is_in])
    return shares


def rates_there(network: Network) -> NDArray[np.float64]:
    """The rates (4, N) in the order of `WorkRates` that are known of these nodes, or what each begins with."""
    rates = network.load.rates
    if rates is None:
        return _first_rates(network)
    return np.where(np.isnan(rates), _first_rates(network), rates)


def rates_of(network: Network, name: NodeId) -> WorkRates:
    """The rates that are counted on of one node; of one that the network lacks what all begin with."""
    position = network.index.get(name)
    return FIRST if position is None else WorkRates(*rates_there(network)[:, position].tolist())


def _first_rates(network: Network) -> NDArray[np.float64]:
    """What each node begins with (4, N), remembered with the network."""
    found = network.memory.tables["costs"].get("rates")
    if isinstance(found, np.ndarray):
        return found
    rates = np.tile(np.array(FIRST)[:, np.newaxis], len(network.nodes))
    rates[-1] = [node.pickup_minutes for node in network.nodes]
    network.memory.keep("costs", "rates", rates)
    return rates


def _counts(counts: Iterable[int]) -> NDArray[np.float64]:
    return np.array(list(counts), dtype=np.float64)
