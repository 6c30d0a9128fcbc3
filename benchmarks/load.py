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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

import uvloop

_ANSWERS_MAX: Final = 20_000
"""A second, of all clients together: more than any server answers here."""

Place = tuple[str, str, str]
"""A city of the United States, its state and a postcode in it."""

NEW_YORK: Final[Place] = ("New York", "NY", "10001")


@dataclass(frozen=True, slots=True)
class Load:
    """What to send: orders of some lines over `skus` items; `is_hot` takes the same items every time. It ends after
    its seconds, or before, after so many `orders`.

    Where there are `paths` those are asked for instead, at random.
    """

    host: str
    port: int
    key: str
    clients: int
    seconds: float
    skus: int
    is_hot: bool
    seed: int
    run: str
    paths: Sequence[str] = ()
    lines: int = 2
    orders: int = 0


@dataclass(slots=True)
class Seen:
    """What came back: latencies in seconds, and answers by status."""

    latencies: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


class _Client(asyncio.Protocol):
    """One connection. Its requests are made before the clock starts, since the server runs on the same two cores."""

    def __init__(self, requests: list[bytes], seen: Seen, *, until: float, done: "asyncio.Future[None]") -> None:
        self._requests = requests
        self._seen = seen
        self._until = until
        self._done = done
        self._missing = 0
        self._started = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class
        self._send()

    def data_received(self, data: bytes) -> None:
        if self._missing == 0:
            head = data.find(b"\r\n\r\n")
            at = data.find(b"content-length:", 0, head)
            self._missing = head + 4 + int(data[at + 15 : data.find(b"\r\n", at)])
            status = data[9:12].decode()
            self._seen.statuses[status] = self._seen.statuses.get(status, 0) + 1
        self._missing -= len(data)
        if self._missing == 0:
            self._seen.latencies.append(time.perf_counter() - self._started)
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)

    def _send(self) -> None:
        assert self._transport is not None
        self._started = time.perf_counter()
        if self._started >= self._until or not self._requests:
            self._transport.close()
            return
        self._transport.write(self._requests.pop())


def make_requests(load: Load, client: int) -> list[bytes]:
    """More requests than a client will get answered."""
    draw = random.Random(f"{load.seed} {client}")
    count = int(load.seconds * _ANSWERS_MAX / load.clients) + 1
    if load.paths:
        key = f"Authorization: Bearer {load.key}\r\n" if load.key else ""
        asked = [f"GET {path} HTTP/1.1\r\nHost: {load.host}\r\n{key}\r\n".encode() for path in load.paths]
        return draw.choices(asked, k=count)
    requests = []
    if load.orders:
        count = load.orders // load.clients + (client < load.orders % load.clients)
    for number in range(count):
        skus = draw.sample(range(load.skus), load.lines) if not load.is_hot else range(load.lines)
        requests.append(post_request(load, "/v1/orders", order_body(f"{load.run}-{client}-{number}", skus)))
    return requests


def order_body(external_id: str, skus: Iterable[int], place: Place = NEW_YORK) -> str:
    """An order of one unit of each of these items, to a place."""
    city, region, postcode = place
    lines = ",".join(
        f'{{"line_id":"{number}","sku":"S{sku:05d}","quantity":1,"unit_price":{{"amount":"19.90","currency":"USD"}}}}'
        for number, sku in enumerate(skus, 1)
    )
    return (
        f'{{"channel":"web","external_id":"{external_id}",'
        '"customer":{"id":"C-1","name":"Ada Park","email":"ada@example.com"},'
        f'"ship_to":{{"name":"Ada Park","line1":"1 Main St","city":"{city}","region":"{region}",'
        f'"postcode":"{postcode}","country":"US"}},"method":"ship","service":"standard","lines":[{lines}]}}'
    )


def post_request(load: Load, path: str, body: str) -> bytes:
    """The bytes of a POST."""
    content = body.encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {load.host}\r\nAuthorization: Bearer {load.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def send(load: Load) -> Seen:
    """Send the load; what came back."""
    loop = asyncio.get_running_loop()
    seen = Seen()
    requests = [make_requests(load, client) for client in range(load.clients)]
    started = time.perf_counter()
    done: list[asyncio.Future[None]] = [loop.create_future() for _ in requests]
    for of_client, future in zip(requests, done, strict=True):
        client = _Client(of_client, seen, until=started + load.seconds, done=future)
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
