"""What a process remembers of the balances, so that most decisions need not read them first.

It is never the truth: what was chosen from it is checked under lock when it is written, and what is refused because
of it is looked up first.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import numpy as np

from troth.engine.network import Network
from troth.engine.supply import QUANTITY_MAX, SupplyRows
from troth.model.ids import NodeId, Sku
from troth.model.inventory import Balance, Entry, Source, SupplyKey

_SKUS_MAX: Final = 200_000


class StockIndex:
    """The balances of the SKUs that were asked for, as arrays that the engine reads in place."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._shelves: dict[Sku, _Shelf] = {}

    def use(self, network: Network) -> None:
        """Forget everything and follow another network."""
        self._network = network
        self._shelves.clear()

    def missing(self, skus: Iterable[Sku]) -> list[Sku]:
        """Those of the SKUs that are not remembered."""
        return [sku for sku in set(skus) if sku not in self._shelves]

    def put(self, skus: Iterable[Sku], balances: Iterable[Balance]) -> None:
        """Remember the SKUs as having exactly these balances."""
        grouped: dict[Sku, list[Balance]] = {sku: [] for sku in skus}
        for balance in balances:
            grouped[balance.key.sku].append(balance)
        if len(self._shelves) + len(grouped) > _SKUS_MAX:
            self._shelves.clear()
        for sku, of_sku in grouped.items():
            self._shelves[sku] = _Shelf(of_sku, self._network)

    def forget(self, skus: Iterable[Sku]) -> None:
        """Remember nothing of these SKUs, so that they are read again."""
        for sku in skus:
            self._shelves.pop(sku, None)

    def rows(self, sku: Sku) -> SupplyRows:
        """The supply rows of a remembered SKU, as of the last move."""
        return self._shelves[sku].rows

    def balance(self, key: SupplyKey) -> Balance:
        """One supply of a remembered SKU; empty where it never moved."""
        return self._shelves[key.sku].balance(key)

    def balances(self, sku: Sku) -> list[Balance]:
        """Every supply of a remembered SKU."""
        shelf = self._shelves[sku]
        return [shelf.balance(SupplyKey(sku, node, source)) for node, source in shelf.position]

    def move(self, entries: Iterable[Entry]) -> None:
        """Apply entries that are about to be written."""
        for entry in entries:
            shelf = self._shelves.get(entry.key.sku)
            if shelf is not None:
                shelf.move(entry)

    def settle(self, balances: Iterable[Balance]) -> None:
        """Take over what the database says of some supplies of remembered SKUs."""
        for balance in balances:
            shelf = self._shelves.get(balance.key.sku)
            if shelf is None:
                continue
            if not shelf.settle(balance):
                self.forget((balance.key.sku,))


class _Shelf:
    """The supplies of one SKU: numbers in lists, and what is available of them in the arrays of `rows`."""

    __slots__ = ("_available", "_expected", "_is_usable", "_on_hand", "_reserved", "position", "rows")

    def __init__(self, balances: list[Balance], network: Network) -> None:
        kept = sorted(balances, key=lambda balance: (balance.key.node, _available_from(balance.expected_at)))
        self._on_hand = [balance.on_hand for balance in kept]
        self._reserved = [balance.reserved for balance in kept]
        self._expected = [balance.expected_at for balance in kept]
        self.position: dict[tuple[NodeId, Source], int] = {
            (balance.key.node, balance.key.source): row for row, balance in enumerate(kept)
        }
        # A node that the network lacks, or that is turned off, keeps its row, but nothing is available from it.
        index = [network.index.get(balance.key.node, -1) for balance in kept]
        self._is_usable = [row >= 0 and network.nodes[row].active for row in index]
        self._available = np.zeros(len(kept), dtype=np.int64)
        for row in range(len(kept)):
            self._set(row, self._on_hand[row], self._reserved[row])
        self.rows = SupplyRows(
            np.array([max(row, 0) for row in index], dtype=np.int32),
            self._available,
            np.array([_available_from(expected) for expected in self._expected], dtype=np.float64),
            tuple(balance.key.source for balance in kept),
        )

    def balance(self, key: SupplyKey) -> Balance:
        row = self.position.get((key.node, key.source))
        if row is None:
            return Balance(key)
        return Balance(key, self._on_hand[row], self._reserved[row], expected_at=self._expected[row])

    def move(self, entry: Entry) -> None:
        row = self.position.get((entry.key.node, entry.key.source))
        if row is not None:
            self._set(row, self._on_hand[row] + entry.on_hand_delta, self._reserved[row] + entry.reserved_delta)

    def settle(self, balance: Balance) -> bool:
        """Take over a balance; False where this shelf has no such row or its date moved, and must be read again."""
        row = self.position.get((balance.key.node, balance.key.source))
        if row is None or self._expected[row] != balance.expected_at:
            return False
        self._set(row, balance.on_hand, balance.reserved)
        return True

    def _set(self, row: int, on_hand: int, reserved: int) -> None:
        self._on_hand[row] = on_hand
        self._reserved[row] = reserved
        self._available[row] = min(max(0, on_hand - reserved), QUANTITY_MAX) if self._is_usable[row] else 0


def _available_from(expected_at: datetime | None) -> float:
    return 0.0 if expected_at is None else max(1.0, expected_at.timestamp())
