"""Feeds of stock: merged with what moved since, each taken in once, and in part wrong, cut off or late without harm."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.builders import NOW, Clock, accepted, capture, item, set_up, stock
from tests.flows.feeding import ANN, HEAD, IL, PA, chunks, on_hand, refused, taken_in
from troth.flows.door.system import System
from troth.flows.log.doctor import examine
from troth.flows.stock import feed_intake
from troth.flows.stock.feed import Feed, FeedAccount, FeedReport
from troth.flows.stock.feed_rows import FeedCut, FeedForm, RowFlaw
from troth.flows.stock.feeds import find, take_in
from troth.flows.stock.stock import Adjustment, Counted, adjust, count
from troth.model.commands import PackWork, PickWork, ReleaseOrder, ShipWork
from troth.model.ids import NodeId, Sku
from troth.model.inventory import SupplyKey
from troth.model.refusals import FieldFlaw
from troth.store.balances import find_balances
from troth.store.purchase_orders import read_purchase_order


async def test_positions_are_set_and_the_same_feed_again_is_known(system: System) -> None:
    await stock(system, {("A", PA): 5, ("B", PA): 2})
    text = HEAD + "A,DC-PA,7\nB,DC-PA,2\nC,DC-IL,4\n"

    first = await taken_in(system, text)
    before = await system.pool.fetchval("SELECT count(*) FROM entries")
    again = await taken_in(system, text)

    assert (first.status, first.account) == ("taken_in", FeedAccount(rows=3, accepted=3, moved=2, units=6))
    assert (again.status, again.account) == ("known", first.account)
    assert await system.pool.fetchval("SELECT count(*) FROM entries") == before
    assert await on_hand(system) == {("A", PA): (7, 0), ("B", PA): (2, 0), ("C", IL): (4, 0)}
    assert await refused(system, text.replace("7", "8")) == [
        FieldFlaw("?reference", "R-1 was used for a feed with other rows")
    ]
    assert await refused(system, text[:-11]) != []
    assert [one.reference for one in await find(system, "WMS", limit=9, actor=ANN)] == ["R-1"]
    assert (await examine(system.pool)).is_clean


async def test_what_was_reserved_shipped_and_received_since_is_respected(system: System, clock: Clock) -> None:
    await stock(system, {("A", PA): 10})
    taken_at = clock.now + timedelta(minutes=1)
    clock.advance(minutes=5)
    order = accepted(await system.door.one(capture(lines={"A": 3}), actor="test"))
    work = order.fulfillments[0].fulfillment_id
    for command in (ReleaseOrder(order.order_id), PickWork(work), PackWork(work), ShipWork(work)):
        accepted(await system.door.one(command, actor="test"))
    accepted(await system.door.one(capture("W-2", {"A": 4}), actor="test"))
    await adjust(system, [Adjustment(PA, Sku("A"), 6, "receipt")], actor=ANN)

    done = await taken_in(system, HEAD + "A,DC-PA,8\n", as_of=taken_at)

    assert done.account.moved == 1
    assert await on_hand(system) == {("A", PA): (8 - 3 + 6, 4)}
    assert (await examine(system.pool)).is_clean


async def test_a_position_below_what_is_reserved_leaves_the_promise_and_a_deficit(system: System) -> None:
    await stock(system, {("A", PA): 5})
    accepted(await system.door.one(capture(lines={"A": 4}), actor="test"))

    await taken_in(system, HEAD + "A,DC-PA,1\n", as_of=system.door.now())

    async with system.pool.acquire() as connection:
        (balance,) = await find_balances(connection, limit=9)
    assert (balance.on_hand, balance.reserved, balance.deficit) == (1, 4, 3)


async def test_an_older_feed_or_count_never_undoes_a_newer_one(system: System, clock: Clock) -> None:
    clock.advance(hours=2)
    newest = NOW + timedelta(hours=1)
    await taken_in(system, HEAD + "A,DC-PA,7\n", as_of=newest, sequence=2)

    late = await taken_in(system, HEAD + "A,DC-PA,3\nB,DC-PA,3\n", reference="R-0", as_of=NOW)
    numbered = await taken_in(system, HEAD + "A,DC-PA,3\n", reference="R-9", sequence=1)
    counted = await count(system, PA, NOW, [Counted(Sku("A"), 1)], actor=ANN)

    assert (late.account.moved, late.account.outdated) == (1, 1)
    assert (numbered.status, numbered.account.rows) == ("outdated", 0)
    assert isinstance(counted, tuple)
    assert counted[0].flaws == (FieldFlaw("/as_of", f"A was counted later already, at {newest.isoformat()}"),)
    assert await on_hand(system) == {("A", PA): (7, 0), ("B", PA): (3, 0)}


async def test_each_row_that_is_wrong_says_where_and_why_and_the_others_are_taken_in(system: System) -> None:
    text = (
        b"sku,node,on_hand,as_of\n"
        b"A,DC-PA,7,\n"
        b"NOPE,DC-PA,1,\n"
        b"A,MARS,1,\n"
        b"B,DC-PA,many,\n"
        b"B,DC-PA,-1,\n"
        b"B,DC-PA\n"
        b",DC-PA,1,\n"
        b'"B,DC-PA,1,\n'
        b"B,DC-PA,1,2030-01-01T00:00:00Z\n"
        b"B,DC-PA,1,yesterday\n"
        b"\n"
    ) + b"B\xff,DC-PA,1,\nB,DC-IL,2,\n"

    done = await taken_in(system, text)

    assert (done.account.rows, done.account.accepted, done.account.refused) == (12, 2, 10)
    assert [(flaw.line, flaw.column) for flaw in done.account.flaws] == [
        (3, "sku"), (4, "node"), (5, "on_hand"), (6, "on_hand"), (7, ""), (8, "sku"), (9, ""), (10, "as_of"),
        (11, "as_of"), (13, ""),
    ]  # fmt: skip
    assert done.account.flaws[0] == RowFlaw(3, "sku", "there is no item NOPE", "NOPE,DC-PA,1,")
    assert await on_hand(system) == {("A", PA): (7, 0), ("B", IL): (2, 0)}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("sku,on_hand\nA,1\n", "has no column node; it has sku, on_hand"),
        ("sku,node\nA,DC-PA\n", "has no column on_hand; it has sku, node"),
        ("sku,sku,node,on_hand\n", "has two columns of one name: sku"),
        ("sku,node,on_hand\n" + "A" * 10_001, "has a line of more than 10,000 bytes"),
    ],
)
async def test_a_feed_that_cannot_be_read_is_refused(system: System, text: str, why: str) -> None:
    assert await refused(system, text) == [FieldFlaw("", why)]
    assert await on_hand(system) == {}


@pytest.mark.parametrize("cut", [0, 5, *range(len(HEAD), len(HEAD) + 31, 4), len(HEAD) + 11, len(HEAD) + 29])
async def test_a_feed_that_is_cut_anywhere_is_taken_in_up_to_its_last_whole_row_and_goes_on_there(
    system: System, cut: int
) -> None:
    text = HEAD + "A,DC-PA,70\nB,DC-PA,20\nC,DC-IL,4\n"
    await stock(system, {("B", IL): 9})

    first = await taken_in(system, text[:cut], rows=3, is_full=True, zeroes_missing=True)
    half = await on_hand(system)
    whole = await taken_in(system, text, rows=3, is_full=True, zeroes_missing=True)

    assert first.status == "incomplete"
    assert first.account.rows == max(0, text[:cut].count("\n") - 1)
    assert half[("B", IL)] == (9, 0)
    assert half.get(("A", PA), (70, 0)) == (70, 0)
    assert (whole.status, whole.account.rows, whole.account.zeroed) == ("taken_in", 3, 1)
    assert await on_hand(system) == {("A", PA): (70, 0), ("B", PA): (20, 0), ("C", IL): (4, 0), ("B", IL): (0, 0)}


async def test_a_last_row_without_line_end_is_taken_in_only_where_it_shows_that_it_is_whole(system: System) -> None:
    cut = await taken_in(system, HEAD + "A,DC-PA,7")
    told = await taken_in(system, HEAD + "A,DC-PA,7", reference="R-2", rows=1)
    ended = await taken_in(system, HEAD + "A,DC-PA,7\n#rows,1", reference="R-5", has_trailer=True)
    lines = FeedForm("jsonl")
    json = await taken_in(system, '{"sku":"B","node":"DC-PA","on_hand":3}', reference="R-3", form=lines)
    half = await taken_in(system, '{"sku":"C","node":"DC-PA","on_ha', reference="R-4", form=lines)

    assert [one.status for one in (cut, told, half)] == ["incomplete"] * 3
    assert [one.status for one in (ended, json)] == ["taken_in"] * 2
    assert await on_hand(system) == {("A", PA): (7, 0), ("B", PA): (3, 0)}


async def test_a_stream_that_breaks_between_two_rows_is_incomplete_too(system: System) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield f"{HEAD}A,DC-PA,7\n".encode()
        raise FeedCut("the line went dead")

    feed = Feed("WMS", system.door.now(), "R-1", is_full=True, zeroes_missing=True)
    await stock(system, {("B", PA): 2})
    done = await take_in(system, feed, broken(), actor=ANN)

    assert isinstance(done, FeedReport)
    assert (done.status, done.detail) == ("incomplete", "the line went dead; all whole rows before are taken in")
    assert await on_hand(system) == {("A", PA): (7, 0), ("B", PA): (2, 0)}


async def test_a_trailer_that_was_announced_must_be_there_and_right(system: System) -> None:
    rows = HEAD + "A,DC-PA,7\n"
    missing = await taken_in(system, rows, has_trailer=True)
    wrong = await taken_in(system, rows + "#rows,2\n", has_trailer=True)
    right = await taken_in(system, rows + "#rows,1\n", has_trailer=True)

    assert (missing.status, wrong.status, right.status) == ("incomplete", "incomplete", "taken_in")
    assert missing.detail.startswith("the trailer that says how many rows there are is missing")
    assert right.account.rows == 1


async def test_a_full_feed_zeroes_what_it_does_not_name_at_its_nodes_only_if_it_says_so(system: System) -> None:
    await stock(system, {("A", PA): 5, ("B", PA): 6, ("B", IL): 7, ("C", PA): 8})
    accepted(await system.door.one(capture(lines={"B": 2}), actor="test"))
    at = system.door.now()

    kept = await taken_in(system, HEAD + "A,DC-PA,5\n", as_of=at, is_full=True)
    flawed = await taken_in(
        system, HEAD + "A,DC-PA,5\nD,DC-PA,1\n", as_of=at, is_full=True, zeroes_missing=True, reference="R-2"
    )
    await adjust(system, [Adjustment(PA, Sku("C"), 1, "receipt")], actor=ANN)
    zeroed = await taken_in(system, HEAD + "A,DC-PA,5\n", as_of=at, is_full=True, zeroes_missing=True, reference="R-3")

    assert (kept.account.zeroed, flawed.account.zeroed) == (0, 0)
    assert flawed.detail == "1 of 2 rows were accepted; nothing was zeroed, since rows were refused"
    assert (zeroed.account.zeroed, zeroed.account.units) == (2, -14)
    assert await on_hand(system) == {("A", PA): (5, 0), ("B", PA): (0, 2), ("B", IL): (7, 0), ("C", PA): (1, 0)}
    assert (await examine(system.pool)).is_clean


async def test_a_partial_feed_cannot_say_what_is_missing(system: System) -> None:
    flaws = await refused(system, HEAD, zeroes_missing=True, as_of=NOW + timedelta(days=1), nodes=(NodeId("MARS"),))

    assert [flaw.pointer for flaw in flaws] == ["?as_of", "?missing", "?node"]


async def test_movements_happen_once_each_and_never_take_more_than_is_on_hand(system: System) -> None:
    await stock(system, {("A", PA): 5, ("B", PA): 1})
    text = "sku,node,delta,reason\nA,DC-PA,-2,damaged\nA,DC-PA,4,\nB,DC-PA,-3,\nC,DC-IL,2,found\n"

    cut = await taken_in(system, text[:-5], mode="deltas")
    whole = await taken_in(system, text, mode="deltas")
    again = await taken_in(system, text, mode="deltas")

    assert [one.status for one in (cut, whole, again)] == ["incomplete", "taken_in", "known"]
    assert whole.account.flaws == (RowFlaw(4, "delta", "only 1 units are on hand", "B,DC-PA,-3,"),)
    assert await on_hand(system) == {("A", PA): (7, 0), ("B", PA): (1, 0), ("C", IL): (2, 0)}
    reasons = await system.pool.fetch(
        "SELECT reason FROM entries WHERE kind = 'adjustment' AND reference LIKE 'feed/%'"
    )
    assert sorted(row["reason"] for row in reasons) == ["damaged", "feed", "found"]
    assert (await examine(system.pool)).is_clean


@pytest.mark.parametrize("rows_a_time", [1, 2, 5_000])
async def test_movements_are_done_in_their_order_and_only_those_that_find_too_little_are_refused(
    system: System, monkeypatch: pytest.MonkeyPatch, rows_a_time: int
) -> None:
    monkeypatch.setattr(feed_intake, "ROWS_A_TIME", rows_a_time)
    await stock(system, {("A", PA): 5})
    deltas = (-3, -4, 1, -3, -1, 6, -6)
    text = "sku,node,delta\n" + "".join(f"A,DC-PA,{delta}\n" for delta in deltas)

    done = await taken_in(system, text, mode="deltas")

    assert done.account.flaws == (
        RowFlaw(3, "delta", "only 2 units are on hand", "A,DC-PA,-4"),
        RowFlaw(6, "delta", "only 0 units are on hand", "A,DC-PA,-1"),
    )
    moved = await system.pool.fetch("SELECT on_hand_delta FROM entries WHERE reference LIKE 'feed/%' ORDER BY seq")
    assert [row["on_hand_delta"] for row in moved] == [-3, 1, -3, 6, -6]
    assert await on_hand(system) == {("A", PA): (0, 0)}
    assert (await examine(system.pool)).is_clean


async def test_two_who_send_the_same_movements_at_once_move_them_once(system: System) -> None:
    text = "sku,node,delta\n" + "A,DC-PA,1\n" * 300

    feed = Feed("WMS", NOW, "R-1", mode="deltas")
    done = await asyncio.gather(*(take_in(system, feed, chunks(text), actor=ANN) for _ in range(4)))

    assert any(isinstance(one, FeedReport) and one.status == "taken_in" for one in done)
    assert await on_hand(system) == {("A", PA): (300, 0)}


async def test_columns_of_other_names_and_constants_are_declared(system: System) -> None:
    form = FeedForm("csv", ";", {"sku": "Artikel", "on_hand": "Menge"}, {"node": "DC-IL"})

    done = await taken_in(system, "Artikel;Lager;Menge\nA;x;3\nNOPE;x;4\n", form=form)

    assert await on_hand(system) == {("A", IL): (3, 0)}
    assert [flaw.column for flaw in done.account.flaws] == ["Artikel"]


async def test_supply_still_to_come_can_be_promised_and_keeps_what_was_received(system: System) -> None:
    head = "sku,node,on_hand,expected_at,quantity,number\n"
    first = head + "A,DC-PA,0,2026-12-01T09:00:00Z,10,V-1\nB,DC-PA,2,,,\n"
    done = await taken_in(system, first)
    order = accepted(await system.door.one(capture(lines={"A": 3}), actor="test"))
    await adjust(system, [Adjustment(PA, Sku("A"), 4, "receipt", "V-1")], actor=ANN)

    later = head + "A,DC-PA,,2026-12-05T09:00:00Z,6,V-1\nC,DC-PA,,2026-12-09T09:00:00Z,5,V-1\n"
    await taken_in(system, later, reference="R-2")

    assert (done.account.dated, done.account.moved) == (1, 2)
    assert [part.source for part in order.allocations] == ["po/V-1/1"]
    async with system.pool.acquire() as connection:
        stored = await read_purchase_order(connection, "V-1")
        balances = {one.key.source: one for one in await find_balances(connection, limit=99) if one.expected_at}
    assert stored is not None
    assert [(line.line, line.sku, line.quantity) for line in stored.value] == [(1, "A", 10), (2, "C", 5)]
    assert (balances[SupplyKey(Sku("A"), PA, order.allocations[0].source).source].on_hand) == 6
    assert (await examine(system.pool)).is_clean


@pytest.mark.parametrize(("second", "kept"), [("", {}), ("C,DC-PA,five,2026-12-09T09:00:00Z\n", {"C": 5})])
async def test_supply_that_is_not_named_is_withdrawn_unless_a_row_was_refused(
    system: System, second: str, kept: dict[str, int]
) -> None:
    head = "sku,node,quantity,expected_at\n"
    await taken_in(system, head + "A,DC-PA,10,2026-12-01T09:00:00Z\nC,DC-PA,5,2026-12-09T09:00:00Z\n")

    done = await taken_in(system, head + "A,DC-PA,8,2026-12-02T09:00:00Z\n" + second, reference="R-2")

    async with system.pool.acquire() as connection:
        stored = await read_purchase_order(connection, "WMS")
    assert stored is not None
    assert {line.sku: line.quantity for line in stored.value} == {"A": 8, **kept}
    assert ("nothing was withdrawn" in done.detail, done.account.refused) == (bool(kept), len(kept))


async def test_a_dated_row_names_the_one_of_its_two_columns_that_is_empty(system: System) -> None:
    head = "sku,node,on_hand,expected_at,quantity\n"
    rows = "A,DC-PA,,,10\nA,DC-PA,,2026-12-01T09:00:00Z,\nA,DC-PA,,,\n"

    done = await taken_in(system, head + rows)

    reason = "is empty where the other of the two is not"
    assert [(flaw.line, flaw.column, flaw.reason) for flaw in done.account.flaws] == [
        (2, "expected_at", reason), (3, "quantity", reason), (4, "on_hand", "is empty")
    ]  # fmt: skip
    assert await on_hand(system) == {}


async def test_a_position_of_what_is_held_by_lot_is_refused_and_nothing_is_counted_twice(system: System) -> None:
    await adjust(system, [Adjustment(PA, Sku("A"), 5, "receipt", lot="L-1")], actor=ANN)

    done = await taken_in(system, HEAD + "A,DC-PA,5\nB,DC-PA,2\n")

    reason = "A is held by lot at DC-PA: count each lot by its name"
    assert (done.account.accepted, done.account.refused) == (1, 1)
    assert done.account.flaws == (RowFlaw(2, "sku", reason, "A,DC-PA,5"),)
    assert await on_hand(system) == {("A", PA): (5, 0), ("B", PA): (2, 0)}
    assert (await examine(system.pool)).is_clean


async def test_a_kit_has_no_position_in_a_feed(system: System) -> None:
    await set_up(system.pool, nodes=(), items=(item("KIT", kit=((Sku("A"), 2),)),))

    done = await taken_in(system, HEAD + "KIT,DC-PA,5\n")

    reason = "is a kit, which has no stock: name its components"
    assert done.account.flaws == (RowFlaw(2, "sku", reason, "KIT,DC-PA,5"),)
