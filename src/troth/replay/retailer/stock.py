"""Who holds what: the stock of the sample retailer, as three arrays with a place for each position."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.model.item import Item
from troth.model.network import Node, NodeType
from troth.model.value import dataclass
from troth.replay.retailer.catalog import is_bulky, is_drop_ship_only
from troth.replay.retailer.categories import DROP_SHIP_CATEGORIES

WEEKLY_UNITS_PER_ITEM: Final = 80.0
_DC_WEEKS: Final = 3.0
_STORE_WEEKS: Final = 1.0
_DC_CARRIES: Final = 0.93
_VENDOR_CATEGORIES: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Stock:
    """Positions as arrays, (positions,), sorted by node and then item: index of the item, of the node, and units."""

    sku_index: NDArray[np.int32]
    node_index: NDArray[np.int32]
    units: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class _Traits:
    """What decides who carries an item, (items,)."""

    popularity: NDArray[np.float64]
    is_own: NDArray[np.bool_]
    is_bulky: NDArray[np.bool_]
    is_drop_ship_only: NDArray[np.bool_]
    category: NDArray[np.str_]


def draw_awaited(items: Sequence[Item], generator: np.random.Generator) -> NDArray[np.bool_]:
    """Which items nobody holds yet, (items,): one in fifty of the retailer's own; purchase orders bring them."""
    own = np.array([not is_drop_ship_only(item) for item in items])
    return np.asarray(own & (generator.random(len(items)) < 0.02))


def make_stock(
    nodes: Sequence[Node],
    items: Sequence[Item],
    *,
    popularity: NDArray[np.float64],
    awaited: NDArray[np.bool_],
    breadth: tuple[float, float],
    generator: np.random.Generator,
) -> Stock:
    """What each node holds, always one unit at least.

    A store carries between the two fractions of `breadth` of the catalog, rather what sells well than what is bulky; a
    distribution center nearly all of it; a vendor what only vendors hold in its categories, and a tenth of the rest.
    """
    drop_ship_only = np.array([is_drop_ship_only(item) for item in items])
    traits = _Traits(
        popularity=popularity,
        is_own=~drop_ship_only & ~awaited,
        is_bulky=np.array([is_bulky(item) for item in items]),
        is_drop_ship_only=drop_ship_only,
        category=np.array([item.category for item in items]),
    )
    counts = {kind: sum(node.type is kind for node in nodes) for kind in NodeType}
    units_weekly = popularity * WEEKLY_UNITS_PER_ITEM * len(items)
    vendor_number = 0
    sku_parts, unit_parts = [], []
    for node in nodes:
        if node.type is NodeType.DC:
            chance = np.where(traits.is_own, _DC_CARRIES, 0.0)
            mean = units_weekly * _DC_WEEKS / counts[NodeType.DC]
        elif node.type is NodeType.STORE:
            width = breadth[0] + (breadth[1] - breadth[0]) * generator.random()
            chance = _store_chance(traits, width)
            mean = units_weekly * _STORE_WEEKS / (counts[NodeType.STORE] * width)
        else:
            chance = _vendor_chance(traits, vendor_number)
            mean = np.full(len(items), 20.0)
            vendor_number += 1
        carried = np.flatnonzero(generator.random(len(items)) < chance)
        sku_parts.append(carried)
        unit_parts.append(1 + generator.poisson(mean[carried]))
    lengths = [len(part) for part in sku_parts]
    return Stock(
        sku_index=np.concatenate(sku_parts).astype(np.int32),
        node_index=np.repeat(np.arange(len(nodes), dtype=np.int32), lengths),
        units=np.concatenate(unit_parts).astype(np.int32),
    )


def _store_chance(traits: _Traits, breadth: float) -> NDArray[np.float64]:
    """How probably a store carries each item, (items,)."""
    liking = traits.popularity**0.35
    chance = breadth * liking / liking.mean() * np.where(traits.is_bulky, 0.15, 1.0)
    return np.where(traits.is_own, np.minimum(chance, 0.98), 0.0)


def _vendor_chance(traits: _Traits, number: int) -> NDArray[np.float64]:
    """How probably a vendor carries each item, (items,): vendors take the categories in turn, two for each vendor."""
    wanted = [DROP_SHIP_CATEGORIES[(number + step) % len(DROP_SHIP_CATEGORIES)] for step in range(_VENDOR_CATEGORIES)]
    in_category = np.isin(traits.category, wanted)
    return np.where(in_category & traits.is_drop_ship_only, 1.0, np.where(in_category & traits.is_own, 0.1, 0.0))
