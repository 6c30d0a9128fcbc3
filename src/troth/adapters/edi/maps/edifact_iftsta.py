"""IFTSTA, what a carrier says of consignments and of the packages in them (EDIFACT D.96A and D.01B)."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from troth.adapters.edi.flaws import Fault
from troth.adapters.edi.maps.loops import Loop, pick, split_loops
from troth.adapters.edi.maps.marks import Marks, bare_sscc, read_marks
from troth.adapters.edi.maps.reading import Reading
from troth.adapters.edi.maps.references import read_reference, read_signer, spread
from troth.adapters.edi.maps.times import SaidTime
from troth.adapters.edi.segments import Segment
from troth.adapters.tracking.told import make_checkpoint, make_proof
from troth.flows.memory.trackers import Reference, ToldCheckpoint
from troth.model.barcodes import is_sscc
from troth.model.tracking import TrackStatus

TABLE: Final = "iftsta"
_SSCCS: Final = frozenset({"AW", "BJ", "sscc"})
_CARRIERS: Final = frozenset({"ML", "AX", "BN", "mark"})
_OF_CARRIER: Final = frozenset({"AAM", "AAS", "AWB", "BM", "CN", "CRN", "CW", "HWB", "MWB"})
"""Qualifiers (element 1153) of numbers under which a carrier has a consignment."""
_OF_SHIPPER: Final = frozenset({"AAJ", "AAO", "CO", "CR", "CU", "DQ", "ON", "SI", "SRN", "UC", "UO", "VN"})
"""Qualifiers of numbers that we gave, of an order or of its work."""
_WHEN: Final = ("334", "7", "178", "35", "11", "200")
"""Element 2005: when the status began to be."""
_EXPECTED: Final = ("17", "191", "132")


def read_iftsta(reading: Reading) -> Iterator[ToldCheckpoint]:
    """The checkpoints that an IFTSTA is, in the order in which they are said."""
    head, loops = split_loops(reading.segments, "CNI")
    common = _references(head)
    for loop in loops:
        own, statuses = split_loops(loop, "STS")
        number = read_reference(loop[0].get(2), is_carriers=True)
        for one in statuses:
            yield from _status(reading, one, [*_references(one), number, *_references(own), *common])


def _status(reading: Reading, loop: Loop, shared: list[Reference | None]) -> Iterator[ToldCheckpoint]:
    sts = loop[0]
    code, reason = sts.get(2), sts.get(3)
    if not code:
        reading.flaw(sts, 2, Fault.ELEMENT_MISSING, "says no status")
        return
    when, expected = _time(reading, loop, _WHEN), _time(reading, loop, _EXPECTED)
    made = make_checkpoint("", code, reading.instant(when), _place(loop), table=TABLE)
    made = replace(made, estimated_delivery_at=None if expected is None else expected.middle)
    if reason:
        made = replace(made, told=f"{code} {reason}")
    signer = read_signer(_texts(loop))
    if signer and made.status == TrackStatus.DELIVERED:
        made = replace(made, proof=make_proof(signer))
    found = tuple(spread(made, _parcels(loop), shared))
    if not found:
        reading.flaw(sts, 0, Fault.VALUE_NOT_KNOWN, "names neither a parcel nor an order")
    yield from found


def _time(reading: Reading, loop: Loop, qualifiers: tuple[str, ...]) -> SaidTime | None:
    for qualifier in qualifiers:
        for one in pick(loop, "DTM", qualifier):
            return reading.edifact_time(one)
    return None


def _references(segments: Loop) -> list[Reference | None]:
    found: list[Reference | None] = []
    for one in pick(segments, "RFF"):
        if one.get(1) in _OF_CARRIER:
            found.append(read_reference(one.get(1, 2), is_carriers=True))
        elif one.get(1) in _OF_SHIPPER:
            found.append(read_reference(one.get(1, 2), is_carriers=False))
    return found


def _parcels(loop: Loop) -> tuple[Marks, ...]:
    """The packages that a status is of: those that a GIN names, or that are marked as a PCI says. The marks of a GID
    are of the same ones.
    """
    own, goods = split_loops(loop, "GID")
    return tuple(mark for part in (own, *goods) for mark in _marked(part))


def _marked(segments: Loop) -> tuple[Marks, ...]:
    said: list[tuple[str, str]] = []
    for pci in split_loops(segments, "PCI")[1]:
        numbers = [(one.get(1), one.get(place)) for one in pick(pci, "GIN") for place in range(2, 7) if one.get(place)]
        marks = [pci[0].get(2, place) for place in range(1, 11) if pci[0].get(2, place)]
        said += numbers or [("sscc" if is_sscc(bare_sscc(mark)) else "mark", mark) for mark in marks]
    return read_marks(said, ssccs=_SSCCS, carriers=_CARRIERS)


def _place(loop: Loop) -> str:
    loc = next(iter(pick(loop, "LOC")), Segment("LOC"))
    return loc.get(2, 4) or loc.get(2, 1)


def _texts(loop: Loop) -> Iterator[str]:
    for one in pick(loop, "FTX"):
        yield " ".join(part for place in range(1, 6) if (part := one.get(4, place)))
