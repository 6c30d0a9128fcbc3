"""Supply that should have come already: when it is counted on, and how long.

Nobody knows when overdue supply comes; the longer it is late, the longer it will still be. It is expected as much later
again as it is late, at least a day from now, and when it is late for more than `OVERDUE_DAYS_MAX` nothing more is
promised of it until somebody says when it comes. Of a delay whose tail falls with the square of its length (Pareto,
index 2), what is still to wait on average is just what was waited already.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.calendars import DAY_SECONDS
from troth.engine.supply.supply import SupplyRows

OVERDUE_DAYS_MAX: Final = 30
"""Supply that is late for longer is not promised."""


def ready_from(dates: NDArray[np.float64], now: float) -> NDArray[np.float64]:
    """When supply of these dates (POSIX, 0.0: on hand) is counted on at a time: what is overdue is moved on.

    >>> ready_from(np.array([0.0, 86_400.0, 350_000.0, 900_000.0]), 432_000.0).tolist()
    [0.0, 777600.0, 518400.0, 900000.0]
    """
    is_overdue = (dates > 0.0) & (dates <= now)
    if not is_overdue.any():
        return dates
    ready: NDArray[np.float64] = np.where(is_overdue, now + np.maximum(DAY_SECONDS, now - dates), dates)
    return ready


def has_overdue(rows: SupplyRows, now: float) -> bool:
    """Whether any of the rows should have come by a time (POSIX)."""
    return not rows.is_plain and bool(((rows.available_from > 0.0) & (rows.available_from <= now)).any())


def moved_on(rows: SupplyRows, now: float) -> SupplyRows:
    """The rows, each from when it is counted on at a time (POSIX)."""
    return replace(rows, available_from=ready_from(rows.available_from, now)) if has_overdue(rows, now) else rows


def timely_rows(rows: SupplyRows, now: float) -> SupplyRows:
    """The same without the units that are late for too long."""
    if not has_overdue(rows, now):
        return rows
    is_late = (rows.available_from > 0.0) & (rows.available_from < now - OVERDUE_DAYS_MAX * DAY_SECONDS)
    rows = moved_on(rows, now)
    if not is_late.any():
        return rows
    return replace(
        rows,
        available=np.where(is_late, 0, rows.available),
        on_hand=None if rows.on_hand is None else np.where(is_late, 0, rows.on_hand),
        reserved=None if rows.reserved is None else np.where(is_late, 0, rows.reserved),
    )


def is_counted_out(expected_at: datetime | None, now: datetime) -> bool:
    """Whether supply of a date (None: it is on hand) is late for so long that nothing is promised of it.

    >>> monday = datetime(2026, 11, 23, tzinfo=UTC)
    >>> [is_counted_out(at, monday) for at in (None, monday, datetime(2026, 9, 1, tzinfo=UTC))]
    [False, False, True]
    """
    return expected_at is not None and counted_from(expected_at, now) is None


def tell_overdue(expected_at: datetime, now: datetime) -> str:
    """What is to be said of supply whose date has passed; empty where it has not.

    >>> tell_overdue(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))
    'passed 3 days ago: what has not come yet is expected as much later again, and at least a day from now'
    """
    late = now - expected_at
    if late.total_seconds() < 0:
        return ""
    ago = f"passed {late.days} day{'' if late.days == 1 else 's'} ago" if late.days else "has passed"
    if counted_from(expected_at, now) is None:
        return f"{ago}: nothing is promised of what has not come yet until there is another date"
    return f"{ago}: what has not come yet is expected as much later again, and at least a day from now"


def counted_from(expected_at: datetime, now: datetime) -> datetime | None:
    """From when supply of a date is promised; None: it is late for too long.

    >>> monday = datetime(2026, 11, 23, tzinfo=UTC)
    >>> counted_from(datetime(2026, 11, 20, tzinfo=UTC), monday), counted_from(datetime(2026, 9, 1, tzinfo=UTC), monday)
    (datetime.datetime(2026, 11, 26, 0, 0, tzinfo=datetime.timezone.utc), None)
    """
    late = now.timestamp() - expected_at.timestamp()
    if late > OVERDUE_DAYS_MAX * DAY_SECONDS:
        return None
    if late < 0:
        return expected_at
    return datetime.fromtimestamp(now.timestamp() + max(DAY_SECONDS, late), UTC)
