"""945, what a warehouse says that it shipped (X12 004010 and 005010)."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final

from troth.adapters.edi.maps.carriers import read_carrier, read_service
from troth.adapters.edi.maps.codes import SaidCode, is_item_code
from troth.adapters.edi.maps.loops import Loop, code_pairs, pick, split_loops, value_of
from troth.adapters.edi.maps.marks import Marks, read_marks
from troth.adapters.edi.maps.packed import Packed
from troth.adapters.edi.maps.reading import Reading
from troth.adapters.edi.maps.reasons import SHORT
from troth.adapters.edi.maps.said import SaidLine, SaidLot, SaidPackage, SaidShipment
from troth.adapters.edi.maps.times import SaidTime
from troth.adapters.edi.segments import Segment

EXCEPTIONS_ONLY: Final = "X"
"""Element 514: of lines only those are said that did not leave as they were ordered. What else it may be is not heeded:
partners mean different things by `N`, and lines that are said count.
"""
_SSCCS: Final = frozenset({"AA", "GM", "AI"})
_CARRIERS: Final = frozenset({"CP"})
_PACKAGES: Final = (*sorted(_SSCCS | _CARRIERS), "CA", "MC", "R", "SM", "SS", "W")
"""Element 88: marks of a package, and not of a line or of all that was shipped."""
_TRACKING: Final = ("2I", "CN")
_WORK: Final = ("DO", "OQ", "SI", "CO", "PO", "ZZ")


def read_945(reading: Reading) -> Iterator[SaidShipment]:
    """The shipment that a 945 is."""
    head, loops = split_loops(reading.segments, "LX", until=("W03",))
    w06 = reading.first("W06")
    work = reading.work(_named(w06, head), w06)
    if work is None:
        return
    shipped_at = reading.instant(_shipped(reading, w06, head))
    whole = _whole(reading, head)
    if not pick(reading.segments, "W12"):
        yield SaidShipment(w06, work, (whole,), (), shipped_at)
        return
    if w06.get(1) == EXCEPTIONS_ONLY:
        exceptions = tuple(line for loop in loops for line in _lines(reading, loop))
        yield SaidShipment(w06, work, (whole,), exceptions, shipped_at)
        return
    packed = Packed()
    for loop in loops:
        lines = tuple(_lines(reading, loop))
        packed.leave_out(line for line in lines if line.quantity == 0)
        packed.add(_packages(reading, loop, whole), tuple(line for line in lines if line.quantity != 0))
    packages = packed.packages
    if len(packages) == 1:
        packages = (replace(packages[0], weight_kg=packages[0].weight_kg or whole.weight_kg),)
    yield SaidShipment(w06, work, packages, packed.outside, shipped_at)


def _named(w06: Segment, head: Loop) -> Iterator[tuple[Segment, int, int]]:
    for element in (2, 6, 4):
        yield w06, element, 1
    for one in pick(head, "N9", *_WORK):
        yield one, 2, 1


def _shipped(reading: Reading, w06: Segment, head: Loop) -> SaidTime | None:
    for one in pick(head, "G62", "11"):
        return reading.x12_time(one, 2, 4, 5)
    return reading.x12_time(w06, 3, 0)


def _whole(reading: Reading, head: Loop) -> SaidPackage:
    """All that left, as one package: how it is carried, and what it weighs."""
    w27, w03 = reading.first("W27"), reading.first("W03")
    tracking = value_of(head, "N9", *_TRACKING)
    weight = reading.kilograms(w03, (2, 1), (3, 1))
    terms = reading.terms
    carrier, service = w27.get(2), w27.get(3)
    name = read_carrier(carrier, terms) if carrier else ""
    lading = value_of(head, "N9", "BM", "MB")
    return SaidPackage("1", None, tracking, name, read_service(service, terms), weight, lading)


def _packages(reading: Reading, loop: Loop, whole: SaidPackage) -> tuple[SaidPackage, ...]:
    """The packages that an LX loop is of; all that left is one where it has no marks."""
    head, lines = split_loops(loop, "W12")
    pairs = [(one.get(first), one.get(first + 1)) for one in pick(head, "MAN") for first in (1, 4)]
    said = [(qualifier, number) for qualifier, number in pairs if qualifier in _PACKAGES and number]
    said += [("CP", one.get(2)) for one in pick(head, "N9", *_TRACKING) if one.get(2)]
    marks = read_marks(said, ssccs=_SSCCS, carriers=_CARRIERS)
    weight = _weight(reading, head, lines) if len(marks) == 1 else None
    return tuple(
        replace(
            whole,
            package_id=one.name,
            tracking_number=one.tracking_number or whole.tracking_number,
            weight_kg=weight,
        )
        for one in marks or (Marks(own=whole.package_id),)
    )


def _weight(reading: Reading, head: Loop, lines: tuple[Loop, ...]) -> Decimal | None:
    """What a package weighs: as its PAL says, else what its lines do together, where each says it."""
    for pal in pick(head, "PAL"):
        for place in (11, 5):
            if found := reading.kilograms(pal, (place, 1), (place + 1, 1)):
                return found
    weights = [_gross(reading, line[0]) for line in lines]
    known = [weight for weight in weights if weight is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(weights) else None


def _gross(reading: Reading, w12: Segment) -> Decimal | None:
    for place in (10, 13):
        if w12.get(place + 1) == "G":
            return reading.kilograms(w12, (place, 1), (place + 2, 1))
    return None


def _lines(reading: Reading, loop: Loop) -> Iterator[SaidLine]:
    for of_line in split_loops(loop, "W12")[1]:
        w12 = of_line[0]
        shipped, ordered, less = (reading.number(w12, place) for place in (3, 2, 4))
        if shipped is None and ordered is not None:
            shipped = ordered - (less or 0)
        reason = SHORT.get(w12.get(1), "")
        codes = [*code_pairs(w12, 7, 8), *code_pairs(w12, 17, 18), *code_pairs(w12, 21, 22)]
        codes += [("UA", w12.get(place)) for place in (6, 16) if w12.get(place)]
        lots = [lot for lot in (w12.get(9), *(one.get(2) for one in pick(of_line, "N9", "LT"))) if lot]
        lots += [value for qualifier, value in codes if qualifier in ("LT", "NB")]
        yield SaidLine(
            w12,
            shipped,
            w12.get(5),
            reference=value_of(of_line, "N9", "LI", "PL"),
            codes=tuple(code for code in (SaidCode(*pair) for pair in codes) if is_item_code(code)),
            lots=tuple(SaidLot(lot) for lot in dict.fromkeys(lots)),
            serials=tuple(dict.fromkeys(one.get(2) for one in pick(of_line, "N9", "SE", "SN") if one.get(2))),
            reason=reason,
        )
