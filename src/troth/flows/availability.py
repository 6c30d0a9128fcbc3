"""What may be sold now, out of the memory of the process: the same numbers from which orders are promised.

Where another process sold the stock a number is some hundred milliseconds old; capturing the order checks it again.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.kits import kit_rows
from troth.engine.line_terms import components, explode
from troth.engine.network import Network
from troth.engine.shelf_life import fresh_rows
from troth.engine.supply import NO_SUPPLY, SupplyRows
from troth.flows.places import find_coordinates
from troth.flows.system import System
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.measure import scale_of, shown
from troth.model.refusals import Busy, FieldFlaw, Invalid

LOW_STOCK_MAX: Final = 5
"""From one unit up to this many a SKU is low in stock."""

_NEAREST_MAX: Final = 5
_LOADS_MAX: Final = 5
_EARTH_MILES: Final = 3958.8


class StockStatus(StrEnum):
    """How much of a SKU there is, in one word."""

    IN_STOCK = "in_stock"
    LOW_STOCK = "low_stock"
    BACKORDER = "backorder"
    OUT_OF_STOCK = "out_of_stock"


@dataclass(frozen=True, slots=True)
class Stock:
    """Units that can be promised now, those that can be promised of what is coming, and when that begins to come; of
    what is sold by measure they have so many `decimals`.
    """

    available: int
    incoming: int
    next_supply_at: datetime | None
    decimals: int = 0

    @property
    def status(self) -> StockStatus:
        """The units in one word."""
        if self.available > 0:
            return (
                StockStatus.IN_STOCK
                if self.available > LOW_STOCK_MAX * scale_of(self.decimals)
                else StockStatus.LOW_STOCK
            )
        return StockStatus.BACKORDER if self.incoming > 0 else StockStatus.OUT_OF_STOCK

    @property
    def message(self) -> str:
        """A sentence for a product page.

        >>> Stock(3, 0, None).message
        'Only 3 left'
        """
        match self.status:
            case StockStatus.IN_STOCK:
                return "In stock"
            case StockStatus.LOW_STOCK:
                return f"Only {shown(self.available, self.decimals)} left"
            case StockStatus.BACKORDER if self.next_supply_at is not None:
                return f"On backorder, expected {self.next_supply_at.date().isoformat()}"
            case _:
                return "Out of stock"


@dataclass(frozen=True, slots=True)
class NodeStock:
    """The stock of one node, and how far it is (miles) where the customer's place is known."""

    node: NodeId
    stock: Stock
    miles: float | None


@dataclass(frozen=True, slots=True)
class Availability:
    """The stock of one SKU over all nodes, and at those that were asked for."""

    sku: Sku
    stock: Stock
    nodes: tuple[NodeStock, ...]


@dataclass(frozen=True, slots=True)
class Near:
    """Where the customer is: the nearest nodes that hand over to customers and have the SKU are answered too."""

    country: str
    postcode: str


async def read_availability(
    system: System, skus: Sequence[Sku], *, nodes: Sequence[NodeId] = (), near: Near | None = None
) -> tuple[Availability, ...] | Invalid | Busy:
    """What may be sold of each SKU, in the order of the SKUs."""
    door = system.door
    wanted = await door.reference.need_kits(skus)
    for _ in range(_LOADS_MAX):
        await door.need_stock(wanted)
        if not door.index.missing(wanted):
            break
    else:
        return Busy(_LOADS_MAX)
    network, items = door.reference.network, door.reference.items
    flaws = [FieldFlaw("?sku", f"there is no item {sku}") for sku in skus if sku not in items]
    flaws += [FieldFlaw("?node", f"there is no node {node}") for node in nodes if node not in network.index]
    miles = None
    if near is not None:
        miles = _miles(network, near)
        if miles is None:
            flaws.append(FieldFlaw("?postcode", f"{near.postcode} is no known place in {near.country}"))
    if flaws:
        return Invalid(tuple(flaws))
    now = door.now().timestamp()
    rows = {sku: fresh_rows(door.index.rows(sku), now) for sku in wanted}
    return tuple(_availability(items[sku], _rows_of(sku, rows, items), network, now, nodes, miles) for sku in skus)


def _rows_of(sku: Sku, rows: Mapping[Sku, SupplyRows], items: Mapping[Sku, Item]) -> SupplyRows:
    """What there is of a SKU; of a kit, how many could be made at each node by each date if nothing else were sold."""
    if not items[sku].kit:
        return rows[sku]
    kit = explode(sku, items) if components(sku, items) <= items.keys() else None
    return NO_SUPPLY if kit is None else kit_rows(kit, rows)


def _availability(
    item: Item,
    rows: SupplyRows,
    network: Network,
    now: float,
    nodes: Sequence[NodeId],
    miles: NDArray[np.float64] | None,
) -> Availability:
    asked = [network.index[node] for node in nodes]
    if miles is not None and not asked:
        asked = _nearest(rows, network, miles)
    by_node = tuple(
        NodeStock(
            network.nodes[position].node,
            replace(_stock(rows, now, rows.node_index == position), decimals=item.decimals),
            None if miles is None else round(float(miles[position]), 1),
        )
        for position in asked
    )
    return Availability(item.sku, replace(_stock(rows, now), decimals=item.decimals), by_node)


def _stock(rows: SupplyRows, now: float, where: NDArray[np.bool_] | None = None) -> Stock:
    available = rows.available if where is None else rows.available[where]
    if not rows.has_dated:
        return Stock(int(available.sum()), 0, None)
    available_from = rows.available_from if where is None else rows.available_from[where]
    is_dated = (available_from > 0.0) & (available > 0)
    incoming = int(available[is_dated].sum())
    at = None
    if incoming:
        # What should have come already is expected any moment.
        at = datetime.fromtimestamp(max(now, float(available_from[is_dated].min())), UTC).replace(microsecond=0)
    return Stock(int(available.sum()) - incoming, incoming, at)


def _nearest(rows: SupplyRows, network: Network, miles: NDArray[np.float64]) -> list[int]:
    """The nearest nodes that hand over to customers and have units now; of two at one distance the first by id."""
    positions = np.unique(rows.node_index[(rows.available > 0) & (rows.available_from == 0.0)])
    positions = positions[network.is_pickup[positions]]
    order = np.argsort(miles[positions], kind="stable")[:_NEAREST_MAX]
    return [int(position) for position in positions[order]]


def _miles(network: Network, near: Near) -> NDArray[np.float64] | None:
    """How far each node is, by the great circle; None where the place is not known."""
    found = find_coordinates(near.country, "", "", near.postcode)
    if found is None or found == find_coordinates(near.country, "", "", ""):
        return None  # the middle of the country is no place to measure from
    latitude, longitude = math.radians(found[0]), math.radians(found[1])
    half = np.sin((network.latitude - latitude) / 2) ** 2
    half += math.cos(latitude) * np.cos(network.latitude) * np.sin((network.longitude - longitude) / 2) ** 2
    miles: NDArray[np.float64] = 2 * _EARTH_MILES * np.arcsin(np.sqrt(half))
    return miles
