"""Holds: placed on an order, given to somebody else, and lifted; and what the clock does to an order.

Holds whose time is over end as their terms say, what the remorse period held is released, and what waited too long or
did not leave by its last date is canceled.
"""

from datetime import timedelta
from typing import Final

from troth.engine.cancel import cancel_units
from troth.engine.evolve import evolve
from troth.engine.give_up import give_up
from troth.engine.last_dates import end_lines
from troth.engine.pickups.waiting import act_on_pickups
from troth.engine.promising.context import Facts
from troth.engine.release import release_due
from troth.model.commands import AssignHold, ExtendHold, LiftHold, LineQuantity, PlaceHold, TellHolds
from troth.model.events import (
    HoldAssigned,
    HoldExtended,
    HoldLifted,
    HoldPlaced,
    OrderCanceled,
    OrderEvent,
    PartsChange,
)
from troth.model.hold_terms import AtEnd, Block
from troth.model.ids import HoldId
from troth.model.lifecycle import RESERVING, UNLOCKED, HoldState
from troth.model.order import Hold, Order
from troth.model.refusals import FieldFlaw, Invalid, LiftReserved, NotFound, NotPossibleNow, Refusal
from troth.model.status import (
    blocking_holds,
    cancelable_units,
    order_status,
    placed_holds,
    uncovered_quantities,
)

WAITED_TOO_LONG: Final = "no stock came while it waited"
"""Why the clock cancels units that a routing let wait."""

ADMINISTRATOR: Final = "administrator"
"""Whoever has this role may lift any hold."""

_ASKED_LATER_MAX: Final = timedelta(seconds=1)
"""An end that follows from a type's hours is this much off at most: it is counted from when a hold was asked for."""

_BEFORE_RELEASE: Final = frozenset({Block.RELEASE, Block.PROMISE})


def decide_place(command: PlaceHold, order: Order, facts: Facts) -> tuple[OrderEvent, ...] | Refusal:
    """A hold, as long as anything that it blocks could still happen.

    Where nothing may be promised any more, what nobody works on yet gives up its supply.
    """
    if command.expires_at is not None and command.expires_at <= facts.now:
        return Invalid((FieldFlaw("/expires_at", "a hold must end in the future"),))
    if not can_hold(order, command.terms.blocks):
        return NotPossibleNow("hold", order_status(order))
    if any(_is_same(hold, command, facts) for hold in placed_holds(order)):
        return ()
    hold = Hold(
        hold_id=HoldId(f"H{len(order.holds) + 1}"),
        type=command.type,
        reason=command.reason,
        placed_by=facts.actor,
        placed_at=facts.now,
        expires_at=command.expires_at,
        terms=command.terms,
    )
    placed = HoldPlaced(hold)
    units = {part.allocation: part.quantity for part in order.allocations if part.state in UNLOCKED}
    if Block.PROMISE not in command.terms.blocks or not units:
        return (placed,)
    given_up, _freed = give_up(evolve(order, placed), units, f"{command.type} hold", facts.now, is_parked=True)
    return placed, given_up


def _is_same(hold: Hold, command: PlaceHold, facts: Facts) -> bool:
    """Whether a hold is what is asked for once more: by the same, for the same reason, on the same terms, and until the
    same instant, or for as long.
    """
    asked = (command.type, command.reason, facts.actor, command.terms)
    if (hold.type, hold.reason, hold.placed_by, hold.terms) != asked:
        return False
    if hold.expires_at is None or command.expires_at is None:
        return hold.expires_at == command.expires_at
    longer = (command.expires_at - facts.now) - (hold.expires_at - hold.placed_at)
    return hold.expires_at == command.expires_at or abs(longer) < _ASKED_LATER_MAX


def can_hold(order: Order, blocks: tuple[Block, ...]) -> bool:
    """Whether any of this could still happen to an order, so that there is something to block."""
    if not blocks or Block.REFUND in blocks:
        return bool(blocks)
    states = UNLOCKED if _BEFORE_RELEASE.issuperset(blocks) else RESERVING
    return any(part.state in states for part in order.allocations) or bool(uncovered_quantities(order))


def decide_lift(command: LiftHold, order: Order) -> tuple[OrderEvent, ...] | Refusal:
    """The end of a hold that is still placed, by somebody who may end it."""
    hold = _find_placed(order, command.hold_id, "lift")
    if not isinstance(hold, Hold):
        return hold
    roles = hold.terms.lift_roles
    if roles and command.role not in (*roles, ADMINISTRATOR):
        return LiftReserved(hold.hold_id, roles)
    return (HoldLifted(hold.hold_id),)


def decide_assign(command: AssignHold, order: Order, facts: Facts) -> tuple[OrderEvent, ...] | Refusal:
    """That somebody else looks after a hold; nothing where they do already."""
    hold = _find_placed(order, command.hold_id, "assign")
    if not isinstance(hold, Hold):
        return hold
    if not command.owner.strip():
        return Invalid((FieldFlaw("/owner", "is required: who looks after it from now on"),))
    return () if hold.terms.owner == command.owner else (HoldAssigned(hold.hold_id, command.owner, facts.now),)


def decide_extend(command: ExtendHold, order: Order, facts: Facts) -> tuple[OrderEvent, ...] | Refusal:
    """A later end of a hold's clock; nothing where it is the end already. Nobody shortens a hold by it."""
    hold = _find_placed(order, command.hold_id, "extend")
    if not isinstance(hold, Hold):
        return hold
    if hold.expires_at is None:
        return Invalid((FieldFlaw("/expires_at", "has no meaning: no clock ends the hold"),))
    if command.expires_at == hold.expires_at:
        return ()
    if command.expires_at < hold.expires_at or command.expires_at <= facts.now:
        end = hold.expires_at.isoformat()
        return Invalid((FieldFlaw("/expires_at", f"must lie in the future, and be later than {end}"),))
    return (HoldExtended(hold.hold_id, command.expires_at, command.reason, facts.now),)


def decide_tell(command: TellHolds, order: Order) -> tuple[OrderEvent, ...]:
    """The end of the holds that waited for a signal."""
    return tuple(
        HoldLifted(hold.hold_id, because=command.signal.value)
        for hold in placed_holds(order)
        if command.signal in hold.terms.lift_on
    )


def decide_due(order: Order, facts: Facts) -> tuple[OrderEvent, ...]:
    """What is due by now; nothing where nothing is, so that asking twice does no harm."""
    events: list[OrderEvent] = []
    for hold in placed_holds(order):
        if hold.expires_at is not None and hold.expires_at <= facts.now:
            for event in _end(hold, order, facts):
                events.append(event)
                order = evolve(order, event)
    for event in end_lines(order, facts):
        events.append(event)
        order = evolve(order, event)
    if order.pickups:
        for event in act_on_pickups(order, facts):
            events.append(event)
            order = evolve(order, event)
    events += release_due(order, facts)
    return (*events, *_end_waits(order, facts))


def _end(hold: Hold, order: Order, facts: Facts) -> tuple[OrderEvent, ...]:
    """What its terms make of a hold whose time is over. An order that another hold keeps from being canceled is looked
    at by a person instead.
    """
    lifted = HoldLifted(hold.hold_id, has_expired=True)
    if hold.terms.at_end is AtEnd.LIFT:
        return (lifted,)
    if hold.terms.at_end is AtEnd.CANCEL:
        after = evolve(order, lifted)
        if not blocking_holds(after, Block.CANCEL):
            return (lifted, *_cancel_open(after, f"the {hold.type} hold was not lifted in time", facts))
    owner = hold.terms.escalate_to or hold.terms.owner
    return (HoldAssigned(hold.hold_id, owner, facts.now, is_escalated=True),)


def _cancel_open(order: Order, reason: str, facts: Facts) -> tuple[OrderCanceled, ...]:
    """The cancelation of all that can still be canceled."""
    wanted = cancelable_units(order)
    parts = cancel_units(order, wanted) if wanted else None
    if parts is None:
        return ()
    lines = tuple(LineQuantity(line_id, units, reason) for line_id, units in wanted.items())
    return (OrderCanceled(lines, reason, facts.now, parts),)


def _find_placed(order: Order, hold_id: HoldId, what: str) -> Hold | NotFound | NotPossibleNow:
    hold = next((hold for hold in order.holds if hold.hold_id == hold_id), None)
    if hold is None:
        return NotFound("hold", hold_id)
    return NotPossibleNow(what, hold.state) if hold.state is HoldState.LIFTED else hold


def _end_waits(order: Order, facts: Facts) -> tuple[OrderCanceled, ...]:
    """The end of units that have waited for stock as long as their routing lets them."""
    if not order.parked or blocking_holds(order, Block.CANCEL):
        return ()
    missing = uncovered_quantities(order)
    over = tuple(
        LineQuantity(parked.line_id, missing[parked.line_id], WAITED_TOO_LONG)
        for parked in order.parked
        if parked.is_waiting and parked.until is not None and parked.until <= facts.now and parked.line_id in missing
    )
    return (OrderCanceled(over, WAITED_TOO_LONG, facts.now, PartsChange(), short=over),) if over else ()
