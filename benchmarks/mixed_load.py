"""A load of all that happens to orders: 70 % are new, 10 % changed, 5 % canceled, 15 % go on at their nodes.

Each client keeps one connection and one request in flight, as in `benchmarks.load`, and acts on the orders that it
placed itself: a new quantity, the whole order canceled, or the next of the steps release, accept, pick, pack, ship. It
runs as a process of its own (`python -m benchmarks.mixed_load`).
"""

import asyncio
import json
import random
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Final, cast

import uvloop

from benchmarks.load import Load, order_body, post_request

SHARES: Final = {"capture": 70, "change": 10, "cancel": 5, "work": 15}
_STEPS: Final = ("accept", "pick", "pack", "ship")
_WAITING_MAX: Final = 200
_CHANGE: Final = '{"reason":"more","actions":[{"action":"set_quantity","line_id":"1","quantity":2}]}'
_CANCEL: Final = '{"reason":"changed-mind"}'


@dataclass(slots=True)
class Seen:
    """What came back: answers by kind and status, latencies in seconds by kind."""

    statuses: Counter[tuple[str, str]] = field(default_factory=Counter)
    latencies: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in SHARES})
    seconds: float = 0.0


class _Shopper:
    """The orders of a client, and what it asks for next."""

    def __init__(self, load: Load, client: int) -> None:
        self._load, self._client = load, client
        self._draw = random.Random(f"{load.seed} {client} mixed")
        self._count = 0
        self._placed: deque[str] = deque(maxlen=_WAITING_MAX)
        self._work: deque[tuple[str, int]] = deque()
        self._asked: tuple[str, int] | None = None
        self.kind = "capture"

    def next_request(self) -> bytes:
        kind = self._draw.choices(list(SHARES), weights=list(SHARES.values()))[0]
        self.kind = kind if self._placed or (kind == "work" and self._work) else "capture"
        if self.kind == "capture":
            first, second = self._draw.sample(range(self._load.skus), 2)
            self._count += 1
            name = f"{self._load.run}-m{self._client}-{self._count}"
            return post_request(self._load, "/v1/orders", order_body(name, (first, second)))
        if self.kind == "change":
            return post_request(self._load, f"/v1/orders/{self._placed.popleft()}/changes", _CHANGE)
        if self.kind == "cancel":
            return post_request(self._load, f"/v1/orders/{self._placed.popleft()}/cancel", _CANCEL)
        if self._work:
            self._asked = self._work.popleft()
            work, step = self._asked
            return post_request(self._load, f"/v1/fulfillments/{work}/{_STEPS[step]}", "{}")
        return post_request(self._load, f"/v1/orders/{self._placed.popleft()}/release", "{}")

    def take(self, body: bytes) -> None:
        """Note what an answer makes possible."""
        if self.kind == "capture":
            self._placed.append(json.loads(body)["order_id"])
        elif self.kind == "work" and self._asked is not None:
            work, step = self._asked
            if step + 1 < len(_STEPS):
                self._work.append((work, step + 1))
            self._asked = None
        elif self.kind == "work":
            self._work += [(work["fulfillment_id"], 0) for work in json.loads(body)["fulfillments"]]


class _Client(asyncio.Protocol):
    def __init__(self, shopper: _Shopper, seen: Seen, *, until: float, done: "asyncio.Future[None]") -> None:
        self._shopper, self._seen, self._until, self._done = shopper, seen, until, done
        self._received = bytearray()
        self._wanted = 0
        self._started = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._wanted:
            head = self._received.find(b"\r\n\r\n")
            if head < 0:
                return
            at = self._received.find(b"content-length:", 0, head)
            self._wanted = head + 4 + int(self._received[at + 15 : self._received.find(b"\r\n", at)])
        if len(self._received) < self._wanted:
            return
        status = self._received[9:12].decode()
        kind = self._shopper.kind
        self._seen.statuses[kind, status] += 1
        self._seen.latencies[kind].append(time.perf_counter() - self._started)
        if status.startswith("2"):
            self._shopper.take(bytes(self._received[self._received.find(b"\r\n\r\n") + 4 :]))
        self._received.clear()
        self._wanted = 0
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)

    def _send(self) -> None:
        assert self._transport is not None
        self._started = time.perf_counter()
        if self._started >= self._until:
            self._transport.close()
            return
        self._transport.write(self._shopper.next_request())


async def send(load: Load) -> Seen:
    """Send the load; what came back."""
    loop = asyncio.get_running_loop()
    seen = Seen()
    started = time.perf_counter()
    done: list[asyncio.Future[None]] = [loop.create_future() for _ in range(load.clients)]
    for number, future in enumerate(done):
        client = _Client(_Shopper(load, number), seen, until=started + load.seconds, done=future)
        await loop.create_connection(lambda client=client: client, load.host, load.port)  # type: ignore[misc]
    await asyncio.gather(*done)
    seen.seconds = time.perf_counter() - started
    return seen


def summarize(seen: Seen) -> dict[str, object]:
    """Requests a second, by kind the latencies (p50, p99, in milliseconds), and answers by kind and status."""
    tails = {}
    for kind, taken in seen.latencies.items():
        ranked = sorted(taken)
        tails[kind] = [1e3 * ranked[int(share * len(ranked))] if ranked else 0.0 for share in (0.5, 0.99)]
    statuses = {f"{kind} {status}": count for (kind, status), count in seen.statuses.items()}
    return {"rate": sum(seen.statuses.values()) / seen.seconds, "tails": tails, "statuses": statuses}


if __name__ == "__main__":
    print(json.dumps(summarize(uvloop.run(send(Load(**json.loads(sys.stdin.readline())))))))
