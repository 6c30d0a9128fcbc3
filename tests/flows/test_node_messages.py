"""Nodes with systems of their own are told of their work: once, in order, and of what becomes of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import time, timedelta

import pytest

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from tests.flows.telling_nodes import PARTNER, answer, inbox, kinds, of_line, partner, released, said, stored, tell
from troth.flows.door.system import System, open_system
from troth.flows.nodes.answers import TOGETHER_MAX, Fate
from troth.flows.nodes.messages import Acknowledged, acknowledge_messages, read_inbox
from troth.flows.nodes.say import send_again, send_test
from troth.flows.nodes.tell import tell_nodes
from troth.flows.orders.due import act_on_due
from troth.flows.records.configure import set_node
from troth.model.commands import CancelOrder, LineQuantity, RecallWork, RejectWork, ReleaseOrder
from troth.model.ids import LineId, OrderId, fulfillment_id
from troth.model.lifecycle import AllocationState
from troth.model.network import Calendar
from troth.model.node_answers import AnsweredLine, AnsweredLot, AnsweredPackage, AnswerKind, NodeAnswer
from troth.model.node_link import NodeLink, Reach
from troth.model.node_messages import MessageKind
from troth.model.recall import RecallKind
from troth.model.refusals import Invalid, NotFound, NotPossibleNow, WorkWithdrawn
from troth.model.status import fulfillment_status
from troth.store.events import read_subject_events
from troth.store.node_messages import Message


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(partner(), node("DC-CA")), items=(item("A"), item("B")))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "3PL-1"): 50, ("A", "DC-CA"): 50, ("B", "3PL-1"): 50})
        yield opened


async def test_a_release_is_told_once_with_everything_that_it_takes_to_send_it(system: System, clock: Clock) -> None:
    order = await released(system, clock)
    await tell(system)
    (message,) = await inbox(system)
    work = message.told.work
    assert (message.told.number, message.told.kind, message.acknowledged_at) == (1, MessageKind.RELEASE, None)
    assert (work.fulfillment_id, work.external_id) == (order.fulfillments[0].fulfillment_id, "W-1")
    assert [(one.line_id, one.sku, one.name, one.quantity) for one in work.lines] == [("1", "A", "Item A", 2)]
    assert work.ship_to is not None
    assert (work.ship_to.line1, work.customer_name) == ("1 Main St", "Ada Park")


async def test_nodes_without_a_link_are_told_nothing(system: System, clock: Clock) -> None:
    order = accepted(await system.door.one(capture("W-1", {"A": 51}), actor="web"))
    assert {work.node for work in order.fulfillments} == {"3PL-1", "DC-CA"}
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    await tell(system)
    rows = await system.pool.fetch("SELECT DISTINCT node FROM node_messages")
    assert [row["node"] for row in rows] == ["3PL-1"]


async def test_messages_are_numbered_without_gaps_also_by_workers_side_by_side(
    system: System, clock: Clock, database: Database
) -> None:
    for number in range(20):
        order = accepted(await system.door.one(capture(f"W-{number}", {"A": 1}), actor="web"))
        accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    async with open_system(database.dsn, clock=Clock(clock.now)) as other:
        for _ in range(12):
            await asyncio.gather(
                tell_nodes(system, limit=7), tell_nodes(other, limit=7), send_test(other, PARTNER, actor="test")
            )
    await tell(system)
    found = await inbox(system)
    assert [message.told.number for message in found] == list(range(1, len(found) + 1))
    works = [message.told.work.external_id for message in found if message.told.kind is MessageKind.RELEASE]
    assert sorted(works) == sorted(f"W-{number}" for number in range(20))


async def test_what_is_canceled_or_taken_away_is_withdrawn_and_late_answers_are_refused_with_a_clear_word(
    system: System, clock: Clock
) -> None:
    order = await released(system, clock)
    (work,) = order.fulfillments
    accepted(await system.door.one(RejectWork(work.fulfillment_id, "not_accepted"), actor="clock"))
    await tell(system)
    withdrawn = (await inbox(system))[-1].told
    assert (withdrawn.kind, withdrawn.reason, withdrawn.work.lines) == (MessageKind.WITHDRAWAL, "not_accepted", ())
    moved = await stored(system, order.order_id)
    assert [one.node for one in moved.fulfillments] == ["3PL-1", "DC-CA"]

    for kind in (AnswerKind.ACCEPT, AnswerKind.SHORT, AnswerKind.SHIP):
        packages = (AnsweredPackage("1", (AnsweredLine(LineId("1"), 2),)),) if kind is AnswerKind.SHIP else ()
        lines = (of_line(1, 1),) if kind is AnswerKind.SHORT else ()
        (taken,) = await answer(system, said(kind, work.fulfillment_id, *lines, packages=packages))
        assert taken.fate is Fate.REFUSED
        assert taken.refusal == WorkWithdrawn(work.fulfillment_id, PARTNER, "rejected")
    assert (await stored(system, order.order_id)).version == moved.version


async def test_a_partial_cancelation_tells_what_is_left(system: System, clock: Clock) -> None:
    order = await released(system, clock, A=3)
    (work,) = order.fulfillments
    recall = RecallWork(work.fulfillment_id, RecallKind.CANCEL, "too many", (LineQuantity(LineId("1"), 1),))
    accepted(await system.door.one(recall, actor="desk"))
    await tell(system)
    told = (await inbox(system))[-1].told
    assert (told.kind, [line.quantity for line in told.work.lines]) == (MessageKind.CHANGE, [2])


async def test_work_that_is_asked_back_is_told_with_until_when_and_given_back_by_an_answer(
    system: System, clock: Clock
) -> None:
    order = await released(system, clock)
    (work,) = order.fulfillments
    await answer(system, said(AnswerKind.SHORT, work.fulfillment_id, of_line(1, 0)))
    accepted(await system.door.one(RecallWork(work.fulfillment_id, RecallKind.CANCEL, "not wanted"), actor="desk"))
    await tell(system)
    asked = (await inbox(system))[-1].told
    assert asked.kind is MessageKind.RECALL
    assert asked.work.recall is not None
    assert asked.work.recall.answer_by - clock.now == pytest.approx(timedelta(minutes=30), abs=timedelta(seconds=1))
    (taken,) = await answer(system, said(AnswerKind.GIVE_BACK, work.fulfillment_id))
    assert taken.fate is Fate.DONE
    assert (await stored(system, order.order_id)).canceled_at is not None


async def test_a_node_is_not_told_what_it_has_said_itself(system: System, clock: Clock) -> None:
    order = await released(system, clock, A=3)
    name = order.fulfillments[0].fulfillment_id
    taken = await answer(
        system,
        said(AnswerKind.ACCEPT, name),
        said(AnswerKind.REJECT, name, of_line(1, 1, "damaged")),
        said(AnswerKind.SHORT, name, of_line(1, 1)),
    )
    assert [one.fate for one in taken] == [Fate.DONE] * 3
    await tell(system)
    assert await kinds(system) == ["release"]


async def test_a_node_that_gets_a_link_is_told_of_the_work_that_it_has(system: System, clock: Clock) -> None:
    order = accepted(await system.door.one(capture("W-1", {"A": 51}), actor="web"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    await tell(system)
    await set_node(system, node("DC-CA", link=NodeLink(Reach.API)), actor="test")
    await tell(system)
    other = next(work for work in order.fulfillments if work.node == "DC-CA")
    assert [message.told.work.fulfillment_id for message in await inbox(system, other.node)] == [other.fulfillment_id]


async def test_what_is_acknowledged_is_so_once_and_asked_for_no_more(system: System, clock: Clock) -> None:
    for number in range(3):
        await released(system, clock, f"W-{number}")
    done = [
        await acknowledge_messages(system, PARTNER, through=1, numbers=(3,), actor="key/3pl"),
        await acknowledge_messages(system, PARTNER, through=1, numbers=(3,), actor="key/other"),
    ]
    assert done == [Acknowledged(2, 1), Acknowledged(0, 1)]
    assert [message.acknowledged_by for message in await inbox(system)] == ["key/3pl", None, "key/3pl"]
    assert [message.told.number for message in await inbox(system, after=None)] == [2, 3]
    assert await acknowledge_messages(system, PARTNER, through=3, numbers=(), actor="key/3pl") == Acknowledged(1, 3)
    assert await inbox(system, after=None) == []
    nothing = await acknowledge_messages(system, PARTNER, through=0, numbers=(), actor="key/3pl")
    assert isinstance(nothing, Invalid)


async def test_who_waits_gets_the_next_message_as_soon_as_it_is_there(system: System, clock: Clock) -> None:
    waiting = asyncio.create_task(read_inbox(system, PARTNER, after=0, limit=10, wait_seconds=20))
    await released(system, clock)
    found = await waiting
    assert not isinstance(found, NotFound)
    assert ([message.told.number for message in found.messages], found.last) == ([1], 1)


async def test_a_whole_life_by_answers_with_packages_lots_and_tracking(system: System, clock: Clock) -> None:
    order = await released(system, clock, A=3)
    name = order.fulfillments[0].fulfillment_id
    shipped = NodeAnswer(
        AnswerKind.SHIP,
        name,
        packages=(
            AnsweredPackage("P1", (AnsweredLine(LineId("1"), 2),), "ups", "ground", "1Z1"),
            AnsweredPackage("P2", (AnsweredLine(LineId("1"), 1),), "ups", "ground", "1Z2"),
        ),
    )
    taken = await answer(system, NodeAnswer(AnswerKind.ACKNOWLEDGE, message=1), said(AnswerKind.ACCEPT, name), shipped)
    assert [one.fate for one in taken] == [Fate.DONE] * 3
    (work,) = (await stored(system, order.order_id)).fulfillments
    assert [(one.package_id, one.tracking_number, one.lines[0].quantity) for one in work.packages] == [
        ("P1", "1Z1", 2),
        ("P2", "1Z2", 1),
    ]
    tracked = [
        NodeAnswer(AnswerKind.TRACK, tracking_number=number, status="delivered", carrier="ups", at=clock.now)
        for number in ("1Z1", "1Z2")
    ]
    assert [one.fate for one in await answer(system, *tracked)] == [Fate.DONE] * 2
    after = await stored(system, order.order_id)
    assert fulfillment_status(after, name) is AllocationState.DELIVERED

    again = await answer(system, said(AnswerKind.ACCEPT, name), shipped, *tracked)
    assert [one.fate for one in again] == [Fate.KNOWN] * 4
    assert (await stored(system, order.order_id)).version == after.version


async def test_a_parcel_is_sent_and_tracked_by_its_number_in_one_call(system: System, clock: Clock) -> None:
    order = await released(system, clock)
    name = order.fulfillments[0].fulfillment_id
    sent = NodeAnswer(AnswerKind.SHIP, name, packages=(AnsweredPackage("1", tracking_number="1Z1"),))
    came = NodeAnswer(AnswerKind.TRACK, tracking_number="1Z1", status="delivered", carrier="ups", at=clock.now)
    taken = await answer(system, said(AnswerKind.ACCEPT, name), sent, came)
    assert [one.fate for one in taken] == [Fate.DONE] * 3
    assert fulfillment_status(await stored(system, order.order_id), name) is AllocationState.DELIVERED


async def test_an_answer_that_is_put_otherwise_the_second_time_is_known_where_it_says_the_same(
    system: System, clock: Clock
) -> None:
    order = await released(system, clock)
    name = order.fulfillments[0].fulfillment_id
    package = AnsweredPackage("1", tracking_number="1Z1")
    await answer(system, NodeAnswer(AnswerKind.SHIP, name, packages=(package,), at=clock.now))
    later = NodeAnswer(AnswerKind.SHIP, name, packages=(package,), at=clock.now + timedelta(minutes=1))
    other = NodeAnswer(AnswerKind.SHIP, name, packages=(AnsweredPackage("1", tracking_number="1Z9"),))
    accept = said(AnswerKind.ACCEPT, name, at=clock.now)
    assert [one.fate for one in await answer(system, later, other, accept)] == [Fate.KNOWN, Fate.REFUSED, Fate.KNOWN]


async def test_fewer_units_are_shipped_only_with_a_reason_and_the_rest_is_sourced_again(
    system: System, clock: Clock
) -> None:
    order = await released(system, clock, A=3)
    name = order.fulfillments[0].fulfillment_id

    def fewer(reason: str) -> NodeAnswer:
        packages = (AnsweredPackage("1", (AnsweredLine(LineId("1"), 2, reason),), tracking_number="1Z1"),)
        return NodeAnswer(AnswerKind.SHIP, name, packages=packages)

    (taken,) = await answer(system, fewer(""))
    assert isinstance(taken.refusal, Invalid)
    assert (await stored(system, order.order_id)).version == order.version
    assert [one.fate for one in await answer(system, fewer("damaged"))] == [Fate.DONE]
    after = await stored(system, order.order_id)
    units = [(part.node, part.quantity, part.state.value) for part in after.allocations if part.state != "split"]
    assert sorted(units) == [("3PL-1", 1, "short"), ("3PL-1", 2, "shipped"), ("DC-CA", 1, "reserved")]


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"answer": AnswerKind.REJECT}, "/reason"),
        ({"answer": AnswerKind.SHORT}, "/lines"),
        ({"answer": AnswerKind.SHORT, "lines": (of_line(9, 1),)}, "/lines/0/line_id"),
        ({"answer": AnswerKind.SHORT, "lines": (of_line(1, 3),)}, "/lines/0/quantity"),
        ({"answer": AnswerKind.TRACK, "tracking_number": "1Z1"}, "/status"),
        ({"answer": AnswerKind.KEEP}, "/reason"),
    ],
)
async def test_what_cannot_be_done_is_named_and_nothing_is_written(
    system: System, clock: Clock, given: dict[str, object], pointer: str
) -> None:
    order = await released(system, clock)
    (taken,) = await answer(system, NodeAnswer(fulfillment_id=order.fulfillments[0].fulfillment_id, **given))  # type: ignore[arg-type]
    assert isinstance(taken.refusal, Invalid)
    assert [flaw.pointer for flaw in taken.refusal.flaws] == [pointer]
    assert (await stored(system, order.order_id)).version == order.version


async def test_a_hundred_answers_in_one_call_are_each_done_once_in_the_order_of_their_work_beside_one_that_is_refused(
    system: System, clock: Clock
) -> None:
    captures = [capture(f"W-{number}", {"AB"[number % 2]: 1}) for number in range(TOGETHER_MAX + 6)]
    orders = await asyncio.gather(*(system.door.one(one, actor="web") for one in captures))
    clock.advance(minutes=30)
    assert await act_on_due(system, system.door.now(), limit=100) == len(orders)
    await tell(system)
    works = [accepted(order).fulfillments[0].fulfillment_id for order in orders]
    accepts = [said(AnswerKind.ACCEPT, name) for name in works]
    ships = [said(AnswerKind.SHIP, name, packages=(AnsweredPackage("1", tracking_number=name),)) for name in works]
    given = [*accepts, said(AnswerKind.ACCEPT, fulfillment_id(OrderId("ord_none"), 1)), *ships]
    both = await asyncio.gather(answer(system, *given), answer(system, *given))
    for taken in both:
        assert [one.index for one in taken] == list(range(len(given)))
        assert [one.index for one in taken if one.fate is Fate.REFUSED] == [len(works)]
    for name, order in zip(works, orders, strict=True):
        shipped = await stored(system, accepted(order).order_id)
        assert fulfillment_status(shipped, name) is AllocationState.SHIPPED
        async with system.pool.acquire() as connection:
            written = [event.kind for event in await read_subject_events(connection, shipped.order_id)]
        assert written == ["OrderCaptured", "OrderReleased", "FulfillmentAccepted", "FulfillmentShipped"]
    assert {message.acknowledged_by for message in await inbox(system)} == {"node/3PL-1"}
    assert {one.fate for one in await answer(system, *accepts, *ships)} == {Fate.KNOWN}


async def test_a_node_answers_for_no_other(system: System, clock: Clock) -> None:
    order = await released(system, clock)
    name = order.fulfillments[0].fulfillment_id
    (taken,) = await answer(system, said(AnswerKind.ACCEPT, name), name=node("DC-CA").node)
    assert taken.refusal == NotFound("fulfillment", name)
    lot = AnsweredLine(LineId("1"), 2, lots=(AnsweredLot("L-9", 2),))
    (wrong,) = await answer(system, NodeAnswer(AnswerKind.SHIP, name, packages=(AnsweredPackage("1", (lot,)),)))
    assert isinstance(wrong.refusal, Invalid)
    assert (await stored(system, order.order_id)).version == order.version


async def test_a_test_is_told_and_answered_and_nothing_else_comes_of_it(system: System, clock: Clock) -> None:
    sent = await send_test(system, PARTNER, actor="user/ann")
    assert isinstance(sent, Message)
    (message,) = await inbox(system)
    assert (message.told.kind, message.told.work.fulfillment_id) == (MessageKind.TEST, "TEST-1")
    fates = [one.fate for one in await answer(system, said(AnswerKind.ACCEPT, message.told.work.fulfillment_id))]
    assert fates == [Fate.DONE]
    assert (await inbox(system))[0].acknowledged_by == "node/3PL-1"
    assert isinstance(await send_test(system, node("DC-CA").node, actor="user/ann"), Invalid)
    assert isinstance(await send_test(system, node("DC-XX").node, actor="user/ann"), NotFound)


async def test_a_release_is_sent_again_and_has_its_time_anew(system: System, clock: Clock) -> None:
    office = Calendar(weekdays=(0, 1, 2, 3, 4), opens=time(9), closes=time(17))
    link = NodeLink(Reach.API, acknowledge_minutes=60)
    await set_node(system, partner(link=link, calendar=office), actor="test")
    order = await released(system, clock)
    name = order.fulfillments[0].fulfillment_id
    first = (await inbox(system))[0].told
    clock.advance(hours=6)  # half past four in New York
    again = await send_again(system, name, actor="user/ann")
    assert isinstance(again, Message)
    assert (again.told.number, again.told.repeats, again.told.work) == (2, 1, first.work)
    due = [one.told.acknowledge_by for one in await inbox(system)]  # at a whole minute, and never sooner than said
    assert [None if at is None else at.isoformat(timespec="minutes") for at in due] == [
        "2026-11-23T16:31+00:00",
        "2026-11-24T14:31+00:00",
    ]
    await answer(system, NodeAnswer(AnswerKind.SHIP, name, packages=()))
    assert isinstance(await send_again(system, name, actor="user/ann"), NotPossibleNow)


async def test_a_canceled_order_that_was_never_released_tells_nobody(system: System, clock: Clock) -> None:
    order = accepted(await system.door.one(capture("W-1", {"A": 1}), actor="web"))
    accepted(await system.door.one(CancelOrder(order.order_id, "changed my mind"), actor="web"))
    clock.advance(hours=1)
    await act_on_due(system, system.door.now(), limit=10)
    await tell(system)
    assert await inbox(system) == []
