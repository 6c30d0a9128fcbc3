"""What the write door writes together."""

import asyncio

import pytest

from tests.builders import accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.engine.promising import promise
from troth.flows.door import door
from troth.flows.door.requests import Accepted, Request
from troth.flows.door.system import System, open_system
from troth.model.refusals import StockShort

CLIENTS = 8


async def test_those_who_come_back_after_an_answer_join_those_who_waited_behind_them(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_CROWD_SECONDS", 0.25)  # so that a slow machine gathers like a quick one
    await set_up(database.pool)
    async with open_system(database.dsn) as system:
        await stock(system, {("A", "DC-PA"): 100})
        early = [asyncio.create_task(_ask(system, f"early-{number}", times=3)) for number in range(CLIENTS)]
        for _ in range(3):  # the first batch leaves
            await asyncio.sleep(0)
        late = [asyncio.create_task(_ask(system, f"late-{number}", times=3)) for number in range(CLIENTS)]
        await asyncio.gather(*early, *late)

    sizes = await database.pool.fetch(
        "SELECT count(*) AS orders FROM entries WHERE order_id IS NOT NULL GROUP BY xid ORDER BY xid"
    )
    assert [row["orders"] for row in sizes] == [CLIENTS, 2 * CLIENTS, 2 * CLIENTS, CLIENTS]


async def _ask(system: System, name: str, *, times: int) -> None:
    for number in range(times):
        accepted(await system.door.one(capture(f"{name}-{number}"), actor="test"))


async def test_orders_of_a_batch_that_want_the_same_units_do_not_both_get_them(system: System) -> None:
    await set_up(system.pool, nodes=(node("A-1"), node("B-1", latitude=34.0, longitude=-118.0)))
    await stock(system, {("A", "A-1"): 2, ("A", "B-1"): 2})
    orders = tuple(capture(f"W-{number}") for number in range(6))

    result = await system.door.submit(Request(orders, "test"))

    placed = [outcome.order for outcome in result.outcomes if isinstance(outcome, Accepted) and outcome.order]
    assert sorted(part.node for order in placed for part in order.allocations) == ["A-1", "A-1", "B-1", "B-1"]
    assert [type(outcome) for outcome in result.outcomes[4:]] == [StockShort, StockShort]
    balances = await system.pool.fetch("SELECT node, on_hand, reserved FROM balances ORDER BY node")
    assert [tuple(row) for row in balances] == [("A-1", 2, 2), ("B-1", 2, 2)]


async def test_plain_orders_of_a_batch_are_planned_together(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promise, "answer", None)  # nobody is asked alone
    await set_up(system.pool, items=(item("A"), item("B")))
    await stock(system, {("A", "DC-PA"): 10, ("B", "DC-PA"): 10})

    orders = tuple(capture(f"W-{number}", {"A": 1} if number % 2 else {"B": 1}) for number in range(6))
    result = await system.door.submit(Request(orders, "test"))

    assert all(isinstance(outcome, Accepted) for outcome in result.outcomes)
