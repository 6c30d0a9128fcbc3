"""Kill -9 of workers in the middle of a wave: each work goes once, and the wave takes what it has room for."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.builders import accepted, capture, item, node, set_up, stock
from tests.faults.test_kill import Fleet, fleet
from tests.flows.waiting import wait_until
from troth.flows.documents.families import RELEASE_RULES
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import examine
from troth.flows.log.maintain import create_partitions
from troth.flows.orders.due import act_on_due
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import activate
from troth.model.ids import LineId, Sku
from troth.model.order import Line
from troth.settings import Settings
from troth.store.embedded import start
from troth.store.migrate import migrate

__all__ = ["fleet"]

ORDERS = 400
ROOM = 250
KILLS = 4


async def plan_orders(dsn: str, wave_at: datetime) -> None:
    """Orders that are all planned into one wave, which has not room for all of them and is over for a worker."""
    await migrate(dsn)
    at = wave_at - timedelta(hours=2)
    async with open_system(dsn, clock=lambda: at) as system:
        await create_partitions(system.pool, datetime.now(UTC))
        await set_up(system.pool, nodes=(node("DC-PA", time_zone="UTC"),), items=(item("A"),))
        await stock(system, {("A", "DC-PA"): ORDERS})
        await put_in_force(system, wave_at)
        line = Line(LineId("1"), Sku("A"), 1, 1990, not_before=wave_at + timedelta(days=20))
        outcomes = await asyncio.gather(
            *(system.door.one(replace(capture(f"W-{number}"), lines=(line,)), actor="test") for number in range(ORDERS))
        )
        assert [accepted(outcome).version for outcome in outcomes] == [1] * ORDERS
        assert await act_on_due(system, at, limit=ORDERS) == ORDERS
        assert (
            await system.pool.fetchval("SELECT count(*) FROM planned_releases WHERE release_at = $1", wave_at) == ORDERS
        )


async def put_in_force(system: System, wave_at: datetime) -> None:
    rules = {
        "remorse": [{"name": "none", "minutes": 0}],
        "lead": [{"name": "long", "hours": 24.0 * 60}],
        "waves": [{"name": "daily", "times": [f"{wave_at:%H}:00:00"], "orders_max": ROOM}],
    }
    saved = await save_draft(system, RELEASE_RULES, "test", rules, actor="test")
    assert isinstance(saved, Saved), saved
    await activate(system, RELEASE_RULES, "test", 1, reason="test", actor="test")


async def test_workers_that_are_killed_in_a_wave_release_each_work_once_and_no_more_than_it_takes(fleet: Fleet) -> None:
    wave_at = (datetime.now(UTC) - timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    with start(Settings(data_dir=fleet.folder)) as embedded:
        await plan_orders(embedded.dsn, wave_at)
        async with open_system(embedded.dsn) as system:
            for number in range(KILLS):
                await fleet.begin("worker")
                await wait_until(system.pool, f"SELECT coalesce(sum(orders), 0) > {number * ROOM // KILLS} FROM waves")
                fleet.running["worker"].kill()
                await fleet.running["worker"].wait()
            await fleet.begin("worker")
            due = f"SELECT NOT EXISTS (SELECT FROM planned_releases WHERE release_at <= '{wave_at.isoformat()}')"
            await wait_until(system.pool, due)
            assert await fleet.end() == [0]

            rows = await system.pool.fetch(
                "SELECT subject, count(*) FROM events WHERE kind = 'OrderReleased' GROUP BY 1"
            )
            assert [row["count"] for row in rows] == [1] * ROOM
            assert [tuple(row) for row in await system.pool.fetch("SELECT orders, lines, units FROM waves")] == [
                (ROOM, ROOM, ROOM)
            ]
            later = await system.pool.fetch("SELECT release_at, count(*) FROM planned_releases GROUP BY 1")
            assert [tuple(row) for row in later] == [(wave_at + timedelta(days=1), ORDERS - ROOM)]
            report = await examine(system.pool, orders_max=None)
            assert report.is_clean, report.text()
