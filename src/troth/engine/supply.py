"""What can be taken of one SKU, where and from when: stock on hand and dated supply are rows of one table."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from troth.model.inventory import Balance, Source

if TYPE_CHECKING:
    from troth.engine.network import Network

QUANTITY_MAX: Final = 10**12
"""Rows hold at most this many units; sums over all nodes stay exact in float64."""


@dataclass(frozen=True, slots=True, eq=False)
class SupplyRows:
    """One SKU's supply, aligned arrays of length R.

    `node_index` (int32) points into the network's nodes, `available` (int64) is units >= 0, `available_from` (float64)
    is POSIX seconds with 0.0 for what is on hand now; `sources` names each row. Rows need no order; a node may have
    many.
    """

    node_index: NDArray[np.int32]
    available: NDArray[np.int64]
    available_from: NDArray[np.float64]
    sources: tuple[Source, ...]

    @property
    def has_dated(self) -> bool:
        """Whether any row is still to come."""
        return bool(self.available_from.any())


NO_SUPPLY: Final = SupplyRows(
    np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64), ()
)


def rows_of(balances: Iterable[Balance], network: "Network") -> SupplyRows:
    """The rows of one SKU's balances, ordered by node, date and source.

    Left out are balances of nodes that the network lacks or that are inactive, and those with nothing available.
    """
    rows = sorted(
        (
            network.index[balance.key.node],
            0.0 if balance.expected_at is None else max(1.0, balance.expected_at.timestamp()),
            balance.key.source,
            min(balance.available, QUANTITY_MAX),
        )
        for balance in balances
        if balance.available > 0
        and balance.key.node in network.index
        and network.nodes[network.index[balance.key.node]].active
    )
    return SupplyRows(
        np.array([row[0] for row in rows], dtype=np.int32),
        np.array([row[3] for row in rows], dtype=np.int64),
        np.array([row[1] for row in rows], dtype=np.float64),
        tuple(row[2] for row in rows),
    )
