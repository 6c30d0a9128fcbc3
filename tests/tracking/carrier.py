"""A carrier that answers whoever asks it where parcels are, over HTTP, and a process that asks it and stops in a gap
until it is killed: `python -m tests.tracking.carrier DSN URL GAP SECONDS`.

Gaps: "asked" (it has answered, nothing is recorded) and "recorded" (it is, and nobody says when to ask again).
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.browser import serving
from tests.builders import NOW, Clock
from troth.adapters.tracking.polling import HttpPoller
from troth.flows.door.system import open_system
from troth.flows.memory.trackers import Silent, ToldCheckpoint
from troth.flows.tracking import poll


@dataclass
class Carrier:
    """What it knows of parcels, by number; it answers as `answers` say, in turn, else with what it knows."""

    url: str = ""
    knows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    answers: list[Response] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def tell(self, number: str, status: str, at: Any, **more: Any) -> None:
        """Let it know something more of a parcel."""
        told = {"tracking_number": number, "status": status, **more}
        self.knows.setdefault(number, []).append(told if at is None else told | {"at": at.isoformat()})

    async def answer(self, request: Request) -> Response:
        """Answer who asks."""
        numbers = request.query_params.getlist("tracking_number")
        self.asked.append(numbers)
        self.keys.append(request.headers.get("authorization", ""))
        if self.answers:
            return self.answers.pop(0)
        return JSONResponse([one for number in numbers for one in self.knows.get(number, [])])


@asynccontextmanager
async def open_carrier() -> AsyncIterator[Carrier]:
    """A carrier that listens."""
    carrier = Carrier()
    async with serving(Starlette(routes=[Route("/parcels", carrier.answer)])) as address:
        carrier.url = f"{address}/parcels"
        yield carrier


async def stop_here() -> None:
    """Say that the gap is reached, and wait for the end."""
    print("here", flush=True)
    await asyncio.Event().wait()


class Stopping(HttpPoller):
    """Asks, and stops with the answer in its hands."""

    async def ask(self, tracking_numbers: Sequence[str]) -> tuple[ToldCheckpoint, ...] | Silent:
        told = await super().ask(tracking_numbers)
        await stop_here()
        return told


async def run(dsn: str, url: str, gap: str, seconds_ahead: float) -> None:
    """Follow the log and ask until the gap is reached."""

    async def stop(*_arguments: Any, **_named: Any) -> None:
        await stop_here()

    if gap == "recorded":
        vars(poll)["free_polled"] = stop
    clock = Clock(NOW)
    clock.advance(seconds=seconds_ahead)
    async with open_system(dsn, clock=clock) as system, httpx.AsyncClient() as client:
        poller = (Stopping if gap == "asked" else HttpPoller)(client, url)
        while True:
            await poll.follow_parcels(system.pool, {"ups"})
            await poll.poll_carrier(system, "ups", poller)
            await asyncio.sleep(0.01)  # another process's transaction may still keep the log's end back


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])))
