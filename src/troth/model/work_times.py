"""What was seen of the work of nodes: how long a task takes, by hour, and how each day went."""

from datetime import date, datetime
from typing import NamedTuple

from troth.model.ids import NodeId
from troth.model.value import dataclass

BANDS: int = 4
"""Into so many parts of six hours a day is divided."""


class HourClass(NamedTuple):
    """A part of the local day at a node: the weekend or not, and which six hours of it (0: from midnight)."""

    is_weekend: bool
    band: int


@dataclass(frozen=True, slots=True)
class TaskEvidence:
    """Tasks that were seen in an hour class of a node, weighed as of an instant: how many, the sum of their minutes,
    and of the squares of these.
    """

    as_of: datetime
    tasks: float = 0.0
    minutes: float = 0.0
    squares: float = 0.0


@dataclass(frozen=True, slots=True)
class TaskTimes:
    """How long a task takes at a node (minutes): its mean and standard deviation, after so many tasks were seen."""

    mean: float
    deviation: float
    tasks: float


class WorkRates(NamedTuple):
    """How well a node does its work: of what it was asked to do the share that it takes on, of the units that it looks
    for those not there, of what it does the share in time, and the minutes of its hours that a task takes.
    """

    accept: float
    short: float
    on_time: float
    task_minutes: float


@dataclass(frozen=True, slots=True)
class DayTally:
    """How the work of a node went on a local day: works done and of these in time, refused, and not accepted in time
    or not answered at all (`silent`);
    units that were to be picked and of these not found; tasks and their minutes.
    """

    node: NodeId
    day: date
    done: int = 0
    on_time: int = 0
    rejected: int = 0
    missed: int = 0
    units: int = 0
    short: int = 0
    tasks: int = 0
    minutes: float = 0.0
    silent: int = 0

    def __add__(self, other: "DayTally") -> "DayTally":
        return DayTally(
            self.node,
            max(self.day, other.day),
            self.done + other.done,
            self.on_time + other.on_time,
            self.rejected + other.rejected,
            self.missed + other.missed,
            self.units + other.units,
            self.short + other.short,
            self.tasks + other.tasks,
            self.minutes + other.minutes,
            self.silent + other.silent,
        )
