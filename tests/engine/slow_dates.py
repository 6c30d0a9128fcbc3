"""Dates found by looking at the clock on the wall minute by minute, and at the calendar day by day; written apart from
the engine.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from troth.model.network import Calendar, CarrierPickup, Node, RateCard

DAY_MINUTES = 24 * 60
MINUTES_MAX = 16 * DAY_MINUTES
DAYS_MAX = 60
CLOSING = "closing"
_EPOCH = datetime.combine(date(1970, 1, 1), time())
_QUARTER = 15


@cache
def ahead(zone: str, quarter: int) -> int:
    """By how many minutes the wall is ahead of UTC in a quarter of an hour, within which no zone changes its clocks."""
    return int(datetime.fromtimestamp(quarter * _QUARTER * 60, ZoneInfo(zone)).utcoffset() // timedelta(minutes=1))  # type: ignore[operator]


def wall(zone: str, minute: int) -> datetime:
    """What a clock on the wall shows."""
    return _EPOCH + timedelta(minutes=minute + ahead(zone, minute // _QUARTER))


def day_of(zone: str, minute: int) -> date:
    """What the calendar beside it shows."""
    return date.fromordinal(_EPOCH.toordinal() + (minute + ahead(zone, minute // _QUARTER)) // DAY_MINUTES)


@cache
def first_minute(zone: str, day: date, at: time) -> int:
    """The first minute in which the clock, on that day, shows the time or a later one."""
    minute = int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("UTC")).timestamp()) // 60 - 16 * 60
    while wall(zone, minute) < datetime.combine(day, at):
        minute += 1
    return minute


def hours(calendar: Calendar, day: date) -> tuple[time, time] | None:
    """From when and until when it works in the hours that begin on a day."""
    for special in calendar.special_days:
        if special.day == day:
            return special.opens, special.closes
    if day.weekday() not in calendar.weekdays or day in calendar.holidays:
        return None
    return next(
        ((row.opens, row.closes) for row in reversed(calendar.hours) if day.weekday() in row.weekdays),
        (calendar.opens, calendar.closes),
    )


def works(node: Node, day: date) -> bool:
    return hours(node.calendar, day) is not None


def moment(calendar: Calendar, zone: str, day: date, at: time) -> int:
    """The minute of a time in the hours of a day: of a night's, the early ones are on the next morning."""
    times = hours(calendar, day)
    if times is not None and times[1] <= times[0] and at <= times[1]:
        day += timedelta(days=1)
    return first_minute(zone, day, at)


@cache
def span(calendar: Calendar, zone: str, day: date) -> range:
    """The minutes of the hours that begin on a day, without those that are the night's before it."""
    times = hours(calendar, day)
    if times is None:
        return range(0)
    minutes = range(first_minute(zone, day, times[0]), moment(calendar, zone, day, times[1]))
    before = day - timedelta(days=1)
    night = hours(calendar, before)
    if night is None or night[0] < night[1]:
        return minutes
    return minutes[max(0, moment(calendar, zone, before, night[1]) - minutes.start) :]


def cut_off(node: Node, day: date, service: str) -> int:
    """The minute at which it is too late for the hours of a day."""
    at = node.cut_off
    for named in ("", service):
        for row in node.cut_offs:
            if row.service == named and day.weekday() in row.weekdays:
                at = row.at
    for special in node.calendar.special_days:
        if special.day == day and special.cut_off is not None:
            at = special.cut_off
    return moment(node.calendar, node.time_zone, day, at)


def work(node: Node, begin: int, minutes: int, admits: Callable[[date], bool] = lambda _: True) -> int | None:
    """The minute behind the last one that is worked, from the first open minute on, on days that admit it."""

    @cache
    def minutes_of(day: date) -> range:
        return span(node.calendar, node.time_zone, day) if admits(day) else range(0)

    def is_open(minute: int) -> bool:
        today = day_of(node.time_zone, minute)
        return minute in minutes_of(today) or minute in minutes_of(today - timedelta(days=1))

    minute = begin
    while not is_open(minute):
        minute += 1
        if minute > begin + MINUTES_MAX:
            return None
    while minutes > 0:
        minutes -= is_open(minute)
        minute += 1
        if minute > begin + MINUTES_MAX:
            return None
    return minute


def done(node: Node, ordered: int, service: str = "standard") -> int | None:
    """When the work of an order is done."""
    begin: int | None = ordered + node.feed_minutes
    if node.acceptance_minutes:
        begin = work(node, ordered + node.feed_minutes, node.acceptance_minutes)
    if begin is None:
        return None
    start = begin
    return work(node, start, round(node.processing_hours * 60), lambda day: start < cut_off(node, day, service))


def days_from(day: date) -> Iterator[date]:
    return (day + timedelta(days=number) for number in range(DAYS_MAX))


def pickups_on(node: Node, card: RateCard, day: date) -> list[int]:
    """When the carrier comes on a day: as the rows say that fit best, or else at closing time. That is while the node
    has hours that begin on this day, or is still there from the day before.
    """
    before = day - timedelta(days=1)
    at = pickup_at(node, card, day)
    if at == CLOSING:
        nights = [hours(node.calendar, begun) for begun in (before, day)]
        return [
            first_minute(node.time_zone, day, times[1])
            for begun, times in zip((before, day), nights, strict=True)
            if times is not None and (times[1] <= times[0]) == (begun == before)
        ]
    if not isinstance(at, time):
        return []
    leaves = first_minute(node.time_zone, day, at)
    night = span(node.calendar, node.time_zone, before)
    is_night_before = bool(night) and leaves <= night[-1] + 1
    return [leaves] if works(node, day) or is_night_before else []


def pickup_at(node: Node, card: RateCard, day: date) -> time | str | None:
    """The time at which the carrier comes on a weekday, as the rows say."""

    def fits(row: CarrierPickup) -> int:
        if row.carrier not in ("", card.carrier) or row.service not in ("", card.service):
            return 0
        return 1 + (row.carrier != "") + 2 * (row.service != "")

    best = max((fits(row) for row in node.pickups), default=0)
    if best == 0:
        return CLOSING
    return max((row.at for row in node.pickups if fits(row) == best and day.weekday() in row.weekdays), default=None)


def trip(
    node: Node,
    card: RateCard,
    ready: int,
    zone: str,
    *,
    holidays: frozenset[date] = frozenset(),
    local: tuple[frozenset[date], frozenset[date]] = (frozenset(), frozenset()),
    not_before: float | None = None,
) -> tuple[int, int, int] | None:
    """The minutes by which it leaves and between which it arrives; in the destination's zone, or the node's. `local`
    are the public holidays here and there.
    """
    here_off, there_off = local if "local" in card.public_holidays else (frozenset(), frozenset())
    transit = card.transit_days[0]
    delivers = card.delivery_weekdays or card.weekdays
    there = zone or node.time_zone
    for out in days_from(wall(node.time_zone, ready).date()):
        if out.weekday() not in card.weekdays or out in (*card.holidays, *here_off):
            continue
        leaves = next((at for at in pickups_on(node, card, out) if at >= ready), None)
        if leaves is None:
            continue
        for day in days_from(out):
            between = [out + timedelta(days=number) for number in range(1, (day - out).days)]
            moved = sum(at.weekday() in card.weekdays and at not in (*card.holidays, *there_off) for at in between)
            until = first_minute(there, day, card.window_closes)
            if (
                moved >= transit - 1
                and day >= out + timedelta(days=min(transit, 1))
                and day.weekday() in delivers
                and day not in card.holidays
                and day not in holidays | there_off
                and until > (ready if transit == 0 else leaves)
            ):
                break
        else:
            return None
        if not_before is None or until * 60 > not_before:
            opens = first_minute(there, day, card.window_opens)
            return min(leaves, until), max(opens, leaves) if transit else opens, until
    return None
