"""What carriers write of parcels is understood: whole interchanges, and each code."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.edi.trading import SHORT_WORK, WORK, known, only_transaction, terms, transaction
from troth.adapters.edi.maps.checkpoints import read_checkpoints
from troth.adapters.edi.segments import Syntax, segment
from troth.adapters.edi.terms import Documents
from troth.adapters.tracking.codes import ESTIMATES, IFTSTA, SILENT, X12_214
from troth.flows.memory.trackers import NamedBy, Reference, ToldCheckpoint
from troth.model.tracking import Proof

SAMPLES = Path(__file__).parent / "samples"
CARRIER = terms(documents=Documents.CARRIER, node=None, carrier="ups")
EUROPEAN = terms(Syntax.EDIFACT, Documents.CARRIER, node=None, carrier="dhl", time_zone="America/New_York")


def read(name: str) -> tuple[ToldCheckpoint, ...]:
    """The checkpoints of a sample, in which nothing is in doubt."""
    spoken = CARRIER if name.startswith("214") else EUROPEAN
    found = read_checkpoints(only_transaction((SAMPLES / name).read_bytes()), spoken, known())
    assert found.flaws == ()
    return found.checkpoints


def at(day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def number(name: str) -> Reference:
    return Reference(NamedBy.NUMBER, name)


def test_a_trucking_line_tells_of_shipments_by_its_numbers_and_by_ours() -> None:
    departed, expected, delivered = read("214-trucks.edi")

    assert departed == ToldCheckpoint(
        "7733421001",
        "handed_over",
        at(24, 0, 10),
        "CHICAGO, IL, US",
        told="AF",
        references=(number("7733421001"), number("5521"), Reference(NamedBy.WORK, WORK)),
    )
    assert (expected.at, expected.estimated_delivery_at) == (None, at(25, 22, 0))
    assert (delivered.status, delivered.at, delivered.place) == ("delivered", at(24, 13, 47), "NEW YORK, NY")
    assert delivered.proof == Proof("A PARK")
    assert delivered.tracking_number == "7733421002"
    assert delivered.references == (
        number("7733421002"),
        number("7733421001"),
        number("5521"),
        Reference(NamedBy.WORK, WORK),
        Reference(NamedBy.ORDER, "W-1001"),
    )


def test_a_parcel_carrier_tells_of_each_parcel() -> None:
    found = read("214-parcels.edi")

    assert [(one.tracking_number, one.status, one.told, one.references) for one in found] == [
        ("1Z999AA10123456784", "out_for_delivery", "X6", ()),
        ("1Z999AA10123456785", "out_for_delivery", "X6", ()),
        ("003400000000000014", "delayed", "SD AF", (Reference(NamedBy.PACKAGE, "003400000000000014"),)),
    ]
    assert {one.at for one in found} == {at(24, 11, 5)}


def test_a_carrier_tells_of_consignments_and_of_the_packages_in_them() -> None:
    delivered, package, *marked = read("iftsta-consignments.edi")

    assert delivered == ToldCheckpoint(
        "JJD000390007",
        "delivered",
        at(24, 13, 47),
        "NEW YORK",
        told="21 52",
        proof=Proof("A PARK"),
        references=(number("JJD000390007"), Reference(NamedBy.WORK, WORK)),
    )
    assert [one.tracking_number for one in (package, *marked)] == ["JJD000390099", "JJD000390101", "JJD000390102"]
    assert package.references == (Reference(NamedBy.PACKAGE, "003400000000000014"),)
    for one in (package, *marked):
        assert (one.status, one.at, one.place) == ("in_transit", at(24, 7, 0), "USCHI")
        assert one.estimated_delivery_at == at(25, 17, 0)


def test_a_carrier_that_knows_only_the_order_tells_of_all_of_it() -> None:
    (one,) = read("iftsta-order.edi")

    assert (one.tracking_number, one.status) == ("", "handed_over")
    assert one.references == (Reference(NamedBy.ORDER, "W-1001"),)


@pytest.mark.parametrize("code", sorted({*X12_214, *ESTIMATES["x12_214"], *SILENT["x12_214"]}))
def test_each_code_of_a_214_is_read_as_a_notice_of_a_carrier_is(code: str) -> None:
    said = transaction(
        "214",
        segment("B10", SHORT_WORK, "", "UPSN"),
        segment("LX", "1"),
        segment("AT7", code, "NS", "", "", "20261124", "1105", "UT"),
    )

    (one,) = read_checkpoints(said, CARRIER, known()).checkpoints

    assert one.status == X12_214.get(code, code.lower())
    assert (one.at is None) is (code in ESTIMATES["x12_214"])
    assert one.references == (Reference(NamedBy.WORK, WORK),)


@pytest.mark.parametrize("code", sorted({*IFTSTA, *SILENT["iftsta"]}))
def test_each_code_of_an_iftsta_is_read_as_a_notice_of_a_carrier_is(code: str) -> None:
    said = transaction("IFTSTA", segment("CNI", "1", "1Z9"), segment("STS", "1", code), version="D.96A")

    (one,) = read_checkpoints(said, EUROPEAN, known()).checkpoints

    assert (one.status, one.tracking_number) == (IFTSTA.get(code, code), "1Z9")


def test_a_status_of_nothing_is_in_doubt_and_so_is_all_of_its_message() -> None:
    said = transaction(
        "IFTSTA",
        segment("CNI", "1", "1Z9"),
        segment("STS", "1", "21"),
        segment("CNI", "2"),
        segment("STS", "1", "21"),
        version="D.96A",
    )

    found = read_checkpoints(said, EUROPEAN, known())

    assert found.checkpoints == ()
    assert [(flaw.tag, flaw.place, flaw.code) for flaw in found.flaws] == [("STS", 5, "value_not_known")]


def test_a_time_that_there_is_not_is_in_doubt() -> None:
    said = transaction(
        "214", segment("B10", "1Z9", "", "UPSN"), segment("AT7", "D1", "NS", "", "", "20261124", "2599", "UT")
    )

    assert [(flaw.tag, flaw.code) for flaw in read_checkpoints(said, CARRIER, known()).flaws] == [
        ("AT7", "date_invalid")
    ]


def test_a_remark_that_does_not_say_who_signed_is_no_proof() -> None:
    said = transaction(
        "214",
        segment("B10", "1Z9", "", "UPSN"),
        segment("AT7", "D1", "NS", "", "", "20261124", "0847", "UT"),
        segment("K1", "LEFT AT DOCK"),
    )

    (one,) = read_checkpoints(said, CARRIER, known()).checkpoints

    assert (one.status, one.proof) == ("delivered", None)
