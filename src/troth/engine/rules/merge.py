"""What is left of a demand and of the supply once a tier's plan is kept, and two plans made into one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from troth.engine.carriage.network import Network
from troth.engine.supply.supply import SupplyRows
from troth.model.cost_rates import CHARGEBACK_SPLIT
from troth.model.ids import NodeId, Sku
from troth.model.plan import Demand, Plan, Shipment, Trace, Uncovered
from troth.model.routing import Disposition
from troth.model.routing_guide import RoutingGuide

BY_RULES = "excluded_by_rules"
"""Why units stay uncovered that some node has, but none that the rules admit."""


def missing_units(plan: Plan) -> int:
    """How many units a plan does not cover."""
    return sum(gap.quantity for gap in plan.uncovered)


def remaining(demand: Demand, plan: Plan) -> Demand:
    """The demand for what a plan does not cover, with as many shipments less as it has."""
    missing: dict[str, int] = {}
    for gap in plan.uncovered:
        missing[gap.line_id] = missing.get(gap.line_id, 0) + gap.quantity
    most = None if demand.shipments_max is None else max(1, demand.shipments_max - len(plan.shipments))
    return replace(
        demand,
        lines=tuple(
            replace(line, quantity=min(line.quantity, missing[line.line_id]))
            for line in demand.lines
            if missing.get(line.line_id)
        ),
        shipments_max=most,
    )


def reduce_supply(
    supply: Mapping[Sku, SupplyRows], shipments: Sequence[Shipment], network: Network
) -> dict[Sku, SupplyRows]:
    """The supply without what the shipments take."""
    taken: dict[Sku, dict[tuple[int, str], int]] = {}
    for shipment in shipments:
        node = network.index[shipment.node]
        for peg in shipment.pegs:
            of_sku = taken.setdefault(peg.sku, {})
            of_sku[node, peg.source] = of_sku.get((node, peg.source), 0) + peg.quantity
    left = dict(supply)
    for sku, of_sku in taken.items():
        rows = supply.get(sku)
        if rows is None:
            continue
        available = rows.available.copy()
        for at, key in enumerate(zip(rows.node_index.tolist(), rows.sources, strict=True)):
            units = min(of_sku.get(key, 0), int(available[at]))
            if units:
                available[at] -= units
                of_sku[key] -= units
        left[sku] = replace(rows, available=available)
    return left


def merge(kept: Plan, rest: Plan, *, split_minor: int, guide: RoutingGuide | None = None) -> Plan:
    """Two plans as one; what was the first shipment of the second pays a split now, and what a partner charges for it
    under a routing guide.
    """
    later = rest.shipments
    if kept.shipments and later:
        first = later[0]
        split = {"split": split_minor} if split_minor else {}
        if guide is not None and CHARGEBACK_SPLIT in first.cost:
            split[CHARGEBACK_SPLIT] = guide.split_minor
        later = (replace(first, cost={**first.cost, **split}), *later[1:]) if split else later
    methods = dict.fromkeys((kept.trace.method, rest.trace.method))
    gaps = (kept.trace.gap, rest.trace.gap)
    trace = replace(
        rest.trace,
        method=" + ".join(methods),
        candidates=kept.trace.candidates + rest.trace.candidates,
        removed={**kept.trace.removed, **rest.trace.removed},
        gap=None if None in gaps else max(gap for gap in gaps if gap is not None),
        notes=tuple(dict.fromkeys((*kept.trace.notes, *rest.trace.notes))),
        tier=" + ".join(name for name in dict.fromkeys((kept.trace.tier, rest.trace.tier)) if name),
    )
    return Plan((*kept.shipments, *later), rest.uncovered, trace, rest.disposition)


def empty_plan(demand: Demand, reason: str, disposition: Disposition | None = None) -> Plan:
    """The plan that covers nothing, for one reason."""
    uncovered = tuple(
        Uncovered(line.line_id, line.sku, line.quantity, reason) for line in demand.lines if line.quantity > 0
    )
    return Plan((), uncovered, Trace(method="none", candidates=0), disposition)


def nodes_of(plan: Plan) -> tuple[NodeId, ...]:
    """The nodes that send, in the order of the shipments."""
    return tuple(shipment.node for shipment in plan.shipments)
