"""The end of the log as a process remembers it: each reader gets what the log says, and one of them asks."""

import asyncio
import random

from tests.builders import NOW
from tests.conftest import Database
from troth.model.events import ConfigurationSet
from troth.store.database import Connection, transaction
from troth.store.events import START, append_event, read_events_of_kinds
from troth.store.log_tail import LogTail


async def append(connection: Connection, number: int) -> None:
    event = ConfigurationSet("node", f"N{number}", {"size": "x" * (number % 7)})
    await append_event(connection, event, subject=f"node:N{number % 3}", at=NOW, actor="test")


async def test_readers_at_any_place_get_what_the_log_says_next(database: Database) -> None:
    """Of random readers that are ahead, in the middle and behind, with a tail that holds next to nothing."""
    chance = random.Random(7)
    tail, positions = LogTail(events_max=8, characters_max=600), [START]
    for number in range(120):
        async with transaction(database.pool) as connection:
            await append(connection, number)
        async with database.pool.acquire() as connection:
            position, limit = chance.choice(positions[-20:]), chance.randint(1, 9)
            kinds = chance.choice([("ConfigurationSet",), None, ()])
            subject = chance.choice([None, "node:N1"])
            told = await tail.read(connection, position, kinds=kinds, subject=subject, limit=limit)
            asked = await read_events_of_kinds(connection, position, kinds=kinds, subject=subject, limit=limit)
        assert told.events == asked.events[: len(told.events)]
        assert (told.looked_at > 0) == (asked.looked_at > 0), "it says that nothing is left where something is"
        assert told.looked_at < asked.looked_at or told == asked
        positions.append(told.end)


async def test_of_many_readers_one_asks(database: Database) -> None:
    tail = LogTail()
    async with transaction(database.pool) as connection:
        for number in range(5):
            await append(connection, number)

    async def read() -> tuple[int, ...]:
        async with database.pool.acquire() as connection:
            page = await tail.read(connection, START, kinds=("ConfigurationSet",), limit=100)
        return tuple(map(id, page.events[-5:]))

    first, second, third = await asyncio.gather(read(), read(), read())
    assert first == second == third
    assert len(first) == 5


async def test_what_is_not_committed_yet_is_read_when_it_is(database: Database) -> None:
    """A transaction that began earlier commits later: nobody has passed its events meanwhile."""
    tail = LogTail()
    async with database.pool.acquire() as early, database.pool.acquire() as late, database.pool.acquire() as reader:
        end = (await tail.read(reader, START, kinds=None, limit=10_000)).end
        beginning = early.transaction()
        await beginning.start()
        await append(early, 1)
        await append(late, 2)
        assert (await tail.read(reader, end, kinds=("ConfigurationSet",), limit=10)).events == ()
        await beginning.commit()
        found = await tail.read(reader, end, kinds=("ConfigurationSet",), limit=10)
    assert [event.subject for event in found.events] == ["node:N1", "node:N2"]
