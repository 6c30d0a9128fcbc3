"""To which node goods that are mailed go: where they are worth most, net of the way there and of the work on them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.transit import compute_miles, find_coordinates
from troth.engine.policies.return_rules import nodes_that_take
from troth.engine.promising.context import Facts
from troth.engine.returns.asking import Asked, ground_of, return_demand
from troth.engine.returns.returnable import unit_places
from troth.engine.rules.ground import Ground
from troth.engine.supply.supply import SupplyRows
from troth.engine.supply.unit_prices import UnitPrices, align, fresh, is_fresh
from troth.model.ids import NodeId, Sku
from troth.model.measure import scale_of
from troth.model.money import currency_decimals
from troth.model.network import Address
from troth.model.order import Order
from troth.model.return_rules import ReturnRouting
from troth.model.value import dataclass

Array = NDArray[np.float64]

_PERCENT: Final = 100.0


@dataclass(frozen=True, slots=True)
class NodeWorth:
    """What the goods of a return are worth at a node, and of what that is made (minor units, halves to even).

    `markdown_minor` is what they lose there because so many lie there already, `later_minor` what units there will save
    later orders. `miles` is None where it is not known how far the node is.
    """

    node: NodeId
    worth_minor: int
    resale_minor: int
    markdown_minor: int
    later_minor: int
    freight_minor: int
    handling_minor: int
    processing_minor: int
    miles: float | None


def find_worths(
    order: Order,
    lines: Sequence[Asked],
    supply: Mapping[Sku, SupplyRows],
    facts: Facts,
    place: Address | None = None,
) -> tuple[NodeWorth, ...]:
    """Every active node that takes all of these units back, with what they are worth there, the best first.

    All nodes are looked at, so that the first is the best there is; of equals the first by id. Distances and freight
    are those from `place`, or from where the order went.
    """
    network = facts.network
    takes = network.is_active.copy()
    for asked in lines:
        takes &= nodes_that_take(facts.returns.rules.nodes, ground_of(order, asked, facts))
    terms = facts.returns.rules.routing
    count = len(network.nodes)
    resale, markdown, later, processing = (np.zeros(count) for _ in range(4))
    units = _units(order, lines)
    for (sku, scale), quantity in units.items():
        one = _worth_of_sku(order, sku, quantity, scale, supply.get(sku), terms, facts)
        resale, markdown, later = resale + one[0], markdown + one[1], later + one[2]
        pieces = -(-quantity // scale)
        processing += pieces * np.array([terms.processing_minor + node.return_minor for node in network.nodes])
    pieces_of_all = sum(-(-quantity // scale) for (_sku, scale), quantity in units.items())
    handling = network.handling * pieces_of_all
    freight, miles = _ways(order, lines, facts, place)
    worth = resale - markdown + later - freight - handling - processing
    found = [
        NodeWorth(
            network.nodes[at].node,
            round(worth.item(at)),
            round(resale.item(at)),
            round(markdown.item(at)),
            round(later.item(at)),
            round(freight.item(at)),
            round(handling.item(at)),
            round(processing.item(at)),
            None if miles is None else round(miles.item(at), 1),
        )
        for at in np.flatnonzero(takes).tolist()
    ]
    return tuple(sorted(found, key=lambda one: (-one.worth_minor, one.node)))


def nearest_stores(worths: Sequence[NodeWorth], facts: Facts) -> tuple[NodeWorth, ...]:
    """The nodes among these to which the customer may bring the goods, the nearest first."""
    network = facts.network
    stores = [one for one in worths if network.is_pickup[network.index[one.node]] and one.miles is not None]
    stores.sort(key=lambda one: (one.miles, one.node))
    return tuple(stores[: facts.returns.rules.routing.stores_max])


def _units(order: Order, lines: Sequence[Asked]) -> dict[tuple[Sku, int], int]:
    """The units by SKU and scale; of kits those of their components."""
    scales = {line.line_id: scale_of(line.decimals) for line in order.lines}
    units: dict[tuple[Sku, int], int] = {}
    for asked in lines:
        for (line_id, sku), count in unit_places(order, asked.line_id, asked.sku, asked.quantity).items():
            key = (sku, scales[line_id])
            units[key] = units.get(key, 0) + count
    return units


def _worth_of_sku(
    order: Order,
    sku: Sku,
    quantity: int,
    scale: int,
    rows: SupplyRows | None,
    terms: ReturnRouting,
    facts: Facts,
) -> tuple[Array, Array, Array]:
    """What units of a SKU sell for at each node (N), what they lose there, and what they save later orders."""
    network, item = facts.network, facts.items.get(sku)
    count = len(network.nodes)
    pieces = quantity / scale
    price = 0 if item is None or item.currency != facts.policy.currency else item.price_minor
    resale = np.full(count, price * pieces * terms.restock_percent / _PERCENT)
    prices = None if facts.prices is None else fresh(facts.prices, facts.now, facts.policy.prices_hours_max)
    weekly = np.full(count, -1.0) if prices is None else align(prices.weekly_units, sku, network, missing=-1.0)
    if _is_priced(facts.prices, facts):
        assert facts.prices is not None  # what is not there is not priced
        later = align(facts.prices.minor, sku, network) * pieces
        marked = align(facts.prices.markdown_minor, sku, network) * pieces
        return resale, np.minimum(marked, resale), later
    here = np.zeros(count)
    if rows is not None:
        is_there = rows.available_from == 0.0
        here = np.bincount(rows.node_index[is_there], rows.available[is_there], count)[:count] / scale
    is_late = (weekly >= 0.0) & (here + pieces > terms.cover_weeks_max * weekly)
    return resale, np.where(is_late, resale * terms.markdown_percent / _PERCENT, 0.0), np.zeros(count)


def _is_priced(prices: UnitPrices | None, facts: Facts) -> bool:
    """Whether there are prices of units that still count."""
    return prices is not None and bool(prices.version) and is_fresh(prices, facts.now, facts.policy.prices_hours_max)


def _ways(order: Order, lines: Sequence[Asked], facts: Facts, place: Address | None) -> tuple[Array, Array | None]:
    """What the cheapest parcel of all units costs between the customer and each node (N, minor units), and the miles;
    a node to which none is known costs nothing, as does every node where it is not known where the customer is.
    """
    network = facts.network
    demand = return_demand(order, tuple((one.line_id, one.sku, one.quantity) for one in lines), facts)
    where = place or demand.destination
    ground = Ground(replace(demand, destination=where), {}, network, currency=facts.policy.currency, now=facts.now)
    found = ground.field("lane.cost")
    minor = np.broadcast_to(
        np.asarray(found.data, dtype=np.float64) * 10 ** currency_decimals(facts.policy.currency), (len(network.nodes),)
    )
    known = np.broadcast_to(np.asarray(found.known, dtype=np.bool_), minor.shape)
    latitude, longitude = find_coordinates(where)
    miles = None if latitude is None or longitude is None else compute_miles(network, latitude, longitude)
    return np.where(known, minor, 0.0), miles
