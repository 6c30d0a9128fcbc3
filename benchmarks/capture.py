"""Capture: orders through HTTP, durable, beside pgbench on the same server in the same rounds, by clients, nodes and
lines; and the charts of it.
"""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import uvloop

from benchmarks.baseline import Reached, Yardstick
from benchmarks.chart import write_chart
from benchmarks.load import Load
from benchmarks.report import Figure, figure, publish
from benchmarks.retailer import fill, serve
from troth.settings import Settings
from troth.store.embedded import start

_SKUS: Final = 5_000
_SECONDS: Final = 6
_ROUNDS: Final = 3
_WARM_SECONDS: Final = 2
_READ_SECONDS: Final = {20: 12, 1_000: 40}
_PROCESSES: Final = os.cpu_count() or 1
_IMAGES: Final = Path(__file__).parents[1] / "docs" / "images"
_PGBENCH: Final = "pgbench, one statement per order"


_LINES: Final = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class _Case:
    """A load to measure: how many clients, whether all want the same items, and lines of an order."""

    name: str
    clients: int
    is_hot: bool = False
    lines: int = 2


@dataclass(frozen=True, slots=True)
class _Round:
    """What one round of a case reached: ours, and pgbench right after it."""

    rate: float
    p50_ms: float
    p99_ms: float
    baseline: Reached


def run(*, seed: int) -> Path:
    """Measure 20 and 1,000 nodes; the path of the results."""
    figures: list[Figure] = []
    for nodes in _READ_SECONDS:
        with _retailer(nodes) as (port, key, yardstick):
            cases = [_Case("uniform", 64), _Case("hot", 64, is_hot=True), _Case("uniform", 1), _Case("uniform", 8)]
            # Each process reads an item's stock when it is first asked for: until all are read it measures reading.
            _send(cases[0], port, key, seed, seconds=_READ_SECONDS[nodes])
            figures += [one for case in cases for one in _measure(case, nodes, port, key, yardstick, seed)]
            if nodes == 20:
                figures += _measure_lines(port, key, seed)
    draw({one.name: one.value for one in figures})
    notes = (
        f"2 lines where no others are named, {_SKUS} items, HTTP, {_PROCESSES} API processes, no worker; server, "
        f"PostgreSQL and load generator share the machine; {_ROUNDS} rounds of {_SECONDS} s a case, each followed by "
        "the baseline"
    )
    return publish("capture", figures, seed=seed, notes=notes)


def _measure(case: _Case, nodes: int, port: int, key: str, yardstick: Yardstick, seed: int) -> Sequence[Figure]:
    _send(case, port, key, seed, seconds=_WARM_SECONDS)
    rounds = []
    for number in range(_ROUNDS):
        rate, p50_ms, p99_ms = _send(case, port, key, seed + number, seconds=_SECONDS)
        reached = yardstick.measure(clients=case.clients, seconds=_SECONDS, is_hot=case.is_hot)
        rounds.append(_Round(rate, p50_ms, p99_ms, reached))
        print(
            f"  {case.name} n{nodes} c{case.clients}: {rate:,.0f}/s, p99 {p99_ms:.1f} ms; pgbench {reached.rate:,.0f}/s"
        )
    stem = {"uniform": f"uniform.n{nodes}.c{case.clients}", "hot": f"hot.n{nodes}.c{case.clients}"}[case.name]
    if case.name == "hot" and nodes == 20:
        stem = f"hot.c{case.clients}"
    if case.clients == 1 and nodes == 20:
        stem = "c1"
    rates = [one.baseline.rate for one in rounds]
    latencies = [one.baseline.latency_ms for one in rounds]
    what = f"{_PGBENCH}{', one hot pair' if case.is_hot else ''}, {case.clients} clients"
    return [
        figure(f"{stem}.rate", "orders/s", [one.rate for one in rounds], baseline=what, baseline_values=rates),
        figure(
            f"{stem}.p50_ms", "ms", [one.p50_ms for one in rounds],
            baseline=f"{what}, mean latency", baseline_values=latencies,
        ),
        figure(
            f"{stem}.p99_ms", "ms", [one.p99_ms for one in rounds],
            baseline=f"{what}, mean latency", baseline_values=latencies,
        ),
    ]  # fmt: skip


def _measure_lines(port: int, key: str, seed: int) -> list[Figure]:
    """Orders of more and of fewer lines in turn, each held against two lines in the same rounds."""
    found: dict[int, list[tuple[float, float, float]]] = {lines: [] for lines in _LINES}
    for number in range(_ROUNDS):
        for lines, reached in found.items():
            reached.append(_send(_Case("uniform", 64, lines=lines), port, key, seed + number, seconds=_SECONDS))
    figures = []
    for lines, reached in found.items():
        print(f"  {lines} lines: {reached[-1][0]:,.0f}/s, p99 {reached[-1][2]:.1f} ms")
        for place, (what, unit) in enumerate((("rate", "orders/s"), ("p50_ms", "ms"), ("p99_ms", "ms"))):
            of_two = [one[place] for one in found[2]] if lines != 2 else []
            values = [one[place] for one in reached]
            baseline = "two lines, 64 clients" if of_two else ""
            figures.append(figure(f"lines{lines}.c64.{what}", unit, values, baseline=baseline, baseline_values=of_two))
    return figures


def draw(values: Mapping[str, float]) -> None:
    """Draw the charts of the documentation from the figures' values."""
    for what, y_name in (("rate", "orders a second"), ("p99_ms", "ms at p99")):
        by_clients = {
            "20 nodes": [
                (clients, values[f"{stem}.{what}"])
                for clients, stem in ((1, "c1"), (8, "uniform.n20.c8"), (64, "uniform.n20.c64"))
            ],
            "1,000 nodes": [
                (clients, values[f"{stem}.{what}"])
                for clients, stem in ((1, "uniform.n1000.c1"), (8, "uniform.n1000.c8"), (64, "uniform.n1000.c64"))
            ],
        }
        write_chart(
            _IMAGES / f"capture-{what.removesuffix('_ms')}-by-clients.svg",
            title=f"Orders of two lines: {y_name} by clients", x_name="clients", y_name=y_name, series=by_clients,
        )  # fmt: skip
        by_lines = {"20 nodes": [(lines, values[f"lines{lines}.c64.{what}"]) for lines in _LINES]}
        write_chart(
            _IMAGES / f"capture-{what.removesuffix('_ms')}-by-lines.svg",
            title=f"64 clients: {y_name} by lines of an order", x_name="lines", y_name=y_name, series=by_lines,
        )  # fmt: skip


def _send(case: _Case, port: int, key: str, seed: int, *, seconds: float) -> tuple[float, float, float]:
    """Orders a second, and the latencies (p50, p99, in milliseconds) of one load; fails on any answer but 201."""
    load = Load(
        "127.0.0.1", port, key, case.clients, seconds, _SKUS, case.is_hot, seed, secrets.token_hex(4), lines=case.lines
    )
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(asdict(load)) + "\n", capture_output=True, text=True, check=True,
    )  # fmt: skip
    seen = json.loads(done.stdout)
    if set(seen["statuses"]) != {"201"}:
        raise RuntimeError(f"not every order was accepted: {seen['statuses']}")
    return seen["rate"], seen["p50_ms"], seen["p99_ms"]


@contextmanager
def _retailer(nodes: int) -> Iterator[tuple[int, str, Yardstick]]:
    """A server with `nodes` nodes that hold everything, and the yardstick beside it: its port and key."""
    with TemporaryDirectory(prefix="troth-bench-") as folder, start(Settings(data_dir=Path(folder) / "var")) as server:
        print(f"Loading {_SKUS:,} items at {nodes:,} nodes …", flush=True)
        uvloop.run(fill(server.dsn, skus=_SKUS, nodes=nodes))
        yardstick = Yardstick(server.dsn, Path(folder), skus=_SKUS, nodes=nodes)
        yardstick.set_up()
        key = f"troth_{secrets.token_urlsafe(32)}"
        with serve(server.dsn, key, Path(folder), processes=_PROCESSES) as serving:
            yield serving.port, key, yardstick
