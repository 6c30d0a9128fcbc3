"""What customers and nodes do in generated traffic: order, change their minds, accept, pick, pack, ship, deliver."""

import asyncio
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

import httpx

_CANCELED: Final = 0.05
_LEFT_TO_THE_CLOCK: Final = 0.1
_REJECTED: Final = 0.03
_SHORT: Final = 0.04
_PICKUP: Final = ("accept", "pick", "ready", "collect")
_SENT: Final = ("accept", "pick", "pack", "ship", "deliver")
_DONE: Final = {
    "accept": "accepted",
    "reject": "rejected",
    "pick": "picked",
    "pack": "packed",
    "ready": "ready",
    "ship": "shipped",
    "collect": "collected",
    "deliver": "delivered",
}
_CARRIERS: Final = ("UPS", "FedEx", "USPS")
_AGAIN_MAX: Final = 3
_ALIVE_MAX: Final = 20_000
_LATENCIES_KEPT: Final = 2_000


@dataclass(slots=True)
class Tally:
    """What has happened so far, by name, and how long the last answers took (seconds)."""

    began_at: float = field(default_factory=time.monotonic)
    counts: Counter[str] = field(default_factory=Counter)
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=_LATENCIES_KEPT))
    lost_in_a_row: int = 0

    def as_dict(self) -> dict[str, float]:
        """Counts by name, with seconds and latencies."""
        ordered = sorted(self.latencies)
        return {
            "seconds": round(time.monotonic() - self.began_at, 1),
            **self.counts,
            "p50_ms": round(1000 * ordered[len(ordered) // 2], 1) if ordered else 0.0,
            "p99_ms": round(1000 * ordered[len(ordered) * 99 // 100], 1) if ordered else 0.0,
        }

    def text(self) -> str:
        """The same in a line."""
        return "  ".join(f"{name} {value:g}" for name, value in self.as_dict().items())


class Shoppers:
    """Orders that come, and what becomes of each; steps are some `pace_seconds` apart, on average."""

    def __init__(self, client: httpx.AsyncClient, random: Random, *, pace_seconds: float) -> None:
        self.tally = Tally()
        self._client = client
        self._random = random
        self._pace = pace_seconds
        self._alive: set[asyncio.Task[None]] = set()

    def come(self, body: dict[str, Any]) -> None:
        """Let an order come, with all that follows from it."""
        if len(self._alive) < _ALIVE_MAX:
            self._begin(self._live(body | {"ordered_at": datetime.now(UTC).isoformat()}))

    async def leave(self) -> None:
        """End what is going on; the server finishes what it was asked."""
        for task in self._alive:
            task.cancel()
        await asyncio.gather(*self._alive, return_exceptions=True)

    def _begin(self, story: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(story)
        self._alive.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: "asyncio.Task[None]") -> None:
        self._alive.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.tally.counts["failed"] += 1

    async def _live(self, body: dict[str, Any]) -> None:
        order = await self._post("/v1/orders", body, key=f"traffic-{body['external_id']}")
        if order is None:
            return
        self.tally.counts["captured"] += 1
        chance = self._random.random()
        await self._wait()
        order_id = order["order_id"]
        if chance < _CANCELED:
            if await self._post(f"/v1/orders/{order_id}/cancel", {"reason": "customer_request"}):
                self.tally.counts["canceled"] += 1
        elif chance < 1 - _LEFT_TO_THE_CLOCK:
            released = await self._post(f"/v1/orders/{order_id}/release", None)
            if released is not None:
                self.tally.counts["released"] += 1
                for work in released["fulfillments"]:
                    if work["status"] == "released":  # the others wait for supply
                        self._begin(self._work(work["fulfillment_id"], work["method"], tries=0))

    async def _work(self, fulfillment_id: str, method: str, *, tries: int) -> None:
        chance = self._random.random() if tries < _AGAIN_MAX else 1.0
        for verb in _SENT if method in ("ship", "delivery") else _PICKUP:
            await self._wait()
            if verb == "accept" and chance < _REJECTED:
                verb = "reject"
            body = await self._body(verb, fulfillment_id, is_short=_REJECTED <= chance < _REJECTED + _SHORT)
            if body is None:
                return
            done = await self._post(f"/v1/fulfillments/{fulfillment_id}/{verb}", body)
            if done is None:
                return
            self.tally.counts["picked short" if verb == "pick" and "lines" in body else _DONE[verb]] += 1
            for elsewhere in {other["fulfillment_id"] for other in done.get("resourced", ())}:
                self._begin(self._work(elsewhere, method, tries=tries + 1))
            if verb == "reject":
                return

    async def _body(self, verb: str, fulfillment_id: str, *, is_short: bool) -> dict[str, Any] | None:
        """What is reported with a step; None where the fulfillment cannot be read."""
        match verb:
            case "reject":
                return {"reason": "no_capacity"}
            case "pick" if is_short:
                return await self._short_pick(fulfillment_id)
            case "ship":
                number = f"1Z{self._random.randrange(10**15):015d}"
                return {
                    "packages": [
                        {"package_id": "1", "carrier": self._random.choice(_CARRIERS), "tracking_number": number}
                    ]
                }
            case "ready":
                return {"staging": f"A{self._random.randrange(1, 20)}"}
            case "collect":
                return {"collected_by": "customer"}
            case _:
                return {}

    async def _short_pick(self, fulfillment_id: str) -> dict[str, Any] | None:
        work = await self._send("GET", f"/v1/fulfillments/{fulfillment_id}", None, {})
        if work is None:
            return None
        first = work["lines"][0]
        missing = {"line_id": first["line_id"], "quantity": first["quantity"] - 1, "short_reason": "not_found"}
        return {"lines": [missing]}

    async def _wait(self) -> None:
        if self._pace > 0:
            await asyncio.sleep(self._random.expovariate(1 / self._pace))

    async def _post(self, path: str, body: dict[str, Any] | None, *, key: str = "") -> dict[str, Any] | None:
        return await self._send("POST", path, body, {"Idempotency-Key": key} if key else {})

    async def _send(
        self, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str]
    ) -> dict[str, Any] | None:
        began_at = time.monotonic()
        try:
            response = await self._client.request(method, path, json=body, headers=headers)
        except httpx.TransportError:
            self.tally.counts["lost"] += 1
            self.tally.lost_in_a_row += 1
            return None
        self.tally.lost_in_a_row = 0
        self.tally.latencies.append(time.monotonic() - began_at)
        if response.is_success:
            answer: dict[str, Any] = response.json()
            return answer
        with suppress(ValueError):
            self.tally.counts[f"refused {response.json().get('code', response.status_code)}"] += 1
        return None
