"""Whether there is anything in a database yet, and whose turn it is to put a sample into it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from troth.store.database import Connection
from troth.store.queries import sql

_LOCK = sql("lock_sample")
_IS_EMPTY = sql("is_empty")


@asynccontextmanager
async def sample_turn(dsn: str) -> AsyncIterator[None]:
    """Wait until nobody else loads a sample into this database, and keep others waiting meanwhile.

    The lock belongs to a connection of its own, so it ends with the process, however that ends.
    """
    connection = await asyncpg.connect(dsn, server_settings={"application_name": "troth sample"})
    try:
        await connection.execute(_LOCK)
        yield
    finally:
        await connection.close()


async def is_empty(connection: Connection) -> bool:
    """Whether there is no node, no item and no order."""
    return bool(await connection.fetchval(_IS_EMPTY))
