"""Feeds: a million positions through HTTP, with and without orders captured beside, and COPY of the same rows."""

import json
import random
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import asyncpg
import httpx
import uvloop

from benchmarks.load import Load
from benchmarks.report import Figure, figure, publish
from benchmarks.serving import serve
from troth.flows.doctor import examine
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.network import Node, NodeType
from troth.settings import Settings
from troth.store.database import open_pool
from troth.store.embedded import start
from troth.store.migrate import migrate
from troth.store.reference import write_items, write_nodes

_SKUS: Final = 5_000
_NODES: Final = 200
_ROUNDS: Final = 2
_CLIENTS: Final = 16
_LOAD_SECONDS: Final = 5
_CHUNK_BYTES: Final = 1 << 16
_COPY: Final = "COPY of the same rows into a table with the same key"


@dataclass(slots=True)
class _Beside:
    """Orders that are captured until told to stop: how many were accepted, and the rates and p99 of each spell."""

    port: int
    key: str
    seed: int
    accepted: int = 0
    rates: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def begin(self) -> None:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.send()

    def send(self) -> None:
        """One spell of orders; fails on any answer but 201."""
        load = Load(
            "127.0.0.1", self.port, self.key, _CLIENTS, _LOAD_SECONDS, _SKUS, False, self.seed, secrets.token_hex(4)
        )  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.load"],
            input=json.dumps(asdict(load)) + "\n", capture_output=True, text=True, check=True,
        )  # fmt: skip
        seen = json.loads(done.stdout)
        if set(seen["statuses"]) != {"201"}:
            raise RuntimeError(f"not every order was accepted: {seen['statuses']}")
        self.accepted += seen["statuses"]["201"]
        self.rates.append(seen["rate"])
        self.p99_ms.append(seen["p99_ms"])


def run(*, seed: int) -> Path:
    """Measure; the path of the results."""
    draw = random.Random(seed)
    count = _SKUS * _NODES
    with TemporaryDirectory(prefix="troth-bench-") as folder, start(Settings(data_dir=Path(folder) / "var")) as server:
        uvloop.run(_fill(server.dsn))
        copies: list[float] = []
        seconds: dict[str, list[float]] = {"first": [], "same": [], "changed": [], "beside": []}
        with serve(server.dsn, Path(folder), processes=2) as (port, key):
            beside = _Beside(port, key, seed)
            rows = _rows(draw, 0)
            copies.append(uvloop.run(_copy(server.dsn, rows)))
            seconds["first"].append(_post(port, key, rows, moved=count))
            uvloop.run(_analyze(server.dsn))
            beside.send()  # each process reads what it is asked for the first time
            alone = _Beside(port, key, seed)
            for number in range(1, _ROUNDS + 1):
                copies.append(uvloop.run(_copy(server.dsn, rows)))
                seconds["same"].append(_post(port, key, rows, moved=0))
                alone.send()
                rows = _rows(draw, 2 * number - 1)
                seconds["changed"].append(_post(port, key, rows, moved=count))
                rows = _rows(draw, 2 * number)
                beside.begin()
                seconds["beside"].append(_post(port, key, rows, moved=count))
                beside.end()
                beside = _renewed(beside)
        orders = beside.accepted + alone.accepted
        differences, reserved = uvloop.run(_examine(server.dsn))
    figures = _figures(seconds, copies, count)
    figures += [
        figure(
            "beside.capture_rate", "orders/s", beside.rates, baseline="orders without a feed",
            baseline_values=[sum(alone.rates) / len(alone.rates)] * len(beside.rates),
        ),
        figure(
            "beside.capture_p99_ms", "ms", beside.p99_ms, baseline="orders without a feed",
            baseline_values=[sum(alone.p99_ms) / len(alone.p99_ms)] * len(beside.p99_ms),
        ),
        figure("doctor.differences", "findings", [differences]),
        figure("beside.reservations_lost", "units", [2 * orders - reserved]),
    ]  # fmt: skip
    notes = (
        f"{count:,} positions ({_SKUS:,} SKUs at {_NODES} nodes) as one CSV body through HTTP; first: none is there; "
        f"same: no position differs; changed: every one does; beside: every one does while {_CLIENTS} clients capture "
        "orders of two lines; 2 API processes, PostgreSQL and load generator share the machine"
    )
    return publish("feed", figures, seed=seed, notes=notes)


def _renewed(beside: _Beside) -> _Beside:
    """The same account of orders, for another spell."""
    return _Beside(beside.port, beside.key, beside.seed + 1, beside.accepted, beside.rates, beside.p99_ms)


def _figures(seconds: dict[str, list[float]], copies: Sequence[float], count: int) -> list[Figure]:
    figures = []
    for name, of_name in seconds.items():
        baseline = list(copies[-len(of_name) :]) if name != "first" else list(copies[:1])
        figures.append(figure(f"{name}.seconds", "s", of_name, baseline=_COPY, baseline_values=baseline))
        figures.append(
            figure(
                f"{name}.rate", "rows/s", [count / one for one in of_name], baseline=_COPY,
                baseline_values=[count / one for one in baseline],
            )
        )  # fmt: skip
    return figures


def _rows(draw: random.Random, number: int) -> bytes:
    """A full feed, node by node. Two of one seed differ in every position, since their last digits do."""
    text = ["sku,node,on_hand\n"]
    for node in range(_NODES):
        units = [100_000 + 10 * draw.randrange(1_000) + number for _ in range(_SKUS)]
        text += [f"S{sku:05d},N{node:04d},{units[sku]}\n" for sku in range(_SKUS)]
    return "".join(text).encode()


def _post(port: int, key: str, rows: bytes, *, moved: int) -> float:
    """Seconds until a feed was taken in; fails where something else came of it than all rows."""
    as_of = datetime.now(UTC)
    query = {
        "as_of": as_of.isoformat(),
        "scope": "full",
        "missing": "zero",
        "rows": str(_SKUS * _NODES),
        "reference": secrets.token_hex(4),
    }
    began_at = time.perf_counter()
    answer = httpx.post(
        f"http://127.0.0.1:{port}/v1/inventory/feeds/BENCH",
        params=query,
        headers={"authorization": f"Bearer {key}", "content-type": "text/csv"},
        content=_pieces(rows),
        timeout=httpx.Timeout(None),
    )
    seconds = time.perf_counter() - began_at
    told: dict[str, Any] = answer.json()
    if (answer.status_code, told.get("status"), told.get("refused")) != (200, "taken_in", 0):
        raise RuntimeError(f"the feed was not taken in: {answer.text[:500]}")
    if told["moved"] != moved:
        raise RuntimeError(f"{told['moved']} positions moved where {moved} should")
    print(f"  {seconds:,.1f} s for {told['rows']:,} rows, {told['moved']:,} moved", flush=True)
    return seconds


def _pieces(rows: bytes) -> Iterator[bytes]:
    for begin in range(0, len(rows), _CHUNK_BYTES):
        yield rows[begin : begin + _CHUNK_BYTES]


async def _copy(dsn: str, rows: bytes) -> float:
    """Seconds that COPY takes for the same rows into an empty table."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("DROP TABLE IF EXISTS base_positions")
        await connection.execute(
            "CREATE TABLE base_positions (sku text, node text, on_hand bigint NOT NULL, PRIMARY KEY (sku, node))"
        )
        began_at = time.perf_counter()
        await connection.copy_to_table("base_positions", source=BytesIO(rows), format="csv", header=True, timeout=600)
        return time.perf_counter() - began_at
    finally:
        await connection.close()


async def _fill(dsn: str) -> None:
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    try:
        now = datetime.now(UTC)
        nodes = [
            Node(
                NodeId(f"N{number:04d}"), NodeType.STORE, f"Node {number}", 30 + number * 7 % 150 / 10,
                -120 + number * 13 % 400 / 10, "America/Chicago",
            )
            for number in range(_NODES)
        ]  # fmt: skip
        await write_nodes(connection, nodes, now)
        items = [Item(Sku(f"S{number:05d}"), f"Item {number}", weight_grams=500) for number in range(_SKUS)]
        await write_items(connection, items, now - timedelta(seconds=1))
    finally:
        await connection.close()


async def _analyze(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("VACUUM ANALYZE", timeout=600)
    finally:
        await connection.close()


async def _examine(dsn: str) -> tuple[int, int]:
    """How many problems the doctor finds, and how many units are reserved."""
    pool = await open_pool(dsn, size=2, statement_timeout_ms=0)
    try:
        report = await examine(pool, orders_max=2_000)
        reserved: int = await pool.fetchval("SELECT sum(reserved)::bigint FROM balances")
    finally:
        await pool.close()
    problems = [finding for finding in report.findings if finding.severity == "problem"]
    for finding in problems:
        print(f"  {finding.check}: {finding.detail} {finding.rows[:3]}", flush=True)
    return len(problems), reserved
