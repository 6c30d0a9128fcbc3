"""What a process remembers of the balances, so that most decisions need not read them first.

It is never the truth: what was chosen from it is checked under lock when it is written, and what is refused because of
it is looked up first.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from itertools import count, islice
from typing import Final

from troth.engine.carriage.network import Network
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import Sku
from troth.model.inventory import Balance, Entry, SupplyKey, is_apart
from troth.store.crate import Crate, pack, packed_again
from troth.store.shelf import Shelf, SkuStock, shelf_of

_ROWS_MAX: Final = 30_000_000
"""At 12 bytes a row this is what an API process may spend on it; a fuller index forgets everything."""
_OPEN_MAX: Final = 5_000_000
"""So many rows may stand on shelves of their own, where one takes 25 bytes with a thousand a SKU and 60 with twenty."""
_CLOSED_AT_ONCE: Final = 256
_KEPT_BYTES_MAX: Final = 64_000_000
_KEPT_OVERHEAD: Final = 400  # of Python, for each that is kept


class StockIndex:
    """The balances of the SKUs that were loaded, as arrays that the engine reads in place.

    What is all on hand, as most is, lies in crates until it is asked for, and then stands on a shelf. What stands
    longest is packed again where more than `open_max` rows do (`tidy`).
    """

    def __init__(self, network: Network, *, open_max: int = _OPEN_MAX) -> None:
        self._network = network
        self._open_max = open_max
        self._shelves: dict[Sku, Shelf] = {}
        self._crates: dict[Sku, tuple[Crate, int]] = {}
        self._rows = 0
        self._open_rows = 0
        self._stamps = count(1)
        self._noting: tuple[set[Sku], ...] = ()
        self._kept: dict[tuple[Sku, str], tuple[int, object]] = {}
        self._kept_bytes = 0

    def use(self, network: Network) -> None:
        """Forget everything and follow another network."""
        self._network = network
        self._shelves.clear()
        self._crates.clear()
        self._drop_kept()
        self._rows = self._open_rows = 0

    def missing(self, skus: Iterable[Sku]) -> list[Sku]:
        """Those of the SKUs that are not remembered."""
        return [sku for sku in set(skus) if sku not in self._shelves and sku not in self._crates]

    def put(self, skus: Iterable[Sku], stocks: Iterable[SkuStock]) -> None:
        """Remember the SKUs as having exactly this stock; those without any have none."""
        found = {stock.sku: stock for stock in stocks}
        wanted = set(skus)
        self._drop(wanted)
        if self._rows + sum(len(stock.nodes) for stock in found.values()) > _ROWS_MAX:
            self.use(self._network)
        taken = [found.get(sku) or SkuStock(sku, (), (), (), ()) for sku in wanted]
        packed = [stock for stock in taken if stock.is_on_hand]
        for stock in taken:
            if not stock.is_on_hand:
                self._stand(stock.sku, shelf_of(stock, self._network, next(self._stamps)))
        if packed:
            crate = pack(packed, self._network)
            for position, stock in enumerate(packed):
                self._crates[stock.sku] = crate, position
            self._rows += len(crate.nodes)

    def forget(self, skus: Iterable[Sku]) -> None:
        """Remember nothing of these SKUs, so that they are read again."""
        dropped = set(skus)
        for moved in self._noting:
            moved |= dropped
        self._drop(dropped)

    @contextmanager
    def noting_moves(self) -> Iterator[set[Sku]]:
        """The SKUs of which something moves until the block ends, remembered or not, or which are forgotten: what was
        read of them since it began may be of before.
        """
        moved: set[Sku] = set()
        self._noting = (*self._noting, moved)
        try:
            yield moved
        finally:
            self._noting = tuple(other for other in self._noting if other is not moved)

    def _drop(self, skus: Iterable[Sku]) -> None:
        for sku in skus:
            shelf, packed = self._shelves.pop(sku, None), self._crates.pop(sku, None)
            if shelf is not None:
                self._rows -= shelf.size
                self._open_rows -= shelf.size
            elif packed is not None:
                self._rows -= packed[0].size(packed[1])

    def tidy(self) -> None:
        """Pack some of what stands longest where too much stands. Nobody may hold rows across this that it means to be
        those of now, as across `put` and `forget`.
        """
        while self._open_rows > self._open_max:
            oldest = list(islice(self._shelves.items(), _CLOSED_AT_ONCE))
            packed = [(sku, shelf) for sku, shelf in oldest if shelf.is_on_hand]
            for sku, shelf in oldest:
                del self._shelves[sku]
                if shelf.is_on_hand:
                    self._open_rows -= shelf.size
                else:
                    self._shelves[sku] = shelf  # it stays, and is not looked at again before the others were
            if not packed:
                return
            crate = packed_again([shelf for _sku, shelf in packed])
            for position, (sku, _shelf) in enumerate(packed):
                self._crates[sku] = crate, position

    def rows(self, sku: Sku) -> SupplyRows:
        """The supply rows of a remembered SKU, as of the last move."""
        return self._shelf(sku).rows

    def rows_freed(self, sku: Sku, freed: Mapping[SupplyKey, int]) -> SupplyRows:
        """The supply rows of a remembered SKU as they were if so many reserved units of some supplies were free."""
        return self._shelf(sku).rows_freed(freed, self._network)

    def at_rest(self, skus: Iterable[Sku]) -> "StockIndex":
        """An index of its own of these remembered SKUs as they are now, whatever is promised of them later."""
        still = StockIndex(self._network)
        still._shelves = {sku: self._shelf(sku).copied() for sku in skus}
        return still

    def keep(self, sku: Sku, name: str, value: object, *, size: int) -> None:
        """Keep under a name what was made of the rows of a remembered SKU (`size` bytes), until one of them moves."""
        if self._kept_bytes > _KEPT_BYTES_MAX:
            self._drop_kept()
        # What it takes the place of stays counted: that only empties the whole earlier.
        self._kept_bytes += size + _KEPT_OVERHEAD
        self._kept[sku, name] = self._shelf(sku).stamp, value

    def kept(self, sku: Sku, name: str) -> object:
        """What was kept under a name; None where a row has moved since, or the SKU was forgotten."""
        found, shelf = self._kept.get((sku, name)), self._shelves.get(sku)
        return found[1] if found is not None and shelf is not None and found[0] == shelf.stamp else None

    def _drop_kept(self) -> None:
        self._kept.clear()
        self._kept_bytes = 0

    def backordered(self, sku: Sku) -> int:
        """The units of a remembered SKU that are reserved of what is still to come."""
        shelf = self._shelf(sku)
        return int(shelf.reserved[shelf.rows.available_from > 0.0].sum())

    @property
    def size(self) -> int:
        """How many supplies are remembered."""
        return self._rows

    def balances(self, sku: Sku) -> list[Balance]:
        """Every supply of a remembered SKU, sorted by node and source."""
        return self._shelf(sku).balances(self._network)

    def move(self, entries: Iterable[Entry]) -> None:
        """Apply entries that are about to be written."""
        for entry in entries:
            shelf = self._find_moved(entry.key.sku)
            row = shelf.find(entry.key, self._network) if shelf else -1
            if shelf is not None and row >= 0:
                on_hand, reserved = int(shelf.on_hand[row]), int(shelf.reserved[row])
                self._set(shelf, row, on_hand + entry.on_hand_delta, reserved + entry.reserved_delta)

    def expire(self, expiries: Mapping[SupplyKey, date]) -> None:
        """Apply the last good days of lots that are about to be written."""
        for key, expires_on in expiries.items():
            shelf = self._find_moved(key.sku)
            row = shelf.find(key, self._network) if shelf else -1
            if shelf is not None and row >= 0:
                shelf.expire(row, expires_on, self._network)

    def settle(self, balances: Iterable[Balance]) -> None:
        """Take over what the database says of some supplies; a SKU whose supplies or dates are others is forgotten."""
        for balance in balances:
            shelf = self._find_moved(balance.key.sku)
            if shelf is None or is_apart(balance.key.source):
                continue
            row = shelf.find(balance.key, self._network)
            if row >= 0 and shelf.is_as_dated(row, balance, self._network):
                self._set(shelf, row, balance.on_hand, balance.reserved)
            elif balance.key.node in self._network.index:
                self.forget((balance.key.sku,))

    def _shelf(self, sku: Sku) -> Shelf:
        """The shelf of a remembered SKU, unpacked where it was asked for the first time."""
        shelf = self._shelves.get(sku)
        packed = self._crates.get(sku) if shelf is None else None
        if packed is None:
            return self._shelves[sku]
        # The door's thread and the loop may both come first: one shelf counts.
        opened = packed[0].open(sku, packed[1], network=self._network, stamp=next(self._stamps))
        shelf = self._shelves.setdefault(sku, opened)
        if self._crates.pop(sku, None) is not None:
            self._open_rows += shelf.size
        return shelf

    def _find_moved(self, sku: Sku) -> Shelf | None:
        """The shelf of a SKU of which something moves, where it is remembered."""
        for moved in self._noting:
            moved.add(sku)
        return self._shelf(sku) if sku in self._shelves or sku in self._crates else None

    def _stand(self, sku: Sku, shelf: Shelf) -> None:
        self._shelves[sku] = shelf
        self._rows += shelf.size
        self._open_rows += shelf.size

    def _set(self, shelf: Shelf, row: int, on_hand: int, reserved: int) -> None:
        shelf.set(row, on_hand, reserved, self._network)
        shelf.stamp = next(self._stamps)
