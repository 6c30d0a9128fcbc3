"""Exactly the stock: many more orders than units, from many clients at several API processes at once."""

import json
import os
import secrets
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import asyncpg
import uvloop

from benchmarks.load import Load
from benchmarks.report import Figure, figure, publish
from benchmarks.retailer import fill, serve
from troth.settings import Settings
from troth.store.embedded import start

_SKUS: Final = 50
_NODES: Final = 20
_UNITS_EACH: Final = 2
_ORDERS: Final = 10_000
_CLIENTS: Final = 64
_SECONDS_MAX: Final = 300
_PROCESSES: Final = (1, 2)
_COUNTED: Final = """
SELECT sold.parts, sold.units, held.reserved, held.oversold
FROM (SELECT count(*) AS parts, sum(quantity) AS units FROM allocations WHERE state <> 'canceled') AS sold,
    (SELECT sum(reserved) AS reserved, sum(greatest(reserved - on_hand, 0)) AS oversold FROM balances) AS held
"""


def run(*, seed: int) -> Path:
    """Sell 2,000 units to 10,000 orders of one unit, through one API process and through two; the path of the results.

    Fails where a unit is sold twice or not at all, an answer is neither 201 nor 409, or the doctor finds a difference.
    """
    figures: list[Figure] = []
    for processes in _PROCESSES:
        figures += _sell(processes, seed)
    units = _SKUS * _NODES * _UNITS_EACH
    notes = f"{_ORDERS:,} orders of one unit, {units:,} units of {_SKUS} items at {_NODES} nodes, {_CLIENTS} clients"
    return publish("exactly", figures, seed=seed, notes=notes)


def _sell(processes: int, seed: int) -> list[Figure]:
    units = _SKUS * _NODES * _UNITS_EACH
    with TemporaryDirectory(prefix="troth-bench-") as folder, start(Settings(data_dir=Path(folder) / "var")) as server:
        uvloop.run(fill(server.dsn, skus=_SKUS, nodes=_NODES, on_hand=_UNITS_EACH))
        key = f"troth_{secrets.token_urlsafe(32)}"
        with serve(server.dsn, key, Path(folder), processes=processes) as serving:
            seen = _send(serving.port, key, seed)
        statuses = seen["statuses"]
        parts, sold, reserved, oversold = uvloop.run(_count(server.dsn))
        doctor = _examine(server.dsn, Path(folder))
    print(f"  {processes} processes: {statuses}, {sold} units sold, {oversold} oversold, doctor {doctor}")
    expected = {"201": units, "409": _ORDERS - units}
    if statuses != expected or (parts, sold, reserved, oversold) != (units, units, units, 0) or doctor:
        raise RuntimeError(
            f"not exactly the stock was sold: {statuses}, {sold} sold, {reserved} reserved, doctor {doctor}"
        )
    stem = f"p{processes}"
    return [
        figure(f"{stem}.sold", "units", [sold], baseline="units there were", baseline_values=[units], better="more"),
        figure(f"{stem}.oversold", "units", [oversold]),
        figure(f"{stem}.refused_cleanly", "orders", [statuses["409"]], better="more"),
        figure(f"{stem}.rate", "answers/s", [seen["rate"]]),
    ]


def _send(port: int, key: str, seed: int) -> dict[str, Any]:
    load = Load(
        "127.0.0.1", port, key, _CLIENTS, _SECONDS_MAX, _SKUS, is_hot=False, seed=seed, run="x", lines=1, orders=_ORDERS
    )
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(asdict(load)) + "\n", capture_output=True, text=True, check=True,
    )  # fmt: skip
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


async def _count(dsn: str) -> tuple[int, int, int, int]:
    """The parts of orders and their units, and what is reserved, and that beyond what is there."""
    connection = await asyncpg.connect(dsn)
    try:
        (found,) = await connection.fetch(_COUNTED)
    finally:
        await connection.close()
    parts, sold, reserved, oversold = map(int, found)
    return parts, sold, reserved, oversold


def _examine(dsn: str, folder: Path) -> int:
    """What `troth doctor` ends with: 0 where it finds no difference."""
    environment = os.environ | {"TROTH_DATABASE_URL": dsn, "TROTH_DATA_DIR": str(folder)}
    command = [str(Path(sys.executable).parent / "troth"), "doctor"]
    return subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False).returncode
