"""Rows of a feed of stock: whole lines out of a stream of bytes, and each line as a row or as what is wrong with it.

A row is one line: a line end within a quoted cell ends the row. So the stream can be cut anywhere, and what is whole is
known from the line ends alone.
"""

import csv
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple, TypeVar

import msgspec

from troth.model.ids import NodeId, Sku
from troth.model.measure import DECIMALS_MAX
from troth.model.value import dataclass

A = TypeVar("A", int, Decimal)

FeedFormat = Literal["csv", "jsonl"]
FeedMode = Literal["positions", "deltas"]

Amount = int | Decimal
"""How much of an item a row says: a whole number as such, so that most need no arithmetic."""

FIELDS: Final = (
    "sku",
    "node",
    "on_hand",
    "delta",
    "as_of",
    "reason",
    "expected_at",
    "quantity",
    "number",
    "line",
    "lot",
    "expires_on",
    "place",
)
"""What a row may say. `expected_at` and `quantity` are of supply still to come, by `number` and `line` of its order.

`lot` and its last good day are of what is on hand, and `place` is the shelf where it lies.
"""

_UNITS_MAX: Final = 1_000_000_000
_LINE_BYTES_MAX: Final = 10_000
_ID_MAX: Final = 64
_DIGITS_MAX: Final = 10
_TEXT_MAX: Final = {"sku": _ID_MAX, "node": _ID_MAX, "reason": 120, "number": 64, "lot": _ID_MAX, "place": 40}
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,12}")
_DECIMAL: Final = re.compile(r"[+-]?[0-9]{1,12}\.[0-9]{1,12}")
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class FeedForm:
    """How rows are written. `columns` says which column bears a field where it has another name, `constants` are the
    same for all rows.
    """

    format: FeedFormat = "csv"
    delimiter: str = ","
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)


class FeedRow(NamedTuple):
    """A row: how much is on hand (or to add) where it says so, and how much is still to come where it says that; in the
    measure of its item as it was read, and in units once the item is known. `expires_on` is the last good day of its
    lot.

    A tuple, as it is made by the million.
    """

    line: int
    sku: Sku
    node: NodeId
    units: Amount | None
    as_of: datetime | None = None
    reason: str = ""
    expected_at: datetime | None = None
    quantity: Amount = 0
    number: str = ""
    order_line: int | None = None
    lot: str = ""
    expires_on: date | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class RowFlaw:
    """Why a row is refused: its line in the feed, the column to blame (or none), the reason, and the row as it came."""

    line: int
    column: str
    reason: str
    text: str = ""


class FeedUnreadable(Exception):
    """The feed cannot be read at all; the message says why."""


class FeedCut(Exception):
    """The stream ends before the feed does; the message says why."""


async def read_lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    """The lines of a stream, some at a time, with their line ends; only the last one of all may lack it."""
    rest = b""
    async for chunk in chunks:
        lines = _split(rest + chunk)
        rest = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
        if len(rest) > _LINE_BYTES_MAX:
            raise FeedUnreadable(f"has a line of more than {_LINE_BYTES_MAX:,} bytes")
        if lines:
            yield lines
    if rest:
        yield [rest]


class RowReader:
    """Makes rows of lines. Of CSV the first line names the columns."""

    def __init__(self, form: FeedForm, mode: FeedMode) -> None:
        self._form = form
        self._units = "on_hand" if mode == "positions" else "delta"
        self._names = {name: form.columns.get(name, name) for name in FIELDS}
        self._places: dict[str, int] | None = None
        self._width = 0
        self._plain: tuple[int, int, int] | None = None

    @property
    def needs_header(self) -> bool:
        """Whether the next line is the header."""
        return self._form.format == "csv" and self._places is None

    def read_header(self, line: bytes) -> None:
        """Learn the columns; raises FeedUnreadable where some are missing or named twice."""
        try:
            cells = [cell.strip() for cell in self._cells(line.removeprefix(_BOM).decode())]
        except (UnicodeDecodeError, csv.Error) as error:
            raise FeedUnreadable(f"has no first line that names its columns: {error}") from error
        twice = sorted({cell for cell in cells if cells.count(cell) > 1})
        if twice:
            raise FeedUnreadable(f"has two columns of one name: {', '.join(twice)}")
        places = {name: cells.index(column) for name, column in self._names.items() if column in cells}
        given = places.keys() | self._form.constants.keys()
        dated = {"expected_at", "quantity"} <= given
        missing = [name for name in ("sku", "node") if name not in given]
        missing += [] if self._units in given or dated else [self._units]
        missing += [name for name in self._form.columns if name not in places]
        if missing:
            columns = ", ".join(dict.fromkeys(self._names[name] for name in missing))
            raise FeedUnreadable(f"has no column {columns}; it has {', '.join(cells)}")
        self._places, self._width = places, len(cells)
        if places.keys() == {"sku", "node", self._units} and not self._form.constants:
            self._plain = (places["sku"], places["node"], places[self._units])

    def read(self, number: int, line: bytes) -> FeedRow | RowFlaw | None:
        """A line as a row, or what is wrong with it; None where it is blank."""
        if not line.strip():
            return None
        try:
            text = line.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            return RowFlaw(number, "", "is not UTF-8", line.decode("utf-8", "backslashreplace").rstrip("\r\n"))
        if self._plain is not None:
            row = self._plain_row(number, text)
            if row is not None:
                return row
        try:
            return self._row(number, self._fields(text))
        except _Flawed as flawed:
            return RowFlaw(number, self._names.get(flawed.name, flawed.name), flawed.reason, text)
        except (csv.Error, msgspec.DecodeError) as error:
            return RowFlaw(number, "", f"cannot be read: {error}", text)

    def _plain_row(self, number: int, text: str) -> FeedRow | None:
        """A row of three plain cells, as nearly all are; None where anything about it must be looked at closely."""
        cells = text.split(self._form.delimiter)
        if len(cells) != self._width or '"' in text or not text.isprintable():
            return None
        sku, node, units = (cells[place].strip() for place in self._plain or ())
        is_plain = units.isdecimal() and units.isascii() and len(units) < _DIGITS_MAX
        if not is_plain or not 0 < len(sku) <= _ID_MAX or not 0 < len(node) <= _ID_MAX:
            return None
        return FeedRow(number, Sku(sku), NodeId(node), int(units))

    def _fields(self, text: str) -> Mapping[str, Any]:
        if self._form.format == "jsonl":
            given = msgspec.json.decode(text)
            if not isinstance(given, dict):
                raise _Flawed("", "is not a JSON object")
            named = {name: given[column] for name, column in self._names.items() if given.get(column) is not None}
            return {**self._form.constants, **named}
        cells = self._cells(text)
        if len(cells) != self._width:
            raise _Flawed("", f"has {len(cells)} cells where the header has {self._width}")
        named = {name: cells[place].strip() for name, place in (self._places or {}).items()}
        return {**self._form.constants, **named} if self._form.constants else named

    def _cells(self, text: str) -> list[str]:
        if '"' not in text:
            return text.rstrip("\r\n").split(self._form.delimiter)
        return next(csv.reader([text], delimiter=self._form.delimiter, strict=True))

    def _row(self, number: int, fields: Mapping[str, Any]) -> FeedRow:
        sku, node = _text(fields, "sku"), _text(fields, "node")
        if not sku or not node:
            raise _Flawed("node" if sku else "sku", "is empty")
        units = _amount(fields, self._units, least=0 if self._units == "on_hand" else -_UNITS_MAX)
        row = FeedRow(number, Sku(sku), NodeId(node), units)
        return self._more(row, fields)

    def _more(self, row: FeedRow, fields: Mapping[str, Any]) -> FeedRow:
        expected_at = _instant(fields, "expected_at")
        quantity = _amount(fields, "quantity", least=0)
        if row.units is None and expected_at is None and quantity is None:
            raise _Flawed(self._units, "is empty")
        if (expected_at is None) is not (quantity is None):
            raise _Flawed(
                "quantity" if quantity is None else "expected_at", "is empty where the other of the two is not"
            )
        line = _whole(fields, "line", least=1)
        lot, expires_on = _text(fields, "lot"), _day(fields, "expires_on")
        if "/" in lot:
            raise _Flawed("lot", "must not contain a slash")
        if expires_on is not None and not lot:
            raise _Flawed("expires_on", "is of a lot, and the row names none")
        if lot and row.units is None:
            raise _Flawed("lot", "is of what is on hand, and the row says nothing of that")
        return FeedRow(
            row.line,
            row.sku,
            row.node,
            row.units,
            _instant(fields, "as_of"),
            _text(fields, "reason"),
            expected_at,
            quantity or 0,
            _text(fields, "number"),
            line,
            lot,
            expires_on,
            _text(fields, "place"),
        )


class _Flawed(Exception):
    """A field of a row that cannot be used."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name, self.reason = name, reason


def _split(data: bytes) -> list[bytes]:
    """Lines by line feeds alone, with them."""
    lines = data.split(b"\n")
    last = lines.pop()
    whole = [line + b"\n" for line in lines]
    return [*whole, last] if last else whole


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Flawed(name, "must be text")
    if len(value) > _TEXT_MAX[name]:
        raise _Flawed(name, f"is longer than {_TEXT_MAX[name]} characters")
    if not value.isprintable():
        raise _Flawed(name, "has control characters")
    return value


def _amount(fields: Mapping[str, Any], name: str, *, least: int) -> Amount | None:
    """How much of an item; with at most the decimals that any item may have."""
    value = fields.get(name)
    if isinstance(value, float):
        value = repr(value)
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        return _whole(fields, name, least=least)
    amount = Decimal(value)
    if amount != round(amount, DECIMALS_MAX):
        raise _Flawed(name, f"must have at most {DECIMALS_MAX} decimals")
    return _within(name, amount, least)


def _whole(fields: Mapping[str, Any], name: str, *, least: int) -> int | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        if not _WHOLE.fullmatch(value):
            raise _Flawed(name, f"must be a number, not {value[:40]}")
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _Flawed(name, "must be a number")
    return _within(name, value, least)


def _within(name: str, amount: A, least: int) -> A:
    if not least <= amount <= _UNITS_MAX:
        raise _Flawed(name, f"must be from {least} to {_UNITS_MAX}")
    return amount


def _day(fields: Mapping[str, Any], name: str) -> date | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    try:
        day = date.fromisoformat(value)
    except (TypeError, ValueError):
        raise _Flawed(name, "must be a day such as 2027-03-31") from None
    if not 2000 <= day.year < 2100:
        raise _Flawed(name, "must be a day from 2000 to 2099")
    return day


def _instant(fields: Mapping[str, Any], name: str) -> datetime | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _Flawed(name, "must be a time such as 2026-11-23T09:00:00+01:00") from None
    if at.tzinfo is None:
        raise _Flawed(name, "needs an offset from UTC, such as 2026-11-23T09:00:00+01:00")
    if not 2000 <= at.year < 2100:
        raise _Flawed(name, "must be a time from 2000 to 2099")
    return at
