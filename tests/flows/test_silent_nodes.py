"""Nodes that do not answer by when they have to: found, said once, counted, and settled by what a person chooses."""

from collections.abc import AsyncIterator
from datetime import time, timedelta

import pytest

from tests.builders import Clock, accepted, item, node, set_up, stock
from tests.conftest import Database
from tests.flows.telling_nodes import PARTNER, answer, inbox, kinds, partner, released, said, stored, tell
from troth.flows.door.system import System, open_system
from troth.flows.exceptions.fixing import Fixed, apply_fix
from troth.flows.exceptions.looking import Looked, look
from troth.flows.exceptions.workbench import Filters, count_open, find_open
from troth.flows.memory.node_work import learn_work
from troth.flows.nodes.messages import acknowledge_messages
from troth.flows.nodes.silence import note_silence
from troth.flows.records.node_performance import read_performance
from troth.model.commands import AcceptWork
from troth.model.exceptions import ExceptionKind, OpenException
from troth.model.fix import FixKind
from troth.model.network import Calendar
from troth.model.node_answers import AnswerKind
from troth.model.node_link import NodeLink, Reach
from troth.store.events import read_subject_events

OFFICE = Calendar(weekdays=(0, 1, 2, 3, 4), opens=time(9), closes=time(17))
LINK = NodeLink(Reach.API, acknowledge_minutes=60, ship_minutes=240, contact="Ben Ode, +1 717 555 0100")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    own = partner(link=LINK, calendar=OFFICE, processing_hours=6.0)
    await set_up(database.pool, nodes=(own, node("DC-CA")), items=(item("A"),))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "3PL-1"): 50, ("A", "DC-CA"): 50})
        yield opened


async def silent(system: System) -> list[OpenException]:
    found = await find_open(system, Filters(kinds=frozenset({ExceptionKind.SILENT_NODE})))
    counted = (await count_open(system))[ExceptionKind.SILENT_NODE]
    assert counted.count == len([one for one, _ in found.items if one.mark.snoozed_until is None])
    return [one for one, _ in found.items]


async def looked(system: System, found: OpenException) -> Looked:
    seen = await look(system, found, role="operator", actor="user/ann")
    assert isinstance(seen, Looked)
    return seen


async def apply(system: System, found: OpenException, kind: FixKind) -> None:
    fix = next(one for one in (await looked(system, found)).fixes if one.kind is kind)
    done = await apply_fix(
        system, found.exception_id, fix.fix_id, version=fix.version, reason="", actor="user/ann", role="operator"
    )
    assert isinstance(done, Fixed)


async def test_a_release_that_is_not_acknowledged_in_the_nodes_hours_is_an_exception_until_it_is(
    system: System, clock: Clock
) -> None:
    await released(system, clock)  # at half past ten in New York
    clock.advance(minutes=59)
    assert await silent(system) == []
    clock.advance(minutes=2)
    (found,) = await silent(system)
    assert (found.node, found.detail) == (PARTNER, "not acknowledged in its time")
    await acknowledge_messages(system, PARTNER, through=1, numbers=(), actor="key/3pl")
    assert await silent(system) == []
    clock.advance(hours=3, minutes=1)
    assert [one.detail for one in await silent(system)] == ["not shipped in its time"]


async def test_a_node_never_has_less_time_than_was_said(system: System, clock: Clock) -> None:
    clock.advance(seconds=50)
    await released(system, clock)
    (told,) = await inbox(system)
    clock.advance(minutes=59, seconds=59)
    assert await silent(system) == []
    clock.advance(seconds=12)
    assert [one.detail for one in await silent(system)] == ["not acknowledged in its time"]
    by = told.told.acknowledge_by
    assert by is not None
    assert timedelta(hours=1) <= by - told.told.at < timedelta(hours=1, minutes=1)


async def test_who_accepts_has_acknowledged_whichever_way_it_is_said(system: System, clock: Clock) -> None:
    one, other = await released(system, clock), await released(system, clock, "W-2")
    accepted(await system.door.one(AcceptWork(one.fulfillments[0].fulfillment_id), actor="key/3pl"))
    await answer(system, said(AnswerKind.ACCEPT, other.fulfillments[0].fulfillment_id))
    clock.advance(minutes=62)
    assert await silent(system) == []


async def test_hours_in_which_the_node_is_closed_do_not_count(system: System, clock: Clock) -> None:
    clock.advance(hours=6)
    await released(system, clock)  # at half past four in New York: half an hour is left of the day
    clock.advance(hours=16)
    assert await silent(system) == []
    clock.advance(hours=1, minutes=2)
    assert len(await silent(system)) == 1


async def test_silence_is_said_once_and_counted_of_the_node(system: System, clock: Clock) -> None:
    order = await released(system, clock)
    assert await note_silence(system) == 0
    clock.advance(minutes=61)
    assert [await note_silence(system) for _ in range(2)] == [1, 0]
    async with system.pool.acquire() as connection:
        told = [one.kind for one in await read_subject_events(connection, order.order_id)]
    assert told.count("NodeSilent") == 1
    await learn_work(system.pool, system.door.reference.network)
    (found,) = await read_performance(system, 7, node=PARTNER)
    assert (found.tally.silent, found.tally.rejected) == (1, 0)


async def test_of_work_that_is_over_no_answer_is_awaited_any_more(system: System, clock: Clock) -> None:
    done, still_open = await released(system, clock), await released(system, clock, "W-2")
    for order in (done, still_open):
        await answer(system, said(AnswerKind.ACCEPT, order.fulfillments[0].fulfillment_id))
    await answer(system, said(AnswerKind.SHIP, done.fulfillments[0].fulfillment_id))
    clock.advance(hours=4, minutes=1)

    assert await note_silence(system) == 1

    awaited = await system.pool.fetch("SELECT order_id FROM node_works WHERE ship_within IS NOT NULL")
    assert [row["order_id"] for row in awaited] == [still_open.order_id]
    assert [one.order_id for one in await silent(system)] == [still_open.order_id]


async def test_a_reminder_sends_it_again_and_gives_the_node_its_time(system: System, clock: Clock) -> None:
    await released(system, clock)
    clock.advance(minutes=61)
    (found,) = await silent(system)
    fixes = (await looked(system, found)).fixes
    assert [fix.kind for fix in fixes][:3] == [FixKind.RE_SOURCE, FixKind.CHASE, FixKind.REMIND]
    assert next(fix.detail for fix in fixes if fix.kind is FixKind.CHASE).startswith("Ben Ode, +1 717 555 0100")
    await apply(system, found, FixKind.REMIND)
    assert await silent(system) == []
    assert [(one.told.number, one.told.repeats) for one in await inbox(system)] == [(1, None), (2, 1)]
    clock.advance(minutes=61)
    assert len(await silent(system)) == 1


async def test_what_is_moved_elsewhere_is_withdrawn_from_the_silent_node(system: System, clock: Clock) -> None:
    order = await released(system, clock)
    clock.advance(minutes=61)
    (found,) = await silent(system)
    await apply(system, found, FixKind.RE_SOURCE)
    await tell(system)
    assert (await silent(system), await kinds(system)) == ([], ["release", "withdrawal"])
    assert [work.node for work in (await stored(system, order.order_id)).fulfillments] == ["3PL-1", "DC-CA"]


async def test_who_called_the_node_is_not_called_for_four_hours(system: System, clock: Clock) -> None:
    await released(system, clock)
    clock.advance(minutes=61)
    (found,) = await silent(system)
    await apply(system, found, FixKind.CHASE)
    kinds_ = frozenset({ExceptionKind.SILENT_NODE})
    assert (await find_open(system, Filters(kinds=kinds_))).items == ()
    later = await find_open(system, Filters(kinds=kinds_), system.door.now() + timedelta(hours=4, minutes=1))
    assert len(later.items) == 1


async def test_what_had_to_leave_by_then_is_late_and_not_told_twice(system: System, clock: Clock) -> None:
    order = await released(system, clock)
    clock.now = order.fulfillments[0].ship_by + timedelta(minutes=1)
    assert await silent(system) == []
    late = await find_open(system, Filters(kinds=frozenset({ExceptionKind.LATE_WORK})))
    assert len(late.items) == 1
