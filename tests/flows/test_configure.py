"""Reference data that is set: versions, races, the audit, and that the process sees it at once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.builders import Clock, accepted, capture, item, node, stock
from tests.conftest import Database
from troth.flows.door.expected import Expected
from troth.flows.door.system import System, open_system
from troth.flows.records.configure import Set, set_item, set_items, set_node, set_nodes
from troth.model.events import ConfigurationSet
from troth.model.ids import Sku
from troth.model.refusals import VersionConflict
from troth.store.configure import find_changes
from troth.store.events import LoggedEvent
from troth.store.reference import read_item, read_items, read_node


@pytest.fixture
async def system(database: Database) -> AsyncIterator[System]:
    async with open_system(database.dsn, clock=Clock()) as opened:
        yield opened


async def _changes(system: System) -> list[LoggedEvent]:
    async with system.pool.acquire() as connection:
        return await find_changes(connection, limit=100)


async def test_a_node_that_is_set_can_fulfill_the_next_order(system: System) -> None:
    await set_node(system, node("DC-PA"), actor="ann")
    await set_item(system, item("A"), actor="ann")
    await stock(system, {("A", "DC-PA"): 1})

    order = accepted(await system.door.one(capture(), actor="test"))

    assert [part.node for part in order.allocations] == ["DC-PA"]


async def test_a_node_that_is_turned_off_fulfills_nothing_from_then_on(system: System) -> None:
    await set_nodes(system.pool, (node("DC-PA"), node("DC-IL")), actor="ann")
    await set_items(system.pool, (item("A"),), actor="ann")
    await system.door.follow()
    await stock(system, {("A", "DC-PA"): 1, ("A", "DC-IL"): 1})

    await set_node(system, node("DC-PA", active=False), actor="ann")

    order = accepted(await system.door.one(capture(), actor="test"))
    assert [part.node for part in order.allocations] == ["DC-IL"]


async def test_each_change_adds_one_to_the_version_and_the_same_content_changes_nothing(system: System) -> None:
    assert await set_item(system, item("A"), actor="ann") == Set(1, is_new=True)
    assert await set_item(system, item("A"), actor="ann") == Set(1, is_new=False)
    assert await set_item(system, item("A", name="Axe"), actor="bob") == Set(2, is_new=False)

    changes = await _changes(system)
    assert [(change.subject, change.actor) for change in changes] == [("item:A", "bob"), ("item:A", "ann")]
    newest = changes[0].event
    assert isinstance(newest, ConfigurationSet)
    assert newest.before is not None
    assert newest.after is not None
    assert (newest.before["name"], newest.after["name"]) == ("Item A", "Axe")
    assert (newest.before["kit"], newest.after["sku"]) == ([], "A")


@pytest.mark.parametrize(
    ("expected", "conflict"),
    [
        (Expected(frozenset({1})), VersionConflict('"1"', '"2"')),
        (Expected(is_none=True), VersionConflict("nothing", '"2"')),
        (Expected(frozenset({2})), None),
        (Expected(frozenset({1, 2})), None),
        (Expected(is_any=True), None),
    ],
)
async def test_a_change_meets_the_version_that_its_author_saw_or_is_refused(
    system: System, expected: Expected, conflict: VersionConflict | None
) -> None:
    await set_node(system, node("DC-PA"), actor="ann")
    await set_node(system, replace(node("DC-PA"), name="second"), actor="ann")

    done = await set_node(system, replace(node("DC-PA"), name="third"), actor="bob", expected=expected)

    assert done == (conflict or Set(3, is_new=False))
    async with system.pool.acquire() as connection:
        found = await read_node(connection, node("DC-PA").node)
    assert found is not None
    assert found.value.name == ("second" if conflict else "third")


async def test_what_does_not_exist_has_no_version_to_replace(system: System) -> None:
    assert await set_item(system, item("A"), actor="ann", expected=Expected(is_any=True)) == VersionConflict(
        "any", "nothing"
    )


async def test_of_many_who_replace_the_same_version_one_wins(system: System) -> None:
    await set_item(system, item("A"), actor="ann")

    done = await asyncio.gather(
        *(
            set_item(system, item("A", name=f"name {number}"), actor="bob", expected=Expected(frozenset({1})))
            for number in range(8)
        )
    )

    assert [one for one in done if isinstance(one, Set)] == [Set(2, is_new=False)]
    assert len([one for one in done if isinstance(one, VersionConflict)]) == 7
    assert len(await _changes(system)) == 2


async def test_many_who_change_at_once_each_record_what_they_replaced(system: System) -> None:
    await asyncio.gather(*(set_node(system, replace(node("DC-PA"), name=f"name {n}"), actor="ann") for n in range(8)))

    events = [change.event for change in reversed(await _changes(system))]
    befores = [event.before for event in events if isinstance(event, ConfigurationSet)]
    afters = [event.after for event in events if isinstance(event, ConfigurationSet)]
    assert befores == [None, *afters[:-1]]


async def test_twenty_thousand_items_are_set_in_bulk_and_again_without_a_trace(system: System) -> None:
    items = [item(f"S{number:05}") for number in range(20_000)]
    progress: list[int] = []

    first = await set_items(system.pool, items, actor="load", progress=progress.append)
    again = await set_items(system.pool, items, actor="load")

    assert (first, again, progress) == (20_000, 0, [5_000, 10_000, 15_000, 20_000])
    async with system.pool.acquire() as connection:
        assert await read_items(connection, [Sku("S19999")]) == {"S19999": items[-1]}
        found = await read_item(connection, Sku("S00000"))
    assert found is not None
    assert found.version == 1
    assert await system.pool.fetchval("SELECT count(*) FROM events") == 20_000
