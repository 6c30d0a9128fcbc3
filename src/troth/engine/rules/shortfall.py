"""Which rules keep what is short from being sent: the nodes that have it and are barred, by the rule that bars them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.transit import find_lanes
from troth.engine.demand.lacking import tell_lack
from troth.engine.rules.ground import Ground
from troth.engine.rules.merge import BY_RULES
from troth.engine.rules.verdicts import OPEN, Verdicts, find_verdicts, tell_bar
from troth.engine.supply.kits import components_of, kit_rows
from troth.engine.supply.supply import NO_SUPPLY
from troth.model.explanation import Bar
from troth.model.order import Method
from troth.model.plan import DemandLine, Plan, Uncovered
from troth.model.routing import Routing

_COULD_BE_RULES: Final = frozenset(
    {
        "no_stock",
        "components_apart",
        "inactive",
        "excluded",
        "out_of_reach",
        "lane_not_served",
        "service_not_offered",
        BY_RULES,
    }
)
"""Reasons that speak only of the nodes that rules admit."""

_BARS_TOLD: Final = 3


def with_reasons(plan: Plan, ground: Ground, routing: Routing, asked: Iterable[str]) -> Plan:
    """The plan; units that some usable node has beyond what the plan takes lacked no stock, but an admitted node.

    `asked` are the tiers that were asked; their rules, and those of all tiers, are named in the details.
    """
    rows = {(line.line_id, line.sku): row for row, line in enumerate(ground.demand.lines)}
    short = [gap for gap in plan.uncovered if gap.reason in _COULD_BE_RULES and (gap.line_id, gap.sku) in rows]
    if not short:
        return plan
    usable = _usable(ground)
    held = {gap: _left_at(ground.demand.lines[rows[gap.line_id, gap.sku]], ground, plan) for gap in short}
    left = {gap: units * usable for gap, units in held.items()}
    at = np.flatnonzero(np.any([units > 0 for units in left.values()], axis=0))
    if not at.size:
        kept = {id(gap): _without_stock(gap, ground, units > 0) for gap, units in held.items()}
        return replace(plan, uncovered=tuple([kept.get(id(gap), gap) for gap in plan.uncovered]))
    verdicts = find_verdicts(routing, ground, at)
    tiers = [name for name in verdicts.tiers if name in set(asked)] or list(verdicts.tiers)
    told = {
        (gap.line_id, gap.sku): _told(gap, verdicts, tiers, rows[gap.line_id, gap.sku], units[at] > 0)
        if units.any()
        else _without_stock(gap, ground, held[gap] > 0)
        for gap, units in left.items()
    }
    return replace(plan, uncovered=tuple([told.get((gap.line_id, gap.sku), gap) for gap in plan.uncovered]))


def _told(gap: Uncovered, verdicts: Verdicts, tiers: Sequence[str], row: int, has_it: NDArray[np.bool_]) -> Uncovered:
    """The gap with what bars the nodes that have it from all of the tiers."""
    firsts = np.array([verdicts.first[verdicts.tiers.index(name)][row] for name in tiers])[:, has_it]
    barred = firsts[:, (firsts != OPEN).all(axis=0)]
    if not barred.size:
        return gap
    counts = Counter(bar for column in barred.T.tolist() for bar in dict.fromkeys(column))
    most = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:_BARS_TOLD]
    return replace(gap, reason=BY_RULES, detail="; ".join(_sentence(verdicts.bars[bar], count) for bar, count in most))


def _without_stock(gap: Uncovered, ground: Ground, has_it: NDArray[np.bool_]) -> Uncovered:
    """The gap; where rules left nobody to ask, but of the nodes (N) that have it none could send it either, that is
    what stands in the way.
    """
    if gap.reason != BY_RULES:
        return gap
    network = ground.network
    left_out = np.isin(network.positions, [network.index.get(node, -1) for node in ground.demand.excluded_nodes])
    for reason, is_met in (("inactive", ~network.is_active), ("excluded", left_out), ("out_of_reach", has_it)):
        at = np.flatnonzero(has_it & is_met).tolist()
        if at:
            return replace(gap, reason=reason, detail=tell_lack(reason, network, at))
    return replace(gap, reason="no_stock", detail="")


def _sentence(bar: Bar, count: int) -> str:
    return f"{tell_bar(bar)} bars {count} {'node' if count == 1 else 'nodes'} with stock of it"


def _usable(ground: Ground) -> NDArray[np.bool_]:
    """The nodes (N) that could send but for rules: active, not left out, and with a way to the destination."""
    demand, network = ground.demand, ground.network
    pickup = -1
    if demand.method not in (Method.SHIP, Method.DELIVERY):
        pickup = -1 if demand.pickup_node is None else network.index.get(demand.pickup_node, -1)
        if pickup < 0:
            return np.zeros(network.positions.size, dtype=np.bool_)
    lanes = find_lanes(network, demand.method, demand.destination, "" if pickup >= 0 else demand.service, pickup)
    usable: NDArray[np.bool_] = lanes.is_reachable & network.is_active
    usable[[network.index[node] for node in demand.excluded_nodes if node in network.index]] = False
    return usable


def _left_at(line: DemandLine, ground: Ground, plan: Plan) -> NDArray[np.int64]:
    """The units of a line, or the kits of it, that each node (N) has beyond what the plan takes of it there."""
    count, parts = ground.network.positions.size, components_of(line)
    if parts == ((line.sku, 1),):
        rows = ground.supply.get(line.sku, NO_SUPPLY)
    else:
        rows = kit_rows(parts, {sku: ground.supply.get(sku, NO_SUPPLY) for sku, _each in parts})
    left = np.bincount(rows.node_index, rows.available, count)[:count].astype(np.int64)
    each = dict(parts)
    for shipment in plan.shipments:
        units = max((-(-peg.quantity // each[peg.sku]) for peg in shipment.pegs if peg.sku in each), default=0)
        if len(parts) == 1 and units:
            units = sum(peg.quantity for peg in shipment.pegs if peg.sku == line.sku)
        left[ground.network.index[shipment.node]] -= units
    return np.maximum(left, 0)
