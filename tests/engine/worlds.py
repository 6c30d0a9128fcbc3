"""Small worlds for the engine: nodes on one meridian, so that miles are simple arithmetic, and supply in one line."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time
from typing import Any

import numpy as np

from troth.engine.carriage.network import Network, compile_network
from troth.engine.carriage.rate_cards import DEFAULT_CARDS
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import ON_HAND, Source
from troth.model.network import Address, Node, NodeType, RateCard
from troth.model.order import Method
from troth.model.plan import Demand, DemandLine, Plan

MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)
HERE = Address("US", latitude=40.0, longitude=-90.0)
MILES_PER_DEGREE = 69.09
"""Along a meridian of a sphere with a radius of 3,958.8 miles."""


def node(name: str, *, degrees: float = 1.0, **facts: Any) -> Node:
    """A node so many degrees of latitude south of HERE, in UTC, open around the clock, with a cut-off at 14:00."""
    facts = {"type": NodeType.DC, "cut_off": time(14), **facts}
    return Node(NodeId(name), name=name, latitude=40.0 - degrees, longitude=-90.0, **facts)


def network(*nodes: Node, cards: Iterable[RateCard] = DEFAULT_CARDS) -> Network:
    return compile_network(nodes, tuple(cards))


def flat_card(minor: int, *, service: str = "standard", transit: int = 2, **facts: Any) -> RateCard:
    """A card with one zone and one price up to 30 kg."""
    shape: dict[str, Any] = {
        "zone_miles": (25_000.0,),
        "brackets_grams": (30_000,),
        "rates_minor": ((minor,),),
        "over_minor": (0,),
        "transit_days": (transit,),
    }
    return RateCard(service=service, carrier="test", currency="USD", **{**shape, **facts})


def rows(net: Network, *entries: tuple[str, int] | tuple[str, int, datetime]) -> SupplyRows:
    """Supply of one SKU: (node, units) on hand, or (node, units, from when)."""
    dates = [0.0 if len(entry) == 2 else entry[2].timestamp() for entry in entries]
    sources = [ON_HAND if date == 0.0 else Source(f"po/{number}/1") for number, date in enumerate(dates)]
    at = np.array([net.index[NodeId(entry[0])] for entry in entries], dtype=np.int32)
    return SupplyRows(
        at,
        np.array([entry[1] for entry in entries], dtype=np.int64),
        np.array(dates, dtype=np.float64),
        tuple(sources),
        is_plain=not any(dates) and bool((at[1:] > at[:-1]).all()),
    )


def supply(net: Network, **stock: Mapping[str, int]) -> dict[Sku, SupplyRows]:
    """Stock on hand, as sku={node: units}."""
    return {Sku(sku): rows(net, *by_node.items()) for sku, by_node in stock.items()}


def line(sku: str, quantity: int = 1, **facts: Any) -> DemandLine:
    """A line of half-kilogram units, named like its SKU."""
    facts = {"line_id": LineId(sku), "weight_grams": 500, **facts}
    return DemandLine(sku=Sku(sku), quantity=quantity, **facts)


def demand(*lines: DemandLine, **facts: Any) -> Demand:
    """A demand to be shipped to HERE by any service."""
    facts = {"destination": HERE, "method": Method.SHIP, **facts}
    return Demand(lines=tuple(lines), **facts)


def sent(plan: Plan) -> dict[str, dict[str, int]]:
    """Units by node and line."""
    found: dict[str, dict[str, int]] = {}
    for shipment in plan.shipments:
        for peg in shipment.pegs:
            lines = found.setdefault(str(shipment.node), {})
            lines[str(peg.line_id)] = lines.get(str(peg.line_id), 0) + peg.quantity
    return found


def reasons(plan: Plan) -> dict[str, tuple[int, str]]:
    """Uncovered units and why, by line."""
    return {str(item.line_id): (item.quantity, item.reason) for item in plan.uncovered}
