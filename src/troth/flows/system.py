"""What the entrances and the worker of a process share: the pool and the write door."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from troth.flows.door import Door
from troth.flows.reference import Reference
from troth.store.database import Pool, open_pool


@dataclass(frozen=True, slots=True)
class System:
    """A running process's access to everything: reads go to the pool, writes through the door."""

    pool: Pool
    door: Door


@asynccontextmanager
async def open_system(
    dsn: str, *, pool_size: int = 10, clock: Callable[[], datetime] | None = None
) -> AsyncIterator[System]:
    """A system on a migrated database.

    When the block ends what was submitted is written and the connections are closed.
    """
    pool = await open_pool(dsn, size=pool_size)
    try:
        door = Door(pool, Reference(pool), clock=clock)
        await door.open()
        try:
            yield System(pool, door)
        finally:
            await door.close()
    finally:
        await pool.close()
