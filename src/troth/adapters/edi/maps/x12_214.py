"""214, what a carrier says of shipments and of the parcels in them (X12 004010 and 005010)."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from troth.adapters.edi.flaws import Fault
from troth.adapters.edi.maps.loops import Loop, pick, split_loops
from troth.adapters.edi.maps.marks import Marks, read_marks
from troth.adapters.edi.maps.reading import Reading
from troth.adapters.edi.maps.references import read_reference, read_signer, spread
from troth.adapters.edi.segments import Segment
from troth.adapters.tracking.codes import ESTIMATES
from troth.adapters.tracking.told import make_checkpoint, make_proof
from troth.flows.memory.trackers import Reference, ToldCheckpoint
from troth.model.tracking import TrackStatus

TABLE: Final = "x12_214"
_SSCCS: Final = frozenset({"AA", "AI", "GM"})
_CARRIERS: Final = frozenset({"CP"})
_PACKAGES: Final = (*sorted(_SSCCS | _CARRIERS), "CA", "MC", "R", "SM", "SS", "W")
_PARCEL: Final = ("2I",)
_OF_CARRIER: Final = frozenset({"2I", "AW", "BL", "BM", "CN", "FI", "MB", "OB", "PK", "WY"})
"""Qualifiers (element 128) of numbers under which a carrier has a shipment."""
_OF_SHIPPER: Final = ("CO", "CR", "DO", "IL", "OQ", "PO", "SI", "VN", "ZZ")
"""Qualifiers of numbers that we gave, of an order or of its work."""
_NORMAL: Final = frozenset({"", "NS"})
"""Element 1651: nothing has happened beside the status."""


def read_214(reading: Reading) -> Iterator[ToldCheckpoint]:
    """The checkpoints that a 214 is, in the order in which they are said."""
    head, loops = split_loops(reading.segments, "LX")
    b10 = reading.first("B10")
    common = [read_reference(b10.get(1), is_carriers=True), *_references(head)]
    common += [read_reference(b10.get(2), is_carriers=True), read_reference(b10.get(6), is_carriers=True)]
    for loop in loops or (head,):
        yield from _shipment(reading, loop, common, _parcels(head))


def _shipment(
    reading: Reading, loop: Loop, common: list[Reference | None], above: tuple[Marks, ...]
) -> Iterator[ToldCheckpoint]:
    """What is said of a shipment (LX), and of single parcels of it (CD3)."""
    own, parts = split_loops(loop, "CD3")
    orders = [read_reference(one.get(1), is_carriers=False) for one in pick(loop, "PRF")]
    shared = [*_references(own), *orders, *common]
    within = tuple(mark for part in parts if not pick(part, "AT7") for mark in _parcels(part))
    yield from _statuses(reading, own, (*_parcels(own), *within) or above, shared)
    for part in parts:
        yield from _statuses(reading, part, _parcels(part), [*_references(part), *shared])


def _statuses(
    reading: Reading, segments: Loop, parcels: tuple[Marks, ...], shared: list[Reference | None]
) -> Iterator[ToldCheckpoint]:
    signer = _signer(segments)
    for loop in split_loops(segments, "AT7")[1]:
        at7 = loop[0]
        code, reason = at7.get(1) or at7.get(3), at7.get(2) if at7.get(1) else at7.get(4)
        if not code:
            reading.flaw(at7, 1, Fault.ELEMENT_MISSING, "says no status")
            continue
        said = reading.x12_time(at7, 5, 6, 7)
        is_estimate = code in ESTIMATES[TABLE]
        at = said.middle if said is not None and is_estimate else reading.instant(said)
        made = make_checkpoint("", code, at, _place(loop), table=TABLE)
        if reason not in _NORMAL:
            made = replace(made, told=f"{code} {reason}")
        if signer and made.status == TrackStatus.DELIVERED:
            made = replace(made, proof=make_proof(signer))
        found = tuple(spread(made, parcels, shared))
        if not found:
            reading.flaw(at7, 0, Fault.VALUE_NOT_KNOWN, "names neither a parcel nor an order")
        yield from found


def _references(segments: Loop) -> list[Reference | None]:
    """The numbers that L11 segments say, of a carrier and of ours."""
    found: list[Reference | None] = []
    for one in pick(segments, "L11"):
        if one.get(2) in _OF_CARRIER:
            found.append(read_reference(one.get(1), is_carriers=True))
        elif one.get(2) in _OF_SHIPPER:
            found.append(read_reference(one.get(1), is_carriers=False))
    return found


def _parcels(segments: Loop) -> tuple[Marks, ...]:
    pairs = [(one.get(first), one.get(first + 1)) for one in pick(segments, "MAN") for first in (1, 4)]
    said = [(qualifier, number) for qualifier, number in pairs if qualifier in _PACKAGES and number]
    said += [("CP", one.get(1)) for one in pick(segments, "L11") if one.get(2) in _PARCEL and one.get(1)]
    return read_marks(said, ssccs=_SSCCS, carriers=_CARRIERS)


def _place(loop: Loop) -> str:
    ms1 = next(iter(pick(loop, "MS1")), Segment("MS1"))
    return ", ".join(part for part in (ms1.get(1), ms1.get(2), ms1.get(3)) if part)


def _signer(segments: Loop) -> str:
    """Who took the goods: somebody who is named, or a remark that says so."""
    for one in pick(segments, "NM1"):
        name = " ".join(part for part in (one.get(4), one.get(3)) if part)
        if name:
            return name
    return read_signer(" ".join(filter(None, (one.get(1), one.get(2)))) for one in pick(segments, "K1"))
