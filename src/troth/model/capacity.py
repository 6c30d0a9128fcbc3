"""How much work a node can do, and what is already promised of it."""

from datetime import date, time, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from troth.model.ids import NodeId
from troth.model.value import dataclass

LYING: Final = date(9999, 1, 1)
"""The day of which a compartment of a locker is a slot, since what lies in it lies there on every day."""


class CapacityUnit(StrEnum):
    """What a node's capacity counts: order lines, or units of goods."""

    LINES = "lines"
    UNITS = "units"


@dataclass(frozen=True, slots=True)
class Shift:
    """A part of a node's working day that begins at a local time, and how much it can do (in the node's unit)."""

    begins: time
    capacity: int


@dataclass(frozen=True, slots=True)
class DayCapacity:
    """How much a node can do on some weekdays (Monday is 0) or dates, where that is not what it can do on others: in a
    day (None: without limit), or in each of its shifts.
    """

    weekdays: tuple[int, ...] = ()
    dates: tuple[date, ...] = ()
    capacity: int | None = None
    shifts: tuple[Shift, ...] = ()


class Slot(NamedTuple):
    """A working day of a node, or one shift of it (numbered in the order of their beginnings; 0: the first, or all).

    Of a locker a day's slots are its sizes, by position; and each compartment is a slot of `LYING`, by number.
    """

    node: NodeId
    day: date
    shift: int = 0


@dataclass(frozen=True, slots=True)
class LockerStay:
    """What a pickup takes of a locker: a compartment of a size (by position) from its first day to its last, and once
    it lies in one that one (`number`; 0: it is not there yet).
    """

    locker: NodeId
    size: int
    first: date
    last: date
    number: int = 0

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots of which it takes one each.

        >>> stay = LockerStay(NodeId("LK-1"), 2, date(2026, 11, 30), date(2026, 12, 1), number=7)
        >>> [(slot.day.isoformat(), slot.shift) for slot in stay.slots]
        [('2026-11-30', 2), ('2026-12-01', 2), ('9999-01-01', 7)]
        """
        days = range((self.last - self.first).days + 1)
        found = [Slot(self.locker, self.first + timedelta(days=day), self.size) for day in days]
        return (*found, Slot(self.locker, LYING, self.number)) if self.number else tuple(found)


@dataclass(frozen=True, slots=True)
class Booking:
    """The work that a fulfillment takes of its node: so much in each slot, the first one first (none: it has no limit);
    and where it is handed over by a locker, its `stay` there as it was promised.
    """

    unit: CapacityUnit
    work: tuple[tuple[Slot, int], ...]
    stay: LockerStay | None = None
