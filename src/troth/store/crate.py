"""The stock of many SKUs in arrays that they share, as long as nobody asks for it.

Most of a large assortment is not asked for from one restart to the next. Arrays of its own cost a SKU some hundred
bytes each and are made one by one; in a crate a balance takes twelve bytes, and some thousand are packed at once.
"""

from collections.abc import Sequence
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.supply.supply import BookUnits
from troth.model.ids import Sku
from troth.model.value import dataclass
from troth.store.shelf import Shelf, SkuStock, narrowed, shelf_on_hand


@dataclass(frozen=True, slots=True, eq=False)
class Crate:
    """The stock of SKUs of which all lies on hand: the rows (R) of the SKU at position p are those from `ends[p]` to
    `ends[p + 1]`, sorted by node.
    """

    ends: NDArray[np.intp]
    nodes: NDArray[np.int32]
    on_hand: BookUnits
    reserved: BookUnits

    def size(self, position: int) -> int:
        """How many rows the SKU at a position has."""
        return int(self.ends[position + 1] - self.ends[position])

    def open(self, sku: Sku, position: int, *, network: Network, stamp: int) -> Shelf:
        """The shelf of the SKU at a position. It works on the crate's own arrays, so only one may be open."""
        rows = slice(self.ends[position], self.ends[position + 1])
        return shelf_on_hand(
            sku, self.nodes[rows], self.on_hand[rows], self.reserved[rows], network=network, stamp=stamp
        )


def pack(stocks: Sequence[SkuStock], network: Network) -> Crate:
    """The crate of SKUs of which all lies on hand; what is at no node of the network is left out."""
    counts = np.array([len(stock.nodes) for stock in stocks], dtype=np.intp)
    found = map(network.index.get, chain.from_iterable([stock.nodes for stock in stocks]), repeat(-1))
    nodes = np.fromiter(found, dtype=np.int32, count=int(counts.sum()))
    on_hand = np.concatenate([np.asarray(stock.on_hand, dtype=np.int64) for stock in stocks])
    reserved = np.concatenate([np.asarray(stock.reserved, dtype=np.int64) for stock in stocks])
    owner = np.repeat(np.arange(len(stocks)), counts)
    if (nodes < 0).any():
        kept = nodes >= 0
        nodes, on_hand, reserved, owner = nodes[kept], on_hand[kept], reserved[kept], owner[kept]
        counts = np.bincount(owner, minlength=len(stocks))
    if ((nodes[1:] < nodes[:-1]) & (owner[1:] == owner[:-1])).any():
        # A database may sort names in its own way; the network has them by code point.
        order = np.lexsort((nodes, owner))
        nodes, on_hand, reserved = nodes[order], on_hand[order], reserved[order]
    return Crate(_ends(counts), nodes, narrowed(on_hand), narrowed(reserved))


def packed_again(shelves: Sequence[Shelf]) -> Crate:
    """The crate of shelves on which all lies on hand, as they now are; none of them may be used any more."""
    rows = [shelf.rows for shelf in shelves]
    return Crate(
        _ends(np.array([len(one.node_index) for one in rows], dtype=np.intp)),
        np.concatenate([one.node_index for one in rows]),
        np.concatenate([shelf.on_hand for shelf in shelves]),
        np.concatenate([shelf.reserved for shelf in shelves]),
    )


def _ends(counts: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.concatenate((np.zeros(1, dtype=np.intp), np.cumsum(counts)))
