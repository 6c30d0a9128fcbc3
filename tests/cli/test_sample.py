"""Loading the sample: into an empty database only, and to its end however often it is begun."""

from collections.abc import AsyncIterator, Mapping
from datetime import date

import pytest

from tests.builders import set_up
from tests.conftest import Database
from troth.cli.sample import SEED, make_sample
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import examine
from troth.flows.sample import SampleKey, SampleLoaded, load_sample

KEY = SampleKey("small", SEED, date(2026, 11, 23))


@pytest.fixture
async def system(database: Database) -> AsyncIterator[System]:
    async with open_system(database.dsn) as opened:
        yield opened


async def test_the_sample_is_loaded_once(system: System, dsn: str) -> None:
    assert await _load(system, dsn) == SampleLoaded(KEY, is_new=True)
    first = await _counts(system)
    assert (first["nodes"], first["items"], first["purchase_orders"]) == (69, 500, 32)
    assert first["units"] == 182_491
    assert (await examine(system.pool)).is_clean

    assert await _load(system, dsn, SampleKey("small", SEED, date(2026, 12, 24))) == SampleLoaded(KEY, is_new=False)
    assert await _counts(system) == first


@pytest.mark.parametrize("step", ["nodes", "items", "stock", "purchase orders"])
async def test_a_load_that_dies_is_done_again_as_it_was_begun_and_doubles_nothing(
    system: System, dsn: str, step: str
) -> None:
    with pytest.raises(MemoryError):
        await _load(system, dsn, dies_at=step)

    assert await _load(system, dsn, SampleKey("small", SEED, date(2026, 12, 24))) == SampleLoaded(KEY, is_new=True)

    counts = await _counts(system)
    assert (counts["nodes"], counts["items"], counts["purchase_orders"]) == (69, 500, 32)
    assert (counts["units"], counts["ledger_units"]) == (182_491, 182_491)
    assert counts["expected_units"] == sum(
        line.quantity for _, lines in make_sample(KEY).purchase_orders for line in lines
    )


async def test_a_database_that_holds_something_else_is_left_alone(system: System, dsn: str) -> None:
    await set_up(system.pool)

    assert await _load(system, dsn) is None
    assert (await _counts(system))["nodes"] == 1


async def _load(system: System, dsn: str, key: SampleKey = KEY, dies_at: str = "") -> SampleLoaded | None:
    def progress(step: str, done: int, total: int) -> None:
        if step == dies_at and done > 0:
            raise MemoryError

    return await load_sample(system, dsn, key, make_sample, progress=progress)


async def _counts(system: System) -> Mapping[str, int]:
    counted = {
        "nodes": "SELECT count(*) FROM nodes",
        "items": "SELECT count(*) FROM items",
        "purchase_orders": "SELECT count(*) FROM purchase_orders",
        "units": "SELECT sum(on_hand)::bigint FROM balances WHERE source = 'on_hand'",
        "expected_units": "SELECT sum(on_hand)::bigint FROM balances WHERE source <> 'on_hand'",
        "ledger_units": "SELECT sum(on_hand_delta)::bigint FROM entries WHERE source = 'on_hand'",
        "entries": "SELECT count(*) FROM entries",
    }
    async with system.pool.acquire() as connection:
        return {name: await connection.fetchval(query) for name, query in counted.items()}
