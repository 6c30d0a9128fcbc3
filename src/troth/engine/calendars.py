"""When a node's work is done and the goods leave: working days, opening hours, cut-offs, holidays and daylight saving.

Instants are POSIX seconds, days are days since 1970-01-01, and everything local goes through the node's time zone. All
thresholds lie on whole minutes (cut-offs are cut down, work is rounded up), so the answer is the same for all instants
of one minute: that is what lets the network remember it by the minute.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from troth.model.network import Node

DAY_SECONDS: Final = 86_400.0
DAYS_SEARCHED_MAX: Final = 400
"""A node or carrier without a working day in this many days is taken to be closed for good."""

DELIVERY_FROM: Final = time(8, 0)
DELIVERY_UNTIL: Final = time(20, 0)

_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class WorkClock:
    """All that decides when a node's work is done. Nodes with equal clocks share one computation."""

    time_zone: str
    weekdays: frozenset[int]
    opens: time
    closes: time
    holidays: frozenset[date]
    cut_off: time
    processing_minutes: int


@dataclass(frozen=True, slots=True)
class CarrierClock:
    """The days on which a carrier picks up and delivers."""

    weekdays: frozenset[int]
    holidays: frozenset[date]


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


def finish_work(clock: WorkClock, minute: int, work_minutes: int, *, has_cut_off: bool) -> int | None:
    """The minute in which work that could begin at `minute` is done; None where that takes more than a year.

    Work goes on in opening hours only and is carried over to the next working day. With a cut-off, what arrives at or
    after it waits for the next working day.
    """
    zone = ZoneInfo(clock.time_zone)
    day = datetime.fromtimestamp(minute * 60, zone).date()
    left = work_minutes
    for offset in range(DAYS_SEARCHED_MAX):
        if is_working(clock, day):
            start = max(minute, _local_minute(zone, day, clock.opens))
            room = _local_minute(zone, day, clock.closes) - start
            is_admitted = offset > 0 or not has_cut_off or minute < _local_minute(zone, day, clock.cut_off)
            if is_admitted and room > 0:
                if left <= room:
                    return start + left
                left -= room
        day += timedelta(days=1)
    return None


def is_working(clock: WorkClock | CarrierClock, day: date) -> bool:
    """Whether a node or a carrier works on a day."""
    return day.weekday() in clock.weekdays and day not in clock.holidays


def find_ship_day(clock: WorkClock, carrier: CarrierClock, earliest: int) -> int | None:
    """The first day (days since 1970) from `earliest` on when the node works and the carrier picks up; None where there
    is none.
    """
    day = day_date(earliest)
    for offset in range(DAYS_SEARCHED_MAX):
        if is_working(clock, day) and is_working(carrier, day):
            return earliest + offset
        day += timedelta(days=1)
    return None


def add_carrier_days(carrier: CarrierClock, day: int, count: int) -> int | None:
    """The day that is `count` of the carrier's days after `day`; for 0 the day itself. None where the carrier never
    works.
    """
    at = day_date(day)
    left = count
    for offset in range(DAYS_SEARCHED_MAX * 2):
        if left <= 0:
            return day + offset
        at += timedelta(days=1)
        left -= is_working(carrier, at)
    return None


def local_day(time_zone: str, minute: int) -> int:
    """The local day (days since 1970) of a minute."""
    return day_number(datetime.fromtimestamp(minute * 60, ZoneInfo(time_zone)).date())


def day_number(day: date) -> int:
    """A date as days since 1970-01-01."""
    return (day - _EPOCH).days


def day_date(number: int) -> date:
    """Days since 1970-01-01 as a date."""
    return _EPOCH + timedelta(days=number)


@lru_cache(maxsize=65_536)
def local_instant(time_zone: str, day: int, at: time) -> float:
    """The POSIX instant of a local time on a day (days since 1970). Remembered: it is a pure function.

    A time that a spring change skips is read with the offset from before it, a time that occurs twice is the first.
    """
    return datetime.combine(day_date(day), at, ZoneInfo(time_zone)).timestamp()


def first_arrival_day(time_zone: str, not_before: float) -> int:
    """The first local day whose delivery hours have not ended at `not_before` (POSIX)."""
    day = local_day(time_zone, minute_of(not_before))
    return day if local_instant(time_zone, day, DELIVERY_UNTIL) > not_before else day + 1


def instant(posix: float) -> datetime:
    """A POSIX instant as a datetime in UTC."""
    return datetime.fromtimestamp(posix, UTC)


def carrier_clock(weekdays: Iterable[int], holidays: Iterable[date]) -> CarrierClock:
    """The clock of a carrier."""
    return CarrierClock(frozenset(weekdays), frozenset(holidays))


def _whole_minute(at: time) -> time:
    return at.replace(second=0, microsecond=0, tzinfo=None)


def _local_minute(zone: ZoneInfo, day: date, at: time) -> int:
    return int(datetime.combine(day, at, zone).timestamp()) // 60
