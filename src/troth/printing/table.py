"""Tables on pages: rows under a head that stands on each page again, cells that are as wide as they may be."""

from collections.abc import Callable, Sequence
from typing import Final

from troth.model.value import dataclass
from troth.printing.elements import Rule, Text
from troth.printing.pdf import Sheet

EDGE: Final = 15.0
ROW: Final = 6.5
_LETTERS: Final = 4.2
_HEAD_LETTERS: Final = 3.4


@dataclass(frozen=True, slots=True)
class Column:
    """A column: what stands above it, and its share of the width."""

    head: str
    share: float


def draw_table(
    sheet: Sheet,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    *,
    top: float,
    begin_page: Callable[[], float],
) -> float:
    """Draw rows from `top` (mm) down; where a page is full `begin_page` begins another and says from where on. Where it
    ended.
    """
    y = _draw_head(sheet, columns, top)
    for row in rows:
        if y + ROW > sheet.height - EDGE:
            sheet.new_page()
            y = _draw_head(sheet, columns, begin_page())
        for (x, width), cell in zip(_places(sheet, columns), row, strict=True):
            sheet.draw(Text(x, y + 1, _LETTERS, width - 2, cell))
        y += ROW
        sheet.draw(Rule(EDGE, y, sheet.width - 2 * EDGE))
    return y


def _draw_head(sheet: Sheet, columns: Sequence[Column], top: float) -> float:
    for (x, width), column in zip(_places(sheet, columns), columns, strict=True):
        sheet.draw(Text(x, top + 1, _HEAD_LETTERS, width - 2, column.head))
    sheet.draw(Rule(EDGE, top + ROW, sheet.width - 2 * EDGE))
    return top + ROW


def _places(sheet: Sheet, columns: Sequence[Column]) -> list[tuple[float, float]]:
    """Where each column begins and how wide it is (mm)."""
    unit = (sheet.width - 2 * EDGE) / sum(column.share for column in columns)
    places, x = [], EDGE
    for column in columns:
        places.append((x, column.share * unit))
        x += column.share * unit
    return places
