"""Of an order of which anything is in doubt nothing is said, but where the doubt is."""

import pytest

from tests.edi.trading import (
    CABLE,
    ITEMS,
    LAMP,
    SHORT_WORK,
    WORK,
    known,
    line,
    recall,
    terms,
    told,
    transaction,
    work,
)
from troth.adapters.edi.maps.answers import read_answers
from troth.adapters.edi.maps.named import find_named
from troth.adapters.edi.maps.release import write_release
from troth.adapters.edi.segments import Segment, Syntax, segment
from troth.adapters.edi.terms import Documents, Known
from troth.model.ids import FulfillmentId, LineId, Sku
from troth.model.item import Item
from troth.model.node_answers import AnsweredLine, AnswerKind, NodeAnswer
from troth.model.node_messages import MessageKind, ToldWork

TWICE = work(line(1, "A-1001", 2), line(2, "A-1001", 1))
KIT = work(line(1, "A-1001", 2), line(1, "A-1003", 4))
KITS = {WORK: {LineId("1"): ((Sku("A-1001"), 1), (Sku("A-1003"), 2))}}


def shipped(*lines: Segment, reporting: str = "F", number: str = SHORT_WORK) -> tuple[Segment, ...]:
    """A 945 of one parcel."""
    return (
        segment("W06", reporting, number, "20261123"),
        segment("G62", "11", "20261123", "8", "1655", "ET"),
        segment("N9", "2I", "1Z9"),
        *(one for place, of_line in enumerate(lines, 1) for one in (segment("LX", str(place)), of_line)),
    )


def w12(quantity: str, *codes: str, unit: str = "EA", status: str = "CC", ordered: str = "") -> Segment:
    return segment("W12", status, ordered, quantity, "", unit, "", *codes)


def bak(kind: str) -> Segment:
    return segment("BAK", "00", kind, SHORT_WORK, "20261123")


def doubts(*segments: Segment, of: ToldWork | None = None, about: Known | None = None) -> list[tuple[str, str, str]]:
    """What is in doubt: where, which fault, and why; nothing is answered."""
    read = read_answers(transaction("945", *segments), terms(), about or known(of))
    assert read.answers == ()
    return [(flaw.tag, flaw.code, flaw.detail) for flaw in read.flaws]


def answered(*segments: Segment, of: ToldWork | None = None, about: Known | None = None) -> tuple[NodeAnswer, ...]:
    """What is answered, in which nothing is in doubt."""
    read = read_answers(transaction("945", *segments), terms(), about or known(of))
    assert read.flaws == ()
    return read.answers


def lines_of(answer: NodeAnswer) -> list[tuple[str, object]]:
    return [(one.line_id, one.quantity) for package in answer.packages for one in package.lines]


def test_an_item_in_several_lines_needs_its_line() -> None:
    assert doubts(*shipped(w12("2", "VN", "A-1001")), of=TWICE) == [
        ("W12", "value_not_known", "A-1001 is in several lines, and its line is not said")
    ]
    assert lines_of(answered(*shipped(w12("1", "VN", "A-1001")), segment("N9", "LI", "2"), of=TWICE)[0]) == [("2", 1)]


def test_an_item_of_another_line_than_the_one_that_is_said_contradicts_it() -> None:
    of = work(line(1, "A-1001"), line(2, "A-1003"))

    assert doubts(*shipped(w12("2", "VN", "A-1003")), segment("N9", "LI", "1"), of=of) == [
        ("W12", "value_contradicts", "line 1 is of A-1001, and not of A-1003")
    ]


def test_an_item_that_nobody_asked_for_is_in_no_line() -> None:
    assert doubts(*shipped(w12("2", "VN", "B-1"))) == [("W12", "value_not_known", f"B-1 is in no line of {WORK}")]


def test_what_is_not_there_of_an_item_that_is_no_longer_asked_for_means_nothing() -> None:
    found = answered(*shipped(w12("2", "VN", "A-1001"), w12("0", "VN", "A-1003")))

    assert [(one.answer, lines_of(one)) for one in found] == [(AnswerKind.SHIP, [("1", 2)])]


def test_a_package_of_which_nobody_knows_how_much_it_has_is_in_doubt() -> None:
    assert doubts(*shipped(w12("2", "VN", "A-1003", unit="CA")), of=work(line(1, "A-1003"))) == [
        ("W12", "value_not_known", "it is not known how many of A-1003 are in one CA")
    ]
    assert lines_of(answered(*shipped(w12("2", "VN", "A-1001", unit="CA")), of=work(line(1, "A-1001", 24)))[0]) == [
        ("1", 24)
    ]


def test_half_a_piece_is_none() -> None:
    assert doubts(*shipped(w12("1.5", "VN", "A-1001"))) == [
        ("W12", "number_invalid", "is no whole number, and A-1001 is sold by the piece")
    ]


def test_more_than_was_told_is_in_doubt() -> None:
    assert doubts(*shipped(w12("3", "VN", "A-1001"))) == [
        ("W06", "value_contradicts", "3 of A-1001 are said of line 1, which has 2")
    ]


def test_two_orders_in_one_answer_are_in_doubt() -> None:
    other = "26SR2YAV7FYG310C5Q3V2"
    first, *rest = shipped(w12("2", "VN", "A-1001"))

    assert doubts(first, segment("N9", "DO", other), *rest) == [
        ("N9", "value_contradicts", f"names another order than {WORK}")
    ]


def test_an_answer_that_names_no_order_is_in_doubt() -> None:
    assert doubts(*shipped(w12("2", "VN", "A-1001"), number="4711")) == [
        ("W06", "value_not_known", "names no order that was sent to this partner")
    ]


def test_our_number_and_the_partners_may_be_the_same_and_the_qualifier_says_whose_it_is() -> None:
    ours = Item(Sku("X77"), "Bulb")
    of = work(line(1, "A-1001", 2), line(2, "X77", 1))
    about = known(of, items={**ITEMS, ours.sku: ours})

    found = answered(*shipped(w12("2", "SK", "X77"), w12("1", "VN", "X77")), of=of, about=about)

    assert lines_of(found[0]) == [("1", 2), ("2", 1)]
    assert LAMP.attributes["acme_number"] == "X77"


def test_only_exceptions_are_said_and_the_rest_left() -> None:
    of = work(line(1, "A-1001", 2), line(2, "A-1003", 3))

    found = answered(*shipped(w12("1", "VN", "A-1003", status="BO"), reporting="X"), of=of)

    assert [one.answer for one in found] == [AnswerKind.SHORT, AnswerKind.SHIP]
    assert found[0].lines == (AnsweredLine(LineId("2"), 2, "backordered"),)
    (package,) = found[1].packages
    assert (package.package_id, package.lines, package.tracking_number) == ("1", (), "1Z9")


@pytest.mark.parametrize("reporting", ["N", "F", ""])
def test_lines_that_are_said_count_whatever_the_head_says_of_them(reporting: str) -> None:
    of = work(line(1, "A-1001", 2), line(2, "A-1003", 3))

    (found,) = answered(*shipped(w12("2", "VN", "A-1001"), w12("1", "VN", "A-1003"), reporting=reporting), of=of)

    assert [(line.line_id, line.quantity) for line in found.packages[0].lines] == [("1", 2), ("2", 1)]


def test_several_packages_in_one_loop_are_known_and_their_contents_not() -> None:
    marks = (segment("MAN", "CP", "1Z1"), segment("MAN", "CP", "1Z2"))
    head = shipped(w12("2", "VN", "A-1001"))

    found = answered(*head[:4], *marks, head[4])

    assert [(package.package_id, package.lines) for package in found[0].packages] == [("1Z1", ()), ("1Z2", ())]


def test_lots_in_packages_whose_contents_are_not_said_are_in_doubt() -> None:
    marks = (segment("MAN", "CP", "1Z1"), segment("MAN", "CP", "1Z2"))
    head = shipped(w12("2", "VN", "A-1001"))

    assert doubts(*head[:4], *marks, head[4], segment("N9", "LT", "L-1")) == [
        ("W06", "value_not_known", "lots and serials are said, and not in which package they are")
    ]


def test_components_that_leave_are_kits() -> None:
    told_kits = known(KIT, kits=KITS)
    one = shipped(w12("1", "VN", "A-1001"), w12("2", "VN", "A-1003"))

    assert lines_of(answered(*one, about=told_kits)[0]) == [("1", 1)]
    assert lines_of(answered(*shipped(w12("2", "VN", "A-1001"), w12("4", "VN", "A-1003")), of=KIT)[0]) == [("1", None)]
    assert doubts(*shipped(w12("1", "VN", "A-1001"), w12("3", "VN", "A-1003")), about=told_kits) == [
        ("W06", "value_contradicts", "line 1 is a kit, and its components make up no whole kits")
    ]


def test_what_is_asked_back_and_does_not_leave_is_given_back() -> None:
    of = work(line(1, "A-1001", 2), line(2, "A-1003", 1), recall=recall(line(1, "A-1001", 1)))

    found = answered(*shipped(w12("1", "VN", "A-1001"), w12("1", "VN", "A-1003")), of=of)

    assert [(one.answer, one.lines, lines_of(one)) for one in found] == [
        (AnswerKind.GIVE_BACK, (), []),
        (AnswerKind.SHIP, (), [("1", 1), ("2", 1)]),
    ]


def test_an_order_that_is_asked_back_and_of_which_nothing_leaves_is_given_back() -> None:
    of = work(line(1, "A-1001", 2), recall=recall(line(1, "A-1001", 2)))

    found = answered(*shipped(w12("0", "VN", "A-1001", status="CU")), of=of)

    assert [(one.answer, one.lines, one.reason) for one in found] == [(AnswerKind.GIVE_BACK, (), "canceled")]


def test_a_vendor_that_says_nothing_of_a_line_leaves_it_in_doubt() -> None:
    spoken = terms(documents=Documents.VENDOR)
    of = work(line(1, "A-1001", 2), line(2, "A-1003", 1))
    answer = transaction("855", bak("AC"), segment("PO1", "1", "2", "EA"), segment("ACK", "IA", "2", "EA"))

    read = read_answers(answer, spoken, known(of))

    assert read.answers == ()
    assert [(flaw.code, flaw.detail) for flaw in read.flaws] == [("segment_missing", "nothing is said of A-1003")]


WHOLE = {
    "AK": AnswerKind.ACCEPT, "AE": AnswerKind.ACCEPT, "AH": AnswerKind.ACKNOWLEDGE, "RJ": AnswerKind.REJECT,
}  # fmt: skip


@pytest.mark.parametrize("kind", WHOLE)
def test_a_vendor_answers_an_order_as_a_whole(kind: str) -> None:
    read = read_answers(transaction("855", bak(kind)), terms(documents=Documents.VENDOR), known())

    assert read.flaws == ()
    assert [one.answer for one in read.answers] == [WHOLE[kind]]


def test_the_work_that_a_transaction_may_be_about_is_found_before_it_is_read() -> None:
    more = segment("N9", "DO", "O-1-F2"), segment("N9", "CO", "W-1")

    found = find_named(transaction("945", *shipped(w12("2", "VN", "A-1001")), *more))

    assert found == {WORK, FulfillmentId("O-1-F2")}


def test_a_kit_that_is_asked_back_is_its_components_where_it_is_known_what_is_in_it() -> None:
    of = work(line(1, "A-1001", 2), line(1, "A-1003", 4), recall=recall(line(1, "KIT", 1)))

    left = write_release(told(MessageKind.RECALL, of), terms(), known(of, kits=KITS))
    unknown = write_release(told(MessageKind.RECALL, of), terms(), known(of))

    assert [one.get(1) for one in left.segments if one.tag in ("W05", "W01")] == ["R", "1", "2"]
    assert [one.get(1) for one in unknown.segments if one.tag in ("W05", "W01")] == ["R", "2", "4"]


def test_lines_of_which_two_have_one_number_are_counted_and_named_as_well() -> None:
    spoken = terms(documents=Documents.VENDOR)

    written = write_release(told(of=KIT), spoken, known(KIT))

    told_lines = [one for one in written.segments if one.tag == "PO1" or one.get(1) == "LI"]
    assert [(one.tag, one.get(1), one.get(2)) for one in told_lines] == [
        ("PO1", "1", "2"), ("REF", "LI", "1"), ("PO1", "2", "4"), ("REF", "LI", "1"),
    ]  # fmt: skip


def test_a_time_that_there_is_not_is_in_doubt() -> None:
    segments = shipped(w12("2", "VN", "A-1001"))

    assert doubts(segments[0], segment("G62", "11", "20261323", "8", "1655", "ET"), *segments[2:]) == [
        ("G62", "date_invalid", "is no time: a date, a time of day and where its clock hangs")
    ]


def test_quantities_by_measure_are_exact() -> None:
    of = work(line(1, "A-1002", 1.25))
    spoken = terms(Syntax.EDIFACT)

    (quantity,) = [one for one in write_release(told(of=of), spoken, known(of)).segments if one.tag == "QTY"]

    assert quantity.get(1, 2) == "1.25"
    assert CABLE.decimals == 2
