"""CONTRL: what came of an interchange of EDIFACT, and what is wrong with it."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from troth.adapters.edi.acknowledge_codes import CONTRL_CODES, MEANINGS, SYNTAX_NOT_SUPPORTED
from troth.adapters.edi.acknowledged import Acknowledged, Outcome
from troth.adapters.edi.flaws import Fault, Flaw, ReadInterchange
from troth.adapters.edi.segments import Group, Segment, Transaction, segment

REJECTED: Final = "4"
"""This level and all below it are rejected (element 0083)."""
ACCEPTED: Final = "7"
"""This level is accepted, and what is below it where it is not rejected itself."""
RECEIVED: Final = "8"
"""The interchange came."""

_OUTCOMES: Final = {ACCEPTED: Outcome.ACCEPTED, RECEIVED: Outcome.RECEIVED, REJECTED: Outcome.REJECTED}
_VERSIONS: Final = {"4": "4.1"}
_VERSION: Final = "D.3"
_UNSPECIFIED: Final = "18"
_SERVICE_TAGS: Final = frozenset({"UNB", "UNZ", "UNG", "UNE", "UNH", "UNT"})


def write_contrl(read: ReadInterchange, *, control: str) -> Transaction:
    """The CONTRL of an interchange. Named in it is what is rejected, with why; what is not named is accepted, and what
    was only noted of it is not told, as CONTRL has no way to accept something with its errors.
    """
    interchange = read.interchange
    ends = [_party(one.identification, one.qualifier) for one in (interchange.sender, interchange.receiver)]
    is_refused = read.is_refused()
    rows = [segment("UCI", interchange.control, *ends, *_verdict(read.flaws_of(), is_rejected=is_refused))]
    for group in interchange.groups if not is_refused else ():
        rows += _of_group(group, read)
    version = _VERSIONS.get(interchange.syntax_version.partition(".")[2], _VERSION)
    return Transaction("CONTRL", version, control, tuple(rows))


def _of_group(group: Group, read: ReadInterchange) -> Iterator[Segment]:
    """What is rejected of a group: all of it, or some of its messages."""
    is_refused = bool(group.code) and read.is_refused(group.control)
    rejected = [one for one in group.transactions if read.is_refused(group.control, one.control)]
    if is_refused or (group.code and rejected):
        said = _verdict(read.flaws_of(group.control), is_rejected=is_refused)
        yield segment("UCF", group.control, group.sender, group.receiver, *said)
    for one in rejected if not is_refused else ():
        flaws = read.flaws_of(group.control, one.control)
        version, _, release = one.version.partition(".")
        of_header = [flaw for flaw in flaws if flaw.tag in _SERVICE_TAGS]
        named = (one.kind, version, release, "UN", one.convention)
        control = "" if one.control.startswith("#") else one.control
        yield segment("UCM", control, named, *_verdict(of_header, is_rejected=True))
        inner = sorted((flaw for flaw in flaws if flaw.tag not in _SERVICE_TAGS), key=lambda flaw: flaw.place)
        for place, of_segment in groupby(inner, key=lambda flaw: flaw.place):
            yield from _of_segment(place, list(of_segment))


def _of_segment(place: int, flaws: Sequence[Flaw]) -> Iterator[Segment]:
    """A UCS for what is wrong with a segment itself, or one with a UCD for each of its elements."""
    whole = next((one for one in flaws if not one.element), None)
    yield segment("UCS", str(place), "" if whole is None else CONTRL_CODES.get(whole.code, _UNSPECIFIED))
    for one in flaws:
        if one.element:
            # position 1 of a segment is its tag, so that its first element is the second
            yield segment("UCD", CONTRL_CODES.get(one.code, _UNSPECIFIED), _position(one))


def _verdict(flaws: Sequence[Flaw], *, is_rejected: bool) -> tuple[str | tuple[str, ...], ...]:
    """Action, error, service segment and element of a UCI, UCF or UCM."""
    why = next((one for one in flaws if not one.is_noted()), None)
    if not is_rejected:
        return (ACCEPTED,)
    if why is None:
        return (REJECTED,)
    code = CONTRL_CODES.get(why.code, _UNSPECIFIED)
    if why.code == Fault.VERSION_NOT_SUPPORTED and why.tag == "UNB":
        code = SYNTAX_NOT_SUPPORTED
    return (REJECTED, code, why.tag, *((_position(why),) if why.element else ()))


def _position(flaw: Flaw) -> tuple[str, ...]:
    return (str(flaw.element + 1), str(flaw.component)) if flaw.component else (str(flaw.element + 1),)


def _party(identification: str, qualifier: str) -> tuple[str, ...]:
    return (identification, qualifier) if qualifier else (identification,)


def read_contrl(transaction: Transaction) -> tuple[Acknowledged, ...]:
    """What a CONTRL says of an interchange, and of the groups and messages that it names."""
    found: list[tuple[Segment, Acknowledged, list[Flaw]]] = []
    interchange = group = control = ""
    place = 0
    for one in transaction.segments:
        match one.tag:
            case "UCI":
                interchange = one.get(1)
                found.append((one, Acknowledged(_outcome(one.get(4)), interchange), _error_of(one, "", "", 5)))
            case "UCF":
                group = one.get(1)
                verdict = Acknowledged(_outcome(one.get(4)), interchange, "", group)
                found.append((one, verdict, _error_of(one, group, "", 5)))
            case "UCM":
                control = one.get(1)
                verdict = Acknowledged(_outcome(one.get(3)), interchange, "", group, one.get(2), control)
                found.append((one, verdict, _error_of(one, group, control, 4)))
            case "UCS" if found:
                place = _number(one.get(1))
                found[-1][2].extend(_errors(one.get(2), group, control, place=place))
            case "UCD" if found:
                element = max(_number(one.get(2)) - 1, 0)
                component = _number(one.get(2, 2))
                found[-1][2].extend(
                    _errors(one.get(1), group, control, place=place, element=element, component=component)
                )
            case _:
                pass
    return tuple(
        Acknowledged(one.outcome, one.interchange, one.code, one.group, one.kind, one.transaction, tuple(errors))
        for _, one, errors in found
    )


def _outcome(action: str) -> Outcome:
    return _OUTCOMES.get(action, Outcome.REJECTED)


def _error_of(said: Segment, group: str, control: str, first: int) -> list[Flaw]:
    """What the UCI, UCF or UCM itself says is wrong: code, service segment and element from the `first` one on."""
    element, component = max(_number(said.get(first + 2)) - 1, 0), _number(said.get(first + 2, 2))
    return _errors(
        said.get(first), group, control, place=0, element=element, component=component, tag=said.get(first + 1)
    )


def _errors(
    code: str, group: str, control: str, *, place: int, element: int = 0, component: int = 0, tag: str = ""
) -> list[Flaw]:
    if not code:
        return []
    detail = MEANINGS["CONTRL"].get(code, "not told further")
    return [Flaw(group, control, place, tag, element, component, code, detail)]


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0
