"""The elements of a segment held against its form."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final, assert_never

from troth.adapters.edi.directory.segments import Condition, Place, SegmentForm, Simple, Type, form_of
from troth.adapters.edi.flaws import Fault, Flaw
from troth.adapters.edi.segments import Element, Segment, Syntax

_WHOLE: Final = re.compile(r"-?\d+", re.ASCII)
_NUMBER: Final = {
    Syntax.X12: re.compile(r"-?(\d+\.?\d*|\.\d+)(E-?\d+)?", re.ASCII),
    Syntax.EDIFACT: re.compile(r"-?(\d+[.,]?\d*|[.,]\d+)", re.ASCII),
}
"""Numbers of both syntaxes; EDIFACT takes comma and point for its decimal mark, and has nothing for thousands."""
_TIME: Final = re.compile(r"([01]\d|2[0-3])[0-5]\d([0-5]\d\d{0,2})?", re.ASCII)
_LETTERS: Final = re.compile(r"[^\d]*")
_UNCOUNTED: Final = str.maketrans("", "", "-.,E")
_VALUE_MAX: Final = 200
"""Of a longer value only the beginning is told."""


def element_flaws(syntax: Syntax, version: str, segment: Segment) -> Iterator[Flaw]:
    """What is wrong with the elements of a segment; nothing where its form is not listed."""
    form = form_of(syntax, version, segment.tag)
    if form is None:
        return
    elements = segment.elements
    for nth, place in enumerate(form.places):
        element = elements[nth] if nth < len(elements) else _EMPTY
        if element == _EMPTY:
            if place.is_mandatory:
                yield _flaw(segment, nth + 1, 0, Fault.ELEMENT_MISSING, f"is missing: {_name(place)}")
            continue
        if len(element) > 1:
            detail = f"stands {len(element)} times, and {_name(place)} stands once"
            yield _flaw(segment, nth + 1, 0, Fault.REPEATED_TOO_OFTEN, detail, " ".join(map(":".join, element)))
        for repetition in element:
            yield from _components(syntax, segment, nth + 1, place, repetition)
    if len(elements) > len(form.places) and not form.is_open:
        detail = f"is more than {form.tag} has: it ends after {len(form.places)} elements"
        yield _flaw(
            segment, len(form.places) + 1, 0, Fault.ELEMENTS_TOO_MANY, detail, _said(elements[len(form.places)])
        )
    for condition in form.conditions:
        yield from _demanded(segment, form, condition)


_EMPTY: Final[Element] = (("",),)


def _components(syntax: Syntax, segment: Segment, nth: int, place: Place, said: tuple[str, ...]) -> Iterator[Flaw]:
    """What is wrong with one repetition of an element."""
    is_composite = len(place.components) > 1
    for component, (simple, is_mandatory) in enumerate(place.components, 1):
        text = said[component - 1] if component <= len(said) else ""
        where = component if is_composite else 0
        if not text:
            if is_mandatory and is_composite:
                yield _flaw(segment, nth, where, Fault.ELEMENT_MISSING, f"is missing: {simple.name}")
            continue
        found = _value_fault(syntax, simple, text)
        if found is not None:
            yield _flaw(segment, nth, where, found[0], found[1], text)
    if len(said) > len(place.components):
        detail = f"has {len(said)} components, and {len(place.components)} are known"
        yield _flaw(segment, nth, 0, Fault.COMPONENTS_TOO_MANY, detail, ":".join(said))


def _value_fault(syntax: Syntax, simple: Simple, text: str) -> tuple[Fault, str] | None:
    """What is wrong with the text of a simple element."""
    length = len(text)
    match simple.type:
        case Type.WHOLE | Type.NUMBER:
            pattern = _WHOLE if simple.type is Type.WHOLE else _NUMBER[syntax]
            if not pattern.fullmatch(text):
                return Fault.NUMBER_INVALID, f"is no {simple.type}: {simple.name}"
            length = len(text.translate(_UNCOUNTED))
        case Type.DATE:
            if not _is_date(text):
                return Fault.DATE_INVALID, f"is no date: {simple.name}"
        case Type.TIME:
            if not _TIME.fullmatch(text):
                return Fault.TIME_INVALID, f"is no time of day: {simple.name}"
        case Type.LETTERS:
            if not _LETTERS.fullmatch(text):
                return Fault.CHARACTER_INVALID, f"has digits: {simple.name}"
        case Type.TEXT | Type.CODE:
            length = len(text.rstrip(" "))
        case never:
            assert_never(never)
    if length > simple.length_max:
        return Fault.TOO_LONG, f"has {length} characters, and {simple.name} at most {simple.length_max}"
    if len(text) < simple.length_min:
        return Fault.TOO_SHORT, f"has {len(text)} characters, and {simple.name} at least {simple.length_min}"
    if simple.codes and text.rstrip(" ") not in simple.codes:
        return Fault.CODE_INVALID, f"is no code of {simple.name}"
    return None


def _is_date(text: str) -> bool:
    """Say whether a text is a date as CCYYMMDD, or as YYMMDD, which versions before 004010 have."""
    if not (text.isascii() and text.isdecimal()) or len(text) not in (6, 8):
        return False
    try:
        datetime.strptime(text, "%Y%m%d" if len(text) == 8 else "%y%m%d")  # noqa: DTZ007 only whether there is such a day
    except ValueError:
        return False
    return True


def _demanded(segment: Segment, form: SegmentForm, condition: Condition) -> Iterator[Flaw]:
    """What is missing, or too much, as elements demand of each other."""
    there = [place for place in condition.places if _is_there(segment, place)]
    missing = [place for place in condition.places if place not in there]
    first = condition.places[0]
    lacking: list[int] = []
    match condition.kind:
        case "P" if there and missing:
            lacking = missing
        case "R" if not there:
            lacking = [first]
        case "C" if first in there and missing:
            lacking = missing
        case "L" if there == [first]:
            lacking = [condition.places[1]]
        case "E" if len(there) > 1:
            said = segment.get(there[1])
            detail = f"excludes {_places(form, there[:1])}: only one of them may be there"
            yield _flaw(segment, there[1], 0, Fault.ELEMENT_EXCLUDED, detail, said)
        case _:
            pass
    for place in lacking:
        others = there or [one for one in condition.places if one != place]
        demand = "demands it" if there else "may stand for it"
        detail = f"is missing: {_places(form, [place])}; {_places(form, others)} {demand}"
        yield _flaw(segment, place, 0, Fault.ELEMENT_MISSING_BESIDE, detail)


def _is_there(segment: Segment, place: int) -> bool:
    return place <= len(segment.elements) and segment.elements[place - 1] != _EMPTY


def _places(form: SegmentForm, places: list[int]) -> str:
    return ", ".join(f"{form.tag}{place:02}" for place in places)


def _name(place: Place) -> str:
    return place.components[0][0].name


def _said(element: Element) -> str:
    return ":".join(element[0])


def _flaw(segment: Segment, element: int, component: int, fault: Fault, detail: str, value: str = "") -> Flaw:
    return Flaw("", "", segment.place, segment.tag, element, component, fault, detail, value[:_VALUE_MAX])
