"""A process that buys the labels of a work and stops in a gap until it is killed: `python -m … DSN GAP FULFILLMENT`.

Gaps: "intent" (written, the carrier not asked), "call" (the carrier made it, nothing recorded), "outcome" (recorded,
the order not told), "told" (the order told, that not recorded).
"""

import asyncio
import sys
from dataclasses import replace
from typing import Any

import uvloop

from tests.builders import NOW, Clock
from tests.shipping.sending import again
from tests.shipping.test_faults import Faulty
from troth.flows.orders.fulfill import read_work
from troth.flows.shipping import labels
from troth.flows.shipping.label_work import label_work
from troth.model.ids import FulfillmentId
from troth.model.label import BuyOutcome, LabelAsk


async def stop_here() -> None:
    """Say that the gap is reached, and wait for the end."""
    print("here", flush=True)
    await asyncio.Event().wait()


class Stopping(Faulty):
    """The carrier that stops around its first request."""

    gap = ""

    async def buy(self, ask: LabelAsk) -> BuyOutcome:
        if self.gap == "intent":
            await stop_here()
        outcome = await super().buy(ask)
        if self.gap == "call":
            await stop_here()
        return outcome


async def run(dsn: str, gap: str, name: FulfillmentId) -> None:
    """Buy labels until the gap is reached."""
    Stopping.gap = gap
    clock = Clock(NOW)
    clock.advance(minutes=10)
    async with again(dsn, clock) as system:
        troubled = replace(system, carriers={"parcel": Stopping(system.carriers["parcel"], [])})
        if gap == "outcome":

            async def tell(*_arguments: Any) -> bool:
                await stop_here()
                return False

            vars(labels)["_tell"] = tell
        if gap == "told":
            write, writes = vars(labels)["_write"], 0

            async def write_once(*arguments: Any) -> bool:
                nonlocal writes
                writes += 1
                if writes == 2:
                    await stop_here()
                done: bool = await write(*arguments)
                return done

            vars(labels)["_write"] = write_once
        found = await read_work(system.pool, name)
        assert isinstance(found, tuple)
        await label_work(troubled, *found, actor="test")


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1], sys.argv[2], FulfillmentId(sys.argv[3])))
