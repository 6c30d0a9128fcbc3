"""How long a task takes at a node and hour, learned from when work was released and when it was ready.

A node's tasks are taken to be done one behind the other: one begins when it was released and the one before it was
ready, whichever is later, and takes until it is ready, in opening hours. So the time of a team that picks several
orders at once is that of the team and not of one person, which is what the next order waits for. What little is known
of an hour leans on the node, and the node on what it was set to be.

*Source:* D. V. Lindley, "The theory of queues with a single server", *Proceedings of the Cambridge Philosophical
Society* 48 (1952), for the recursion; the shrinkage as in B. Efron and C. Morris, *JASA* 68 (1973).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil, sqrt
from typing import Final
from zoneinfo import ZoneInfo

from troth.engine.carriage.calendars import WorkClock, find_hours, local_day, minute_of
from troth.model.work_times import BANDS, HourClass, TaskEvidence, TaskTimes

HALF_LIFE_DAYS: Final = 28.0
"""A task that was seen counts half after so many days."""
STRENGTH: Final = 20.0
"""What a node was set to be, and what is known of a node for one of its hours, is worth so many tasks."""
KNOWN_TASKS: Final = 20.0
"""From so many tasks on a node's own times are promised by, instead of what the routing says of all nodes."""
MINUTES_MAX: Final = 240.0
"""A task that seems to have taken longer was left lying; it counts as this long."""
SURE: Final = 1.2816
"""Deviations above the mean within which nine of ten lie."""
_DAY_SECONDS: Final = 86_400.0


def task_minutes(clock: WorkClock, *, released: datetime, ready: datetime, before: datetime | None) -> float | None:
    """How many minutes of a node's hours a task took, behind the one that was ready before it; None where that was
    ready later, so that nothing is known of this one.

    >>> from datetime import UTC, time
    >>> from troth.engine.carriage.calendars import work_clock
    >>> from troth.model.network import Calendar, Node, NodeType
    >>> from troth.model.ids import NodeId
    >>> hours = Calendar(opens=time(9), closes=time(18))
    >>> store = Node(NodeId("ST"), NodeType.STORE, "", 0.0, 0.0, calendar=hours)
    >>> at = datetime(2026, 11, 23, 10, tzinfo=UTC)
    >>> ready = at + timedelta(minutes=30)
    >>> task_minutes(work_clock(store), released=at, ready=ready, before=at + timedelta(minutes=20))
    10.0
    """
    if before is not None and before > ready:
        return None
    begun = released if before is None else max(released, before)
    if begun >= ready:
        return 0.0
    return min(MINUTES_MAX, open_minutes(clock, begun, ready))


def open_minutes(clock: WorkClock, begin: datetime, end: datetime) -> float:
    """The minutes between two instants in which a node is open; of a node that was at work while it was closed, all."""
    if end - begin > timedelta(days=14):
        return MINUTES_MAX
    first, last = begin.timestamp() / 60, end.timestamp() / 60
    total = 0.0
    for day in range(local_day(clock.time_zone, minute_of(begin.timestamp())) - 1, _day_of(clock, end) + 1):
        hours = find_hours(clock, day)
        if hours is not None:
            total += max(0.0, min(last, hours[1]) - max(first, hours[0]))
    return total if total > 0.0 else last - first


def hour_class(time_zone: str, at: datetime) -> HourClass:
    """The part of the local day in which an instant lies.

    >>> from datetime import UTC
    >>> hour_class("America/New_York", datetime(2026, 11, 22, 3, tzinfo=UTC))
    HourClass(is_weekend=True, band=3)
    """
    local = at.astimezone(ZoneInfo(time_zone))
    return HourClass(local.weekday() >= 5, local.hour * BANDS // 24)


def add_task(known: TaskEvidence | None, minutes: float, at: datetime) -> TaskEvidence:
    """The evidence with one more task; what was seen before counts less as it gets older."""
    if known is None:
        known = TaskEvidence(at)
    at = max(at, known.as_of)
    faded = faded_to(known, at)
    return replace(
        faded, tasks=faded.tasks + 1.0, minutes=faded.minutes + minutes, squares=faded.squares + minutes * minutes
    )


def faded_to(known: TaskEvidence, at: datetime) -> TaskEvidence:
    """The evidence as it counts at a later instant."""
    days = max(0.0, (at - known.as_of).total_seconds()) / _DAY_SECONDS
    weight = 0.5 ** (days / HALF_LIFE_DAYS)
    return TaskEvidence(max(at, known.as_of), known.tasks * weight, known.minutes * weight, known.squares * weight)


def times_of(
    cells: Mapping[HourClass, TaskEvidence], hour: HourClass, now: datetime, *, set_minutes: float
) -> TaskTimes:
    """How long a task takes at a node in an hour class, from all that was seen there; `set_minutes` is what the node
    was set to need for one.
    """
    faded = {name: faded_to(cell, now) for name, cell in cells.items()}
    whole = _sum(faded.values(), now)
    node = _lean(whole, set_minutes, set_minutes)
    here = _lean(faded.get(hour, TaskEvidence(now)), *node)
    return TaskTimes(here[0], here[1], whole.tasks)


def node_minutes(cells: Mapping[HourClass, TaskEvidence], now: datetime, *, set_minutes: float) -> float:
    """How long a task takes at a node in all its hours together, leaning on what it was set to need for one."""
    return _lean(_sum((faded_to(cell, now) for cell in cells.values()), now), set_minutes, set_minutes)[0]


def ready_minutes(times: TaskTimes, waiting: int, remorse_minutes: int) -> int:
    """In how many minutes of its hours a node has an order ready that comes behind so many others, in nine of ten
    cases: what is left of the remorse period, during which it is nobody's work, and then one task after the other.

    >>> ready_minutes(TaskTimes(6.0, 4.0, 100.0), 0, 30), ready_minutes(TaskTimes(6.0, 4.0, 100.0), 8, 30)
    (42, 100)
    """
    tasks = waiting + 1
    return remorse_minutes + ceil(tasks * times.mean + SURE * times.deviation * sqrt(tasks))


def _lean(seen: TaskEvidence, mean: float, deviation: float) -> tuple[float, float]:
    """Mean and deviation of what was seen, together with what is known besides as if that were so many tasks more."""
    tasks = STRENGTH + seen.tasks
    leaned = (STRENGTH * mean + seen.minutes) / tasks
    squares = (STRENGTH * (deviation * deviation + mean * mean) + seen.squares) / tasks
    return leaned, sqrt(max(0.0, squares - leaned * leaned))


def _sum(cells: Iterable[TaskEvidence], at: datetime) -> TaskEvidence:
    found = list(cells)
    return TaskEvidence(
        at, sum(one.tasks for one in found), sum(one.minutes for one in found), sum(one.squares for one in found)
    )


def _day_of(clock: WorkClock, at: datetime) -> int:
    return local_day(clock.time_zone, minute_of(at.timestamp()))
