"""Units that have to stay over several rows of supply together, and what may be taken of each row beside them.

Why these bounds, and how they are found, is said where rules of exposure make them (`engine/exposure/pooled.py`).
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from troth.model.value import dataclass

Rows = NDArray[np.bool_]
Units = NDArray[np.int64]


class Located(Protocol):
    """Rows of supply (R) of which it is known where they lie, and from when they are there."""

    @property
    def node_index(self) -> NDArray[np.int32]:
        """The position of each one's node."""

    @property
    def available_from(self) -> NDArray[np.float64]:
        """From when (POSIX)."""


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """Rows (`of`, R) that have to hold `stays` (D) units at each date, so that by then `most` (D) may be taken."""

    of: Rows
    stays: Units
    most: Units


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """What has to stay for a rule beside what stays for the rules before it: `units` of what rows could `give` (R)
    beside all that has to stay at single nodes. `bounds` say so at some `dates` (D, POSIX).
    """

    label: str
    units: int
    give: Units
    dates: NDArray[np.float64]
    bounds: tuple[Bound, ...]

    def trim(self, rows: Located, taken: Units, asked: int) -> Units:
        """What may be taken of each row where so much is asked; the same array where nothing has to be left.

        What is there sooner comes first, and of one time the largest.
        """
        bounds = [bound for bound in self.bounds if asked > int(bound.most[0])]
        if not bounds:
            return taken
        of = np.stack([bound.of for bound in bounds])
        at = np.flatnonzero(of.any(axis=0) & (taken > 0))
        order = at[np.lexsort((rows.node_index[at], -taken[at], rows.available_from[at]))]
        by = np.searchsorted(self.dates, rows.available_from[order])
        most = np.stack([bound.most for bound in bounds])[:, by]
        trimmed, used = taken.copy(), np.zeros(len(bounds), dtype=np.int64)
        for position, row in enumerate(order.tolist()):
            is_in = of[:, row]
            left = int((most[is_in, position] - used[is_in]).min())
            trimmed[row] = units = min(int(taken[row]), max(0, left))
            used[is_in] += units
        return trimmed if bool((trimmed < taken).any()) else taken

    def witnesses(self, rows: Located, planned: Units) -> Units:
        """The units (R) that are looked at when so many are taken of each row: what stays of rows that are there when
        it has to, as few rows as hold it, those with most first.
        """
        found = np.zeros_like(self.give)
        for bound in self.bounds:
            for at in np.flatnonzero(np.diff(bound.stays, prepend=0) > 0).tolist():
                is_there = bound.of & (rows.available_from <= self.dates[at])
                stays = np.where(is_there, self.give - planned, 0)
                order = np.lexsort((np.arange(stays.size), -stays))
                units = np.maximum(stays[order], 0)
                witnessed = np.clip(bound.stays[at] - (units.cumsum() - units), 0, units)
                found[order] = np.maximum(found[order], witnessed)
        return found
