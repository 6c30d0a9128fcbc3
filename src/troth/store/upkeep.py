"""Rights that one worker has at a time, timeouts, and a partition for every month of the two logs."""

from datetime import datetime
from typing import Final

import asyncpg

from troth.store.database import Connection
from troth.store.queries import sql

PARTITIONED: Final = ("entries", "events")

_TRY_SWEEP = sql("try_due_sweep")
_TRY_UPKEEP = sql("try_upkeep")
_NEXT_DUE = sql("read_next_due")
_SET_TIMEOUTS = sql("set_timeouts")
_PLAN_PARTITION = sql("plan_partition")
_LOCK_MS = 100  # whoever writes meanwhile waits behind it
_MOVE_MS = 5_000

PARTITION_BUSY: Final = (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError, asyncpg.CheckViolationError)
"""The errors that say that a partition could not be made beside those who write now."""


async def try_sweep(connection: Connection) -> bool:
    """Take the right to act on due orders until the transaction ends; False where another worker has it."""
    is_ours: bool = await connection.fetchval(_TRY_SWEEP)
    return is_ours


async def try_upkeep(connection: Connection) -> bool:
    """Take the right to change partitions until the transaction ends; False where another worker has it."""
    is_ours: bool = await connection.fetchval(_TRY_UPKEEP)
    return is_ours


async def read_next_due(connection: Connection) -> datetime | None:
    """When the clock next has something to do for any order."""
    at: datetime | None = await connection.fetchval(_NEXT_DUE)
    return at


async def lift_timeouts(connection: Connection) -> None:
    """Let the statements of this transaction run as long as they need."""
    await connection.execute(_SET_TIMEOUTS, 0, 0)


async def create_partition(connection: Connection, table: str, *, begins_at: datetime, ends_at: datetime) -> bool:
    """Give a month of a table its own partition, in a transaction; False where it has one.

    A filled table is attached, which unlike creating a partition in place lets others go on writing. Nobody waits for
    longer than 100 ms, or five seconds where rows must be moved: it fails then, as it does where rows come in between,
    and can be tried again (PARTITION_BUSY).
    """
    plan = await connection.fetchrow(_PLAN_PARTITION, table, begins_at, ends_at)
    if plan is None:
        return False
    await connection.execute(_SET_TIMEOUTS, _LOCK_MS, _MOVE_MS)
    has_rows: bool = await connection.fetchval(plan["has_rows"])
    if has_rows:
        await connection.execute(plan["lock"])
    await connection.execute(plan["create"])
    if has_rows:
        await connection.execute(plan["move"])
    await connection.execute(plan["attach"])
    return True
