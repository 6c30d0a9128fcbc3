"""Start-up: how long an API process takes to load all balances of a database, and how much memory they take it.

Twenty million, three times over: of few items at many nodes, as their rows lie when they were made by item and when the
feeds of node after node made them, and of many items at few nodes. `BALANCES=2000000 make bench ONLY=start-up` takes
others. The yardstick is PostgreSQL's own `COPY` of the same columns of the same rows, right before each start.
"""

import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import asyncpg
import httpx
import uvloop

from benchmarks.filled import OPTIONS, Laid, fill_up
from benchmarks.report import Figure, figure, publish
from benchmarks.retailer import peak_bytes, postmaster_pid, processor_seconds, serve
from troth.settings import Settings
from troth.store.embedded import start

_BALANCES: Final = 20_000_000
_ROUNDS: Final = 3
_LOAD_SECONDS_MAX: Final = 600.0
_MIB: Final = 2**20
_COPIED: Final = "COPY of the same columns"
_COPY: Final = "SELECT sku, node, on_hand, reserved FROM balances ORDER BY sku, node, source"


@dataclass(frozen=True, slots=True)
class _Shape:
    """At how many nodes each item lies, and how the rows lie on disk."""

    name: str
    nodes: int
    laid: Laid


_SHAPES: Final = (
    _Shape("1000_nodes", 1_000, "by SKU"),
    _Shape("1000_nodes_fed", 1_000, "by node"),
    _Shape("20_nodes", 20, "by SKU"),
)


@dataclass(frozen=True, slots=True)
class _Start:
    """One start: seconds until all was loaded, of them those since the process answered; processor seconds of the
    process and of PostgreSQL; the most bytes that the process took.
    """

    seconds: float
    loading_seconds: float
    process: float
    database: float
    peak: int


def run(*, seed: int) -> Path:
    """Start processes on databases of each shape; the path of the results."""
    balances = int(os.environ.get("BALANCES", _BALANCES))
    figures: list[Figure] = []
    for shape in _SHAPES:
        figures += _measure(shape, balances)
    notes = (
        f"{balances:,} balances, all of which one API process loads when it starts; seconds until /readyz says that the"
        f" stock is loaded, from the start of the process, and load_us since it answered; {_ROUNDS} starts"
    )
    return publish("start-up", figures, seed=seed, notes=notes)


def _measure(shape: _Shape, balances: int) -> list[Figure]:
    with TemporaryDirectory(prefix="troth-bench-") as name:
        folder = Path(name)
        began = time.perf_counter()
        print(f"Making {balances // shape.nodes:,} items at {shape.nodes:,} nodes, {shape.laid} …", flush=True)
        with start(Settings(data_dir=folder / "var"), options=OPTIONS) as server:
            uvloop.run(fill_up(server.dsn, folder, skus=balances // shape.nodes, nodes=shape.nodes, laid=shape.laid))
        print(f"  made in {time.perf_counter() - began:.0f} s", flush=True)
        with start(Settings(data_dir=folder / "var")) as server:
            empty = _start(server.dsn, folder, 0)  # which also compiles the code
            copied, starts = [], []
            for _ in range(_ROUNDS):
                copied.append(uvloop.run(_copy(server.dsn)))
                starts.append(_start(server.dsn, folder, balances))
                _say(starts[-1], copied[-1])
    each = 1e6 / balances
    return [
        figure(
            f"{shape.name}.load_us", "us a balance", [each * one.loading_seconds for one in starts],
            baseline=_COPIED, baseline_values=[each * seconds for seconds in copied],
        ),
        figure(f"{shape.name}.seconds", "s", [one.seconds for one in starts]),
        figure(f"{shape.name}.database_us", "us a balance", [each * (one.database - empty.database) for one in starts]),
        figure(f"{shape.name}.processor_s", "s", [one.process + one.database for one in starts]),
        figure(f"{shape.name}.bytes", "bytes a balance", [(one.peak - empty.peak) / balances for one in starts]),
        figure(f"{shape.name}.process_mib", "MiB", [one.peak / _MIB for one in starts]),
    ]  # fmt: skip


def _say(one: _Start, copied: float) -> None:
    print(
        f"  loaded {one.seconds:.1f} s after the start, in {one.process + one.database:.1f} s of processor time;"
        f" COPY {copied:.1f} s; at most {one.peak / _MIB:,.0f} MiB",
        flush=True,
    )


def _start(dsn: str, folder: Path, balances_max: int) -> _Start:
    """What it takes a process to load what it may, its start included."""
    postmaster = postmaster_pid(folder / "var")
    before, began = processor_seconds(postmaster), time.perf_counter()
    settings = {"TROTH_WARM_BALANCES_MAX": str(balances_max)}
    with serve(dsn, f"troth_{secrets.token_urlsafe(32)}", folder, processes=1, settings=settings) as serving:
        answered = time.perf_counter()
        while httpx.get(f"http://127.0.0.1:{serving.port}/readyz").json()["stock"] != "loaded":
            if time.perf_counter() - began > _LOAD_SECONDS_MAX:
                raise RuntimeError(f"not loaded after {_LOAD_SECONDS_MAX:.0f} s")
            time.sleep(0.05)
        now = time.perf_counter()
        return _Start(
            now - began,
            now - answered,
            processor_seconds(serving.pid),
            processor_seconds(postmaster) - before,
            peak_bytes(serving.pid),
        )


async def _copy(dsn: str) -> float:
    """Seconds in which PostgreSQL sends the columns of all balances, in the order in which they are loaded."""

    async def drop(_data: bytes) -> None:
        pass

    connection = await asyncpg.connect(dsn)
    try:
        began = time.perf_counter()
        await connection.copy_from_query(_COPY, output=drop, format="binary", timeout=_LOAD_SECONDS_MAX)
        return time.perf_counter() - began
    finally:
        await connection.close()
