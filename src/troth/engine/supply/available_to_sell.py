"""What the supply of one SKU amounts to for who asks before buying: units now, units to come, over all or by node."""

from datetime import UTC, datetime
from enum import StrEnum
from math import floor, inf
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.supply.overdue import ready_from
from troth.engine.supply.supply import NO_SUPPLY, SupplyRows
from troth.model.inventory import ON_HAND, Source
from troth.model.item import Item
from troth.model.measure import scale_of
from troth.model.value import dataclass

MINUTE_SECONDS: Final = 60.0
LOW_STOCK_MAX: Final = 5
"""From one unit up to this many an item is low in stock, unless it says otherwise."""

LOW_STOCK_ATTRIBUTE: Final = "low_stock_units"
_QUARTER_SECONDS: Final = 900.0


class StockStatus(StrEnum):
    """How much of a SKU there is, in one word."""

    IN_STOCK = "in_stock"
    LOW_STOCK = "low_stock"
    BACKORDER = "backorder"
    OUT_OF_STOCK = "out_of_stock"


@dataclass(frozen=True, slots=True)
class Stock:
    """Units that can be promised now, those that can be promised of what is coming, and when that begins to come.

    From one unit up to `low_max` it is low. Of what is sold by measure units have so many `decimals`. The first of what
    is coming comes to the node at position `next_node` (-1: nothing does), out of `next_source`.
    """

    available: int
    incoming: int
    next_supply_at: datetime | None
    low_max: int = LOW_STOCK_MAX
    decimals: int = 0
    next_node: int = -1
    next_source: Source = ON_HAND

    @property
    def status(self) -> StockStatus:
        """The units in one word."""
        if self.available > 0:
            return StockStatus.IN_STOCK if self.available > self.low_max else StockStatus.LOW_STOCK
        return StockStatus.BACKORDER if self.incoming > 0 else StockStatus.OUT_OF_STOCK


@dataclass(frozen=True, slots=True, eq=False)
class NodeUnits:
    """The same by node, arrays (N): units now, units to come, and when those begin to come (POSIX seconds, inf: never).

    `incoming` and `next_at` are None where nothing is coming anywhere. `rows` are those that this is of.
    """

    available: NDArray[np.int64]
    incoming: NDArray[np.int64] | None
    next_at: NDArray[np.float64] | None
    rows: SupplyRows = NO_SUPPLY

    def stock(self, node: int, low_max: int) -> Stock:
        """The stock of one node, by position."""
        available = int(self.available[node])
        if self.incoming is None or self.next_at is None or not self.incoming[node]:
            return Stock(available, 0, None, low_max)
        at = float(self.next_at[node])
        here = (self.rows.node_index == node) & (self.rows.available_from > 0.0) & (self.rows.available > 0)
        source = _first_coming(self.rows, here, at)[1]
        return Stock(available, int(self.incoming[node]), _instant(at), low_max, next_node=node, next_source=source)

    def next_supply_at(self) -> list[datetime | None] | None:
        """When supply begins to come to each node (N), None where none does; None where none comes anywhere."""
        if self.next_at is None:
            return None
        dates, which = np.unique(self.next_at, return_inverse=True)
        instants = np.array([None if at == inf else _instant(at) for at in dates.tolist()], dtype=object)
        found: list[datetime | None] = instants[which].tolist()
        return found


def low_stock_max(item: Item, otherwise: int = LOW_STOCK_MAX) -> int:
    """Up to how many units the item is low in stock: what its attribute says, as far as that is a number.

    >>> from troth.model.ids import Sku
    >>> low_stock_max(Item(Sku("A"))), low_stock_max(Item(Sku("A"), attributes={"low_stock_units": "20"}))
    (5, 20)
    """
    given = item.attributes.get(LOW_STOCK_ATTRIBUTE, "")
    return (int(given) if is_low_stock_max(given) else otherwise) * scale_of(item.decimals)


def is_low_stock_max(text: str) -> bool:
    """Whether a text is a number of units: up to seven digits."""
    return text.isascii() and text.isdigit() and len(text) <= 7


def compute_stock(rows: SupplyRows, now: float, low_max: int = LOW_STOCK_MAX) -> Stock:
    """The stock over all nodes at a time (POSIX seconds)."""
    total = int(rows.available.sum())
    if not rows.has_dated:
        return Stock(total, 0, None, low_max)
    is_coming = (rows.available_from > 0.0) & (rows.available > 0)
    incoming = int(rows.available[is_coming].sum())
    if not incoming:
        return Stock(total, 0, None, low_max)
    at = float(ready_from(rows.available_from[is_coming], now).min())
    node, source = _first_coming(rows, is_coming, at)
    return Stock(total - incoming, incoming, _instant(at), low_max, next_node=node, next_source=source)


def compute_node_units(rows: SupplyRows, nodes: int, now: float) -> NodeUnits:
    """The stock of each of so many nodes at a time (POSIX seconds)."""
    if not rows.has_dated:
        return NodeUnits(_by_node(rows.node_index, rows.available, nodes), None, None)
    is_coming = (rows.available_from > 0.0) & (rows.available > 0)
    is_here = rows.available_from == 0.0
    next_at = np.full(nodes, inf)
    np.minimum.at(next_at, rows.node_index[is_coming], ready_from(rows.available_from[is_coming], now))
    return NodeUnits(
        _by_node(rows.node_index[is_here], rows.available[is_here], nodes),
        _by_node(rows.node_index[is_coming], rows.available[is_coming], nodes),
        next_at,
        rows,
    )


def valid_until(rows: SupplyRows, now: float) -> float:
    """Until when (POSIX seconds) what is said of these rows stays right by itself: then the next date goes by.

    What is overdue is expected later whenever that is asked, so that an answer about it lasts a second. A day
    is called otherwise once another one begins, which is at a quarter of an hour in every time zone.
    """
    ends = inf
    if rows.good_until is not None:
        left = rows.good_until[rows.good_until > now]
        ends = float(left.min(initial=inf))
        if ends < inf:  # when what leaves now arrives may be another time in the next minute
            ends = min(ends, (floor(now / MINUTE_SECONDS) + 1) * MINUTE_SECONDS)
    if not rows.has_dated:
        return ends
    dates = rows.available_from[rows.available_from > 0.0]
    next_second = floor(now) + 1.0
    next_day = (floor(now / _QUARTER_SECONDS) + 1.0) * _QUARTER_SECONDS
    return min(ends, next_day, float(np.where(dates > now, dates, next_second).min()))


def _first_coming(rows: SupplyRows, is_coming: NDArray[np.bool_], at: float) -> tuple[int, Source]:
    """The node (its position) and the source of those of some rows that come first, which is at `at` (POSIX seconds):
    on their date, or else since they are overdue. Of equals the first by node and source.
    """
    first = is_coming & (rows.available_from == at)
    if not first.any():
        first = is_coming & (rows.available_from < at)
    found = [(int(rows.node_index[row]), rows.sources[row]) for row in np.flatnonzero(first).tolist()]
    return min(found, default=(-1, ON_HAND))


def _by_node(node_index: NDArray[np.int32], units: NDArray[np.int64], nodes: int) -> NDArray[np.int64]:
    return np.bincount(node_index, units, nodes)[:nodes].astype(np.int64)


def _instant(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC).replace(microsecond=0)
