"""One thing: the worker, what happens without anybody asking. Due orders, deliveries to subscribers, seals, upkeep.

Each task goes round on its own: at once where it had all the work it takes in a round, after a short pause otherwise. A
task that fails is logged and tried again after a growing pause, and the others do not notice. Any number of workers run
side by side.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import field
from datetime import timedelta
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from troth.adapters.messages.opening import make_senders
from troth.adapters.node_files.opening import CODECS, open_folders
from troth.adapters.tracking.polling import open_pollers
from troth.adapters.webhooks import open_sender
from troth.flows.door.system import System
from troth.flows.exceptions.workbench import count_open
from troth.flows.log.deliver import CLAIM_SECONDS, Delivered, Post, deliver_claimed, resend_round
from troth.flows.log.maintain import create_partitions, delete_old
from troth.flows.log.seal import seal_log
from troth.flows.memory.accuracy import EVENTS_MAX, learn_from_log
from troth.flows.memory.node_work import EVENTS_MAX as WORK_EVENTS_MAX
from troth.flows.memory.node_work import learn_work
from troth.flows.memory.trackers import Poller, Silent
from troth.flows.money.disputes import ask_for_disputes
from troth.flows.money.settle import EVENTS_MAX as FOLLOWED_MAX
from troth.flows.money.settle import follow_orders, settle_due
from troth.flows.nodes.files import OpenFolder, exchange_files
from troth.flows.nodes.silence import SILENT_MAX, note_silence
from troth.flows.nodes.tell import EVENTS_MAX as NODES_TOLD_MAX
from troth.flows.nodes.tell import tell_nodes
from troth.flows.orders.acceptance import act_on_acceptance
from troth.flows.orders.due import act_on_due, end_due_carts, find_next_due
from troth.flows.orders.repromise import repromise_moved, repromise_overdue, try_parked
from troth.flows.orders.returns import expire_returns
from troth.flows.orders.waves import run_waves
from troth.flows.records.customers import review_credit
from troth.flows.records.node_performance import read_performance
from troth.flows.shipping.labels import EVENTS_MAX as LABELLED_MAX
from troth.flows.shipping.labels import advance_due
from troth.flows.shipping.labels import follow_orders as follow_labels
from troth.flows.shipping.manifests import tell_due
from troth.flows.stock.levels import ENTRIES_MAX, watch_levels
from troth.flows.telling.follow import EVENTS_MAX as TOLD_MAX
from troth.flows.telling.follow import follow_log
from troth.flows.telling.media import Senders
from troth.flows.telling.send import send_due
from troth.flows.tracking.measure import EVENTS_MAX as TIMES_MAX
from troth.flows.tracking.measure import measure_from_log
from troth.flows.tracking.poll import EVENTS_MAX as PARCELS_MAX
from troth.flows.tracking.poll import follow_parcels, poll_carrier
from troth.flows.tracking.watch import EVENTS_MAX as WATCHED_MAX
from troth.flows.tracking.watch import LOOKED_MAX, Watcher, follow_watched, look_at_due
from troth.model.ids import OrderId
from troth.model.value import dataclass
from troth.settings import Settings
from troth.store.labels import count_labels_in_flight
from troth.store.notifications import count_overdue
from troth.store.payments import count_in_flight
from troth.store.subscriptions import claim_subscriptions, read_lags
from troth.store.upkeep import PARTITION_BUSY

DUE_MAX: Final = 1_000
CARTS_MAX: Final = 2_500
"""As many are ended while an order that wants the same units waits for some tens of milliseconds."""
DELIVERING_MAX: Final = 64
RESENDS_MAX: Final = 20
SETTLED_MAX: Final = 8
"""Accounts side by side: each takes a connection at times, and none while its gateway is asked."""
SENT_MAX: Final = 50
LABELS_MAX: Final = 16
IDLE_SECONDS: Final = 0.25
UNKNOWN_AFTER: Final = timedelta(minutes=1)
ACCEPTANCE_SECONDS: Final = 5.0
RETURNS_SECONDS: Final = 5.0
CREDIT_SECONDS: Final = 15.0
DISPUTES_SECONDS: Final = 900.0
LEARN_SECONDS: Final = 1.0
WAVE_SECONDS: Final = 1.0
POLL_SECONDS: Final = 1.0
SILENCE_SECONDS_FIRST: Final = 15.0
SILENCE_SECONDS_MAX: Final = 900.0
SEAL_SECONDS: Final = 60.0
PARKED_SECONDS: Final = 5.0
UPKEEP_SECONDS: Final = 60.0
PARTITIONS_SECONDS: Final = 3_600.0
BUSY_SECONDS: Final = 1.0
MEASURE_SECONDS: Final = 15.0
PERFORMANCE_DAYS: Final = 28
FAILURE_SECONDS_MAX: Final = 60.0
_FORGIVE_ROUNDS: Final = 240

ROUNDS: Final = Histogram("troth_worker_round_seconds", "Time of a round of a task", ["task"])
FAILURES: Final = Counter("troth_worker_failures_total", "Rounds of a task that failed", ["task"])
DUE_LAG: Final = Gauge("troth_due_lag_seconds", "How long the longest overdue order has been due")
DUE_ACTED: Final = Counter("troth_due_acted_total", "Orders that the clock changed")
WAVES_ACTED: Final = Counter("troth_waves_acted_total", "Orders that waves released or put off")
ACCEPTANCES_ACTED: Final = Counter("troth_acceptances_missed_total", "Work that was not accepted in time, and acted on")
CARTS_ENDED: Final = Counter("troth_cart_holds_expired_total", "Holds of carts that the clock ended")
PAYMENTS_UNKNOWN: Final = Gauge("troth_payments_unknown", "Steps of payments that are not answered for a minute")
SETTLED: Final = Counter("troth_payment_accounts_settled_total", "Accounts of orders that were looked at")
DISPUTES_FOUND: Final = Counter("troth_disputes_found_total", "News of disputes that gateways were asked for")
WATCHED: Final = Counter("troth_orders_watched_total", "Looks at orders on their way, for what is expected of them")
PARCELS_ASKED: Final = Counter("troth_parcels_asked_total", "Parcels that carriers were asked about", ["carrier"])
CARRIER_SILENT: Final = Gauge("troth_carrier_silences", "How often in a row a carrier has not answered", ["carrier"])
RETURNS_EXPIRED: Final = Counter("troth_returns_expired_total", "Permits of returns that nobody used in time")
NOTIFICATIONS: Final = Counter("troth_notifications_handled_total", "Notifications to customers that were looked at")
NOTIFICATIONS_OVERDUE: Final = Gauge("troth_notifications_overdue", "Notifications that should have been sent")
REPROMISED: Final = Counter("troth_repromised_total", "Orders that were promised anew because supply moved")
DELIVERED: Final = Counter("troth_webhook_events_total", "Events that subscribers took")
DELIVERY_FAILURES: Final = Counter("troth_webhook_failures_total", "Attempts that subscribers did not take")
SUBSCRIBER_LAG: Final = Gauge("troth_webhook_lag_seconds", "Age of the first event not passed yet", ["subscription"])
SUBSCRIBERS_PAUSED: Final = Gauge("troth_webhook_paused", "Subscriptions that are paused")
NODE_RATES: Final = Gauge("troth_node_rate", "Shares of the work of a node over 28 days", ["node", "rate"])
NODE_TASK_MINUTES: Final = Gauge("troth_node_task_minutes", "How long a task took at a node over 28 days", ["node"])
NODES_SILENT: Final = Counter("troth_nodes_silent_total", "Work that its node did not answer by when it had to")
NODE_FILES: Final = Counter("troth_node_files_total", "Files in the folders of nodes", ["what"])
NODE_ROWS_REFUSED: Final = Counter("troth_node_file_rows_refused_total", "Rows of files of nodes that were refused")
NODE_FOLDER_FAILURES: Final = Counter("troth_node_folder_failures_total", "Times that a node's folder was not usable")
EXCEPTIONS_OPEN: Final = Gauge("troth_exceptions_open", "What needs a person, by kind", ["kind"])
EXCEPTION_OLDEST: Final = Gauge("troth_exception_oldest_seconds", "How long the oldest of it has been open")
LABELS: Final = Counter("troth_labels_looked_at_total", "Looks at labels that carriers had not answered about")
LABELS_UNKNOWN: Final = Gauge("troth_labels_unknown", "Labels that carriers have not answered about for a minute")
SEALED_AT: Final = Gauge("troth_sealed_at_seconds", "When this worker last sealed the log, as Unix time")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Task:
    """Something that goes round until the worker stops: `run` gives the seconds until it wants to run again."""

    name: str
    run: Callable[[], Awaitable[float]]


@dataclass(slots=True)
class _Deliveries:
    """The deliveries that this worker is at, side by side, and what becomes of them."""

    system: System
    post: Post
    stop: asyncio.Event
    running: set["asyncio.Task[Delivered]"] = field(default_factory=set)

    async def run(self) -> float:
        """Claim what waits, as far as there is room, and begin to deliver it; a slow subscriber does not hold up this
        round.
        """
        free = DELIVERING_MAX - len(self.running)
        if free:
            async with self.system.pool.acquire() as connection:
                claims = await claim_subscriptions(connection, seconds=CLAIM_SECONDS, limit=free)
            for claim in claims:
                delivery = asyncio.create_task(
                    deliver_claimed(self.system.pool, self.post, claim, is_stopping=self.stop.is_set)
                )
                self.running.add(delivery)
                delivery.add_done_callback(self._end)
        if not self.running:
            return IDLE_SECONDS
        await asyncio.wait(self.running, timeout=IDLE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        return 0.0

    async def close(self) -> None:
        """Wait for what is under way; each stops after the event that it is sending."""
        while self.running:
            await asyncio.wait(self.running)

    def _end(self, delivery: "asyncio.Task[Delivered]") -> None:
        self.running.discard(delivery)
        if delivery.cancelled():
            return
        if (error := delivery.exception()) is not None:
            FAILURES.labels("deliver").inc()
            _log.error("a delivery failed", exc_info=error)
            return
        delivered = delivery.result()
        DELIVERED.inc(delivered.events)
        DELIVERY_FAILURES.inc(delivered.has_failed)
        if delivered.is_paused:
            _log.warning("a subscription was paused: its subscriber does not take events")


async def run_worker(system: System, settings: Settings, stop: asyncio.Event) -> None:
    """Do the worker's tasks until `stop` is set; what is under way then is finished first."""
    async with open_sender() as post, open_pollers(settings) as opened:
        pollers = {**{name.lower(): one.poller for name, one in system.carriers.items() if one.poller}, **opened}
        deliveries = _Deliveries(system, post, stop)
        senders = make_senders(settings, post)
        watcher = Watcher()
        tasks = (
            Task("partitions", lambda: make_partitions(system)),
            Task("due", _due_task(system)),
            Task("waves", _waves_task(system)),
            Task("carts", lambda: _end_carts(system)),
            Task("repromise", lambda: _repromise(system)),
            Task("parked", lambda: _try_parked(system)),
            Task("returns", lambda: _expire_returns(system)),
            Task("acceptance", lambda: _miss_acceptances(system)),
            Task("credit", lambda: _review_credit(system)),
            Task("deliver", deliveries.run),
            Task("resend", lambda: _resend(system, post)),
            Task("seal", lambda: _seal(system)),
            Task("upkeep", lambda: _delete_old(system)),
            Task("measure", lambda: _measure(system)),
            Task("accuracy", lambda: _learn(system)),
            Task("measure times", lambda: _measure_times(system)),
            Task("follow watched", lambda: _follow_watched(system)),
            Task("watch", lambda: _watch(system, watcher)),
            Task("follow parcels", lambda: _follow_parcels(system, pollers)),
            *(Task(f"ask {name}", _asking_task(system, name, pollers[name])) for name in sorted(pollers)),
            Task("node work", lambda: _learn_work(system)),
            Task("follow payments", lambda: _follow_payments(system)),
            Task("settle", lambda: _settle(system)),
            Task("disputes", lambda: _ask_for_disputes(system)),
            Task("follow notifications", lambda: _follow_notifications(system, senders)),
            Task("stock levels", lambda: _watch_levels(system)),
            Task("notify", lambda: _notify(system, senders)),
            Task("follow labels", lambda: _follow_labels(system)),
            Task("labels", lambda: _advance_labels(system)),
            Task("manifests", lambda: _tell_manifests(system)),
            Task("tell nodes", lambda: _tell_nodes(system)),
            Task("node silence", lambda: _note_silence(system)),
            Task("node files", lambda: _exchange_files(system, open_folders(settings))),
        )
        await asyncio.gather(*(repeat(task, stop) for task in tasks))
        await deliveries.close()


async def repeat(task: Task, stop: asyncio.Event, *, failure_seconds: float = 0.5) -> None:
    """Run a task again and again until `stop` is set; after a failure it rests for a doubling, bounded time."""
    failures = 0
    while not stop.is_set():
        began_at = time.perf_counter()
        try:
            pause = await task.run()
            failures = 0
        except Exception:
            failures += 1
            pause = min(FAILURE_SECONDS_MAX, failure_seconds * 2.0 ** min(failures - 1, 10))
            FAILURES.labels(task.name).inc()
            _log.exception("task %s failed, next try in %.1f s", task.name, pause, extra={"task": task.name})
        ROUNDS.labels(task.name).observe(time.perf_counter() - began_at)
        await _pause(stop, pause)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), timeout=max(seconds, 0.001))


def _due_task(system: System) -> Callable[[], Awaitable[float]]:
    """The due sweep. Orders that could not be decided are left out, and given another chance once in a while."""
    left_out: set[OrderId] = set()
    rounds = 0

    async def run() -> float:
        nonlocal rounds
        rounds += 1
        if rounds % _FORGIVE_ROUNDS == 0:
            left_out.clear()
        acted = await act_on_due(system, system.door.now(), limit=DUE_MAX, without=left_out)
        DUE_ACTED.inc(acted)
        return 0.0 if acted == DUE_MAX else IDLE_SECONDS

    return run


def _waves_task(system: System) -> Callable[[], Awaitable[float]]:
    """The waves whose time has come. Orders that could not be decided are left out as by the due sweep."""
    left_out: set[OrderId] = set()
    rounds = 0

    async def run() -> float:
        nonlocal rounds
        rounds += 1
        if rounds % _FORGIVE_ROUNDS == 0:
            left_out.clear()
        ran = await run_waves(system, system.door.now(), limit=DUE_MAX, without=left_out)
        WAVES_ACTED.inc(ran.changed)
        return 0.0 if ran.has_more else WAVE_SECONDS

    return run


async def _end_carts(system: System) -> float:
    ended = await end_due_carts(system, system.door.now(), limit=CARTS_MAX)
    CARTS_ENDED.inc(ended)
    return 0.0 if ended else IDLE_SECONDS


async def _repromise(system: System) -> float:
    done = await repromise_moved(system)
    REPROMISED.inc(done.changed)
    return 0.0 if done.has_more else IDLE_SECONDS


async def _try_parked(system: System) -> float:
    REPROMISED.inc(await repromise_overdue(system, system.door.now()))
    REPROMISED.inc(await try_parked(system, system.door.now()))
    return PARKED_SECONDS


async def _expire_returns(system: System) -> float:
    ended = await expire_returns(system, system.door.now(), limit=DUE_MAX)
    RETURNS_EXPIRED.inc(ended)
    return 0.0 if ended == DUE_MAX else RETURNS_SECONDS


async def _miss_acceptances(system: System) -> float:
    acted = await act_on_acceptance(system, system.door.now(), limit=DUE_MAX)
    ACCEPTANCES_ACTED.inc(acted)
    return 0.0 if acted == DUE_MAX else ACCEPTANCE_SECONDS


async def _review_credit(system: System) -> float:
    await review_credit(system)
    return CREDIT_SECONDS


async def _resend(system: System, post: Post) -> float:
    sent = await resend_round(system.pool, post, limit=RESENDS_MAX)
    return 0.0 if sent else IDLE_SECONDS


async def _learn(system: System) -> float:
    looked_at = await learn_from_log(system.pool)
    return 0.0 if looked_at == EVENTS_MAX else LEARN_SECONDS


async def _measure_times(system: System) -> float:
    looked_at = await measure_from_log(system)
    return 0.0 if looked_at == TIMES_MAX else LEARN_SECONDS


async def _follow_watched(system: System) -> float:
    looked_at = await follow_watched(system.pool, system.door.now())
    return 0.0 if looked_at == WATCHED_MAX else IDLE_SECONDS


async def _watch(system: System, watcher: Watcher) -> float:
    looked_at = await look_at_due(system, watcher)
    WATCHED.inc(looked_at)
    return 0.0 if looked_at == LOOKED_MAX else LEARN_SECONDS


async def _follow_parcels(system: System, carriers: Collection[str]) -> float:
    if not carriers:
        return UPKEEP_SECONDS  # what is shipped meanwhile is in the log
    looked_at = await follow_parcels(system.pool, carriers)
    return 0.0 if looked_at == PARCELS_MAX else LEARN_SECONDS


def _asking_task(system: System, carrier: str, poller: Poller) -> Callable[[], Awaitable[float]]:
    """Asks one carrier where parcels are; while it does not answer it is left alone for a doubling, bounded time."""
    silences = 0

    async def run() -> float:
        nonlocal silences
        asked = await poll_carrier(system, carrier, poller)
        silences = silences + 1 if isinstance(asked, Silent) else 0
        CARRIER_SILENT.labels(carrier).set(silences)
        if isinstance(asked, Silent):
            pause = max(SILENCE_SECONDS_FIRST * 2.0 ** min(silences - 1, 10), asked.seconds or 0.0)
            pause = min(pause, SILENCE_SECONDS_MAX)
            _log.warning(
                "carrier %s did not say where parcels are (%s), next try in %.0f s", carrier, asked.reason, pause
            )
            return pause
        PARCELS_ASKED.labels(carrier).inc(asked)
        return 0.0 if asked == poller.numbers_max else POLL_SECONDS

    return run


async def _learn_work(system: System) -> float:
    looked_at = await learn_work(system.pool, system.door.reference.network)
    return 0.0 if looked_at == WORK_EVENTS_MAX else LEARN_SECONDS


async def _follow_payments(system: System) -> float:
    looked_at = await follow_orders(system.pool, system.door.now())
    return 0.0 if looked_at == FOLLOWED_MAX else IDLE_SECONDS


async def _settle(system: System) -> float:
    settled = await settle_due(system, limit=SETTLED_MAX)
    SETTLED.inc(settled)
    return 0.0 if settled == SETTLED_MAX else IDLE_SECONDS


async def _ask_for_disputes(system: System) -> float:
    DISPUTES_FOUND.inc(await ask_for_disputes(system))
    return DISPUTES_SECONDS


async def _follow_notifications(system: System, senders: Senders) -> float:
    looked_at = await follow_log(system, senders.keys())
    return 0.0 if looked_at == TOLD_MAX else IDLE_SECONDS


async def _watch_levels(system: System) -> float:
    looked_at = await watch_levels(system)
    return 0.0 if looked_at == ENTRIES_MAX else LEARN_SECONDS


async def _notify(system: System, senders: Senders) -> float:
    handled = await send_due(system, senders, limit=SENT_MAX)
    NOTIFICATIONS.inc(handled)
    return 0.0 if handled == SENT_MAX else IDLE_SECONDS


async def _follow_labels(system: System) -> float:
    looked_at = await follow_labels(system)
    return 0.0 if looked_at == LABELLED_MAX else IDLE_SECONDS


async def _advance_labels(system: System) -> float:
    advanced = await advance_due(system, limit=LABELS_MAX)
    LABELS.inc(advanced)
    return 0.0 if advanced == LABELS_MAX else IDLE_SECONDS


async def _tell_manifests(system: System) -> float:
    told = await tell_due(system, limit=LABELS_MAX)
    return 0.0 if told == LABELS_MAX else IDLE_SECONDS


async def _tell_nodes(system: System) -> float:
    looked_at = await tell_nodes(system)
    return 0.0 if looked_at == NODES_TOLD_MAX else IDLE_SECONDS


async def _note_silence(system: System) -> float:
    found = await note_silence(system)
    NODES_SILENT.inc(found)
    return 0.0 if found == SILENT_MAX else ACCEPTANCE_SECONDS


async def _exchange_files(system: System, open_folder: OpenFolder) -> float:
    done = await exchange_files(system, open_folder, CODECS)
    NODE_FILES.labels("written").inc(done.written)
    NODE_FILES.labels("read").inc(done.read)
    NODE_ROWS_REFUSED.inc(done.refused)
    NODE_FOLDER_FAILURES.inc(done.failed)
    return LEARN_SECONDS


async def _seal(system: System) -> float:
    sealed = await seal_log(system.pool, system.door.now())
    if sealed is not None:
        SEALED_AT.set(sealed.sealed_at.timestamp())
    return SEAL_SECONDS


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
        NOTIFICATIONS_OVERDUE.set((await count_overdue(connection, now - UNKNOWN_AFTER))[0])
        PAYMENTS_UNKNOWN.set(await count_in_flight(connection, now - UNKNOWN_AFTER))
        LABELS_UNKNOWN.set(await count_labels_in_flight(connection, now - UNKNOWN_AFTER))
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
    return MEASURE_SECONDS


async def measure_nodes(system: System) -> None:
    """Set how nodes did over 28 days; a node at which nothing happened that a share could be of has none."""
    NODE_RATES.clear()
    NODE_TASK_MINUTES.clear()
    for one in await read_performance(system, PERFORMANCE_DAYS):
        rates = {"accepted": one.accept_rate, "on_time": one.on_time_rate, "short": one.short_rate}
        for name, rate in rates.items():
            if rate is not None:
                NODE_RATES.labels(one.node, name).set(rate)
        if one.task_minutes is not None:
            NODE_TASK_MINUTES.labels(one.node).set(one.task_minutes)
