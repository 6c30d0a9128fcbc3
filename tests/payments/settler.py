"""A process that settles accounts and stops in a gap until it is killed: `python -m tests.payments.settler DSN GAP`.

Gaps: "intent" (written, the gateway not asked), "call" (the gateway did it, nothing recorded), "outcome" (recorded, the
claim not given back).
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import uvloop

from tests.builders import NOW, Clock
from tests.payments.paying import PROVIDERS
from troth.adapters.payments.sandbox import Sandbox
from troth.flows.door.system import open_system
from troth.flows.memory.gateways import Gateways
from troth.flows.money import settle
from troth.model.payment import Ask, Outcome
from troth.store.database import Pool


async def stop_here() -> None:
    """Say that the gap is reached, and wait for the end."""
    print("here", flush=True)
    await asyncio.Event().wait()


class Stopping(Sandbox):
    """The sandbox that stops around its first request."""

    gap = ""

    async def ask(self, ask: Ask) -> Outcome:
        if self.gap == "intent":
            await stop_here()
        outcome = await super().ask(ask)
        if self.gap == "call":
            await stop_here()
        return outcome


async def run(dsn: str, gap: str, seconds_ahead: float) -> None:
    """Follow the log and settle until the gap is reached."""
    Stopping.gap = gap

    @asynccontextmanager
    async def gateways(pool: Pool, clock: Callable[[], datetime] | None) -> AsyncIterator[Gateways]:
        assert clock is not None
        yield {"sandbox": Stopping(pool, clock)}

    if gap == "outcome":

        async def free(*_arguments: Any, **_named: Any) -> None:
            await stop_here()

        vars(settle)["free_account"] = free
    clock = Clock(NOW)
    clock.advance(seconds=seconds_ahead)
    async with open_system(dsn, clock=clock, providers=PROVIDERS, gateways=gateways) as system:
        while True:
            await settle.follow_orders(system.pool, system.door.now())
            await settle.settle_due(system, limit=1)
            await asyncio.sleep(0.01)  # another process's transaction may still keep the log's end back


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1], sys.argv[2], float(sys.argv[3])))
