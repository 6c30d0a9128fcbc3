"""When a node's work is done: working days, opening hours, night shifts, cut-offs, holidays and daylight saving.

Instants are POSIX seconds, days are days since 1970-01-01, and everything local goes through the node's time zone. All
thresholds lie on whole minutes (cut-offs are cut down, work is rounded up), so the answer is the same for all instants
of one minute: that is what lets the network remember it by the minute.
"""

import math
from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from troth.model.network import Calendar, CarrierPickup, CutOff, Node, SpecialDay
from troth.model.value import dataclass

DAY_SECONDS: Final = 86_400.0
DAYS_SEARCHED_MAX: Final = 400
"""A node or carrier without a working day in this many days is taken to be closed for good."""

DELIVERY_FROM: Final = time(8, 0)
DELIVERY_UNTIL: Final = time(20, 0)
MIDNIGHT: Final = time(0, 0)

_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class WorkClock:
    """All that decides when a node's work is done and leaves. Nodes with equal clocks share one computation.

    `hours` (opening, closing) and `cut_offs` are by weekday where they differ (empty: every day the same), `special`
    days are by date. `is_nightly` says that on some day it closes on the next. On `local_holidays` the node may work,
    but carriers that keep the holidays of places do not come.
    """

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
    hours: tuple[tuple[time, time], ...] = ()
    special: tuple[SpecialDay, ...] = ()
    cut_offs: tuple[time, ...] = ()
    is_nightly: bool = False
    local_holidays: frozenset[date] = frozenset()


def work_clock(node: Node, service: str = "", local_holidays: frozenset[date] = frozenset()) -> WorkClock:
    """The clock of a node, for what goes by a service (empty: by one without a cut-off of its own)."""
    calendar = node.calendar
    hours = _hours_by_weekday(calendar)
    special = tuple(
        SpecialDay(
            special.day,
            _whole_minute(special.opens),
            _whole_minute(special.closes),
            None if special.cut_off is None else _whole_minute(special.cut_off),
        )
        for special in sorted(calendar.special_days, key=lambda special: special.day)
    )
    cut_offs = _cut_offs_by_weekday(node, service)
    spans = (
        *(hours[weekday] for weekday in calendar.weekdays),
        *((day.opens, day.closes) for day in special),
    )
    return WorkClock(
        time_zone=node.time_zone,
        weekdays=frozenset(calendar.weekdays),
        opens=_whole_minute(calendar.opens),
        closes=_whole_minute(calendar.closes),
        holidays=frozenset(calendar.holidays),
        cut_off=_whole_minute(node.cut_off),
        processing_minutes=minutes_of(node.processing_hours),
        feed_minutes=max(0, node.feed_minutes),
        acceptance_minutes=max(0, node.acceptance_minutes),
        pickups=node.pickups,
        hours=hours if calendar.hours else (),
        special=special,
        cut_offs=cut_offs if node.cut_offs else (),
        is_nightly=any(is_night(opens, closes) for opens, closes in spans),
        local_holidays=local_holidays,
    )


def _hours_by_weekday(calendar: Calendar) -> tuple[tuple[time, time], ...]:
    found = [(_whole_minute(calendar.opens), _whole_minute(calendar.closes))] * 7
    for row in calendar.hours:
        for weekday in row.weekdays:
            found[weekday] = (_whole_minute(row.opens), _whole_minute(row.closes))
    return tuple(found)


def _cut_offs_by_weekday(node: Node, service: str) -> tuple[time, ...]:
    found = [_whole_minute(node.cut_off)] * 7
    rows: list[CutOff] = [row for row in node.cut_offs if not row.service]
    rows += [row for row in node.cut_offs if service and row.service == service]
    for row in rows:
        for weekday in row.weekdays:
            found[weekday] = _whole_minute(row.at)
    return tuple(found)


def is_night(opens: time, closes: time) -> bool:
    """Whether hours close on the day after the one on which they open.

    >>> is_night(time(22), time(6)), is_night(time(9), time(17))
    (True, False)
    """
    return closes <= opens


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
    first = local_day(clock.time_zone, minute)
    left = work_minutes
    for day in range(first - clock.is_nightly, first + DAYS_SEARCHED_MAX):
        span = find_hours(clock, day)
        if span is not None:
            start = max(minute, span[0])
            room = span[1] - start
            if room > 0 and (day > first or not has_cut_off or minute < find_cut_off(clock, day)):
                if left <= room:
                    return start + left
                left -= room
    return None


@lru_cache(maxsize=4_096)
def day_of_work(clock: WorkClock, minute: int) -> int:
    """The day (since 1970) in whose hours an order of `minute` would be worked on: today, or the next working day where
    today is none or its cut-off is past; today where no day is found within a year.
    """
    first = local_day(clock.time_zone, minute)
    for day in range(first - clock.is_nightly, first + DAYS_SEARCHED_MAX):
        span = find_hours(clock, day)
        if span is not None and minute < span[1] and (day > first or minute < find_cut_off(clock, day)):
            return day
    return first


def works_on(clock: WorkClock, day: int) -> bool:
    """Whether a node has hours that begin on a day (days since 1970)."""
    return is_working_day(clock.weekdays, clock.holidays, day) or _special(clock, day) is not None


def find_hours(clock: WorkClock, day: int) -> tuple[int, int] | None:
    """The minutes in which the hours of a day (days since 1970) begin and end; None where there are none.

    A night that reaches into the hours of the day behind it counts once: these then begin when it ends.
    """
    hours = _hours_of(clock, day)
    if hours is None:
        return None
    opens = local_minute(clock.time_zone, day, hours[0])
    closes = _closing(clock, day, hours)
    if clock.is_nightly:
        night = _hours_of(clock, day - 1)
        if night is not None and is_night(*night):
            opens = max(opens, _closing(clock, day - 1, night))
    return (opens, closes) if closes > opens else None


def find_cut_off(clock: WorkClock, day: int) -> int:
    """The minute from which on work is too late for the hours of a day (days since 1970)."""
    special = _special(clock, day)
    at = None if special is None else special.cut_off
    if at is None:
        at = clock.cut_offs[(day + 3) % 7] if clock.cut_offs else clock.cut_off
    return minute_within(clock, day, at)


def minute_within(clock: WorkClock, day: int, at: time) -> int:
    """The minute of a local time within the hours of a day (days since 1970): at night a time that is not after closing
    is one of the next day.
    """
    hours = _hours_of(clock, day) if clock.is_nightly else None
    is_next_day = hours is not None and is_night(*hours) and at <= hours[1]
    return local_minute(clock.time_zone, day + is_next_day, at)


def closings_on(clock: WorkClock, day: int) -> tuple[float, ...]:
    """When hours end on a day (days since 1970), as POSIX instants: those of the night before it, then its own."""
    found = []
    for begun in (day - 1, day) if clock.is_nightly else (day,):
        hours = _hours_of(clock, begun)
        if hours is not None and begun + is_night(*hours) == day:
            found.append(local_instant(clock.time_zone, day, hours[1]))
    return tuple(found)


def _hours_of(clock: WorkClock, day: int) -> tuple[time, time] | None:
    special = _special(clock, day)
    if special is not None:
        return special.opens, special.closes
    if not is_working_day(clock.weekdays, clock.holidays, day):
        return None
    return clock.hours[(day + 3) % 7] if clock.hours else (clock.opens, clock.closes)


def _closing(clock: WorkClock, day: int, hours: tuple[time, time]) -> int:
    return local_minute(clock.time_zone, day + is_night(*hours), hours[1])


def _special(clock: WorkClock, day: int) -> SpecialDay | None:
    if not clock.special:
        return None
    at = day_date(day)
    found = bisect_left(clock.special, at, key=lambda special: special.day)
    return clock.special[found] if found < len(clock.special) and clock.special[found].day == at else None


def is_working_day(weekdays: frozenset[int], holidays: frozenset[date], day: int) -> bool:
    """Whether a day (days since 1970) is one of the weekdays and no holiday; 1970 began with a Thursday.

    >>> is_working_day(frozenset({3}), frozenset(), 0), is_working_day(frozenset({3}), frozenset({date(1970, 1, 1)}), 0)
    (True, False)
    """
    return (day + 3) % 7 in weekdays and not is_among(holidays, day)


def is_among(days: frozenset[date], day: int) -> bool:
    """Whether a day (days since 1970) is one of these."""
    return bool(days) and day_date(day) in days


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


def hours_by(clock: WorkClock, at: datetime) -> tuple[time, time] | None:
    """From when until when a node is open on the local day of an instant, in its own time; None: it is closed."""
    return _hours_of(clock, day_number(at.astimezone(ZoneInfo(clock.time_zone)).date()))


def _whole_minute(at: time) -> time:
    return at.replace(second=0, microsecond=0, tzinfo=None)
