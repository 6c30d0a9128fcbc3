"""What is worth knowing of when a pickup is ready."""

from collections.abc import Iterator

from troth.engine.carriage.network import Network
from troth.model.plan import Demand


def notes_on_pickup(demand: Demand, network: Network) -> Iterator[str]:
    """That the time of a pickup was measured at its node, with the work that waits there."""
    measured = network.load.ready_minutes
    if not measured:
        return
    named = [demand.pickup_node, *(line.terms.pickup_node for line in demand.lines if line.terms is not None)]
    positions = (network.hands_over_from(name) for name in named)
    for node in dict.fromkeys(network.nodes[at].node for at in positions if at >= 0):
        if node in measured:
            yield f"a pickup at {node} is ready in {measured[node]} minutes of its hours, as its tasks and queue say"
