"""No more of an item is backordered than may be, also by processes that promise at the same instant."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.builders import NOW, Clock, accepted, capture, follow_only_when_told, item, node, set_up
from tests.conftest import Database
from troth.flows.door import batch_write
from troth.flows.door.requests import Accepted, Outcome
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import examine
from troth.flows.orders.cart import hold_cart
from troth.flows.people.access import Actor
from troth.flows.stock.expect import expect
from troth.model.cart_hold import CartHold
from troth.model.change import SetQuantity
from troth.model.commands import CancelOrder, ChangeOrder, ExpectedLine
from troth.model.ids import NodeId, Sku
from troth.model.order import Method
from troth.model.refusals import Refusal, StockShort
from troth.store import backordered

ANN = Actor("key/ann", frozenset({"inventory:write"}))
A = Sku("A")
STORES = (NodeId("ST-NYC"), NodeId("ST-LA"))
ROUNDS = 24


@pytest.fixture
async def processes(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[System, System]]:
    """Two processes of an item of which at most five may be backordered, with twenty to come at each of two stores."""
    follow_only_when_told(monkeypatch)
    await set_up(database.pool, nodes=tuple(map(node, STORES)), items=(item("A", backorder_max=5), item("B")))
    async with open_system(database.dsn, clock=clock) as first, open_system(database.dsn, clock=clock) as second:
        lines = tuple(
            ExpectedLine(number, at, A, 20, NOW + timedelta(days=7)) for number, at in enumerate(STORES, start=1)
        )
        await expect(first, "P-1", lines, actor=ANN)
        for one in (first, second):
            await one.door.need_stock([A])
        yield first, second


async def _backordered(system: System) -> int:
    units: int = await system.pool.fetchval("SELECT sum(reserved)::bigint FROM balances WHERE expected_at IS NOT NULL")
    return units


async def _hold(system: System, name: str, units: int) -> CartHold | Refusal:
    found = await hold_cart(system, capture(name, {"A": units}), 60, actor="web")
    return found[0] if isinstance(found, tuple) else found


def _is_at_cap(outcome: Outcome | CartHold | Refusal) -> bool:
    return isinstance(outcome, StockShort) and {line.reason for line in outcome.lines} == {"backorder_max"}


async def test_orders_and_carts_of_two_processes_stay_below_the_cap(processes: tuple[System, System]) -> None:
    orders = (processes[number % 2].door.one(capture(f"W-{number}"), actor="web") for number in range(10))
    carts = (_hold(processes[number % 2], f"cart-{number}", 1) for number in range(10))

    outcomes = [*await asyncio.gather(*orders, *carts)]

    promised = [outcome for outcome in outcomes if isinstance(outcome, Accepted | CartHold)]
    assert (len(promised), await _backordered(processes[0])) == (5, 5)
    assert all(_is_at_cap(outcome) for outcome in outcomes if outcome not in promised)
    assert (await examine(processes[0].pool)).is_clean


async def test_a_stale_process_is_kept_below_the_cap_by_the_check_under_lock(
    processes: tuple[System, System], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = processes
    await second.door.close()  # from now on it follows nobody
    order = accepted(await first.door.one(capture("W-1", {"A": 5}), actor="web"))

    assert _is_at_cap(await second.door.one(capture("W-2"), actor="web"))
    assert await _backordered(first) == 5
    accepted(await first.door.one(CancelOrder(order.order_id, "changed plans"), actor="web"))
    accepted(await second.door.one(capture("W-3", {"A": 4}), actor="web"))
    assert _is_at_cap(await first.door.one(capture("W-4", {"A": 2}), actor="web"))
    accepted(await first.door.one(capture("W-5"), actor="web"))

    monkeypatch.setattr(batch_write, "find_capped", lambda _entries, _items: {})
    accepted(await second.door.one(capture("W-6"), actor="web"))  # the control: one unit too many
    assert await _backordered(first) == 6


async def test_a_change_beyond_the_cap_says_so(
    processes: tuple[System, System],
) -> None:
    first, _second = processes
    order = accepted(await first.door.one(capture("W-1", {"A": 3}), actor="web"))
    line = order.lines[0].line_id

    refused = await first.door.one(ChangeOrder(order.order_id, (SetQuantity(line, 6),)), actor="web")
    assert _is_at_cap(refused), refused
    assert isinstance(refused, StockShort)
    assert refused.lines[0].detail == "at most 5 units of A may be backordered, and 3 are already"
    assert await _backordered(first) == 3
    accepted(await first.door.one(ChangeOrder(order.order_id, (SetQuantity(line, 5),)), actor="web"))
    assert await _backordered(first) == 5


async def _race(processes: tuple[System, System], number: int) -> int:
    """How many units are backordered after both processes took three at once, each those of another store."""
    commands = [
        capture(f"W-{number}-{store}", {"A": 3}, method=Method.PICKUP, pickup_node=store, ship_to=None)
        for store in STORES
    ]
    outcomes = await asyncio.gather(
        *(system.door.one(command, actor="web") for system, command in zip(processes, commands, strict=True))
    )
    units = await _backordered(processes[0])
    for outcome in outcomes:
        if isinstance(outcome, Accepted):
            await processes[0].door.one(CancelOrder(accepted(outcome).order_id, "next round"), actor="web")
    return units


async def test_of_two_who_backorder_from_different_supplies_at_once_one_finds_the_cap_reached(
    processes: tuple[System, System],
) -> None:
    assert [await _race(processes, number) for number in range(ROUNDS)] == [3] * ROUNDS


async def test_without_the_lock_on_all_dated_supplies_both_pass(
    processes: tuple[System, System], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert backordered._LOCK.count("FOR UPDATE OF b") == 1
    monkeypatch.setattr(backordered, "_LOCK", backordered._LOCK.replace("FOR UPDATE OF b", ""))
    # Whoever adds up sees what was there when it began, so both see nothing where it takes a moment.
    monkeypatch.setattr(backordered, "_READ", f"SELECT read.* FROM ({backordered._READ}) AS read, pg_sleep(0.2)")
    assert await _race(processes, 1) == 6
