"""X12: interchanges out of bytes and into them."""

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import Final

from troth.adapters.edi.characters import decode, without_control_characters
from troth.adapters.edi.delimiters import X12_USUAL, Delimiters, without_clash
from troth.adapters.edi.elements import Elements, texts_of
from troth.adapters.edi.envelope import SEGMENTS_MAX, UNKNOWN_AT, X12_TAGS, Assembly
from troth.adapters.edi.flaws import EnvelopeFlaw, Fault, ReadInterchange, ReadInterchanges
from troth.adapters.edi.line_ends import placed_in, without_line_ends
from troth.adapters.edi.segments import Group, Interchange, Party, Segment, Syntax, Transaction
from troth.adapters.edi.unwritable import Unwritable

_ISA: Final = re.compile(r"ISA[^A-Za-z0-9 \r\n]")
_PADDING: Final = " \t\r\n\x00\x1aï»¿"
_ISA_ELEMENTS: Final = 16
_ISA_LENGTH_MAX: Final = 300
_VERSION_LENGTH: Final = 6
_CONVENTION_FROM: Final = "00501"
_REPEATS_FROM: Final = "00402"


def read_interchanges(content: bytes) -> ReadInterchanges:
    """All interchanges of a file with what is wrong with how they are written; nothing is held against the directory.

    Taken as it comes: line ends and blanks behind segments, lines broken at a fixed length, a header that is not filled
    up to its length, and zeros before control numbers. A segment that is no UTF-8 is Latin-1.
    """
    whole = text = content.decode("latin-1")
    found: list[ReadInterchange] = []
    early: list[EnvelopeFlaw] = []
    flaws: list[EnvelopeFlaw] = []
    place, room = 0, SEGMENTS_MAX
    while begin := _ISA.search(text, place):
        if text[place : begin.start()].strip(_PADDING):
            flaws.append(EnvelopeFlaw(place, "is no interchange"))
        place = begin.start()
        header = _Header.read(text, place)
        if header is None:
            flaws.append(EnvelopeFlaw(place, "is no whole ISA: its sixteen elements and what ends it are not there"))
            place = begin.end()
            continue
        if not found and header.delimiters.segment not in "\r\n":
            text, place = without_line_ends(whole), len(without_line_ends(whole[:place]))
            header = _Header.read(text, place) or header
            early, flaws = flaws, []
        reading = _Reading(text, header, room)
        found.append(reading.read())
        place, room = reading.place, reading.assembly.room
    if text[place:].strip(_PADDING):
        flaws.append(EnvelopeFlaw(place, "is no interchange"))
    return ReadInterchanges(tuple(found), (*early, *placed_in(flaws, text, whole)))


class _Header:
    """An ISA: its elements as they stand there, the delimiters that it names, and where it ends."""

    def __init__(self, elements: list[str], delimiters: Delimiters, end: int) -> None:
        self.elements = elements
        self.delimiters = delimiters
        self.end = end

    @classmethod
    def read(cls, text: str, place: int) -> "_Header | None":
        """The ISA at a place; None where it is not whole. It has sixteen elements, and right after the last one, of one
        character, stands what ends segments.
        """
        separator = text[place + 3]
        parts = text[place : place + _ISA_LENGTH_MAX].split(separator, _ISA_ELEMENTS)
        if len(parts) <= _ISA_ELEMENTS or len(parts[_ISA_ELEMENTS]) < 2:
            return None
        component, end = tuple(parts[_ISA_ELEMENTS][:2])
        if len({separator, component, end}) < 3 or not all(
            one.isascii() and not one.isalnum() for one in (component, end)
        ):
            return None
        repetition = parts[11] if len(parts[11]) == 1 and not parts[11].isalnum() else ""
        if parts[12].strip() < _REPEATS_FROM or repetition in (separator, component, end, " "):
            repetition = ""
        elements = [one.strip(" ") for one in (*parts[1:_ISA_ELEMENTS], component)]
        length = sum(map(len, parts[:_ISA_ELEMENTS])) + _ISA_ELEMENTS + 2
        return cls(elements, Delimiters(separator, component, repetition, end), place + length)


class _Reading:
    """One interchange on its way out of a text."""

    def __init__(self, text: str, header: _Header, room: int) -> None:
        self.text = text
        self.header = header
        self.place = header.end
        self.by = header.delimiters
        self.assembly = Assembly(X12_TAGS, room)
        self.elements = Elements(component=self.by.component, repetition=self.by.repetition)
        self.receipts: list[Segment] = []
        self.version = ""

    def read(self) -> ReadInterchange:
        """The interchange; the next one may begin at `place`."""
        named = self.header.elements
        at = _moment(named[8], named[9])
        if at is None:
            said = f"{named[8]} {named[9]}"
            self.assembly.note(Fault.DATE_INVALID, "ISA", "is no date and time", said, element=9)
        while (raw := self._next()) is not None:
            tag, *parts = raw.split(self.by.element)
            if tag == "IEA":
                self.assembly.close(count=_nth(parts, 0), control=_nth(parts, 1), begun=named[12])
                break
            self._take(tag, parts)
        else:
            self.assembly.break_off()
        interchange = Interchange(
            Syntax.X12,
            Party(named[5], named[4]),
            Party(named[7], named[6]),
            named[12],
            at or UNKNOWN_AT,
            named[14] != "P",
            tuple(self.assembly.groups),
            named[11],
            named[13] == "1",
            tuple(self.receipts),
        )
        return ReadInterchange(interchange, tuple(self.assembly.all_flaws()))

    def _take(self, tag: str, parts: list[str]) -> None:
        """Let a segment open, fill or close what it belongs to."""
        assembly = self.assembly
        while parts and not parts[-1]:
            parts.pop()
        match tag:
            case "ST":
                convention = _nth(parts, 2)
                of = self.version or convention
                named = convention or (of if len(of) > _VERSION_LENGTH else "")
                assembly.open_transaction(Transaction(_nth(parts, 0), of[:_VERSION_LENGTH], _nth(parts, 1), (), named))
            case "SE":
                assembly.close_transaction(count=_nth(parts, 0), control=_nth(parts, 1))
            case "GS":
                self.version = _nth(parts, 7)
                code, sender, receiver, control = (_nth(parts, nth) for nth in (0, 1, 2, 5))
                assembly.open_group(Group(code, sender, receiver, control, self.version, ()))
            case "GE":
                assembly.close_group(count=_nth(parts, 0), control=_nth(parts, 1))
                self.version = ""
            case "TA1":
                self.receipts.append(Segment(tag, tuple(map(self.elements.__getitem__, parts))))
            case _:
                elements = tuple(map(self.elements.__getitem__, parts))
                assembly.add(tag, Segment(tag, elements, assembly.place()))

    def _next(self) -> str | None:
        """The text of the next segment that says something; None where no more ends, or another interchange begins."""
        raw = ""
        while not raw:
            end = self.text.find(self.by.segment, self.place)
            raw = self.text[self.place : end if end >= 0 else len(self.text)].lstrip(_PADDING)
            next_one = _next_header(self.text, self.place, end) if "ISA" in raw else -1
            if end < 0 or next_one >= 0:
                self.place = next_one if next_one >= 0 else len(self.text)
                return None
            self.place = end + 1
        return raw if raw.isascii() else decode(raw.encode("latin-1"), "UNOW")[0]


def _next_header(text: str, place: int, end: int) -> int:
    """Where another interchange begins in what should be one segment, as behind one that broke off; -1 where none does:
    a text may end in ISA, too.
    """
    for begin in _ISA.finditer(text, place, end + 1 if end >= 0 else len(text)):
        header = _Header.read(text, begin.start())
        if header is not None and len(header.elements[0]) == len(header.elements[2]) == 2:
            version, control = header.elements[11], header.elements[12]
            if len(version) == 5 and version.isdecimal() and control.isdecimal():
                return begin.start()
    return -1


def write_interchange(interchange: Interchange, delimiters: Delimiters = X12_USUAL) -> bytes:
    """The bytes of an interchange, in UTF-8. Where a text holds one of the delimiters, another stands in for it: X12
    cannot release it, and readers take their delimiters from the ISA.

    Raises `Unwritable` for what the envelope has no room for.
    """
    interchange = without_control_characters(interchange)
    segments = [one for group in interchange.groups for one in group.transactions]
    version = interchange.syntax_version or _envelope_version(interchange)
    texts = chain(
        _texts(one for transaction in segments for one in transaction.segments),
        _texts(interchange.receipts),
        (interchange.sender.identification, interchange.receiver.identification),
        chain.from_iterable((group.sender, group.receiver) for group in interchange.groups),
    )
    by = without_clash(delimiters, texts)
    repetition = by.repetition if version >= _REPEATS_FROM else ""
    rows = [_isa(interchange, version, by)]
    rows += [_row(one, by, repetition) for one in interchange.receipts]
    day, hour = interchange.at.strftime("%Y%m%d"), interchange.at.strftime("%H%M")
    for group in interchange.groups:
        begin = ("GS", group.code, group.sender, group.receiver, day, hour, group.control, "X", group.version)
        rows.append(by.element.join(begin))
        for one in group.transactions:
            is_named = one.convention and group.version >= _CONVENTION_FROM
            rows.append(by.element.join(("ST", one.kind, one.control, *((one.convention,) if is_named else ()))))
            rows += [_row(segment, by, repetition) for segment in one.segments]
            rows.append(by.element.join(("SE", str(len(one.segments) + 2), one.control)))
        rows.append(by.element.join(("GE", str(len(group.transactions)), group.control)))
    rows.append(by.element.join(("IEA", str(len(interchange.groups)), _control(interchange))))
    end = by.segment + by.line_end
    return (end.join(rows) + end).encode()


def _isa(interchange: Interchange, version: str, by: Delimiters) -> str:
    repetition = by.repetition if version >= _REPEATS_FROM and by.repetition else "U"
    named = (interchange.sender, interchange.receiver)
    for party in named:
        if len(party.identification) > 15 or len(party.qualifier) > 2:
            raise Unwritable(f"ISA has 15 places for an identification and 2 for its qualifier: {party}")
    sender, receiver = ((party.qualifier.ljust(2), party.identification.ljust(15)) for party in named)
    day, hour = interchange.at.strftime("%y%m%d"), interchange.at.strftime("%H%M")
    receipt, usage = "1" if interchange.wants_receipt else "0", "T" if interchange.is_test else "P"
    return by.element.join(
        ("ISA", "00", " " * 10, "00", " " * 10, *sender, *receiver, day, hour, repetition, version.ljust(5),
         _control(interchange), receipt, usage, by.component)
    )  # fmt: skip


def _control(interchange: Interchange) -> str:
    if not interchange.control.isdecimal() or len(interchange.control) > 9:
        raise Unwritable(f"ISA13 has nine digits for a control number, and {interchange.control!r} is another one")
    return interchange.control.zfill(9)


def _envelope_version(interchange: Interchange) -> str:
    """The version of the controls that goes with that of the groups: `00501` with `005010`."""
    version = next((group.version for group in interchange.groups), "")[:5]
    return version if version.isdecimal() and len(version) == 5 else "00401"


def _row(segment: Segment, by: Delimiters, repetition: str) -> str:
    texts = texts_of(segment.elements, component=by.component, repetition=repetition)
    if not repetition and any(len(one) > 1 for one in segment.elements):
        raise Unwritable(f"{segment.tag} repeats an element, and this version of X12 repeats none")
    return by.element.join((segment.tag, *texts))


def _texts(segments: Iterator[Segment] | tuple[Segment, ...]) -> Iterator[str]:
    for one in segments:
        for element in one.elements:
            yield from chain.from_iterable(element)


def _nth(parts: list[str], place: int) -> str:
    return parts[place].strip() if place < len(parts) else ""


def _moment(day: str, hour: str) -> datetime | None:
    """The date and time of an ISA; its year has two digits, and lies in this century."""
    try:
        return datetime.strptime(f"20{day} {hour}", "%Y%m%d %H%M")  # noqa: DTZ007 an ISA knows no offset
    except ValueError:
        return None
