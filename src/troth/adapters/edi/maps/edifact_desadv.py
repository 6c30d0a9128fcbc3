"""DESADV, what a warehouse or a vendor says that it despatched (EDIFACT D.96A and D.01B)."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final

from troth.adapters.edi.flaws import Fault
from troth.adapters.edi.maps.carriers import read_carrier
from troth.adapters.edi.maps.edifact_lines import is_reference, pick_references, read_line
from troth.adapters.edi.maps.loops import Loop, pick, split_loops, value_of
from troth.adapters.edi.maps.marks import Marks, read_marks
from troth.adapters.edi.maps.packed import Packed
from troth.adapters.edi.maps.reading import Reading
from troth.adapters.edi.maps.said import SaidPackage, SaidShipment
from troth.adapters.edi.segments import Segment
from troth.model.ids import FulfillmentId

_SSCCS: Final = frozenset({"BJ", "AW"})
_CARRIERS: Final = frozenset({"CN", "AAM", "AAS", "AWB", "HWB"})
_TRACKING: Final = ("CN", "AAM", "AAS", "AWB", "HWB")
_DESPATCHED: Final = ("12", "113", "1")
"""Element 6063: of a line, what left."""
_SHIPPED: Final = ("11", "200")
_GROSS: Final = ("AAB", "AAD", "G")
_NOT_SENT: Final = frozenset({"1"})


def read_desadv(reading: Reading) -> Iterator[SaidShipment]:
    """The shipments that a DESADV is, one for each order in it."""
    bgm = reading.first("BGM")
    if bgm.get(3) in _NOT_SENT:
        reading.flaw(bgm, 3, Fault.VALUE_CONTRADICTS, "takes back what was despatched: somebody has to call")
        return
    head, loops = split_loops(reading.segments, "CPS", until=("CNT",))
    times = [one for qualifier in _SHIPPED for one in pick(head, "DTM", qualifier)]
    shipped_at = reading.instant(reading.edifact_time(times[0])) if times else None
    whole = _whole(reading, head)
    lines = [of_line for loop in loops for of_line in _lines_of(loop)]
    common = None
    if not lines or not all(map(is_reference, lines)):
        common = reading.work([*((one, 1, 2) for one in pick_references(head)), (bgm, 2, 1)], bgm)
        if common is None:
            return
    packed: dict[FulfillmentId, Packed] = {}
    for loop in loops:
        _add_loop(reading, loop, common, whole, packed)
    if common is not None and not packed:
        packed[common] = Packed()
        packed[common].say_all(whole)
    for work, one in packed.items():
        packages = one.packages
        if len(packages) == 1 and len(packed) == 1:
            packages = (replace(packages[0], weight_kg=packages[0].weight_kg or whole.weight_kg),)
        yield SaidShipment(bgm, work, packages, one.outside, shipped_at)


def _add_loop(
    reading: Reading,
    loop: Loop,
    common: FulfillmentId | None,
    whole: SaidPackage,
    packed: dict[FulfillmentId, Packed],
) -> None:
    """Put the lines of a CPS into the packages that it is."""
    packages = _packages(reading, loop, whole)
    for of_line in _lines_of(loop):
        named = [(one, 1, 2) for one in pick_references(of_line)] if is_reference(of_line) else []
        work = reading.work(named, of_line[0]) if named else common
        if work is None:
            continue
        line = read_line(reading, of_line, *_DESPATCHED)
        into = packed.setdefault(work, Packed())
        if line.quantity == 0:
            into.leave_out((line,))
        else:
            into.add(_marked(reading, of_line, whole) or packages, (line,))


def _lines_of(loop: Loop) -> tuple[Loop, ...]:
    return split_loops(loop, "LIN")[1]


def _whole(reading: Reading, head: Loop) -> SaidPackage:
    """All that left, as one package: how it is carried, and what it weighs."""
    tdt = next(iter(pick(head, "TDT")), Segment("TDT"))
    carrier = tdt.get(5, 1) or tdt.get(5, 4)
    tracking = value_of(head, "RFF", *_TRACKING, component=2) or tdt.get(2)
    name = read_carrier(carrier, reading.terms) if carrier else ""
    lading = value_of(head, "RFF", "BM", component=2)
    return SaidPackage("1", (), tracking, name, "", _weight(reading, head), lading)


def _packages(reading: Reading, loop: Loop, whole: SaidPackage) -> tuple[SaidPackage, ...]:
    """The packages that a CPS is; all that left is one where it has no marks."""
    own = split_loops(loop, "LIN")[0]
    marked = _marked(reading, own, whole)
    if not marked:
        return (whole,)
    if len(marked) > 1:
        return marked
    return (replace(marked[0], weight_kg=_weight(reading, own)),)


def _marked(reading: Reading, segments: Loop, whole: SaidPackage) -> tuple[SaidPackage, ...]:
    """The packages whose marks stand in segments, behind a PCI."""
    _, marks = split_loops(segments, "PCI")
    said: list[tuple[str, str]] = []
    for loop in marks:
        for gin in pick(loop, "GIN", *_SSCCS, "ML", "AX"):
            said += [(gin.get(1), value) for place in range(2, 7) for value in _range(reading, gin, place)]
        said += [(one.get(1, 1), one.get(1, 2)) for one in pick(loop, "RFF") if one.get(1, 1) in (*_TRACKING, "CW")]
    found = read_marks([one for one in said if one[1]], ssccs=_SSCCS, carriers=_CARRIERS)
    return tuple(_package(one, whole) for one in found)


def _range(reading: Reading, gin: Segment, place: int) -> tuple[str, ...]:
    """The number that a GIN says at a place; a range of them names more packages than it says."""
    if gin.get(place, 2):
        reading.flaw(gin, place, Fault.VALUE_NOT_KNOWN, "is a range of numbers: each package has to be named")
    return (gin.get(place),)


def _package(marks: Marks, whole: SaidPackage) -> SaidPackage:
    tracking = marks.tracking_number or whole.tracking_number
    return replace(whole, package_id=marks.name, tracking_number=tracking, weight_kg=None)


def _weight(reading: Reading, segments: Loop) -> Decimal | None:
    for one in pick(segments, "MEA"):
        if one.get(2) in _GROSS or (one.get(1) == "WT" and not one.get(2)):
            return reading.kilograms(one, (3, 2), (3, 1))
    return None
