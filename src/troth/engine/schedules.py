"""Lines that have several dates: each date is a line of its own, that knows of which line it is."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from troth.model.change import AddLine, ChangeAction, RemoveLine, ScheduleDate, SetDates, SetQuantity, SetSchedule
from troth.model.commands import LineQuantity
from troth.model.ids import LineId
from troth.model.order import Line, Order, Terms

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


def by_schedule(order: Order, action: SetSchedule) -> tuple[tuple[int, ChangeAction], ...]:
    """What another schedule does to the dates of a line, each with the place in the schedule that asks for it (for a
    date that is dropped the last); nothing where the line has no dates that are wanted.

    What is wanted at the time of a date is that date; what is left of the schedule takes the dates that are left, in
    their order, and then new ones.
    """
    all_dates = schedule_lines(order, action.line_id)
    left = [line for line in all_dates if _wanted(line)]
    if not left:
        return ()
    pattern, found, unplaced = left[0], list[tuple[int, ChangeAction]](), list[int]()
    for at, date in enumerate(action.dates):
        same = next((line for line in left if _times(line) == _times_of(date)), None)
        if same is None:
            unplaced.append(at)
        else:
            left.remove(same)
            found += [(at, one) for one in _set_date(same, date)]
    for at, line in zip(unplaced, left, strict=False):
        found += [(at, one) for one in _set_date(line, action.dates[at])]
    found += [(len(action.dates) - 1, RemoveLine(line.line_id)) for line in left[len(unplaced) :]]
    number = max(_number(line) for line in all_dates)
    for more, at in enumerate(unplaced[len(left) :], 1):
        line_id = LineId(f"{action.line_id}.{number + more}")
        found.append((at, AddLine(_new_date(pattern, line_id, action.dates[at]))))
    return tuple(found)


def _set_date(line: Line, date: ScheduleDate) -> Iterator[ChangeAction]:
    """What makes a date of a line what is wanted."""
    if _times(line) != _times_of(date):
        yield SetDates(line.line_id, *_times_of(date))
    if _wanted(line) != date.quantity:
        yield SetQuantity(line.line_id, date.quantity)


def _new_date(pattern: Line, line_id: LineId, date: ScheduleDate) -> Line:
    """One more date of a line, which is had as another of its dates, from its own item."""
    terms = replace(
        pattern.terms or Terms(),
        cancel_after=date.cancel_after,
        need_by_firm=date.need_by_firm,
        kit=(),
        substituted=(),
        min_remaining_days=0,
    )
    return replace(
        pattern,
        line_id=line_id,
        quantity=date.quantity,
        canceled_quantity=0,
        not_before=date.not_before,
        need_by=date.need_by,
        terms=terms,
    )


def _times(line: Line) -> tuple[datetime | None, datetime | None, datetime | None, bool]:
    terms = line.terms or Terms()
    return line.not_before, line.need_by, terms.cancel_after, terms.need_by_firm


def _times_of(date: ScheduleDate) -> tuple[datetime | None, datetime | None, datetime | None, bool]:
    return date.not_before, date.need_by, date.cancel_after, date.need_by_firm


def _number(line: Line) -> int:
    """The number behind the last dot of a date's name; of one that was named otherwise none."""
    last = line.line_id.rpartition(".")[2]
    return int(last) if last.isascii() and last.isdecimal() and len(last) < 10 else 0


def _of(action: RemoveLine | SetQuantity, line: Line) -> RemoveLine | SetQuantity:
    return replace(action, line_id=line.line_id)


def _wanted(line: Line) -> int:
    return line.quantity - line.canceled_quantity


def _latest_first(dates: Iterable[Line]) -> list[Line]:
    return sorted(dates, key=lambda line: line.need_by or line.not_before or _NEVER, reverse=True)
