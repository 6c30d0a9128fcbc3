"""Time-phased ATP with look-ahead: what can be taken of each supply without leaving later promises short.

At a node let cum(t) be all supply that is there by t less all that is promised of it, and R(t) what has to stay then.
What may be taken by t is the least of cum(s) - R(s) over all s from t on, and never less than nothing: a unit that is
taken now is missing at every later time. *Source:* the cumulative available-to-promise with look-ahead of production
planning; Vollmann, Berry, Whybark & Jacobs, Manufacturing Planning and Control, chapter on master scheduling.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from troth.engine.supply.supply import SupplyRows
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Floor:
    """Units (N, int64) that have to stay at each node from `starts` until `ends` (POSIX seconds; 0.0: from now)."""

    units: NDArray[np.int64]
    starts: float = 0.0
    ends: float = math.inf

    @property
    def is_constant(self) -> bool:
        """Whether it is the same at all times."""
        return self.starts <= 0.0 and self.ends == math.inf


def take_ahead(rows: SupplyRows, free: NDArray[np.int64], floors: Sequence[Floor], nodes: int) -> NDArray[np.int64]:
    """The units of each row (R) that may be taken.

    `free` (R) is what is there of it less what is promised, which may be negative. Earlier rows of a node come first,
    and of one date the first row.

    >>> rows = SupplyRows(np.array([0, 0]), np.array([3, 10]), np.array([0.0, 86400.0]), ())
    >>> take_ahead(rows, np.array([3, 10]), [Floor(np.array([5]))], 1).tolist()
    [0, 8]
    """
    if is_plain(rows) and all(floor.is_constant for floor in floors):
        left = free.copy()
        for floor in floors:
            left -= floor.units[rows.node_index]
        return np.maximum(left, 0)
    dates = np.unique(np.concatenate([(0.0,), rows.available_from, *([f.starts, f.ends] for f in floors)]))
    dates = dates[(dates >= 0.0) & np.isfinite(dates)]
    at = np.searchsorted(dates, rows.available_from)
    there = np.zeros((dates.size, nodes), dtype=np.int64)
    np.add.at(there, (at, rows.node_index), free)
    left = there.cumsum(axis=0)
    for floor in floors:
        left[(dates >= max(0.0, floor.starts)) & (dates < floor.ends)] -= floor.units
    ahead = np.maximum(np.minimum.accumulate(left[::-1], axis=0)[::-1], 0)
    return share_rows(rows, np.maximum(free, 0), at, np.diff(ahead, axis=0, prepend=0))


def is_plain(rows: SupplyRows) -> bool:
    """Whether every node has one row at most, which is there now."""
    index = rows.node_index
    return rows.is_plain or (not rows.available_from.any() and bool((index[1:] > index[:-1]).all()))


def share_rows(
    rows: SupplyRows, free: NDArray[np.int64], at: NDArray[np.intp], more: NDArray[np.int64]
) -> NDArray[np.int64]:
    """What each row (R) gives of what its node may give `more` at its date (dates, N); `free` is what it has, and `at`
    the position of its date. Of a date what expires first comes first, then the first rows.
    """
    life = np.zeros(at.size) if rows.good_until is None else rows.good_until  # what expires first is given first
    order = np.lexsort((np.arange(at.size), life, rows.node_index, at))
    date, node, units = at[order], rows.node_index[order], free[order]
    begins = np.ones(order.size, dtype=np.bool_)
    begins[1:] = (date[1:] != date[:-1]) | (node[1:] != node[:-1])
    before = units.cumsum() - units
    group = np.maximum.accumulate(np.where(begins, np.arange(order.size), 0))
    taken = np.empty_like(free)
    taken[order] = np.clip(more[date, node] - (before - before[group]), 0, units)
    return taken
