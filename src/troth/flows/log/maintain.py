"""Upkeep of the database: a partition for each month ahead of its time, and what is old goes."""

from datetime import UTC, datetime, timedelta
from typing import Final

from troth.store.access import delete_expired_sessions
from troth.store.cart_holds import delete_old_cart_holds
from troth.store.database import Pool, transaction
from troth.store.deliveries import delete_old_deliveries
from troth.store.keys import delete_old_keys
from troth.store.marks import delete_old_marks
from troth.store.payments import delete_old_notices
from troth.store.unit_prices import delete_old_prices
from troth.store.upkeep import PARTITIONED, create_partition, try_upkeep

MONTHS_AHEAD: Final = 2
KEYS_KEPT: Final = timedelta(hours=48)
DELIVERIES_KEPT: Final = timedelta(days=30)
NOTICES_KEPT: Final = timedelta(days=90)
MARKS_KEPT: Final = timedelta(days=90)
PRICES_KEPT: Final = timedelta(days=90)
UNFINISHED_PRICES_KEPT: Final = timedelta(days=7)
_DELETED_MAX: Final = 10_000


async def create_partitions(pool: Pool, now: datetime) -> int:
    """Give this month and the next two a partition of each log; how many were created.

    Called before anything is written to a new database it keeps the default partitions empty; rows that lie in one
    already are moved.
    """
    created = 0
    for months in range(MONTHS_AHEAD + 1):
        begins_at, ends_at = _month(now, months), _month(now, months + 1)
        for table in PARTITIONED:
            async with transaction(pool) as connection:
                if await try_upkeep(connection):
                    created += await create_partition(connection, table, begins_at=begins_at, ends_at=ends_at)
    return created


async def delete_old(pool: Pool, now: datetime) -> None:
    """Forget idempotency keys and ended holds of carts after 48 hours, expired sessions at once, deliveries (some at a
    time) after 30 days, notices of gateways after 90, sets of unit prices (some lines at a time) 90 days after they
    were made, unless they are in force, and 7 days after they were begun and never finished.
    """
    async with pool.acquire() as connection:
        await delete_old_keys(connection, now - KEYS_KEPT)
        await delete_old_cart_holds(connection, now - KEYS_KEPT)
        await delete_expired_sessions(connection, now)
        await delete_old_marks(connection, now - MARKS_KEPT)
        await delete_old_deliveries(connection, now - DELIVERIES_KEPT, limit=_DELETED_MAX)
        await delete_old_notices(connection, now - NOTICES_KEPT)
        await delete_old_prices(
            connection,
            made_before=now - PRICES_KEPT,
            begun_before=now - UNFINISHED_PRICES_KEPT,
            at=now,
            limit=_DELETED_MAX,
        )


def _month(now: datetime, ahead: int) -> datetime:
    """The first instant, in UTC, of the month that lies `ahead` months after the one of `now`.

    >>> str(_month(datetime(2026, 11, 23, 15, tzinfo=UTC), 2))
    '2027-01-01 00:00:00+00:00'
    """
    months = now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1 + ahead
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)
