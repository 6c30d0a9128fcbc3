"""Waiting for others: until they wait, so that a race has the order that a test wants, or until they are done."""

import asyncio

from troth.store.database import Pool


async def wait_for_two(pool: Pool) -> None:
    """Return when two wait for locks of this database."""
    for _ in range(500):
        waiting = await pool.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        if waiting >= 2:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")


async def wait_until(pool: Pool, question: str) -> None:
    """Wait until a question to the database is answered with true."""
    for _ in range(600):
        if await pool.fetchval(question):
            return
        await asyncio.sleep(0.05)  # others do it: there is nothing here to be told by
    raise AssertionError(f"never true: {question}")
