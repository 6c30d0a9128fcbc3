"""Handing an order over to its nodes."""

from troth.engine.context import Facts
from troth.engine.parts import moves_through
from troth.model.events import OrderEvent, OrderReleased, PartsChange
from troth.model.hold_terms import Block
from troth.model.lifecycle import AllocationEvent, AllocationState
from troth.model.order import Order
from troth.model.refusals import Held, NotPossibleNow, Refusal
from troth.model.status import blocking_holds, order_status


def decide_release(order: Order, facts: Facts) -> tuple[OrderEvent, ...] | Refusal:
    """The release of every reserved part; backordered parts stay until their supply is here."""
    holds = blocking_holds(order, Block.RELEASE)
    if holds:
        return Held(tuple(hold.hold_id for hold in holds))
    reserved = [part for part in order.allocations if part.state is AllocationState.RESERVED]
    if not reserved:
        return NotPossibleNow("release", order_status(order))
    moves = tuple(move for part in reserved for move in moves_through(part, (AllocationEvent.RELEASE,)))
    return (
        OrderReleased(
            at=facts.now,
            is_early=order.released_at is None and facts.now < order.release_at,
            parts=PartsChange(moves=moves),
        ),
    )
