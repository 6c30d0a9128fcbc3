"""A content of plain JSON laid out to be read: fields, tables of like objects, and lists."""

from collections.abc import Mapping
from typing import Final

from troth.console.views_editor import json_text
from troth.model.value import dataclass

ROWS_MAX: Final = 200
"""A table shows so many rows; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Laid:
    """A value as it is shown: a `text`, or `fields` by name, or a table (`columns`, `rows`), or `items` one by one.

    `hidden` counts the rows or items that are not shown.
    """

    text: str = ""
    fields: tuple[tuple[str, "Laid"], ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    items: tuple["Laid", ...] = ()
    hidden: int = 0


def lay_out(value: object) -> Laid:
    """How a value is shown.

    >>> lay_out({"zone_miles": [50, 150]}).fields
    (('zone_miles', Laid(text='50, 150', fields=(), columns=(), rows=(), items=(), hidden=0)),)
    >>> lay_out([{"node": "DC-1", "zone": 2}, {"zone": 3}]).rows
    (('DC-1', '2'), ('', '3'))
    """
    if isinstance(value, Mapping):
        return Laid(fields=tuple((str(name), lay_out(one)) for name, one in value.items()))
    if not isinstance(value, list):
        return Laid(_text(value))
    shown, hidden = value[:ROWS_MAX], max(0, len(value) - ROWS_MAX)
    if all(_is_plain(one) for one in value):
        return Laid(", ".join(map(_text, shown)) or "none", hidden=hidden)
    if all(isinstance(one, Mapping) and all(map(_is_cell, one.values())) for one in value):
        columns = tuple(dict.fromkeys(name for one in shown for name in one))
        rows = tuple(tuple(_cell(one[name]) if name in one else "" for name in columns) for one in shown)
        return Laid(columns=columns, rows=rows, hidden=hidden)
    if all(isinstance(one, list) and all(map(_is_plain, one)) for one in value):
        width = max(map(len, shown))
        rows = tuple(tuple(map(_text, one)) + ("",) * (width - len(one)) for one in shown)
        return Laid(columns=tuple(str(number) for number in range(width)), rows=rows, hidden=hidden)
    return Laid(items=tuple(map(lay_out, shown)), hidden=hidden)


def _is_plain(value: object) -> bool:
    return not isinstance(value, Mapping | list)


def _is_cell(value: object) -> bool:
    return _is_plain(value) or (isinstance(value, list) and all(map(_is_plain, value)))


def _cell(value: object) -> str:
    return ", ".join(map(_text, value)) if isinstance(value, list) else _text(value)


def _text(value: object) -> str:
    """A plain value as it is shown.

    >>> _text(150.0), _text(True), _text(None), _text("DC-1")
    ('150', 'yes', '—', 'DC-1')
    """
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.12g}" if isinstance(value, float) else json_text(value)
