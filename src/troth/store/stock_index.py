"""What a process remembers of the balances, so that most decisions need not read them first.

It is never the truth: what was chosen from it is checked under lock when it is written, and what is refused because of
it is looked up first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Final

import numpy as np

from troth.engine.network import Network
from troth.engine.supply import QUANTITY_MAX, SupplyRows, end_of_life, ends_of_life
from troth.model.ids import NodeId, Sku
from troth.model.inventory import ON_HAND, Balance, Entry, Source, SupplyKey

_ROWS_MAX: Final = 30_000_000
"""At about 45 bytes a row this is what an API process may spend on it; a fuller index forgets everything."""


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

    def use(self, network: Network) -> None:
        """Forget everything and follow another network."""
        self._network = network
        self._shelves.clear()
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
            shelf = _Shelf(found.get(sku, SkuStock(sku, (), (), (), (), ())), self._network)
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

    def balances(self, sku: Sku) -> list[Balance]:
        """Every supply of a remembered SKU, sorted by node and source."""
        return self._shelves[sku].balances(self._network)

    def move(self, entries: Iterable[Entry]) -> None:
        """Apply entries that are about to be written."""
        for entry in entries:
            shelf = self._shelves.get(entry.key.sku)
            row = shelf.find(entry.key, self._network) if shelf else -1
            if shelf is not None and row >= 0:
                shelf.set(
                    row, int(shelf.on_hand[row]) + entry.on_hand_delta, int(shelf.reserved[row]) + entry.reserved_delta
                )

    def settle(self, balances: Iterable[Balance]) -> None:
        """Take over what the database says of some supplies; a SKU whose supplies or dates are others is forgotten."""
        for balance in balances:
            shelf = self._shelves.get(balance.key.sku)
            if shelf is None:
                continue
            row = shelf.find(balance.key, self._network)
            if row >= 0 and shelf.is_as_dated(row, balance, self._network):
                shelf.set(row, balance.on_hand, balance.reserved)
            elif balance.key.node in self._network.index:
                self.forget((balance.key.sku,))


class _Shelf:
    """The supplies of one SKU at the network's nodes, sorted by node and source."""

    __slots__ = ("_available", "_is_usable", "_node_index", "_sku", "on_hand", "reserved", "rows")

    def __init__(self, stock: SkuStock, network: Network) -> None:
        at = [network.index.get(node, -1) for node in stock.nodes]
        kept = [row for row, index in enumerate(at) if index >= 0]
        self._sku = stock.sku
        self._node_index = np.array([at[row] for row in kept], dtype=np.int32)
        self.on_hand = np.array([stock.on_hand[row] for row in kept], dtype=np.int64)
        self.reserved = np.array([stock.reserved[row] for row in kept], dtype=np.int64)
        self._is_usable = network.is_active[self._node_index]
        self._available = np.where(self._is_usable, np.clip(self.on_hand - self.reserved, 0, QUANTITY_MAX), 0)
        available_from = np.array([_available_from(stock.expected_at[row]) for row in kept], dtype=np.float64)
        # One and the same text for all, instead of one for each row.
        sources = tuple(ON_HAND if stock.sources[row] == ON_HAND else stock.sources[row] for row in kept)
        self.rows = SupplyRows(
            self._node_index,
            self._available,
            available_from,
            sources,
            self.on_hand,
            self.reserved,
            is_plain=not available_from.any() and bool((self._node_index[1:] > self._node_index[:-1]).all()),
            good_until=ends_of_life(sources, [_end_of_life(stock.expires_on, row, at[row], network) for row in kept]),
        )

    def find(self, key: SupplyKey, network: Network) -> int:
        """The row of a supply, or -1."""
        node = network.index.get(key.node, -1)
        sources = self.rows.sources
        row = int(self._node_index.searchsorted(node))
        while row < len(sources) and self._node_index[row] == node:
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
        end = end_of_life(balance.expires_on, network.nodes[self._node_index[row]].time_zone)
        return bool(self.rows.good_until[row] == end)

    def set(self, row: int, on_hand: int, reserved: int) -> None:
        """Say what a supply holds."""
        self.on_hand[row] = on_hand
        self.reserved[row] = reserved
        self._available[row] = min(max(0, on_hand - reserved), QUANTITY_MAX) if self._is_usable[row] else 0

    def rows_freed(self, freed: Mapping[SupplyKey, int], network: Network) -> SupplyRows:
        """The rows with some reserved units free again."""
        available = self._available.copy()
        for key, units in freed.items():
            row = self.find(key, network) if key.sku == self._sku else -1
            if row >= 0 and self._is_usable[row]:
                available[row] = min(max(0, int(self.on_hand[row] - self.reserved[row]) + units), QUANTITY_MAX)
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
                self._node_index.tolist(),
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
