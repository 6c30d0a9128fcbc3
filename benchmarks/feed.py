"""Feeds: a million positions through HTTP, with and without orders captured beside, and COPY of the same rows."""

import json
import os
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
from benchmarks.retailer import serve
from troth.flows.log.doctor import examine
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
_CHANGED_ONE_IN: Final = 10
_PROCESSES: Final = os.cpu_count() or 1
_CLIENTS: Final = 16
_LOAD_SECONDS: Final = 5
_CHUNK_BYTES: Final = 1 << 16
_COPY: Final = "COPY of the same rows into a table with the same key"


@dataclass(frozen=True, slots=True)
class _Took:
    """How long something took, and how much of that the processors of server and database were at work for it."""

    seconds: float
    cpu_seconds: float


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
    units = [draw.randrange(100_000, 200_000) for _ in range(_SKUS * _NODES)]
    count = len(units)
    with TemporaryDirectory(prefix="troth-bench-") as folder, start(Settings(data_dir=Path(folder) / "var")) as server:
        uvloop.run(_fill(server.dsn))
        copies: list[_Took] = []
        took: dict[str, list[_Took]] = {"first": [], "same": [], "changed": [], "beside": []}
        database = _postmaster(Path(folder))
        key = f"troth_{secrets.token_urlsafe(32)}"
        with serve(server.dsn, key, Path(folder), processes=_PROCESSES) as serving:
            send = _Sender(serving.port, key, (database, serving.pid))
            beside, alone = _Beside(serving.port, key, seed), _Beside(serving.port, key, seed)
            rows = _rows(units)
            copies.append(_copy(server.dsn, rows, database))
            took["first"].append(send.feed(rows, moved=count))
            uvloop.run(_analyze(server.dsn))
            alone.send()  # each process reads what it is asked for the first time
            del alone.rates[:], alone.p99_ms[:]
            for _ in range(_ROUNDS):
                copies.append(_copy(server.dsn, rows, database))
                took["same"].append(send.feed(rows, moved=0))
                alone.send()
                rows = _rows(_change(draw, units))
                took["changed"].append(send.feed(rows, moved=count // _CHANGED_ONE_IN))
                rows = _rows(_change(draw, units))
                beside.begin()
                took["beside"].append(send.feed(rows, moved=count // _CHANGED_ONE_IN))
                beside.end()
                beside = _renewed(beside)
        orders = beside.accepted + alone.accepted
        differences, reserved = uvloop.run(_examine(server.dsn))
    lost = 2 * orders - reserved
    if differences or lost:
        raise RuntimeError(f"the doctor finds {differences} problems, and {lost} reserved units are lost")
    figures = _figures(took, copies, count)
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
        figure("beside.reservations_lost", "units", [lost]),
    ]  # fmt: skip
    notes = (
        f"{count:,} positions ({_SKUS:,} SKUs at {_NODES} nodes) as one CSV body over HTTP; first: none is there; "
        f"same: no position differs; changed: one in ten does; beside: that, while {_CLIENTS} clients capture "
        f"orders of two lines; {_PROCESSES} API processes, PostgreSQL and load generator share the machine"
    )
    return publish("feed", figures, seed=seed, notes=notes)


def _renewed(beside: _Beside) -> _Beside:
    """The same account of orders, for another spell."""
    return _Beside(beside.port, beside.key, beside.seed + 1, beside.accepted, beside.rates, beside.p99_ms)


def _figures(took: dict[str, list[_Took]], copies: Sequence[_Took], count: int) -> list[Figure]:
    figures = []
    for name, of_name in took.items():
        copied = copies[:1] if name == "first" else copies[1:]
        seconds, of_copy = [one.seconds for one in of_name], [one.seconds for one in copied]
        rates, copy_rates = [count / one for one in seconds], [count / one for one in of_copy]
        busy, copy_busy = [one.cpu_seconds for one in of_name], [one.cpu_seconds for one in copied]
        figures += [
            figure(f"{name}.seconds", "s", seconds, baseline=_COPY, baseline_values=of_copy),
            figure(f"{name}.rate", "rows/s", rates, baseline=_COPY, baseline_values=copy_rates),
        ]
        if name != "beside":  # there the orders are in it, too
            figures.append(figure(f"{name}.cpu_seconds", "s", busy, baseline=_COPY, baseline_values=copy_busy))
    return figures


def _change(draw: random.Random, units: list[int]) -> list[int]:
    """The same positions, of which one in ten is another."""
    for place in draw.sample(range(len(units)), len(units) // _CHANGED_ONE_IN):
        units[place] += 1
    return units


def _rows(units: Sequence[int]) -> bytes:
    """A full feed, node by node."""
    text = ["sku,node,on_hand\n"]
    for node in range(_NODES):
        text += [f"S{sku:05d},N{node:04d},{units[node * _SKUS + sku]}\n" for sku in range(_SKUS)]
    return "".join(text).encode()


@dataclass(frozen=True, slots=True)
class _Sender:
    """Sends feeds to the server at a port; `roots` are the processes whose work is counted, with their children."""

    port: int
    key: str
    roots: tuple[int, ...]

    def feed(self, rows: bytes, *, moved: int) -> _Took:
        """How long a feed took; fails where not all of its rows were taken in, or others moved."""
        query = {
            "as_of": datetime.now(UTC).isoformat(),
            "scope": "full",
            "missing": "zero",
            "rows": str(_SKUS * _NODES),
            "reference": secrets.token_hex(4),
        }
        began_at, busy = time.perf_counter(), sum(map(_cpu_seconds, self.roots))
        answer = httpx.post(
            f"http://127.0.0.1:{self.port}/v1/inventory/feeds/BENCH",
            params=query,
            headers={"authorization": f"Bearer {self.key}", "content-type": "text/csv"},
            content=_pieces(rows),
            timeout=httpx.Timeout(None),
        )
        took = _Took(time.perf_counter() - began_at, sum(map(_cpu_seconds, self.roots)) - busy)
        told: dict[str, Any] = answer.json()
        if (answer.status_code, told.get("status"), told.get("refused")) != (200, "taken_in", 0):
            raise RuntimeError(f"the feed was not taken in: {answer.text[:500]}")
        # Orders meanwhile reserve, and move nothing on hand.
        if told["moved"] != moved:
            raise RuntimeError(f"{told['moved']} positions moved where {moved} should")
        print(f"  {took.seconds:,.1f} s, {took.cpu_seconds:,.1f} s of processors, {moved:,} moved", flush=True)
        return took


def _postmaster(folder: Path) -> int:
    """The process that all of the database's are children of."""
    (path,) = folder.glob("var/**/postmaster.pid")
    return int(path.read_text().split()[0])


def _cpu_seconds(root: int) -> float:
    """Processor seconds of a process and its descendants, those that have ended among them."""
    children: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        pid = int(path.parent.name)
        children.setdefault(int(fields[1]), []).append(pid)
        ticks[pid] = sum(map(int, fields[11:15]))
    waiting, total = [root], 0
    while waiting:
        pid = waiting.pop()
        total += ticks.get(pid, 0)
        waiting += children.get(pid, [])
    return total / os.sysconf("SC_CLK_TCK")


def _pieces(rows: bytes) -> Iterator[bytes]:
    for begin in range(0, len(rows), _CHUNK_BYTES):
        yield rows[begin : begin + _CHUNK_BYTES]


def _copy(dsn: str, rows: bytes, database: int) -> _Took:
    """What COPY takes for the same rows into an empty table."""
    busy = _cpu_seconds(database)
    seconds = uvloop.run(_copy_seconds(dsn, rows))
    took = _Took(seconds, _cpu_seconds(database) - busy)
    print(f"  {took.seconds:,.1f} s, {took.cpu_seconds:,.1f} s of processors: COPY", flush=True)
    return took


async def _copy_seconds(dsn: str, rows: bytes) -> float:
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
