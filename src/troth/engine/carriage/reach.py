"""Which nodes can get a unit of an item to a place, and which can hand it over: without dates, costs and stock."""

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.carriage.restrictions import bar_large, find_bars, is_in
from troth.engine.carriage.sizes import find_large
from troth.engine.carriage.transit import Lanes, compute_miles, find_lanes
from troth.model.ids import LineId
from troth.model.item import Item
from troth.model.network import Address
from troth.model.order import Method
from troth.model.plan import DemandLine


def nodes_that_ship(network: Network, item: Item, destination: Address) -> NDArray[np.bool_]:
    """The nodes (N) that have a service which may carry a unit of the item from there to a destination."""
    lanes = find_lanes(network, Method.SHIP, destination, "")
    can = lanes.lane != lanes.absent
    grams_max = network.ship.grams_max
    if grams_max is not None:
        can = can & (grams_max[lanes.rate_lane] >= item.weight_grams)
    return _allowed(network, item, Method.SHIP, destination, lanes, can)


def nodes_that_hand_over(network: Network, item: Item) -> NDArray[np.bool_]:
    """The nodes (N) at which a customer may pick up a unit of the item."""
    lanes = find_lanes(network, Method.PICKUP, None, "")
    return _allowed(network, item, Method.PICKUP, None, lanes, network.is_pickup[np.newaxis])


def nodes_within(network: Network, latitude: float, longitude: float, *, miles: float) -> NDArray[np.bool_]:
    """The nodes (N) at most so many miles from a point in degrees."""
    found: NDArray[np.bool_] = compute_miles(network, latitude, longitude) <= miles
    return found


def nodes_in(network: Network, region: str) -> NDArray[np.bool_]:
    """The nodes (N) whose address lies in a country (`US`) or one of its regions (`US-NY`), remembered."""
    found = network.memory.tables["regions"].get(region)
    if isinstance(found, np.ndarray):
        return found
    inside = np.array([bool(is_in(node.address, (region,))) for node in network.nodes], dtype=np.bool_)
    network.memory.keep("regions", region, inside)
    return inside


def _allowed(
    network: Network,
    item: Item,
    method: Method,
    destination: Address | None,
    lanes: Lanes,
    can: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Of the services and nodes (services, N) that can, the nodes (N) that the item's restrictions leave."""
    offer, line = network.offer(method), DemandLine(LineId("1"), item.sku, 1, item=item)
    large = find_large(offer.sizes, (line,))
    if large or item.restrictions is not None:
        is_area = destination is not None and not destination.postcode
        bars = find_bars((line,), network, method, destination, lanes, is_area=is_area)
        bars = bar_large(bars, large, offer, lanes)
        can = can & bars.services[0][:, np.newaxis] & bars.nodes[0]
    allowed: NDArray[np.bool_] = np.any(can, axis=0)
    return allowed
