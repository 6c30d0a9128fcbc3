"""An instance as the promising engine sees it: nodes, rate cards, supply and orders. What the engine chooses there is
what the families' simulation chooses, and a test and the benchmark hold them against each other.

Each node has a rate card of its own whose zones are the regions, by distance, and whose brackets are units of one
kilogram. Not to serve is a drop-ship node with stock of everything. A dollar has 10,000 minor units: nothing is lost.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network, compile_network
from troth.engine.carriage.transit import compute_miles
from troth.engine.promising.promise import plan
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import ON_HAND
from troth.model.network import Address, Node, NodeType, RateCard
from troth.model.order import Method
from troth.model.plan import Demand, DemandLine, Plan
from troth.model.policy import Policy
from troth.model.value import dataclass
from troth.planning.prices import to_unit_prices
from troth.replay.families.instance import DECIMALS, Instance
from troth.replay.families.places import Place

MINOR: Final = 10**DECIMALS
_NOW: Final = datetime(2026, 1, 5, 10, tzinfo=UTC)
_KILOGRAM: Final = 1000
_UNSERVED: Final = Place("~UNSERVED", 8.5, -35.5)  # its id comes last; no two regions are equally far from it
_PLENTY: Final = 10**9
_POLICY: Final = Policy(
    version="families", split_minor=0, delay_minor_per_day=0, late_minor_per_day=0, shipments_max=16
)


@dataclass(frozen=True, slots=True, eq=False)
class EngineWorld:
    """An instance's network for the engine, and the node of each of the instance's sources (N)."""

    instance: Instance
    network: Network
    nodes: tuple[NodeId, ...]

    def plan(self, one: int, left: NDArray[np.int64], prices: NDArray[np.float64]) -> Plan:
        """What the engine plans for an order of a class with these units left (P) at these prices (P, dollars)."""
        instance = self.instance
        region = instance.family.regions[int(instance.classes.region[one])]
        items = instance.classes.items[one]
        demand = Demand(
            tuple(DemandLine(LineId(str(item)), sku_of(item), 1, weight_grams=_KILOGRAM) for item in items),
            _address(region),
            Method.SHIP,
        )
        centers = self.nodes[: instance.classes.node_count]
        skus = [sku_of(item) for item in range(instance.classes.item_count)]
        units = to_unit_prices(prices, skus, centers, version="families", made_at=_NOW, minor_per_unit=MINOR)
        supply = {sku_of(item): self._supply(item, left) for item in items}
        return plan(demand, supply, self.network, _POLICY, _NOW, prices=units)

    def _supply(self, item: int, left: NDArray[np.int64]) -> SupplyRows:
        count = self.instance.classes.node_count
        units = [*left[item * count : (item + 1) * count].tolist(), _PLENTY]
        held = [(self.network.index[node], have) for node, have in zip(self.nodes, units, strict=True) if have > 0]
        return SupplyRows(
            np.array([node for node, _ in held], dtype=np.int32),
            np.array([have for _, have in held], dtype=np.int64),
            np.zeros(len(held)),
            (ON_HAND,) * len(held),
        )


def engine_world(instance: Instance) -> EngineWorld:
    """The instance for the engine."""
    places = (*instance.family.centers, _UNSERVED)
    bare = compile_network([_node(place, 0) for place in places])
    nodes, cards = [], []
    for source, place in enumerate(places):
        fixed = float(instance.classes.fixed[0, source])
        nodes.append(_node(place, round(fixed * MINOR)))
        miles = [
            float(
                compute_miles(bare, round(region.latitude, 2), round(region.longitude, 2))[bare.index[nodes[-1].node]]
            )
            for region in instance.family.regions
        ]
        cards.append(_card(place.name, miles, instance.classes.unit[:, source], instance.family.size_max))
    return EngineWorld(instance, compile_network(nodes, cards), tuple(node.node for node in nodes))


def sku_of(item: int) -> Sku:
    """The SKU of an item."""
    return Sku(f"I{item:03d}")


def choice_of(found: Plan) -> tuple[frozenset[tuple[str, frozenset[str]]], int]:
    """Which node sends which SKUs, and what that costs with the worth of its units, in minor units."""
    parts = frozenset((str(one.node), frozenset(str(peg.sku) for peg in one.pegs)) for one in found.shipments)
    return parts, sum(sum(one.cost.values()) for one in found.shipments)


def _node(place: Place, parcel_minor: int) -> Node:
    return Node(
        NodeId(place.name),
        NodeType.DROP_SHIP if place is _UNSERVED else NodeType.DC,
        place.name,
        place.latitude,
        place.longitude,
        services=(place.name,),
        shipment_minor=parcel_minor,
    )


def _card(service: str, miles: Sequence[float], unit: NDArray[np.float64], units_max: int) -> RateCard:
    order = np.argsort(miles, kind="stable").tolist()
    limits = [(miles[one] + miles[other]) / 2.0 for one, other in pairwise(order)]
    minor = [round(float(unit[region]) * MINOR) for region in order]
    return RateCard(
        service=service,
        carrier="parcel",
        currency="USD",
        zone_miles=(*limits, 25_000.0),
        brackets_grams=tuple(_KILOGRAM * count for count in range(1, units_max + 1)),
        rates_minor=tuple(tuple(one * count for count in range(1, units_max + 1)) for one in minor),
        over_minor=tuple(minor),
        transit_days=(1,) * len(minor),
    )


def _address(region: Place) -> Address:
    return Address("US", latitude=region.latitude, longitude=region.longitude)
