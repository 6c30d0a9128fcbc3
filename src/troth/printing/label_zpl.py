"""Shipping labels as ZPL II, for printers with 203 dots per inch. What a printer's own font has no letters for goes as
a picture, so a name in any script is printed.

*Source:* Zebra, Programming Guide for ZPL II: ^A0, ^BC, ^BQ, ^CI, ^FB, ^FH, ^FO, ^GB, ^GF.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from troth.model.label import Label
from troth.printing.elements import DOTS_PER_MM, Bars, Element, Qr, Rule, Text
from troth.printing.fonts import Fonts
from troth.printing.label_layout import HEIGHT_MM, WIDTH_MM, lay_out_label
from troth.printing.raster import Raster, rasterize

_OWN_FONT_LAST: Final = 0x24F
"""The printer's own font has Latin letters, with their accents."""
_WIDTH_OF_HEIGHT: Final = 0.8
_SPECIAL: Final = frozenset("^~_\\")
_QR_MODULES: Final = 25
_QR_MAGNIFICATION_MAX: Final = 10


def render_labels_zpl(labels: Sequence[Label], fonts: Fonts, zone: str) -> bytes:
    """Labels one after another; a reprint of one is the same bytes."""
    return "".join(_label(label, fonts, zone) for label in labels).encode("ascii")


def _label(label: Label, fonts: Fonts, zone: str) -> str:
    parts = [part for element in lay_out_label(label, zone) for part in _element(element, fonts)]
    head = f"^XA^CI28^PW{_dots(WIDTH_MM)}^LL{_dots(HEIGHT_MM)}^LH0,0"
    return "\n".join((head, *parts, "^XZ\n"))


def _element(element: Element, fonts: Fonts) -> Iterator[str]:
    at = f"^FO{_dots(element.x)},{_dots(element.y)}"
    match element:
        case Text():
            if element.text:
                yield at + _text(element, fonts)
        case Rule():
            yield f"{at}^GB{_dots(element.width)},2,2^FS"
        case Bars():
            data = f">;>8{element.text}" if element.is_gs1 else element.text
            mode = "N" if element.is_gs1 else "A"
            bars = f"^BY{element.dots}^BCN,{_dots(element.height)},N,N,N,{mode}^FD{data}^FS"
            yield f"^FO{_dots(element.left)},{_dots(element.y)}{bars}"
        case Qr():
            size = max(1, min(_QR_MAGNIFICATION_MAX, _dots(element.side) // _QR_MODULES))
            yield f"{at}^BQN,2,{size}^FH_^FDMA,{escape(element.text)}^FS"


def _text(one: Text, fonts: Fonts) -> str:
    high, wide = _dots(one.size * 0.85), _dots(one.width)
    if all(ord(letter) <= _OWN_FONT_LAST or letter == "·" for letter in one.text):
        letter = max(1, min(round(high * _WIDTH_OF_HEIGHT), wide * 9 // (5 * max(1, len(one.text)))))
        return f"^A0N,{high},{letter}^FB{wide},1,0,{'C' if one.is_centered else 'L'}^FH_^FD{escape(one.text)}^FS"
    return _picture(rasterize(one.text, fonts, height=_dots(one.size), width_max=wide))


def _picture(raster: Raster) -> str:
    size = len(raster.rows) * raster.row_bytes
    return f"^GFA,{size},{size},{raster.row_bytes},{b''.join(raster.rows).hex().upper()}^FS"


def escape(text: str) -> str:
    """A text as field data: what is no plain letter as the hexadecimal of its UTF-8, after an underscore.

    >>> escape("Müller ^1")
    'M_C3_BCller _5E1'
    """
    return "".join(
        one if " " <= one <= "~" and one not in _SPECIAL else "".join(f"_{byte:02X}" for byte in one.encode("utf-8"))
        for one in text
    )


def _dots(millimeters: float) -> int:
    return round(millimeters * DOTS_PER_MM)
