"""Quotes: carts of four lines over 1,000 nodes through HTTP at a pace, alone and beside orders, with an empty route of
the same server in the same seconds; and how often an order gets what its quote said.

It measures waits, so other work on the machine is measured with it: `nice -n -10` keeps that apart.
"""

import asyncio
import json
import random
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
import numpy as np
import uvloop

from benchmarks.load import Load
from benchmarks.paced import Pace, Stream
from benchmarks.report import Baseline, Figure, figure, publish
from benchmarks.retailer import fill, processor_seconds, serve
from troth.settings import Settings
from troth.store.embedded import start

_SKUS: Final = 400
_NODES: Final = 1_000
_HELD_PERCENT: Final = 80
_LINES: Final = 4
_PER_SECOND: Final = 50
_ORDERS_PER_SECOND: Final = 100
_CLIENTS: Final = 2
_SECONDS: Final = 10
_ROUNDS: Final = 5
_TRIES: Final = 500
_BODIES: Final = 400
_EMPTY: Final = "/healthz"
_PLACES: Final = (
    ("Dallas", "TX", "75201"),
    ("St. Louis", "MO", "63101"),
    ("Denver", "CO", "80202"),
    ("Kansas City", "MO", "64106"),
    ("Omaha", "NE", "68102"),
    ("Memphis", "TN", "38103"),
    ("Nashville", "TN", "37201"),
    ("Oklahoma City", "OK", "73102"),
)
_ROUTE: Final = "the empty route in the same seconds"


@dataclass(frozen=True, slots=True)
class _Shop:
    """A server of one API process, its process, and its key."""

    port: int
    pid: int
    key: str


def run(*, seed: int) -> Path:
    """Measure quotes alone, and beside orders at a pace; the path of the results."""
    draw = random.Random(seed)
    with _shop() as shop:
        quotes = Stream("quotes", _PER_SECOND, "/v1/quotes", shop.key, [_cart(draw) for _ in range(_BODIES)])
        _send(shop, _BODIES / _PER_SECOND, (quotes,))  # the stock of each item is read when it is first asked for
        figures = [_processor(shop, quotes)]
        figures += _measure("alone", shop, (quotes,), draw)
        orders = Stream("orders", _ORDERS_PER_SECOND, "/v1/orders", shop.key)
        figures += _measure("beside_orders", shop, (quotes, orders), draw)
        with _ordering(shop, seed):
            figures += asyncio.run(_compare(shop, draw))
    notes = (
        f"carts of {_LINES} lines to {len(_PLACES)} places, {_SKUS} items of which each of {_NODES} nodes has"
        f" {_HELD_PERCENT} %, all nodes hand over; HTTP, one API process, no worker; {_PER_SECOND} quotes and as many"
        f" requests for an empty route a second, by an open loop: a latency counts from when the request was due;"
        f" beside_orders: {_ORDERS_PER_SECOND} orders a second by the same loop; same_promise: beside {_CLIENTS}"
        f" clients that order as fast as they can; server, PostgreSQL and load generators share the machine, of which"
        f" they were given priority over other work; {_ROUNDS} rounds of {_SECONDS} s"
    )
    return publish("quote", figures, seed=seed, notes=notes)


def _measure(name: str, shop: _Shop, streams: Sequence[Stream], draw: random.Random) -> Sequence[Figure]:
    """The latencies of quotes at p50 and p99, those of the empty route beside them."""
    empty = Stream("empty", _PER_SECOND, _EMPTY)
    ours: dict[int, list[float]] = {50: [], 99: []}
    theirs: dict[int, list[float]] = {50: [], 99: []}
    for _ in range(_ROUNDS):
        fresh = [_with_orders(stream, draw) for stream in streams]
        seen = _send(shop, _SECONDS, (*fresh, empty))
        for share in ours:
            ours[share].append(_percentile(seen["quotes"], share))
            theirs[share].append(_percentile(seen["empty"], share))
        print(f"  {name}: p50 {ours[50][-1]:.1f} ms, p99 {ours[99][-1]:.1f} ms; empty p99 {theirs[99][-1]:.1f} ms")
    return [
        figure(f"{name}.p{share}_ms", "ms", ours[share], baseline=_ROUTE, baseline_values=theirs[share])
        for share in ours
    ]


def _processor(shop: _Shop, quotes: Stream) -> Figure:
    """The server's processor time for a quote, beside that for the empty route."""
    taken: dict[str, list[float]] = {"quotes": [], "empty": []}
    for _ in range(_ROUNDS):
        for stream in (quotes, Stream("empty", _PER_SECOND, _EMPTY)):
            before = processor_seconds(shop.pid)
            seen = _send(shop, _SECONDS / 2, (stream,))
            taken[stream.name].append(1e3 * (processor_seconds(shop.pid) - before) / len(seen[stream.name]))
    return figure("processor_ms", "ms", taken["quotes"], baseline="the empty route", baseline_values=taken["empty"])


def _send(shop: _Shop, seconds: float, streams: Sequence[Stream]) -> dict[str, list[float]]:
    """The latencies in milliseconds of each stream; fails on any answer but success."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.paced"],
        input=json.dumps(asdict(Pace(shop.port, seconds, streams))) + "\n",
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    seen = json.loads(done.stdout)
    for name, timed in seen.items():
        if set(timed["statuses"]) - {"200", "201"}:
            raise RuntimeError(f"not every request was answered: {name} {timed['statuses']}")
    return {name: timed["latencies_ms"] for name, timed in seen.items()}


# What the quote said, and what the order got ---------------------------------------------------------------------


async def _compare(shop: _Shop, draw: random.Random) -> list[Figure]:
    """The share of orders whose confirmation equals the option that was quoted, nothing having changed between."""
    same = {"as asked": [0, 0], "any option": [0, 0]}
    headers = {"authorization": f"Bearer {shop.key}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{shop.port}", headers=headers, timeout=30) as client:
        for number in range(_TRIES):
            cart = json.loads(_cart(draw))
            quoted = await client.post("/v1/quotes", json=cart)
            quoted.raise_for_status()
            options = [option for option in quoted.json()["options"] if option["is_complete"]]
            is_any = number % 2 == 1
            option = draw.choice(options) if is_any else options[0]
            if is_any:
                cart |= {"method": option["method"], "service": option["service"], "pickup_node": option["node"]}
            order = {"external_id": f"quoted-{secrets.token_hex(6)}", **cart}
            ordered = await client.post("/v1/orders", json=order)
            ordered.raise_for_status()
            counts = same["any option" if is_any else "as asked"]
            counts[0] += _promised(ordered.json()) == _quoted(option)
            counts[1] += 1
    what = "orders placed after their quote"
    return [
        _share(name.replace(" ", "_"), 100.0 * equal / tried, Baseline(what, tried))
        for name, (equal, tried) in same.items()
    ]


def _share(name: str, percent: float, tried: Baseline) -> Figure:
    return Figure(f"same_promise.{name}.share_pct", round(percent, 2), "%", (round(percent, 2),) * 2, tried, None)


def _quoted(option: dict[str, Any]) -> object:
    """What an option says: by line, units and node, from when until when, and in what words."""
    lines = [
        (line["line_id"], shipment["node"], line["quantity"], *shipment["promised_at"].values())
        for shipment in option["shipments"]
        for line in shipment["lines"]
    ]
    return sorted(lines), option["message"], option["cost_to_serve"]["amount"]


def _promised(order: dict[str, Any]) -> object:
    """The same of an order's confirmation."""
    lines = [
        (line["line_id"], part["node"], part["quantity"], *part["promised_at"].values())
        for line in order["lines"]
        for part in line["allocations"]
    ]
    return sorted(lines), order["promise"]["message"], order["promise"]["cost_to_serve"]["amount"]


# -----------------------------------------------------------------------------------------------------------------


def _cart(draw: random.Random) -> str:
    city, region, postcode = draw.choice(_PLACES)
    return json.dumps(
        {
            "channel": "web",
            "customer": {"id": "C-1", "name": "Ada Park", "email": "ada@example.com"},
            "ship_to": {
                "name": "Ada Park", "line1": "1 Main St", "city": city, "region": region, "postcode": postcode,
                "country": "US",
            },
            "method": "ship",
            "lines": [
                {
                    "line_id": str(number),
                    "sku": f"S{sku:05d}",
                    "quantity": draw.choice((1, 1, 1, 2)),
                    "unit_price": {"amount": "19.90", "currency": "USD"},
                }
                for number, sku in enumerate(draw.sample(range(_SKUS), _LINES), start=1)
            ],
        }
    )  # fmt: skip


def _with_orders(stream: Stream, draw: random.Random) -> Stream:
    """The stream with orders of its own, each placed once, where it is of orders."""
    if stream.path != "/v1/orders":
        return stream
    count = int(stream.per_second * _SECONDS)
    bodies = [
        json.dumps({"external_id": f"beside-{secrets.token_hex(6)}", **json.loads(_cart(draw))}) for _ in range(count)
    ]
    return Stream(stream.name, stream.per_second, stream.path, stream.key, bodies)


@contextmanager
def _ordering(shop: _Shop, seed: int) -> Iterator[None]:
    """Clients that order as fast as they can."""
    load = Load("127.0.0.1", shop.port, shop.key, _CLIENTS, 600.0, _SKUS, False, seed, secrets.token_hex(4))
    ordering = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    assert ordering.stdin is not None
    ordering.stdin.write(json.dumps(asdict(load)) + "\n")
    ordering.stdin.close()
    try:
        yield
    finally:
        ordering.kill()
        ordering.wait()


@contextmanager
def _shop() -> Iterator[_Shop]:
    with TemporaryDirectory(prefix="troth-bench-") as name, start(Settings(data_dir=Path(name) / "var")) as server:
        print(f"Loading {_SKUS:,} items at {_NODES:,} nodes …", flush=True)
        uvloop.run(fill(server.dsn, skus=_SKUS, nodes=_NODES, held_percent=_HELD_PERCENT, has_pickup=True))
        key = f"troth_{secrets.token_urlsafe(32)}"
        with serve(server.dsn, key, Path(name), processes=1) as serving:
            yield _Shop(serving.port, serving.pid, key)


def _percentile(latencies_ms: Sequence[float], share: int) -> float:
    return float(np.percentile(latencies_ms, share))
