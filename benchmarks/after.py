"""After capture: releases, deliveries to a subscriber and the reports of nodes, while orders go on coming at a pace.

The pace is raised until something falls behind; the last one that was kept, for a minute too, is then held for longer.
What is kept: the clock releases, the subscriber hears and the nodes are through within seconds, at the end as at the
beginning, and no lag grows. Where the pace that is aimed at is not reached, the processor time that an order takes of
each who has a part in it says why: all of them share the cores.
"""

import json
import os
import resource
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
import numpy as np
import uvloop

from benchmarks.load import Place, order_body
from benchmarks.node_systems import Site
from benchmarks.paced import UNANSWERED, Pace, Stream
from benchmarks.report import Figure, figure, publish
from benchmarks.retailer import fill, free_port, postmaster_pid, processor_seconds, serve, work
from troth.settings import Settings
from troth.store.embedded import start

_SKUS: Final = 5_000
_NODES: Final = 20
_PROCESSES: Final = 2
_PACES: Final = (100, 200, 300, 400, 500, 600, 800, 1_000)
_STEP_SECONDS: Final = 20
_TRIED_SECONDS: Final = 60
_HELD_SECONDS: Final = 300
_TAIL_SECONDS: Final = 5
_REST_TRIES: Final = 6
_REST_PACE: Final = 20.0
_LAG_MAX: Final = 5.0
_GROWN_MAX: Final = 2.0
"""Seconds by which a lag may grow in all of a pace, however long: as much as getting under way takes."""
_RELEASES, _SHIPMENTS, _WORKS = "releases", "shipments", "works"
_PLACES: Final[Sequence[Place]] = (
    ("Los Angeles", "CA", "90012"),
    ("San Diego", "CA", "92101"),
    ("Las Vegas", "NV", "89101"),
    ("Phoenix", "AZ", "85003"),
    ("Tucson", "AZ", "85701"),
    ("Albuquerque", "NM", "87102"),
    ("Santa Fe", "NM", "87501"),
    ("Grand Junction", "CO", "81501"),
    ("Pueblo", "CO", "81003"),
    ("Denver", "CO", "80202"),
    ("Cheyenne", "WY", "82001"),
    ("Rapid City", "SD", "57701"),
    ("Pierre", "SD", "57501"),
    ("Sioux Falls", "SD", "57104"),
    ("Fargo", "ND", "58102"),
    ("Omaha", "NE", "68102"),
    ("Des Moines", "IA", "50309"),
    ("Minneapolis", "MN", "55401"),
    ("Chicago", "IL", "60601"),
    ("Dallas", "TX", "75201"),
)
"""Where customers are: near one node or another, so that each has its share of the work."""
_KINDS: Final = ["OrderCaptured", "OrderReleased", "FulfillmentShipped"]
_BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class _Lag:
    """How late something was: in the last seconds of a pace (p99, in seconds), at most, by how many seconds a second it
    grew, and the median of each tenth of the pace.
    """

    tail: float
    longest: float
    growth: float
    seconds: float
    tenths: Sequence[float] = ()

    @property
    def is_bounded(self) -> bool:
        """Whether it is small in the end, and does not grow."""
        return self.tail < _LAG_MAX and self.growth * self.seconds < _GROWN_MAX


@dataclass(frozen=True, slots=True)
class _Stage:
    """What a pace did: orders accepted a second, how late releases and shipments were heard of and nodes were through,
    and the processor time in microseconds that an order took, by who took it.
    """

    pace: float
    accepted: float
    lags: Mapping[str, _Lag]
    left: int
    taken_us: Mapping[str, float]

    @property
    def is_kept(self) -> bool:
        return self.accepted > 0.98 * self.pace and all(lag.is_bounded for lag in self.lags.values())


@dataclass(frozen=True, slots=True)
class _Party:
    """The processes of servers, worker and database."""

    server: int
    worker: int
    database: int

    def taken(self) -> dict[str, float]:
        """The processor time in seconds that each has used so far."""
        return {
            "server": processor_seconds(self.server),
            "worker": processor_seconds(self.worker),
            "database": processor_seconds(self.database),
        }


def run(*, seed: int) -> Path:
    """Find the pace that is kept and hold it for five minutes; the path of the results."""
    with TemporaryDirectory(prefix="troth-bench-") as folder, start(Settings(data_dir=Path(folder) / "var")) as server:
        uvloop.run(fill(server.dsn, skus=_SKUS, nodes=_NODES))
        key = f"troth_{secrets.token_urlsafe(32)}"
        with (
            serve(server.dsn, key, Path(folder), processes=_PROCESSES) as serving,
            work(server.dsn, key, Path(folder)) as worker,
        ):
            party = _Party(serving.pid, worker, postmaster_pid(Path(folder) / "var"))
            site = Site(free_port(), serving.port, key, str(Path(folder) / "heard.json"))
            _set_up(serving.port, key, site.port)
            # Each process reads an item's stock when it is asked for, and the worker goes through what was filled in.
            _rest(site, party)
            kept = _find_pace(site, party)
            held = _run_stage(site, party, kept or _PACES[0], _HELD_SECONDS)
    notes = (
        f"{_PROCESSES} API processes and a worker; each order is released at once, delivered in batches, and taken on,"
        f" packed and shipped by its node, by two answers; {_HELD_SECONDS} s at {held.pace:.0f} orders/s;"
        " growth: by how much a lag grows, in milliseconds a second; cpu: processor time an order; all of them share"
        f" {os.cpu_count()} cores, so that cpu.fits is the most orders a second for which there is any"
    )
    return publish("after", _figures(kept, held), seed=seed, notes=notes)


def _find_pace(site: Site, party: _Party) -> float:
    """The last pace that is kept of those that are raised until one is not, and for a minute, too; else the highest
    below it that is; 0 where none is.
    """
    kept = list(takewhile(lambda pace: _run_stage(site, party, pace, _STEP_SECONDS).is_kept, _PACES))
    for pace in reversed(kept):
        _rest(site, party)  # what was left behind is no part of the next
        if _run_stage(site, party, pace, _TRIED_SECONDS).is_kept:
            return pace
    return 0.0


def _figures(kept: float, held: _Stage) -> list[Figure]:
    return [
        figure("pace.kept", "orders/s", [kept], baseline="the pace aimed at", baseline_values=[_PACES[-1]]),
        figure("held.accepted", "orders/s", [held.accepted], baseline="the pace", baseline_values=[held.pace]),
        *(one for name, lag in held.lags.items() for one in _lag_figures(name, lag)),
        figure("held.left", "works", [held.left]),
        *(figure(f"cpu.{who}_us", "us an order", [taken]) for who, taken in held.taken_us.items()),
        figure("cpu.fits", "orders/s", [1e6 * (os.cpu_count() or 1) / sum(held.taken_us.values())]),
    ]


def _lag_figures(name: str, lag: _Lag) -> list[Figure]:
    return [
        figure(f"held.{name}_p99_s", "s", [lag.tail]),
        figure(f"held.{name}_max_s", "s", [lag.longest]),
        figure(f"held.{name}_growth", "ms a second", [1e3 * lag.growth]),
    ]


def _set_up(port: int, key: str, sink_port: int) -> None:
    """No remorse period, and a subscription that takes many events at once."""
    base, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=base, headers=headers, timeout=60) as client:
        rules = {"remorse": [{"name": "none", "when": "true", "minutes": 0}]}
        client.put("/v1/release-rules/benchmark", json=rules).raise_for_status()
        activated = {"version": 1, "reason": "benchmark"}
        client.post("/v1/release-rules/benchmark/activate", json=activated).raise_for_status()
        wanted = {"url": f"http://127.0.0.1:{sink_port}/", "kinds": _KINDS, "start": "now", "batch_max": _BATCH}
        client.post("/v1/webhooks", json=wanted).raise_for_status()


def _run_stage(site: Site, party: _Party, pace: float, seconds: float) -> _Stage:
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
        order_body(f"{run}-{number}", (number % _SKUS, (number * 7 + 1) % _SKUS), _PLACES[number % len(_PLACES)])
        for number in range(int(pace * seconds))
    ]
    orders = Stream("orders", pace, "/v1/orders", site.key, bodies)
    before, of_children = party.taken(), _children_seconds()
    sent = subprocess.run(
        [sys.executable, "-m", "benchmarks.paced"],
        input=json.dumps(asdict(Pace(site.server_port, seconds, (orders,)))) + "\n",
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    generator = _children_seconds() - of_children
    time.sleep(_LAG_MAX)
    taken = {who: used - before[who] for who, used in party.taken().items()}
    taken |= {"nodes": processor_seconds(heard_by.pid), "generator": generator}
    heard_by.communicate("")
    heard = json.loads(Path(site.into).read_text(encoding="utf-8"))
    stage = _read(pace, seconds, json.loads(sent.stdout)["orders"], heard, taken)
    _say(stage)
    return stage


def _rest(site: Site, party: _Party) -> None:
    """Keep an easy pace until nothing is behind, or for a while."""
    for _ in range(_REST_TRIES):
        if _run_stage(site, party, _REST_PACE, _STEP_SECONDS).is_kept:
            break


def _say(stage: _Stage) -> None:
    of_each = ", ".join(f"{who} {used:,.0f}" for who, used in stage.taken_us.items())
    print(
        f"  {stage.pace:,.0f} orders/s: {stage.accepted:,.0f} accepted, {'kept' if stage.is_kept else 'not kept'};"
        f" {stage.left} works left; us an order: {of_each}"
    )
    for name, lag in stage.lags.items():
        tenths = " ".join(f"{late:.1f}" for late in lag.tenths)
        print(
            f"    {name} late by {tenths} s, in the end {lag.tail:.1f} s (p99):"
            f" {'bounded' if lag.is_bounded else 'not bounded'}, {1e3 * lag.growth:+.1f} ms a second",
            flush=True,
        )


def _children_seconds() -> float:
    """The processor time of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _read(
    pace: float, seconds: float, sent: dict[str, Any], heard: dict[str, Any], taken: Mapping[str, float]
) -> _Stage:
    wrong = {status for status in sent["statuses"] if status[0] != "2" and status != UNANSWERED}
    wrong |= {fate for fate in heard["fates"] if not fate.endswith(" done")}
    if wrong:
        raise RuntimeError(f"not everything was accepted: {sent['statuses']} {heard['fates']}")
    seen = {
        _RELEASES: heard["lags"].get("OrderReleased", []),
        _SHIPMENTS: heard["lags"].get("FulfillmentShipped", []),
        _WORKS: heard["worked"],
    }
    accepted = sent["statuses"].get("201", 0)
    return _Stage(
        pace,
        accepted / seconds,
        {name: _read_lag(lags, seconds) for name, lags in seen.items()},
        heard["left"],
        {who: 1e6 * used / accepted for who, used in taken.items()},
    )


def _read_lag(lags: Sequence[Sequence[float]], seconds: float) -> _Lag:
    """The lag of what was heard of at these seconds after the beginning; in the end also after the pace."""
    late = [lag for at, lag in lags if at >= seconds - _TAIL_SECONDS]
    if len(late) < 2:
        return _Lag(float("inf"), float("inf"), float("inf"), seconds)
    at, lag = np.array(lags).T
    during = at <= seconds
    # A slope over less than a tenth of the pace says nothing.
    is_told = during.any() and float(np.ptp(at[during])) > seconds / 10
    growth = float(np.polyfit(at[during], lag[during], 1)[0]) if is_told else float("inf")
    tenth = np.minimum(at[during] * (10 / seconds), 9).astype(int)
    tenths = [float(np.median(lag[during][tenth == part])) for part in range(10) if (tenth == part).any()]
    return _Lag(statistics.quantiles(late, n=100)[98], float(lag.max()), growth, seconds, tenths)
