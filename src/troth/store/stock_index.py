"""What a process remembers of the balances, so that most decisions need not read them first.

It is never the truth: what was chosen from it is checked under lock when it is written, and what is refused because of
it is looked up first.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import count
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.supply.supply import QUANTITY_MAX, BookUnits, SupplyRows, end_of_life, ends_of_life
from troth.model.ids import NodeId, Sku
from troth.model.inventory import ON_HAND, Balance, Entry, Source, SupplyKey, is_apart

_ROWS_MAX: Final = 30_000_000
"""At 23 bytes a row and a thousand a SKU this is what an API process may spend on it; a fuller index forgets
everything.
"""
_KEPT_BYTES_MAX: Final = 64_000_000
_KEPT_OVERHEAD: Final = 400  # of Python, for each that is kept
_COUNTS_KEPT: Final = 1_024
_NARROW_MAX: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class SkuStock:
    """Every supply of one SKU, as columns sorted by node and source; no `expires_on` at all: nothing of it expires."""

    sku: Sku
    nodes: Sequence[NodeId]
    sources: Sequence[Source]
    on_hand: Sequence[int]
    reserved: Sequence[int]
    expected_at: Sequence[datetime | None]
    expires_on: Sequence[date | None] = ()


class StockIndex:
    """The balances of the SKUs that were asked for, as arrays that the engine reads in place."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._shelves: dict[Sku, _Shelf] = {}
        self._rows = 0
        self._stamps = count(1)
        self._kept: dict[tuple[Sku, str], tuple[int, object]] = {}
        self._kept_bytes = 0

    def use(self, network: Network) -> None:
        """Forget everything and follow another network."""
        self._network = network
        self._shelves.clear()
        self._drop_kept()
        self._rows = 0

    def missing(self, skus: Iterable[Sku]) -> list[Sku]:
        """Those of the SKUs that are not remembered."""
        return [sku for sku in set(skus) if sku not in self._shelves]

    def put(self, skus: Iterable[Sku], stocks: Iterable[SkuStock]) -> None:
        """Remember the SKUs as having exactly this stock; those without any have none."""
        found = {stock.sku: stock for stock in stocks}
        wanted = set(skus)
        self.forget(wanted)
        if self._rows + sum(len(stock.nodes) for stock in found.values()) > _ROWS_MAX:
            self.use(self._network)
        for sku in wanted:
            shelf = _Shelf(found.get(sku, SkuStock(sku, (), (), (), (), ())), self._network, next(self._stamps))
            self._shelves[sku] = shelf
            self._rows += len(shelf.rows.sources)

    def forget(self, skus: Iterable[Sku]) -> None:
        """Remember nothing of these SKUs, so that they are read again."""
        for sku in skus:
            shelf = self._shelves.pop(sku, None)
            if shelf is not None:
                self._rows -= len(shelf.rows.sources)

    def rows(self, sku: Sku) -> SupplyRows:
        """The supply rows of a remembered SKU, as of the last move."""
        return self._shelves[sku].rows

    def rows_freed(self, sku: Sku, freed: Mapping[SupplyKey, int]) -> SupplyRows:
        """The supply rows of a remembered SKU as they were if so many reserved units of some supplies were free."""
        return self._shelves[sku].rows_freed(freed, self._network)

    def at_rest(self, skus: Iterable[Sku]) -> "StockIndex":
        """An index of its own of these remembered SKUs as they are now, whatever is promised of them later."""
        still = StockIndex(self._network)
        still._shelves = {sku: self._shelves[sku].copied() for sku in skus}
        return still

    def keep(self, sku: Sku, name: str, value: object, *, size: int) -> None:
        """Keep under a name what was made of the rows of a remembered SKU (`size` bytes), until one of them moves."""
        if self._kept_bytes > _KEPT_BYTES_MAX:
            self._drop_kept()
        # What it takes the place of stays counted: that only empties the whole earlier.
        self._kept_bytes += size + _KEPT_OVERHEAD
        self._kept[sku, name] = self._shelves[sku].stamp, value

    def kept(self, sku: Sku, name: str) -> object:
        """What was kept under a name; None where a row has moved since, or the SKU was forgotten."""
        found, shelf = self._kept.get((sku, name)), self._shelves.get(sku)
        return found[1] if found is not None and shelf is not None and found[0] == shelf.stamp else None

    def _drop_kept(self) -> None:
        self._kept.clear()
        self._kept_bytes = 0

    def backordered(self, sku: Sku) -> int:
        """The units of a remembered SKU that are reserved of what is still to come."""
        shelf = self._shelves[sku]
        return int(shelf.reserved[shelf.rows.available_from > 0.0].sum())

    @property
    def size(self) -> int:
        """How many supplies are remembered."""
        return self._rows

    def balances(self, sku: Sku) -> list[Balance]:
        """Every supply of a remembered SKU, sorted by node and source."""
        return self._shelves[sku].balances(self._network)

    def move(self, entries: Iterable[Entry]) -> None:
        """Apply entries that are about to be written."""
        for entry in entries:
            shelf = self._shelves.get(entry.key.sku)
            row = shelf.find(entry.key, self._network) if shelf else -1
            if shelf is not None and row >= 0:
                on_hand, reserved = int(shelf.on_hand[row]), int(shelf.reserved[row])
                self._set(shelf, row, on_hand + entry.on_hand_delta, reserved + entry.reserved_delta)

    def expire(self, expiries: Mapping[SupplyKey, date]) -> None:
        """Apply the last good days of lots that are about to be written."""
        for key, expires_on in expiries.items():
            shelf = self._shelves.get(key.sku)
            row = shelf.find(key, self._network) if shelf else -1
            if shelf is not None and row >= 0:
                shelf.expire(row, expires_on, self._network)

    def settle(self, balances: Iterable[Balance]) -> None:
        """Take over what the database says of some supplies; a SKU whose supplies or dates are others is forgotten."""
        for balance in balances:
            shelf = self._shelves.get(balance.key.sku)
            if shelf is None or is_apart(balance.key.source):
                continue
            row = shelf.find(balance.key, self._network)
            if row >= 0 and shelf.is_as_dated(row, balance, self._network):
                self._set(shelf, row, balance.on_hand, balance.reserved)
            elif balance.key.node in self._network.index:
                self.forget((balance.key.sku,))

    def _set(self, shelf: "_Shelf", row: int, on_hand: int, reserved: int) -> None:
        shelf.set(row, on_hand, reserved, self._network)
        shelf.stamp = next(self._stamps)


class _Shelf:
    """The supplies of one SKU at the network's nodes, sorted by node and source.

    `on_hand` and `reserved` (R) take 32 bits where all units fit. `stamp` is another number after each move, and none
    comes twice, so that what was made of the rows can be told from what would be made of them now.
    """

    __slots__ = ("_sku", "on_hand", "reserved", "rows", "stamp")

    def __init__(self, stock: SkuStock, network: Network, stamp: int) -> None:
        at = [network.index.get(node, -1) for node in stock.nodes]
        kept = [row for row, index in enumerate(at) if index >= 0]
        nodes = np.array([at[row] for row in kept], dtype=np.int32)
        on_hand = np.array([stock.on_hand[row] for row in kept], dtype=np.int64)
        reserved = np.array([stock.reserved[row] for row in kept], dtype=np.int64)
        available = np.where(network.is_active[nodes], np.clip(on_hand - reserved, 0, QUANTITY_MAX), 0)
        if all(stock.sources[row] == ON_HAND for row in kept):
            available_from, sources = _all_on_hand(len(kept))
        else:
            available_from = np.array([_available_from(stock.expected_at[row]) for row in kept], dtype=np.float64)
            # One and the same text for all, instead of one for each row.
            sources = tuple(ON_HAND if stock.sources[row] == ON_HAND else stock.sources[row] for row in kept)
        self._sku = stock.sku
        self.stamp = stamp
        self.on_hand, self.reserved = _narrowed(on_hand), _narrowed(reserved)
        self.rows = SupplyRows(
            nodes,
            available,
            available_from,
            sources,
            self.on_hand,
            self.reserved,
            is_plain=not available_from.any() and bool((nodes[1:] > nodes[:-1]).all()),
            good_until=ends_of_life(sources, [_end_of_life(stock.expires_on, row, at[row], network) for row in kept]),
        )

    def copied(self) -> "_Shelf":
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


def _end_of_life(expires_on: Sequence[date | None], row: int, node: int, network: Network) -> float:
    return end_of_life(expires_on[row], network.nodes[node].time_zone) if expires_on else np.inf


def _available_from(expected_at: datetime | None) -> float:
    return 0.0 if expected_at is None else max(1.0, expected_at.timestamp())


def _narrowed(units: NDArray[np.int64]) -> BookUnits:
    return units if units.max(initial=0) > _NARROW_MAX else units.astype(np.int32)


@lru_cache(maxsize=_COUNTS_KEPT)
def _all_on_hand(rows: int) -> tuple[NDArray[np.float64], tuple[Source, ...]]:
    """The dates and sources of so many rows that are all on hand: most SKUs have no others, and share these."""
    now = np.zeros(rows)
    now.setflags(write=False)
    return now, (ON_HAND,) * rows
