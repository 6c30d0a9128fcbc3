"""What the log teaches about finding stock: once for each event, by one worker or two, and known to every process."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import NOW, Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.door.system import System, open_system
from troth.flows.memory.accuracy import FIND_RATES, learn_from_log
from troth.flows.memory.find_memory import read_find_rates
from troth.flows.people.access import Actor
from troth.flows.stock.stock import Counted, count
from troth.model.accuracy import CellEvidence
from troth.model.commands import LineQuantity, PickWork, RejectWork, ReleaseOrder, ShipWork, UnpickWork
from troth.model.ids import LineId, NodeId, Sku
from troth.model.order import Order
from troth.store.accuracy import advance_learned_position, read_learned_position, write_evidence
from troth.store.database import Pool, transaction
from troth.store.reference import bump_version

ANN = Actor("key/ann", frozenset({"inventory:write"}))
NYC = NodeId("ST-NYC")
A, B = Sku("A"), Sku("B")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    items = (item(A, category="camping"), item(B, category="lighting"), item("KIT", kit=((A, 1), (B, 2))))
    await set_up(database.pool, nodes=(node(NYC),), items=items)
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {(A, NYC): 100, (B, NYC): 100})
        yield opened


async def released(system: System, external_id: str, lines: Mapping[str, int]) -> Order:
    order = accepted(await system.door.one(capture(external_id, lines), actor="test"))
    return accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))


async def pick(system: System, external_id: str, lines: Mapping[str, int], found: int) -> None:
    """Have an order released and picked, of whose first line only `found` units were found."""
    order = await released(system, external_id, lines)
    picked = PickWork(order.fulfillments[0].fulfillment_id, (LineQuantity(LineId("1"), found, "not_found"),))
    accepted(await system.door.one(picked, actor="test"))


async def learn_all(pool: Pool, *, events_max: int = 2_000) -> None:
    while await learn_from_log(pool, events_max=events_max):
        pass


async def evidence(pool: Pool) -> list[tuple[Any, ...]]:
    rows = await pool.fetch("SELECT node, category, found, missed, observations, units FROM find_evidence ORDER BY 2")
    return [tuple(row) for row in rows]


async def records(pool: Pool) -> list[tuple[Any, ...]]:
    rows = await pool.fetch(
        "SELECT sku, found, missed, moved, variance, missed_units, missed_by FROM position_records ORDER BY sku"
    )
    return [tuple(row) for row in rows]


async def chance(system: System, sku: Sku = A, category: str = "camping") -> float:
    """The probability that this process holds, after it followed."""
    await system.door.follow()
    return system.door.reference.find_rates.at(sku, category, NYC)


async def test_a_short_pick_lowers_the_position_a_count_heals_it_and_every_process_knows(
    system: System, database: Database, clock: Clock
) -> None:
    before = await chance(system)
    await pick(system, "W-1", {A: 1}, found=0)
    await learn_all(system.pool)
    doubted = await chance(system)
    async with open_system(database.dsn, clock=clock) as other:
        elsewhere = await chance(other)
    async with system.pool.acquire() as connection:
        afresh = await read_find_rates(connection, system.door.reference.network, clock.now)
    clock.advance(minutes=5)
    await count(system, NYC, clock.now, [Counted(A, 99)], actor=ANN)
    await learn_all(system.pool)

    assert before == pytest.approx(0.95)
    assert doubted == pytest.approx(2 * (0.95 * 40) / 41 / 3, abs=0.001)
    assert elsewhere == pytest.approx(doubted)
    assert afresh.at(A, "camping", NYC) == pytest.approx(doubted)
    assert await chance(system) == pytest.approx(1.0, abs=0.001)
    assert await evidence(system.pool) == [(NYC, "camping", 0.0, 1.0, 1, 1)]


async def test_what_is_shipped_without_being_picked_was_found(system: System) -> None:
    order = await released(system, "W-1", {A: 3, B: 1})
    accepted(await system.door.one(ShipWork(order.fulfillments[0].fulfillment_id), actor="test"))

    await learn_all(system.pool)

    found = 3 / (1 + 2 * 0.3)
    assert await evidence(system.pool) == [
        (NYC, "camping", pytest.approx(found), 0.0, 1, 3),
        (NYC, "lighting", 1.0, 0.0, 1, 1),
    ]
    assert await records(system.pool) == []


async def test_of_a_short_line_what_was_found_counts_as_found(system: System) -> None:
    await pick(system, "W-1", {A: 4}, found=3)

    await learn_all(system.pool)

    trials = 4 / (1 + 3 * 0.3)
    assert await evidence(system.pool) == [
        (NYC, "camping", pytest.approx(trials * 0.75), pytest.approx(trials * 0.25), 1, 4)
    ]
    assert await records(system.pool) == [
        (A, pytest.approx(trials * 0.75), pytest.approx(trials * 0.25), 3, 0, 1, "short_pick")
    ]


async def pick_again(system: System, order: Order, *, found: int) -> None:
    """Have an order of four picked, taken back and picked again, three times over."""
    work = order.fulfillments[0].fulfillment_id
    short = (LineQuantity(LineId("1"), found, "not_found"),) if found < 4 else ()
    accepted(await system.door.one(PickWork(work, short), actor="test"))
    for _ in range(3):
        accepted(await system.door.one(UnpickWork(work, "another cart"), actor="test"))
        await learn_all(system.pool)
        accepted(await system.door.one(PickWork(work), actor="test"))
    await learn_all(system.pool)


async def test_a_pick_that_is_taken_back_and_made_again_is_learned_from_once(system: System) -> None:
    await pick_again(system, await released(system, "W-1", {A: 4}), found=4)

    assert await evidence(system.pool) == [(NYC, "camping", pytest.approx(4 / (1 + 3 * 0.3)), 0.0, 1, 4)]
    assert await records(system.pool) == []


async def test_what_was_found_beside_a_miss_heals_it_once_however_often_it_is_picked(system: System) -> None:
    await pick_again(system, await released(system, "W-1", {A: 4}), found=3)

    trials = 4 / (1 + 3 * 0.3)
    assert await evidence(system.pool) == [
        (NYC, "camping", pytest.approx(trials * 0.75), pytest.approx(trials * 0.25), 1, 4)
    ]
    assert await records(system.pool) == [
        (A, pytest.approx(3 / (1 + 2 * 0.3)), pytest.approx(trials * 0.25), 3, 0, 1, "short_pick")
    ]


@pytest.mark.parametrize(("reason", "observations"), [("not_found", 1), ("no_capacity", 0)])
async def test_a_rejection_tells_something_only_where_its_reason_is_that_nothing_is_there(
    system: System, reason: str, observations: int
) -> None:
    order = await released(system, "W-1", {A: 2})
    accepted(await system.door.one(RejectWork(order.fulfillments[0].fulfillment_id, reason), actor="test"))

    await learn_all(system.pool)

    assert [row[4] for row in await evidence(system.pool)] == [1] * observations
    assert [row[-1] for row in await records(system.pool)] == ["rejected"] * observations


async def test_a_kit_that_was_missed_weighs_on_its_components_together_as_one_miss(system: System) -> None:
    await pick(system, "W-1", {"KIT": 1}, found=0)

    await learn_all(system.pool)

    trials = 2 / 1.3
    assert await evidence(system.pool) == [
        (NYC, "camping", 0.5, 0.5, 1, 1),
        (NYC, "lighting", pytest.approx(trials / 2), pytest.approx(trials / 2), 1, 2),
    ]


async def test_a_count_teaches_by_its_books_and_says_what_was_missing(system: System, clock: Clock) -> None:
    await count(system, NYC, clock.now, [Counted(A, 97), Counted(B, 100)], actor=ANN)

    await learn_all(system.pool)

    trials = 100 / (1 + 99 * 0.3)
    (camping, lighting) = await evidence(system.pool)
    assert camping[2:4] == (pytest.approx(trials * 0.97), pytest.approx(trials * 0.03))
    assert lighting[2:4] == (pytest.approx(trials), 0.0)
    assert [(row[0], row[4]) for row in await records(system.pool)] == [(A, -3), (B, 0)]


async def test_units_that_move_after_a_count_let_its_certainty_fade(system: System, clock: Clock) -> None:
    await pick(system, "W-1", {A: 1}, found=0)
    clock.advance(minutes=1)
    await count(system, NYC, clock.now, [Counted(A, 100)], actor=ANN)
    await learn_all(system.pool)
    (before,) = await records(system.pool)
    await stock(system, {(A, NYC): 30})
    await pick(system, "W-2", {A: 2}, found=2)
    await learn_all(system.pool)

    (after,) = await records(system.pool)
    assert (before[3], after[3]) == (0, 32)


async def _make_history(system: System, clock: Clock) -> None:
    for number in range(12):
        await pick(system, f"W-{number}", {A: 2, B: 1}, found=number % 3)
        clock.advance(hours=7)
        if number % 5 == 4:
            await count(system, NYC, clock.now - timedelta(hours=1), [Counted(A, 60 + number)], actor=ANN)


async def _start_over(pool: Pool) -> None:
    await pool.execute("TRUNCATE find_evidence, position_records")
    await pool.execute("UPDATE log_readers SET xid = '0', seq = 0 WHERE reader = 'accuracy'")


async def test_two_workers_in_small_steps_learn_what_one_learns_at_once(system: System, clock: Clock) -> None:
    await _make_history(system, clock)
    await learn_all(system.pool)
    whole = await evidence(system.pool), await records(system.pool)
    await _start_over(system.pool)

    end = await system.pool.fetchrow("SELECT xid, seq FROM events ORDER BY xid DESC, seq DESC LIMIT 1")

    async def work() -> None:
        while await system.pool.fetchrow("SELECT xid, seq FROM log_readers WHERE reader = 'accuracy'") != end:
            await learn_from_log(system.pool, events_max=3)

    await asyncio.gather(work(), work(), work())

    assert whole[0][0][4] == 4, "W-0, W-5, W-6 and W-10 looked while nobody doubted the position"
    assert (await evidence(system.pool), await records(system.pool)) == whole


async def test_who_comes_second_to_the_same_events_writes_nothing(system: System, clock: Clock) -> None:
    """The negative control of the lock: where two learn from one position, the later one finds itself elsewhere."""
    await _make_history(system, clock)
    async with transaction(system.pool) as slow:
        position = await read_learned_position(slow)
        await learn_all(system.pool)
        known = await evidence(system.pool)
        moved = await advance_learned_position(slow, position, (position[0] + 1, 0))

    assert not moved
    assert await evidence(system.pool) == known


async def test_learning_that_is_cut_off_has_learned_nothing(
    system: System, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _make_history(system, clock)

    async def cut_off(*_: object) -> bool:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr("troth.flows.memory.accuracy.advance_learned_position", cut_off)
        with pytest.raises(ConnectionResetError):
            await learn_from_log(system.pool)
    assert (await evidence(system.pool), await records(system.pool)) == ([], [])

    await learn_all(system.pool)
    assert (await evidence(system.pool))[0][4] > 0


async def test_a_process_weighs_old_evidence_anew_without_being_told(system: System, clock: Clock) -> None:
    await pick(system, "W-1", {A: 1}, found=0)
    await learn_all(system.pool)
    soon = await chance(system)
    clock.now = NOW + timedelta(days=60)

    assert soon < 0.65 < 0.8 < await chance(system)


async def test_many_rates_are_made_anew_only_after_a_rest(system: System, clock: Clock) -> None:
    before = await chance(system)
    async with transaction(system.pool) as connection:
        many = {(NYC, f"category {number}"): CellEvidence(NOW, 1.0, 9.0, 10, 10) for number in range(1_500)}
        await write_evidence(connection, many)
        await bump_version(connection, FIND_RATES)

    resting = await chance(system)
    clock.advance(seconds=0.6)

    assert resting == before
    assert await chance(system) < before
