"""Lines that have several dates: each date is a line of its own, that knows of which line it is."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from troth.model.change import RemoveLine, SetQuantity
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
        for line in _latest_first(dates):
            taken = min(left, _wanted(line))
            if taken:
                found.append(LineQuantity(line.line_id, taken, units.reason))
                left -= taken
        if left:
            found.append(LineQuantity(units.line_id, left, units.reason))
    return tuple(found)


def by_date(
    order: Order, action: RemoveLine | SetQuantity, left: Mapping[LineId, int]
) -> tuple[RemoveLine | SetQuantity, ...]:
    """What an action on a line that has several dates does to each of them; itself where there is none.

    Units that are no longer wanted are taken from the latest dates, and never those that have `left`; more are wanted
    of the latest date. What cannot be taken stays with the last date that was looked at, to be refused.
    """
    dates = schedule_lines(order, action.line_id)
    wanted = _latest_first(line for line in dates if line.quantity > line.canceled_quantity)
    if not wanted:
        return tuple(_of(action, line) for line in dates[-1:]) or (action,)
    if isinstance(action, RemoveLine):
        return tuple(RemoveLine(line.line_id) for line in wanted)
    more = action.quantity - sum(map(_wanted, wanted))
    if more >= 0:
        return (SetQuantity(wanted[0].line_id, _wanted(wanted[0]) + more),)
    found: list[RemoveLine | SetQuantity] = []
    for line in wanted:
        taken = min(-more, _wanted(line) - left.get(line.line_id, 0))
        more += taken
        if taken == _wanted(line):
            found.append(RemoveLine(line.line_id))
        elif taken or (more and line is wanted[-1]):
            short = -more if line is wanted[-1] else 0
            found.append(SetQuantity(line.line_id, _wanted(line) - taken - short))
    return tuple(found)


def _of(action: RemoveLine | SetQuantity, line: Line) -> RemoveLine | SetQuantity:
    return replace(action, line_id=line.line_id)


def _wanted(line: Line) -> int:
    return line.quantity - line.canceled_quantity


def _latest_first(dates: Iterable[Line]) -> list[Line]:
    return sorted(dates, key=lambda line: line.need_by or line.not_before or _NEVER, reverse=True)
