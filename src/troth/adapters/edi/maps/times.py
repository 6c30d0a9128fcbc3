"""Times as transactions have them: a date, maybe a time of day, and maybe where its clock hangs."""

import re
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from troth.model.value import dataclass

_ZONES: Final = {
    "AT": "America/Anchorage", "CT": "America/Chicago", "ET": "America/New_York", "HT": "Pacific/Honolulu",
    "MT": "America/Denver", "NT": "America/St_Johns", "PT": "America/Los_Angeles", "TT": "America/Halifax",
}  # fmt: skip
_HOURS: Final = {
    "AD": -8.0, "AS": -9.0, "CD": -5.0, "CS": -6.0, "ED": -4.0, "ES": -5.0, "GM": 0.0, "HD": -9.0, "HS": -10.0,
    "MD": -6.0, "MS": -7.0, "ND": -2.5, "NS": -3.5, "PD": -7.0, "PS": -8.0, "TD": -3.0, "TS": -4.0, "UT": 0.0,
    "UTC": 0.0, "GMT": 0.0, "Z": 0.0, "CET": 1.0, "MEZ": 1.0, "CST": -6.0, "CDT": -5.0, "EST": -5.0, "EDT": -4.0,
    "MST": -7.0, "MDT": -6.0, "PST": -8.0, "PDT": -7.0,
    **{f"{hours:02}": float(hours) for hours in range(1, 13)},
    **{f"{hours:02}": float(hours - 25) for hours in range(13, 25)},
}  # fmt: skip
"""The offsets of element 623 of X12 (01 to 12 are east of Greenwich, 13 to 24 west), and of the zones that EDIFACT's
formats 303 and 304 have behind the time.
"""
_LOCAL: Final = ("", "LT")
_X12_DATES: Final = {6: "%y%m%d", 8: "%Y%m%d"}
_X12_TIMES: Final = {4: "%H%M", 6: "%H%M%S"}
_EDIFACT: Final = {
    "101": "%y%m%d", "102": "%Y%m%d", "201": "%y%m%d%H%M", "203": "%Y%m%d%H%M", "204": "%Y%m%d%H%M%S",
    "303": "%Y%m%d%H%M", "304": "%Y%m%d%H%M%S",
}  # fmt: skip
"""Element 2379: how a date or a time is written."""
_DAYS: Final = frozenset({"101", "102"})
_YEARS: Final = range(1970, 2100)
_OFFSET: Final = re.compile(r"[+-]\d{2}:?(?:\d{2})?")


@dataclass(frozen=True, slots=True)
class SaidTime:
    """A time as it was said; of a day of which no time is said, its beginning."""

    at: datetime
    has_time: bool = True

    def instant(self, now: datetime | None) -> datetime | None:
        """When it was, said `now`: of a day before this one without a time its noon, which is nearest to all of it; of
        this one None, which counts as now.
        """
        if self.has_time:
            return self.at
        if now is None or now.astimezone(self.at.tzinfo).date() <= self.at.date():
            return None
        return self.middle

    @property
    def middle(self) -> datetime:
        """When it is; of a day without a time its noon."""
        return self.at if self.has_time else self.at.replace(hour=12)


def read_x12_time(date: str, time: str, code: str, zone: str) -> SaidTime | None:
    """What a date (373), a time (337) and a time code (623) say, by the clock of a zone where they do not say by which;
    None where they say nothing that there is.

    >>> read_x12_time("20261123", "0930", "ET", "UTC").at.isoformat()
    '2026-11-23T09:30:00-05:00'
    >>> read_x12_time("20261123", "0930", "", "America/Chicago").at.isoformat()
    '2026-11-23T09:30:00-06:00'
    >>> read_x12_time("20261123", "2561", "ET", "UTC") is None
    True
    """
    clock = _clock(code, zone)
    day = _parsed(date, _X12_DATES.get(len(date), ""))
    if clock is None or day is None:
        return None
    if not time:
        return SaidTime(day.replace(tzinfo=clock), has_time=False)
    whole = time[:6]  # tenths and hundredths of a second are left out
    of_day = _parsed(whole, _X12_TIMES.get(len(whole), ""))
    if of_day is None or not time[6:].isascii() or (time[6:] and not time[6:].isdecimal()):
        return None
    return SaidTime(datetime.combine(day.date(), of_day.time(), clock))


def read_edifact_time(text: str, form: str, zone: str) -> SaidTime | None:
    """What a DTM says in one of the forms of element 2379; without one as long as it is.

    >>> read_edifact_time("202611230930", "203", "Europe/Berlin").at.isoformat()
    '2026-11-23T09:30:00+01:00'
    >>> read_edifact_time("202611230930EST", "303", "UTC").at.isoformat()
    '2026-11-23T09:30:00-05:00'
    >>> read_edifact_time("20261123", "102", "UTC").has_time
    False
    """
    known = form or {6: "101", 8: "102", 10: "201", 12: "203", 14: "204"}.get(len(text), "")
    length = {"303": 12, "304": 14}.get(known, len(text))
    at, clock = _parsed(text[:length], _EDIFACT.get(known, "")), _clock(text[length:], zone)
    return None if at is None or clock is None else SaidTime(at.replace(tzinfo=clock), known not in _DAYS)


def write_x12_time(at: datetime, zone: str) -> tuple[str, str]:
    """A date and a time of day, by the clock of a zone.

    >>> write_x12_time(datetime.fromisoformat("2026-11-23T15:00Z"), "America/New_York")
    ('20261123', '1000')
    """
    local = at.astimezone(ZoneInfo(zone))
    return local.strftime("%Y%m%d"), local.strftime("%H%M")


def write_edifact_time(at: datetime, zone: str) -> tuple[str, str]:
    """A date with a time of day, by the clock of a zone, and its form.

    >>> write_edifact_time(datetime.fromisoformat("2026-11-23T15:00Z"), "Europe/Berlin")
    ('202611231600', '203')
    """
    return at.astimezone(ZoneInfo(zone)).strftime("%Y%m%d%H%M"), "203"


def _clock(code: str, zone: str) -> tzinfo | None:
    name = code.strip().upper()
    if name in _LOCAL:
        return ZoneInfo(zone)
    if name in _ZONES:
        return ZoneInfo(_ZONES[name])
    if name in _HOURS:
        return timezone(timedelta(hours=_HOURS[name]))
    if _OFFSET.fullmatch(name):
        hours, minutes = int(name[1:3]), int(name[3:].lstrip(":") or 0)
        away = timedelta(hours=hours, minutes=minutes)
        return timezone(-away if name[0] == "-" else away) if away < timedelta(days=1) else None
    return None


def _parsed(text: str, form: str) -> datetime | None:
    if not form or not (text.isascii() and text.isdecimal()):
        return None
    try:
        found = datetime.strptime(text, form)  # noqa: DTZ007 - the zone is said apart from it
    except ValueError:
        return None
    return found if found.year in _YEARS or "%Y" not in form.replace("%y", "%Y") else None
