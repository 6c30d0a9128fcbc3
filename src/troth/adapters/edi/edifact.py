"""EDIFACT (ISO 9735, versions 1 to 4, batch): interchanges out of bytes and into them."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import Final

from troth.adapters.edi.characters import CHARACTER_SETS, decode, is_in, without_control_characters
from troth.adapters.edi.delimiters import EDIFACT_LEVEL_B, EDIFACT_USUAL, Delimiters
from troth.adapters.edi.elements import Elements, element_of, texts_of
from troth.adapters.edi.envelope import EDIFACT_TAGS, SEGMENTS_MAX, UNKNOWN_AT, Assembly
from troth.adapters.edi.flaws import EnvelopeFlaw, Fault, ReadInterchange, ReadInterchanges
from troth.adapters.edi.line_ends import placed_in, without_line_ends
from troth.adapters.edi.segments import Element, Group, Interchange, Party, Segment, Syntax, Transaction
from troth.adapters.edi.unwritable import Unwritable

_BEGIN: Final = re.compile(r"UNA(?=.{6}\s*UNB)|UNB(?=[^A-Za-z0-9 \r\n]UNO[A-Z])", re.DOTALL)
_PADDING: Final = " \t\r\n\x00\x1a\ufeff"
_HEADER_LENGTH: Final = 30
_VERSIONS: Final = ("1", "2", "3", "4")
_USUAL_VERSION: Final = "UNOC.3"
_REPEATS_FROM: Final = "4"
_TAG: Final = re.compile(r"\w{3}", re.ASCII)


def read_interchanges(content: bytes) -> ReadInterchanges:
    """All interchanges of a file with what is wrong with how they are written; nothing is held against the directory.

    Taken as it comes: line ends between and within segments, blanks behind them, texts of which the character set that
    they name has not all (said as a flaw, and read as UTF-8 or Latin-1).
    """
    whole = text = content.decode("latin-1")
    found: list[ReadInterchange] = []
    early: list[EnvelopeFlaw] = []
    flaws: list[EnvelopeFlaw] = []
    place, room = 0, SEGMENTS_MAX
    while begin := _BEGIN.search(text, place):
        if text[place : begin.start()].strip(_PADDING + "ï»¿"):
            flaws.append(EnvelopeFlaw(place, "is no interchange"))
        place = begin.start()
        by = _delimiters(text, place)
        if not found and by.segment not in "\r\n":
            text, place = without_line_ends(whole), len(without_line_ends(whole[:place]))
            early, flaws = flaws, []
        reading = _Reading(text, place, by, room)
        found.append(reading.read())
        place, room = reading.place, reading.assembly.room
    if text[place:].strip(_PADDING + "ï»¿"):
        flaws.append(EnvelopeFlaw(place, "is no interchange"))
    return ReadInterchanges(tuple(found), (*early, *placed_in(flaws, text, whole)))


def _delimiters(text: str, place: int) -> Delimiters:
    """Those that a UNA names, or that go without saying: the printed ones, or those of level B where they stand there.
    Whether the one for repetitions counts is for the version in the UNB to say.
    """
    if text.startswith("UNA", place):
        component, element, _, release, repetition, end = tuple(text[place + 3 : place + 9])
        is_named = not (
            repetition.isspace() or repetition.isalnum() or repetition in (component, element, release, end)
        )
        return Delimiters(element, component, repetition if is_named else "", end, release.strip())
    return EDIFACT_LEVEL_B if text.startswith(EDIFACT_LEVEL_B.element, place + 3) else EDIFACT_USUAL


class _Reading:
    """One interchange on its way out of a text."""

    def __init__(self, text: str, place: int, by: Delimiters, room: int) -> None:
        self.text = text
        self.place = place + 9 if text.startswith("UNA", place) else place
        self.by = by
        self.assembly = Assembly(EDIFACT_TAGS, room)
        self.repetition = ""
        self.elements = Elements(component=by.component, repetition="")
        release, end = re.escape(by.release), re.escape(by.segment)
        inside = f"[^{release}{end}]*+"
        skipped = f"(?:{release}.{inside})*+" if release else ""
        self._segment = re.compile(f"({inside}{skipped}){end}", re.DOTALL)
        special = re.escape(by.element + by.component + by.repetition + by.release)
        self._pieces = re.compile(f"{release}.?|[{special}]|[^{special}]+", re.DOTALL)
        self.codec = "UNOC"

    def read(self) -> ReadInterchange:
        """The interchange; the next one may begin at `place`."""
        header = self._next() or "UNB"
        named = self._cut(header)
        charset, version = named.get(1, 1), named.get(1, 2)[:1]
        self.codec = charset
        self.repetition = self.by.repetition if version >= _REPEATS_FROM else ""
        self.elements = Elements(component=self.by.component, repetition=self.repetition)
        assembly = self.assembly
        if charset not in CHARACTER_SETS:
            assembly.note(
                Fault.CHARACTER_SET_NOT_SUPPORTED, "UNB", "is a character set that is not read", charset, element=1
            )
        if version not in _VERSIONS:
            detail = "is no version of the syntax that is read"
            assembly.note(Fault.VERSION_NOT_SUPPORTED, "UNB", detail, named.get(1, 2), element=1, component=2)
        named = self._segment_of(header, 0)
        at = _moment(named.get(4, 1), named.get(4, 2))
        if at is None:
            said = f"{named.get(4, 1)} {named.get(4, 2)}"
            assembly.note(Fault.DATE_INVALID, "UNB", "is no date and time", said, element=4)
        control = named.get(5)
        self._body(control)
        interchange = Interchange(
            Syntax.EDIFACT,
            Party(named.get(2, 1), named.get(2, 2)),
            Party(named.get(3, 1), named.get(3, 2)),
            control,
            at or UNKNOWN_AT,
            named.get(11) == "1",
            tuple(assembly.groups),
            f"{charset}.{named.get(1, 2)}",
            named.get(9) == "1",
        )
        return ReadInterchange(interchange, tuple(assembly.all_flaws()))

    def _body(self, control: str) -> None:
        """Read up to the end of the interchange, or to where another one begins."""
        assembly = self.assembly
        while True:
            before = self.place
            raw = self._next()
            next_one = self._next_interchange(before) if raw is None or "UN" in raw else -1
            if raw is None or next_one >= 0:
                assembly.break_off()
                self.place = max(next_one, 0) or len(self.text)
                return
            if not raw:
                continue
            match raw[:3]:
                case "UNH":
                    said = self._segment_of(raw, 1)
                    kind, *version = (said.get(2, nth) for nth in range(1, 6))
                    assembly.open_transaction(
                        Transaction(kind, ".".join(filter(None, version[:2])), said.get(1), (), version[3])
                    )
                case "UNT":
                    said = self._segment_of(raw, 0)
                    assembly.close_transaction(count=said.get(1), control=said.get(2))
                case "UNG":
                    said = self._segment_of(raw, 0)
                    version = [said.get(7, 1), said.get(7, 2)]
                    assembly.open_group(
                        Group(said.get(1), said.get(2), said.get(3), said.get(5), ".".join(filter(None, version)), ())
                    )
                case "UNE":
                    said = self._segment_of(raw, 0)
                    assembly.close_group(count=said.get(1), control=said.get(2))
                case "UNZ":
                    said = self._segment_of(raw, 0)
                    assembly.close(count=said.get(1), control=said.get(2), begun=control)
                    return
                case tag:
                    assembly.add(tag, self._segment_of(raw, assembly.place()))

    def _next_interchange(self, place: int) -> int:
        """Where another interchange begins in what should be one segment, as behind one that broke off; -1: nowhere."""
        found = _BEGIN.search(self.text, place, self.place + _HEADER_LENGTH)
        return found.start() if found is not None and found.start() < self.place else -1

    def _next(self) -> str | None:
        """The text of the next segment; None where no more ends."""
        found = self._segment.match(self.text, self.place)
        if found is None:
            self.place = len(self.text)
            return None
        self.place = found.end()
        return found[1].lstrip(_PADDING)

    def _segment_of(self, raw: str, place: int) -> Segment:
        """A segment in the character set of the interchange; what is not in it is told."""
        if not raw.isascii():
            decoded, is_right = decode(raw.encode("latin-1"), self.codec)
            if not is_right:
                self.assembly.note(
                    Fault.CHARACTER_INVALID, raw[:3], f"has characters that {self.codec} lacks", decoded[:80]
                )
            raw = decoded
        return self._cut(raw, place)

    def _cut(self, raw: str, place: int = 0) -> Segment:
        """A segment out of its text. Which occurrence it is, as its tag may name, its place says, too."""
        if self.by.release and self.by.release in raw:
            elements = self._released(raw)
            tag = elements[0][0][0]
            return Segment(tag, tuple(elements[1:]), place)
        tag, *parts = raw.split(self.by.element)
        while parts and not parts[-1]:
            parts.pop()
        return Segment(tag.split(self.by.component)[0], tuple(map(self.elements.__getitem__, parts)), place)

    def _released(self, raw: str) -> list[Element]:
        """The elements of a text in which some delimiters are released, the tag before them."""
        by = self.by
        elements: list[list[list[str]]] = [[[]]]
        text: list[str] = []
        for piece in self._pieces.findall(raw):
            if piece not in (by.element, by.component, self.repetition):
                text.append(piece[1:] if piece[0] == by.release else piece)
                continue
            elements[-1][-1].append("".join(text))
            text.clear()
            if piece == by.element:
                elements.append([[]])
            elif piece != by.component:
                elements[-1].append([])
        elements[-1][-1].append("".join(text))
        found = [element_of(one) for one in elements]
        while len(found) > 1 and found[-1] == (("",),):
            found.pop()
        return found


def write_interchange(interchange: Interchange, delimiters: Delimiters = EDIFACT_USUAL) -> bytes:
    """The bytes of an interchange, in the character set that its `syntax_version` names; where it names none, in
    Latin-1 (UNOC), and in UTF-8 (UNOW, version 4) where that has not all of it.

    Raises `Unwritable` for text that a named character set lacks; `fold_interchange` makes it fit.
    """
    interchange = without_control_characters(interchange)
    version = interchange.syntax_version or _version_for(interchange)
    charset, _, number = version.partition(".")
    if charset not in CHARACTER_SETS or number not in _VERSIONS:
        raise Unwritable(f"{version} is no character set and version of EDIFACT that is written")
    for text in _texts(interchange):
        if not is_in(text, charset):
            raise Unwritable(f"{charset} has not all characters of {text!r}")
    is_repeating = number >= _REPEATS_FROM
    writing = _Writing(delimiters, delimiters.repetition if is_repeating else "")
    by = delimiters
    una = f"UNA{by.component}{by.element}.{by.release or ' '}{writing.repetition or ' '}{by.segment}"
    rows = [una + by.line_end] if by != EDIFACT_LEVEL_B else []
    rows += [writing.row(one) for one in _segments(interchange, charset, number)]
    try:
        return "".join(rows).encode(CHARACTER_SETS[charset])
    except UnicodeEncodeError as error:
        raise Unwritable(f"{charset} has not all characters of the envelope: {error}") from error


class _Writing:
    """Segments into text, by one set of delimiters."""

    def __init__(self, by: Delimiters, repetition: str) -> None:
        self.by = by
        self.repetition = repetition
        special = {by.element, by.component, by.segment, by.release, repetition} - {""}
        self._special = re.compile("[" + "".join(map(re.escape, sorted(special))) + "]")

    def row(self, segment: Segment) -> str:
        """The text of a segment, with its end."""
        by = self.by
        elements = tuple(tuple(tuple(map(self._text, one)) for one in element) for element in segment.elements)
        if not self.repetition and any(len(one) > 1 for one in elements):
            raise Unwritable(f"{segment.tag} repeats an element, and this version of the syntax repeats none")
        texts = texts_of(elements, component=by.component, repetition=self.repetition)
        return by.element.join((segment.tag, *texts)) + by.segment + by.line_end

    def _text(self, text: str) -> str:
        if not self._special.search(text):
            return text
        if not self.by.release:
            raise Unwritable(f"{text!r} has a delimiter in it, and these delimiters have none to release it")
        return self._special.sub(lambda found: self.by.release + found[0], text)


def _segments(interchange: Interchange, charset: str, version: str) -> Iterator[Segment]:
    """All segments of an interchange, with those that enclose them."""
    day = interchange.at.strftime("%Y%m%d" if version >= _REPEATS_FROM else "%y%m%d")
    at = (day, interchange.at.strftime("%H%M"))
    ends = [(party.identification, party.qualifier) for party in (interchange.sender, interchange.receiver)]
    rest = ("", "", "", "1" if interchange.wants_receipt else "", "", "1" if interchange.is_test else "")
    yield _said("UNB", (charset, version), *ends, at, interchange.control, *rest)
    count = 0
    for group in interchange.groups:
        if group.code:
            count += 1
            named = tuple(group.version.split(".", 1))
            yield _said("UNG", group.code, group.sender, group.receiver, at, group.control, "UN", named)
        for one in group.transactions:
            release = tuple(one.version.partition(".")[::2])
            yield _said("UNH", one.control, (one.kind, *release, "UN", one.convention))
            yield from one.segments
            yield _said("UNT", str(len(one.segments) + 2), one.control)
            count += not group.code
        if group.code:
            yield _said("UNE", str(len(group.transactions)), group.control)
    yield _said("UNZ", str(count), interchange.control)


def _said(tag: str, *elements: str | tuple[str, ...]) -> Segment:
    return Segment(tag, tuple((one,) if isinstance(one, tuple) else ((one,),) for one in elements))


def _texts(interchange: Interchange) -> Iterator[str]:
    for group in interchange.groups:
        for transaction in group.transactions:
            for one in transaction.segments:
                for element in one.elements:
                    yield from chain.from_iterable(element)


def _version_for(interchange: Interchange) -> str:
    texts: Iterable[str] = _texts(interchange)
    is_repeating = any(
        len(element) > 1
        for group in interchange.groups
        for transaction in group.transactions
        for one in transaction.segments
        for element in one.elements
    )
    charset = "UNOC" if all(is_in(text, "UNOC") for text in texts) else "UNOW"
    return f"{charset}.4" if is_repeating or charset == "UNOW" else _USUAL_VERSION


def _moment(day: str, hour: str) -> datetime | None:
    """The date and time of a UNB; a year of two digits lies in this century."""
    try:
        return datetime.strptime(f"{'20' if len(day) == 6 else ''}{day} {hour}", "%Y%m%d %H%M")  # noqa: DTZ007 it has no offset
    except ValueError:
        return None
