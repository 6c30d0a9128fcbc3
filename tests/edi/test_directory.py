"""What partners send is held against the standard: whole interchanges that are right, and whatever can be wrong."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.edi.interchanges import edifact_interchanges, x12_interchanges
from troth.adapters.edi.acknowledge import acknowledge
from troth.adapters.edi.acknowledge_codes import CONTRL_CODES, ELEMENT_CODES, SEGMENT_CODES, TRANSACTION_CODES
from troth.adapters.edi.check import check, check_interchange
from troth.adapters.edi.delimiters import EDIFACT_USUAL, X12_USUAL
from troth.adapters.edi.directory.segments import form_of, is_known
from troth.adapters.edi.directory.sets import Node, set_of
from troth.adapters.edi.flaws import Fault, Flaw, ReadInterchange
from troth.adapters.edi.reading import read_interchanges, write_interchange
from troth.adapters.edi.segments import Interchange, Segment, Syntax, Transaction
from troth.model.edi_partner import AckForm

GOLDEN = Path(__file__).parent / "golden"
RIGHT = [
    "940.x12", "945.x12", "vendor.x12", "orders.x12", "214.x12", "releases.997.x12", "releases.999.x12",
    "node.edi", "carrier.edi", "releases-d01b.edi", "releases.contrl.edi",
]  # fmt: skip
X12_KINDS = ("214", "810", "846", "850", "855", "856", "860", "865", "940", "945", "997", "999")
EDIFACT_KINDS = ("CONTRL", "DESADV", "IFTSTA", "INSDES", "INVOIC", "ORDCHG", "ORDERS", "ORDRSP")


@pytest.mark.parametrize("name", RIGHT)
def test_what_partners_send_is_read_without_a_flaw_and_written_as_it_was(name: str) -> None:
    content = (GOLDEN / name).read_bytes()

    read = read_interchanges(content)

    assert read.flaws == ()
    assert [one.flaws for one in read.interchanges] == [()]
    usual = EDIFACT_USUAL if name.endswith("edi") else X12_USUAL
    assert write_interchange(read.interchanges[0].interchange, replace(usual, line_end="\n")) == content


def x12(text: str, *, kind: str = "945", version: str = "004010") -> Transaction:
    """A transaction set, a segment a line."""
    rows = [row.strip().split("*") for row in text.strip().splitlines()]
    segments = [
        Segment(tag, tuple(tuple(tuple(one.split(">")) for one in element.split("^")) for element in elements), place)
        for place, (tag, *elements) in enumerate(rows, 2)
    ]
    return Transaction(kind, version, "0001", tuple(segments))


ADVICE = """
    W06*F*O-1*20261128
    N1*ST*Ann Example
    N4*Columbus*OH
    LX*1
    W12*CC*2*2*0*EA**VN*A
    N9*LI*1
    W03*2
"""


@pytest.mark.parametrize(
    ("was", "becomes", "place", "tag", "element", "fault", "value"),
    [
        ("LX*1\n", "LX*1\nZ99*1\n", 6, "Z99", 0, Fault.SEGMENT_UNKNOWN, "Z99"),
        ("    W06*F*O-1*20261128\n", "", 2, "W06", 0, Fault.SEGMENT_MISSING, ""),
        ("    W03*2\n", "", 8, "W03", 0, Fault.SEGMENT_MISSING, ""),
        ("N9*LI*1\n", "N9*LI*1\nN4*Dayton\n", 8, "N4", 0, Fault.SEGMENT_OUT_OF_ORDER, "N4"),
        ("W03*2\n", "W03*2\nW03*2\n", 9, "W03", 0, Fault.SEGMENT_TOO_OFTEN, ""),
        ("N4*Columbus*OH\n", "N4*Columbus*OH\nN4*Dayton*OH\n", 5, "N4", 0, Fault.SEGMENT_TOO_OFTEN, ""),
        ("W06*F*", "W06**", 2, "W06", 1, Fault.ELEMENT_MISSING, ""),
        ("W06*F*", "W06*FX*", 2, "W06", 1, Fault.TOO_LONG, "FX"),
        ("N4*Columbus", "N4*C", 4, "N4", 1, Fault.TOO_SHORT, "C"),
        ("*20261128", "*20261131", 2, "W06", 3, Fault.DATE_INVALID, "20261131"),
        ("W12*CC*2*", "W12*CC*two*", 6, "W12", 2, Fault.NUMBER_INVALID, "two"),
        ("LX*1\n", "LX*1.5\n", 5, "LX", 1, Fault.NUMBER_INVALID, "1.5"),
        ("N9*LI*1\n", "N9*LI\n", 7, "N9", 2, Fault.ELEMENT_MISSING_BESIDE, ""),
        ("*VN*A\n", "**A\n", 6, "W12", 7, Fault.ELEMENT_MISSING_BESIDE, ""),
        ("LX*1\n", "LX*1*2\n", 5, "LX", 2, Fault.ELEMENTS_TOO_MANY, "2"),
        ("N9*LI*1\n", "N9*LI*1>2\n", 7, "N9", 2, Fault.COMPONENTS_TOO_MANY, "1:2"),
        ("N9*LI*1\n", "N9*LI*1^2\n", 7, "N9", 2, Fault.REPEATED_TOO_OFTEN, "1 2"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_transaction_set_is_told_with_its_place(
    was: str, becomes: str, place: int, tag: str, element: int, fault: Fault, value: str
) -> None:
    assert check(Syntax.X12, x12(ADVICE)) == ()

    (flaw,) = check(Syntax.X12, x12(ADVICE.replace(was, becomes)))

    found = (flaw.transaction, flaw.place, flaw.tag, flaw.element, flaw.code, flaw.value)
    assert found == ("0001", place, tag, element, fault, value)


@pytest.mark.parametrize(
    ("text", "kind", "element", "fault"),
    [
        ("AK1*OW*1\nAK9*Q*1*1*1", "997", 1, Fault.CODE_INVALID),
        ("B10*1**FDEG\nLX*1\nAT7*X1***\n", "214", 2, Fault.ELEMENT_MISSING_BESIDE),
        ("B10*1**FDEG\nLX*1\nAT7*X1*NS*AA*NS", "214", 3, Fault.ELEMENT_EXCLUDED),
        ("B10*1**FDEG\nLX*1\nAT7*X1*NS***20261128*2460", "214", 6, Fault.TIME_INVALID),
    ],
)
def test_codes_times_and_what_elements_demand_of_each_other_are_checked(
    text: str, kind: str, element: int, fault: Fault
) -> None:
    found = check(Syntax.X12, x12(text, kind=kind))

    assert [(one.element, one.code) for one in found] == [(element, fault)]


def edifact(text: str, *, kind: str = "DESADV", version: str = "D.96A") -> Transaction:
    """A message, a segment a line."""
    rows = [row.strip().split("+") for row in text.strip().splitlines()]
    segments = [
        Segment(tag, tuple((tuple(one.split(":")),) for one in elements), place)
        for place, (tag, *elements) in enumerate(rows, 2)
    ]
    return Transaction(kind, version, "1", tuple(segments))


DESPATCH = """
    BGM+351+S-1+9
    NAD+DP+++Ann
    CPS+1
    LIN+1++A:SA
    QTY+12:2:PCE
"""


@pytest.mark.parametrize(
    ("was", "becomes", "place", "tag", "element", "component", "fault"),
    [
        ("CPS+1\n", "CPS+1\nZZZ+1\n", 5, "ZZZ", 0, 0, Fault.SEGMENT_UNKNOWN),
        ("CPS+1\n", "CPS+1\nTAX+7\n", 5, "TAX", 0, 0, Fault.SEGMENT_NOT_IN_SET),
        ("    BGM+351+S-1+9\n", "", 2, "BGM", 0, 0, Fault.SEGMENT_MISSING),
        ("    CPS+1\n", "", 4, "LIN", 0, 0, Fault.SEGMENT_OUT_OF_ORDER),
        ("QTY+12:2:PCE", "QTY+12:2,5:PCE:1", 6, "QTY", 1, 0, Fault.COMPONENTS_TOO_MANY),
        ("QTY+12:2:PCE", "QTY+12:many:PCE", 6, "QTY", 1, 2, Fault.NUMBER_INVALID),
        ("QTY+12:2:PCE", "QTY+12", 6, "QTY", 1, 2, Fault.ELEMENT_MISSING),
        ("QTY+12:2:PCE", "QTY+12:2:PIECES", 6, "QTY", 1, 3, Fault.TOO_LONG),
        ("CPS+1\n", "CPS\n", 4, "CPS", 1, 0, Fault.ELEMENT_MISSING),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_message_is_told_with_its_place(
    was: str, becomes: str, place: int, tag: str, element: int, component: int, fault: Fault
) -> None:
    assert check(Syntax.EDIFACT, edifact(DESPATCH)) == ()

    found = check(Syntax.EDIFACT, edifact(DESPATCH.replace(was, becomes)))

    first = found[0]
    assert (first.place, first.tag, first.element, first.component, first.code) == (
        place,
        tag,
        element,
        component,
        fault,
    )
    assert len(found) == 1 or fault is Fault.SEGMENT_OUT_OF_ORDER


def test_lengths_are_those_of_the_version() -> None:
    long = "BGM+351+S-1+9\nNAD+DP\nCPS+12345678901234567890"

    assert [one.code for one in check(Syntax.EDIFACT, edifact(long))] == [Fault.TOO_LONG]
    assert check(Syntax.EDIFACT, edifact(long, version="D.01B")) == ()
    advice = ADVICE.replace("N9*LI*1", "N9*LI*" + "1" * 40)
    assert [one.code for one in check(Syntax.X12, x12(advice))] == [Fault.TOO_LONG]
    assert check(Syntax.X12, x12(advice, version="005010")) == ()


def test_a_segment_that_the_standard_has_and_nobody_reads_is_let_through_wherever_it_stands() -> None:
    assert check(Syntax.X12, x12(ADVICE.replace("LX*1\n", "LX*1\nPWK*BM*AnythingAtAll*and*more\n"))) == ()


def test_a_set_that_is_not_read_here_is_not_supported_and_costs_no_other() -> None:
    content = (GOLDEN / "945.x12").read_bytes().replace(b"GE*1*88~", b"ST*944*0002~\nW17*F~\nSE*3*0002~\nGE*2*88~")

    (read,) = read_interchanges(content).interchanges

    assert read.flaws == (
        Flaw("88", "0002", 1, "ST", 1, 0, Fault.KIND_NOT_SUPPORTED, "is no transaction set that is read here", "944"),
    )
    assert [read.is_refused("88", control) for control in ("0001", "0002")] == [False, True]
    (told,) = acknowledge(read, (), AckForm.X12_997)
    assert [[one.get(1), one.get(2)] for one in told.segments if one.tag == "AK5"] == [["A", ""], ["R", "1"]]


def test_a_set_in_a_group_of_another_kind_is_told() -> None:
    content = (GOLDEN / "945.x12").read_bytes().replace(b"GS*SW*", b"GS*OW*")

    (read,) = read_interchanges(content).interchanges

    assert [(one.transaction, one.code) for one in read.flaws] == [("0001", Fault.KIND_NOT_OF_GROUP)]


def test_the_directory_has_the_sets_of_nodes_carriers_and_orders_in_all_their_versions() -> None:
    for syntax, kinds, versions in (
        (Syntax.X12, X12_KINDS, ("004010", "005010")),
        (Syntax.EDIFACT, EDIFACT_KINDS, ("D.96A", "D.01B", "D.97A")),
    ):
        for kind in kinds:
            for version in versions:
                of = set_of(syntax, kind, version)
                assert of is not None
                assert of.kind == kind
                assert [tag for tag in of.tags if not is_known(syntax, tag)] == []
                assert of.nodes[0].is_mandatory


def test_each_segment_that_a_set_begins_with_and_each_of_its_lines_is_listed_with_its_elements() -> None:
    def first(nodes: tuple[Node, ...]) -> list[str]:
        return [nodes[0].tag, *(one.tag for one in nodes if one.inside and one.is_mandatory)]

    for kind in X12_KINDS:
        of = set_of(Syntax.X12, kind, "004010")
        assert of is not None
        assert [tag for tag in first(of.nodes) if form_of(Syntax.X12, "004010", tag) is None] == []


def test_every_fault_of_a_transaction_has_a_code_in_each_acknowledgment() -> None:
    partner = {Fault.SENDER_UNKNOWN, Fault.RECEIVER_WRONG, Fault.TEST_NOT_EXPECTED, Fault.DUPLICATE}
    of_envelope = partner | {Fault.CHARACTER_SET_NOT_SUPPORTED, Fault.NOTHING_INSIDE}

    assert set(Fault) - set(CONTRL_CODES) == set()
    assert set(Fault) - {*SEGMENT_CODES, *ELEMENT_CODES, *TRANSACTION_CODES} == of_envelope


@settings(max_examples=30, deadline=None)
@given(x12_interchanges() | edifact_interchanges(), st.sampled_from([AckForm.X12_997, AckForm.X12_999]))
def test_whatever_is_said_is_checked_and_acknowledged_without_an_exception_in_a_right_form(
    given_: Interchange, form: AckForm
) -> None:
    read = check_interchange(ReadInterchange(given_))

    for told in acknowledge(read, (), form if given_.syntax is Syntax.X12 else AckForm.CONTRL):
        assert [one for one in check(given_.syntax, told) if one.code == Fault.SEGMENT_MISSING] == []
