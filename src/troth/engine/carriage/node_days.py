"""The days of a node as they are to be worked: its hours, and what is promised and free of each slot."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from troth.engine.carriage.calendars import day_number, find_cut_off, find_hours, instant, work_clock
from troth.engine.carriage.node_load import UNLIMITED, limit_of, slots_of_day
from troth.model.capacity import Slot
from troth.model.network import Node
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class DaySlot:
    """A slot, when it begins and ends, and what can be done in it and is promised (None: it has no limit)."""

    shift: int
    begins: datetime
    ends: datetime
    capacity: int | None
    promised: int | None

    @property
    def free(self) -> int | None:
        """What can still be promised; none of a slot whose limit was lowered below what it has promised."""
        return None if self.capacity is None or self.promised is None else max(0, self.capacity - self.promised)


@dataclass(frozen=True, slots=True)
class NodeDay:
    """A day of a node: its hours (None: it is closed), its cut-off for most services, and its slots."""

    day: date
    opens: datetime | None
    closes: datetime | None
    cut_off: datetime | None
    slots: tuple[DaySlot, ...]


def find_node_days(node: Node, used: Mapping[Slot, int], first: date, last: date) -> tuple[NodeDay, ...]:
    """The days of a node from the first to the last; `used` is what is promised of its slots."""
    return tuple(_find_day(node, used, first + timedelta(days=number)) for number in range((last - first).days + 1))


def _find_day(node: Node, used: Mapping[Slot, int], day: date) -> NodeDay:
    clock, limit = work_clock(node), limit_of(node)
    number = day_number(day)
    hours = find_hours(clock, number)
    if hours is None:
        return NodeDay(day, None, None, None, ())
    opens, closes = _instant(hours[0]), _instant(hours[1])
    if limit is None:
        slots: tuple[DaySlot, ...] = (DaySlot(0, opens, closes, None, None),)
    else:
        slots = tuple(
            DaySlot(
                times.slot.shift,
                _instant(times.begins),
                _instant(times.ends),
                None if times.capacity >= UNLIMITED else times.capacity,
                used.get(times.slot, 0),
            )
            for times in slots_of_day(clock, limit, number)
        )
    return NodeDay(day, opens, closes, _instant(find_cut_off(clock, number)), slots)


def _instant(minute: int) -> datetime:
    return instant(minute * 60.0)
