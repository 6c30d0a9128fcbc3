"""Units of measure and weight, in the codes of both standards.

*Source:* X12 elements 355 and 188; UN/ECE Recommendation 20, which element 6411 of EDIFACT has.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from troth.adapters.edi.segments import Syntax
from troth.model.item import Item
from troth.model.measure import PIECE

_X12: Final = {
    PIECE: "EA", "m": "MR", "cm": "CM", "ft": "FT", "in": "IN", "yd": "YD", "kg": "KG", "g": "GR", "lb": "LB",
    "oz": "OZ", "l": "LT", "ml": "ML", "gal": "GA", "m2": "SM", "ft2": "SF",
}  # fmt: skip
_EDIFACT: Final = {
    PIECE: "PCE", "m": "MTR", "cm": "CMT", "ft": "FOT", "in": "INH", "yd": "YRD", "kg": "KGM", "g": "GRM", "lb": "LBR",
    "oz": "ONZ", "l": "LTR", "ml": "MLT", "gal": "GLL", "m2": "MTK", "ft2": "FTK",
}  # fmt: skip
WRITTEN: Final[Mapping[Syntax, Mapping[str, str]]] = {Syntax.X12: _X12, Syntax.EDIFACT: _EDIFACT}
"""How the unit of an item is written."""

PIECES: Final = frozenset({"EA", "PC", "UN", "PCE", "C62", "H87", "NMB"})
"""All that says: by the piece."""
MUTUAL: Final = "ZZ"
"""A unit for which there is no code: what was agreed."""
_DOZENS: Final = frozenset({"DZ", "DZN"})
_SAME: Final = {code: unit for codes in WRITTEN.values() for unit, code in codes.items()}

_KG: Final = {
    "KG": "1", "KGM": "1", "K": "1", "GR": "0.001", "GRM": "0.001", "G": "0.001", "LB": "0.45359237",
    "LBR": "0.45359237", "L": "0.45359237", "OZ": "0.028349523125", "ONZ": "0.028349523125", "O": "0.028349523125",
    "TNE": "1000", "E": "1000", "MP": "1000",
}  # fmt: skip
_PIECES_MAX: Final = 9
"""So many digits has the number of pieces in a package at most."""
_GRAM: Final = Decimal("0.001")


def write_number(quantity: int | float | Decimal) -> str:
    """A quantity in digits.

    >>> write_number(3), write_number(1.25), write_number(2.0)
    ('3', '1.25', '2')
    """
    text = f"{Decimal(str(quantity)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def write_unit(unit: str, syntax: Syntax) -> str:
    """The code of an item's unit.

    >>> write_unit("each", Syntax.X12), write_unit("m", Syntax.EDIFACT), write_unit("barrel", Syntax.X12)
    ('EA', 'MTR', 'ZZ')
    """
    return WRITTEN[syntax].get(unit, MUTUAL)


def read_quantity(
    said: Decimal, code: str, item: Item | None, packs: Mapping[str, str], inner: int | None
) -> Decimal | None:
    """So many of an item, in its own unit; None where it is not known how many that is.

    `packs` says which attribute of the item has how many pieces are in one of a unit; `inner` is how many there are as
    the transaction itself says.

    >>> read_quantity(Decimal(2), "CA", Item("A", attributes={"case_units": "12"}), {"CA": "case_units"}, None)
    Decimal('24')
    >>> read_quantity(Decimal(2), "CA", None, {}, None) is None
    True
    """
    unit = PIECE if item is None else item.unit
    if unit == PIECE:
        if not code or code in PIECES:
            return said
        if code in _DOZENS:
            return said * 12
        told = item.attributes.get(packs[code], "") if item is not None and code in packs else ""
        each = int(told) if told.isdecimal() and len(told) <= _PIECES_MAX else inner
        return None if not each or code in _SAME else said * each
    return said if _SAME.get(code, unit if code == MUTUAL else "") == unit else None


def read_kg(said: Decimal, code: str) -> Decimal | None:
    """A weight in kilograms, to the gram; None where its unit is not known.

    >>> read_kg(Decimal("2.5"), "LB"), read_kg(Decimal(1200), "GRM"), read_kg(Decimal(1), "CF")
    (Decimal('1.134'), Decimal('1.200'), None)
    """
    factor = _KG.get(code.strip().upper())
    return None if factor is None else (said * Decimal(factor)).quantize(_GRAM)
