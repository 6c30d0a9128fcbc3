"""The elements of segments: in which order, which are mandatory, how long, of what type, and what they demand of each
other.
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

from troth.adapters.edi.directory.sets import is_of_old_century
from troth.adapters.edi.segments import Syntax
from troth.model.value import dataclass

_FOLDER: Final = files("troth.adapters.edi.directory")
_FOLDERS: Final = {Syntax.X12: "x12", Syntax.EDIFACT: "edifact"}
_TOKEN: Final = re.compile(r"(?:(\d+)\*)?(\w+)(!?)(?:\(([^)]*)\))?(!?)|\.\.\.")
_CONDITION: Final = re.compile(r"\b([PRECL])((?:\d\d){2,})\b")
_FORMAT: Final = re.compile(r"(an|a|n)(\.\.)?(\d+)")


class Type(StrEnum):
    """What an element is made of."""

    TEXT = "text"
    CODE = "code"
    WHOLE = "whole number"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    LETTERS = "letters"


@dataclass(frozen=True, slots=True)
class Simple:
    """A data element: its number, its type, how many characters it has, and its codes where they are listed."""

    number: str
    name: str
    type: Type
    length_min: int
    length_max: int
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """An element of a segment: one component, or several; `number` is that of the composite, where it is one."""

    number: str
    is_mandatory: bool
    components: tuple[tuple[Simple, bool], ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """What elements of a segment demand of each other: `kind` as X12 writes it (P, R, E, C, L), and their places."""

    kind: str
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SegmentForm:
    """A segment of a standard; where it `is_open`, more elements may follow than are listed."""

    tag: str
    name: str
    places: tuple[Place, ...]
    conditions: tuple[Condition, ...]
    is_open: bool


def form_of(syntax: Syntax, version: str, tag: str) -> SegmentForm | None:
    """The form of a segment in a version; None where its elements are not listed."""
    return _forms(syntax, _nearest(syntax, version)).get(tag)


def is_known(syntax: Syntax, tag: str) -> bool:
    """Say whether a standard has a segment, be it listed with its elements or let through without."""
    return tag in _tags(syntax) or tag in _forms(syntax, _nearest(syntax, ""))


def _nearest(syntax: Syntax, version: str) -> str:
    """The version of lengths that is nearest: what was from the later one of two on, or not."""
    if syntax is Syntax.X12:
        return "005010" if version >= "005" else "004010"
    return "D.96A" if is_of_old_century(version) else "D.01B"


@cache
def _tags(syntax: Syntax) -> frozenset[str]:
    return frozenset(tag for row in _rows(syntax, "tags.txt") for tag in row.split())


@cache
def _forms(syntax: Syntax, version: str) -> Mapping[str, SegmentForm]:
    elements = {one.number: one for one in _elements(syntax, version)}
    forms = [_form(row, elements) for row in _rows(syntax, "segments.txt")]
    return {one.tag: one for one in forms}


def _rows(syntax: Syntax, name: str) -> Iterator[str]:
    for row in _FOLDER.joinpath(_FOLDERS[syntax], name).read_text(encoding="utf-8").splitlines():
        if row and not row.startswith("#"):
            yield row


def _elements(syntax: Syntax, version: str) -> Iterator[Simple]:
    for row in _rows(syntax, "elements.txt"):
        form, _, said = row.partition(" | ")
        name, _, codes = said.partition(" = ")
        number, *formats = form.split()
        listed = frozenset(codes.split())
        if syntax is Syntax.X12:
            type_, *lengths = formats
            low, high = _as_of(lengths, version).split("/")
            yield Simple(number, name, _X12_TYPES[type_], int(low), int(high), listed)
        else:
            found = _FORMAT.fullmatch(_as_of(formats, version))
            assert found is not None, row
            letters, is_up_to, length = found.groups()
            yield Simple(number, name, _EDIFACT_TYPES[letters], 1 if is_up_to else int(length), int(length), listed)


_X12_TYPES: Final = {
    "AN": Type.TEXT, "ID": Type.CODE, "N0": Type.WHOLE, "N2": Type.WHOLE, "R": Type.NUMBER, "DT": Type.DATE,
    "TM": Type.TIME,
}  # fmt: skip
_EDIFACT_TYPES: Final = {"an": Type.TEXT, "a": Type.LETTERS, "n": Type.NUMBER}


def _as_of(forms: list[str], version: str) -> str:
    """Of several forms of an element the one that a version has: the last that does not begin later."""
    found = forms[0]
    for one in forms[1:]:
        form, _, since = one.partition("@")
        # D.01B is after D.96A, which is why the two are not compared as texts
        if since == version or (since[:1] != "D" and since <= version):
            found = form
    return found


def _form(row: str, elements: Mapping[str, Simple]) -> SegmentForm:
    form, _, name = row.partition(" | ")
    tag, _, rest = form.partition(" ")
    conditions = tuple(
        Condition(kind, tuple(int(places[at : at + 2]) for at in range(0, len(places), 2)))
        for kind, places in _CONDITION.findall(rest)
    )
    places: list[Place] = []
    is_open = False
    for found in _TOKEN.finditer(_CONDITION.sub("", rest)):
        if found[0] == "...":
            is_open = True
            continue
        times, number, mandatory, inner, after = found.groups()
        components = [(number, "!")] if inner is None else [(one.rstrip("!"), one[-1]) for one in inner.split()]
        place = Place(number, bool(mandatory or after), tuple((elements[one], mark == "!") for one, mark in components))
        places += [place] * int(times or 1)
    return SegmentForm(tag, name, tuple(places), conditions, is_open)
