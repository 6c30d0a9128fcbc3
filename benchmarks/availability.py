"""Availability: product pages through HTTP beside an empty route of the same server, how fresh, and how much memory."""

import asyncio
import json
import random
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import asyncpg
import httpx
import uvloop

from benchmarks.load import Load
from benchmarks.report import Figure, figure, publish
from benchmarks.retailer import fill, processor_seconds, serve
from troth.settings import Settings
from troth.store.embedded import start

_SKUS: Final = 2_000
_NODES: Final = 900
_PAGE: Final = 50
_PAGES: Final = 500
_SECONDS: Final = 1.5
_ROUNDS: Final = 8
_TRIES: Final = 60
_LATE_SECONDS: Final = 5.0
_EMPTY: Final = "/healthz"
_INDEXES: Final = ((2_000, 1_000), (100_000, 20))


@dataclass(frozen=True, slots=True)
class _Shop:
    """A database with two servers of one API process each, the first's process, and the key for both."""

    dsn: str
    port: int
    pid: int
    other_port: int
    key: str

    def get(self, path: str) -> httpx.Response:
        """What the first server answers."""
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers={"authorization": f"Bearer {self.key}"})


@dataclass(frozen=True, slots=True)
class _Reached:
    """Answers a second, latencies in milliseconds, and the server's processor time an answer in microseconds."""

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float


def run(*, seed: int) -> Path:
    """Measure rates, a page of many SKUs and nodes, freshness, and the index; the path of the results."""
    figures: list[Figure] = []
    with _shop() as shop:
        draw = random.Random(seed)
        skus = [f"S{number:05d}" for number in range(_SKUS)]
        for first in range(0, _SKUS, _PAGE):
            shop.get(_page(skus[first : first + _PAGE])).raise_for_status()
        one = [f"/v1/availability?sku={sku}&channel=web" for sku in skus]
        figures += _measure("one_sku", one, shop, seed, clients=64)
        # No two answers are alike to the process: each is made anew.
        new = [f"{path}-{number}" for number in range(20) for path in one]
        figures += _measure("one_sku_made_anew", new, shop, seed, clients=64)
        lists = [_page(draw.sample(skus, _PAGE)) for _ in range(_PAGES)]
        figures += _measure("page_50", lists, shop, seed, clients=8)
        pages = [f"{_page(draw.sample(skus, _PAGE))}&form=columns" for _ in range(_PAGES)]
        figures += _measure("page_50x900", pages, shop, seed, clients=1)
        new = [page.replace("web", f"web-{number}") for number, page in enumerate(pages * 4)]
        figures += _measure("page_50x900_made_anew", new, shop, seed, clients=1)
        figures += asyncio.run(_freshness(shop, draw))
    for index_skus, nodes in _INDEXES:
        figures.append(
            figure(f"index.{index_skus}x{nodes}.bytes", "bytes a balance", [_index_bytes(index_skus, nodes)])
        )
    notes = (
        f"{_SKUS} items at {_NODES} nodes, HTTP, one API process that answers (and one that sells, for freshness), no"
        f" worker; server, PostgreSQL and load generator share the machine with other work, so that processor time says"
        f" more than rates; {_ROUNDS} rounds of {_SECONDS} s, each before the empty route ({_EMPTY}) with as many"
        f" clients; freshness over {_TRIES} sales"
    )
    return publish("availability", figures, seed=seed, notes=notes)


def _page(skus: Sequence[str]) -> str:
    return f"/v1/availability?channel=web&{'&'.join(f'sku={sku}' for sku in skus)}"


def _measure(name: str, paths: Sequence[str], shop: _Shop, seed: int, *, clients: int) -> Sequence[Figure]:
    _send(paths, shop, shop.key, seed, clients=clients, seconds=2)
    ours, empty = [], []
    for number in range(_ROUNDS):
        ours.append(_send(paths, shop, shop.key, seed + number, clients=clients, seconds=_SECONDS))
        empty.append(_send([_EMPTY], shop, "", seed + number, clients=clients, seconds=_SECONDS))
        print(f"  {name}: {ours[-1].rate:,.0f}/s, p99 {ours[-1].p99_ms:.1f} ms; empty route {empty[-1].rate:,.0f}/s")
    what = f"empty route, {clients} clients"
    return [
        figure(
            f"{name}.cpu_us", "us an answer", [one.cpu_us for one in ours],
            baseline=what, baseline_values=[one.cpu_us for one in empty],
        ),
        figure(
            f"{name}.rate", "answers/s", [one.rate for one in ours],
            baseline=what, baseline_values=[one.rate for one in empty],
        ),
        figure(
            f"{name}.p50_ms", "ms", [one.p50_ms for one in ours],
            baseline=what, baseline_values=[one.p50_ms for one in empty],
        ),
        figure(
            f"{name}.p99_ms", "ms", [one.p99_ms for one in ours],
            baseline=what, baseline_values=[one.p99_ms for one in empty],
        ),
    ]  # fmt: skip


def _send(paths: Sequence[str], shop: _Shop, key: str, seed: int, *, clients: int, seconds: float) -> _Reached:
    load = Load("127.0.0.1", shop.port, key, clients, seconds, _SKUS, False, seed, "", tuple(paths))
    before = processor_seconds(shop.pid)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(asdict(load)) + "\n", capture_output=True, text=True, check=True,
    )  # fmt: skip
    seen = json.loads(done.stdout)
    if set(seen["statuses"]) != {"200"}:
        raise RuntimeError(f"not every request was answered: {seen['statuses']}")
    spent = processor_seconds(shop.pid) - before
    return _Reached(seen["rate"], seen["p50_ms"], seen["p99_ms"], 1e6 * spent / seen["statuses"]["200"])


# Freshness -----------------------------------------------------------------------------------------------------------


async def _freshness(shop: _Shop, draw: random.Random) -> list[Figure]:
    figures = _fresh_figures("fresh", await _sell_and_look(shop, draw, "idle"))
    holder = await asyncpg.connect(shop.dsn)
    try:
        async with holder.transaction():
            await holder.fetchval("SELECT pg_current_xact_id()")
            figures += _fresh_figures("fresh_beside_open_transaction", await _sell_and_look(shop, draw, "open"))
    finally:
        await holder.close()
    load = Load("127.0.0.1", shop.other_port, shop.key, 16, 600.0, _SKUS, False, 1, secrets.token_hex(4))
    selling = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.load", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert selling.stdin is not None
    selling.stdin.write((json.dumps(asdict(load)) + "\n").encode())
    selling.stdin.close()
    await asyncio.sleep(5)
    try:
        figures += _fresh_figures("fresh_under_load", await _sell_and_look(shop, draw, "load"))
    finally:
        selling.kill()
        await selling.wait()
    return figures


def _fresh_figures(name: str, waits_ms: Sequence[float]) -> list[Figure]:
    ordered = sorted(waits_ms)
    return [
        figure(f"{name}.p50_ms", "ms", [statistics.median(ordered)]),
        figure(f"{name}.p99_ms", "ms", [ordered[int(0.99 * len(ordered))]]),
        figure(f"{name}.max_ms", "ms", [ordered[-1]]),
    ]


async def _sell_and_look(shop: _Shop, draw: random.Random, run_name: str) -> list[float]:
    """Milliseconds from the answer to a sale at one server until the other shows it, sale by sale.

    Under load others sell the same item too, which only makes what is shown fall; so the sale takes more units than
    they do meanwhile.
    """
    waits = []
    headers = {"authorization": f"Bearer {shop.key}"}
    units = 50  # as many as a parcel may weigh
    async with httpx.AsyncClient(headers=headers, timeout=30) as client:
        for number in range(_TRIES):
            sku = f"S{draw.randrange(_SKUS):05d}"
            url = f"http://127.0.0.1:{shop.port}/v1/availability?sku={sku}&channel=web"
            before = (await client.get(url)).json()["items"][0]["available"]
            order = _order(f"fresh-{run_name}-{number}", sku, units)
            sold = await client.post(f"http://127.0.0.1:{shop.other_port}/v1/orders", json=order)
            sold.raise_for_status()
            began = time.perf_counter()
            while (await client.get(url)).json()["items"][0]["available"] > before - units:
                if time.perf_counter() - began > _LATE_SECONDS:
                    raise RuntimeError(f"{sku} was not shown sold after {_LATE_SECONDS} s")
                await asyncio.sleep(0.002)
            waits.append(1e3 * (time.perf_counter() - began))
            await asyncio.sleep(draw.uniform(0.0, 0.25))
    return waits


def _order(external_id: str, sku: str, units: int) -> dict[str, object]:
    return {
        "channel": "web",
        "external_id": external_id,
        "customer": {"id": "C-1", "name": "Ada Park", "email": "ada@example.com"},
        "ship_to": {
            "name": "Ada Park", "line1": "1 Main St", "city": "New York", "region": "NY", "postcode": "10001",
            "country": "US",
        },
        "method": "ship",
        "lines": [
            {"line_id": "1", "sku": sku, "quantity": units, "unit_price": {"amount": "19.90", "currency": "USD"}}
        ],
    }  # fmt: skip


# -------------------------------------------------------------------------------------------------------------------


def _index_bytes(skus: int, nodes: int) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.index_memory", str(skus), str(nodes)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(done.stdout)


@contextmanager
def _shop() -> Iterator[_Shop]:
    with TemporaryDirectory(prefix="troth-bench-") as name, start(Settings(data_dir=Path(name) / "var")) as server:
        folder = Path(name)
        print(f"Loading {_SKUS:,} items at {_NODES:,} nodes …", flush=True)
        uvloop.run(fill(server.dsn, skus=_SKUS, nodes=_NODES))
        key = f"troth_{secrets.token_urlsafe(32)}"
        with serve(server.dsn, key, folder, processes=1) as ours, serve(server.dsn, key, folder, processes=1) as other:
            yield _Shop(server.dsn, ours.port, ours.pid, other.port, key)
