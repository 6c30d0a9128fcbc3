"""What partners write is understood: whole interchanges, as each of them writes."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.edi.trading import AT, WORK, known, line, only_transaction, recall, terms, work
from troth.adapters.edi.maps.answers import ReadAnswers, read_answers
from troth.adapters.edi.segments import Syntax
from troth.adapters.edi.terms import Documents, Terms
from troth.model.ids import LineId
from troth.model.node_answers import AnsweredLine, AnsweredLot, AnsweredPackage, AnswerKind, NodeAnswer
from troth.model.node_messages import ToldWork

SAMPLES = Path(__file__).parent / "samples"
WAREHOUSE = terms()
VENDOR = terms(documents=Documents.VENDOR)
EDIFACT = terms(Syntax.EDIFACT, Documents.VENDOR)
OF_THREE = work(line(1, "A-1001", 2), line(2, "A-1002", 1.25), line(3, "A-1003", 3))


def read(name: str, spoken: Terms, of: ToldWork = OF_THREE) -> ReadAnswers:
    """What a sample says of some work."""
    return read_answers(only_transaction((SAMPLES / name).read_bytes()), spoken, known(of))


def said(kind: AnswerKind, *lines: AnsweredLine, **more: object) -> NodeAnswer:
    """An answer about the work."""
    return NodeAnswer(kind, WORK, lines=lines, **more)  # type: ignore[arg-type]


def of(number: int, quantity: int | Decimal, reason: str = "", **more: object) -> AnsweredLine:
    """Units of a line."""
    return AnsweredLine(LineId(str(number)), quantity, reason, **more)  # type: ignore[arg-type]


def test_a_warehouse_ships_cartons_and_says_what_is_short() -> None:
    told = work(line(1, "A-1001", 2), line(3, "A-1003", 3), line(4, "A-1002", 4.0))

    found = read("945-cartons.edi", WAREHOUSE, told)

    assert found.flaws == ()
    shipped_at = AT.replace(hour=21, minute=55)
    assert found.answers == (
        said(AnswerKind.SHORT, of(4, 4, "canceled"), at=shipped_at),
        said(
            AnswerKind.SHIP,
            packages=(
                AnsweredPackage(
                    "003400000000000014",
                    (of(1, 2, lots=(AnsweredLot("LOT-77", 2),)), of(3, 1, "not_found", serials=("SN-0001",))),
                    "ups",
                    "standard",
                    "1Z999AA10123456784",
                    Decimal("2.495"),
                ),
            ),
            at=shipped_at,
        ),
    )


def test_a_warehouse_without_marks_ships_one_parcel_and_a_day_without_a_time_is_its_noon() -> None:
    found = read("945-one-parcel.edi", WAREHOUSE, work(line(1, "A-1001", 24), line(2, "A-1002", 1.25)))

    assert found.flaws == ()
    assert found.answers == (
        said(
            AnswerKind.SHIP,
            packages=(
                AnsweredPackage(
                    "1",
                    (of(1, 24), of(2, Decimal("1.25"))),
                    "usps",
                    "PRIORITY",
                    "9405511899223344556677",
                    Decimal("4.200"),
                ),
            ),
            at=AT.replace(day=22, hour=17),
        ),
    )


def test_a_day_without_a_time_that_is_today_counts_as_now() -> None:
    found = read("945-no-exceptions.edi", terms(version="005010"))

    assert found.flaws == ()
    assert found.answers == (
        said(AnswerKind.SHIP, packages=(AnsweredPackage("1", (), "old_dominion", "", "1Z999AA10123456785"),)),
    )


def test_a_vendor_takes_lines_on_refuses_some_and_has_fewer_of_others() -> None:
    found = read("855-mixed.edi", VENDOR)

    assert found.flaws == ()
    assert found.answers == (
        said(AnswerKind.REJECT, of(2, Decimal("1.25"), "refused"), of(3, 2, "backordered"), reason="refused"),
        said(AnswerKind.ACCEPT),
    )


def test_a_vendor_ships_packs_with_what_is_in_each() -> None:
    found = read("856-packs.edi", VENDOR, work(line(1, "A-1001", 2), line(3, "A-1003", 1)))

    assert found.flaws == ()
    first = (of(1, 1, lots=(AnsweredLot("LOT-77", 1),)), of(3, 1, serials=("SN-0001",)))
    assert found.answers == (
        said(
            AnswerKind.SHIP,
            packages=(
                AnsweredPackage("003400000000000014", first, "fedex", "standard", "799012345678", Decimal("3.200")),
                AnsweredPackage(
                    "003400000000000021", (of(1, 1),), "fedex", "standard", "799012345679", Decimal("1.500")
                ),
            ),
            at=AT.replace(hour=22, minute=40),
        ),
    )


def test_a_case_is_as_many_pieces_as_the_item_says_and_packs_below_an_item_say_no_contents() -> None:
    found = read("856-cases.edi", VENDOR, work(line(1, "A-1001", 24)))

    assert found.flaws == ()
    assert found.answers == (
        said(
            AnswerKind.SHIP,
            packages=(
                AnsweredPackage("1Z999AA10123456790", (), "ups", "ND", "1Z999AA10123456790"),
                AnsweredPackage("1Z999AA10123456791", (), "ups", "ND", "1Z999AA10123456791"),
            ),
            at=AT.replace(hour=9, minute=30),
        ),
    )


def test_a_despatch_advice_says_packages_weights_lots_serials_and_what_is_short() -> None:
    found = read("desadv-eancom.edi", EDIFACT, work(line(1, "A-1001", 2), line(3, "A-1003", 3)))

    assert found.flaws == ()
    assert found.answers == (
        said(
            AnswerKind.SHIP,
            packages=(
                AnsweredPackage(
                    "003400000000000014",
                    (of(1, 2, lots=(AnsweredLot("LOT-77", 2),)),),
                    "DHL FREIGHT",
                    "",
                    "JJD000390007",
                    Decimal("3.200"),
                ),
                AnsweredPackage(
                    "003400000000000021",
                    (of(3, 1, "out_of_stock", serials=("SN-0001",)),),
                    "DHL FREIGHT",
                    "",
                    "003400000000000021",
                    Decimal("1.100"),
                ),
            ),
            at=AT.replace(hour=21, minute=40),
        ),
    )


def test_an_order_response_answers_line_by_line() -> None:
    found = read("ordrsp-lines.edi", EDIFACT)

    assert found.flaws == ()
    assert found.answers == (
        said(AnswerKind.REJECT, of(2, Decimal("1.25"), "refused"), of(3, 2, "refused"), reason="refused"),
        said(AnswerKind.ACCEPT),
    )


def test_an_order_response_without_lines_takes_all_of_it_on() -> None:
    assert read("ordrsp-accepted.edi", EDIFACT) == ReadAnswers((said(AnswerKind.ACCEPT),))


def test_what_a_vendor_is_asked_for_it_keeps_or_gives_back() -> None:
    asked = work(line(1, "A-1001", 2), recall=recall(line(1, "A-1001", 1)))

    assert read("865-kept.edi", VENDOR, asked).answers == (said(AnswerKind.KEEP, reason="refused"),)
    assert read("ordrsp-accepted.edi", EDIFACT, asked).answers == (said(AnswerKind.GIVE_BACK),)


def test_a_change_that_a_vendor_refuses_is_for_a_person() -> None:
    found = read("865-kept.edi", VENDOR)

    assert found.answers == ()
    assert [(flaw.tag, flaw.code) for flaw in found.flaws] == [("BCA", "value_contradicts")]


ANSWERS = {
    "945-cartons.edi": WAREHOUSE, "945-one-parcel.edi": WAREHOUSE, "855-mixed.edi": VENDOR, "856-packs.edi": VENDOR,
    "desadv-eancom.edi": EDIFACT, "ordrsp-lines.edi": EDIFACT,
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_about_work_that_was_never_told_is_a_flaw(name: str) -> None:
    found = read_answers(only_transaction((SAMPLES / name).read_bytes()), ANSWERS[name], known(works={}))

    assert found.answers == ()
    assert [flaw.code for flaw in found.flaws] == ["value_not_known"]
