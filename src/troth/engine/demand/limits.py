"""What only some demands ask of their question: restricted items, lines that stay together or whole, kits, limits of
their own. It is looked at only where a line, the order or the policy says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.restrictions import Bars
from troth.engine.carriage.timetable import Timetable
from troth.engine.carriage.transit import NEVER, Lanes
from troth.engine.demand.candidates import Block
from troth.engine.demand.problem import Problem
from troth.engine.demand.shape import Shape, drop_divided, find_shape
from troth.engine.supply.kits import Kits, share_a_sku
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import Sku
from troth.model.plan import Demand, DemandLine
from troth.model.policy import Policy


def is_special(demand: Demand, lines: Sequence[DemandLine], policy: Policy) -> bool:
    """Whether anything here is asked at all: one look, because nearly no order does."""
    if policy.shipment_value_min_minor > 0 or demand.shipment_value_min_minor is not None:
        return True
    for line in lines:
        if line.terms is not None:
            return True
        item = line.item
        if item is not None and (item.restrictions is not None or item.ship_alone):
            return True
    return demand.shipments_max is not None


def limit(
    problem: Problem,
    demand: Demand,
    policy: Policy,
    services: NDArray[np.bool_] | None,
    kits: Kits | None,
    kept: Sequence[int],
) -> Problem:
    """The problem with what only some demands have: limits and shape of its own, barred services, kits."""
    most = problem.shipments_max
    if kits is not None:
        kits = replace(kits, components=tuple([kits.components[at] for at in kept]))
    return replace(
        problem,
        shipments_max=most if demand.shipments_max is None else max(1, min(most, demand.shipments_max)),
        shape=find_shape(demand, problem.lines, policy),
        allowed=None if services is None or services.all() else services,
        kits=kits,
        has_shared_sku=problem.has_shared_sku if kits is None else share_a_sku(kits.components),
    )


def share_units(asked: Sequence[DemandLine], totals: Sequence[float]) -> tuple[int, ...]:
    """How many units of each line its SKU's total can cover; lines of one SKU share it, earlier lines first.

    A line with a smaller total than another of its SKU may take only a part of the same units: those that last.

    >>> from troth.model.ids import LineId
    >>> lines = [DemandLine(LineId(name), Sku("A"), 2) for name in "12"]
    >>> share_units(lines, [3.0, 3.0]), share_units(lines, [4.0, 2.0]), share_units(lines, [2.0, 3.0])
    ((2, 1), (2, 2), (2, 1))
    """
    if len({line.sku for line in asked}) == len(asked):
        return tuple([min(line.quantity, int(total)) for line, total in zip(asked, totals, strict=True)])
    taken: dict[Sku, dict[int, int]] = {}  # by total: these are few, however many lines
    shares = []
    for line, total in zip(asked, map(int, totals), strict=True):
        others = taken.setdefault(line.sku, {})
        units = min(line.quantity, total)
        for bound in {total, *(other for other in others if other > total)}:
            units = min(units, bound - sum(used for other, used in others.items() if other <= bound))
        others[total] = others.get(total, 0) + max(0, units)
        shares.append(max(0, units))
    return tuple(shares)


def measure(
    asked: Sequence[DemandLine], shape: Shape | None, totals: NDArray[np.float64], blocks: Sequence[Block]
) -> tuple[tuple[int, ...], Mapping[int, str]]:
    """How much of each line the totals (lines, N) can cover, and the lines that their own shape keeps from it."""
    sums = totals.sum(axis=1).tolist()
    if shape is None:
        return share_units(asked, sums), {}
    return drop_divided(shape, asked, lambda wanted: share_units(wanted, sums), blocks)


def totals_of(base: Block, blocks: Sequence[Block]) -> NDArray[np.float64]:
    """What each node has at the last date (lines, N)."""
    totals = base.available.copy()
    for block in blocks:
        totals[:, block.nodes] = np.maximum(totals[:, block.nodes], block.available)
    return totals


def admit(eligible: NDArray[np.bool_] | None, bars: Bars, timetable: Timetable, lanes: Lanes) -> NDArray[np.bool_]:
    """Who may send each line (lines, N) by rules and by restrictions, with at least one service that may carry it."""
    arrives = timetable.arrival_day.take(lanes.lane) < NEVER
    carried = (bars.services[:, :, np.newaxis] & arrives[np.newaxis]).any(axis=1)
    admitted: NDArray[np.bool_] = bars.nodes & carried
    return admitted if eligible is None else admitted & eligible


def explain_lines(
    asked: Sequence[DemandLine],
    coverable: Sequence[int],
    rows: Sequence[SupplyRows],
    eligible: NDArray[np.bool_] | None,
    bars: Bars | None,
    lost: Mapping[int, str],
) -> dict[int, tuple[str, str]]:
    """Why single lines are short: what restrictions keep from them, then what their shape does."""
    reasons = {at: (reason, "") for at, reason in lost.items()}
    if bars is not None and eligible is not None:
        for at, detail in enumerate(bars.details):
            if detail and coverable[at] < asked[at].quantity:
                may = eligible[at if eligible.shape[0] > 1 else 0]
                if at in bars.alone and _has_books(rows[at], bars.nodes[at]):
                    continue  # that node has some of it: what keeps it there is told like anything that nodes lack
                if rows[at].available[~may[rows[at].node_index]].any() or not may.any():
                    reasons[at] = ("too_large" if at in bars.large else "restricted", detail)
    return reasons


def _has_books(rows: SupplyRows, nodes: NDArray[np.bool_]) -> bool:
    """Whether any of these nodes (N) has units, also such as are not available because it is not active."""
    at = nodes[rows.node_index]
    free = rows.available if rows.on_hand is None or rows.reserved is None else rows.on_hand - rows.reserved
    return bool(((rows.available > 0) | (free > 0))[at].any())
