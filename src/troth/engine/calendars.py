"""When a node's work is done: working days, opening hours, cut-offs, holidays and daylight saving.

Instants are POSIX seconds, days are days since 1970-01-01, and everything local goes through the node's time zone. All
thresholds lie on whole minutes (cut-offs are cut down, work is rounded up), so the answer is the same for all instants
of one minute: that is what lets the network remember it by the minute.
"""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from troth.model.network import CarrierPickup, Node

DAY_SECONDS: Final = 86_400.0
DAYS_SEARCHED_MAX: Final = 400
"""A node or carrier without a working day in this many days is taken to be closed for good."""

DELIVERY_FROM: Final = time(8, 0)
DELIVERY_UNTIL: Final = time(20, 0)
MIDNIGHT: Final = time(0, 0)

_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class WorkClock:
    """All that decides when a node's work is done and leaves. Nodes with equal clocks share one computation."""

    time_zone: str
    weekdays: frozenset[int]
    opens: time
    closes: time
    holidays: frozenset[date]
    cut_off: time
    processing_minutes: int
    feed_minutes: int = 0
    acceptance_minutes: int = 0
    pickups: tuple[CarrierPickup, ...] = ()


def work_clock(node: Node) -> WorkClock:
    """The clock of a node. A closing time not after the opening time means open until midnight."""
    calendar = node.calendar
    closes = calendar.closes if calendar.closes > calendar.opens else time(23, 59)
    return WorkClock(
        time_zone=node.time_zone,
        weekdays=frozenset(calendar.weekdays),
        opens=_whole_minute(calendar.opens),
        closes=_whole_minute(closes),
        holidays=frozenset(calendar.holidays),
        cut_off=_whole_minute(node.cut_off),
        processing_minutes=minutes_of(node.processing_hours),
        feed_minutes=max(0, node.feed_minutes),
        acceptance_minutes=max(0, node.acceptance_minutes),
        pickups=node.pickups,
    )


def minutes_of(hours: float) -> int:
    """Hours of work as whole minutes, rounded up, never below zero.

    >>> minutes_of(0.33), minutes_of(-1.0)
    (20, 0)
    """
    return max(0, math.ceil(hours * 60.0 - 1e-9)) if math.isfinite(hours) else 0


def minute_of(instant: float) -> int:
    """The whole minute (minutes since 1970) that holds an instant (POSIX seconds)."""
    return math.floor(instant / 60.0)


def take_on(clock: WorkClock, minute: int) -> int | None:
    """The minute from which work on an order of `minute` can begin.

    It takes the feed's minutes to get there, at any hour, and the acceptance's minutes of opening hours to be taken on.
    """
    minute += clock.feed_minutes
    if not clock.acceptance_minutes:
        return minute
    return finish_work(clock, minute, clock.acceptance_minutes, has_cut_off=False)


def finish_work(clock: WorkClock, minute: int, work_minutes: int, *, has_cut_off: bool) -> int | None:
    """The minute in which work that could begin at `minute` is done; None where that takes more than a year.

    Work goes on in opening hours only and is carried over to the next working day. With a cut-off, what arrives at or
    after it waits for the next working day.
    """
    zone = clock.time_zone
    first = local_day(zone, minute)
    left = work_minutes
    for day in range(first, first + DAYS_SEARCHED_MAX):
        if is_working_day(clock.weekdays, clock.holidays, day):
            start = max(minute, local_minute(zone, day, clock.opens))
            room = local_minute(zone, day, clock.closes) - start
            is_admitted = day > first or not has_cut_off or minute < local_minute(zone, day, clock.cut_off)
            if is_admitted and room > 0:
                if left <= room:
                    return start + left
                left -= room
    return None


def is_working_day(weekdays: frozenset[int], holidays: frozenset[date], day: int) -> bool:
    """Whether a day (days since 1970) is one of the weekdays and no holiday; 1970 began with a Thursday.

    >>> is_working_day(frozenset({3}), frozenset(), 0), is_working_day(frozenset({3}), frozenset({date(1970, 1, 1)}), 0)
    (True, False)
    """
    return (day + 3) % 7 in weekdays and not (holidays and day_date(day) in holidays)


def local_day(time_zone: str, minute: int) -> int:
    """The local day (days since 1970) of a minute."""
    return day_number(datetime.fromtimestamp(minute * 60, ZoneInfo(time_zone)).date())


def day_number(day: date) -> int:
    """A date as days since 1970-01-01."""
    return (day - _EPOCH).days


def day_date(number: int) -> date:
    """Days since 1970-01-01 as a date."""
    return _EPOCH + timedelta(days=number)


def local_minute(time_zone: str, day: int, at: time) -> int:
    """The whole minute of a local time on a day (days since 1970)."""
    return int(local_instant(time_zone, day, at)) // 60


@lru_cache(maxsize=262_144)
def local_instant(time_zone: str, day: int, at: time) -> float:
    """The POSIX instant at which the local clock, on a day (days since 1970), first shows a time or a later one.

    So a time that occurs twice is the first of the two, and one that is skipped is the moment of the change. The result
    is remembered: it depends on nothing else.
    """
    zone = ZoneInfo(time_zone)
    wall = datetime.combine(day_date(day), at, zone)
    instant = wall.timestamp()
    shown = datetime.fromtimestamp(instant, zone)
    if shown.replace(tzinfo=None) == wall.replace(tzinfo=None):
        return instant
    # Skipped: read with the later offset it lies before the change, with the earlier one behind it.
    before, behind = int(wall.replace(fold=1).timestamp()) // 60, int(instant) // 60
    while behind - before > 1:
        middle = (before + behind) // 2
        if datetime.fromtimestamp(middle * 60, zone).utcoffset() == shown.utcoffset():
            behind = middle
        else:
            before = middle
    return behind * 60.0


@lru_cache(maxsize=16_384)
def first_arrival_day(time_zone: str, not_before: float, closes: time = DELIVERY_UNTIL) -> int:
    """The first local day whose delivery hours, which end when it `closes`, have not ended at `not_before` (POSIX)."""
    day = local_day(time_zone, minute_of(not_before))
    return day if local_instant(time_zone, day, closes) > not_before else day + 1


def instant(posix: float) -> datetime:
    """A POSIX instant as a datetime in UTC."""
    return datetime.fromtimestamp(posix, UTC)


def hours_on(node: Node, at: datetime) -> tuple[time, time] | None:
    """From when until when a node is open on the local day of an instant, in its own time; None: it is closed."""
    clock = work_clock(node)
    day = day_number(at.astimezone(ZoneInfo(node.time_zone)).date())
    return (clock.opens, clock.closes) if is_working_day(clock.weekdays, clock.holidays, day) else None


def _whole_minute(at: time) -> time:
    return at.replace(second=0, microsecond=0, tzinfo=None)
