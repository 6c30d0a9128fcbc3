"""Lines that have several dates: each date is a line of its own, that knows of which line it is."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from troth.model.commands import LineQuantity
from troth.model.ids import LineId
from troth.model.order import Line, Order

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def schedule_lines(order: Order, line_id: LineId) -> tuple[Line, ...]:
    """The lines that are the dates of a line, in their order; none where it has one date, or is not there."""
    return tuple(line for line in order.lines if line.terms is not None and line.terms.schedule_of == line_id)


def spread(order: Order, wanted: Iterable[LineQuantity]) -> tuple[LineQuantity, ...]:
    """Units of lines with those of a line that has several dates taken from its dates, the latest first; what is more
    than they have stays with the last of them that was looked at, to be refused.
    """
    known = {line.line_id for line in order.lines}
    found: list[LineQuantity] = []
    for units in wanted:
        dates = () if units.line_id in known else schedule_lines(order, units.line_id)
        if not dates:
            found.append(units)
            continue
        left = units.quantity
        for line in sorted(dates, key=lambda line: line.need_by or line.not_before or _NEVER, reverse=True):
            taken = min(left, line.quantity - line.canceled_quantity)
            if taken:
                found.append(LineQuantity(line.line_id, taken, units.reason))
                left -= taken
        if left:
            found.append(LineQuantity(units.line_id, left, units.reason))
    return tuple(found)
