"""The systems of all nodes in one: a webhook subscriber that works off what is released, and times what it hears.

Each node has one connection and at most one call under way, and rests for half a second between two. A call answers
whatever has come up meanwhile: works that were released are taken on, and those that were taken on before are packed
and shipped.

It runs as a process of its own (`python -m benchmarks.node_systems`), told by one line of JSON on its standard input:
it prints `ready`, listens until its standard input ends, and then writes what it saw into a file.
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

import uvloop

_ANSWERS_MAX: Final = 1_000
_REST_SECONDS: Final = 0.5
_TAKEN: Final = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Site:
    """Where to listen, where to answer, and the file into which what was heard is written."""

    port: int
    server_port: int
    key: str
    into: str


@dataclass(slots=True)
class Heard:
    """What was heard and done, each with the second of the run in which it was: lags in seconds by kind of event, how
    long a work took from its release until it was known that it is shipped, the fates of answers, in how many calls,
    and how many works are not shipped.
    """

    lags: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    worked: list[tuple[float, float]] = field(default_factory=list)
    fates: dict[str, int] = field(default_factory=dict)
    calls: int = 0
    left: int = 0

    def count(self, fate: str, answers: int = 1) -> None:
        """Count a fate."""
        self.fates[fate] = self.fates.get(fate, 0) + answers


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


@dataclass(slots=True)
class _Work:
    """A work of a node: released when, and what is to be said of it next."""

    name: str
    node: str
    released_at: float
    skus: Sequence[str]
    step: str = "accept"


class _Desk(asyncio.Protocol):
    """The connection of a node to the server."""

    def __init__(self, node: str, nodes: "_Nodes", site: Site) -> None:
        self._node, self._nodes, self._site = node, nodes, site
        self._message = _Message()
        self._waiting: list[_Work] = []
        self._said: list[_Work] = []
        self._is_resting = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._say()

    @property
    def left(self) -> int:
        """How many works are not shipped."""
        return len(self._waiting) + len(self._said)

    def take(self, work: _Work) -> None:
        """A work was released."""
        self._waiting.append(work)
        if self._transport is not None and not self._said and not self._is_resting:
            self._rest()

    def data_received(self, data: bytes) -> None:
        whole = self._message.take(data)
        if whole is None:
            return
        heard, now = self._nodes.heard, time.time()
        heard.calls += 1
        if whole[0].split()[1] != "200":
            heard.count(whole[0], len(self._said))
        else:
            for one in json.loads(whole[1])["results"]:
                done = self._said[one["index"]]
                heard.count(f"{done.step} {one['fate']}")
                if done.step == "ship":
                    heard.worked.append((now - self._nodes.began, now - done.released_at))
                else:
                    done.step = "ship"
                    self._waiting.append(done)
        self._said = []
        self._rest()

    def _rest(self) -> None:
        """Gather for a while what comes up, as a system does that looks at its work now and then."""
        self._is_resting = True
        asyncio.get_running_loop().call_later(_REST_SECONDS, self._say)

    def _say(self) -> None:
        self._is_resting = False
        if self._transport is None or not self._waiting:
            return
        self._said, self._waiting = self._waiting[:_ANSWERS_MAX], self._waiting[_ANSWERS_MAX:]
        body = json.dumps({"answers": list(map(_answer, self._said))})
        head = (
            f"POST /v1/nodes/{self._node}/answers HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {self._site.key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._transport.write((head + body).encode())


def _answer(work: _Work) -> dict[str, Any]:
    if work.step == "accept":
        return {"answer": "accept", "fulfillment_id": work.name}
    lines = [{"line_id": str(number), "quantity": 1} for number in range(1, len(work.skus) + 1)]
    package = {"package_id": "1", "lines": lines, "carrier": "ups", "tracking_number": work.name, "weight_kg": 1.0}
    return {"answer": "ship", "fulfillment_id": work.name, "packages": [package]}


class _Nodes:
    """What was heard, what is known of orders that are not released yet, and the desks of the nodes."""

    def __init__(self, site: Site) -> None:
        self.began = time.time()
        self.heard = Heard()
        self._site = site
        self._works: dict[str, list[_Work]] = {}
        self._desks: dict[str, _Desk] = {}
        self._opening: set[asyncio.Task[Any]] = set()

    @property
    def left(self) -> int:
        """How many works were released and are not shipped."""
        return sum(desk.left for desk in self._desks.values())

    def hear(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Note how old each event is, and what it asks nodes to do."""
        now = time.time()
        for event in events:
            at = datetime.fromisoformat(event["timestamp"]).timestamp()
            self.heard.lags.setdefault(event["type"], []).append((now - self.began, now - at))
            if event["type"] == "OrderCaptured":
                order = event["data"]["order"]
                self._works[event["subject"]] = [
                    _Work(
                        one["fulfillment_id"],
                        one["node"],
                        at,
                        [
                            part["sku"]
                            for part in order["allocations"]
                            if part["fulfillment_id"] == one["fulfillment_id"]
                        ],
                    )
                    for one in order["fulfillments"]
                ]
            elif event["type"] == "OrderReleased":
                for work in self._works.pop(event["subject"], ()):
                    work.released_at = at
                    self._desk(work.node).take(work)

    def _desk(self, node: str) -> _Desk:
        if node not in self._desks:
            desk = self._desks[node] = _Desk(node, self, self._site)
            opening = asyncio.get_running_loop().create_connection(lambda: desk, "127.0.0.1", self._site.server_port)
            task = asyncio.get_running_loop().create_task(opening)
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)
        return self._desks[node]


async def work(site: Site) -> Heard:
    """Hear and work off until standard input ends."""
    loop = asyncio.get_running_loop()
    nodes = _Nodes(site)
    server = await loop.create_server(lambda: _Subscriber(nodes), "127.0.0.1", site.port)
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()
    nodes.heard.left = nodes.left
    return nodes.heard


if __name__ == "__main__":
    told = Site(**json.loads(sys.stdin.readline()))
    Path(told.into).write_text(json.dumps(asdict(uvloop.run(work(told)))), encoding="utf-8")
