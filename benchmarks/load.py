"""A load generator for HTTP on loopback: each client keeps one connection and one request in flight.

It runs as a process of its own (`python -m benchmarks.load`), told by one line of JSON on its standard input, and
answers with one line of JSON. It knows just enough HTTP to be cheap: two cores are shared with the server and the
database.
"""

import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass, field
from typing import cast

import uvloop


@dataclass(frozen=True, slots=True)
class Load:
    """What to send: orders of two lines over `skus` items; `is_hot` takes the same two items every time."""

    host: str
    port: int
    key: str
    clients: int
    seconds: float
    skus: int
    is_hot: bool
    seed: int
    run: str
    orders_max: int | None = None


@dataclass(slots=True)
class Seen:
    """What came back: latencies in seconds, and answers by status."""

    latencies: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


class _Client(asyncio.Protocol):
    def __init__(self, load: Load, number: int, seen: Seen, *, until: float, done: "asyncio.Future[None]") -> None:
        self._load = load
        self._number = number
        self._seen = seen
        self._until = until
        self._done = done
        self._draw = random.Random(f"{load.seed} {number}")
        self._sent = 0
        self._buffer = b""
        self._started = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self._buffer.lower().find(b"content-length:", 0, head)
        length = int(self._buffer[at + 15 : self._buffer.find(b"\r\n", at)])
        if len(self._buffer) < head + 4 + length:
            return
        self._seen.latencies.append(time.perf_counter() - self._started)
        status = self._buffer[9:12].decode()
        self._seen.statuses[status] = self._seen.statuses.get(status, 0) + 1
        self._buffer = b""
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)

    def _send(self) -> None:
        assert self._transport is not None
        limit = self._load.orders_max
        if time.perf_counter() >= self._until or (limit is not None and self._sent >= limit):
            self._transport.close()
            return
        first, second = (0, 1) if self._load.is_hot else self._draw.sample(range(self._load.skus), 2)
        body = (
            f'{{"channel":"web","external_id":"{self._load.run}-{self._number}-{self._sent}",'
            '"customer":{"id":"C-1","name":"Ada Park","email":"ada@example.com"},'
            '"ship_to":{"name":"Ada Park","line1":"1 Main St","city":"New York","region":"NY","postcode":"10001",'
            '"country":"US"},"method":"ship","lines":['
            f'{{"line_id":"1","sku":"S{first:05d}","quantity":1,"unit_price":{{"amount":"19.90","currency":"USD"}}}},'
            f'{{"line_id":"2","sku":"S{second:05d}","quantity":1,"unit_price":{{"amount":"19.90","currency":"USD"}}}}'
            "]}"
        ).encode()
        self._sent += 1
        head = (
            f"POST /v1/orders HTTP/1.1\r\nHost: {self._load.host}\r\nAuthorization: Bearer {self._load.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        self._started = time.perf_counter()
        self._transport.write(head + body)


async def send(load: Load) -> Seen:
    """Send the load; what came back."""
    loop = asyncio.get_running_loop()
    seen = Seen()
    started = time.perf_counter()
    done: list[asyncio.Future[None]] = [loop.create_future() for _ in range(load.clients)]
    for number, future in enumerate(done):
        client = _Client(load, number, seen, until=started + load.seconds, done=future)
        await loop.create_connection(lambda client=client: client, load.host, load.port)  # type: ignore[misc]
    await asyncio.gather(*done)
    seen.seconds = time.perf_counter() - started
    return seen


def summarize(seen: Seen) -> dict[str, object]:
    """Orders a second, latencies at p50 and p99 in milliseconds, and answers by status."""
    latencies = sorted(seen.latencies)
    return {
        "rate": len(latencies) / seen.seconds,
        "p50_ms": 1e3 * latencies[len(latencies) // 2],
        "p99_ms": 1e3 * latencies[int(0.99 * len(latencies))],
        "statuses": seen.statuses,
    }


if __name__ == "__main__":
    print(json.dumps(summarize(uvloop.run(send(Load(**json.loads(sys.stdin.readline())))))))
