"""Timestamps and durations of CEL: reading them from text, and the parts of a timestamp in a time zone."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from troth.engine.rules.code import Code, combine
from troth.engine.rules.ground import Ground
from troth.engine.rules.values import Coded, Kind, Value, both, map_text

PARTS: Final[dict[str, Callable[[datetime], int]]] = {
    "getFullYear": lambda at: at.year,
    "getMonth": lambda at: at.month - 1,
    "getDate": lambda at: at.day,
    "getDayOfMonth": lambda at: at.day - 1,
    "getDayOfYear": lambda at: at.timetuple().tm_yday - 1,
    "getDayOfWeek": lambda at: at.isoweekday() % 7,
    "getHours": lambda at: at.hour,
    "getMinutes": lambda at: at.minute,
    "getSeconds": lambda at: at.second,
}
"""Parts of a timestamp, counted as CEL does: months and days of the month from 0, but `getDate` from 1, Sunday is 0."""

_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION: Final = re.compile(r"[+-]?(?:\d{1,9}(?:\.\d{1,9})?(?:h|ms|m|s))+")
_PIECE: Final = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
_STAMP: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[Zz]|[+-]\d\d:\d\d)")


def read_timestamp(word: str) -> float | None:
    """The POSIX seconds of a text in the form of RFC 3339; None where it is none.

    >>> read_timestamp("2026-11-27T00:00:00Z"), read_timestamp("2026-11-26T19:00:00-05:00"), read_timestamp("today")
    (1795737600.0, 1795737600.0, None)
    """
    if not _STAMP.fullmatch(word):
        return None
    try:
        return datetime.fromisoformat(word.upper()).timestamp()
    except (ValueError, OverflowError):
        return None


def read_duration(word: str) -> float | None:
    """The seconds of a text such as `1h30m`; None where it is none.

    >>> read_duration("1h30m"), read_duration("-1.5s"), read_duration("1 day")
    (5400.0, -1.5, None)
    """
    if not _DURATION.fullmatch(word):
        return None
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PIECE.findall(word))
    return -seconds if word.startswith("-") else seconds


READERS: Final[dict[str, tuple[Kind, Callable[[str], float | None]]]] = {
    "timestamp": (Kind.TIMESTAMP, read_timestamp),
    "duration": (Kind.DURATION, read_duration),
}


def reading(name: str, argument: Code) -> Code:
    """Code that makes a timestamp or a duration of a text; unknown where the text is none."""
    kind, read = READERS[name]
    if argument.kind is kind:
        return argument
    inner = argument.run

    def run(ground: Ground) -> Value:
        value = inner(ground)
        seconds = map_text(value, lambda word: read(word) or 0.0)
        is_there = map_text(value, lambda word: read(word) is not None, np.bool_)
        return Value(seconds, both(value.known, is_there))

    return combine(kind, run, argument)


def part_of(name: str, moment: Code, zone: Code | None) -> Code:
    """Code that takes a part of a timestamp, in UTC or in a time zone; unknown where there is no such zone."""
    read, first = PARTS[name], moment.run
    second = None if zone is None else zone.run

    def run(ground: Ground) -> Value:
        at, where = first(ground), Value("UTC") if second is None else second(ground)
        known = both(at.known, where.known)
        if not isinstance(at.data, np.ndarray) and not isinstance(where.data, Coded):
            part = _part(read, float(at.data), where.data)
            return Value(part or 0, both(known, part is not None))
        words = where.data.words if isinstance(where.data, Coded) else (where.data,)
        codes = where.data.codes if isinstance(where.data, Coded) else np.zeros((), dtype=np.intp)
        times, places = np.unique(np.asarray(at.data, dtype=np.float64), return_inverse=True)
        places = places.reshape(np.shape(at.data))
        parts = [[_part(read, time, word) for time in times.tolist()] for word in words]
        numbers = np.array([[part or 0 for part in row] for row in parts], dtype=np.float64)
        is_there = np.array([[part is not None for part in row] for row in parts], dtype=np.bool_)
        return Value(numbers[codes, places], both(known, is_there[codes, places]))

    return combine(Kind.INT, run, moment, *(() if zone is None else (zone,)))


def is_zone(name: str) -> bool:
    """Whether there is a time zone of this name."""
    return _zone(name) is not None


def _part(read: Callable[[datetime], int], seconds: float, name: str) -> int | None:
    zone = _zone(name)
    try:
        return None if zone is None else read(datetime.fromtimestamp(seconds, UTC).astimezone(zone))
    except (ValueError, OverflowError, OSError):
        return None


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
