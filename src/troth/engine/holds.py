"""Holds, and what the clock does to an order.

Expired holds are lifted, what the remorse period held is released, and what waited too long is canceled.
"""

from typing import Final

from troth.engine.context import Facts
from troth.engine.evolve import evolve
from troth.engine.release import decide_release
from troth.model.commands import LiftHold, LineQuantity, PlaceHold
from troth.model.events import HoldLifted, HoldPlaced, OrderCanceled, OrderEvent, PartsChange
from troth.model.ids import HoldId
from troth.model.lifecycle import AllocationState, HoldState
from troth.model.order import Hold, Order
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow, Refusal
from troth.model.status import order_status, placed_holds, uncovered_quantities

WAITED_TOO_LONG: Final = "no stock came while it waited"
"""Why the clock cancels units that a routing let wait."""

_HOLDABLE = frozenset({AllocationState.RESERVED, AllocationState.BACKORDERED})


def decide_place(command: PlaceHold, order: Order, facts: Facts) -> tuple[OrderEvent, ...] | Refusal:
    """A hold, as long as something of the order is not yet released."""
    if command.expires_at is not None and command.expires_at <= facts.now:
        return Invalid((FieldFlaw("/expires_at", "a hold must end in the future"),))
    if not any(part.state in _HOLDABLE for part in order.allocations):
        return NotPossibleNow("hold", order_status(order))
    hold = Hold(
        hold_id=HoldId(f"H{len(order.holds) + 1}"),
        type=command.type,
        reason=command.reason,
        placed_by=facts.actor,
        placed_at=facts.now,
        expires_at=command.expires_at,
    )
    return (HoldPlaced(hold),)


def decide_lift(command: LiftHold, order: Order) -> tuple[OrderEvent, ...] | Refusal:
    """The end of a hold that is still placed."""
    hold = next((hold for hold in order.holds if hold.hold_id == command.hold_id), None)
    if hold is None:
        return NotFound("hold", command.hold_id)
    if hold.state is HoldState.LIFTED:
        return NotPossibleNow("lift", hold.state)
    return (HoldLifted(hold.hold_id),)


def decide_due(order: Order, facts: Facts) -> tuple[OrderEvent, ...]:
    """What is due by now; nothing where nothing is, so that asking twice does no harm."""
    events: list[OrderEvent] = []
    for hold in placed_holds(order):
        if hold.expires_at is not None and hold.expires_at <= facts.now:
            events.append(HoldLifted(hold.hold_id, has_expired=True))
            order = evolve(order, events[-1])
    if (order.released_at or order.release_at) <= facts.now:
        released = decide_release(order, facts)
        if isinstance(released, tuple):
            events += released
    return (*events, *_end_waits(order, facts))


def _end_waits(order: Order, facts: Facts) -> tuple[OrderCanceled, ...]:
    """The end of units that have waited for stock as long as their routing lets them."""
    if not order.parked:
        return ()
    missing = uncovered_quantities(order)
    over = tuple(
        LineQuantity(parked.line_id, missing[parked.line_id], WAITED_TOO_LONG)
        for parked in order.parked
        if parked.is_waiting and parked.until is not None and parked.until <= facts.now and parked.line_id in missing
    )
    return (OrderCanceled(over, WAITED_TOO_LONG, facts.now, PartsChange()),) if over else ()
