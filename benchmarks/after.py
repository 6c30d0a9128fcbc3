"""After capture: releases, deliveries to a subscriber and the reports of nodes, while orders go on coming at a pace.

The pace is raised until something falls behind; the last one that was kept is then held for longer. What is kept: the
clock releases, the subscriber hears and the nodes are through within seconds, at the end as at the beginning.
"""

import json
import secrets
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
import uvloop

from benchmarks.load import order_body
from benchmarks.node_systems import Site
from benchmarks.paced import Pace, Stream
from benchmarks.report import Figure, figure, publish
from benchmarks.retailer import fill, free_port, serve
from troth.settings import Settings
from troth.store.embedded import start

_SKUS: Final = 5_000
_NODES: Final = 20
_PROCESSES: Final = 2
_DESKS: Final = 32
_PACES: Final = (50, 100, 150, 200, 300, 400, 600, 1_000)
_STEP_SECONDS: Final = 20
_HELD_SECONDS: Final = 300
_TAIL_SECONDS: Final = 5
_LAG_MAX: Final = 5.0
_KINDS: Final = ["OrderCaptured", "OrderReleased", "FulfillmentShipped"]
_BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class _Stage:
    """What a pace did: orders accepted a second, and in the last seconds how late (p99, in seconds) releases and
    shipments were heard of, and nodes were through.
    """

    pace: float
    accepted: float
    released: float
    heard: float
    worked: float
    left: int

    @property
    def is_kept(self) -> bool:
        return self.accepted > 0.98 * self.pace and max(self.released, self.heard, self.worked) < _LAG_MAX


def run(*, seed: int) -> Path:
    """Find the pace that is kept and hold it for five minutes; the path of the results."""
    kept: _Stage | None = None
    with TemporaryDirectory(prefix="troth-bench-") as folder, start(Settings(data_dir=Path(folder) / "var")) as server:
        uvloop.run(fill(server.dsn, skus=_SKUS, nodes=_NODES))
        key = f"troth_{secrets.token_urlsafe(32)}"
        with serve(server.dsn, key, Path(folder), processes=_PROCESSES, has_worker=True) as serving:
            site = Site(free_port(), serving.port, key, _DESKS)
            _set_up(serving.port, key, site.port)
            _run_stage(site, 20.0, _STEP_SECONDS)  # each process reads an item's stock when it is first asked for
            for pace in _PACES:
                stage = _run_stage(site, pace, _STEP_SECONDS)
                if not stage.is_kept:
                    break
                kept = stage
            if kept is None:
                raise RuntimeError(f"not even {_PACES[0]} orders a second are kept")
            held = _run_stage(site, kept.pace, _HELD_SECONDS)
    notes = (
        f"{_PROCESSES} API processes and a worker; each order is released at once, delivered in batches and accepted, "
        f"picked, packed and shipped by its node; {_HELD_SECONDS} s at {kept.pace:.0f} orders/s"
    )
    return publish("after", _figures(kept, held), seed=seed, notes=notes)


def _figures(kept: _Stage, held: _Stage) -> list[Figure]:
    return [
        figure("pace.kept", "orders/s", [kept.pace], baseline="the pace aimed at", baseline_values=[_PACES[-1]]),
        figure("held.accepted", "orders/s", [held.accepted], baseline="the pace", baseline_values=[held.pace]),
        figure("held.release_heard_p99_s", "s", [held.released]),
        figure("held.shipment_heard_p99_s", "s", [held.heard]),
        figure("held.worked_p99_s", "s", [held.worked]),
        figure("held.left", "works", [held.left]),
    ]


def _set_up(port: int, key: str, sink_port: int) -> None:
    """No remorse period, and a subscription that takes many events at once."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}) as client:
        rules = {"remorse": [{"name": "none", "when": "true", "minutes": 0}]}
        client.put("/v1/release-rules/benchmark", json=rules).raise_for_status()
        activated = {"version": 1, "reason": "benchmark"}
        client.post("/v1/release-rules/benchmark/activate", json=activated).raise_for_status()
        wanted = {"url": f"http://127.0.0.1:{sink_port}/", "kinds": _KINDS, "start": "now", "batch_max": _BATCH}
        client.post("/v1/webhooks", json=wanted).raise_for_status()


def _run_stage(site: Site, pace: float, seconds: float) -> _Stage:
    heard_by = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.node_systems"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert heard_by.stdin is not None
    assert heard_by.stdout is not None
    heard_by.stdin.write(json.dumps(asdict(site)) + "\n")
    heard_by.stdin.flush()
    heard_by.stdout.readline()
    run = secrets.token_hex(4)
    bodies = [
        order_body(f"{run}-{number}", (number % _SKUS, (number * 7 + 1) % _SKUS))
        for number in range(int(pace * seconds))
    ]
    orders = Stream("orders", pace, "/v1/orders", site.key, bodies)
    sent = subprocess.run(
        [sys.executable, "-m", "benchmarks.paced"],
        input=json.dumps(asdict(Pace(site.server_port, seconds, (orders,)))) + "\n",
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    time.sleep(_LAG_MAX)
    out, _ = heard_by.communicate("")
    stage = _read(pace, seconds, json.loads(sent.stdout)["orders"], json.loads(out))
    print(
        f"  {pace:,.0f} orders/s: {stage.accepted:,.0f} accepted; heard of releases after {stage.released:.1f} s, of "
        f"shipments after {stage.heard:.1f} s; nodes through after {stage.worked:.1f} s, {stage.left} left",
        flush=True,
    )
    return stage


def _read(pace: float, seconds: float, sent: dict[str, Any], heard: dict[str, Any]) -> _Stage:
    refused = {
        status for status in [*sent["statuses"], *(one.split()[1] for one in heard["statuses"])] if status[0] != "2"
    }
    if refused:
        raise RuntimeError(f"not everything was accepted: {sent['statuses']} {heard['statuses']}")
    lags = heard["lags"]
    late = [_tail(lags.get(kind, []), seconds) for kind in ("OrderReleased", "FulfillmentShipped")]
    return _Stage(
        pace, sent["statuses"].get("201", 0) / seconds, late[0], late[1], _tail(heard["worked"], seconds), heard["left"]
    )


def _tail(lags: list[list[float]], seconds: float) -> float:
    """The 99th percentile of the lags that were heard of in the last seconds of the pace or after it."""
    late = [lag for at, lag in lags if at >= seconds - _TAIL_SECONDS]
    return statistics.quantiles(late, n=100)[98] if len(late) > 1 else float("inf")
