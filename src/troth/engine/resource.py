"""Sourcing again what a node could not provide."""

from collections.abc import Mapping
from dataclasses import replace

from troth.engine.capture import CUSTOMER_CLASS, demand_line, find_priority, find_tender, parts_of
from troth.engine.case import case_of, kept_trace
from troth.engine.context import Facts, State
from troth.engine.exposure.taking import draw_parts, exposed_supply
from troth.engine.kits import wanted_skus
from troth.engine.parts import next_allocation
from troth.engine.spoilage import Lots, without_lots
from troth.engine.supply import SupplyRows
from troth.model.commands import LineQuantity
from troth.model.events import OrderEvent, OrderResourced, PartsChange, SourcingFailed
from troth.model.ids import NodeId, Sku
from troth.model.inventory import Source, lot_of
from troth.model.lifecycle import AllocationState
from troth.model.order import Allocation, Order
from troth.model.plan import Demand, Trace
from troth.model.status import uncovered_quantities

_FAILED = frozenset({AllocationState.REJECTED, AllocationState.SHORT})


def decide_resource(order: Order, state: State, facts: Facts) -> tuple[tuple[OrderEvent, ...], Trace | None]:
    """What becomes of units that lie nowhere.

    Promised from nodes that have not failed this order, and from other lots where only a lot was not found, else left
    to a person.

    The promise given before is the date to keep.
    """
    if not uncovered_quantities(order):
        return (), None
    demand = demand_missing(order, facts)
    missed = _missed_lots(order)
    supply: Mapping[Sku, SupplyRows] = exposed_supply(facts.pool, demand, wanted_skus(demand), state.supply)
    case = case_of(demand, without_lots(missed, supply, facts.network) if missed else supply, facts)
    answer = case.plan()
    fulfillments, allocations = parts_of(
        answer.shipments,
        order.order_id,
        first_fulfillment=len(order.fulfillments) + 1,
        first_allocation=next_allocation(order),
    )
    allocations, _ = draw_parts(facts.pool, demand, allocations)
    events: list[OrderEvent] = []
    if allocations:
        events.append(OrderResourced(PartsChange(added=allocations, fulfillments=fulfillments)))
    if answer.uncovered:
        events.append(
            SourcingFailed(tuple(LineQuantity(gap.line_id, gap.quantity, gap.reason) for gap in answer.uncovered))
        )
    return tuple(events), kept_trace(case, answer.trace, f"{order.digest}/{order.version}")


def demand_missing(order: Order, facts: Facts) -> Demand:
    """What the engine is asked for the units of an order that lie nowhere."""
    missing = uncovered_quantities(order)
    promised_at = max(work.promised_at for work in order.fulfillments)
    lines = tuple(
        replace(demand_line(line, missing[line.line_id], facts), need_by=line.need_by or promised_at)
        for line in order.lines
        if line.line_id in missing
    )
    return Demand(
        lines=lines,
        destination=order.ship_to,
        method=order.method,
        pickup_node=order.pickup_node,
        service=order.service,
        excluded_nodes=frozenset(
            part.node for part in order.allocations if part.state in _FAILED and not _is_missed_lot(part)
        ),
        channel=order.channel,
        customer_id=order.customer.id,
        customer_class=order.attributes.get(CUSTOMER_CLASS, ""),
        priority=find_priority(order.attributes),
        attributes=order.attributes,
        shipments_max=order.shipments_max,
        tender=find_tender(order.payments, order.attributes),
    )


def _missed_lots(order: Order) -> Lots:
    """The lots that were not found where an order's parts should have been picked."""
    missed: dict[Sku, set[tuple[NodeId, Source]]] = {}
    for part in filter(_is_missed_lot, order.allocations):
        missed.setdefault(part.sku, set()).add((part.node, part.source))
    return missed


def _is_missed_lot(part: Allocation) -> bool:
    return part.state is AllocationState.SHORT and bool(lot_of(part.source))
