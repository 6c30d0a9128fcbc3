"""Kill -9 of processes that learn from the log: each event is learned from once, as if nothing had happened."""

import asyncio
import sys
from datetime import timedelta
from typing import Any

from tests.builders import NOW, Clock, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.door.system import open_system
from troth.flows.memory.accuracy import learn_from_log
from troth.flows.people.access import Actor
from troth.flows.stock.stock import Counted, count
from troth.model.ids import NodeId, Sku
from troth.store.database import Pool

ANN = Actor("key/ann", frozenset({"inventory:write"}))
PA = NodeId("DC-PA")
SKUS = 20
ROUNDS = 20
KILLS = 6


async def what_is_learned(pool: Pool) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    cells = await pool.fetch("SELECT node, category, as_of, found, missed, observations, units FROM find_evidence")
    records = await pool.fetch(
        "SELECT sku, node, found, missed, moved, variance, counted_at FROM position_records ORDER BY sku, node"
    )
    return [tuple(row) for row in cells], [tuple(row) for row in records]


async def test_killed_learners_leave_what_one_that_lives_would_have_learned(database: Database) -> None:
    await set_up(database.pool, nodes=(node(PA),), items=tuple(item(f"S{at}") for at in range(SKUS)))
    clock = Clock(NOW + timedelta(days=1))
    async with open_system(database.dsn, clock=clock) as system:
        await stock(system, {(f"S{at}", PA): 50 for at in range(SKUS)})
        for number in range(ROUNDS):
            clock.advance(minutes=10)
            lines = [Counted(Sku(f"S{at}"), 40 + (at * number) % 11) for at in range(SKUS)]
            await count(system, PA, clock.now, lines, actor=ANN)
    events = await database.pool.fetchval("SELECT count(*) FROM events")

    for _ in range(KILLS):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.learner", database.dsn, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        for _ in range(3):
            assert await process.stdout.readline() == b"step\n"
        process.kill()
        await process.wait()
    while await learn_from_log(database.pool):
        pass
    killed = await what_is_learned(database.pool)
    await database.pool.execute("TRUNCATE find_evidence, position_records")
    await database.pool.execute("UPDATE log_readers SET xid = '0', seq = 0 WHERE reader = 'accuracy'")
    while await learn_from_log(database.pool):
        pass

    assert killed == await what_is_learned(database.pool)
    assert killed[0][0][5] == SKUS * ROUNDS
    assert events == SKUS * (ROUNDS + 1)
