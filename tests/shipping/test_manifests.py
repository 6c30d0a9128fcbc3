"""The close of a day: each parcel is on one manifest, and its carrier hears of it once, whoever dies."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.builders import Clock
from tests.conftest import Database
from tests.shipping.printed import codes_of, pages_of
from tests.shipping.sending import label, opened, packed
from tests.shipping.test_faults import faulty
from troth.flows.door.system import System
from troth.flows.shipping.labels import CLAIM_SECONDS, void_label
from troth.flows.shipping.manifests import close_day, tell_due
from troth.model.ids import NodeId
from troth.model.manifest import Manifest, ManifestState
from troth.model.refusals import Invalid, NotPossibleNow
from troth.printing.documents import print_manifest
from troth.store.manifests import find_manifests

DC = NodeId("DC-PA")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    async with opened(database, clock) as one:
        yield one


async def close(system: System) -> Manifest:
    made = await close_day(system, DC, "parcel", actor="test")
    assert isinstance(made, Manifest), made
    return made


async def stored(system: System) -> list[tuple[str, str, int]]:
    async with system.pool.acquire() as connection:
        found = await find_manifests(connection, [DC], after=None, limit=10)
    return [(one.manifest_id, one.state.value, len(one.parcels)) for one in found]


async def test_what_has_a_label_goes_on_a_manifest_once_and_is_taken_back_no_more(system: System) -> None:
    bought = [(await label(system, await packed(system, name)))[0] for name in ("W-1", "W-2")]
    await void_label(system, bought[1].label_id, reason="", actor="test")

    manifest = await close(system)

    assert (manifest.manifest_id, manifest.state, manifest.reference) == (
        "DC-PA.parcel.2026-11-23.1",
        ManifestState.CLOSED,
        "DC-PA.parcel.2026-11-23.1",
    )
    assert [one.tracking_number for one in manifest.parcels] == [bought[0].tracking_number]
    assert await close_day(system, DC, "parcel", actor="test") == NotPossibleNow(
        "close the day", "no parcel waits for a manifest"
    )
    late = await void_label(system, bought[0].label_id, reason="", actor="test")
    assert late == NotPossibleNow("void", "on manifest DC-PA.parcel.2026-11-23.1")
    await label(system, await packed(system, "W-3"))
    assert (await close(system)).manifest_id == "DC-PA.parcel.2026-11-23.2"
    content = await print_manifest(system, manifest)
    assert bought[0].tracking_number in pages_of(content)[0]
    assert ("QR Code", manifest.manifest_id) in codes_of(content)


async def test_of_many_who_close_at_once_one_does(system: System) -> None:
    for number in range(3):
        await label(system, await packed(system, f"W-{number}"))

    made = await asyncio.gather(*(close_day(system, DC, "parcel", actor="test") for _ in range(5)))

    assert [len(one.parcels) for one in made if isinstance(one, Manifest)] == [3]
    assert sum(isinstance(one, NotPossibleNow) for one in made) == 4
    assert await stored(system) == [("DC-PA.parcel.2026-11-23.1", "closed", 3)]


@pytest.mark.parametrize("fault", ["lost after", "raises"])
async def test_a_carrier_that_does_not_answer_is_told_again_under_the_same_name(
    system: System, clock: Clock, fault: str
) -> None:
    await label(system, await packed(system))
    troubled = faulty(system, fault)
    waiting = await close(troubled)
    assert (waiting.state, waiting.code) == (ManifestState.REQUESTED, "unanswered")
    assert await tell_due(troubled, limit=10) == 0  # it is not time yet

    clock.advance(seconds=5)
    assert await tell_due(troubled, limit=10) == 1

    assert await stored(system) == [("DC-PA.parcel.2026-11-23.1", "closed", 1)]


async def test_who_dies_while_telling_leaves_it_to_others(system: System, clock: Clock) -> None:
    await label(system, await packed(system))
    with pytest.raises(asyncio.CancelledError):
        await close(faulty(system, "dies after"))
    assert await stored(system) == [("DC-PA.parcel.2026-11-23.1", "requested", 1)]
    assert await tell_due(system, limit=10) == 0

    clock.advance(seconds=CLAIM_SECONDS + 1)
    assert await tell_due(system, limit=10) == 1
    assert await stored(system) == [("DC-PA.parcel.2026-11-23.1", "closed", 1)]


async def test_the_parcels_of_a_manifest_that_is_refused_wait_for_another(system: System) -> None:
    await label(system, await packed(system))

    refused = await close(faulty(system, "declines"))
    again = await close(system)

    assert (refused.state, refused.detail) == (ManifestState.REFUSED, "nobody comes today")
    assert (again.number, again.state, len(again.parcels)) == (2, ManifestState.CLOSED, 1)


async def test_who_is_not_known_is_refused_by_field(system: System) -> None:
    await label(system, await packed(system))
    nowhere = await close_day(system, NodeId("DC-XX"), "parcel", actor="test")
    nobody = await close_day(system, DC, "ups", actor="test")

    flaws = [one.flaws[0].pointer for one in (nowhere, nobody) if isinstance(one, Invalid)]
    assert flaws == ["/node", "/carrier"]
    assert await stored(system) == []
