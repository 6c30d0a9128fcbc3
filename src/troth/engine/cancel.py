"""Canceling units of an order."""

from collections.abc import Mapping

from troth.engine.parts import choose_units, moves_through, next_allocation
from troth.engine.promising.context import Facts
from troth.engine.schedules import schedule_lines, spread
from troth.model.commands import CancelOrder, LineQuantity
from troth.model.events import OrderCanceled, OrderEvent, PartsChange
from troth.model.hold_terms import Block
from troth.model.ids import LineId
from troth.model.kits import kits_of
from troth.model.lifecycle import AllocationEvent, AllocationState
from troth.model.measure import counted
from troth.model.order import Order
from troth.model.permissions import CANCEL, CANCELABLE, NEEDS_REASON, By, states_for
from troth.model.refusals import FieldFlaw, Held, Invalid, NotPossibleNow, Refusal
from troth.model.status import blocking_holds, live_allocations, order_status, uncovered_quantities

_RANK = {state: rank for rank, state in enumerate(AllocationState)}


def decide_cancel(
    command: CancelOrder, order: Order, facts: Facts, *, allowed: By | None = None
) -> tuple[OrderEvent, ...] | Refusal:
    """The cancelation of the named units, those first that have come least far.

    Without lines it is everything that is not canceled yet, and is refused if some of it has left already, or may not
    be canceled any more by whom it is asked, or by whom it is `allowed`.
    """
    holds = blocking_holds(order, Block.CANCEL)
    if holds:
        return Held(tuple(hold.hold_id for hold in holds))
    open_units = {line.line_id: line.quantity - line.canceled_quantity for line in order.lines}
    named: dict[LineId, int] = {}
    for units in spread(order, command.lines):
        named[units.line_id] = named.get(units.line_id, 0) + units.quantity
    flaws = tuple(
        FieldFlaw(f"/lines/{position}", f"line {line.line_id} has {counted(_open_of(order, line.line_id))} to cancel")
        for position, line in enumerate(command.lines)
        if any(named[one.line_id] > open_units.get(one.line_id, 0) for one in spread(order, (line,)))
    )
    if flaws:
        return Invalid(flaws)
    wanted = named or {line_id: units for line_id, units in open_units.items() if units}
    if not wanted:
        return NotPossibleNow("cancel", order_status(order))
    parts = cancel_units(order, wanted, states_for(allowed or command.by, CANCEL))
    if parts is None:
        return NotPossibleNow("cancel", order_status(order))
    if not command.reason and NEEDS_REASON[command.by] & _canceled_states(order, parts):
        return Invalid((FieldFlaw("/reason", f"is required of an {command.by}"),))
    return (
        OrderCanceled(
            lines=tuple(LineQuantity(line_id, units, command.reason) for line_id, units in wanted.items()),
            reason=command.reason,
            at=facts.now,
            parts=parts,
            short=() if command.by is By.CUSTOMER else _short_of(order, wanted, command.reason),
        ),
    )


def _short_of(order: Order, wanted: Mapping[LineId, int], reason: str) -> tuple[LineQuantity, ...]:
    """What of the units that are canceled lies nowhere: it goes first, and is not sent for want of it."""
    missing = uncovered_quantities(order)
    short = {line_id: min(units, missing.get(line_id, 0)) for line_id, units in wanted.items()}
    return tuple(LineQuantity(line_id, units, reason) for line_id, units in short.items() if units)


def _open_of(order: Order, line_id: LineId) -> int:
    """How many units of a line, or of all dates of one, are not canceled."""
    lines = [line for line in order.lines if line.line_id == line_id] or schedule_lines(order, line_id)
    return sum(line.quantity - line.canceled_quantity for line in lines)


def cancel_units(
    order: Order, wanted: Mapping[LineId, int], states: frozenset[AllocationState] = CANCELABLE
) -> PartsChange | None:
    """What becomes of an order's parts where so many units of its lines are canceled: first what lies nowhere, then the
    parts that are least advanced. None where so many can no longer be canceled, of parts in these states.
    """
    uncovered = uncovered_quantities(order)
    cancelable = sorted(
        (part for part in live_allocations(order) if part.state in states),
        key=lambda part: (_RANK[part.state], part.allocation),
    )
    chosen = choose_units(
        cancelable,
        {line_id: units - min(units, uncovered.get(line_id, 0)) for line_id, units in wanted.items()},
        first_number=next_allocation(order),
        kits=kits_of(order),
    )
    if chosen.missing:
        return None
    moves = tuple(move for part in chosen.parts for move in moves_through(part, (AllocationEvent.CANCEL,)))
    return PartsChange(splits=chosen.splits, moves=moves)


def _canceled_states(order: Order, parts: PartsChange) -> set[AllocationState]:
    """The states in which parts are canceled."""
    states = {part.allocation: part.state for part in order.allocations}
    states |= {part.allocation: part.state for split in parts.splits for part in split.parts}
    return {states[move.allocation] for move in parts.moves}
