"""Nodes that are switched off send nothing, say why, and come back by themselves."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.door.system import System, open_system
from troth.flows.records.configure import set_node
from troth.flows.records.node_switch import switch_off, switch_on
from troth.model.events import ConfigurationSet
from troth.model.ids import NodeId
from troth.model.network import SwitchedOff
from troth.model.refusals import Invalid, NotFound, StockShort
from troth.store.configure import find_changes

PA, IL = NodeId("DC-PA"), NodeId("DC-IL")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"), node("DC-IL"), node("DC-CA")), items=(item("A"),))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "DC-PA"): 9, ("A", "DC-IL"): 9})
        yield opened


async def sends(system: System, name: str) -> str:
    order = accepted(await system.door.one(capture(name), actor="test"))
    return order.allocations[0].node


async def changes(system: System) -> list[ConfigurationSet]:
    async with system.pool.acquire() as connection:
        found = await find_changes(connection, limit=100)
    return [one.event for one in found if isinstance(one.event, ConfigurationSet) and one.event.what == "node-switch"]


async def test_a_node_that_is_off_sends_nothing_until_its_time_is_over(system: System, clock: Clock) -> None:
    assert await sends(system, "W-1") == PA
    off = await switch_off(system, PA, reason="no staff", until=clock.now + timedelta(hours=2), actor="ann")
    assert isinstance(off, SwitchedOff)
    assert await sends(system, "W-2") == IL
    clock.advance(hours=1, minutes=59)
    await system.door.follow()
    assert await sends(system, "W-3") == IL
    clock.advance(minutes=2)
    await system.door.follow()
    assert await sends(system, "W-4") == PA


async def test_another_process_hears_of_it_and_of_its_end(system: System, database: Database, clock: Clock) -> None:
    async with open_system(database.dsn, clock=clock) as other:
        await switch_off(system, PA, reason="no staff", until=None, actor="ann")
        await other.door.follow()
        assert await sends(other, "W-1") == IL
        assert await switch_on(system, PA, actor="bob") is True
        await other.door.follow()
        assert await sends(other, "W-2") == PA


async def test_a_node_that_is_set_anew_stays_off(system: System) -> None:
    await switch_off(system, PA, reason="no staff", until=None, actor="ann")
    await set_node(system, replace(node("DC-PA"), name="Harrisburg"), actor="ann")
    assert await sends(system, "W-1") == IL


async def test_who_cannot_be_served_is_told_why_and_until_when(system: System, clock: Clock) -> None:
    until = clock.now + timedelta(hours=2)
    await switch_off(system, PA, reason="flooded", until=until, actor="ann")
    await switch_off(system, IL, reason="flooded too", until=None, actor="ann")
    refused = await system.door.one(capture("W-1"), actor="test")
    assert isinstance(refused, StockShort)
    (short,) = refused.lines
    assert short.reason == "inactive"
    assert "DC-IL is switched off (flooded too)" in short.detail
    assert f"DC-PA is switched off until {until.isoformat()} (flooded)" in short.detail


async def test_each_switch_is_in_the_audit_once_and_since_when_it_was_first_off(system: System, clock: Clock) -> None:
    first = await switch_off(system, PA, reason="no staff", until=None, actor="ann")
    assert await switch_off(system, PA, reason="no staff", until=None, actor="ann") == first
    clock.advance(hours=1)
    again = await switch_off(system, PA, reason="still none", until=None, actor="bob")
    assert isinstance(first, SwitchedOff)
    assert isinstance(again, SwitchedOff)
    assert (again.since, again.by) == (first.since, "bob")
    assert await switch_on(system, PA, actor="bob") is True
    assert await switch_on(system, PA, actor="bob") is False
    done = await changes(system)
    assert [one.after["reason"] if one.after else None for one in done] == [None, "still none", "no staff"]


@pytest.mark.parametrize(
    ("reason", "hours", "pointer"), [(" ", 1, "/reason"), ("x", -1, "/until"), ("x", 9_000, "/until")]
)
async def test_a_switch_without_a_reason_or_into_the_past_is_refused(
    system: System, clock: Clock, reason: str, hours: int, pointer: str
) -> None:
    refused = await switch_off(system, PA, reason=reason, until=clock.now + timedelta(hours=hours), actor="ann")
    assert isinstance(refused, Invalid)
    assert refused.flaws[0].pointer == pointer
    assert await switch_off(system, NodeId("X"), reason="x", until=None, actor="ann") == NotFound("node", "X")
    assert await switch_on(system, NodeId("X"), actor="ann") == NotFound("node", "X")
    assert await changes(system) == []
    assert await sends(system, "W-1") == PA
