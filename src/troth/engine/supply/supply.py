"""What can be taken of one SKU, where and from when: stock on hand and dated supply are rows of one table."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.calendars import MIDNIGHT, day_number, local_instant
from troth.engine.supply.pooled import Pooled
from troth.model.inventory import Balance, Source, is_apart, lot_within
from troth.model.value import dataclass

if TYPE_CHECKING:
    from troth.engine.carriage.network import Network

BookUnits = NDArray[np.int32] | NDArray[np.int64]

QUANTITY_MAX: Final = 10**12
"""Rows hold at most this many units; sums over all nodes stay exact in float64."""


@dataclass(frozen=True, slots=True, eq=False)
class SupplyRows:
    """One SKU's supply, aligned arrays of length R.

    `node_index` (int32) points into the network's nodes, `available` (int64) is units >= 0, `available_from` (float64)
    is POSIX seconds with 0.0 for what is on hand now; `sources` names each row. Rows need no order; a node may have
    many.

    `is_plain` says that all of it is on hand, with one row a node at most, sorted by node.

    `on_hand` and `reserved` (int32 where all fit) are what the books say of each row, where they are known. Where rules
    of exposure keep units back, `withheld` (int64) says how many of each row are free and not `available`, and `note`
    why, as a code and a sentence; `pools` are units that have to stay over several of them together. `good_until`
    (float64, POSIX) is when each row stops being good, infinity where it keeps; None: there are no lots among them.
    """

    node_index: NDArray[np.int32]
    available: NDArray[np.int64]
    available_from: NDArray[np.float64]
    sources: tuple[Source, ...]
    on_hand: BookUnits | None = None
    reserved: BookUnits | None = None
    withheld: NDArray[np.int64] | None = None
    note: tuple[str, str] | None = None
    is_plain: bool = False
    good_until: NDArray[np.float64] | None = None
    pools: tuple[Pooled, ...] = ()

    @property
    def has_dated(self) -> bool:
        """Whether any row is still to come."""
        return not self.is_plain and bool(self.available_from.any())

    def rows_at(self, node: int) -> list[int]:
        """The rows of a node (its position), in their order."""
        if not self.is_plain:
            rows: list[int] = (self.node_index == node).nonzero()[0].tolist()
            return rows
        row = int(self.node_index.searchsorted(np.int32(node)))
        return [row] if row < self.node_index.size and self.node_index.item(row) == node else []


NO_SUPPLY: Final = SupplyRows(
    np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64), ()
)


def rows_of(balances: Iterable[Balance], network: "Network") -> SupplyRows:
    """The rows of one SKU's balances, ordered by node, date and source.

    Left out are balances of nodes that the network lacks, and what lies apart; of inactive ones nothing is available.
    """
    rows = sorted(
        (
            network.index[balance.key.node],
            0.0 if balance.expected_at is None else max(1.0, balance.expected_at.timestamp()),
            balance.key.source,
            min(balance.available, QUANTITY_MAX) if network.is_active[network.index[balance.key.node]] else 0,
            balance.on_hand,
            balance.reserved,
            end_of_life(balance.expires_on, network.nodes[network.index[balance.key.node]].time_zone),
        )
        for balance in balances
        if balance.key.node in network.index and not is_apart(balance.key.source)
    )
    node_index = np.array([row[0] for row in rows], dtype=np.int32)
    available_from = np.array([row[1] for row in rows], dtype=np.float64)
    sources = tuple(row[2] for row in rows)
    return SupplyRows(
        node_index,
        np.array([row[3] for row in rows], dtype=np.int64),
        available_from,
        sources,
        np.array([row[4] for row in rows], dtype=np.int64),
        np.array([row[5] for row in rows], dtype=np.int64),
        is_plain=not available_from.any() and bool((node_index[1:] > node_index[:-1]).all()),
        good_until=ends_of_life(sources, [row[6] for row in rows]),
    )


def ends_of_life(sources: Sequence[Source], good_until: Sequence[float]) -> NDArray[np.float64] | None:
    """When each row stops being good, as `SupplyRows` has it: None where no source is of a lot, here or on its way."""
    return np.array(good_until, dtype=np.float64) if any(map(lot_within, sources)) else None


def end_of_life(expires_on: date | None, time_zone: str) -> float:
    """The midnight (POSIX) at the end of a lot's last day where it lies; infinity where it has none.

    >>> end_of_life(date(1970, 1, 1), "UTC"), end_of_life(None, "UTC")
    (86400.0, inf)
    """
    return np.inf if expires_on is None else local_instant(time_zone, day_number(expires_on) + 1, MIDNIGHT)
