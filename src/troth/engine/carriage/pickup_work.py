"""How much work a pickup is at its node: as was measured there, or as is said of all nodes."""

from troth.engine.carriage.calendars import WorkClock
from troth.engine.carriage.network import Network


def pickup_minutes(network: Network, position: int, clock: WorkClock, ready_minutes: int) -> int:
    """The minutes of a node's hours in which a pickup is ready there: as measured with the work that waits before it,
    else the most of its processing and what a policy says of all, and that work.
    """
    load, node = network.load, network.nodes[position].node
    measured = load.ready_minutes.get(node)
    if measured is not None:
        return measured
    return max(clock.processing_minutes, ready_minutes) + max(0, load.queue_minutes.get(node, 0))
