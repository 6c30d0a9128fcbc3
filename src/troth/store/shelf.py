"""The supplies of one SKU as a process remembers them: arrays that the engine reads in place."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.supply.supply import QUANTITY_MAX, BookUnits, SupplyRows, end_of_life, ends_of_life
from troth.model.ids import NodeId, Sku
from troth.model.inventory import ON_HAND, Balance, Source, SupplyKey
from troth.model.value import dataclass

_COUNTS_KEPT: Final = 1_024
_NARROW_MAX: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class SkuStock:
    """Every supply of one SKU, as columns sorted by node and source. No `sources` at all: all of it lies on hand by no
    lot; no `expected_at`, no `expires_on`: nothing of it is to come, nothing expires.
    """

    sku: Sku
    nodes: Sequence[NodeId]
    sources: Sequence[Source]
    on_hand: Sequence[int] | NDArray[np.int64]
    reserved: Sequence[int] | NDArray[np.int64]
    expected_at: Sequence[datetime | None] = ()
    expires_on: Sequence[date | None] = ()

    @property
    def is_on_hand(self) -> bool:
        """Whether all of it lies on hand, by no lot."""
        return not self.sources or all([source == ON_HAND for source in self.sources])  # noqa: C419 - quicker


class Shelf:
    """The supplies of one SKU at the network's nodes, sorted by node and source.

    `on_hand` and `reserved` (R) take 32 bits where all units fit. `stamp` is another number after each move, and none
    comes twice, so that what was made of the rows can be told from what would be made of them now.
    """

    __slots__ = ("_sku", "on_hand", "reserved", "rows", "stamp")

    def __init__(self, sku: Sku, rows: SupplyRows, stamp: int) -> None:
        assert rows.on_hand is not None
        assert rows.reserved is not None
        self._sku = sku
        self.rows = rows
        self.on_hand, self.reserved = rows.on_hand, rows.reserved
        self.stamp = stamp

    @property
    def is_on_hand(self) -> bool:
        """Whether all of it lies on hand, by no lot."""
        return self.rows.is_plain and self.rows.good_until is None

    @property
    def size(self) -> int:
        """How many rows it has."""
        return len(self.rows.sources)

    def copied(self) -> "Shelf":
        """The same shelf with arrays of its own."""
        other = copy(self)
        other.on_hand, other.reserved = self.on_hand.copy(), self.reserved.copy()
        available = self.rows.available.copy()
        other.rows = replace(self.rows, available=available, on_hand=other.on_hand, reserved=other.reserved)
        return other

    def find(self, key: SupplyKey, network: Network) -> int:
        """The row of a supply, or -1."""
        node = network.index.get(key.node, -1)
        sources = self.rows.sources
        nodes = self.rows.node_index
        row = int(nodes.searchsorted(node))
        while row < len(sources) and nodes[row] == node:
            if sources[row] == key.source:
                return row
            row += 1
        return -1

    def is_as_dated(self, row: int, balance: Balance, network: Network) -> bool:
        """Whether a supply comes and expires when it is said to; where nothing is said of its end, that is no other."""
        if self.rows.available_from[row] != _available_from(balance.expected_at):
            return False
        if balance.expires_on is None or self.rows.good_until is None:
            return balance.expires_on is None
        end = end_of_life(balance.expires_on, network.nodes[self.rows.node_index[row]].time_zone)
        return bool(self.rows.good_until[row] == end)

    def expire(self, row: int, expires_on: date, network: Network) -> None:
        """Say when a lot is good for the last time."""
        if self.rows.good_until is not None:
            good_until = self.rows.good_until.copy()
            good_until[row] = end_of_life(expires_on, network.nodes[self.rows.node_index[row]].time_zone)
            self.rows = replace(self.rows, good_until=good_until)

    def set(self, row: int, on_hand: int, reserved: int, network: Network) -> None:
        """Say what a supply holds."""
        if max(on_hand, reserved) > _NARROW_MAX:
            self.on_hand = self.on_hand.astype(np.int64, copy=False)
            self.reserved = self.reserved.astype(np.int64, copy=False)
            self.rows = replace(self.rows, on_hand=self.on_hand, reserved=self.reserved)
        self.on_hand[row] = on_hand
        self.reserved[row] = reserved
        is_usable = network.is_active[self.rows.node_index[row]]
        self.rows.available[row] = min(max(0, on_hand - reserved), QUANTITY_MAX) if is_usable else 0

    def rows_freed(self, freed: Mapping[SupplyKey, int], network: Network) -> SupplyRows:
        """The rows with some reserved units free again."""
        available = self.rows.available.copy()
        for key, units in freed.items():
            row = self.find(key, network) if key.sku == self._sku else -1
            if row >= 0 and network.is_active[self.rows.node_index[row]]:
                available[row] = min(max(0, int(self.on_hand[row]) - int(self.reserved[row]) + units), QUANTITY_MAX)
        return replace(self.rows, available=available)

    def balances(self, network: Network) -> list[Balance]:
        """The supplies as values, without deficits; dates to the microsecond."""
        return [
            Balance(
                SupplyKey(self._sku, network.nodes[node].node, source),
                on_hand,
                reserved,
                expected_at=datetime.fromtimestamp(at, UTC) if at else None,
            )
            for node, source, on_hand, reserved, at in zip(
                self.rows.node_index.tolist(),
                self.rows.sources,
                self.on_hand.tolist(),
                self.reserved.tolist(),
                self.rows.available_from.tolist(),
                strict=True,
            )
        ]


def shelf_of(stock: SkuStock, network: Network, stamp: int) -> Shelf:
    """The shelf of a SKU of which some is to come or lies there by lots; what is at no node of the network is left
    out.
    """
    at = [network.index.get(node, -1) for node in stock.nodes]
    # A database may sort names in its own way; the network has them by code point.
    kept = sorted([row for row, index in enumerate(at) if index >= 0], key=at.__getitem__)
    nodes = np.array([at[row] for row in kept], dtype=np.int32)
    expected_at, expires_on = stock.expected_at, stock.expires_on
    available_from = np.array([_available_from(expected_at[row]) for row in kept] if expected_at else [0.0] * len(kept))
    # One and the same text for all, instead of one for each row.
    sources = tuple([ON_HAND if stock.sources[row] == ON_HAND else stock.sources[row] for row in kept])
    on_hand, reserved = _taken(stock.on_hand, kept), _taken(stock.reserved, kept)
    rows = SupplyRows(
        nodes,
        _available(nodes, on_hand, reserved, network),
        available_from,
        sources,
        on_hand,
        reserved,
        is_plain=not available_from.any() and bool((nodes[1:] > nodes[:-1]).all()),
        good_until=ends_of_life(
            sources,
            [end_of_life(expires_on[row], network.nodes[at[row]].time_zone) if expires_on else np.inf for row in kept],
        ),
    )
    return Shelf(stock.sku, rows, stamp)


def shelf_on_hand(
    sku: Sku, nodes: NDArray[np.int32], on_hand: BookUnits, reserved: BookUnits, *, network: Network, stamp: int
) -> Shelf:
    """The shelf of a SKU that all lies on hand, at most once at a node, at these positions (R) of the network in
    ascending order; it goes on to use these arrays.
    """
    now, sources = _all_on_hand(len(nodes))
    available = _available(nodes, on_hand, reserved, network)
    return Shelf(sku, SupplyRows(nodes, available, now, sources, on_hand, reserved, is_plain=True), stamp)


def narrowed(units: NDArray[np.int64]) -> BookUnits:
    """The units (R) in 32 bits where all fit."""
    return units.astype(np.int64, copy=False) if units.max(initial=0) > _NARROW_MAX else units.astype(np.int32)


def _available(
    nodes: NDArray[np.int32], on_hand: BookUnits, reserved: BookUnits, network: Network
) -> NDArray[np.int64]:
    free = np.subtract(on_hand, reserved, dtype=np.int64)
    np.minimum(np.maximum(free, 0, out=free), QUANTITY_MAX, out=free)
    free *= network.is_active[nodes]
    return free


def _taken(units: Sequence[int] | NDArray[np.int64], rows: Sequence[int]) -> BookUnits:
    return narrowed(np.asarray(units, dtype=np.int64)[np.array(rows, dtype=np.intp)])


def _available_from(expected_at: datetime | None) -> float:
    return 0.0 if expected_at is None else max(1.0, expected_at.timestamp())


@lru_cache(maxsize=_COUNTS_KEPT)
def _all_on_hand(rows: int) -> tuple[NDArray[np.float64], tuple[Source, ...]]:
    """The dates and sources of so many rows that are all on hand: most SKUs have no others, and share these."""
    now = np.zeros(rows)
    now.setflags(write=False)
    return now, (ON_HAND,) * rows
