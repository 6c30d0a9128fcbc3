"""The last look at a plan's lots: what it would deliver too late for its lots is planned again without them."""

from collections.abc import Callable, Mapping, Set
from dataclasses import replace
from typing import Final

import numpy as np

from troth.engine.carriage.network import Network
from troth.engine.demand.shelf_life import Supply, has_lots, remaining_seconds
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import Source
from troth.model.plan import Demand, Plan

_ROUNDS_MAX: Final = 6

Lots = Mapping[Sku, Set[tuple[NodeId, Source]]]
"""Lots by SKU: the node and the source of each."""


def plan_with_lots(demand: Demand, supply: Supply, network: Network, ask: Callable[[Supply], Plan]) -> Plan:
    """The plan of a supply with lots, none of which it delivers after its life.

    Where a plan does, for lines wait for each other or goods go round by a store, it is made again without those lots;
    in the last round without any that do not keep.
    """
    found = ask(supply)
    if not has_lots(supply):
        return found
    for left in reversed(range(_ROUNDS_MAX)):
        spoiled = find_spoiled(demand, found, supply, network)
        if not spoiled:
            return found
        supply = without_lots(spoiled, supply, network) if left else _lasting_for_good(supply)
        found = ask(supply)
    return found


def find_spoiled(demand: Demand, found: Plan, supply: Supply, network: Network) -> Lots:
    """The lots (node, source) by SKU that a plan delivers when they are no longer good for long enough."""
    remaining: dict[tuple[LineId, Sku], float] = {}
    for line in demand.lines:
        for one in line.instead:
            remaining[line.line_id, one.sku] = remaining_seconds(one)
        remaining[line.line_id, line.sku] = remaining_seconds(line)
    own = {line.line_id: remaining_seconds(line) for line in demand.lines}
    ends = {sku: _ends(sku, supply, network) for sku in supply}
    spoiled: dict[Sku, set[tuple[NodeId, Source]]] = {}
    for shipment in found.shipments:
        promised_at = shipment.promised_at.timestamp()
        for peg in shipment.pegs:
            end = ends.get(peg.sku, {}).get((shipment.node, peg.source), np.inf)
            if promised_at + remaining.get((peg.line_id, peg.sku), own[peg.line_id]) > end:
                spoiled.setdefault(peg.sku, set()).add((shipment.node, peg.source))
    return spoiled


def _ends(sku: Sku, supply: Supply, network: Network) -> Mapping[tuple[NodeId, Source], float]:
    rows = supply[sku]
    if rows.good_until is None:
        return {}
    return {
        (network.nodes[node].node, source): end
        for node, source, end in zip(rows.node_index.tolist(), rows.sources, rows.good_until.tolist(), strict=True)
    }


def without_lots(lots_by_sku: Lots, supply: Supply, network: Network) -> Supply:
    """The supply without some of its lots."""
    left = dict(supply)
    for sku, lots in lots_by_sku.items():
        if sku not in supply:
            continue
        rows = supply[sku]
        places = zip(rows.node_index.tolist(), rows.sources, strict=True)
        is_kept = [(network.nodes[node].node, source) not in lots for node, source in places]
        left[sku] = replace(rows, available=np.where(is_kept, rows.available, 0))
    return left


def _lasting_for_good(supply: Supply) -> Supply:
    return {
        sku: rows
        if rows.good_until is None
        else replace(rows, available=np.where(np.isinf(rows.good_until), rows.available, 0))
        for sku, rows in supply.items()
    }
