"""Feeds of lots and of what is sold by measure: each lot for itself with its last day, decimals as they are sold."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.builders import Clock, accepted, capture, item, node, set_up
from tests.conftest import Database
from tests.flows.feeding import ANN, IL, PA, taken_in
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import examine
from troth.flows.stock.feed_rows import FeedForm, RowFlaw
from troth.flows.stock.load_stock import Measured, load_positions
from troth.flows.stock.stock import Adjustment, adjust
from troth.model.ids import Sku
from troth.model.inventory import lot_of
from troth.store.balances import find_balances
from troth.store.counts import find_variances
from troth.store.stock_load import Position

HEAD = "sku,node,lot,expires_on,on_hand\n"
SOON, LATE = date(2026, 12, 20), date(2027, 3, 31)
A, M = Sku("A"), Sku("M")

Lots = dict[tuple[str, str, str], tuple[int, int, date | None]]


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    items = (item(A), item("B"), item(M, unit="kg", decimals=3))
    await set_up(database.pool, nodes=(node(PA), node(IL)), items=items)
    async with open_system(database.dsn, clock=clock) as opened:
        yield opened


async def _lots(system: System) -> Lots:
    """On hand, reserved and last day by SKU, node and lot (empty: none), where anything is held or reserved."""
    async with system.pool.acquire() as connection:
        found = await find_balances(connection, limit=1000)
    return {
        (one.key.sku, one.key.node, lot_of(one.key.source)): (one.on_hand, one.reserved, one.expires_on)
        for one in found
        if one.on_hand or one.reserved
    }


async def test_each_lot_of_a_feed_is_a_position_with_its_last_day(system: System) -> None:
    rows = f"A,DC-PA,L-2,{LATE},5\nA,DC-PA,L-1,{SOON},3\nA,DC-PA,,,2\nM,DC-PA,L-9,,1.250\nM,DC-IL,,,0.5\n"

    first = await taken_in(system, HEAD + rows)
    entries = await system.pool.fetchval("SELECT count(*) FROM entries")
    again = await taken_in(system, HEAD + rows, reference="R-2")

    assert (first.account.accepted, first.account.moved, first.account.units) == (5, 5, 10)
    assert (again.account.accepted, again.account.moved) == (5, 0)
    assert await system.pool.fetchval("SELECT count(*) FROM entries") == entries
    assert await _lots(system) == {
        ("A", PA, "L-1"): (3, 0, SOON), ("A", PA, "L-2"): (5, 0, LATE), ("A", PA, ""): (2, 0, None),
        ("M", PA, "L-9"): (1250, 0, None), ("M", IL, ""): (500, 0, None),
    }  # fmt: skip
    assert (await examine(system.pool)).is_clean


async def test_what_no_lot_holds_is_told_from_a_sum_by_the_lots_that_the_feed_names(system: System) -> None:
    await taken_in(system, f"{HEAD}A,DC-PA,L-1,{SOON},3\n")

    alone = await taken_in(system, f"{HEAD}A,DC-PA,,,5\nB,DC-PA,,,1\n", reference="R-2")
    beside = await taken_in(system, f"{HEAD}A,DC-PA,,,5\nA,DC-PA,L-1,,4\n", reference="R-3")

    reason = "A is held by lot at DC-PA: count each lot by its name"
    assert alone.account.flaws == (RowFlaw(2, "sku", reason, "A,DC-PA,,,5"),)
    assert beside.account.flaws == ()
    assert await _lots(system) == {
        ("A", PA, "L-1"): (4, 0, SOON), ("A", PA, ""): (5, 0, None), ("B", PA, ""): (1, 0, None)
    }  # fmt: skip


async def test_a_position_may_correct_the_last_day_of_a_lot_and_orders_see_it_at_once(system: System) -> None:
    await taken_in(system, f"{HEAD}A,DC-PA,L-1,{date(2026, 11, 23)},3\n")
    await system.door.follow()
    refused = await system.door.one(capture(lines={"A": 1}), actor="test")

    done = await taken_in(system, f"{HEAD}A,DC-PA,L-1,{LATE},3\n", reference="R-2")
    await system.door.follow()
    order = accepted(await system.door.one(capture("W-2", {"A": 1}), actor="test"))

    assert getattr(refused, "code", "") == "insufficient-inventory"
    assert done.account.moved == 0
    assert [part.source for part in order.allocations] == ["lot/L-1"]
    async with system.pool.acquire() as connection:
        variances = await find_variances(connection, node=None, sku=None, since=None, limit=9)
    assert [one.units for one in variances] == [3]


async def test_a_full_feed_empties_the_lots_that_it_does_not_name(system: System, clock: Clock) -> None:
    await taken_in(system, f"{HEAD}A,DC-PA,L-1,{SOON},3\nA,DC-PA,L-2,{LATE},2\nA,DC-PA,,,9\nM,DC-PA,,,1.5\n")
    clock.advance(minutes=1)

    text = f"{HEAD}A,DC-PA,L-2,{LATE},4\n"
    done = await taken_in(system, text, reference="R-2", is_full=True, zeroes_missing=True)

    assert (done.account.zeroed, done.account.units) == (3, 2 - 3 - 9)
    assert await _lots(system) == {("A", PA, "L-2"): (4, 0, LATE)}


async def test_movements_of_lots_and_measures_never_take_more_than_is_there(system: System) -> None:
    await taken_in(system, f"{HEAD}A,DC-PA,L-1,{SOON},3\nM,DC-PA,,,1.5\n")

    rows = (
        f"A,DC-PA,L-1,,-2\nA,DC-PA,L-1,,-2\nA,DC-PA,L-1,{LATE},1\n"
        f"M,DC-PA,,,-0.250\nM,DC-PA,,,-2\nA,DC-IL,L-7,{LATE},6\n"
    )
    done = await taken_in(
        system, "sku,node,lot,expires_on,delta\n" + rows, mode="deltas", reference="R-2", as_of=system.door.now()
    )

    assert [(flaw.line, flaw.column, flaw.reason) for flaw in done.account.flaws] == [
        (3, "delta", "only 1 units are on hand"),
        (4, "expires_on", f"lot L-1 is good until {SOON} here; a count may say otherwise"),
        (6, "delta", "only 1.25 are on hand"),
    ]
    assert await _lots(system) == {
        ("A", PA, "L-1"): (1, 0, SOON), ("A", IL, "L-7"): (6, 0, LATE), ("M", PA, ""): (1250, 0, None)
    }  # fmt: skip
    assert (await examine(system.pool)).is_clean


async def test_each_row_that_is_wrong_says_where_and_why(system: System) -> None:
    rows = (
        "A,DC-PA,L-1,,1.5\n"
        "M,DC-PA,,,1.2345\n"
        "M,DC-PA,L/1,,1\n"
        "A,DC-PA,,2027-01-01,1\n"
        "A,DC-PA,L-1,someday,1\n"
        "A,DC-PA,L-1,1999-01-01,1\n"
        "B,DC-PA,L-3,,2\n"
    )

    done = await taken_in(system, HEAD + rows)

    assert [(flaw.line, flaw.column, flaw.reason) for flaw in done.account.flaws] == [
        (2, "on_hand", "must be a whole number: A is sold by the piece"),
        (3, "on_hand", "must have at most 3 decimals"),
        (4, "lot", "must not contain a slash"),
        (5, "expires_on", "is of a lot, and the row names none"),
        (6, "expires_on", "must be a day such as 2027-03-31"),
        (7, "expires_on", "must be a day from 2000 to 2099"),
    ]
    assert await _lots(system) == {("B", PA, "L-3"): (2, 0, None)}


async def test_json_lines_say_the_same(system: System) -> None:
    text = (
        '{"sku": "M", "node": "DC-PA", "on_hand": 1.25, "lot": "L-1", "expires_on": "2027-03-31"}\n'
        '{"sku": "A", "node": "DC-PA", "on_hand": 2, "lot": 7}\n'
        '{"sku": "M", "node": "DC-IL", "on_hand": "0.5"}\n'
    )

    done = await taken_in(system, text, form=FeedForm("jsonl"))

    assert [(flaw.line, flaw.column, flaw.reason) for flaw in done.account.flaws] == [(2, "lot", "must be text")]
    assert await _lots(system) == {("M", PA, "L-1"): (1250, 0, LATE), ("M", IL, ""): (500, 0, None)}


async def test_what_was_reserved_and_shipped_of_a_lot_since_is_respected(system: System, clock: Clock) -> None:
    await taken_in(system, f"{HEAD}A,DC-PA,L-1,{LATE},5\n")
    as_of = clock.now
    clock.advance(minutes=5)
    await system.door.follow()
    accepted(await system.door.one(capture(lines={"A": 3}), actor="test"))
    await adjust(system, [Adjustment(PA, A, -1, "damaged", lot="L-1")], actor=ANN)

    await taken_in(system, f"{HEAD}A,DC-PA,L-1,{LATE},7\n", reference="R-2", as_of=as_of + timedelta(minutes=1))

    assert await _lots(system) == {("A", PA, "L-1"): (6, 3, LATE)}


async def test_supply_still_to_come_is_measured_and_of_no_lot(system: System) -> None:
    head = "sku,node,on_hand,lot,expected_at,quantity\n"
    due = "2026-12-01T09:00:00Z"

    done = await taken_in(system, f"{head}M,DC-PA,,,{due},2.5\nA,DC-PA,,L-1,{due},5\n")

    assert [(flaw.line, flaw.column) for flaw in done.account.flaws] == [(3, "lot")]
    rows = await system.pool.fetch("SELECT sku, source, on_hand FROM balances WHERE expected_at IS NOT NULL")
    assert [tuple(row) for row in rows] == [("M", "po/WMS/1", 2500)]


async def test_a_first_load_takes_lots_and_measures_and_names_what_fits_no_item(system: System, clock: Clock) -> None:
    positions = [
        Measured(Position(A, PA, 0, lot="L-1", expires_on=SOON), 3),
        Measured(Position(A, PA, 0), 2),
        Measured(Position(M, PA, 0, lot="L-1"), Decimal("1.25")),
        Measured(Position(M, IL, 0), Decimal("0.0625")),
        Measured(Position(A, IL, 0), Decimal("1.5")),
    ]

    report = await load_positions(system.pool, positions, actor="t", reason="initial", at=lambda: clock.now)

    assert (report.given, report.moved, report.units, report.unknown, report.by_lot) == (5, 3, 5, (), ())
    assert sorted(report.unfit) == [
        "0.0625 at DC-IL must have at most 3 decimals: M is sold by measure",
        "1.5 at DC-IL must be a whole number: A is sold by the piece",
    ]
    assert await _lots(system) == {
        ("A", PA, "L-1"): (3, 0, SOON), ("A", PA, ""): (2, 0, None), ("M", PA, "L-1"): (1250, 0, None)
    }  # fmt: skip
