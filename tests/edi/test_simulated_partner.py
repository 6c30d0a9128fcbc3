"""What is told goes to a partner that plays a warehouse or a vendor, and what it answers is what it meant."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.edi.partner import Ordered, OrderedLine, Parcel, Put, Shipment, SimulatedPartner
from tests.edi.trading import (
    ITEMS,
    WORK,
    interchange,
    known,
    line,
    only_transaction,
    recall,
    terms,
    told,
    work,
)
from tests.examples import examples
from troth.adapters.edi.maps.answers import read_answers
from troth.adapters.edi.maps.release import write_release
from troth.adapters.edi.reading import write_interchange
from troth.adapters.edi.segments import Syntax, Transaction
from troth.adapters.edi.terms import Documents, Terms
from troth.model.barcodes import check_digit
from troth.model.node_answers import AnswerKind, NodeAnswer
from troth.model.node_messages import MessageKind, ToldWork

SPOKEN = [
    terms(syntax, documents, version)
    for syntax, versions in ((Syntax.X12, ("004010", "005010")), (Syntax.EDIFACT, ("D.96A", "D.01B")))
    for version in versions
    for documents in (Documents.WAREHOUSE, Documents.VENDOR)
]
WHY = {"945": "DS", "856": "IB", "DESADV": "OS"}
"""By which code a partner says that nothing of a line is there."""
UNDERSTOOD = {
    MessageKind.RELEASE: "new", MessageKind.TEST: "new", MessageKind.CHANGE: "change", MessageKind.WITHDRAWAL: "cancel",
}  # fmt: skip
GROUPS = {"940": "OW", "850": "PO", "860": "PC", "945": "SW", "856": "SH", "855": "PR", "865": "CA"}


def sent(found: Transaction, spoken: Terms) -> Transaction:
    """A transaction as it is read out of the interchange that it came in."""
    return only_transaction(write_interchange(interchange(found, spoken, GROUPS.get(found.kind, ""))))


def answers(found: Transaction, spoken: Terms, of: ToldWork) -> tuple[NodeAnswer, ...]:
    """What a partner says, in which nothing is in doubt."""
    read = read_answers(sent(found, spoken), spoken, known(of))
    assert read.flaws == ()
    return read.answers


def ships_by(spoken: Terms) -> str:
    """The document by which a partner says what left."""
    if spoken.syntax is Syntax.EDIFACT:
        return "DESADV"
    return "945" if spoken.documents is Documents.WAREHOUSE else "856"


def heard(spoken: Terms, of: ToldWork, kind: MessageKind = MessageKind.RELEASE) -> Ordered:
    """What the partner understands of a message."""
    return SimulatedPartner(spoken).hear(sent(write_release(told(kind, of), spoken, known(of)), spoken))


@pytest.mark.parametrize("spoken", SPOKEN, ids=lambda one: f"{one.version} {one.documents}")
@pytest.mark.parametrize(
    ("kind", "what"), [("release", "new"), ("test", "new"), ("change", "change"), ("withdrawal", "cancel")]
)
def test_a_partner_understands_what_is_to_be_done(spoken: Terms, kind: str, what: str) -> None:
    of = work(line(1, "A-1001", 2, "L-1"), line(2, "A-1002", 1.25)) if what != "cancel" else work()

    assert heard(spoken, of, MessageKind(kind)).what == what


@pytest.mark.parametrize("spoken", SPOKEN, ids=lambda one: f"{one.version} {one.documents}")
def test_a_partner_is_told_to_cancel_what_is_asked_back_as_far_as_it_is(spoken: Terms) -> None:
    some = work(line(1, "A-1001", 3), line(2, "A-1003", 1), recall=recall(line(1, "A-1001", 2)))
    every = work(line(1, "A-1001", 3), recall=recall(line(1, "A-1001", 3)))

    change = heard(spoken, some, MessageKind.RECALL)

    assert (change.what, [(one.reference, one.quantity) for one in change.lines]) == (
        "change",
        [("1", Decimal(1)), ("2", Decimal(1))],
    )
    assert heard(spoken, every, MessageKind.RECALL).what == "cancel"


@st.composite
def works(draw: st.DrawFn) -> ToldWork:
    """Work of one to four lines, each of another line of the order; of some a lot is promised."""
    skus = draw(st.lists(st.sampled_from(sorted(ITEMS)), min_size=1, max_size=4))
    return work(
        *(
            line(
                number,
                sku,
                draw(st.integers(1, 500)) / 100 if sku == "A-1002" else draw(st.integers(1, 6)),
                draw(st.sampled_from(["", "L-1"])),
            )
            for number, sku in enumerate(skus, 1)
        )
    )


@st.composite
def shipments(draw: st.DrawFn, order: Ordered, why: str) -> Shipment:
    """What a partner sends of an order: each line whole, in part or not at all, over one to three packages."""
    count = draw(st.integers(1, 3))
    held: list[list[Put]] = [[] for _ in range(count)]
    short: list[tuple[OrderedLine, str]] = []
    for number, one in enumerate(order.lines):
        is_measured = one.quantity != one.quantity.to_integral_value()
        left = draw(st.sampled_from([one.quantity, one.quantity, Decimal(0), (one.quantity / 2).to_integral_value()]))
        if not left:
            short.append((one, why))
            continue
        parts = draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=1 if is_measured else 3, unique=True))
        for place, of_part in zip(parts, _shares(left, len(parts)), strict=False):
            if of_part:
                serials = (
                    tuple(f"S{number}{place}{nth}" for nth in range(int(of_part))) if one.item[1] == "A-1003" else ()
                )
                held[place].append(Put(one, of_part, draw(st.sampled_from(["", "L-9"])), serials))
    parcels = tuple(
        Parcel(_sscc(place), f"1Z{place:016}", tuple(contents)) for place, contents in enumerate(held) if contents
    )
    return Shipment(order, parcels, tuple(short))


def _shares(units: Decimal, count: int) -> Sequence[Decimal]:
    each = (units / count).to_integral_value() if count > 1 else units
    return [*[each] * (count - 1), units - each * (count - 1)]


def _sscc(place: int) -> str:
    digits = f"00340000000000{place:03}"
    return digits + check_digit(digits)


def meant(shipment: Shipment) -> dict[str, object]:
    """What a shipment says, in the words of its partner: packages, what is in each, and what is short."""
    lots: dict[tuple[str, str], dict[str, Decimal]] = {}
    contents: dict[tuple[str, str], Decimal] = {}
    for parcel in shipment.parcels:
        for put in parcel.contents:
            key = parcel.sscc, put.line.reference
            contents[key] = contents.get(key, Decimal(0)) + put.quantity
            if put.lot:
                of_line = lots.setdefault(key, {})
                of_line[put.lot] = of_line.get(put.lot, Decimal(0)) + put.quantity
    return {
        "packages": {parcel.sscc: (parcel.tracking_number, Decimal("0.907")) for parcel in shipment.parcels},
        "contents": contents,
        "lots": lots,
        "serials": {serial for parcel in shipment.parcels for put in parcel.contents for serial in put.serials},
        "none": {one.reference for one, _ in shipment.short},
        "fewer": {
            one.reference for one in shipment.order.lines if 0 < shipment.sums.get(one.reference, 0) < one.quantity
        },
    }


def understood(found: Sequence[NodeAnswer]) -> dict[str, object]:
    """What answers say, in the same words."""
    packages = [package for answer in found for package in answer.packages]
    lines = [(package.package_id, one) for package in packages for one in package.lines]
    return {
        "packages": {package.package_id: (package.tracking_number, package.weight_kg) for package in packages},
        "contents": {(name, one.line_id): Decimal(one.quantity or 0) for name, one in lines},
        "lots": {
            (name, one.line_id): {lot.lot: Decimal(lot.quantity) for lot in one.lots} for name, one in lines if one.lots
        },
        "serials": {serial for _, one in lines for serial in one.serials},
        "none": {one.line_id for answer in found for one in answer.lines},
        "fewer": {one.line_id for _, one in lines if one.reason},
    }


@pytest.mark.parametrize("spoken", SPOKEN, ids=lambda one: f"{one.version} {one.documents}")
@settings(max_examples=examples(20))
@given(of=works(), data=st.data())
def test_what_a_partner_ships_is_what_it_meant(spoken: Terms, of: ToldWork, data: st.DataObject) -> None:
    order = heard(spoken, of)
    assert [(one.reference, one.quantity, one.lot) for one in order.lines] == [
        (one.line_id, Decimal(str(one.quantity)), one.lot) for one in of.lines
    ]
    shipment = data.draw(shipments(order, WHY[ships_by(spoken)]))

    found = answers(SimulatedPartner(spoken).ship(shipment), spoken, of)

    if not shipment.parcels:
        assert [one.answer for one in found] == [AnswerKind.REJECT]
        assert found[0].lines == ()
        return
    assert understood(found) == meant(shipment)
    assert {one.fulfillment_id for one in found} == {WORK}
    assert [one.answer for one in found] == [AnswerKind.SHORT] * bool(shipment.short) + [AnswerKind.SHIP]
    assert {one.at for one in found} == {shipment.at}
    assert {package.carrier for package in found[-1].packages} == {"ups"}


@pytest.mark.parametrize(
    "spoken", [one for one in SPOKEN if one.documents is Documents.VENDOR], ids=lambda one: one.version
)
@settings(max_examples=examples(20))
@given(of=works(), data=st.data())
def test_what_a_vendor_refuses_is_what_it_meant(spoken: Terms, of: ToldWork, data: st.DataObject) -> None:
    order = heard(spoken, of)
    refused = [
        (one, count)
        for one in order.lines
        if (count := data.draw(st.sampled_from([Decimal(0), one.quantity, min(Decimal(1), one.quantity)])))
    ]

    found = answers(SimulatedPartner(spoken).reply(order, refused), spoken, of)

    if refused == [(one, one.quantity) for one in order.lines]:
        assert [one.answer for one in found] == [AnswerKind.REJECT]
        assert found[0].lines == ()
        return
    assert [one.answer for one in found] == [AnswerKind.REJECT] * bool(refused) + [AnswerKind.ACCEPT]
    assert {one.line_id: Decimal(one.quantity or 0) for answer in found for one in answer.lines} == {
        one.reference: count for one, count in refused
    }
