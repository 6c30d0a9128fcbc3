"""The position of the event log loses nothing when transactions commit in another order than they began."""

import asyncpg

from tests.conftest import Database
from troth.store.events import START, read_events_after

APPEND = """
INSERT INTO events (subject, at, kind, version, body, actor, cause, policy_version)
VALUES ($1, now(), 'DuplicateReceived', 1, '{}', 'test', '', '') RETURNING seq
"""
AFTER_SEQUENCE = "SELECT subject, seq FROM events WHERE seq > $1 ORDER BY seq"


async def test_an_event_that_commits_late_is_read_where_a_plain_sequence_would_lose_it(database: Database) -> None:
    slow, quick = await asyncpg.connect(database.dsn), await asyncpg.connect(database.dsn)
    by_position: list[str] = []
    by_sequence: list[str] = []
    position, last = START, 0

    async def read() -> None:
        nonlocal position, last
        async with database.pool.acquire() as connection:
            for event in await read_events_after(connection, position, limit=100):
                by_position.append(event.subject)
                position = event.position
            for row in await connection.fetch(AFTER_SEQUENCE, last):
                by_sequence.append(row["subject"])
                last = row["seq"]

    try:
        transaction = slow.transaction()
        await transaction.start()
        first = await slow.fetchval(APPEND, "slow")
        second = await quick.fetchval(APPEND, "quick")
        assert first < second
        await read()
        await transaction.commit()
        await read()
    finally:
        await slow.close()
        await quick.close()

    assert by_position == ["slow", "quick"]
    assert by_sequence == ["quick"], "the control: a cursor on the sequence has lost an event"


async def test_events_of_one_transaction_are_read_in_the_order_in_which_they_were_written(database: Database) -> None:
    async with database.pool.acquire() as connection:
        async with connection.transaction():
            for subject in ("c", "a", "b"):
                await connection.fetchval(APPEND, subject)
        events = await read_events_after(connection, START, limit=100)

    assert [event.subject for event in events] == ["c", "a", "b"]
