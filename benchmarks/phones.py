"""The phones of stores: each hears when its node's tasks change, asks for its list as the app does, and notes when each
order was on it for the first time.

It runs as a process of its own (`python -m benchmarks.phones`), told by one line of JSON on its standard input: it
prints `ready` once all phones listen, goes on until its standard input ends, and prints what it saw as a line of JSON.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import httpx
import uvloop

_ORDER: Final = re.compile(r'<span class="task-head"><strong>([\w-]+)</strong>')
_THROTTLE_SECONDS: Final = 1.0  # as the page says it: `hx-trigger="tasks from:body throttle:1s"`


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the server listens, the session that the phones have, and the nodes that they are at."""

    port: int
    session: str
    nodes: Sequence[str]


@dataclass(slots=True)
class Looked:
    """When each order was first on a phone (Unix time), and how often lists were asked for."""

    seen: dict[str, float] = field(default_factory=dict)
    lists: int = 0


async def watch(stores: Stores, looked: Looked) -> None:
    """Be all phones until standard input ends."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{stores.port}/store",
        cookies={"troth_session": stores.session},
        timeout=30,
        limits=limits,
    ) as client:
        listening = [asyncio.Event() for _ in stores.nodes]
        phones = [
            asyncio.create_task(_be_phone(client, node, hears, looked))
            for node, hears in zip(stores.nodes, listening, strict=True)
        ]
        await asyncio.gather(*(hears.wait() for hears in listening))
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        for phone in phones:
            phone.cancel()


async def _be_phone(client: httpx.AsyncClient, node: str, hears: asyncio.Event, looked: Looked) -> None:
    changed = asyncio.Event()
    looking = asyncio.create_task(_look(client, node, changed, looked))
    try:
        async with client.stream("GET", f"/at/{node}/events") as stream:
            async for line in stream.aiter_lines():
                hears.set()
                if line == "event: tasks":
                    changed.set()
    finally:
        looking.cancel()


async def _look(client: httpx.AsyncClient, node: str, changed: asyncio.Event, looked: Looked) -> None:
    """Ask for the list when it changed: at once, and then no more than once a second."""
    while True:
        await changed.wait()
        changed.clear()
        answer = await client.get(f"/at/{node}")
        answer.raise_for_status()
        now = time.time()
        looked.lists += 1
        for name in _ORDER.findall(answer.text):
            looked.seen.setdefault(name, now)
        await asyncio.sleep(_THROTTLE_SECONDS)


if __name__ == "__main__":
    found = Looked()
    uvloop.run(watch(Stores(**json.loads(sys.stdin.readline())), found))
    print(json.dumps({"seen": found.seen, "lists": found.lists}))
