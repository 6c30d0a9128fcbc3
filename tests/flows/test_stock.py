"""Stock that is adjusted, counted and loaded: line by line, safe beside captures, the ledger always exact."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.builders import NOW, Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.door.requests import Accepted, Key
from troth.flows.door.system import System, open_system
from troth.flows.people.access import Actor
from troth.flows.stock.expect import expect
from troth.flows.stock.load_stock import load_positions
from troth.flows.stock.stock import Adjustment, Counted, LineResult, adjust, count
from troth.model.commands import ExpectedLine
from troth.model.events import StockCounted
from troth.model.ids import NodeId, Sku
from troth.model.inventory import EntryKind, VarianceReason
from troth.model.lifecycle import AllocationState
from troth.model.refusals import FieldFlaw, Invalid, KeyReused
from troth.store.balances import find_balances
from troth.store.counts import VarianceSum, find_variances, sum_variances
from troth.store.events import read_subject_events
from troth.store.orders import read_orders
from troth.store.positions import StockPosition, find_positions, read_ledger
from troth.store.stock_load import Position

ANN = Actor("key/ann", frozenset({"inventory:write"}))
PA, IL = NodeId("DC-PA"), NodeId("DC-IL")
A, B = Sku("A"), Sku("B")
OK = ""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node(PA), node(IL)), items=(item(A), item(B)))
    async with open_system(database.dsn, clock=clock) as opened:
        yield opened


async def _on_hand(system: System, sku: str = A, at: str = PA) -> int:
    async with system.pool.acquire() as connection:
        found = await find_positions(connection, skus=[sku], nodes=[at], limit=10)
    return found[0].on_hand if found else 0


async def _assert_ledger_is_exact(system: System) -> None:
    async with system.pool.acquire() as connection:
        balances = {
            (one.key.sku, one.key.node, one.key.source): (one.on_hand, one.reserved)
            for one in await find_balances(connection, limit=1_000_000)
            if one.on_hand or one.reserved
        }
        rows = await connection.fetch(
            "SELECT sku, node, source, sum(on_hand_delta)::bigint AS on_hand, sum(reserved_delta)::bigint AS reserved"
            " FROM entries GROUP BY sku, node, source"
        )
    entries = {(row["sku"], row["node"], row["source"]): (row["on_hand"], row["reserved"]) for row in rows}
    assert {key: sums for key, sums in entries.items() if sums != (0, 0)} == balances


async def test_a_line_that_is_refused_leaves_its_neighbors_alone(system: System) -> None:
    done = await adjust(
        system,
        [
            Adjustment(PA, A, 5, "initial"),
            Adjustment(PA, Sku("NOPE"), 1, "initial"),
            Adjustment(NodeId("MARS"), A, 1, "initial"),
            Adjustment(PA, A, 0, "initial"),
            Adjustment(PA, A, -6, "damaged"),
            Adjustment(PA, A, -2, "damaged"),
        ],
        actor=ANN,
    )

    assert done == (
        LineResult(0),
        LineResult(1, "invalid-request", flaws=(FieldFlaw("/sku", "there is no item NOPE"),)),
        LineResult(2, "invalid-request", flaws=(FieldFlaw("/node", "there is no node MARS"),)),
        LineResult(3, "invalid-request", flaws=(FieldFlaw("/delta", "must not be zero"),)),
        LineResult(4, "invalid-request", flaws=(FieldFlaw("/delta", "only 5 units are on hand"),)),
        LineResult(5),
    )
    assert await _on_hand(system) == 3
    await _assert_ledger_is_exact(system)


async def test_who_is_bound_to_a_node_moves_no_stock_elsewhere(system: System) -> None:
    bound = Actor("user/eve", frozenset({"inventory:write"}), nodes=frozenset({PA}))

    done = await adjust(system, [Adjustment(PA, A, 1, "found"), Adjustment(IL, A, 1, "found")], actor=bound)

    assert not isinstance(done, KeyReused)
    assert [result.flaws for result in done] == [(), (FieldFlaw("/node", "you are not bound to node DC-IL"),)]
    assert await _on_hand(system, at=IL) == 0


async def test_a_long_list_under_a_key_happens_once_and_answers_the_same_again(system: System) -> None:
    lines = [Adjustment(PA, A, 1, "found")] * 1_100 + [Adjustment(PA, Sku("LATER"), 1, "found")]

    first = await adjust(system, lines, actor=ANN, key=Key("k-1", "digest"))
    await set_up(system.pool, nodes=(), items=(item("LATER"),))
    again = await adjust(system, lines, actor=ANN, key=Key("k-1", "digest"))
    other = await adjust(system, lines[:1], actor=ANN, key=Key("k-1", "another digest"))

    assert not isinstance(first, KeyReused)
    assert (len(first), first[0].code, first[-1].code) == (1_101, OK, "invalid-request")
    assert again == first
    assert other == KeyReused("k-1")
    assert await _on_hand(system) == 1_100


async def test_a_receipt_of_a_purchase_order_covers_the_order_that_waits_for_it(system: System) -> None:
    line = ExpectedLine(1, PA, A, 5, NOW + timedelta(days=3))
    await expect(system, "P-1", (line,), actor=ANN)
    order = accepted(await system.door.one(capture(lines={"A": 2}), actor="test"))
    assert [part.state for part in order.allocations] == [AllocationState.BACKORDERED]

    done = await adjust(system, [Adjustment(PA, A, 3, "receipt", "P-1")], actor=ANN)

    assert done == (LineResult(0),)
    async with system.pool.acquire() as connection:
        covered = (await read_orders(connection, [order.order_id]))[order.order_id]
        found = await find_positions(connection, limit=10)
    assert [(part.state, part.quantity) for part in covered.allocations if part.state is not AllocationState.SPLIT] == [
        (AllocationState.RESERVED, 2)
    ]
    assert found == [StockPosition(A, PA, 3, 2, 2, 0, (NOW + timedelta(days=3),))]
    await _assert_ledger_is_exact(system)


async def test_a_count_is_merged_with_what_moved_after_it_was_taken(system: System, clock: Clock) -> None:
    await stock(system, {(A, PA): 10})
    clock.advance(minutes=10)
    taken_at = clock.now
    clock.advance(minutes=10)
    await stock(system, {(A, PA): 4})

    done = await count(system, PA, taken_at, [Counted(A, 8), Counted(B, 2)], actor=ANN)

    assert done == (LineResult(0), LineResult(1))
    assert await _on_hand(system) == 12
    assert await _on_hand(system, B) == 2
    await _assert_ledger_is_exact(system)


async def test_a_count_that_movements_since_contradict_is_refused_and_its_neighbors_are_not(
    system: System, clock: Clock
) -> None:
    await stock(system, {(A, PA): 10, (B, PA): 3})
    taken_at = clock.now
    clock.advance(minutes=5)
    await adjust(system, [Adjustment(PA, A, -6, "damaged")], actor=ANN)

    done = await count(system, PA, taken_at, [Counted(A, 5), Counted(B, 2)], actor=ANN)
    still = await count(system, PA, taken_at, [Counted(A, 6)], actor=ANN)

    flaw = FieldFlaw("/on_hand", "contradicts the books, by which 6 units have left since: count again")
    assert done == (LineResult(0, "invalid-request", flaws=(flaw,)), LineResult(1))
    assert still == (LineResult(0),)
    assert (await _on_hand(system), await _on_hand(system, B)) == (0, 2)
    async with system.pool.acquire() as connection:
        variances = await find_variances(connection, node=None, sku=A, since=None, limit=9)
    assert [one.units for one in variances] == [-4]
    await _assert_ledger_is_exact(system)


async def test_a_count_from_the_future_is_refused_as_a_whole(system: System, clock: Clock) -> None:
    done = await count(system, PA, clock.now + timedelta(seconds=1), [Counted(A, 8)], actor=ANN)

    assert isinstance(done, Invalid)
    assert [flaw.pointer for flaw in done.flaws] == ["/as_of"]
    assert await _on_hand(system) == 0


async def test_a_sku_that_is_counted_twice_counts_once(system: System, clock: Clock) -> None:
    done = await count(system, PA, clock.now, [Counted(A, 8), Counted(A, 9)], actor=ANN)

    assert isinstance(done, tuple)
    assert [result.flaws for result in done] == [(), (FieldFlaw("/sku", "A is counted already in line 0"),)]
    assert await _on_hand(system) == 8


async def test_the_ledger_shows_what_the_supply_held_after_each_entry_on_every_page(system: System) -> None:
    await adjust(system, [Adjustment(PA, A, delta, "test") for delta in (5, -2, 4)], actor=ANN)
    accepted(await system.door.one(capture(lines={"A": 3}), actor="test"))

    async with system.pool.acquire() as connection:
        whole = await read_ledger(connection, A, PA, limit=10)
        first = await read_ledger(connection, A, PA, limit=2)
        rest = await read_ledger(connection, A, PA, before=(first[-1].at, first[-1].seq), limit=10)

    assert [(entry.kind, entry.on_hand_delta, entry.on_hand, entry.reserved) for entry in whole] == [
        (EntryKind.PENDING, 0, 7, 3),
        (EntryKind.ADJUSTMENT, 4, 7, 0),
        (EntryKind.ADJUSTMENT, -2, 3, 0),
        (EntryKind.ADJUSTMENT, 5, 5, 0),
    ]
    assert first + rest == whole


async def test_loaded_positions_hold_what_was_given_and_nothing_moves_when_loaded_again(
    system: System, clock: Clock
) -> None:
    positions = [Position(A, PA, 7), Position(B, IL, 3), Position(A, PA, 9), Position(Sku("NOPE"), PA, 1)]

    first = await load_positions(system.pool, positions, actor="load", reason="initial", at=clock)
    again = await load_positions(system.pool, positions, actor="load", reason="initial", at=clock)

    assert (first.given, first.moved, first.units, first.unknown) == (4, 2, 12, ("item NOPE",))
    assert (again.moved, again.units) == (0, 0)
    assert (await _on_hand(system), await _on_hand(system, B, IL)) == (9, 3)
    await _assert_ledger_is_exact(system)
    kinds = await system.pool.fetch("SELECT kind, count(*) AS events FROM events GROUP BY kind")
    assert [tuple(row.values()) for row in kinds] == [("ConfigurationSet", 1)]


async def test_loads_beside_captures_keep_the_ledger_exact_and_oversell_nothing(system: System, clock: Clock) -> None:
    await set_up(system.pool, nodes=(), items=tuple(item(f"S{number:03}") for number in range(200)))
    skus = [f"S{number:03}" for number in range(200)]

    def snapshot(on_hand: int) -> list[Position]:
        return [Position(Sku(sku), at, on_hand) for sku in skus for at in (PA, IL)]

    await load_positions(system.pool, snapshot(3), actor="load", reason="initial", at=clock)

    async def load() -> None:
        for on_hand in (4, 2, 5, 3):
            await load_positions(system.pool, snapshot(on_hand), actor="load", reason="feed", at=clock)

    captures = (
        system.door.one(capture(f"W-{number}", {skus[number % 40]: 1, skus[(number * 7) % 40]: 1}), actor="test")
        for number in range(300)
        if number % 40 != (number * 7) % 40
    )
    _, *outcomes = await asyncio.gather(load(), *captures)

    assert any(isinstance(outcome, Accepted) for outcome in outcomes)
    await _assert_ledger_is_exact(system)
    worst = await system.pool.fetchval("SELECT max(reserved - on_hand - deficit) FROM balances")
    assert worst <= 0


async def test_an_older_count_never_overwrites_a_newer_one_and_the_same_again_changes_nothing(
    system: System, clock: Clock
) -> None:
    await stock(system, {(A, PA): 10})
    clock.advance(hours=1)
    early, late = clock.now - timedelta(minutes=30), clock.now - timedelta(minutes=10)

    newest = await count(system, PA, late, [Counted(A, 7)], actor=ANN)
    older = await count(system, PA, early, [Counted(A, 3), Counted(B, 4)], actor=ANN)
    again = await count(system, PA, late, [Counted(A, 7)], actor=ANN)
    mended = await count(system, PA, late, [Counted(A, 8)], actor=ANN)

    assert (newest, again, mended) == ((LineResult(0),),) * 3
    flaw = FieldFlaw("/as_of", f"A was counted later already, at {late.isoformat()}")
    assert older == (LineResult(0, "invalid-request", flaws=(flaw,)), LineResult(1))
    assert (await _on_hand(system), await _on_hand(system, B)) == (8, 4)
    await _assert_ledger_is_exact(system)


async def test_a_count_that_finds_what_the_books_say_is_the_newest_all_the_same(system: System, clock: Clock) -> None:
    await stock(system, {(A, PA): 10})
    clock.advance(hours=1)

    await count(system, PA, clock.now, [Counted(A, 10)], actor=ANN)
    older = await count(system, PA, clock.now - timedelta(minutes=1), [Counted(A, 2)], actor=ANN)

    assert isinstance(older, tuple)
    assert [flaw.pointer for flaw in older[0].flaws] == ["/as_of"]
    assert await _on_hand(system) == 10


async def test_a_count_says_why_it_differs_and_who_counted(system: System, clock: Clock) -> None:
    await stock(system, {(A, PA): 10, (B, IL): 3})
    lines = [Counted(A, 8, reason=VarianceReason.DAMAGED, counted_by="Ann"), Counted(B, 5, IL), Counted(B, -1)]

    done = await count(system, PA, clock.now, lines, actor=ANN, reference="CYCLE-1")

    assert isinstance(done, tuple)
    assert [result.flaws for result in done] == [(), (), (FieldFlaw("/on_hand", "cannot be less than nothing"),)]
    async with system.pool.acquire() as connection:
        found = await find_variances(connection, node=None, sku=None, since=None, limit=9)
        sums = await sum_variances(connection, node=PA, sku=None, since=None)
        events = [logged.event for logged in await read_subject_events(connection, "sku:A")]
    assert sorted((one.sku, one.node, one.units, one.reason, one.reference) for one in found) == [
        ("A", PA, -2, "damaged", "CYCLE-1"),
        ("B", IL, 2, "unknown", "CYCLE-1"),
    ]
    assert sums == [VarianceSum("damaged", "each", 0, 1, 0, 2, 0)]
    assert [one.counted_by for one in events if isinstance(one, StockCounted)] == ["Ann"]


async def test_what_is_held_by_lot_is_neither_counted_nor_loaded_without_its_lots(system: System, clock: Clock) -> None:
    await adjust(system, [Adjustment(PA, A, 5, "receipt", lot="L-1"), Adjustment(IL, A, 4, "receipt")], actor=ANN)
    flaw = FieldFlaw("/lot", "A is held by lot at DC-PA: count each lot by its name")

    alone = await count(system, PA, clock.now, [Counted(A, 5), Counted(A, 6, IL)], actor=ANN)
    loaded = await load_positions(
        system.pool, [Position(A, PA, 5), Position(A, IL, 7)], actor="t", reason="initial", at=lambda: clock.now
    )
    with_lot = await count(system, PA, clock.now, [Counted(A, 2), Counted(A, 4, lot="L-1")], actor=ANN)

    assert alone == (LineResult(0, "invalid-request", flaws=(flaw,)), LineResult(1))
    assert (loaded.moved, loaded.unknown, loaded.by_lot) == (1, (), ("A at DC-PA",))
    assert with_lot == (LineResult(0), LineResult(1))
    assert (await _on_hand(system), await _on_hand(system, A, IL)) == (6, 7)
    await _assert_ledger_is_exact(system)


async def test_a_kit_is_given_no_stock_and_can_be_rid_of_what_it_has(system: System, clock: Clock) -> None:
    await adjust(system, [Adjustment(PA, A, 5, "initial")], actor=ANN)
    await set_up(system.pool, nodes=(), items=(item(A, kit=((B, 2),)),))
    await system.door.follow()
    flaw = FieldFlaw("/sku", "is a kit, which has no stock: name its components")

    adjusted = await adjust(system, [Adjustment(PA, A, 1, "found"), Adjustment(PA, A, -2, "lost")], actor=ANN)
    counted = await count(system, PA, clock.now, [Counted(A, 3), Counted(B, 3)], actor=ANN)
    loaded = await load_positions(system.pool, [Position(A, PA, 9)], actor="t", reason="initial", at=lambda: clock.now)

    assert adjusted == (LineResult(0, "invalid-request", flaws=(flaw,)), LineResult(1))
    assert counted == (LineResult(0, "invalid-request", flaws=(flaw,)), LineResult(1))
    assert (loaded.moved, loaded.unknown) == (0, ("item A",))
    assert await count(system, PA, clock.now, [Counted(A, 0)], actor=ANN) == (LineResult(0),)
    assert await _on_hand(system) == 0


async def test_each_lot_has_a_newest_count_of_its_own(system: System, clock: Clock) -> None:
    now = clock.now
    both = [Counted(A, 4, lot="L-1"), Counted(A, 6, lot="L-2")]

    together = await count(system, PA, now, both, actor=ANN)
    later = await count(system, PA, now, [Counted(A, 5, lot="L-1")], actor=ANN)
    older = await count(system, PA, now - timedelta(hours=1), [Counted(A, 9, lot="L-2"), Counted(B, 1)], actor=ANN)

    assert together == (LineResult(0), LineResult(1))
    assert later == (LineResult(0),)
    assert isinstance(older, tuple)
    assert [one.code for one in older] == ["invalid-request", ""]
    assert [flaw.pointer for flaw in older[0].flaws] == ["/as_of"]
    assert await _on_hand(system) == 11
    await _assert_ledger_is_exact(system)
