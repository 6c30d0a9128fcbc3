"""The promising engine alone: how long a plan takes by lines and nodes, whether it is the optimum, what is proven of
large orders, and what is stored with a decision.
"""

import gc
import math
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.chart import write_chart
from benchmarks.exact import cheapest_by_all_sets, cheapest_by_model
from benchmarks.random_orders import POLICY, Order, make_network, make_orders
from benchmarks.report import Baseline, Figure, figure, publish
from benchmarks.stored import measure_stored
from troth.engine.choice.cost_floor import find_floor
from troth.engine.choice.scoring import build_columns, split_columns
from troth.engine.choice.solve_greedy import solve_greedily

_ROUNDS: Final = 3
_NODES: Final = (20, 100, 500, 1_000, 2_000)
_LINES: Final = (1, 2, 4, 8, 12)
_PER_CELL: Final = 120
_MANY: Final = 24
_LARGE: Final = (30, 40, 60, 120, 300)
_LARGE_ORDERS: Final = 12
_COMPARED: Final = 10_000
_COMPARE_SECONDS: Final = 600.0
"""The model takes far longer than the engine: as many orders as fit into this time are compared."""

_COST_MAX: Final = 1e9
_PROVEN: Final = 0.0
"""The gap of a plan that is proven to be the optimum."""

_PER_TASK: Final = 50
_SLOW_SHARE: Final = 20
"""Of so many orders one is also planned the slow way, for the baseline."""

_CHART: Final = Path(__file__).parents[1] / "docs" / "images" / "engine-throughput.svg"


def run(*, seed: int) -> Path:
    """Measure time, throughput, exactness, gaps and what is stored; the path of the results."""
    random = np.random.default_rng(seed)
    figures = _measure_case(random, "k4_n1000", lines=4, nodes=1_000, count=1_000)
    figures += _measure_case(random, "k12_n2000", lines=12, nodes=2_000, count=240)
    figures += _measure_table(random)
    figures += _measure_many(random)
    figures += _measure_large(random)
    figures += measure_stored(random)
    figures += _compare(seed)
    notes = (
        f"plan() in process, processor time of one thread, every order to another place; {_ROUNDS} rounds a case; a "
        "third of the orders with bulky goods, a third needed by a date; each item at 2 to 95 % of the nodes"
    )
    return publish("engine", figures, seed=seed, notes=notes)


def _measure_case(random: np.random.Generator, name: str, *, lines: int, nodes: int, count: int) -> list[Figure]:
    """p50 and p99 of one size, beside the greedy plan's and beside pricing every set of lines at every candidate."""
    network = make_network(random, nodes)
    rounds, slow, greedy = [], [], []
    for _ in range(_ROUNDS):
        orders = list(make_orders(random, network, count, lines=lines))
        rounds.append(_time([order.plan for order in orders]))
        some = orders[:: _SLOW_SHARE if lines > 8 else 4]
        slow.append(_time([partial(_price_all_sets, order) for order in some]))
        greedy.append(_time([partial(_plan_greedily, order) for order in some]))
        print(f"  {name}: p50 {np.percentile(rounds[-1], 50):.2f} ms, p99 {np.percentile(rounds[-1], 99):.2f} ms")
    every, fill = "every set of lines at every candidate", "greedy cover"
    return [
        figure(
            f"{name}.p99_ms", "ms", _percentiles(rounds, 99), baseline=every, baseline_values=_percentiles(slow, 99)
        ),
        figure(
            f"{name}.p50_ms", "ms", _percentiles(rounds, 50), baseline=fill, baseline_values=_percentiles(greedy, 50)
        ),
    ]


def _measure_table(random: np.random.Generator) -> list[Figure]:
    """Plans a second by lines and nodes, with p50 and p99, and the chart of it."""
    figures = []
    series: dict[str, list[tuple[float, float]]] = {f"{lines} lines" if lines > 1 else "1 line": [] for lines in _LINES}
    for nodes in _NODES:
        network = make_network(random, nodes)
        for name, lines in zip(series, _LINES, strict=True):
            rounds = []
            for _ in range(_ROUNDS):
                orders = list(make_orders(random, network, _PER_CELL, lines=lines))
                rounds.append(_time([order.plan for order in orders]))
            rates = [1000.0 * len(one) / sum(one) for one in rounds]
            stem = f"table.k{lines}_n{nodes}"
            figures.append(figure(f"{stem}.rate", "plans/s", rates))
            figures.append(figure(f"{stem}.p50_ms", "ms", _percentiles(rounds, 50)))
            figures.append(figure(f"{stem}.p99_ms", "ms", _percentiles(rounds, 99)))
            series[name].append((float(nodes), figures[-3].value))
        print(f"  {nodes:,} nodes: {', '.join(f'{name} {points[-1][1]:,.0f}/s' for name, points in series.items())}")
    write_chart(
        _CHART,
        title="Plans a second, one process",
        x_name="nodes in the network",
        y_name="plans a second",
        series=series,
    )
    return figures


def _measure_many(random: np.random.Generator) -> list[Figure]:
    """Orders of 13 to 20 lines over 2,000 nodes: the time, and the gap that is proven, in percent."""
    network = make_network(random, 2_000)
    figures = []
    for lines in range(13, 21):
        rounds, gaps, shares = [], [], []
        for _ in range(_ROUNDS):
            orders = list(make_orders(random, network, _MANY, lines=lines))
            rounds.append(_time([order.plan for order in orders]))
            found = [plan.trace.gap for plan in (order.plan() for order in orders) if not plan.uncovered]
            gaps.append(100.0 * max(1.0 if gap is None else gap for gap in found))
            shares.append(100.0 * sum(gap is not None and gap <= _PROVEN for gap in found) / len(found))
        figures.append(figure(f"many.k{lines}_n2000.p50_ms", "ms", _percentiles(rounds, 50)))
        figures.append(figure(f"many.k{lines}_n2000.p99_ms", "ms", _percentiles(rounds, 99)))
        figures.append(figure(f"many.k{lines}_n2000.gap_max_pct", "%", gaps))
        figures.append(figure(f"many.k{lines}_n2000.optimal_pct", "%", shares))
        print(f"  {lines} lines: p99 {figures[-3].value:.0f} ms, gap at most {max(gaps):.2f} %")
    return figures


def _measure_large(random: np.random.Generator) -> list[Figure]:
    """Orders of more lines than any method proves, over 2,000 nodes: the time, and the gap that floors leave, in
    percent, beside what the floor of each line by itself leaves.
    """
    network = make_network(random, 2_000)
    figures = []
    for lines in _LARGE:
        orders = list(make_orders(random, network, _LARGE_ORDERS, lines=lines))
        times = _time([order.plan for order in orders])
        gaps, apart = [], []
        for order in orders:
            plan = order.plan()
            if plan.uncovered or plan.trace.gap is None:
                continue
            problem = order.pose()
            columns = build_columns(problem)
            cost = plan.cost_minor + POLICY.split_minor
            gaps.append(100.0 * plan.trace.gap)
            apart.append(100.0 * (1.0 - find_floor(problem, columns, split_columns(problem)) / cost))
        stem, other = f"large.k{lines}_n2000", "each line by itself"
        figures.append(figure(f"{stem}.p50_ms", "ms", [_percentile(times, 50)]))
        figures.append(figure(f"{stem}.max_ms", "ms", [max(times)]))
        figures.append(
            figure(
                f"{stem}.gap_pct",
                "%",
                [_percentile(gaps, 50)],
                baseline=other,
                baseline_values=[_percentile(apart, 50)],
            )
        )
        figures.append(figure(f"{stem}.gap_max_pct", "%", [max(gaps)], baseline=other, baseline_values=[max(apart)]))
        print(
            f"  {lines} lines: p50 {figures[-4].value:.0f} ms, gap {figures[-2].value:.1f} %, at most {max(gaps):.1f} %"
        )
    return figures


def _compare(seed: int) -> list[Figure]:
    """How many of many random orders of up to 12 lines and 2,000 nodes do not cost what the model proves, and what the
    engine took for them.
    """
    tasks = [(seed, task) for task in range(_COMPARED // _PER_TASK)]
    mismatches, times, slow = 0, [], []
    begun_at, cores = time.monotonic(), os.cpu_count() or 1
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        while tasks and time.monotonic() < begun_at + _COMPARE_SECONDS:
            some, tasks = tasks[: 2 * cores], tasks[2 * cores :]
            for wrong, took, model in pool.map(_compare_some, some):
                mismatches += wrong
                times += took
                slow += model
            print(f"  {len(times):,} of {_COMPARED:,} compared, {mismatches} differ", flush=True)
    what = "random orders, up to 12 lines and 2,000 nodes, against a set-partitioning model of all sets"
    compared = Figure(
        "exact.mismatches", mismatches, "orders", (mismatches, mismatches), Baseline(what, len(times)), None
    )
    rival = "the set-partitioning model on HiGHS, every set at every candidate, told the cost to beat"
    return [
        compared,
        figure("exact.p50_ms", "ms", [_percentile(times, 50)], baseline=rival, baseline_values=[_percentile(slow, 50)]),
        figure("exact.p99_ms", "ms", [_percentile(times, 99)], baseline=rival, baseline_values=[_percentile(slow, 99)]),
    ]


def _compare_some(task: tuple[int, int]) -> tuple[int, list[float], list[float]]:
    """Of one task's orders: how many differ, and the milliseconds that the engine and the model took for each."""
    random = np.random.default_rng(task)
    network = make_network(random, int(random.integers(10, 2_001)))
    wrong, times, slow = 0, [], []
    for _ in range(_PER_TASK):
        (order,) = make_orders(random, network, 1, lines=int(random.integers(1, 13)))
        start = time.process_time()
        plan = order.plan()
        times.append(1000.0 * (time.process_time() - start))
        start = time.process_time()
        counted = math.inf if plan.uncovered else plan.cost_minor + POLICY.split_minor
        proven = cheapest_by_model(order.pose(), known=min(counted, _COST_MAX))
        slow.append(1000.0 * (time.process_time() - start))
        if proven is None:  # the limit of shipments leaves something uncovered
            wrong += not plan.uncovered and plan.trace.method == "subset"
        else:
            wrong += counted != proven
    return wrong, times, slow


def _price_all_sets(order: Order) -> None:
    cheapest_by_all_sets(order.pose())


def _plan_greedily(order: Order) -> None:
    problem = order.pose()
    solve_greedily(problem, build_columns(problem), split_columns(problem))


def _time(calls: Sequence[Callable[[], object]]) -> list[float]:
    """The milliseconds of processor time of each call, after some calls to warm up, without the collector of cycles."""
    for call in calls[: min(10, len(calls))]:
        call()
    gc.collect()
    gc.disable()
    taken = []
    try:
        for call in calls:
            start = time.process_time()
            call()
            taken.append(1000.0 * (time.process_time() - start))
    finally:
        gc.enable()
    return taken


def _percentiles(rounds: Sequence[Sequence[float]], share: float) -> list[float]:
    return [_percentile(one, share) for one in rounds]


def _percentile(values: Sequence[float], share: float) -> float:
    return float(np.percentile(values, share))
