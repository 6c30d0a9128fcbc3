"""Lines of EDIFACT messages that partners send: which item, how many, from which lots."""

from typing import Final

from troth.adapters.edi.maps.codes import SaidCode, is_item_code
from troth.adapters.edi.maps.loops import Loop, pick, value_of
from troth.adapters.edi.maps.numbers import read_work_number
from troth.adapters.edi.maps.reading import Reading
from troth.adapters.edi.maps.reasons import SHORT
from troth.adapters.edi.maps.said import SaidLine, SaidLot
from troth.adapters.edi.segments import Segment

READ_WORK: Final = ("ON", "AAJ", "ACW", "DQ", "VN", "CO", "CR", "SRN", "UO", "AAN", "CU", "SI")
"""Qualifiers of references that may name an order of ours."""
_LOT_CODES: Final = ("NB",)
_SERIAL: Final = "SN"


def is_reference(segments: Loop) -> bool:
    """Whether any reference among segments names an order of ours."""
    return any(read_work_number(one.get(1, 2)) is not None for one in pick_references(segments))


def pick_references(segments: Loop) -> tuple[Segment, ...]:
    """The references that may name an order."""
    return tuple(one for one in pick(segments, "RFF") if one.get(1, 1) in READ_WORK)


def read_line(reading: Reading, loop: Loop, *quantities: str) -> SaidLine:
    """A line, with the quantity that stands behind the first of the qualifiers (element 6063) that it has."""
    lin = loop[0]
    found = [one for qualifier in quantities for one in pick(loop, "QTY") if one.get(1, 1) == qualifier]
    qty = found[0] if found else lin
    codes = [(lin.get(3, 2), lin.get(3, 1))]
    for pia in pick(loop, "PIA", "1", "5"):
        codes += [(pia.get(place, 2), pia.get(place, 1)) for place in range(2, 7)]
    lots = [value for qualifier, value in codes if qualifier in _LOT_CODES and value]
    lots += [one.get(1, 2) for one in pick(loop, "RFF") if one.get(1, 1) == "BT" and one.get(1, 2)]
    lots += _identities(loop, "BX")
    serials = [value for qualifier, value in codes if qualifier == _SERIAL and value]
    serials += [one.get(1, 2) for one in pick(loop, "RFF") if one.get(1, 1) == "SE" and one.get(1, 2)]
    serials += _identities(loop, "BN")
    packed = next((one for one in pick(loop, "QTY", "52", "59")), Segment("QTY"))
    return SaidLine(
        qty,
        reading.number(qty, 1, 2) if found else None,
        qty.get(1, 3) if found else "",
        reference=_line_of(loop),
        number=lin.get(1),
        codes=tuple(one for one in (SaidCode(*pair) for pair in codes) if is_item_code(one)),
        inner=reading.pieces(packed, 1, 2),
        lots=tuple(SaidLot(lot) for lot in dict.fromkeys(lots)),
        serials=tuple(dict.fromkeys(serials)),
        reason=_reason(loop),
    )


def _line_of(loop: Loop) -> str:
    """Our number of a line: said as such, or behind that of its order."""
    said = value_of(_components(loop, "LI"), "RFF", "LI", component=2)
    return said or next((one.get(1, 3) for one in pick_references(loop) if one.get(1, 3)), "")


def _components(loop: Loop, qualifier: str) -> tuple[Segment, ...]:
    return tuple(one for one in pick(loop, "RFF") if one.get(1, 1) == qualifier)


def _identities(loop: Loop, qualifier: str) -> list[str]:
    found = pick(loop, "GIN", qualifier)
    return [value for one in found for place in range(2, 7) if (value := one.get(place))]


def _reason(loop: Loop) -> str:
    """Why units are not there: the code of a QVR, else its text."""
    for one in pick(loop, "QVR"):
        reason = SHORT.get(one.get(2), "") or one.get(3, 4) or SHORT.get(one.get(3, 1), "")
        if reason:
            return reason
    return ""
