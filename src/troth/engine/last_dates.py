"""The last dates of lines: what has not left by then is canceled by the clock."""

from typing import Final

from troth.engine.cancel import cancel_units
from troth.engine.promising.context import Facts
from troth.model.commands import LineQuantity
from troth.model.events import OrderCanceled
from troth.model.order import Order
from troth.model.status import cancelable_units, last_dates

NOT_LEFT: Final = "it had not left by its last date"
"""Why the clock cancels units that are too late for their customer."""


def end_lines(order: Order, facts: Facts) -> tuple[OrderCanceled, ...]:
    """The cancelation of all units whose last date is over and that can still be canceled, whoever has them; nothing
    while a hold keeps the order from being canceled.
    """
    over = {line_id for line_id, at in last_dates(order).items() if at <= facts.now}
    if not over:
        return ()
    wanted = {line_id: units for line_id, units in cancelable_units(order).items() if line_id in over}
    parts = cancel_units(order, wanted)
    if parts is None:
        raise RuntimeError("what can be canceled could not be")
    lines = tuple(LineQuantity(line_id, units, NOT_LEFT) for line_id, units in wanted.items())
    return (OrderCanceled(lines, NOT_LEFT, facts.now, parts, short=lines),)
