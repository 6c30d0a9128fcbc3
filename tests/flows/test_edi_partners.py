"""Trading partners: each message to a node goes out once, and what they send is done once, each part for itself."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders import Clock, item, set_up, stock
from tests.conftest import Database
from tests.flows.telling_nodes import inbox, released, stored
from tests.flows.trading_partners import (
    TONGUE,
    OtherSide,
    acknowledged,
    agree,
    edi_node,
    edi_partner,
    shipped,
    x12,
)
from troth.flows.door.system import System, open_system
from troth.flows.edi.receive import take_again, take_left
from troth.flows.edi.send import write_told
from troth.flows.exceptions.workbench import Filters, count_open, find_open
from troth.flows.nodes.files import Exchanged, Place
from troth.flows.nodes.say import send_again
from troth.model.edi_interchange import Direction, Fate, InterchangeState, StoredInterchange
from troth.model.edi_partner import AckForm, Documents, Party, Syntax, Usage
from troth.model.exceptions import ExceptionKind, OpenException
from troth.model.ids import FulfillmentId
from troth.model.lifecycle import AllocationState
from troth.model.order import Order
from troth.model.refusals import Invalid
from troth.model.status import fulfillment_status
from troth.store.edi_interchanges import count_overdue
from troth.store.node_messages import Message


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(edi_node(),), items=(item("A"), item("B")))
    async with open_system(database.dsn, clock=clock, tongue=TONGUE) as opened:
        await agree(opened, edi_partner(acknowledge_minutes=60, owed_minutes=15))
        await stock(opened, {("A", "3PL-1"): 50, ("B", "3PL-1"): 50})
        yield opened


@pytest.fixture
def other(system: System, tmp_path: Path) -> OtherSide:
    return OtherSide(system, tmp_path)


async def open_of(system: System, kind: ExceptionKind) -> list[OpenException]:
    """The exceptions of a kind, which are as many as are counted."""
    found = await find_open(system, Filters(kinds=frozenset({kind})))
    counted = (await count_open(system)).get(kind)
    assert (0 if counted is None else counted.count) == len(found.items)
    return [one for one, _ in found.items]


async def refused(system: System) -> list[OpenException]:
    return await open_of(system, ExceptionKind.MESSAGE_REFUSED)


def status(order: Order) -> AllocationState:
    return fulfillment_status(order, order.fulfillments[0].fulfillment_id)


async def test_a_release_lies_in_the_folder_once_and_a_997_acknowledges_it(
    system: System, clock: Clock, other: OtherSide
) -> None:
    await released(system, clock)
    assert await other.exchange() == Exchanged(written=1)
    assert other.names(Place.OUT) == ["000000001-940.x12"]
    text = other.read(Place.OUT, "000000001-940.x12")
    assert text.startswith("ISA*00*          *00*          *ZZ*TROTH          *ZZ*3PLEAST        *")
    assert "GS*OW*TROTH*3PLEAST*" in text
    assert await other.exchange() == Exchanged()

    other.put("ack.x12", x12("FA", acknowledged(1, "A")))
    assert await other.exchange() == Exchanged(read=1)
    (sent,) = await other.sent()
    assert (sent.state, sent.acknowledged_at is None) == (InterchangeState.ACCEPTED, False)
    assert [(one.acknowledged_by, one.refused_why) for one in await inbox(system)] == [("edi/3PL-EAST", "")]
    assert other.names(Place.TAKEN) == ["ack.x12"]
    (came,) = await other.sent(Direction.IN)
    assert (came.state, came.acknowledge_by) == (InterchangeState.TAKEN, None)  # nobody acknowledges acknowledgments


async def test_a_945_ships_the_work_is_acknowledged_and_does_nothing_the_second_time(
    system: System, clock: Clock, other: OtherSide
) -> None:
    order = await released(system, clock)
    await other.exchange()
    said = x12("SW", shipped(order.fulfillments[0].fulfillment_id))
    other.put("945.x12", said)
    await other.exchange()
    order = await stored(system, order.order_id)
    assert (status(order), order.fulfillments[0].packages[0].tracking_number) == (AllocationState.SHIPPED, "1Z1")
    await other.exchange()
    assert other.names(Place.OUT) == ["000000001-940.x12", "000000002-997.x12"]
    assert "AK2*945*0001~AK5*A~AK9*A*1*1*1~" in other.read(Place.OUT, "000000002-997.x12").replace("\n", "")

    other.put("945-again.x12", said)
    await other.exchange()
    (came,) = await other.sent(Direction.IN)
    assert (came.state, came.times) == (InterchangeState.TAKEN, 2)
    assert [(one.fate, [result.fate for result in one.results]) for one in came.report.transactions] == [
        (Fate.DONE, [Fate.DONE])
    ]
    assert [(one.control, one.times) for one in await other.sent()] == [("000000001", 1), ("000000002", 2)]


async def test_what_a_997_rejects_is_an_exception_with_the_reason_until_it_is_told_again(
    system: System, clock: Clock, other: OtherSide
) -> None:
    await released(system, clock)
    await released(system, clock, "W-2")
    await other.exchange()
    await other.send(x12("FA", acknowledged(1, "A", "R")))
    (sent,) = await other.sent()
    assert (sent.state, [one.fate for one in sent.report.transactions]) == (
        InterchangeState.PARTLY,
        [Fate.DONE, Fate.REFUSED],
    )
    (found,) = await refused(system)
    assert found.detail == "the release was refused: N4 at 7, element 3: too long (100181234567890123)"
    accepted_one, refused_one = await inbox(system)
    assert (accepted_one.acknowledged_by, refused_one.acknowledged_by) == ("edi/3PL-EAST", None)

    sent_again = await send_again(system, refused_one.told.work.fulfillment_id, actor="user/ann")
    assert isinstance(sent_again, Message)
    assert await refused(system) == []
    await other.exchange()
    assert other.names(Place.OUT) == ["000000001-940.x12", "000000002-940.x12"]


async def test_a_release_that_nobody_acknowledges_in_the_partners_time_makes_its_node_silent(
    system: System, clock: Clock, other: OtherSide
) -> None:
    await released(system, clock)
    await other.exchange()
    clock.advance(minutes=59)
    assert await open_of(system, ExceptionKind.SILENT_NODE) == []
    clock.advance(minutes=2)
    (found,) = await open_of(system, ExceptionKind.SILENT_NODE)
    (sent,) = await other.sent()
    assert (found.detail, sent.is_overdue(clock.now)) == ("not acknowledged in its time", True)
    async with system.pool.acquire() as connection:
        assert await count_overdue(connection, clock.now) == {("3PL-EAST", Direction.OUT): 1}
    await other.send(x12("FA", acknowledged(1, "A")))
    assert await open_of(system, ExceptionKind.SILENT_NODE) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sender": Party("OTHER", "ZZ")}, "its sender is ZZ OTHER, and ZZ 3PLEAST was agreed"),
        ({"receiver": Party("OTHER", "ZZ")}, "its receiver is ZZ OTHER, and we are ZZ TROTH"),
        ({"usage": "T"}, "it is a test, and production was agreed"),
    ],
)
async def test_what_is_not_from_the_partner_for_us_and_meant_is_refused_and_kept(
    system: System, clock: Clock, other: OtherSide, changes: Any, told: str
) -> None:
    order = await released(system, clock)
    said = x12("SW", shipped(order.fulfillments[0].fulfillment_id), **changes)
    other.put("wrong.x12", said)
    await other.exchange()
    (came,) = await other.sent(Direction.IN)
    assert (came.state, came.content.decode(), came.why_refused) == (InterchangeState.REFUSED, said, (told,))
    assert other.names(Place.REFUSED) == ["wrong.x12", "wrong.x12.why.txt"]
    assert other.read(Place.REFUSED, "wrong.x12.why.txt") == f"{told}\n"
    assert status(await stored(system, order.order_id)) is AllocationState.RELEASED
    assert len(await other.sent()) == 1


async def test_half_a_file_and_no_interchange_at_all_are_refused_and_kept(
    system: System, clock: Clock, other: OtherSide
) -> None:
    order = await released(system, clock)
    said = x12("SW", shipped(order.fulfillments[0].fulfillment_id))
    half, nothing = await other.send(said[: len(said) // 2]), await other.send("hello")
    whole = await other.send(said)
    assert (half.is_refused, nothing.is_refused, whole.is_refused) == (True, True, False)
    assert [one.content.decode() for one in await other.sent(Direction.IN)] == [said[: len(said) // 2], "hello", said]
    assert status(await stored(system, order.order_id)) is AllocationState.SHIPPED


async def test_a_flaw_in_one_transaction_costs_no_other_and_is_acknowledged_with_its_place(
    system: System, clock: Clock, other: OtherSide
) -> None:
    order = await released(system, clock)
    good, bad = shipped(order.fulfillments[0].fulfillment_id), shipped(FulfillmentId("O-0000000000000000000A-F1"))
    await other.send(x12("SW", bad, good))
    (came,) = await other.sent(Direction.IN)
    assert came.state is InterchangeState.PARTLY
    assert [one.fate for one in came.report.transactions] == [Fate.REFUSED, Fate.DONE]
    (flaw,) = came.report.transactions[0].flaws
    assert (flaw.place, flaw.tag) == (2, "W06")
    assert status(await stored(system, order.order_id)) is AllocationState.SHIPPED
    await other.exchange()
    said = other.read(Place.OUT, "000000001-997.x12").replace("\n", "")
    assert "AK2*945*0001~AK3*W06*2**8" in said
    assert "AK5*R" in said
    assert "AK2*945*0002~AK5*A" in said


async def test_a_control_number_of_another_content_is_refused_and_its_first_content_stays(
    system: System, clock: Clock, other: OtherSide
) -> None:
    one, two = await released(system, clock), await released(system, clock, "W-2")
    await other.send(x12("SW", shipped(one.fulfillments[0].fulfillment_id)))
    received = await other.send(x12("SW", shipped(two.fulfillments[0].fulfillment_id, "1Z2")))
    assert received.is_refused
    assert received.interchanges[0].why_refused[0].startswith("the control number 000000001 was used on ")
    assert status(await stored(system, two.order_id)) is AllocationState.RELEASED


async def test_an_interchange_that_was_refused_is_done_once_the_partner_is_set_right(
    system: System, clock: Clock, other: OtherSide
) -> None:
    order = await released(system, clock)
    await other.send(x12("SW", shipped(order.fulfillments[0].fulfillment_id), usage="T"))
    again = await take_again(system, TONGUE, other.partner, 1)
    assert isinstance(again, Invalid)
    mended = edi_partner(usage=Usage.TEST)
    await agree(system, mended)
    done = await take_again(system, TONGUE, mended, 1)
    assert isinstance(done, StoredInterchange)
    assert (done.state, done.report.flaws) == (InterchangeState.TAKEN, ())
    assert status(await stored(system, order.order_id)) is AllocationState.SHIPPED


async def test_what_came_and_was_not_done_is_done_later(system: System, clock: Clock, other: OtherSide) -> None:
    order = await released(system, clock)
    await other.send(x12("SW", shipped(order.fulfillments[0].fulfillment_id)))
    await system.pool.execute("UPDATE edi_interchanges SET state = 'received' WHERE direction = 'in'")
    assert await take_left(system, TONGUE) == 0
    clock.advance(minutes=2)
    assert await take_left(system, TONGUE) == 1
    (came,) = await other.sent(Direction.IN)
    assert came.state is InterchangeState.TAKEN
    assert [one.answers for one in await other.sent()] == [1]


async def test_workers_at_once_leave_no_gap_in_the_control_numbers_and_tell_each_message_once(
    system: System, clock: Clock, other: OtherSide
) -> None:
    for number in range(6):
        await released(system, clock, f"W-{number}")
    partner = other.partner
    await asyncio.gather(*(write_told(system, TONGUE, partner, limit=2) for _ in range(8)))
    sent = await other.sent()
    assert [one.number for one in sent] == [1, 2, 3]
    assert [part.message for one in sent for part in one.report.transactions] == [1, 2, 3, 4, 5, 6]


async def test_a_carrier_says_where_parcels_are_and_of_which_it_speaks_that_nobody_knows(
    system: System, clock: Clock, other: OtherSide
) -> None:
    order = await released(system, clock)
    await other.send(x12("SW", shipped(order.fulfillments[0].fulfillment_id, "794612345678")))
    carrier = edi_partner("CARR", documents=Documents.CARRIER, nodes=(), carrier="fedex", folder="")
    await agree(system, carrier)
    at = ["LX*1", "AT7*AF*NS***20261123*0900*LT", "MS1*Columbus*OH*US"]
    moved = "214", ["B10*794612345678*SHP-1*FDEG", *at]
    strange = "214", ["B10*794600000000*SHP-2*FDEG", *at]
    said = OtherSide(system, other.root, carrier)
    (came,) = (await said.send(x12("QM", moved, strange))).interchanges
    assert came.state is InterchangeState.PARTLY
    assert [[(one.about, one.fate) for one in part.results] for part in came.report.transactions] == [
        [("794612345678", Fate.DONE)],
        [("794600000000", Fate.REFUSED)],
    ]
    assert [one.report.transactions[0].kind for one in await said.sent()] == ["997"]


async def test_edifact_says_the_same_and_acknowledges_by_contrl(system: System, clock: Clock, other: OtherSide) -> None:
    edifact = edi_partner(syntax=Syntax.EDIFACT, version="D.96A", acknowledgment=AckForm.CONTRL)
    await agree(system, edifact)
    said = OtherSide(system, other.root, edifact)
    await released(system, clock)
    await said.exchange()
    assert said.names(Place.OUT) == ["000000001-INSDES.edi"]
    head = "UNB+UNOA:1+3PLEAST:ZZ+TROTH:ZZ+261123:1100"
    await said.send(f"{head}+1'UNH+1+CONTRL:D:96A:UN'UCI+1+TROTH:ZZ+3PLEAST:ZZ+7'UNT+3+1'UNZ+1+1'")
    (sent,) = await said.sent()
    assert sent.state is InterchangeState.ACCEPTED
    assert [one.acknowledged_by for one in await inbox(system)] == ["edi/3PL-EAST"]
