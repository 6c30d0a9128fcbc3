"""How much work a node can do, and what is already promised of it."""

from datetime import date, time
from enum import StrEnum
from typing import NamedTuple

from troth.model.ids import NodeId
from troth.model.value import dataclass


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
    """A working day of a node, or one shift of it (numbered in the order of their beginnings; 0: the first, or all)."""

    node: NodeId
    day: date
    shift: int = 0


@dataclass(frozen=True, slots=True)
class Booking:
    """The work that a fulfillment takes of its node: so much in each slot, the first one first."""

    unit: CapacityUnit
    work: tuple[tuple[Slot, int], ...]
