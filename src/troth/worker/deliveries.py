"""Events on their way to subscribers: a slow one holds up nobody else."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final

from prometheus_client import Counter

from troth.flows.door.system import System
from troth.flows.log.deliver import CLAIM_SECONDS, Delivered, Post, deliver_claimed, resend_round
from troth.store.subscriptions import claim_subscriptions
from troth.worker.rounds import FAILURES, IDLE_SECONDS, Task, counting

DELIVERING_MAX: Final = 64
_RESENDS_MAX: Final = 20

DELIVERED: Final = Counter("troth_webhook_events_total", "Events that subscribers took")
DELIVERY_FAILURES: Final = Counter("troth_webhook_failures_total", "Attempts that subscribers did not take")

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Deliveries:
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
                    deliver_claimed(
                        self.system.pool, self.post, claim, log=self.system.log, is_stopping=self.stop.is_set
                    )
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


def delivery_tasks(deliveries: Deliveries) -> tuple[Task, ...]:
    """The tasks about events and their subscribers."""
    system, post = deliveries.system, deliveries.post
    return (
        Task("deliver", deliveries.run),
        counting("resend", lambda: resend_round(system.pool, post, limit=_RESENDS_MAX), most=1, pause=IDLE_SECONDS),
    )
