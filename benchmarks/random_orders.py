"""Random retailers and orders for the engine: DCs and stores over the United States, orders of one to many lines."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from troth.engine.carriage.network import Network, compile_network
from troth.engine.demand.availability import pose_question
from troth.engine.demand.problem import Problem
from troth.engine.promising.promise import plan
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import ON_HAND
from troth.model.network import Address, Node, NodeType
from troth.model.order import Method
from troth.model.plan import Demand, DemandLine, Plan
from troth.model.policy import Policy

NOW: Final = datetime(2026, 11, 23, 15, tzinfo=UTC)
POLICY: Final = Policy()
SHARES: Final = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
"""The share of the nodes that have an item: from what only few have to what nearly all have."""
_DC_SHARE: Final = 0.6


@dataclass(frozen=True, slots=True)
class Order:
    """One order, and what there is of its items at the nodes of a network."""

    network: Network
    demand: Demand
    supply: Mapping[Sku, SupplyRows]

    def plan(self) -> Plan:
        """What the engine promises, by way of its one door."""
        return plan(self.demand, self.supply, self.network, POLICY, NOW)

    def pose(self) -> Problem:
        """The problem that its solvers get."""
        found = pose_question(self.demand, self.supply, self.network, POLICY, NOW.timestamp()).problem
        if found is None:
            raise RuntimeError("nothing of a random order can be covered")
        return found


def make_network(random: np.random.Generator, count: int) -> Network:
    """One DC for every fifty nodes, and stores, each with costs of its own."""
    nodes = []
    for number in range(count):
        latitude, longitude = float(random.uniform(26.0, 48.0)), float(random.uniform(-123.0, -70.0))
        is_dc = number % 50 == 0
        nodes.append(
            Node(
                NodeId(f"N{number:04d}"),
                NodeType.DC if is_dc else NodeType.STORE,
                f"Node {number}",
                latitude,
                longitude,
                _time_zone(longitude),
                handling_minor=int(random.integers(20, 60) if is_dc else random.integers(60, 160)),
                shipment_minor=int(random.integers(50, 120) if is_dc else random.integers(100, 250)),
            )
        )
    return compile_network(nodes)


def make_orders(
    random: np.random.Generator, network: Network, count: int, *, lines: int, share: float | None = None
) -> Iterator[Order]:
    """Orders of so many lines to anywhere; every item is at a random share of the nodes, and at more of the DCs.

    A third of them has bulky goods, a third is needed by a date.
    """
    nodes = len(network.nodes)
    is_dc = np.array([node.type is NodeType.DC for node in network.nodes])
    for _ in range(count):
        part = float(random.choice(SHARES)) if share is None else share
        need_by = NOW + timedelta(days=int(random.integers(2, 6))) if random.random() < 0.33 else None
        is_bulky = bool(random.random() < 0.33)
        wanted, supply = [], {}
        for number in range(lines):
            sku = Sku(f"S{number:02d}")
            wanted.append(
                DemandLine(
                    LineId(str(number)),
                    sku,
                    int(random.choice((1, 1, 1, 2, 3))),
                    weight_grams=int(random.lognormal(6.5, 0.9)) + 20,
                    volume_cm3=int(random.lognormal(8.0, 1.0)) if is_bulky else 0,
                    need_by=need_by,
                )
            )
            at = np.flatnonzero(random.random(nodes) < np.where(is_dc, max(part, _DC_SHARE), part))
            if not at.size:
                at = random.integers(0, nodes, 1)
            supply[sku] = SupplyRows(
                at.astype(np.int32), random.integers(3, 9, at.size), np.zeros(at.size), (ON_HAND,) * at.size
            )
        where = Address(
            "US", latitude=float(random.uniform(28.0, 47.0)), longitude=float(random.uniform(-120.0, -72.0))
        )
        yield Order(network, Demand(tuple(wanted), where, Method.SHIP), supply)


def _time_zone(longitude: float) -> str:
    if longitude > -85.0:
        return "America/New_York"
    if longitude > -102.0:
        return "America/Chicago"
    return "America/Denver" if longitude > -114.0 else "America/Los_Angeles"
