"""Lots that do not keep: which of them can be promised, given when a plan delivers.

What has expired where it lies is no supply. A lot can cover a line only if it is still good when the goods arrive, and
as many days longer as the line asks: `promised_at + min_remaining_days * 24 h <= good_until`. A block counts a lot only
where its slowest service would still do; a plan whose dates were moved afterwards is checked as a whole.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.calendars import DAY_SECONDS
from troth.engine.carriage.timetable import Timetable
from troth.engine.carriage.transit import NEVER, Lanes
from troth.engine.demand.candidates import Block
from troth.engine.supply.kits import components_of
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import Sku
from troth.model.inventory import Source
from troth.model.plan import DemandLine
from troth.model.value import dataclass

Supply = Mapping[Sku, SupplyRows]


@dataclass(frozen=True, slots=True, eq=False)
class Perishable:
    """The lots of a line that do not keep: at which nodes, how many units, until when they may be delivered and from
    when they are there (POSIX, 0.0: now), all of one length.
    """

    line: int
    nodes: NDArray[np.int32]
    units: NDArray[np.int64]
    deliver_by: NDArray[np.float64]
    come_at: NDArray[np.float64]


def remaining_seconds(line: DemandLine) -> float:
    """How long after its delivery a line's goods must still be good."""
    return 0.0 if line.terms is None else line.terms.min_remaining_days * DAY_SECONDS


def has_lots(supply: Supply) -> bool:
    """Whether any of the supply is held by lots: one look, because most of it is not."""
    return any([rows.good_until is not None for rows in supply.values()])  # noqa: C419 - a list is quicker, for every order


def fresh_rows(rows: SupplyRows, now: float) -> SupplyRows:
    """The rows without the units that have expired by an instant (POSIX).

    >>> from troth.model.inventory import Source
    >>> lots = (Source("lot/1"), Source("lot/2"))
    >>> rows = SupplyRows(np.array([0, 0]), np.array([3, 4]), np.zeros(2), lots, good_until=np.array([100.0, 200.0]))
    >>> fresh_rows(rows, 100.0).available.tolist(), fresh_rows(rows, 99.0).available.tolist()
    ([0, 4], [3, 4])
    """
    if rows.good_until is None:
        return rows
    is_good = rows.good_until > now
    return replace(
        rows,
        available=np.where(is_good, rows.available, 0),
        on_hand=None if rows.on_hand is None else np.where(is_good, rows.on_hand, 0),
        reserved=None if rows.reserved is None else np.where(is_good, rows.reserved, 0),
    )


def fresh_supply(supply: Supply, now: float) -> Supply:
    """The supply without what has expired by an instant (POSIX)."""
    return {sku: fresh_rows(rows, now) for sku, rows in supply.items()} if has_lots(supply) else supply


def end_of_supply(rows: SupplyRows, node: int, source: Source) -> tuple[int, float]:
    """What one supply has available, and when it stops being good (POSIX); nothing where it is not there."""
    for row, at in enumerate(rows.sources):
        if at == source and rows.node_index[row] == node:
            return int(rows.available[row]), math.inf if rows.good_until is None else float(rows.good_until[row])
    return 0, math.inf


# Within a question -------------------------------------------------------------------------------------------------


def find_perishable(lines: Sequence[DemandLine], rows: Sequence[SupplyRows]) -> tuple[Perishable, ...]:
    """The lots of each line that do not keep; nothing of a line that has none."""
    found = []
    for at, (line, row) in enumerate(zip(lines, rows, strict=True)):
        if row.good_until is None:
            continue
        ends = np.flatnonzero(np.isfinite(row.good_until) & (row.available > 0))
        if ends.size:
            deliver_by = row.good_until[ends] - remaining_seconds(line)
            found.append(
                Perishable(at, row.node_index[ends], row.available[ends], deliver_by, row.available_from[ends])
            )
    return tuple(found)


def spoil(block: Block, perishable: Sequence[Perishable]) -> tuple[Block, tuple[Perishable, ...]]:
    """The block without the lots that would not last to its slowest delivery, and the lots that it or a later one still
    counts: those that are yet to come are judged when they have.
    """
    slowest = _slowest(block.timetable, block.lane)
    available = block.available.copy()
    kept = []
    for lots in perishable:
        column = np.searchsorted(block.nodes, lots.nodes)
        column[column == block.nodes.size] = 0  # of a node that is not in the block; any will do
        is_there = lots.come_at <= (0.0 if block.is_on_hand else block.ready)
        is_lost = is_there & (block.nodes[column] == lots.nodes) & (slowest[column] > lots.deliver_by)
        np.subtract.at(available[lots.line], column[is_lost], lots.units[is_lost])
        kept.append(lots if not is_lost.any() else _keep(lots, ~is_lost))
    return replace(block, available=np.maximum(available, 0.0)), tuple(kept)


def outlast(block: Block, perishable: Sequence[Perishable]) -> Block:
    """A later block without the lots that it still counts and that would not last to its slowest delivery.

    What has come by then is kept, since all that is sent from a node by then is limited by that.
    """
    return replace(spoil(block, perishable)[0], come=block.available)


def only_swiftest(lanes: Lanes, timetable: Timetable) -> Lanes:
    """The lanes of each node's quickest service alone; of services that are as quick all stay."""
    arrives = timetable.promised_at.take(lanes.lane)
    is_slower = arrives > arrives.min(axis=0, keepdims=True)
    lane = np.where(is_slower, lanes.absent, lanes.lane)
    return replace(lanes, lane=lane, is_complete=lanes.is_complete and not is_slower.any())


def keep_lasting(lines: Sequence[DemandLine], supply: Supply, timetable: Timetable, lanes: Lanes) -> Supply:
    """The supply without lots that would not last to a node's slowest delivery for every line that takes the SKU; that
    is how components of kits are counted.
    """
    slowest = _slowest(timetable, lanes.lane)
    longest: dict[Sku, float] = {}
    for line in lines:
        for sku, _units in components_of(line):
            longest[sku] = max(longest.get(sku, 0.0), remaining_seconds(line))
    return {
        sku: rows
        if rows.good_until is None
        else replace(
            rows,
            available=np.where(rows.good_until - longest.get(sku, 0.0) >= slowest[rows.node_index], rows.available, 0),
        )
        for sku, rows in supply.items()
    }


def leaves_any(lasting: Supply, supply: Supply) -> bool:
    """Whether any units of a supply are left out of what lasts."""
    return any(int(lasting[sku].available.sum()) < int(rows.available.sum()) for sku, rows in supply.items())


def _keep(lots: Perishable, is_kept: NDArray[np.bool_]) -> Perishable:
    return Perishable(
        lots.line, lots.nodes[is_kept], lots.units[is_kept], lots.deliver_by[is_kept], lots.come_at[is_kept]
    )


def _slowest(timetable: Timetable, lane: NDArray[np.intp]) -> NDArray[np.float64]:
    """When each node (of the lanes' columns) delivers by its slowest service; 0.0 where it has none."""
    promised = timetable.promised_at.take(lane)
    slowest: NDArray[np.float64] = np.where(promised < NEVER, promised, 0.0).max(axis=0, initial=0.0)
    return slowest
