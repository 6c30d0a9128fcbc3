"""The life of orders under load: new ones, changes, cancels and the work of nodes at once, beside capture alone."""

import json
import secrets
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import uvloop

from benchmarks.load import Load
from benchmarks.mixed_load import SHARES
from benchmarks.report import Figure, figure, publish
from benchmarks.retailer import fill, serve
from troth.settings import Settings
from troth.store.embedded import start

_SKUS: Final = 5_000
_NODES: Final = 20
_CLIENTS: Final = 64
_PROCESSES: Final = 2
_ROUNDS: Final = 3
_SECONDS: Final = 8
_WARM_SECONDS: Final = 14
_ALONE: Final = "capture alone, in turn with it"


def run(*, seed: int) -> Path:
    """Measure the mix and capture alone in turn; the path of the results."""
    mixed: list[dict[str, Any]] = []
    alone: list[float] = []
    with TemporaryDirectory(prefix="troth-bench-") as folder, start(Settings(data_dir=Path(folder) / "var")) as server:
        uvloop.run(fill(server.dsn, skus=_SKUS, nodes=_NODES))
        key = f"troth_{secrets.token_urlsafe(32)}"
        with serve(server.dsn, key, Path(folder), processes=_PROCESSES) as serving:
            _send("benchmarks.load", serving.port, key, seed, _WARM_SECONDS)
            _send("benchmarks.mixed_load", serving.port, key, seed, _WARM_SECONDS // 2)
            for number in range(1, _ROUNDS + 1):
                mixed.append(_send("benchmarks.mixed_load", serving.port, key, seed + number, _SECONDS))
                alone.append(_send("benchmarks.load", serving.port, key, seed + number, _SECONDS)["rate"])
                print(f"  mix {mixed[-1]['rate']:,.0f}/s {mixed[-1]['statuses']}; capture alone {alone[-1]:,.0f}/s")
    shares = ", ".join(f"{share} % {kind}" for kind, share in SHARES.items())
    notes = f"{shares}; {_CLIENTS} clients, {_SKUS:,} items at {_NODES} nodes, {_PROCESSES} API processes, no worker"
    return publish("mix", _figures(mixed, alone), seed=seed, notes=notes)


def _figures(mixed: list[dict[str, Any]], alone: list[float]) -> list[Figure]:
    rates = [one["rate"] for one in mixed]
    figures = [figure("mix.rate", "requests/s", rates, baseline=_ALONE, baseline_values=alone)]
    for kind in SHARES:
        for place, name in enumerate(("p50_ms", "p99_ms")):
            figures.append(figure(f"mix.{kind}.{name}", "ms", [one["tails"][kind][place] for one in mixed]))
    return figures


def _send(program: str, port: int, key: str, seed: int, seconds: float) -> dict[str, Any]:
    """What a load reached; fails on any answer that is not a success."""
    load = Load("127.0.0.1", port, key, _CLIENTS, seconds, _SKUS, is_hot=False, seed=seed, run=secrets.token_hex(4))
    done = subprocess.run(
        [sys.executable, "-m", program],
        input=json.dumps(asdict(load)) + "\n", capture_output=True, text=True, check=True,
    )  # fmt: skip
    seen: dict[str, Any] = json.loads(done.stdout)
    refused = {status for status in seen["statuses"] if not status.split()[-1].startswith("2")}
    if refused:
        raise RuntimeError(f"not everything was accepted: {seen['statuses']}")
    return seen
