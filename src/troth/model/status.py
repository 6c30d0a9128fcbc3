"""The status of an order and of a line, and when the clock next has something to do: functions of the parts."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from troth.model.hold_terms import Block
from troth.model.ids import FulfillmentId, LineId
from troth.model.kits import kits_of, whole_units
from troth.model.lifecycle import (
    ENDED,
    GONE,
    UNLOCKED,
    AllocationEvent,
    AllocationState,
    HoldState,
    RecallState,
    is_possible,
)
from troth.model.order import Allocation, Fulfillment, Hold, Line, Method, Order
from troth.model.release import PlannedRelease


class OrderStatus(StrEnum):
    """Where an order stands, as its parts say."""

    ON_HOLD = "on_hold"
    PROMISED = "promised"
    RELEASED = "released"
    IN_FULFILLMENT = "in_fulfillment"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELED = "canceled"
    BACKORDERED = "backordered"
    EXCEPTION = "exception"


_AT_NODE = frozenset({AllocationState.ACCEPTED, AllocationState.PICKED, AllocationState.PACKED, AllocationState.READY})
_HANDED_OVER = frozenset({Method.PICKUP, Method.CURBSIDE})
_RANK = {state: rank for rank, state in enumerate(AllocationState)}
_ARRIVED = frozenset({AllocationState.DELIVERED, AllocationState.COLLECTED})


def live_allocations(order: Order) -> tuple[Allocation, ...]:
    """The parts that still cover their lines."""
    return tuple([part for part in order.allocations if part.state not in ENDED])


def placed_holds(order: Order) -> tuple[Hold, ...]:
    """The holds that still block something."""
    return tuple(hold for hold in order.holds if hold.state is HoldState.PLACED)


def blocking_holds(order: Order, what: Block) -> tuple[Hold, ...]:
    """The holds that keep this from happening to an order; none: it may."""
    if not order.holds:  # as of most orders, of which this is asked again and again
        return ()
    return tuple(hold for hold in placed_holds(order) if what in hold.terms.blocks)


def uncovered_quantities(order: Order) -> dict[LineId, int]:
    """What is wanted and lies at no supply, by line; only lines where that is above zero (units; of kits, kits)."""
    missing = {line.line_id: line.quantity - line.canceled_quantity for line in order.lines}
    if any([line.terms is not None for line in order.lines]):  # noqa: C419 - a list is quicker, for every order
        for line_id, quantity in whole_units(live_allocations(order), kits_of(order)).items():
            missing[line_id] -= quantity
    else:
        for part in live_allocations(order):
            missing[part.line_id] -= part.quantity
    return {line_id: quantity for line_id, quantity in missing.items() if quantity > 0}


def waiting_lines(order: Order) -> set[LineId]:
    """The lines whose units wait for stock by themselves, where any lie nowhere."""
    return {parked.line_id for parked in order.parked if parked.is_waiting}


def promise_of(order: Order, line_id: LineId) -> datetime | None:
    """When the last units of a line are promised, or were until they lost their supply; None: they never were."""
    promised = {work.fulfillment_id: work.promised_at for work in order.fulfillments}
    live = [promised[part.fulfillment_id] for part in live_allocations(order) if part.line_id == line_id]
    if live:
        return max(live)
    parked = next((parked for parked in order.parked if parked.line_id == line_id), None)
    if parked is not None:
        return parked.promised_at
    failed = [
        promised[part.fulfillment_id]
        for part in order.allocations
        if part.line_id == line_id and part.state in (AllocationState.REJECTED, AllocationState.SHORT)
    ]
    return max(failed, default=None)


def first_promise_of(order: Order, line_id: LineId) -> datetime | None:
    """For when units of a line that lie nowhere were promised first, before any node failed to provide them."""
    promised = {work.fulfillment_id: work.promised_at for work in order.fulfillments}
    failed = [
        promised[part.fulfillment_id]
        for part in order.allocations
        if part.line_id == line_id and part.state in (AllocationState.REJECTED, AllocationState.SHORT)
    ]
    return min(failed, default=None) or promise_of(order, line_id)


def last_promise(order: Order) -> datetime | None:
    """When the last of an order's units is promised; of one of which nothing is any more, what was promised last."""
    kept = {part.fulfillment_id for part in live_allocations(order)}
    promised = [work.promised_at for work in order.fulfillments if work.fulfillment_id in kept]
    return max(promised or [work.promised_at for work in order.fulfillments], default=None)


def order_status(order: Order) -> OrderStatus:
    """The status that follows from the parts."""
    if all(line.canceled_quantity >= line.quantity for line in order.lines):
        return OrderStatus.CANCELED
    missing = uncovered_quantities(order)
    is_waiting = not missing.keys() - waiting_lines(order)
    if not is_waiting and not blocking_holds(order, Block.PROMISE):
        return OrderStatus.EXCEPTION
    status = _parts_status(_standing_states(order, live_allocations(order)), is_waiting=bool(missing))
    if status not in (OrderStatus.PROMISED, OrderStatus.BACKORDERED):
        return status
    return OrderStatus.ON_HOLD if not is_waiting or blocking_holds(order, Block.RELEASE) else status


def line_status(order: Order, line: Line) -> OrderStatus:
    """The status of one line, from its own parts."""
    if line.canceled_quantity >= line.quantity:
        return OrderStatus.CANCELED
    is_missing = line.line_id in uncovered_quantities(order)
    if is_missing and line.line_id not in waiting_lines(order):
        return OrderStatus.ON_HOLD if blocking_holds(order, Block.PROMISE) else OrderStatus.EXCEPTION
    parts = [part for part in live_allocations(order) if part.line_id == line.line_id]
    return _parts_status(_standing_states(order, parts), is_waiting=is_missing)


def fulfillment_status(order: Order, fulfillment: FulfillmentId) -> AllocationState:
    """Where the work of a node stands: the least advanced of its live parts, or how the last of them ended."""
    states = [part.state for part in order.allocations if part.fulfillment_id == fulfillment]
    live = [state for state in states if state not in ENDED]
    if live:
        return min(live, key=_RANK.__getitem__)
    return next((s for s in reversed(states) if s is not AllocationState.SPLIT), AllocationState.CANCELED)


def next_due_at(order: Order) -> datetime | None:
    """When the clock next has something to do here.

    A hold that expires, the end of the remorse period, of the time that units may wait, or in which a node may answer;
    the last date of a line. None: nothing.
    """
    due_at = _next_release_at(order)
    if any([line.terms is not None and line.terms.cancel_after is not None for line in order.lines]):  # noqa: C419
        due_at = min((at for at in (due_at, *last_dates(order).values()) if at is not None), default=None)
    if order.recalls:
        answers = (one.answer_by for one in order.recalls if one.state is RecallState.REQUESTED)
        due_at = min((at for at in (due_at, *answers) if at is not None), default=None)
    if order.pickups:
        due_at = min((at for at in (due_at, _next_pickup_at(order)) if at is not None), default=None)
    if order.holds or order.parked:
        ends = [hold.expires_at for hold in placed_holds(order)]
        if order.parked and not blocking_holds(order, Block.CANCEL):
            ends += [parked.until for parked in order.parked if parked.is_waiting]
        return min((at for at in (due_at, *ends) if at is not None), default=None)
    return due_at


def last_dates(order: Order) -> dict[LineId, datetime]:
    """When the units of a line that can still be canceled will be, unless they leave before; only lines that have such
    a date, and nothing while a hold keeps the order from being canceled.
    """
    dates = {
        line.line_id: line.terms.cancel_after
        for line in order.lines
        if line.terms is not None and line.terms.cancel_after is not None
    }
    if not dates or blocking_holds(order, Block.CANCEL):
        return {}
    return {line_id: dates[line_id] for line_id in cancelable_units(order) if line_id in dates}


def cancelable_units(order: Order) -> dict[LineId, int]:
    """The units of each line that can still be canceled, also where others have left; only where there are any."""
    parts = [part for part in live_allocations(order) if is_possible(part.state, AllocationEvent.CANCEL)]
    units = uncovered_quantities(order)
    for line_id, count in whole_units(parts, kits_of(order)).items():
        if count:
            units[line_id] = units.get(line_id, 0) + count
    return {line.line_id: units[line.line_id] for line in order.lines if line.line_id in units}


def is_handed_over(method: Method) -> bool:
    """Whether the goods are given to the customer at a node.

    >>> is_handed_over(Method.CURBSIDE), is_handed_over(Method.DELIVERY)
    (True, False)
    """
    return method in _HANDED_OVER


def waiting_parts(order: Order, fulfillment: FulfillmentId) -> tuple[Allocation, ...]:
    """The parts of a fulfillment that wait for their customer: ready, or sent to the node where it is picked up."""
    via = {work.fulfillment_id for work in order.fulfillments if work.via is not None}
    waits = AllocationState.SHIPPED if fulfillment in via else AllocationState.READY
    return tuple(part for part in order.allocations if part.fulfillment_id == fulfillment and part.state is waits)


def has_come(order: Order, work: Fulfillment) -> bool:
    """Whether all of a work has left for the node where the customer picks it up."""
    states = {part.state for part in live_allocations(order) if part.fulfillment_id == work.fulfillment_id}
    return work.via is not None and states == {AllocationState.SHIPPED}


def is_kept(order: Order, work: Fulfillment) -> bool:
    """Whether goods wait for their customer at the counter: what was sent there waits once it was received."""
    if not waiting_parts(order, work.fulfillment_id):
        return False
    opened = any(one.fulfillment_id == work.fulfillment_id and one.keep_until is not None for one in order.pickups)
    return work.via is None or opened


def _next_pickup_at(order: Order) -> datetime | None:
    """When a customer is next to be reminded, or goods have waited long enough; these stay while a hold keeps the order
    from being canceled.
    """
    open_ones = [one for one in order.pickups if one.keep_until and waiting_parts(order, one.fulfillment_id)]
    ends = () if blocking_holds(order, Block.CANCEL) else (one.ends_at for one in open_ones)
    times = [*(at for one in open_ones for at in one.remind_at[:1]), *ends]
    return min((at for at in times if at is not None), default=None)


def _next_release_at(order: Order) -> datetime | None:
    if order.holds and blocking_holds(order, Block.RELEASE):
        return None
    if any(part.state is AllocationState.RESERVED for part in order.allocations):
        # What was sourced again after the release has no remorse period of its own.
        start = order.released_at or order.release_at
        return _next_planned_at(order, start) if order.planned else start
    return None


def _next_planned_at(order: Order, start: datetime) -> datetime | None:
    """The next time of a planned release, or the start of what is not planned; waves are not the order's business."""
    planned = {one.fulfillment_id: one for one in order.planned}
    open_ids = {part.fulfillment_id for part in order.allocations if part.state is AllocationState.RESERVED}
    if open_ids - planned.keys():
        return start
    return min((one.at for one in order.planned if not one.wave), default=None)


def still_planned(order: Order) -> tuple[PlannedRelease, ...]:
    """The planned releases that still mean something: of work that is reserved, while nothing holds the order."""
    if blocking_holds(order, Block.RELEASE):
        return ()
    open_ids = {part.fulfillment_id for part in order.allocations if part.state is AllocationState.RESERVED}
    return tuple(one for one in order.planned if one.fulfillment_id in open_ids)


def _standing_states(order: Order, parts: Sequence[Allocation]) -> set[AllocationState]:
    """The states of parts; components on hand that wait for others of their kits wait as these do."""
    states = {part.state for part in parts}
    if states != {AllocationState.RESERVED, AllocationState.BACKORDERED}:
        return states
    on_hand = [part for part in parts if part.state is AllocationState.RESERVED]
    return states if any(whole_units(on_hand, kits_of(order)).values()) else {AllocationState.BACKORDERED}


def _parts_status(states: set[AllocationState], *, is_waiting: bool) -> OrderStatus:
    if is_waiting:
        if states <= UNLOCKED:
            return OrderStatus.BACKORDERED
        states |= {AllocationState.BACKORDERED}
    if states <= _ARRIVED:
        return OrderStatus.DELIVERED
    if states <= GONE:
        return OrderStatus.SHIPPED
    if states & GONE:
        return OrderStatus.PARTIALLY_SHIPPED
    if states & _AT_NODE:
        return OrderStatus.IN_FULFILLMENT
    if AllocationState.RELEASED in states:
        return OrderStatus.RELEASED
    if states == {AllocationState.BACKORDERED}:
        return OrderStatus.BACKORDERED
    return OrderStatus.PROMISED
