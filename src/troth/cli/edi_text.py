"""Interchanges as a person reads them, and as a script does."""

from collections.abc import Iterator
from datetime import datetime

from troth.adapters.edi.directory.segments import Place, form_of
from troth.adapters.edi.directory.sets import set_of
from troth.adapters.edi.flaws import Flaw, ReadInterchange, ReadInterchanges
from troth.adapters.edi.segments import Element, Group, Party, Segment, Syntax, Transaction
from troth.model.value import dataclass

_SYNTAXES = {Syntax.X12: "X12", Syntax.EDIFACT: "EDIFACT"}


@dataclass(frozen=True, slots=True)
class CheckedTransaction:
    """A transaction of a file, and what comes of it: `accepted`, `accepted_with_errors` or `rejected`."""

    group: str
    control: str
    kind: str
    version: str
    segments: int
    outcome: str


@dataclass(frozen=True, slots=True)
class CheckedInterchange:
    """An interchange of a file."""

    syntax: Syntax
    syntax_version: str
    control: str
    sender: Party
    receiver: Party
    at: datetime
    is_test: bool
    outcome: str
    transactions: tuple[CheckedTransaction, ...]
    flaws: tuple[Flaw, ...]


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """All interchanges of a file, and what in it is none."""

    interchanges: tuple[CheckedInterchange, ...]
    flaws: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownSegment:
    """A segment by its name, and what each of its elements is called and says."""

    place: int
    tag: str
    name: str
    elements: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ShownTransaction:
    """A transaction by its name, with its segments."""

    interchange: str
    group: str
    control: str
    kind: str
    name: str
    segments: tuple[ShownSegment, ...]


def checked_of(read: ReadInterchanges) -> CheckedFile:
    """What is in a file, and what is wrong with it."""
    flaws = tuple(f"at {one.offset}: {one.detail}" for one in read.flaws)
    return CheckedFile(tuple(map(_checked, read.interchanges)), flaws)


def _checked(read: ReadInterchange) -> CheckedInterchange:
    came = read.interchange
    transactions = tuple(
        CheckedTransaction(
            group.control, one.control, one.kind, one.version, len(one.segments) + 2, _outcome(read, group, one)
        )
        for group in came.groups
        for one in group.transactions
    )
    outcome = "rejected" if read.is_refused() else "accepted_with_errors" if read.flaws_of() else "accepted"
    return CheckedInterchange(
        came.syntax,
        came.syntax_version,
        came.control,
        came.sender,
        came.receiver,
        came.at,
        came.is_test,
        outcome,
        transactions,
        read.flaws,
    )


def _outcome(read: ReadInterchange, group: Group, one: Transaction) -> str:
    if read.is_refused(group.control, one.control):
        return "rejected"
    return "accepted_with_errors" if read.flaws_of(group.control, one.control) else "accepted"


def checked_text(read: ReadInterchanges) -> str:
    """What is in a file, and what is wrong with it, in lines for a person."""
    return "\n".join(_checked_lines(checked_of(read)))


def _checked_lines(found: CheckedFile) -> Iterator[str]:
    for one in found.interchanges:
        yield _head(one.syntax, one.syntax_version, one.control, one.sender, one.receiver, one.at, is_test=one.is_test)
        for said in one.transactions:
            group = f"group {said.group}, " if said.group else ""
            outcome = said.outcome.replace("_", " ")
            yield f"  {said.kind} {said.control} ({group}{said.version}): {said.segments:,} segments, {outcome}"
        for flaw in one.flaws:
            yield f"  {_where(flaw)}: {flaw.detail}{f' ({flaw.value})' if flaw.value else ''}"
    yield from found.flaws


def _where(flaw: Flaw) -> str:
    """Where a flaw is, from the outside in."""
    parts = []
    if flaw.transaction:
        parts.append(f"transaction {flaw.transaction}")
    elif flaw.group:
        parts.append(f"group {flaw.group}")
    if flaw.tag:
        parts.append(f"segment {flaw.place} {flaw.tag}" if flaw.place else flaw.tag)
    if flaw.element:
        parts.append(f"element {flaw.element}" + (f".{flaw.component}" if flaw.component else ""))
    return ", ".join(parts) or "interchange"


def shown_of(read: ReadInterchanges) -> tuple[ShownTransaction, ...]:
    """What a file says, by the names that the directory has."""
    return tuple(
        _shown(one, group, said)
        for one in read.interchanges
        for group in one.interchange.groups
        for said in group.transactions
    )


def _shown(read: ReadInterchange, group: Group, one: Transaction) -> ShownTransaction:
    came = read.interchange
    of = set_of(came.syntax, one.kind, one.version)
    segments = tuple(_shown_segment(came.syntax, one.version, segment) for segment in one.segments)
    return ShownTransaction(came.control, group.control, one.control, one.kind, "" if of is None else of.name, segments)


def _shown_segment(syntax: Syntax, version: str, segment: Segment) -> ShownSegment:
    form = form_of(syntax, version, segment.tag)
    places = () if form is None else form.places
    elements = tuple(
        said
        for nth, element in enumerate(segment.elements)
        for said in _shown_element(nth + 1, element, places[nth] if nth < len(places) else None)
    )
    return ShownSegment(segment.place, segment.tag, "" if form is None else form.name, elements)


def _shown_element(nth: int, element: Element, place: Place | None) -> Iterator[tuple[str, str]]:
    """What each component of an element is called and says; by its number where it has no name."""
    for repetition in element:
        for component, text in enumerate(repetition):
            if not text:
                continue
            is_named = place is not None and component < len(place.components)
            name = place.components[component][0].name if place is not None and is_named else f"{nth:02}"
            yield name, text


def shown_text(read: ReadInterchanges) -> str:
    """What a file says, in lines for a person: a segment a line, each element by its name."""
    return "\n".join(_shown_lines(read))


def _shown_lines(read: ReadInterchanges) -> Iterator[str]:
    for one in read.interchanges:
        came = one.interchange
        ends = (came.sender, came.receiver, came.at)
        yield _head(came.syntax, came.syntax_version, came.control, *ends, is_test=came.is_test)
        for group in came.groups:
            for said in group.transactions:
                shown = _shown(one, group, said)
                yield f"  {shown.kind} {shown.control} {shown.name}".rstrip()
                for segment in shown.segments:
                    elements = ", ".join(f"{name} {text}" for name, text in segment.elements)
                    yield f"    {segment.place:>4} {segment.tag:<3} {segment.name}: {elements}"
    for why in read.flaws:
        yield f"at {why.offset}: {why.detail}"


def _head(
    syntax: Syntax, version: str, control: str, sender: Party, receiver: Party, at: datetime, *, is_test: bool
) -> str:
    ends = " to ".join(f"{one.qualifier} {one.identification}".strip() for one in (sender, receiver))
    usage = "test" if is_test else "production"
    return f"{_SYNTAXES[syntax]} {version}, interchange {control}, {ends}, {at:%Y-%m-%d %H:%M}, {usage}"
