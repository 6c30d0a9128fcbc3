"""How soon a pickup is on the phone of its store: from its capture, through its release and the log, to the list.

Orders come at a pace; a phone of each store hears of them as the app does. What counts is the instant of capture, as
the order says it, and the instant at which the phone has the list with the task on it.
"""

import json
import os
import secrets
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import asyncpg
import httpx
import uvloop

from benchmarks.paced import Pace, Stream
from benchmarks.phones import Stores
from benchmarks.report import figure, publish
from benchmarks.retailer import fill, serve
from troth.flows.people.access import digest_secret
from troth.settings import Settings
from troth.store.access import User, create_session, create_user
from troth.store.database import open_pool
from troth.store.embedded import start

_SKUS: Final = 1_000
_NODES: Final = 40
_PROCESSES: Final = 2
_PACE: Final = 50.0
_WARM_SECONDS: Final = 5
_SECONDS: Final = 30
_LIGHT_PACE: Final = 4.0
_LIGHT_SECONDS: Final = 20
_WAIT_SECONDS: Final = 10
_AIM_SECONDS: Final = 5.0


def run(*, seed: int) -> Path:
    """Measure it at fifty orders a second; the path of the results."""
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    with TemporaryDirectory(prefix="troth-bench-") as folder, start(Settings(data_dir=Path(folder) / "var")) as server:
        uvloop.run(fill(server.dsn, skus=_SKUS, nodes=_NODES, has_pickup=True))
        session = uvloop.run(_begin_session(server.dsn))
        key = f"troth_{secrets.token_urlsafe(32)}"
        with serve(server.dsn, key, Path(folder), processes=_PROCESSES, has_worker=True) as serving:
            _set_up(serving.port, key)
            _send(serving.port, key, "warm", 10.0, _WARM_SECONDS)
            stages = [
                _measure(serving.port, key, session, server.dsn, pace=pace, seconds=seconds)
                for pace, seconds in ((_LIGHT_PACE, _LIGHT_SECONDS), (_PACE, _SECONDS))
            ]
    light, full = stages
    hundredths = statistics.quantiles(full.seen, n=100)
    figures = [
        figure("light.seen.p95_s", "s", [statistics.quantiles(light.seen, n=100)[94]]),
        figure("seen.p50_s", "s", [hundredths[49]]),
        figure("seen.p95_s", "s", [hundredths[94]], baseline="what is aimed at", baseline_values=[_AIM_SECONDS]),
        figure("seen.p99_s", "s", [hundredths[98]]),
        figure("released.p95_s", "s", [statistics.quantiles(full.released, n=100)[94]]),
        figure("orders.accepted", "orders/s", [full.captured / _SECONDS], baseline="the pace", baseline_values=[_PACE]),
        figure("orders.unseen", "orders", [float(full.captured - len(full.seen))]),
        figure("lists.asked", "lists/s", [full.lists / (_SECONDS + _WAIT_SECONDS)]),
    ]
    notes = (
        f"{_PROCESSES} API processes and a worker; pickups without a remorse period at {_NODES} stores, each with a "
        f"phone; {_PACE:.0f} orders/s for {_SECONDS} s, {_LIGHT_PACE:.0f} (light) for {_LIGHT_SECONDS} s; a core had "
        f"{load:.1f} things to do before it began"
    )
    return publish("store-task", figures, seed=seed, notes=notes)


@dataclass(frozen=True, slots=True)
class _Stage:
    """What a pace came to: orders captured, seconds from capture until they were on a phone, and until their release,
    and how often lists were asked for.
    """

    captured: int
    seen: list[float]
    released: list[float]
    lists: int


def _measure(port: int, key: str, session: str, dsn: str, *, pace: float, seconds: int) -> _Stage:
    run_ = secrets.token_hex(4)
    phones = _watch(Stores(port, session, [f"N{number:04d}" for number in range(_NODES)]))
    _send(port, key, run_, pace, seconds)
    time.sleep(_WAIT_SECONDS)
    out, _ = phones.communicate("")
    captured, released = uvloop.run(_read_orders(dsn, run_))
    looked = json.loads(out)
    seen = [looked["seen"][name] - at for name, at in captured.items() if name in looked["seen"]]
    return _Stage(len(captured), seen, released, looked["lists"])


def _set_up(port: int, key: str) -> None:
    """No remorse period: else a task would wait for what the customer may still think better of."""
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}, timeout=60
    ) as client:
        rules = {"remorse": [{"name": "none", "when": "true", "minutes": 0}]}
        client.put("/v1/release-rules/benchmark", json=rules).raise_for_status()
        activated = {"version": 1, "reason": "benchmark"}
        client.post("/v1/release-rules/benchmark/activate", json=activated).raise_for_status()


def _watch(stores: Stores) -> "subprocess.Popen[str]":
    phones = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.phones"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert phones.stdin is not None
    assert phones.stdout is not None
    phones.stdin.write(json.dumps(asdict(stores)) + "\n")
    phones.stdin.flush()
    if phones.stdout.readline() != "ready\n":
        raise RuntimeError("the phones did not listen")
    return phones


def _send(port: int, key: str, run_: str, pace: float, seconds: float) -> int:
    """Send pickups at a pace; how many were captured."""
    bodies = [_pickup(f"{run_}-{number}", number) for number in range(int(pace * seconds))]
    orders = Stream("orders", pace, "/v1/orders", key, bodies)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.paced"],
        input=json.dumps(asdict(Pace(port, seconds, (orders,)))) + "\n",
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    statuses: dict[str, int] = json.loads(done.stdout)["orders"]["statuses"]
    if statuses.keys() - {"201"}:
        raise RuntimeError(f"not everything was captured: {statuses}")
    return statuses["201"]


def _pickup(external_id: str, number: int) -> str:
    body: dict[str, Any] = {
        "channel": "web",
        "external_id": external_id,
        "customer": {"id": "C-1", "name": "Ada Park", "email": "ada@example.com"},
        "method": "pickup",
        "pickup_node": f"N{number % _NODES:04d}",
        "lines": [
            {"line_id": "1", "sku": f"S{number % _SKUS:05d}", "quantity": 1},
            {"line_id": "2", "sku": f"S{(number * 7 + 1) % _SKUS:05d}", "quantity": 1},
        ],
    }
    return json.dumps(body)


async def _begin_session(dsn: str) -> str:
    """The token of a session of somebody who may work at every store."""
    token, now = secrets.token_urlsafe(32), datetime.now(UTC)
    pool = await open_pool(dsn, size=2)
    async with pool.acquire() as connection:
        await create_user(connection, User("phone", "phone", "no hash", "operator", None, None, now))
        await create_session(
            connection, digest_secret(token), login="phone", created_at=now, expires_at=now + timedelta(hours=1)
        )
    await pool.close()
    return token


async def _read_orders(dsn: str, run_: str) -> tuple[dict[str, float], list[float]]:
    """When each of a run's orders was captured (Unix time), and after how many seconds it was released."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "SELECT external_id, captured_at, released_at FROM orders WHERE starts_with(external_id, $1)", run_
        )
    finally:
        await connection.close()
    captured = {row["external_id"]: row["captured_at"].timestamp() for row in rows}
    return captured, [(row["released_at"] - row["captured_at"]).total_seconds() for row in rows if row["released_at"]]
