"""What a cart keeps of a limited node's days: nobody else is promised it, and its order has it without a gap."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date

import pytest

from tests.builders import Clock, accepted, capture, follow_only_when_told, item, node, set_up, stock
from tests.conftest import Database
from troth.engine.carriage.node_load import used_by
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import Severity, examine
from troth.flows.orders.cart import give_up_hold, hold_cart
from troth.flows.orders.due import end_due_carts
from troth.model.capacity import CapacityUnit, Slot
from troth.model.capture_order import CaptureOrder
from troth.model.cart_hold import CartHold
from troth.model.commands import CancelOrder, LineQuantity
from troth.model.ids import LineId, NodeId
from troth.model.order import Order

TODAY, TOMORROW = date(2026, 11, 23), date(2026, 11, 24)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def processes(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[System, System]]:
    """Two processes, and a node that can do three order lines a day."""
    follow_only_when_told(monkeypatch)
    await set_up(database.pool, nodes=(node(capacity_per_day=3),))
    async with open_system(database.dsn, clock=clock) as first, open_system(database.dsn, clock=clock) as second:
        await stock(first, {("A", "DC-PA"): 1000})
        yield first, second


def lines(number: int, name: str = "cart") -> CaptureOrder:
    """An order of so many lines, each of one unit."""
    (line,) = capture(name).lines
    many = tuple(replace(line, line_id=LineId(str(one + 1)), quantity=1) for one in range(number))
    return replace(capture(name), lines=many)


async def held(system: System, asked: CaptureOrder) -> CartHold:
    found = await hold_cart(system, asked, 60, actor="test")
    assert isinstance(found, tuple), found
    return found[0]


def days_of(order: Order) -> dict[date, int]:
    return {slot.day: amount for slot, amount in used_by(order).items()}


async def used(database: Database) -> dict[date, int]:
    rows = await database.pool.fetch("SELECT day, used FROM node_days WHERE used > 0 ORDER BY day")
    return {row["day"]: row["used"] for row in rows}


async def assert_clean(system: System) -> None:
    report = await examine(system.pool, now=system.door.now())
    assert report.is_clean, report.text()


async def test_a_held_cart_is_captured_on_the_day_that_it_was_promised_though_the_day_is_full(
    database: Database, processes: tuple[System, System]
) -> None:
    first, second = processes
    hold = await held(first, lines(2))
    assert hold.days == ((Slot(NodeId("DC-PA"), TODAY), 2),)
    other = accepted(await second.door.one(lines(2, "W-1"), actor="test"))
    assert days_of(other) == {TODAY: 1, TOMORROW: 1}

    order = accepted(await second.door.one(replace(lines(2, "W-2"), cart_hold=hold.hold_id), actor="test"))

    assert days_of(order) == {TODAY: 2}
    assert await used(database) == {TODAY: 3, TOMORROW: 1}
    await assert_clean(first)


@pytest.mark.parametrize("end", ["expires", "is given up"])
async def test_the_day_of_a_cart_that_ends_is_free_for_others(
    database: Database, processes: tuple[System, System], clock: Clock, end: str
) -> None:
    first, second = processes
    hold = await held(first, lines(3))
    if end == "expires":
        clock.advance(seconds=60)
        assert await end_due_carts(second, clock.now, limit=10) == 1
    else:
        assert isinstance(await give_up_hold(second, hold.hold_id, actor="test"), CartHold)
    assert await used(database) == {}
    await first.door.follow()

    order = accepted(await first.door.one(lines(3, "W-1"), actor="test"))

    assert days_of(order) == {TODAY: 3}
    await assert_clean(first)


async def test_a_changed_cart_keeps_its_place_in_the_day(database: Database, processes: tuple[System, System]) -> None:
    first, second = processes
    hold = await held(first, lines(2))
    accepted(await second.door.one(lines(1, "W-1"), actor="test"))

    fewer = await held(first, replace(lines(1), cart_hold=hold.hold_id))
    assert fewer.days == ((Slot(NodeId("DC-PA"), TODAY), 1),)
    more = await held(second, replace(lines(3), cart_hold=hold.hold_id))

    assert more.days == ((Slot(NodeId("DC-PA"), TODAY), 2), (Slot(NodeId("DC-PA"), TOMORROW), 1))
    assert await used(database) == {TODAY: 3, TOMORROW: 1}
    await assert_clean(first)


async def test_carts_and_orders_of_two_processes_never_fill_a_day_beyond_its_limit(
    database: Database, processes: tuple[System, System], clock: Clock
) -> None:
    async def shop(number: int) -> None:
        system = processes[number % 2]
        hold = await held(system, lines(1, f"cart-{number}"))
        if number % 3:
            order = replace(lines(1, f"W-{number}"), cart_hold=hold.hold_id)
            accepted(await processes[number // 2 % 2].door.one(order, actor="test"))

    await asyncio.gather(*(shop(number) for number in range(18)))
    assert sum((await used(database)).values()) == 18
    assert max((await used(database)).values()) == 3
    await assert_clean(processes[0])
    clock.advance(seconds=61)
    assert await end_due_carts(processes[0], clock.now, limit=100) == 6
    assert sum((await used(database)).values()) == 12
    await assert_clean(processes[0])


async def test_the_doctor_derives_the_days_of_nodes_from_orders_and_carts(
    database: Database, processes: tuple[System, System]
) -> None:
    in_units = node("DC-IL", capacity_per_day=4, capacity_unit=CapacityUnit.UNITS)
    await set_up(database.pool, nodes=(node(capacity_per_day=3), in_units), items=(item("A"), item("B")))
    system = processes[0]
    await system.door.follow()
    await stock(system, {("B", "DC-IL"): 50})
    accepted(await system.door.one(lines(4, "W-1"), actor="test"))
    units = accepted(await system.door.one(capture("W-2", {"B": 6}), actor="test"))
    cancel = CancelOrder(units.order_id, "changed", (LineQuantity(LineId("1"), 3),))
    accepted(await system.door.one(cancel, actor="test"))
    await held(system, lines(1))
    await assert_clean(system)

    await database.pool.execute("UPDATE node_days SET used = used - 1 WHERE node = 'DC-IL' AND used > 2")
    await database.pool.execute("DELETE FROM node_days WHERE node = 'DC-PA' AND day = $1", TOMORROW)

    report = await examine(system.pool, now=system.door.now())
    (finding,) = [one for one in report.findings if one.check == "capacity"]
    assert finding.severity is Severity.PROBLEM
    assert finding.rows == (
        "DC-IL on 2026-11-23, shift 0: promised 2, orders and carts take 3",
        "DC-PA on 2026-11-24, shift 0: promised 0, orders and carts take 2",
    )
