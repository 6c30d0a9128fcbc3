"""Every kind of fix of every source of exceptions: found, carried out over the API, alone and in bulk, recorded."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.builders import Clock
from tests.conftest import Database
from tests.flows.every_fix import CASES, SCENES, SINGLE, World, furnish
from tests.http.test_payments import calling
from tests.payments.paying import again
from troth.flows.exceptions.looking import Looked, look
from troth.flows.exceptions.workbench import Filters, find_open
from troth.flows.log.doctor import examine
from troth.model.events import FixApplied
from troth.model.exceptions import KINDS_OF, OpenException, Source
from troth.model.fix import FOR, Fix, FixKind
from troth.store.events import read_subject_events


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    clock = Clock()
    await furnish(database.pool)
    async with again(database, clock) as system:
        yield World(system, clock)


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(world.system, "admin") as one:
        yield one


async def open_of(world: World, source: Source) -> list[OpenException]:
    found = await find_open(world.system, Filters(kinds=KINDS_OF[source]))
    return [one for one, _risk in found.items if one.source is source]


async def fixes_of(world: World, found: OpenException) -> tuple[Fix, ...]:
    looked = await look(world.system, found, role="administrator", actor="key/desk")
    assert isinstance(looked, Looked), looked
    return looked.fixes


async def recorded(world: World, found: OpenException) -> list[tuple[str, str]]:
    """Which kinds of fixes were applied of an exception, and why."""
    async with world.system.pool.acquire() as connection:
        events = await read_subject_events(connection, f"exception:{found.exception_id}")
    applied = [one.event for one in events if isinstance(one.event, FixApplied)]
    return [(one.fix, one.reason) for one in applied]


def test_every_source_that_has_fixes_has_a_scene() -> None:
    assert set(SCENES) == {source for sources in FOR.values() for source in sources}


@pytest.mark.parametrize(("source", "kind"), CASES, ids=str)
async def test_each_fix_settles_what_it_is_for_alone_and_in_bulk_and_is_recorded(
    world: World, client: httpx.AsyncClient, source: Source, kind: FixKind
) -> None:
    await SCENES[source](world, kind, ["W-1", "W-2"])
    *alone, last = await open_of(world, source)
    for found in alone:
        fixes = await fixes_of(world, found)
        fix = next(fix for fix in fixes if fix.kind is kind and fix.is_whole)
        path = f"/v1/exceptions/{found.exception_id}/fixes/{fix.fix_id}"
        done = await client.post(path, json={"version": fix.version, "reason": "called"})
        assert {fix.kind for fix in fixes} <= {one for one in FixKind if source in FOR[one]}
        assert done.status_code == 200, done.text
    await world.follow()
    body = {"fix": kind.value, "filter": {"kinds": [one.value for one in KINDS_OF[source]]}, "reason": "all of them"}
    preview = (await client.post("/v1/exceptions/fixes", json=body)).json()
    untouched = await open_of(world, source)
    rest = (await client.post("/v1/exceptions/fixes", json=body | {"apply": True})).json()

    await world.follow()

    assert len(alone) == (source not in SINGLE)
    assert [one.exception_id for one in untouched] == [last.exception_id]
    assert (preview["matched"], preview["fixed"], preview["contested"]) == (1, 1, [])
    assert (rest["fixed"], rest["is_applied"]) == (1, True)
    assert await open_of(world, source) == []
    for found in alone:
        assert await recorded(world, found) == [(kind.value, "called")]
    assert await recorded(world, last) == [(kind.value, "all of them")]
    report = await examine(world.system.pool)
    assert report.is_clean, report.text()
