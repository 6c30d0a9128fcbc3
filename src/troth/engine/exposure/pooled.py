"""Pooled protections: units that lower classes leave over several nodes together, wherever they lie.

Of what the nodes could give the asker by a time, T(t), no more than the least of T(s) - R(s) over all s from t on may
be taken by t, R being what is kept then. Any plan within that leaves enough somewhere; which nodes it leaves it at is
known once the plan is made. These, its *witnesses*, are locked and looked at with what it takes: as few as together
hold what is kept, so that two orders at once cannot each count on the units that the other takes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from troth.engine.exposure.amounts import Units
from troth.engine.exposure.asker import Asker
from troth.engine.exposure.floors import kept_share, remaining_pool, shared, window_of
from troth.engine.exposure.in_force import Exposure
from troth.engine.exposure.item_rules import ItemRules, Mask
from troth.engine.network import Network
from troth.engine.supply import SupplyRows
from troth.model.item import Item


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """What has to stay of some rows (`of`, R) from `starts` until `ends` (POSIX): `units` of what they could `give` (R)
    beside all that has to stay at single nodes.
    """

    label: str
    units: int
    of: NDArray[np.bool_]
    give: Units
    starts: float
    ends: float

    def trim(self, rows: SupplyRows, taken: Units, asked: int) -> Units:
        """What may be taken of each row where so much is asked; the same array where nothing has to be left.

        What is there sooner comes first, and of one time the largest.
        """
        dates, ahead = self._ahead(rows)
        if asked <= int(ahead[0]):
            return taken
        at = np.flatnonzero(self.of & (taken > 0))
        order = at[np.lexsort((rows.node_index[at], -taken[at], rows.available_from[at]))]
        trimmed, used = taken.copy(), 0
        for row, most in zip(
            order.tolist(), ahead[np.searchsorted(dates, rows.available_from[order])].tolist(), strict=True
        ):
            trimmed[row] = units = min(int(taken[row]), max(0, most - used))
            used += units
        return trimmed if bool((trimmed < taken).any()) else taken

    def now(self, rows: SupplyRows) -> int:
        """What may be taken of what is there now."""
        return int(self._ahead(rows)[1][0])

    def witnesses(self, rows: SupplyRows, planned: Units) -> Units:
        """The units (R) that are looked at when so many are taken of each row: what stays of rows that are there when
        it has to, as few rows as hold it, those with most first.
        """
        stays = np.where(self.of & (rows.available_from <= max(0.0, self.starts)), self.give - planned, 0)
        order = np.lexsort((np.arange(stays.size), -stays))
        units = np.maximum(stays[order], 0)
        witnessed = np.zeros_like(stays)
        witnessed[order] = np.clip(self.units - (units.cumsum() - units), 0, units)
        return witnessed

    def _ahead(self, rows: SupplyRows) -> tuple[NDArray[np.float64], Units]:
        """Dates (POSIX), and what may be taken by each."""
        dates = np.unique(np.concatenate([(0.0,), rows.available_from[self.of], (self.starts, self.ends)]))
        dates = dates[(dates >= 0.0) & np.isfinite(dates)]
        there = np.zeros(dates.size, dtype=np.int64)
        np.add.at(there, np.searchsorted(dates, rows.available_from[self.of]), self.give[self.of])
        left = there.cumsum()
        left[(dates >= max(0.0, self.starts)) & (dates < self.ends)] -= self.units
        return dates, np.maximum(np.minimum.accumulate(left[::-1])[::-1], 0)


def find_pools(
    exposure: Exposure,
    rules: ItemRules,
    item: Item,
    rows: SupplyRows,
    give: Units,
    on_hand: Units,
    asker: Asker,
    network: Network,
    *,
    counted: int = 1,
) -> tuple[Pooled, ...]:
    """The pooled protections that an asker has to leave, of rows that could `give` (R) them so much.

    Of several that name one node the later leave what the earlier keep as well: what is kept adds up.
    """
    found: list[Pooled] = []
    for ready, mask in rules.protections:
        share = kept_share(ready.rule, exposure.rules, asker) if ready.rule.is_pooled else 0.0
        if share <= 0.0:
            continue
        is_of = _at_rows(mask, rows)
        here = np.where(mask, on_hand, 0)
        kept = remaining_pool(exposure, ready, item.sku, here, asker, counted=counted)
        units = int(shared(np.array([kept]), share)[0])
        units += sum(other.units for other in found if bool((other.of & is_of).any()))
        window = window_of(ready.rule, np.array([units]))
        if units:
            found.append(Pooled(ready.label, units, is_of, give, window.starts, window.ends))
    return tuple(found)


def _at_rows(mask: Mask, rows: SupplyRows) -> NDArray[np.bool_]:
    return np.full(rows.node_index.size, mask) if isinstance(mask, bool) else mask[rows.node_index]
