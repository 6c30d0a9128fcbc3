"""Seals show that a row of the log or the ledger was changed after the fact, and which seal covers it."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.builders import NOW, Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.door.system import System, open_system
from troth.flows.log.seal import seal_log, verify_seals


@pytest.fixture
async def system(database: Database) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"),), items=(item("A"),))
    async with open_system(database.dsn, clock=Clock()) as opened:
        await stock(opened, {("A", "DC-PA"): 100})
        yield opened


async def capture_and_seal(system: System, *names: str) -> None:
    """Make a seal for each order."""
    for name in names:
        accepted(await system.door.one(capture(name), actor="test"))
        assert await seal_log(system.pool, NOW) is not None


async def test_seals_cover_every_row_once_and_fit(system: System) -> None:
    await capture_and_seal(system, "W-1", "W-2")
    assert await seal_log(system.pool, NOW) is None
    verified = await verify_seals(system.pool)
    rows = await system.pool.fetchval("SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM entries)")
    assert (verified.seals, verified.rows, verified.broken) == (2, rows, ())


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE events SET actor = 'nobody' WHERE subject = (SELECT order_id FROM orders WHERE external_id = 'W-2')",
        "UPDATE entries SET reference = 'x' WHERE order_id = (SELECT order_id FROM orders WHERE external_id = 'W-2')",
        "UPDATE events SET body = replace(body::text, '1990', '1991')::json"
        " WHERE subject = (SELECT order_id FROM orders WHERE external_id = 'W-2')",
        "DELETE FROM entries WHERE order_id = (SELECT order_id FROM orders WHERE external_id = 'W-2')",
        "INSERT INTO events (subject, at, xid, kind, version, body, actor, cause, policy_version)"
        " SELECT subject, at, xid, 'DuplicateReceived', 1, '{}', '', '', '' FROM events"
        " WHERE subject = (SELECT order_id FROM orders WHERE external_id = 'W-2')",
        "UPDATE events SET actor = cause, cause = actor"
        " WHERE subject = (SELECT order_id FROM orders WHERE external_id = 'W-2')",
        "UPDATE seals SET digest = repeat('ab', 32) WHERE number = 2",
        "DELETE FROM seals WHERE number = 1",
    ],
)
async def test_the_first_seal_that_does_not_fit_is_named(system: System, tampering: str) -> None:
    await capture_and_seal(system, "W-1", "W-2", "W-3")
    await system.pool.execute(tampering)
    verified = await verify_seals(system.pool)
    assert verified.broken[0].number == 2


async def test_a_change_in_one_seal_leaves_the_others_fitting(system: System) -> None:
    await capture_and_seal(system, "W-1", "W-2", "W-3")
    await system.pool.execute(
        "UPDATE events SET actor = 'x' WHERE subject = (SELECT order_id FROM orders WHERE external_id = 'W-2')"
    )
    broken = (await verify_seals(system.pool)).broken
    assert [(one.number, one.detail) for one in broken] == [(2, "a row of its 2 was changed, or its digest")]


async def test_a_seal_waits_for_transactions_that_may_still_add_earlier_rows(
    system: System, database: Database
) -> None:
    slow = await asyncpg.connect(database.dsn)
    try:
        begun = slow.transaction()
        await begun.start()
        await slow.execute(
            "INSERT INTO events (subject, at, kind, version, body, actor, cause, policy_version)"
            " VALUES ('slow', now(), 'DuplicateReceived', 1, '{}', '', '', '')"
        )
        accepted(await system.door.one(capture(), actor="test"))
        sealed = await seal_log(system.pool, NOW)
        assert sealed is not None
        assert sealed.sealed_rows == 2, "only the receipt of the stock, which came before"
        await begun.commit()
    finally:
        await slow.close()
    after = await seal_log(system.pool, NOW)
    assert after is not None
    assert after.sealed_rows == 3
    assert (await verify_seals(system.pool)).broken == ()


async def test_much_that_waits_is_sealed_in_pieces(system: System) -> None:
    for number in range(5):
        accepted(await system.door.one(capture(f"W-{number}"), actor="test"))
    sizes = []
    while (sealed := await seal_log(system.pool, NOW, events_max=2)) is not None:
        sizes.append(sealed.sealed_rows)
    assert len(sizes) > 1
    assert sum(sizes) == 12
    assert (await verify_seals(system.pool)).broken == ()
