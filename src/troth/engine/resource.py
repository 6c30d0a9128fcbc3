"""Sourcing again what lies nowhere: what a node could not provide, what lost its supply, and what waits."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from troth.engine.asked import demand_for, demand_line
from troth.engine.capture import parts_of
from troth.engine.choices import with_choices
from troth.engine.demand.budget import Budget
from troth.engine.demand.fill import as_promised
from troth.engine.evolve import evolve_all
from troth.engine.exposure.taking import draw_parts
from troth.engine.failed import (
    NOT_ASKED,
    SPENT,
    LeftOut,
    attempts_max,
    count_attempts,
    find_left_out,
    retold,
    spent_lines,
)
from troth.engine.order_supply import NOTHING_FREED, supply_again, without_failed, without_given_up
from troth.engine.parts import next_allocation
from troth.engine.promise_change import tell_change
from troth.engine.promising.case import Case, case_of, kept_trace
from troth.engine.promising.context import Facts, State
from troth.engine.promising.disposition import ends_waiting_at, is_queued
from troth.engine.promising.keep_promise import keep_promise
from troth.engine.supply.floor_units import tell_floor, within_floors
from troth.model.commands import FloorUnits, LineQuantity
from troth.model.events import OrderEvent, OrderResourced, PartsChange, SourcingFailed, SupplyGivenUp, UnitsQueued
from troth.model.hold_terms import Block
from troth.model.ids import LineId, NodeId
from troth.model.inventory import SupplyKey
from troth.model.order import Order
from troth.model.plan import Demand, Plan, Trace
from troth.model.status import blocking_holds, first_promise_of, live_allocations, uncovered_quantities


def decide_resource(
    before: Order, order: Order, state: State, facts: Facts
) -> tuple[tuple[OrderEvent, ...], Trace | None]:
    """What becomes of units of an order that a node could not provide; `before` is the order with its promise.

    Promised from what has not failed this order: a node that would not is asked for nothing, one that did not find an
    item for all but that, and where only a lot was not found for other lots. Else they wait, where the routing says so,
    or a person decides. So does a person where enough nodes have failed a line.
    The promise that the customer was given first is the date to keep, however often it is sourced again, and a faster
    service than the one that was asked for may keep it.
    """
    missing = uncovered_quantities(order)
    if not missing:
        return (), None
    known = uncovered_quantities(before)
    failed = [line_id for line_id, units in missing.items() if units > known.get(line_id, 0)]
    holds = blocking_holds(order, Block.PROMISE)
    if holds:
        reason = f"{holds[0].type} hold"
        lines = tuple(LineQuantity(line_id, missing[line_id], reason) for line_id in failed)
        return (SupplyGivenUp(lines, reason, facts.now, PartsChange(), is_parked=True),) if lines else (), None
    spent = spent_lines(order, facts.policy)
    over = _not_asked(order, [line_id for line_id in failed if line_id in spent], facts)
    if missing.keys() <= spent:
        events, trace = over, _not_asked_trace(order, facts)
    else:
        case, answer = plan_missing(order, state, facts, left_out=spent)
        asked = [line_id for line_id in failed if line_id not in spent]
        events = (*over, *resourced(order, case, answer, facts), *left_over(answer, asked, facts))
        trace = missing_trace(order, case, answer, state, facts)
    after = evolve_all(order, events)
    told = tell_change(before, after, "a node could not provide it", facts.now)
    return (*events, *with_choices(told, before, after, state, facts)), trace


def plan_missing(
    order: Order,
    state: State,
    facts: Facts,
    freed: Mapping[SupplyKey, int] = NOTHING_FREED,
    *,
    allowed: Collection[NodeId] = (),
    left_out: Collection[LineId] = (),
    floors: Collection[FloorUnits] = (),
    budget: Budget | None = None,
) -> tuple[Case, Plan]:
    """The plan of all units of an order that lie nowhere, but for the lines left out; `freed` are its own reserved
    units that it may take again, and `allowed` are nodes that a person names although they failed it; of what `floors`
    name it takes no more than they say; `budget` is what it may spend (None: the policy's).
    """
    failed = find_left_out(order, state.failures, facts, named=allowed)
    demand = demand_missing(order, facts, failed, left_out=left_out)
    supply = supply_again(demand, state, without_given_up(order, state, facts), freed)
    supply = within_floors(floors, without_failed(supply, failed, facts.network), facts.network)
    return keep_promise(case_of(demand, supply, facts), budget)


def demand_missing(order: Order, facts: Facts, failed: LeftOut, *, left_out: Collection[LineId] = ()) -> Demand:
    """What the engine is asked for the units of an order that lie nowhere, without what failed it and some lines."""
    missing = uncovered_quantities(order)
    lines = (
        replace(
            demand_line(line, missing[line.line_id], facts),
            need_by=line.need_by or first_promise_of(order, line.line_id),
            terms=as_promised(line.terms),
            is_promised=line.need_by is None,
        )
        for line in order.lines
        if line.line_id in missing and line.line_id not in left_out
    )
    complete = order.ship_complete and not live_allocations(order)
    return demand_for(
        order,
        lines,
        ship_complete=complete,
        excluded_nodes=failed.nodes,
        excluded_items=failed.items,
        guides=facts.guides,
    )


def missing_trace(
    order: Order, case: Case, answer: Plan, state: State, facts: Facts, floors: Iterable[FloorUnits] = ()
) -> Trace:
    """Why units that lay nowhere are sourced as they are, as it is kept: with the attempts before, the lines for which
    nobody was asked, and the floors by which the order had its turn.
    """
    trace = kept_trace(case, answer.trace, asked_name(order))
    failed = LeftOut(case.demand.excluded_nodes, case.demand.excluded_items)
    told = tuple(retold(order, failed, state.failures, facts))
    asked = {line.line_id for line in case.demand.lines}
    left_out = tuple(line_id for line_id in uncovered_quantities(order) if line_id not in asked)
    recording = trace.recording
    if left_out and recording is not None:
        recording = replace(recording, left_out=left_out)
    by_floors = tuple(tell_floor(one, facts.items.get(one.sku)) for one in floors)
    return replace(trace, notes=(*told, *by_floors, *trace.notes), recording=recording)


def resourced(order: Order, case: Case, answer: Plan, facts: Facts) -> tuple[OrderResourced, ...]:
    """The event that makes a plan's shipments parts of an order; none where there is nothing to add."""
    if not answer.shipments:
        return ()
    fulfillments, allocations = parts_of(
        answer.shipments,
        order.order_id,
        first_fulfillment=len(order.fulfillments) + 1,
        first_allocation=next_allocation(order),
    )
    allocations, _ = draw_parts(facts.pool, case.demand, allocations)
    return (OrderResourced(PartsChange(added=allocations, fulfillments=fulfillments)),)


def left_over(answer: Plan, lines: Collection[LineId], facts: Facts) -> tuple[OrderEvent, ...]:
    """What becomes of the units of these lines that a plan does not cover: they wait, or a person decides."""
    gaps = tuple(
        LineQuantity(gap.line_id, gap.quantity, gap.reason) for gap in answer.uncovered if gap.line_id in lines
    )
    if not gaps:
        return ()
    if answer.disposition is not None and is_queued(answer):
        return (UnitsQueued(gaps, facts.now, ends_waiting_at(answer.disposition, facts.now)),)
    return (SourcingFailed(gaps, facts.now),)


def asked_name(order: Order) -> str:
    """What names the demand of an order's units that lie nowhere."""
    return f"{order.digest}/{order.version}"


def _not_asked(order: Order, lines: Collection[LineId], facts: Facts) -> tuple[OrderEvent, ...]:
    """That nobody else is asked for these lines, and a person decides."""
    missing = uncovered_quantities(order)
    gaps = tuple(LineQuantity(line_id, missing[line_id], SPENT) for line_id in lines)
    return (SourcingFailed(gaps, facts.now),) if gaps else ()


def _not_asked_trace(order: Order, facts: Facts) -> Trace:
    """Why nobody was asked at all: there is no plan to be made again."""
    most = attempts_max(facts.policy)
    counts = count_attempts(order)
    notes = tuple(
        f"{counts[line_id]} nodes could not provide line {line_id}, and no more than {most} are asked: a person decides"
        for line_id in uncovered_quantities(order)
        if counts.get(line_id, 0) >= most
    )
    return Trace(NOT_ASKED, 0, policy_version=facts.policy.version, notes=notes)
