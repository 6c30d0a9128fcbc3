"""Connections to PostgreSQL: the pool of a process, and one transaction on it.

JSON columns come and go as text: whoever needs the value decodes it, and what is only passed on is not parsed.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, TypeAlias

import asyncpg

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

_IDLE_IN_TRANSACTION_MS: Final = 60_000
_STATEMENTS_CACHED_MAX: Final = 1_000  # more than there are named queries, so that each is planned once per connection
_SIZE_MIN: Final = 2

BY_KEY: Final = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
"""For sessions whose every statement names its rows by key: planned once, and never by statistics of a table that was
small when the session began. Without it a table filled in one go is scanned for every order until it is analyzed.
"""

UNAVAILABLE: Final = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InternalClientError,
)
"""The errors that say that the database is away. What was being written may or may not have been: only a repetition
that is recognized as one is safe. The last one is what a connection says that was cut off while it was busy.
"""


async def open_pool(
    dsn: str,
    *,
    size: int,
    lock_timeout_ms: int = 5_000,
    statement_timeout_ms: int = 60_000,
    name: str = "troth",
    options: Mapping[str, str] | None = None,
) -> Pool:
    """Return a pool of at most `size` connections, two of them open; the caller closes it.

    `name` is what pg_stat_activity shows, `options` are further settings of its sessions. Waits for a lock and
    statements end with an error after the timeouts; 0: never.
    """
    return await asyncpg.create_pool(
        dsn,
        min_size=min(_SIZE_MIN, size),
        max_size=size,
        max_inactive_connection_lifetime=300.0,
        statement_cache_size=_STATEMENTS_CACHED_MAX,
        max_cached_statement_lifetime=0,
        max_cacheable_statement_size=0,  # the one that saves a batch is long, and would else be planned for every batch
        reset=_keep,
        server_settings={
            "application_name": name,
            "timezone": "UTC",
            "jit": "off",
            "lock_timeout": str(lock_timeout_ms),
            "statement_timeout": str(statement_timeout_ms),
            "idle_in_transaction_session_timeout": str(_IDLE_IN_TRANSACTION_MS),
            **(options or {}),
        },
    )


@asynccontextmanager
async def transaction(pool: Pool, *, read_only: bool = False) -> AsyncIterator[Connection]:
    """Lend a connection in a READ COMMITTED transaction, committed at the end, undone by an exception."""
    async with pool.acquire() as connection, connection.transaction(readonly=read_only):
        yield connection


async def _keep(connection: Connection) -> None:
    """Give a connection back as it is, without the round trip of RESET ALL.

    That is allowed because no query of ours leaves anything on a session: settings are SET LOCAL, advisory locks are
    those of the transaction, and asyncpg rolls an open transaction back before it calls this.
    """
