"""Dates found by looking at the clock on the wall minute by minute, and at the calendar day by day; written apart from
the engine.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from troth.model.network import CarrierPickup, Node, RateCard

DAY_MINUTES = 24 * 60
MINUTES_MAX = 16 * DAY_MINUTES
DAYS_MAX = 60


def wall(zone: str, minute: int) -> datetime:
    """What a clock on the wall shows."""
    return datetime.fromtimestamp(minute * 60, ZoneInfo(zone)).replace(tzinfo=None)


@cache
def first_minute(zone: str, day: date, at: time) -> int:
    """The first minute in which the clock, on that day, shows the time or a later one."""
    minute = int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("UTC")).timestamp()) // 60 - 16 * 60
    while wall(zone, minute) < datetime.combine(day, at):
        minute += 1
    return minute


def works(node: Node, day: date) -> bool:
    return day.weekday() in node.calendar.weekdays and day not in node.calendar.holidays


def is_open(node: Node, minute: int) -> bool:
    day = wall(node.time_zone, minute).date()
    calendar = node.calendar
    return works(node, day) and (
        first_minute(node.time_zone, day, calendar.opens) <= minute < first_minute(node.time_zone, day, calendar.closes)
    )


def work(node: Node, begin: int, minutes: int) -> int | None:
    """The minute behind the last one that is worked, from the first open minute on."""
    minute = begin
    while not is_open(node, minute):
        minute += 1
        if minute > begin + MINUTES_MAX:
            return None
    while minutes > 0:
        minutes -= is_open(node, minute)
        minute += 1
        if minute > begin + MINUTES_MAX:
            return None
    return minute


def done(node: Node, ordered: int) -> int | None:
    """When the work of an order is done."""
    begin: int | None = ordered + node.feed_minutes
    if node.acceptance_minutes:
        begin = work(node, ordered + node.feed_minutes, node.acceptance_minutes)
    if begin is None:
        return None
    day = wall(node.time_zone, begin).date()
    if begin >= first_minute(node.time_zone, day, node.cut_off):
        begin = first_minute(node.time_zone, day + timedelta(days=1), time(0))
    return work(node, begin, round(node.processing_hours * 60))


def days_from(day: date) -> Iterator[date]:
    return (day + timedelta(days=number) for number in range(DAYS_MAX))


def pickup_on(node: Node, card: RateCard, day: date) -> time | None:
    """When the carrier comes on a day: as the rows say that fit best, or else at closing time."""

    def fits(row: CarrierPickup) -> int:
        if row.carrier not in ("", card.carrier) or row.service not in ("", card.service):
            return 0
        return 1 + (row.carrier != "") + 2 * (row.service != "")

    best = max((fits(row) for row in node.pickups), default=0)
    if best == 0:
        return node.calendar.closes
    return max((row.at for row in node.pickups if fits(row) == best and day.weekday() in row.weekdays), default=None)


def trip(
    node: Node,
    card: RateCard,
    ready: int,
    zone: str,
    *,
    holidays: frozenset[date] = frozenset(),
    not_before: float | None = None,
) -> tuple[int, int, int] | None:
    """The minutes by which it leaves and between which it arrives; in the destination's zone, or the node's."""
    transit = card.transit_days[0]
    delivers = card.delivery_weekdays or card.weekdays
    there = zone or node.time_zone
    for out in days_from(wall(node.time_zone, ready).date()):
        at = pickup_on(node, card, out)
        if at is None or not works(node, out) or out.weekday() not in card.weekdays or out in card.holidays:
            continue
        leaves = first_minute(node.time_zone, out, at)
        if leaves < ready:
            continue
        for day in days_from(out):
            between = [out + timedelta(days=number) for number in range(1, (day - out).days)]
            moved = sum(at.weekday() in card.weekdays and at not in card.holidays for at in between)
            until = first_minute(there, day, card.window_closes)
            if (
                moved >= transit - 1
                and day >= out + timedelta(days=min(transit, 1))
                and day.weekday() in delivers
                and day not in card.holidays
                and day not in holidays
                and until > (ready if transit == 0 else leaves)
            ):
                break
        else:
            return None
        if not_before is None or until * 60 > not_before:
            opens = first_minute(there, day, card.window_opens)
            return min(leaves, until), max(opens, leaves) if transit else opens, until
    return None
