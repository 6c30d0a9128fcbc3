"""Start-up: how long an API process takes to load all balances of a database, and how much memory they take it.

`BALANCES=20000000 make bench ONLY=start-up` says how many; two million take some minutes, most of which is making them.
The yardstick is PostgreSQL's own `COPY` of the same columns of the same rows, right before each start.
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

from benchmarks.report import Figure, figure, publish
from benchmarks.retailer import fill, postmaster_pid, processor_seconds, resident_bytes, serve
from troth.settings import Settings
from troth.store.embedded import start

_BALANCES: Final = 2_000_000
_SHAPES: Final = (1_000, 20)
_ROUNDS: Final = 3
_LOAD_SECONDS_MAX: Final = 600.0
_FILL_SECONDS_MAX: Final = 3_600.0
_MIB: Final = 2**20
_COPIED: Final = "COPY of the same columns"
_STOCK: Final = """
INSERT INTO balances (sku, node, source, on_hand, reserved, deficit)
SELECT sku, node, 'on_hand', 1 + abs(hashtext(sku || node)) % 100, 0, 0 FROM items, nodes ORDER BY sku, node
"""
_COPY: Final = "SELECT sku, node, on_hand, reserved FROM balances ORDER BY sku, node, source"


@dataclass(frozen=True, slots=True)
class _Start:
    """One start: seconds until all was loaded, of them those since the process answered, and of PostgreSQL's copy;
    processor seconds of the process and of PostgreSQL; the bytes that the process then took, and those of one that
    loads nothing.
    """

    seconds: float
    loading_seconds: float
    copied_seconds: float
    process: float
    database: float
    resident: int
    base: int


def run(*, seed: int) -> Path:
    """Start processes on many items at few nodes and on few items at many; the path of the results."""
    balances = int(os.environ.get("BALANCES", _BALANCES))
    figures: list[Figure] = []
    for nodes in _SHAPES:
        figures += _measure(nodes, balances)
    notes = (
        f"{balances:,} balances, all of which one API process loads when it starts; seconds until /readyz says that the"
        f" stock is loaded, from the start of the process, and load_us since it answered; {_ROUNDS} starts"
    )
    return publish("start-up", figures, seed=seed, notes=notes)


def _measure(nodes: int, balances: int) -> list[Figure]:
    with TemporaryDirectory(prefix="troth-bench-") as name:
        folder = Path(name)
        with start(Settings(data_dir=folder / "var")) as server:
            print(f"Making {balances // nodes:,} items at {nodes:,} nodes …", flush=True)
            uvloop.run(_fill(server.dsn, balances // nodes, nodes))
            starts = [_start(server.dsn, folder, balances) for _ in range(_ROUNDS)]
    return _figures(f"{nodes}_nodes", balances, starts)


def _figures(name: str, balances: int, starts: list[_Start]) -> list[Figure]:
    each = 1e6 / balances
    return [
        figure(
            f"{name}.load_us", "us a balance", [each * one.loading_seconds for one in starts],
            baseline=_COPIED, baseline_values=[each * one.copied_seconds for one in starts],
        ),
        figure(f"{name}.seconds", "s", [one.seconds for one in starts]),
        figure(f"{name}.process_us", "us a balance", [each * one.process for one in starts]),
        figure(f"{name}.database_us", "us a balance", [each * one.database for one in starts]),
        figure(f"{name}.bytes", "bytes a balance", [(one.resident - one.base) / balances for one in starts]),
        figure(f"{name}.process_mib", "MiB", [one.resident / _MIB for one in starts]),
    ]  # fmt: skip


def _start(dsn: str, folder: Path, balances: int) -> _Start:
    empty, copied = _load(dsn, folder, 0), uvloop.run(_copy(dsn))
    full = _load(dsn, folder, balances)
    print(
        f"  loaded {full.seconds:.1f} s after the start; COPY {copied:.1f} s; {full.resident / _MIB:,.0f} MiB",
        flush=True,
    )
    return _Start(
        full.seconds,
        full.loading_seconds,
        copied,
        full.process - empty.process,
        full.database - empty.database,
        full.resident,
        empty.resident,
    )


@dataclass(frozen=True, slots=True)
class _Loaded:
    seconds: float
    loading_seconds: float
    resident: int
    process: float
    database: float


def _load(dsn: str, folder: Path, balances_max: int) -> _Loaded:
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
        return _Loaded(
            now - began,
            now - answered,
            resident_bytes(serving.pid),
            processor_seconds(serving.pid),
            processor_seconds(postmaster) - before,
        )


async def _fill(dsn: str, skus: int, nodes: int) -> None:
    await fill(dsn, skus=skus, nodes=nodes, held_percent=0)
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_STOCK, timeout=_FILL_SECONDS_MAX)
        await connection.execute("VACUUM ANALYZE balances", timeout=_FILL_SECONDS_MAX)
        await connection.execute("CHECKPOINT", timeout=_FILL_SECONDS_MAX)
    finally:
        await connection.close()


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
