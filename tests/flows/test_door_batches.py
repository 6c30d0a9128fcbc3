"""What the write door writes together."""

import asyncio

import pytest

from tests.builders import accepted, capture, set_up, stock
from tests.conftest import Database
from troth.flows.door import door
from troth.flows.door.system import System, open_system

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
