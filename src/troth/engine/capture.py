"""Capturing an order: the promise is planned, and becomes the order with its allocations and fulfillments."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from troth.engine.as_quoted import by_way, find_quoted
from troth.engine.asked import demand_of_settled, settled, supply_of
from troth.engine.cart_units import find_hold, use_hold, without_hold
from troth.engine.demand.fill import NOT_FILLED, given_up
from troth.engine.demand.ship_groups import HANDED_OVER
from troth.engine.demand.time_limits import NO_BACKORDER, TOO_LATE
from troth.engine.evolve import evolve
from troth.engine.exposure.taking import draw_parts, keeping
from troth.engine.feasible import find_late, find_unknown
from troth.engine.hold_rules import find_holds, numbered
from troth.engine.money.at_counter import leaves_counter
from troth.engine.money.payment_hold import hold_unpaid
from troth.engine.promising.ahead import Ahead
from troth.engine.promising.case import Case, case_of, kept_trace
from troth.engine.promising.context import Change, Decision, Facts, State
from troth.engine.promising.could_be import SupplyFor, with_what_could_be
from troth.engine.promising.disposition import holds_of, may_wait, parked_of
from troth.engine.promising.options import Offered
from troth.engine.promising.wishes import with_wishes_given_up
from troth.engine.remorse import find_remorse_minutes
from troth.engine.reserve import reserve_entries
from troth.engine.supply.backorder_cap import with_cap_reasons
from troth.engine.supply.supply import SupplyRows
from troth.model.capture_order import CaptureOrder
from troth.model.cart_hold import CartHold
from troth.model.events import DuplicateReceived, OrderCanceled, OrderCaptured, OrderEvent, PartsChange
from troth.model.exposure import Draw
from troth.model.hold_terms import Block
from troth.model.ids import OrderId, Sku, fulfillment_id
from troth.model.inventory import is_on_hand
from troth.model.lifecycle import AllocationState
from troth.model.measure import shown
from troth.model.order import Allocation, Fulfillment, Hold, Line, Order, Parked
from troth.model.plan import Demand, Plan, Shipment, Trace
from troth.model.refusals import ContentDiffers, FieldFlaw, Invalid, QuoteOutdated, Refusal, ShortLine, StockShort
from troth.model.value import dataclass


def decide_capture(command: CaptureOrder, state: State, facts: Facts) -> Decision | Refusal:
    """The order with its promise, or why it cannot be promised; a known order with the same content changes nothing."""
    known = state.orders.get(command.order_id)
    if known is not None:
        if known.digest != command.digest:
            return ContentDiffers(known.order_id)
        return Decision(events=((known.order_id, DuplicateReceived(known.order_id)),))
    flaws = (*find_unknown(command, facts), *find_late(command, facts))
    if flaws:
        return Invalid(flaws)
    ahead = facts.ahead.get(command.order_id)
    if ahead is not None and ahead.sent is command:
        command, demand = ahead.command, ahead.demand
    else:
        ahead, command = None, settled(command, facts)
        demand = demand_of_settled(command, facts)
    ruled = hold_unpaid(command.payments, find_holds(command, demand, facts), facts)
    if any(Block.PROMISE in one.terms.blocks for one in ruled):
        return _captured_unpromised(command, demand, ruled, facts)
    named = command.cart_hold
    hold = None if named is None else find_hold(command, state.cart_holds.get(named), facts.now)
    if isinstance(hold, Invalid):
        return hold
    facts = without_hold(facts, hold)
    planned = plan_capture(command, demand, state, facts, hold, ahead)
    if isinstance(planned, QuoteOutdated):
        return planned
    command, demand, supply, answer = planned.command, planned.case.demand, planned.supply, planned.answer
    gone, left = given_up(answer, command.lines)
    if (left.uncovered and not may_wait(left)) or (gone and not left.shipments):
        return short(planned.case, answer, command.lines, planned.supply_for)
    order = _order_of(command, demand, left, facts, ruled)
    if leaves_counter(order):
        return Invalid((FieldFlaw("/payments", "something of it lies in a locker, where nobody takes money"),))
    relies: dict[Draw, int] = {}
    entries = reserve_entries(None, order)
    if facts.exposure is not None:
        parts, relies = draw_parts(facts.pool, demand, order.allocations)
        order = replace(order, allocations=parts)
        entries = keeping(entries, supply, facts.network)
    events: tuple[OrderEvent, ...] = (OrderCaptured(order),)
    if gone:
        events += (OrderCanceled(gone, NOT_FILLED, facts.now, PartsChange(), short=gone),)
        order = evolve(order, events[-1])
    captured = Decision(
        changes=(Change(None, order),),
        entries=entries,
        events=tuple((order.order_id, event) for event in events),
        trace=kept_trace(planned.case, answer.trace, command.digest),
        relies=relies,
    )
    return captured if hold is None else use_hold(hold, captured, order.order_id)


def _captured_unpromised(command: CaptureOrder, demand: Demand, holds: tuple[Hold, ...], facts: Facts) -> Decision:
    """The order of which nothing is promised or reserved before its holds are lifted. What a cart keeps for it goes on
    being kept for the cart, until its time is over.
    """
    types = ", ".join(hold.type for hold in holds if Block.PROMISE in hold.terms.blocks)
    nothing = Plan((), (), Trace("held", 0, policy_version=facts.policy.version))
    order = _order_of(command, demand, nothing, facts, holds)
    parked = tuple(Parked(line.line_id, f"{types} hold", facts.now, is_sought=False) for line in order.lines)
    order = replace(order, parked=parked)
    return Decision(changes=(Change(None, order),), events=((order.order_id, OrderCaptured(order)),))


@dataclass(frozen=True, slots=True)
class Planned:
    """A settled command with its plan: as it was sent, or by the way of the option that it names; and what the plan was
    made from, `supply` before what has gone bad is left out.
    """

    command: CaptureOrder
    supply: Mapping[Sku, SupplyRows]
    case: Case
    answer: Plan
    supply_for: SupplyFor


def plan_capture(
    command: CaptureOrder,
    demand: Demand,
    state: State,
    facts: Facts,
    hold: CartHold | None,
    ahead: Ahead | None = None,
) -> Planned | QuoteOutdated:
    """The plan of a settled command and its demand, with what its cart holds free for it; `facts` are those without the
    hold. What was planned `ahead` is asked for again only where the stock has moved since.

    An option that is named by its plan is looked for as a quote looks for it.
    """
    supply = supply_of(command, demand, state, facts, hold)
    case = case_of(demand, supply, facts)

    def plan_as_sent() -> Plan:
        if ahead is not None and ahead.is_of(case.supply):
            return ahead.plan
        return with_cap_reasons(case.plan(), state.supply, state.backordered, facts.items, demand)

    def supply_for(wanted: Demand) -> Mapping[Sku, SupplyRows]:
        return supply_of(command, wanted, state, facts, hold)

    if not command.plan_id:
        return Planned(command, supply, case, plan_as_sent(), supply_for)
    is_anywhere = command.method in HANDED_OVER and command.pickup_node is None
    asked = None if is_anywhere else Offered(demand, plan_as_sent())
    found = find_quoted(command, asked, case, supply_for)
    if isinstance(found, QuoteOutdated):
        return found
    if found.demand is not demand:
        command = by_way(command, found.demand)
        supply = supply_of(command, found.demand, state, facts, hold)
        case = case_of(found.demand, supply, facts)
    return Planned(command, supply, case, found.plan, supply_for)


def short(case: Case, answer: Plan, lines: Iterable[Line], supply_for: SupplyFor | None = None) -> StockShort:
    """The refusal that names each line which the plan does not cover, with what an order of less would get, for which
    there may be another supply.
    """
    answer = with_what_could_be(case, answer, supply_for)
    if any(gap.reason in (NO_BACKORDER[0], TOO_LATE[0]) for gap in answer.uncovered):
        answer = with_wishes_given_up(case, answer)
    decimals = {line.line_id: line.decimals for line in lines}
    return StockShort(
        tuple(
            ShortLine(
                gap.line_id,
                gap.sku,
                shown(gap.quantity, decimals[gap.line_id]),
                shown(gap.available_quantity, decimals[gap.line_id]),
                gap.available_at,
                gap.reason,
                gap.detail,
                tuple(replace(one, quantity=shown(one.quantity, decimals[gap.line_id])) for one in gap.instead),
                gap.separately,
            )
            for gap in answer.uncovered
        )
    )


def parts_of(
    shipments: Iterable[Shipment], order_id: OrderId, *, first_fulfillment: int, first_allocation: int
) -> tuple[tuple[Fulfillment, ...], tuple[Allocation, ...]]:
    """The fulfillments and allocations that a plan's shipments become, numbered on from those given."""
    fulfillments, allocations = [], []
    number = first_allocation
    for offset, shipment in enumerate(shipments):
        name = fulfillment_id(order_id, first_fulfillment + offset)
        fulfillments.append(
            Fulfillment(
                name,
                shipment.node,
                shipment.method,
                shipment.service,
                shipment.ship_by,
                shipment.promised_from,
                shipment.promised_at,
                shipment.cost,
                booking=shipment.booking,
                via=shipment.via,
                carrier=shipment.carrier,
            )
        )
        for peg in shipment.pegs:
            state = AllocationState.RESERVED if is_on_hand(peg.source) else AllocationState.BACKORDERED
            allocations.append(
                Allocation(number, peg.line_id, peg.sku, shipment.node, peg.quantity, state, name, peg.source)
            )
            number += 1
    return tuple(fulfillments), tuple(allocations)


def _order_of(command: CaptureOrder, demand: Demand, answer: Plan, facts: Facts, ruled: tuple[Hold, ...]) -> Order:
    fulfillments, allocations = parts_of(answer.shipments, command.order_id, first_fulfillment=1, first_allocation=1)
    return Order(
        order_id=command.order_id,
        channel=command.channel,
        external_id=command.external_id,
        digest=command.digest,
        version=1,
        currency=command.currency,
        ordered_at=command.ordered_at,
        captured_at=facts.now,
        release_at=facts.now + timedelta(minutes=find_remorse_minutes(demand, answer.trace.tier, facts)),
        customer=command.customer,
        ship_to=command.ship_to,
        method=command.method,
        pickup_node=command.pickup_node,
        service=command.service,
        ship_complete=command.ship_complete,
        lines=command.lines,
        allocations=allocations,
        fulfillments=fulfillments,
        holds=numbered((*holds_of(answer, facts.policy.version, facts.now), *ruled)),
        payments=command.payments,
        policy_version=facts.policy.version,
        attributes=command.attributes,
        shipments_max=command.shipments_max,
        parked=parked_of(answer, facts.now),
        prices_include_tax=command.prices_include_tax,
        delivery_charge=command.delivery_charge,
    )
