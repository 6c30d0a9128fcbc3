"""In how many minutes the next pickup is ready at each node, as far as enough of its tasks were seen."""

from collections.abc import Mapping
from datetime import datetime

from troth.engine.carriage.network import Network
from troth.engine.work_times.task_times import KNOWN_TASKS, hour_class, ready_minutes, times_of
from troth.model.ids import NodeId
from troth.model.work_times import HourClass, TaskEvidence, TaskTimes


def measured_minutes(
    network: Network,
    cells: Mapping[NodeId, Mapping[HourClass, TaskEvidence]],
    waiting: Mapping[NodeId, int],
    now: datetime,
    remorse_minutes: int,
) -> dict[NodeId, int]:
    """The minutes of its hours in which each node with enough tasks has a pickup ready that comes now, behind those
    that are `waiting` there; other nodes are left out.
    """
    found = {}
    for name, seen in cells.items():
        times = node_times(network, name, seen, now)
        if times is not None and times.tasks >= KNOWN_TASKS:
            found[name] = ready_minutes(times, waiting.get(name, 0), remorse_minutes)
    return found


def node_times(
    network: Network, name: NodeId, seen: Mapping[HourClass, TaskEvidence], now: datetime
) -> TaskTimes | None:
    """How long a task takes at a node at an instant; None where it hands nothing over to customers."""
    position = network.index.get(name)
    if position is None or not network.nodes[position].pickup:
        return None
    node = network.nodes[position]
    return times_of(seen, hour_class(node.time_zone, now), now, set_minutes=float(max(1, node.pickup_minutes)))
