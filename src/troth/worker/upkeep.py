"""The house itself: partitions made, the log sealed, old rows deleted, and how everything stands measured."""

import logging
from datetime import timedelta
from typing import Final

from prometheus_client import Gauge

from troth.flows.door.system import System
from troth.flows.exceptions.workbench import count_open
from troth.flows.log.maintain import create_partitions, delete_old
from troth.flows.log.seal import seal_log
from troth.flows.orders.due import find_next_due
from troth.store.labels import count_labels_in_flight
from troth.store.notifications import count_overdue
from troth.store.payments import count_in_flight
from troth.store.subscriptions import read_lags
from troth.store.upkeep import PARTITION_BUSY
from troth.worker.nodes import measure_nodes
from troth.worker.partners import measure_partners
from troth.worker.rounds import UPKEEP_SECONDS, Task

PARTITIONS_SECONDS: Final = 3_600.0
BUSY_SECONDS: Final = 1.0
_SEAL_SECONDS: Final = 60.0
_MEASURE_SECONDS: Final = 15.0
_UNKNOWN_AFTER: Final = timedelta(minutes=1)

DUE_LAG: Final = Gauge("troth_due_lag_seconds", "How long the longest overdue order has been due")
PAYMENTS_UNKNOWN: Final = Gauge("troth_payments_unknown", "Steps of payments that are not answered for a minute")
NOTIFICATIONS_OVERDUE: Final = Gauge("troth_notifications_overdue", "Notifications that should have been sent")
SUBSCRIBER_LAG: Final = Gauge("troth_webhook_lag_seconds", "Age of the first event not passed yet", ["subscription"])
SUBSCRIBERS_PAUSED: Final = Gauge("troth_webhook_paused", "Subscriptions that are paused")
EXCEPTIONS_OPEN: Final = Gauge("troth_exceptions_open", "What needs a person, by kind", ["kind"])
EXCEPTION_OLDEST: Final = Gauge("troth_exception_oldest_seconds", "How long the oldest of it has been open")
LABELS_UNKNOWN: Final = Gauge("troth_labels_unknown", "Labels that carriers have not answered about for a minute")
SEALED_AT: Final = Gauge("troth_sealed_at_seconds", "When this worker last sealed the log, as Unix time")

_log = logging.getLogger(__name__)


def upkeep_tasks(system: System) -> tuple[Task, ...]:
    """The tasks that keep the house."""
    return (
        Task("partitions", lambda: make_partitions(system)),
        Task("seal", lambda: _seal(system)),
        Task("upkeep", lambda: _delete_old(system)),
        Task("measure", lambda: _measure(system)),
    )


async def _seal(system: System) -> float:
    sealed = await seal_log(system.pool, system.door.now())
    if sealed is not None:
        SEALED_AT.set(sealed.sealed_at.timestamp())
    return _SEAL_SECONDS


async def make_partitions(system: System) -> float:
    """Make the partitions of the months to come; how long to rest. Whoever writes at that moment goes first."""
    try:
        await create_partitions(system.pool, system.door.now())
    except PARTITION_BUSY as busy:
        _log.info("the partitions wait for those who write now: %s", busy)
        return BUSY_SECONDS
    return PARTITIONS_SECONDS


async def _delete_old(system: System) -> float:
    await delete_old(system.pool, system.door.now())
    return UPKEEP_SECONDS


async def _measure(system: System) -> float:
    now = system.door.now()
    due_at = await find_next_due(system)
    DUE_LAG.set(max(0.0, (now - due_at).total_seconds()) if due_at is not None else 0.0)
    async with system.pool.acquire() as connection:
        lags = await read_lags(connection, now)
        NOTIFICATIONS_OVERDUE.set((await count_overdue(connection, now - _UNKNOWN_AFTER))[0])
        PAYMENTS_UNKNOWN.set(await count_in_flight(connection, now - _UNKNOWN_AFTER))
        LABELS_UNKNOWN.set(await count_labels_in_flight(connection, now - _UNKNOWN_AFTER))
    SUBSCRIBER_LAG.clear()
    for lag in lags:
        SUBSCRIBER_LAG.labels(lag.subscription_id).set(max(0.0, lag.seconds or 0.0))
    counts = await count_open(system)
    for kind, counted in counts.items():
        EXCEPTIONS_OPEN.labels(kind).set(counted.count)
    since = min((counted.since for counted in counts.values() if counted.since is not None), default=now)
    EXCEPTION_OLDEST.set(max(0.0, (now - since).total_seconds()))
    SUBSCRIBERS_PAUSED.set(sum(lag.state == "paused" for lag in lags))
    await measure_nodes(system)
    await measure_partners(system)
    return _MEASURE_SECONDS
