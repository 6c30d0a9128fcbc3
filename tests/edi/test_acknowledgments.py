"""Acknowledgments as whole interchanges: what we say of what partners send, and what we understand of what they say."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from troth.adapters.edi.acknowledge import acknowledge, read_acknowledgment
from troth.adapters.edi.acknowledge_x12 import GROUP_CODE, read_receipt, write_receipt
from troth.adapters.edi.acknowledged import Acknowledged, Outcome
from troth.adapters.edi.delimiters import EDIFACT_USUAL, X12_USUAL
from troth.adapters.edi.edifact import read_interchanges as read_edifact
from troth.adapters.edi.flaws import Fault, Flaw, ReadInterchange
from troth.adapters.edi.reading import write_interchange
from troth.adapters.edi.segments import Group, Interchange, Segment, Syntax, Transaction, segment
from troth.adapters.edi.x12 import read_interchanges as read_x12
from troth.model.edi_partner import AckForm

GOLDEN = Path(__file__).parent / "golden"
AT = datetime.fromisoformat("2026-11-27T09:20")


def answer(read: ReadInterchange, transactions: tuple[Transaction, ...], version: str) -> Interchange:
    """The interchange in which acknowledgments go back."""
    to = read.interchange
    code = GROUP_CODE if to.syntax is Syntax.X12 else ""
    names = (to.receiver.identification, to.sender.identification, "31", version) if code else ("", "", "", "")
    return Interchange(
        to.syntax,
        to.receiver,
        to.sender,
        "000000031" if code else "31",
        AT,
        False,
        (Group(code, *names, transactions),),
    )


@pytest.mark.parametrize(("form", "version"), [(AckForm.X12_997, "004010"), (AckForm.X12_999, "005010X231A1")])
def test_the_functional_acknowledgment_of_x12_says_of_each_group_and_transaction_what_came_of_it(
    form: AckForm, version: str
) -> None:
    (read,) = read_x12((GOLDEN / "releases.x12").read_bytes()).interchanges

    written = write_interchange(answer(read, acknowledge(read, (), form), version), replace(X12_USUAL, line_end="\n"))

    assert written.decode() == (GOLDEN / f"releases.{form.value}.x12").read_text()


def test_contrl_names_what_is_rejected_and_why() -> None:
    (read,) = read_edifact((GOLDEN / "releases.edi").read_bytes()).interchanges

    transactions = acknowledge(read, (), AckForm.CONTRL)

    written = write_interchange(answer(read, transactions, ""), replace(EDIFACT_USUAL, line_end="\n"))
    assert written.decode() == (GOLDEN / "releases.contrl.edi").read_text()


@pytest.mark.parametrize("form", ["997", "999"])
def test_what_a_partner_acknowledges_is_understood(form: str) -> None:
    (read,) = read_x12((GOLDEN / f"releases.{form}.x12").read_bytes()).interchanges

    first, second = map(read_acknowledgment, read.interchange.groups[0].transactions)

    assert read.flaws == ()
    assert [(one.outcome, one.code, one.group, one.transaction) for one in first] == [
        (Outcome.PARTLY, "OW", "4711", ""),
        (Outcome.ACCEPTED, "OW", "4711", "0001"),
        (Outcome.REJECTED, "OW", "4711", "0002"),
        (Outcome.REJECTED, "OW", "4711", "0003"),
    ]
    assert [error.detail for one in first for error in one.errors] == [
        "number of segments differs", "control numbers differ",
    ]  # fmt: skip
    assert [(one.outcome, [error.detail for error in one.errors]) for one in second] == [
        (Outcome.NOTED, ["number of transaction sets differs"]),
        (Outcome.ACCEPTED, []),
    ]


def test_what_a_contrl_says_is_understood() -> None:
    (read,) = read_edifact((GOLDEN / "releases.contrl.edi").read_bytes()).interchanges

    found = read_acknowledgment(read.interchange.groups[0].transactions[0])

    assert found == (
        Acknowledged(Outcome.ACCEPTED, "4711"),
        Acknowledged(
            Outcome.REJECTED, "4711", kind="INSDES", transaction="2",
            errors=(Flaw("", "2", 0, "UNT", 1, 0, "29", "count does not match"),),
        ),
    )  # fmt: skip


MAPPING_FLAWS = (
    Flaw("4711", "0001", 2, "W05", 2, 0, Fault.VALUE_NOT_KNOWN, "is no work of ours", "O-1001-F1"),
    Flaw("4711", "0001", 7, "W04", 2, 0, Fault.TOO_LONG, "", "X" * 120, "LX"),
    Flaw("4711", "0001", 7, "W04", 0, 0, Fault.SEGMENT_TOO_OFTEN, "", "", "LX"),
    Flaw("4711", "0001", 9, "W76", 0, 0, Fault.SEGMENT_MISSING, ""),
)


def test_each_segment_and_element_that_is_wrong_is_told_and_heard_with_its_place() -> None:
    (read,) = read_x12((GOLDEN / "releases.x12").read_bytes()).interchanges

    first = acknowledge(read, MAPPING_FLAWS, AckForm.X12_997)[0]

    assert first.segments[1:9] == (
        segment("AK2", "940", "0001", ""),
        segment("AK3", "W05", "2", "", "8"),
        segment("AK4", ("2",), "", "7", "O-1001-F1"),
        segment("AK3", "W04", "7", "LX", "5"),
        segment("AK3", "W04", "7", "LX", "8"),
        segment("AK4", ("2",), "", "5", "X" * 99),
        segment("AK3", "W76", "9", "", "3"),
        segment("AK5", "R", "5"),
    )
    (heard,) = [one for one in read_acknowledgment(first) if one.transaction == "0001"]
    assert [(one.place, one.tag, one.element, one.code, one.detail, one.loop) for one in heard.errors] == [
        (2, "W05", 2, "7", "invalid code", ""),
        (7, "W04", 0, "5", "segment occurs too often", "LX"),
        (7, "W04", 2, "5", "too long", "LX"),
        (9, "W76", 0, "3", "mandatory segment missing", ""),
        (0, "", 0, "5", "segments in error", ""),
    ]


def test_what_is_only_noted_is_accepted_with_errors() -> None:
    (read,) = read_x12((GOLDEN / "releases.x12").read_bytes()).interchanges

    first = acknowledge(read, MAPPING_FLAWS[1:2], AckForm.X12_997)[0]

    assert [one.get(1) for one in first.segments if one.tag == "AK5"] == ["E", "R", "R"]


def test_contrl_counts_elements_from_the_tag_on() -> None:
    (read,) = read_edifact((GOLDEN / "releases.edi").read_bytes()).interchanges
    flaws = (
        Flaw("", "1", 2, "BGM", 2, 1, Fault.TOO_LONG, "", "X" * 36),
        Flaw("", "1", 3, "LIN", 0, 0, Fault.SEGMENT_MISSING, ""),
    )
    rejected = Flaw("", "1", 2, "BGM", 3, 0, Fault.VALUE_NOT_KNOWN, "", "77")

    (contrl,) = acknowledge(read, (*flaws, rejected), AckForm.CONTRL)

    assert contrl.segments[1:6] == (
        segment("UCM", "1", ("INSDES", "D", "96A", "UN", "EAN001"), "4"),
        segment("UCS", "2", ""),
        segment("UCD", "39", ("3", "1")),
        segment("UCD", "12", ("4",)),
        segment("UCS", "3", "13"),
    )
    (heard,) = [one for one in read_acknowledgment(contrl) if one.transaction == "1"]
    assert [(one.place, one.element, one.component, one.code) for one in heard.errors] == [
        (2, 2, 1, "39"), (2, 3, 0, "12"), (3, 0, 0, "13"),
    ]  # fmt: skip


def test_a_receipt_says_what_came_of_the_envelope() -> None:
    content = (GOLDEN / "releases.x12").read_bytes()
    (read,) = read_x12(content).interchanges
    (cut,) = read_x12(content[:-30]).interchanges
    again = Flaw("", "", 0, "ISA", 13, 0, Fault.DUPLICATE, "", "000004711")

    receipts = [write_receipt(read), write_receipt(cut), write_receipt(read, (again,))]

    assert receipts == [
        segment("TA1", "000004711", "261127", "0915", "A", "000"),
        segment("TA1", "000004711", "261127", "0915", "R", "023"),
        segment("TA1", "000004711", "261127", "0915", "R", "025"),
    ]
    assert [(one.outcome, [error.detail for error in one.errors]) for one in map(read_receipt, receipts)] == [
        (Outcome.ACCEPTED, []),
        (Outcome.REJECTED, ["breaks off"]),
        (Outcome.REJECTED, ["duplicate control number"]),
    ]


def test_an_acknowledgment_is_not_acknowledged() -> None:
    (read,) = read_x12((GOLDEN / "releases.997.x12").read_bytes()).interchanges
    (contrl,) = read_edifact((GOLDEN / "releases.contrl.edi").read_bytes()).interchanges

    assert acknowledge(read, (), AckForm.X12_997) == ()
    assert acknowledge(contrl, (), AckForm.CONTRL) == ()
    assert acknowledge(contrl, (), AckForm.NONE) == ()
    assert read_acknowledgment(Transaction("940", "004010", "0001", (Segment("W05"),))) == ()
