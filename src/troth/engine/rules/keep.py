"""Units that have to stay where they are: what a routing keeps back is no supply of the tiers that answer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from troth.engine.rules.compiled import CompiledRule
from troth.engine.rules.ground import Ground
from troth.engine.rules.masks import Tally, speaks
from troth.engine.rules.merge import BY_RULES
from troth.engine.rules.values import Value
from troth.engine.supply.kits import components_of, wanted_units
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import Sku
from troth.model.plan import Demand, DemandLine, Plan

Units = NDArray[np.float64]

_FOR_WANT_OF_UNITS = frozenset({"no_stock", "components_apart", BY_RULES})

_TOLERANCE = 1e-9
"""What a product of decimals may be above a whole number without asking for one unit more."""


def keep_back(keeps: Sequence[CompiledRule], ground: Ground, tally: Tally) -> Mapping[Sku, SupplyRows]:
    """The supply without what has to stay: of each SKU, at each node, the most that any keep says of any line of it.

    What stays is what is there first, on hand before what is to come, so that a node never has less of the SKU than it
    is to keep once it has that much. Of lots those stay that end first. Of a kit each component is kept.
    """
    spoken = [keep for keep in keeps if keep.when is None or speaks(keep.when, ground)]
    if not spoken:
        return ground.supply
    wanted = wanted_units(ground.demand)
    most: dict[Sku, Units] = {}
    for keep in spoken:
        kept = _by_sku(ground.demand.lines, _units(keep, ground, tally))
        binding: set[int] = set()
        for sku, units in kept.items():
            rows = ground.supply.get(sku)
            if rows is not None and rows.available.size:
                at = _binding(rows, units, wanted.get(sku, 0))
                if at:
                    binding |= at
                    tally.kept.setdefault(sku, {})[keep.name.removeprefix("keep ")] = None
            most[sku] = units if sku not in most else np.maximum(most[sku], units)
        if binding:
            tally.removed[keep.name] = max(tally.removed.get(keep.name, 0), len(binding))
    left = dict(ground.supply)
    for sku, units in most.items():
        if (rows := left.get(sku)) is not None and rows.available.size:
            left[sku] = _without(rows, units)
    return left


def tell_kept(plan: Plan, demand: Demand, kept: Mapping[Sku, Iterable[str]]) -> Plan:
    """The plan whose gaps say what keeps units of theirs back, by its names."""
    if not plan.uncovered or not kept:
        return plan
    parts = {(line.line_id, line.sku): components_of(line) for line in demand.lines}
    told = []
    for gap in plan.uncovered:
        own = [name for sku, _each in parts.get((gap.line_id, gap.sku), ()) for name in kept.get(sku, ())]
        if own and gap.reason in _FOR_WANT_OF_UNITS and not gap.detail:
            names = ", ".join(dict.fromkeys(own))
            gap = replace(gap, reason=BY_RULES, detail=f"units of it stay where they are: {names}")
        told.append(gap)
    return replace(plan, uncovered=tuple(told))


def _units(keep: CompiledRule, ground: Ground, tally: Tally) -> Units:
    """What stays (K or 1, N) in what a line is counted in: whole, infinity where it cannot be evaluated."""
    count = ground.network.positions.size
    if keep.condition.code is None:
        tally.notes.append(f"{keep.name} cannot be used and keeps everything: {keep.condition.flaw}")
        return np.full((1, count), np.inf)
    value: Value = keep.condition.code.run(ground)
    units = np.atleast_2d(np.asarray(value.data, dtype=np.float64))
    if value.known is not True:
        is_known: Any = np.atleast_2d(np.asarray(value.known))
        units = np.where(is_known, units, np.inf)
        missing = int(np.count_nonzero(~np.broadcast_to(is_known, (is_known.shape[0], count)).all(axis=0)))
        tally.notes.append(f"{keep.name} could not be evaluated for {missing} of the nodes, which keep all they have")
    return np.broadcast_to(np.maximum(units, 0.0), (units.shape[0], count))


def _by_sku(lines: Iterable[DemandLine], units: Units) -> dict[Sku, Units]:
    """What stays of each SKU (N), in its own units: the most that is said of any line which takes of it."""
    found: dict[Sku, Units] = {}
    for at, line in enumerate(lines):
        own = np.ceil(units[at if units.shape[0] > 1 else 0] * line.scale - _TOLERANCE)
        for sku, _each in components_of(line):
            known = found.get(sku)
            found[sku] = own if known is None else np.maximum(known, own)
    return found


def _binding(rows: SupplyRows, units: Units, wanted: int) -> set[int]:
    """The nodes that have less to give than is wanted, or than they have, because of what stays."""
    there = np.bincount(rows.node_index, rows.available, units.size)[: units.size]
    is_bound = np.maximum(there - units, 0.0) < np.minimum(there, wanted)
    return set(np.flatnonzero(is_bound).tolist())


def _without(rows: SupplyRows, units: Units) -> SupplyRows:
    """The rows with so many units (N) less at each node, the earliest first."""
    if rows.is_plain:
        left = np.maximum(rows.available - units[rows.node_index], 0.0)
        return replace(rows, available=left.astype(np.int64))
    ends = np.zeros(rows.available.size) if rows.good_until is None else rows.good_until
    available, still = rows.available.copy(), units.copy()
    for at in np.lexsort((ends, rows.available_from)).tolist():
        node = int(rows.node_index[at])
        kept = min(float(available[at]), float(still[node]))
        available[at] -= int(kept)
        still[node] -= kept
    return replace(rows, available=available)
