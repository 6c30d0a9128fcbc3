"""The systems of all nodes in one: a webhook subscriber that works off what is released, and times what it hears.

It runs as a process of its own (`python -m benchmarks.node_systems`), told by one line of JSON on its standard input:
it prints `ready`, listens until its standard input ends, and then prints what it saw as one line of JSON.
"""

import asyncio
import json
import sys
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast

import uvloop

from troth.model.ids import OrderId, fulfillment_id

_STEPS: Final = ("accept", "pick", "pack", "ship")
_TAKEN: Final = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Site:
    """Where to listen, and whom to tell what was done, over so many connections."""

    port: int
    server_port: int
    key: str
    connections: int


@dataclass(slots=True)
class Heard:
    """What was heard and done, each with the second of the run in which it was: lags in seconds by kind of event, how
    long a work took from its release to the answer to its last step, answers to steps by status, and what is not done.
    """

    lags: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    worked: list[tuple[float, float]] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    left: int = 0


class _Message:
    """Bytes of one HTTP message as they come; complete once the body is as long as the head says."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def take(self, data: bytes) -> tuple[str, bytes] | None:
        """The first line and the body, once they are whole."""
        self._bytes += data
        head = self._bytes.find(b"\r\n\r\n")
        if head < 0:
            return None
        lower = bytes(self._bytes[:head]).lower()
        at = lower.find(b"content-length:")
        length = int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._bytes) < head + 4 + length:
            return None
        whole = self._bytes[: self._bytes.find(b"\r\n")].decode(), bytes(self._bytes[head + 4 : head + 4 + length])
        del self._bytes[: head + 4 + length]
        return whole


class _Subscriber(asyncio.Protocol):
    """One connection of the worker that delivers."""

    def __init__(self, nodes: "_Nodes") -> None:
        self._nodes = nodes
        self._message = _Message()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class

    def data_received(self, data: bytes) -> None:
        whole = self._message.take(data)
        while whole is not None:
            content = json.loads(whole[1])
            self._nodes.hear(content["data"] if content["type"] == "batch" else [content])
            assert self._transport is not None
            self._transport.write(_TAKEN)
            whole = self._message.take(b"")


class _Desk(asyncio.Protocol):
    """One connection to the server, with at most one report under way: it takes a work and does all its steps."""

    def __init__(self, nodes: "_Nodes", site: Site) -> None:
        self._nodes, self._site = nodes, site
        self._message = _Message()
        self._work: tuple[str, float] | None = None
        self._step = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.begin()

    def begin(self) -> None:
        """Take the next work, or wait for one."""
        if not self._nodes.waiting:
            self._nodes.idle.append(self)
            return
        self._work, self._step = self._nodes.waiting.popleft(), 0
        self._report()

    def data_received(self, data: bytes) -> None:
        whole = self._message.take(data)
        if whole is None or self._work is None:
            return
        status = whole[0].split()[1]
        self._nodes.heard.statuses[f"{_STEPS[self._step]} {status}"] += 1
        self._step += 1
        if status == "200" and self._step < len(_STEPS):
            self._report()
            return
        now = time.time()
        self._nodes.heard.worked.append((now - self._nodes.began, now - self._work[1]))
        self._work = None
        self.begin()

    def _report(self) -> None:
        assert self._transport is not None
        assert self._work is not None
        head = (
            f"POST /v1/fulfillments/{self._work[0]}/{_STEPS[self._step]} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {self._site.key}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
        )
        self._transport.write(head.encode())


class _Nodes:
    """What was heard, what waits to be worked off, and the desks that wait for work."""

    def __init__(self) -> None:
        self.began = time.time()
        self.heard = Heard()
        self.waiting: deque[tuple[str, float]] = deque()
        self.idle: deque[_Desk] = deque()

    def hear(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Note how old each event is, and what it asks nodes to do."""
        now = time.time()
        for event in events:
            at = datetime.fromisoformat(event["timestamp"]).timestamp()
            self.heard.lags.setdefault(event["type"], []).append((now - self.began, now - at))
            if event["type"] == "OrderReleased":
                self.waiting.append((fulfillment_id(OrderId(event["subject"]), 1), at))
        while self.idle and self.waiting:
            self.idle.popleft().begin()


async def work(site: Site) -> Heard:
    """Hear and work off until standard input ends."""
    loop = asyncio.get_running_loop()
    nodes = _Nodes()
    server = await loop.create_server(lambda: _Subscriber(nodes), "127.0.0.1", site.port)
    for _ in range(site.connections):
        await loop.create_connection(lambda: _Desk(nodes, site), "127.0.0.1", site.server_port)
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()
    nodes.heard.left = len(nodes.waiting)
    return nodes.heard


if __name__ == "__main__":
    found = uvloop.run(work(Site(**json.loads(sys.stdin.readline()))))
    print(json.dumps({"lags": found.lags, "worked": found.worked, "statuses": found.statuses, "left": found.left}))
