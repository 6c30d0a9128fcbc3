"""What rules are evaluated on: one demand, the network and the stock, with each field made into an array when first
asked for.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.carriage.transit import find_coordinates
from troth.engine.rules.facts import LOADERS, load_entry
from troth.engine.rules.fields import HISTORY, LANE, NODE, find_field
from troth.engine.rules.values import Value
from troth.engine.supply.supply import SupplyRows
from troth.engine.supply.unit_prices import UnitPrices
from troth.model.history import CustomerHistory
from troth.model.ids import NodeId, Sku
from troth.model.network import Address
from troth.model.order import Method
from troth.model.plan import Demand

_CELLS_MAX: Final = 2_000_000


class Ground:
    """The values of one demand's fields, each computed once. What only depends on the network, or on it and the
    destination, is remembered with the network. `order` is the whole of which the demand may be what is left, `loads`
    each limited node's share of its day of work that is promised, `history` what is known of the customer, and `known`
    are fields that somebody else has made.
    """

    __slots__ = (
        "_lane_key", "_values", "currency", "demand", "history", "loads", "network", "now", "order", "place",
        "prices", "supply",
    )  # fmt: skip

    def __init__(
        self,
        demand: Demand,
        supply: Mapping[Sku, SupplyRows],
        network: Network,
        *,
        currency: str,
        now: datetime,
        prices: UnitPrices | None = None,
        order: Demand | None = None,
        loads: Mapping[NodeId, float] | None = None,
        history: CustomerHistory | None = None,
        known: Mapping[str, Value] | None = None,
    ) -> None:
        self.demand, self.supply, self.network = demand, supply, network
        self.currency, self.now, self.prices = currency, now, prices
        self.order = order or demand
        self.loads = loads
        self.history = history
        self.place = _place_of(demand, network)
        self._values: dict[tuple[str, str], Value] = {(path, ""): value for path, value in (known or {}).items()}
        self._lane_key: object = None

    def field(self, path: str, key: str = "") -> Value:
        """The values of a field; with `key` of one entry of a field that is a map."""
        found = self._values.get((path, key))
        if found is None:
            found = self._values[path, key] = self._load(path, key)
        return found

    def remember(self, token: object, run: Callable[["Ground"], Value], *, has_lane: bool) -> Value:
        """What `run` comes to, remembered under the token: for the network, or for it and the destination."""
        memory, name = self.network.memory, "rules_by_lane" if has_lane else "rules"
        table = memory.tables.get(name)
        if table is None:
            memory.entries_max[name] = max(512, _CELLS_MAX // max(1, len(self.network.nodes)))
            table = memory.tables[name] = {}
        key = (token, self.lane_key()) if has_lane else token
        found = table.get(key)
        if not isinstance(found, Value):
            found = run(self)
            memory.keep(name, key, found)
        return found

    def on_hand(self) -> NDArray[np.float64] | None:
        """What each node has of each line (K, N), where a rule asked for it; None where that is no count of units."""
        if any([line.scale != 1 for line in self.demand.lines]):  # noqa: C419 - a list is quicker, for every order
            return None
        found = self._values.get(("stock.available", ""))
        return None if found is None else found.data

    def lane_key(self) -> object:
        """What the way from the nodes depends on."""
        if self._lane_key is None:
            demand, place = self.demand, self.place
            self._lane_key = (
                demand.method,
                demand.service,
                None if place is None else (*find_coordinates(place), place.country, place.subdivision, place.postcode),
            )
        return self._lane_key

    def _load(self, path: str, key: str) -> Value:
        if key:
            return load_entry(self, path, key)
        loader = LOADERS[path]
        field = find_field(path, HISTORY)
        reads = 0 if field is None else field.reads
        if reads == NODE:
            return self.remember((loader, self.currency), loader, has_lane=False)
        if reads == LANE:
            return self.remember(loader, loader, has_lane=True)
        return loader(self)


def _place_of(demand: Demand, network: Network) -> Address | None:
    """Where the goods go: the destination, or the node that hands them over."""
    at = None if demand.pickup_node is None else network.index.get(demand.pickup_node)
    if at is None or demand.method in (Method.SHIP, Method.DELIVERY):
        return demand.destination
    node = network.nodes[at]
    address = node.address
    return Address(
        country=address.country,
        city=address.city,
        region=address.region,
        region_code=address.region_code,
        postcode=address.postcode,
        latitude=node.latitude,
        longitude=node.longitude,
    )
