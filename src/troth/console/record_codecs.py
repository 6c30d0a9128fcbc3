"""How a value of a record's body stands in a form as text, and which value a typed text is.

Nothing is judged here: what cannot be read stays the text that it is, so that the check of the body refuses it by name.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from troth.model.value import dataclass

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SPAN_MAX: Final = 1000
MARK: Final = ";"
"""What parts the columns of a row."""


@dataclass(frozen=True, slots=True)
class Codec:
    """`read` makes the value of a typed text that is not empty, `tell` the text of a value that is there."""

    read: Callable[[str], Any]
    tell: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list's rows: the member of each entry that it holds."""

    name: str
    codec: Codec


def _number(text: str) -> object:
    """A number where the text is one.

    >>> [_number(text) for text in ("12", "-1.5", "1e999", "a few")]
    [12, -1.5, '1e999', 'a few']
    """
    try:
        return int(text)
    except ValueError:
        pass
    try:
        found = float(text)
    except ValueError:
        return text
    return found if math.isfinite(found) else text


def _number_text(value: object) -> str:
    """
    >>> _number_text(2.0), _number_text(0.82)
    ('2', '0.82')
    """
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _words(text: str) -> list[str]:
    """
    >>> _words("standard,  next day")
    ['standard', 'next day']
    """
    return [word.strip() for word in text.split(",") if word.strip()]


def _words_text(value: Sequence[Any]) -> str:
    return ", ".join(map(str, value))


def _days(text: str) -> list[str]:
    """Weekdays by their first three letters or more, one by one or from one to another.

    >>> _days("mon-wed, Saturday")
    ['monday', 'tuesday', 'wednesday', 'saturday']
    >>> _days("fri-mon someday")
    ['friday', 'saturday', 'sunday', 'monday', 'someday']
    """
    found: list[str] = []
    for word in text.replace(",", " ").split():
        first, mark, last = word.partition("-")
        begin, end = _day(first), _day(last)
        if not mark or begin is None or end is None:
            found.append(word if begin is None or mark else WEEKDAYS[begin])
            continue
        span = (end - begin) % len(WEEKDAYS)
        found += [WEEKDAYS[(begin + step) % len(WEEKDAYS)] for step in range(span + 1)]
    return found


def _day(word: str) -> int | None:
    name = word.lower()
    return next((number for number, day in enumerate(WEEKDAYS) if len(name) > 2 and day.startswith(name)), None)


def _days_text(value: Sequence[str]) -> str:
    """
    >>> _days_text(["monday", "tuesday", "wednesday", "saturday"])
    'mon-wed sat'
    """
    numbers = sorted({WEEKDAYS.index(day) for day in value})
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return " ".join("-".join(WEEKDAYS[day][:3] for day in dict.fromkeys((run[0], run[-1]))) for run in runs)


def _sizes(text: str) -> object:
    """
    >>> _sizes("34 x 21 × 12.5")
    [34, 21, 12.5]
    """
    return [_number(part.strip()) for part in text.replace("×", "x").split("x")]


def _sizes_text(value: Mapping[str, Any] | Sequence[Any]) -> str:
    sides = [value[side] for side in ("length", "width", "height")] if isinstance(value, Mapping) else list(value)
    return " x ".join(map(_number_text, sides)) if any(sides) else ""


def _pairs(text: str) -> dict[str, str]:
    """Names and values, a row each.

    >>> _pairs("color = black")
    {'color': 'black'}
    """
    rows = (row.partition("=") for row in text.splitlines() if row.strip())
    return {name.strip(): value.strip() for name, _mark, value in rows}


def _pairs_text(value: Mapping[str, str]) -> str:
    return "\n".join(f"{name} = {one}" for name, one in value.items())


def _numbers(text: str) -> list[object]:
    """Numbers one by one or from one to another.

    >>> _numbers("1-3, 7 a")
    [1, 2, 3, 7, 'a']
    """
    found: list[object] = []
    for word in text.replace(",", " ").split():
        first, mark, last = word.partition("-")
        is_span = bool(mark) and first.isdecimal() and last.isdecimal() and 0 <= int(last) - int(first) < _SPAN_MAX
        found += list(range(int(first), int(last) + 1)) if is_span else [_number(word)]
    return found


def _numbers_text(value: Sequence[Any]) -> str:
    """
    >>> _numbers_text([1, 2, 3, 7])
    '1-3 7'
    """
    runs: list[list[int]] = []
    for number in sorted(value):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return " ".join("-".join(map(str, dict.fromkeys((run[0], run[-1])))) for run in runs)


TEXT: Final = Codec(str, str)
NUMBER: Final = Codec(_number, _number_text)
WORDS: Final = Codec(_words, _words_text)
DAYS: Final = Codec(_days, _days_text)
SIZES: Final = Codec(_sizes, _sizes_text)
NUMBERS: Final = Codec(_numbers, _numbers_text)
PAIRS: Final = Codec(_pairs, _pairs_text)


def money(currency: str) -> Codec:
    """An amount, in this currency where it names no other.

    >>> money("USD").read("19.90"), money("USD").read("5 EUR")
    ({'amount': '19.90', 'currency': 'USD'}, {'amount': '5', 'currency': 'EUR'})
    """

    def read(text: str) -> dict[str, str]:
        amount, _mark, named = text.partition(" ")
        return {"amount": amount, "currency": named.strip() or currency}

    return Codec(read, lambda value: f"{value['amount']} {value['currency']}")


def rows(*columns: Column, mark: str = MARK) -> Codec:
    """A list with an entry on each row, its members in these columns; empty ones are left out.

    >>> spans = rows(Column("weekdays", DAYS), Column("opens", TEXT))
    >>> spans.read("sat; 10:00")
    [{'weekdays': ['saturday'], 'opens': '10:00'}]
    """

    def read(text: str) -> list[dict[str, Any]]:
        return [_entry(row, columns, mark) for row in text.splitlines() if row.strip()]

    def tell(value: Sequence[Mapping[str, Any]]) -> str:
        return "\n".join(_row(entry, columns, mark) for entry in value)

    return Codec(read, tell)


def listed(*columns: Column) -> Codec:
    """The same in one row: entries apart by commas, their columns by spaces.

    >>> listed(Column("begins", TEXT), Column("capacity", NUMBER)).read("06:00 40, 14:00 60")
    [{'begins': '06:00', 'capacity': 40}, {'begins': '14:00', 'capacity': 60}]
    """

    def read(text: str) -> list[dict[str, Any]]:
        return [_entry(part, columns, " ") for part in _words(text)]

    def tell(value: Sequence[Mapping[str, Any]]) -> str:
        return ", ".join(_row(entry, columns, " ") for entry in value)

    return Codec(read, tell)


def _entry(row: str, columns: Sequence[Column], mark: str) -> dict[str, Any]:
    """The entry of a row; what stands behind its last column is a member of no name, which no body takes."""
    parts = [part.strip() for part in row.strip().split(mark)]
    found = {column.name: column.codec.read(part) for column, part in zip(columns, parts, strict=False) if part}
    more = mark.join(parts[len(columns) :]).strip()
    return found | ({more: None} if more else {})


def _row(entry: Mapping[str, Any], columns: Sequence[Column], mark: str) -> str:
    texts = []
    for column in columns:
        value = entry.get(column.name)
        texts.append("" if value is None or value in ([], "") else column.codec.tell(value))
    while len(texts) > 1 and not texts[-1]:
        texts.pop()
    return f"{mark} ".join(texts) if mark != " " else " ".join(texts)
