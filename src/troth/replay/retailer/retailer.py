"""The sample retailer: an invented chain for outdoors and home, made from a seed and a date."""

from collections.abc import Iterator
from datetime import date
from hashlib import blake2b
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.network import Node
from troth.model.sales_rate import PlacedSalesRate
from troth.model.value import dataclass
from troth.replay.retailer.catalog import make_items, make_popularity
from troth.replay.retailer.network import make_nodes
from troth.replay.retailer.purchase_orders import PurchaseOrder, make_purchase_orders
from troth.replay.retailer.sales_rates import make_sales_rates
from troth.replay.retailer.stock import draw_awaited, make_stock

RetailerSize = Literal["small", "large"]

NAME: Final = "Brackenholt Outdoor & Home"
BRAND: Final = "Brackenholt"


@dataclass(frozen=True, slots=True)
class _Scale:
    dcs: int
    stores: int
    vendors: int
    items: int
    colors_max: int
    breadth: tuple[float, float]


_SCALES: Final[dict[RetailerSize, _Scale]] = {
    "small": _Scale(dcs=4, stores=60, vendors=3, items=500, colors_max=2, breadth=(0.3, 0.7)),
    "large": _Scale(dcs=8, stores=900, vendors=50, items=20_000, colors_max=4, breadth=(0.08, 0.25)),
}


@dataclass(frozen=True, slots=True, eq=False)
class Retailer:
    """A retailer as it stands on one day.

    The stock arrays have one place for each position, (positions,), sorted by node and then item: `stock_sku_index`
    points into `items`, `stock_node_index` into `nodes`, `stock_units` is what is on hand, at least one. `popularity`,
    (items,), is each item's share of the demand. It has no rate cards of its own: it ships by the built-in ones.
    """

    name: str
    brand: str
    today: date
    nodes: tuple[Node, ...]
    items: tuple[Item, ...]
    popularity: NDArray[np.float64]
    stock_sku_index: NDArray[np.int32]
    stock_node_index: NDArray[np.int32]
    stock_units: NDArray[np.int32]
    purchase_orders: tuple[PurchaseOrder, ...]
    sales_rates: tuple[PlacedSalesRate, ...]

    @property
    def positions(self) -> int:
        """How many positions have stock on hand."""
        return len(self.stock_units)

    def stock(self) -> Iterator[tuple[Sku, NodeId, int]]:
        """Each position as (SKU, node, units), by node and then item."""
        for sku, node, units in zip(
            self.stock_sku_index.tolist(), self.stock_node_index.tolist(), self.stock_units.tolist(), strict=True
        ):
            yield self.items[sku].sku, self.nodes[node].node, units

    def digest(self) -> str:
        """A hash of all that is in it, the same in every process that makes the same retailer."""
        total = blake2b(digest_size=16)
        for part in (self.name, self.brand, self.today, self.nodes, self.items, self.purchase_orders, self.sales_rates):
            total.update(repr(part).encode())
        for array in (self.popularity, self.stock_sku_index, self.stock_node_index, self.stock_units):
            total.update(array.tobytes())
        return total.hexdigest()


def make_retailer(size: RetailerSize, *, seed: int = 2026, today: date) -> Retailer:
    """The retailer of that size; the same seed and date give the same one."""
    scale = _SCALES[size]
    network, catalog, demand, waiting, holding, buying, selling = np.random.default_rng(seed).spawn(7)
    nodes = make_nodes(
        brand=BRAND, dcs=scale.dcs, stores=scale.stores, vendors=scale.vendors, today=today, generator=network
    )
    items = make_items(scale.items, colors_max=scale.colors_max, generator=catalog)
    popularity = make_popularity(items, today=today, generator=demand)
    awaited = draw_awaited(items, waiting)
    stock = make_stock(nodes, items, popularity=popularity, awaited=awaited, breadth=scale.breadth, generator=holding)
    orders = make_purchase_orders(nodes, items, popularity=popularity, awaited=awaited, today=today, generator=buying)
    return Retailer(
        name=NAME,
        brand=BRAND,
        today=today,
        nodes=nodes,
        items=items,
        popularity=popularity,
        stock_sku_index=stock.sku_index,
        stock_node_index=stock.node_index,
        stock_units=stock.units,
        purchase_orders=orders,
        sales_rates=tuple(make_sales_rates(nodes, items, stock, popularity=popularity, generator=selling)),
    )
