"""Holds, and what the clock does to an order.

Expired holds are lifted, and what the remorse period held is released.
"""

from troth.engine.context import Facts
from troth.engine.evolve import evolve
from troth.engine.release import decide_release
from troth.model.commands import LiftHold, PlaceHold
from troth.model.events import HoldLifted, HoldPlaced, OrderEvent
from troth.model.ids import HoldId
from troth.model.lifecycle import AllocationState, HoldState
from troth.model.order import Hold, Order
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow, Refusal
from troth.model.status import order_status, placed_holds

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
    return tuple(events)
