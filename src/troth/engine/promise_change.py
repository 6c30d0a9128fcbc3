"""Telling the customer once that a promise is another one now, or that there is none any more."""

from collections.abc import Iterator
from datetime import datetime

from troth.model.events import PromiseChanged, PromiseMove
from troth.model.ids import LineId
from troth.model.kits import kits_of, whole_units
from troth.model.order import Line, Order
from troth.model.status import live_allocations, promise_of, uncovered_quantities


def tell_change(before: Order, after: Order, reason: str, now: datetime) -> tuple[PromiseChanged, ...]:
    """The event with every line of which units are promised for another time than the customer was told, or no longer;
    none where no line is.
    """
    moves = tuple(_moves(before, after))
    if not moves:
        return ()
    return (PromiseChanged(moves, reason, now, after.channel, after.external_id, after.customer),)


def _moves(before: Order, after: Order) -> Iterator[PromiseMove]:
    promised = whole_units(live_allocations(after), kits_of(after))
    for line in after.lines:
        was, lost_before = _told(before, line.line_id), _lost_units(before, line)
        units, now_at = promised.get(line.line_id, 0), promise_of(after, line.line_id)
        lost = _lost_units(after, line)
        if units and now_at is not None and (now_at != was or lost < lost_before):
            yield PromiseMove(line.line_id, line.sku, units, was, now_at)
        had = promise_of(before, line.line_id)
        if lost > lost_before and had is not None and units < _units_told(before, line):
            yield PromiseMove(line.line_id, line.sku, lost, had, None)


def _told(order: Order, line_id: LineId) -> datetime | None:
    """For when the customer knows that a line is promised; None: it never was, or they know that it no longer is."""
    parked = next((parked for parked in order.parked if parked.line_id == line_id), None)
    has_parts = any(part.line_id == line_id for part in live_allocations(order))
    return promise_of(order, line_id) if has_parts or parked is None or not parked.is_sought else None


def _units_told(order: Order, line: Line) -> int:
    """The units of a line that the customer knows as promised: those that just lost their supply are among them."""
    promised = whole_units(live_allocations(order), kits_of(order)).get(line.line_id, 0)
    is_unsought = any(parked.line_id == line.line_id and not parked.is_sought for parked in order.parked)
    return promised + (uncovered_quantities(order).get(line.line_id, 0) if is_unsought else 0)


def _lost_units(order: Order, line: Line) -> int:
    """The units of a line that lie nowhere, as far as the customer knows; what is still sought is not told yet."""
    is_sought = any(parked.line_id == line.line_id and parked.is_sought for parked in order.parked)
    return uncovered_quantities(order).get(line.line_id, 0) if is_sought else 0
