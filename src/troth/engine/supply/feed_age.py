"""How old the newest stock feed of each node is, and what follows where one is late: its stock is not counted on.

A node that says how often its feed is due is late once the newest one is older than that; nothing of it is shown or
promised until another comes. What a node has promised before stays promised.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import NodeId
from troth.model.measure import shown

NEVER_FED: Final = 0.0
"""As of when (POSIX) the newest feed of a node is that has sent none."""

_HOUR_SECONDS: Final = 3600.0


def feed_ages(network: Network, now: float) -> NDArray[np.float64]:
    """The age (hours, N) of each node's newest feed at a time (POSIX); not a number where it is not known."""
    fed_at = network.load.fed_at
    if fed_at is None:
        return np.full(len(network.nodes), np.nan)
    return (now - fed_at) / _HOUR_SECONDS


def late_nodes(network: Network, now: float) -> NDArray[np.bool_] | None:
    """The nodes (N) whose feed is late at a time (POSIX); None where no feed is.

    Of a node of which no feed is known it is not said that it is late: who knows that it never sent one says so.
    """
    if network.feed_due is None or network.load.fed_at is None:
        return None
    late: NDArray[np.bool_] = now - network.load.fed_at > network.feed_due
    return late if late.any() else None


def fed_rows(rows: SupplyRows, network: Network, now: float, *, decimals: int = 0) -> SupplyRows:
    """The rows without what nodes have whose feed is late at a time (POSIX); they say how much that is, and why.

    Of what is sold by measure units have so many `decimals`.
    """
    late = late_nodes(network, now)
    if late is None:
        return rows
    is_late = late[rows.node_index]
    kept = np.where(is_late, rows.available, 0)
    if not kept.any():
        return rows
    names = [network.nodes[position].node for position in np.unique(rows.node_index[kept > 0]).tolist()]
    units = shown(int(kept.sum()), decimals)
    note = ("feed_late", f"{units} units are at nodes whose stock feed is late: {', '.join(names[:5])}")
    withheld = kept if rows.withheld is None else rows.withheld + kept
    return replace(rows, available=rows.available - kept, withheld=withheld, note=note)


def is_late(network: Network, node: NodeId, now: float) -> bool:
    """Whether a node's feed is late at a time (POSIX)."""
    late = late_nodes(network, now)
    return late is not None and bool(late[network.index[node]])


def find_late(network: Network, now: float) -> tuple[NodeId, ...]:
    """The nodes whose feed is late at a time (POSIX), by id."""
    late = late_nodes(network, now)
    return () if late is None else tuple(network.nodes[position].node for position in np.flatnonzero(late).tolist())


def fed_at_of(network: Network, known: Mapping[NodeId, float]) -> dict[NodeId, float]:
    """As of when the newest feed of each node is, where that is known; of one that is due also that none came."""
    due = {node.node: NEVER_FED for node in network.nodes if node.feed_due_every_hours is not None}
    return {**due, **{node: at for node, at in known.items() if node in network.index}}
