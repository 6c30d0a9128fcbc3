"""Telling the customer once that a promise is another one now."""

from datetime import datetime

from troth.model.events import PromiseChanged, PromiseMove
from troth.model.kits import kits_of, whole_units
from troth.model.order import Order
from troth.model.status import live_allocations, promise_of


def tell_change(before: Order, after: Order, reason: str, now: datetime) -> tuple[PromiseChanged, ...]:
    """The event with every line of which units are promised for another time than before; none where no line is."""
    live = live_allocations(after)
    promised = whole_units(live, kits_of(after))
    moves = []
    for line in after.lines:
        units = promised.get(line.line_id, 0)
        was, now_at = promise_of(before, line.line_id), promise_of(after, line.line_id)
        if units and now_at is not None and now_at != was:
            moves.append(PromiseMove(line.line_id, line.sku, units, was, now_at))
    if not moves:
        return ()
    return (PromiseChanged(tuple(moves), reason, now, after.channel, after.external_id, after.customer),)
