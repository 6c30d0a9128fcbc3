"""Who could send it, and when: blocks of candidates that share one ready time.

A candidate is (service, node) of a block. The first block can begin now and takes what is on hand; each date on which
supply becomes available adds a block of the nodes where it does. What is available at a candidate is all of its node's
supply up to the block's ready time.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.calendars import minute_of, minutes_of
from troth.engine.carriage.network import Network
from troth.engine.carriage.timetable import Timetable, find_timetable
from troth.engine.carriage.transit import NEVER, Lanes
from troth.engine.supply.overdue import ready_from
from troth.engine.supply.supply import SupplyRows
from troth.model.order import Method
from troth.model.policy import Policy
from troth.model.value import dataclass

NODES_BEFORE_COMPRESSION: Final = 64
"""Of so few nodes also those that have nothing are candidates: that is quicker than to leave them out."""

READY_TIMES_MAX: Final = 48
"""Above this many distinct dates, dates are rounded up: to the hour, to the day, to the week and so on."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Candidates with one ready time (POSIX): `nodes` (n), `lane` and `rate_lane` (services, n), `available` units
    (lines, n).

    `minute` is when the work can begin; candidates are numbered service by service, nodes in order within. `come` is
    what a node got by then (lines, n), also what does not last until it is delivered; None: as much as is available.
    """

    ready: float
    minute: int
    timetable: Timetable
    nodes: NDArray[np.intp]
    lane: NDArray[np.intp]
    rate_lane: NDArray[np.intp]
    available: NDArray[np.float64]
    not_before: float | None = None
    is_on_hand: bool = True
    come: NDArray[np.float64] | None = None

    @property
    def size(self) -> int:
        """How many candidates the block has."""
        return int(self.lane.size)


def on_hand_block(
    network: Network,
    lanes: Lanes,
    rows: Sequence[SupplyRows],
    timetable: Timetable,
    *,
    dated: Sequence[bool],
    now: float,
    minute: int,
    on_hand: NDArray[np.float64] | None = None,
) -> Block:
    """The block that can begin now, with the on-hand supply (lines, N) of each line's rows; `dated` says which have
    more. `on_hand` is that supply where it is known already.
    """
    if on_hand is not None:
        return Block(now, minute, timetable, network.positions, lanes.lane, lanes.rate_lane, on_hand.copy())
    count = len(network.nodes)
    available = np.empty((len(rows), count))
    for line, row in enumerate(rows):
        if dated[line]:
            is_here = row.available_from == 0.0
            available[line] = np.bincount(row.node_index[is_here], row.available[is_here], count)[:count]
        else:
            available[line] = np.bincount(row.node_index, row.available, count)[:count]
    return Block(now, minute, timetable, network.positions, lanes.lane, lanes.rate_lane, available)


def dated_blocks(
    network: Network,
    lanes: Lanes,
    rows: Sequence[SupplyRows],
    dates: NDArray[np.float64],
    base: Block,
    policy: Policy,
) -> list[Block]:
    """The further blocks of dated supply, by date; `dates` are the ready times of all lines' rows, one line after the
    other.
    """
    line_of = np.concatenate([np.full(row.available.size, line) for line, row in enumerate(rows)])
    node_of = np.concatenate([row.node_index for row in rows])
    units = np.concatenate([row.available for row in rows]).astype(np.float64)
    blocks = []
    total = base.available.copy()
    for ready in np.unique(dates[dates > 0.0]).tolist():
        at = np.flatnonzero(dates == ready)
        np.add.at(total, (line_of[at], node_of[at]), units[at])
        nodes = np.unique(node_of[at]).astype(np.intp)
        minute = -minute_of(-ready)
        timetable = find_timetable(network, lanes, minute, ready_minutes=minutes_of(policy.pickup_ready_hours))
        lane, available = lanes.lane[:, nodes], total[:, nodes]
        available[:, (timetable.arrival_day.take(lane) >= NEVER).all(axis=0)] = 0.0
        blocks.append(
            Block(ready, minute, timetable, nodes, lane, lanes.rate_lane[:, nodes], available, is_on_hand=False)
        )
    return blocks


def everywhere(network: Network, lanes: Lanes, block: Block, totals: NDArray[np.float64]) -> Block:
    """The block's ready time for all nodes, with what each has by then (lines, N)."""
    return replace(
        block,
        nodes=network.positions,
        lane=lanes.lane,
        rate_lane=lanes.rate_lane,
        available=totals.copy(),
    )


def ready_times(dates: NDArray[np.float64], now: float) -> NDArray[np.float64]:
    """When each row counts (POSIX, 0.0 on hand): overdue rows when they are counted on, and at most READY_TIMES_MAX
    distinct times.

    Rounding is upwards only, so no promise is made before its supply is there.
    """
    ready = ready_from(dates, now)
    step = 3600.0
    while np.unique(ready[ready > 0.0]).size > READY_TIMES_MAX:
        ready = np.ceil(ready / step) * step
        step *= 24.0 if step == 3600.0 else 7.0
    return ready


def later_blocks(
    network: Network, lanes: Lanes, blocks: Sequence[Block], not_before: Sequence[float], policy: Policy
) -> list[Block]:
    """The same blocks once more for each wish not to arrive before an instant, sent so late that it is met.

    Of those the latest supply comes first, so that equal plans leave what is on hand to those who need it sooner.
    """
    return [
        replace(
            block,
            lane=lanes.lane[:, block.nodes],
            timetable=find_timetable(
                network,
                lanes,
                block.minute,
                ready_minutes=minutes_of(policy.pickup_ready_hours),
                not_before=instant,
            ),
            not_before=instant,
        )
        for instant in sorted(set(not_before))
        for block in reversed(blocks)
    ]


def whole_minute_now(method: Method, now: float) -> int:
    """The minute in which work for an order of now can begin; a pickup is never promised before the next full one."""
    return math.floor(now / 60.0) if method in (Method.SHIP, Method.DELIVERY) else math.ceil(now / 60.0)


def keep_lines(block: Block, lines: Sequence[int]) -> Block:
    """The block with some of its lines only (positions, ascending)."""
    kept = list(lines)
    come = None if block.come is None else block.come[kept]
    return replace(block, available=block.available[kept], come=come)


def keep_nodes(block: Block, columns: NDArray[np.intp]) -> Block:
    """The block with some of its nodes only (positions within the block, ascending)."""
    return Block(
        block.ready,
        block.minute,
        block.timetable,
        block.nodes.take(columns),
        block.lane.take(columns, axis=1),
        block.rate_lane.take(columns, axis=1),
        block.available.take(columns, axis=1),
        block.not_before,
        block.is_on_hand,
        come=None if block.come is None else block.come.take(columns, axis=1),
    )
