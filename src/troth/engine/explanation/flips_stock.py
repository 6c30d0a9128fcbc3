"""What stock would have flipped the choice: for each SKU the node where having it would have helped most.

How many units it takes is found on a draft of the case, with the nodes that are near or have most of what is asked for,
and then made sure of with all of them.
"""

from collections.abc import Iterator, Set
from dataclasses import replace
from typing import Final

import numpy as np

from troth.engine.carriage.transit import compute_miles, find_coordinates
from troth.engine.explanation.explain_stands import units_there
from troth.engine.explanation.flips_measure import Measure
from troth.engine.explanation.tries import Tries
from troth.engine.promising.case import Case
from troth.engine.supply.kits import wanted_units
from troth.engine.supply.supply import NO_SUPPLY, SupplyRows
from troth.model.explanation import Flip
from troth.model.ids import NodeId, Sku
from troth.model.inventory import ON_HAND
from troth.model.plan import Plan

_NODES_TRIED: Final = 6
_NODES_DRAFTED: Final = 6


def find_stock_flips(case: Case, measure: Measure, tries: Tries) -> Iterator[Flip]:
    """For each SKU the node where having it would have helped most, with the fewest units that do."""
    wanted = {sku: units for sku, units in wanted_units(case.demand).items() if units > 0}
    ideal = tries.plan(replace(case, supply={sku: _everywhere(case, units) for sku, units in wanted.items()}))
    if ideal is None or not measure.is_better(ideal):
        return
    tried = _tried_nodes(case, measure.chosen, ideal)
    draft = _draft(case, {*tried, *(shipment.node for shipment in ideal.shipments)})
    for sku in sorted(wanted):
        lacking = [(node, units) for node in tried if (units := wanted[sku] - _on_hand(case, sku, node)) > 0]
        full = draft
        for node, units in lacking:
            full = _with_stock(full, sku, node, units)
        best_of_all = tries.plan(full) if lacking else None
        if best_of_all is None or not measure.is_better(best_of_all):
            continue
        best: Flip | None = None
        for node, units in lacking:
            flip = _least_stock(draft, measure, sku, node, units, tries)
            if flip is not None and (best is None or _worth(flip) > _worth(best)):
                best = flip
        if best is not None and best.node is not None:
            yield from _confirmed(case, measure, sku, best.node, best.amount, tries)


def _draft(case: Case, nodes: Set[NodeId]) -> Case:
    """The case with the stock of some nodes only, of the nearest and of those that have most: a plan of it is one of
    the case too, and found in a fraction of the time.
    """
    units = units_there(case)
    latitude, longitude = find_coordinates(case.demand.destination)
    far = np.zeros(units.size)
    if latitude is not None and longitude is not None:
        far = compute_miles(case.network, latitude, longitude)
    is_kept = np.zeros(units.size, dtype=np.bool_)
    is_kept[[case.network.index[node] for node in nodes]] = True
    is_kept[np.lexsort((far, -units))[:_NODES_DRAFTED]] = True
    is_kept[np.lexsort((-units, far, units <= 0))[:_NODES_DRAFTED]] = True
    supply = {
        sku: replace(rows, available=np.where(is_kept[rows.node_index], rows.available, 0))
        for sku, rows in case.supply.items()
    }
    return replace(case, supply=supply)


def _confirmed(case: Case, measure: Measure, sku: Sku, node: NodeId, units: int, tries: Tries) -> Iterator[Flip]:
    """The flip as the whole case makes it, where that is a better plan; where one unit less already is one, the least
    that is.
    """
    less = tries.plan(_with_stock(case, sku, node, units - 1)) if units > 1 else None
    if less is not None and measure.is_better(less):
        flip = _least_stock(case, measure, sku, node, units - 1, tries)
        if flip is not None:
            yield flip
        return
    other = tries.plan(_with_stock(case, sku, node, units))
    if other is not None and measure.is_better(other):
        yield measure.flip(Flip("stock", units, (), 0, 0, None, node, sku, size=units), other)


def _everywhere(case: Case, units: int) -> SupplyRows:
    """So many units on hand at every node."""
    nodes = case.network.positions
    sources = (ON_HAND,) * nodes.size
    return SupplyRows(nodes.astype(np.int32), np.full(nodes.size, units, dtype=np.int64), np.zeros(nodes.size), sources)


def _tried_nodes(case: Case, chosen: Plan, ideal: Plan) -> list[NodeId]:
    """The nodes of the `ideal` plan, that would be made if every node had everything, of this plan, and the nearest."""
    names = [shipment.node for shipment in (*ideal.shipments, *chosen.shipments)]
    latitude, longitude = find_coordinates(case.demand.destination)
    if latitude is not None and longitude is not None:
        miles = compute_miles(case.network, latitude, longitude)
        names += [case.network.nodes[at].node for at in np.argsort(miles, kind="stable")[:_NODES_TRIED].tolist()]
    return list(dict.fromkeys(names))[:_NODES_TRIED]


def _least_stock(case: Case, measure: Measure, sku: Sku, node: NodeId, missing: int, tries: Tries) -> Flip | None:
    """The fewest further units of a SKU at a node that make a better plan, by halving; None where all do not."""
    best = tries.plan(_with_stock(case, sku, node, missing))
    if best is None or not measure.is_better(best):
        return None
    low, high = 1, missing
    while low < high:
        middle = (low + high) // 2
        other = tries.plan(_with_stock(case, sku, node, middle))
        if other is None:
            return None
        if measure.is_better(other):
            high, best = middle, other
        else:
            low = middle + 1
    return measure.flip(Flip("stock", high, (), 0, 0, None, node, sku, size=high), best)


def _worth(flip: Flip) -> tuple[int, int, int]:
    return flip.adds_units, flip.saves_minor, -flip.amount


def _on_hand(case: Case, sku: Sku, node: NodeId) -> int:
    rows = case.supply.get(sku, NO_SUPPLY)
    here = (rows.node_index == case.network.index[node]) & (rows.available_from == 0.0)
    return int(rows.available[here].sum())


def _with_stock(case: Case, sku: Sku, node: NodeId, units: int) -> Case:
    """The case with further units of a SKU on hand at a node."""
    rows = case.supply.get(sku, NO_SUPPLY)
    position = case.network.index[node]
    available = rows.available.copy()
    at = [row for row, source in enumerate(rows.sources) if source == ON_HAND and rows.node_index[row] == position]
    if at:
        available[at[0]] += units
        more = replace(rows, available=available)
    else:
        more = SupplyRows(
            np.append(rows.node_index, np.int32(position)),
            np.append(available, np.int64(units)),
            np.append(rows.available_from, 0.0),
            (*rows.sources, ON_HAND),
            good_until=None if rows.good_until is None else np.append(rows.good_until, np.inf),
        )
    return replace(case, supply={**case.supply, sku: more})
