"""When a customer may be told something: not in the quiet hours of where they are."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from troth.model.notification import Medium
from troth.model.notification_rules import QuietHours


def next_allowed(at: datetime, zone: str, quiet: Iterable[QuietHours], medium: Medium) -> datetime:
    """The first instant from `at` on that lies in no quiet hours of a medium, where it is as late as in `zone`.

    Hours that end as late as they begin are none. Where clocks are set forward over an end, quiet ends with the hour
    that is left out.

    >>> at = datetime(2026, 11, 24, 3, 30, tzinfo=ZoneInfo("UTC"))  # half past ten in the evening
    >>> night = QuietHours(time(21), time(8))
    >>> next_allowed(at, "America/New_York", (night,), Medium.SMS).isoformat()
    '2026-11-24T08:00:00-05:00'
    >>> next_allowed(at, "America/New_York", (night,), Medium.EMAIL) == at
    True
    """
    spans = [one for one in quiet if medium in one.by and one.begins != one.ends]
    found = at.astimezone(ZoneInfo(zone))
    for _ in range(len(spans) + 1):  # the end of one may lie in another
        inside = [span for span in spans if _is_within(found.timetz().replace(tzinfo=None), span)]
        if not inside:
            return found
        found = max(_end_of(found, span) for span in inside)
    return found


def _is_within(now: time, span: QuietHours) -> bool:
    if span.begins < span.ends:
        return span.begins <= now < span.ends
    return now >= span.begins or now < span.ends


def _end_of(at: datetime, span: QuietHours) -> datetime:
    """The end of the quiet hours in which a local time lies: today, or tomorrow where they go over midnight."""
    is_next_day = span.begins > span.ends and at.timetz().replace(tzinfo=None) >= span.begins
    day = at.date() + timedelta(days=is_next_day)
    local = datetime.combine(day, span.ends, tzinfo=at.tzinfo)
    # A wall time that clocks leave out is read with the offset before, which puts it after the gap.
    return local.astimezone(ZoneInfo("UTC")).astimezone(at.tzinfo)
