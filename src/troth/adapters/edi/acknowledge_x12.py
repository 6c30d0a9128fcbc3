"""997, 999 and TA1: the functional acknowledgments of X12, and the receipt for an interchange."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from troth.adapters.edi.acknowledge_codes import (
    BEFORE_REPETITION,
    CONTENT_INVALID,
    ELEMENT_CODES,
    ELEMENTS_IN_ERROR,
    GROUP_CODES,
    MEANINGS,
    NO_ERROR,
    RECEIPT_FAULTS,
    RECEIPT_NOTES,
    SEGMENT_CODES,
    SEGMENTS_IN_ERROR,
    TRANSACTION_CODES,
)
from troth.adapters.edi.acknowledged import Acknowledged, Outcome
from troth.adapters.edi.flaws import Fault, Flaw, ReadInterchange
from troth.adapters.edi.segments import Group, Segment, Transaction, segment
from troth.model.edi_partner import AckForm

GROUP_CODE: Final = "FA"
"""The group in which 997 and 999 are sent."""
GUIDE_999: Final = "005010X231A1"
"""The guide that 999 belongs to, which its ST names."""

_CODES_MAX: Final = 5
_VALUE_MAX: Final = 99
_REPEATS_FROM: Final = "00402"
_NAMES_VERSION_FROM: Final = "00501"
_TRANSACTION_OUTCOMES: Final = {"A": Outcome.ACCEPTED, "E": Outcome.NOTED, "P": Outcome.PARTLY}


def write_functional(read: ReadInterchange, group: Group, form: AckForm, *, control: str) -> Transaction:
    """The 997 or 999 of a group: of each of its transactions whether it is accepted (A), accepted though something is
    wrong (E) or rejected (R), with each segment and element that is wrong, and how many of them are accepted.
    """
    is_999 = form is AckForm.X12_999
    version = "005010" if is_999 else group.version[:6] or "004010"
    names_version = is_999 or version >= _NAMES_VERSION_FROM
    said = segment("AK1", group.code, _plain(group.control), *((group.version,) if names_version else ()))
    rows = [said]
    accepted = noted = 0
    for transaction in group.transactions:
        flaws = read.flaws_of(group.control, transaction.control)
        is_rejected = read.is_refused(group.control, transaction.control)
        accepted += not is_rejected
        noted += bool(flaws)
        guide = transaction.convention if names_version and group.version >= _NAMES_VERSION_FROM else ""
        rows.append(segment("AK2", transaction.kind, _plain(transaction.control), guide))
        rows += _segments_in_error(flaws, is_999=is_999, version=version)
        status = "R" if is_rejected else "E" if flaws else "A"
        rows.append(segment("IK5" if is_999 else "AK5", status, *_transaction_codes(flaws)))
    enclosing = read.flaws_of(group.control)
    received = len(group.transactions)
    status = "R" if not accepted else "P" if accepted < received else "E" if noted or enclosing else "A"
    codes = _codes(GROUP_CODES.get(one.code, "") for one in enclosing)
    rows.append(segment("AK9", status, _included(enclosing, received), str(received), str(accepted), *codes))
    return Transaction(form.value, version, control, tuple(rows), GUIDE_999 if is_999 else "")


def write_receipt(read: ReadInterchange, flaws: Sequence[Flaw] = ()) -> Segment:
    """The TA1 of an interchange: whether its envelope is accepted, whatever is in it. `flaws` are those found beside
    its own, as that it came before.
    """
    interchange = read.interchange
    whole = replace(read, flaws=(*read.flaws, *flaws))
    of_envelope = whole.flaws_of()
    note, status = NO_ERROR, "A"
    if of_envelope:
        worst = min(of_envelope, key=lambda one: one.is_noted())
        note = RECEIPT_FAULTS.get(worst.code) or RECEIPT_NOTES.get((worst.tag, worst.element), CONTENT_INVALID)
        status = "R" if whole.is_refused() else "E"
    day, hour = interchange.at.strftime("%y%m%d"), interchange.at.strftime("%H%M")
    return segment("TA1", interchange.control, day, hour, status, note)


def read_functional(transaction: Transaction) -> tuple[Acknowledged, ...]:
    """What a 997 or 999 says of a group and its transactions."""
    found: list[Acknowledged] = []
    code = group = kind = control = ""
    errors: list[Flaw] = []
    outcome, of_group, group_errors = Outcome.ACCEPTED, Outcome.ACCEPTED, list[Flaw]()

    for one in transaction.segments:
        match one.tag:
            case "AK1":
                code, group = one.get(1), one.get(2)
            case "AK2":
                kind, control, errors = one.get(1), one.get(2), []
            case "AK3" | "IK3":
                errors += _error(one, group, control, tag=one.get(1), place=one.get(2), codes=[one.get(4)])
            case "AK4" | "IK4":
                before = errors[-1] if errors else Flaw(group, control, 0, "", 0, 0, "", "")
                if before.element == 0 and before.code == ELEMENTS_IN_ERROR:
                    errors.pop()
                errors.append(_element_error(one, before))
            case "AK5" | "IK5":
                outcome = _TRANSACTION_OUTCOMES.get(one.get(1), Outcome.REJECTED)
                errors += _error(one, group, control, tag="", place="", codes=_rest(one, 2))
                found.append(Acknowledged(outcome, "", code, group, kind, control, tuple(errors)))
            case "AK9":
                of_group = _TRANSACTION_OUTCOMES.get(one.get(1), Outcome.REJECTED)
                group_errors = list(_error(one, group, "", tag="", place="", codes=_rest(one, 5)))
            case _:
                pass
    return (Acknowledged(of_group, "", code, group, errors=tuple(group_errors)), *found)


def read_receipt(receipt: Segment) -> Acknowledged:
    """What a TA1 says of an interchange."""
    outcome = _TRANSACTION_OUTCOMES.get(receipt.get(4), Outcome.REJECTED)
    note = receipt.get(5)
    errors = [] if note in ("", NO_ERROR) else list(_error(receipt, "", "", tag="", place="", codes=[note]))
    return Acknowledged(outcome, receipt.get(1), errors=tuple(errors))


def _segments_in_error(flaws: Sequence[Flaw], *, is_999: bool, version: str) -> Iterator[Segment]:
    """AK3 or IK3 of each segment that is wrong, and AK4 or IK4 of each of its elements."""
    inner = [one for one in flaws if one.tag and not _is_of_header(one)]
    inner.sort(key=lambda one: (one.place, one.tag))
    for (place, tag), of_segment in groupby(inner, key=lambda one: (one.place, one.tag)):
        listed = list(of_segment)
        for one in listed:
            if one.code in SEGMENT_CODES:
                yield segment("IK3" if is_999 else "AK3", tag, str(place), one.loop, SEGMENT_CODES[one.code])
        elements = [one for one in listed if one.code not in SEGMENT_CODES]
        if elements:
            yield segment("IK3" if is_999 else "AK3", tag, str(place), elements[0].loop, ELEMENTS_IN_ERROR)
        for one in elements:
            if not one.element:
                continue
            code = ELEMENT_CODES.get(one.code, "7")
            if version < _REPEATS_FROM:
                code = BEFORE_REPETITION.get(one.code, code)
            where = (str(one.element), str(one.component)) if one.component else (str(one.element),)
            yield segment("IK4" if is_999 else "AK4", where, "", code, one.value[:_VALUE_MAX])


def _is_of_header(flaw: Flaw) -> bool:
    """Say whether a flaw is of the ST or SE itself, and so told in the AK5."""
    return flaw.tag in ("ST", "SE")


def _transaction_codes(flaws: Sequence[Flaw]) -> tuple[str, ...]:
    def of(flaw: Flaw) -> str:
        if _is_of_header(flaw) and flaw.code == Fault.ELEMENT_MISSING:
            return "7" if flaw.element == 2 else "6"
        return TRANSACTION_CODES.get(flaw.code, SEGMENTS_IN_ERROR) if _is_of_header(flaw) else SEGMENTS_IN_ERROR

    return _codes(map(of, flaws))


def _codes(codes: Iterator[str]) -> tuple[str, ...]:
    return tuple(sorted({code for code in codes if code}))[:_CODES_MAX]


def _included(enclosing: Sequence[Flaw], received: int) -> str:
    """How many transactions the GE counts."""
    counted = next((one.value for one in enclosing if one.code == Fault.COUNT_DIFFERS), "")
    return counted if counted.isdecimal() and len(counted) <= 6 else str(received)


def _plain(control: str) -> str:
    """A control number; none where something goes by its place for lack of one."""
    return "" if control.startswith("#") else control


def _rest(said: Segment, first: int) -> list[str]:
    return [code for nth in range(first, first + _CODES_MAX) if (code := said.get(nth))]


def _error(said: Segment, group: str, control: str, *, tag: str, place: str, codes: Sequence[str]) -> Iterator[Flaw]:
    meanings = MEANINGS["AK" + said.tag[2:] if said.tag.startswith("IK") else said.tag]
    for code in codes:
        detail = meanings.get(code, "not told further")
        yield Flaw(group, control, _number(place), tag, 0, 0, code, detail, "", said.get(3) if tag else "")


def _element_error(said: Segment, of: Flaw) -> Flaw:
    element, component = _number(said.get(1)), _number(said.get(1, 2))
    detail = MEANINGS["AK4"].get(said.get(3), "not told further")
    return Flaw(
        of.group, of.transaction, of.place, of.tag, element, component, said.get(3), detail, said.get(4), of.loop
    )


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0
