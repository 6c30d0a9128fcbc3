"""A process that tells customers something and stops in a gap until it is killed: `python -m tests.telling.sender DSN
PORT GAP SECONDS`.

Gaps: "intent" (written, nothing sent), "sent" (the server took it, nothing recorded), "log" (the log was read, nothing
written), "done" (recorded, nothing else begun).
"""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

import uvloop

from tests.builders import NOW, Clock
from tests.telling.telling import ORIGIN
from troth.adapters.messages.smtp import Server, Smtp
from troth.flows.door.system import open_system
from troth.flows.telling import follow, send
from troth.flows.telling.media import Letter, Receipt
from troth.model.notification import Medium


async def stop_here() -> None:
    """Say that the gap is reached, and wait for the end."""
    print("here", flush=True)
    await asyncio.Event().wait()


class Stopping(Smtp):
    """Mail that stops around its first letters."""

    gap = ""

    async def send(self, letters: Sequence[Letter]) -> Sequence[Receipt]:
        if self.gap == "intent":
            await stop_here()
        receipts = await super().send(letters)
        if self.gap == "sent":
            await stop_here()
        return receipts


async def run(dsn: str, port: int, gap: str, seconds_ahead: float) -> None:
    """Follow the log and send until the gap is reached."""
    Stopping.gap = gap

    async def stop(*_arguments: Any, **_named: Any) -> None:
        await stop_here()

    if gap == "log":
        vars(follow)["gather"] = stop
    clock = Clock(NOW)
    clock.advance(seconds=seconds_ahead)
    smtp = Stopping(Server("smtp", "127.0.0.1", port), "orders@tea.example")
    async with open_system(dsn, clock=clock, origin=ORIGIN) as system:
        while True:
            await follow.follow_log(system, (Medium.EMAIL,))
            sent = await send.send_due(system, {Medium.EMAIL: smtp}, limit=10)
            if sent and gap == "done":
                await stop_here()
            await asyncio.sleep(0.01)  # another process's transaction may still keep the log's end back


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])))
