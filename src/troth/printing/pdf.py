"""A PDF page by page: texts in any script, rules, bars and squares, at places in millimeters."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

import segno

from troth.printing.elements import DOTS_PER_MM, Bars, Element, Qr, Rule, Text
from troth.printing.fonts import Fonts

_BASE: Final = "base"
_POINTS_PER_MM: Final = 72 / 25.4
_LETTER: Final = 0.75
"""How much of a line's height its letters' size is."""
_NARROWEST: Final = 70.0
_RULE_MM: Final = 0.3
LETTER_MM: Final = (215.9, 279.4)
A4_MM: Final = (210.0, 297.0)
_LETTER_COUNTRIES: Final = frozenset({"US", "CA", "MX", "PR", "PH", "CL", "CO", "GT", "CR", "PA", "DO", "SV", "VE"})


def paper_of(country: str) -> tuple[float, float]:
    """The size (mm) of the paper that lies in the printers of a country."""
    return LETTER_MM if country in _LETTER_COUNTRIES else A4_MM


class Sheet:
    """A document that is written from top to bottom. The same content, made at the same instant, is the same bytes."""

    def __init__(self, size_mm: tuple[float, float], fonts: Fonts, texts: Iterable[str], *, title: str, at: datetime):
        from fpdf import FPDF  # it takes half a second, which who prints nothing should not wait for

        self.width, self.height = size_mm
        self._pdf = FPDF(unit="mm", format=size_mm)
        self._pdf.set_auto_page_break(False)
        self._pdf.set_margin(0)
        self._pdf.c_margin = 0
        self._pdf.set_title(title)
        self._pdf.set_creation_date(at)
        self._pdf.add_font(_BASE, "", fonts.paths[0])
        others = [self._add(number, path) for number, path in enumerate(fonts.needed(texts))]
        if others:
            self._pdf.set_fallback_fonts(others, exact_match=False)
        self._pdf.set_text_shaping(True)
        self.new_page()

    def new_page(self) -> None:
        """Begin another page."""
        self._pdf.add_page()
        self._pdf.set_font(_BASE, size=10)

    @property
    def pages(self) -> int:
        """How many pages it has."""
        return self._pdf.pages_count

    def draw(self, element: Element) -> None:
        """Put something where it belongs."""
        match element:
            case Text():
                self._text(element)
            case Rule():
                self._pdf.rect(element.x, element.y, element.width, _RULE_MM, style="F")
            case Bars():
                self._bars(element)
            case Qr():
                self._qr(element)

    def content(self) -> bytes:
        """The document."""
        return bytes(self._pdf.output())

    def _add(self, number: int, path: Path) -> str:
        self._pdf.add_font(f"more{number}", "", path)
        return f"more{number}"

    def _text(self, one: Text) -> None:
        if not one.text:
            return
        self._pdf.set_font(_BASE, size=one.size * _LETTER * _POINTS_PER_MM)
        wide = self._pdf.get_string_width(one.text)
        stretching = max(_NARROWEST, min(100.0, 100.0 * one.width / wide)) if wide else 100.0
        if wide * stretching / 100 > one.width:
            smaller = one.size * _LETTER * _POINTS_PER_MM * one.width / (wide * stretching / 100)
            self._pdf.set_font(_BASE, size=smaller)
        self._pdf.set_stretching(stretching)
        self._pdf.set_xy(one.x, one.y)
        self._pdf.cell(w=one.width, h=one.size, text=one.text, align="C" if one.is_centered else "L")
        self._pdf.set_stretching(100.0)

    def _bars(self, one: Bars) -> None:
        module, x = one.dots / DOTS_PER_MM, one.left
        for place, width in enumerate(one.widths):
            if place % 2 == 0:
                self._pdf.rect(x, one.y, width * module, one.height, style="F")
            x += width * module

    def _qr(self, one: Qr) -> None:
        rows = [bytes(row) for row in segno.make_qr(one.text, error="m").matrix_iter(border=0)]
        module = one.side / len(rows)
        for y, row in enumerate(rows):
            for x, is_dark in enumerate(row):
                if is_dark:
                    self._pdf.rect(one.x + x * module, one.y + y * module, module, module, style="F")
