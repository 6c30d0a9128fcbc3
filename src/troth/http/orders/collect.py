"""When what is picked up can be collected, as quotes and orders show it."""

from datetime import datetime

from troth.engine.carriage.network import Network
from troth.engine.collecting import find_collecting
from troth.http.edge.values import Window
from troth.model.order import Fulfillment, Method
from troth.model.plan import Shipment
from troth.model.ways import counter_of


def collect_window(handed_over: Shipment | Fulfillment, network: Network, ready: datetime) -> Window | None:
    """The first opening hours in which it can be collected once it is ready; None where it is not picked up."""
    if handed_over.method not in (Method.PICKUP, Method.CURBSIDE):
        return None
    found = find_collecting(network, counter_of(handed_over), ready)
    return None if found is None else Window(found.opens, found.closes)
