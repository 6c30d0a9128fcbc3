"""A load generator that keeps a pace: so many requests a second of several kinds, whether answers come or not.

A latency counts from the instant at which a request was due, so a server that falls behind is seen to. It runs as a
process of its own (`python -m benchmarks.paced`), told by one line of JSON on its standard input, and answers with one.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, cast

import uvloop

UNANSWERED: Final = "none"
"""Counts among the answers what had none so many seconds after all was sent."""

_PATIENCE_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Stream:
    """Requests of one kind: `per_second` of them, with these bodies in turn (none: GET)."""

    name: str
    per_second: float
    path: str
    key: str = ""
    bodies: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Pace:
    """What to send, where, and for how long."""

    port: int
    seconds: float
    streams: Sequence[Stream]


@dataclass(slots=True)
class Timed:
    """What came back of a stream: latencies in milliseconds, and answers by status."""

    latencies_ms: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)


class _Connection(asyncio.Protocol):
    """One connection, with at most one request in flight."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[str] | None = None
        self._missing = 0
        self._status = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class

    @property
    def is_open(self) -> bool:
        """Whether a request can be sent; a server closes what it has not heard of for some seconds."""
        return self._transport is not None and not self._transport.is_closing()

    def ask(self, request: bytes) -> "asyncio.Future[str]":
        """Send a request; its status, once the whole answer is there."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        if self._missing == 0:
            head = data.find(b"\r\n\r\n")
            at = data.find(b"content-length:", 0, head)
            self._missing = head + 4 + int(data[at + 15 : data.find(b"\r\n", at)])
            self._status = data[9:12].decode()
        self._missing -= len(data)
        if self._missing == 0 and self._answer is not None:
            self._answer.set_result(self._status)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_result("lost")


async def send(pace: Pace) -> dict[str, Timed]:
    """Send the streams side by side; what came back of each, by its name."""
    loop = asyncio.get_running_loop()
    free: list[_Connection] = []
    begins = time.perf_counter() + 0.1
    seen = {stream.name: Timed() for stream in pace.streams}

    async def ask(request: bytes, due: float, timed: Timed) -> None:
        while free and not free[-1].is_open:
            free.pop()
        if free:
            connection = free.pop()
        else:
            _transport, connection = await loop.create_connection(_Connection, "127.0.0.1", pace.port)
        status = await connection.ask(request)
        timed.latencies_ms.append(1e3 * (time.perf_counter() - due))
        timed.statuses[status] = timed.statuses.get(status, 0) + 1
        free.append(connection)

    async def keep(stream: Stream, shift: float) -> None:
        requests = [_request(stream, body) for body in stream.bodies] or [_request(stream, "")]
        asked = []
        for number in range(int(pace.seconds * stream.per_second)):
            due = begins + (number + shift) / stream.per_second
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            asked.append(asyncio.create_task(ask(requests[number % len(requests)], due, seen[stream.name])))
        done, waiting = await asyncio.wait(asked, timeout=_PATIENCE_SECONDS)
        for one in done:
            one.result()
        for one in waiting:
            one.cancel()
        if waiting:
            seen[stream.name].statuses[UNANSWERED] = len(waiting)

    # Streams of one pace do not fall on the same instants.
    await asyncio.gather(*(keep(stream, at / len(pace.streams)) for at, stream in enumerate(pace.streams)))
    return seen


def _request(stream: Stream, body: str) -> bytes:
    key = f"Authorization: Bearer {stream.key}\r\n" if stream.key else ""
    if not body:
        return f"GET {stream.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{key}\r\n".encode()
    sent = body.encode()
    head = (
        f"POST {stream.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{key}Content-Type: application/json\r\n"
        f"Content-Length: {len(sent)}\r\n\r\n"
    )
    return head.encode() + sent


def _read(told: dict[str, Any]) -> Pace:
    return Pace(told["port"], told["seconds"], tuple(Stream(**stream) for stream in told["streams"]))


if __name__ == "__main__":
    found = uvloop.run(send(_read(json.loads(sys.stdin.readline()))))
    print(json.dumps({name: asdict(timed) for name, timed in found.items()}))
