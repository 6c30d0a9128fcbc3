"""How far each policy's cost is above the hindsight bound, on the instance families of Jasin and Sinha."""

import math
import multiprocessing
import os
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.report import Baseline, Figure, publish
from troth.planning.assignment import assign
from troth.replay.families.engine_world import MINOR, choice_of, engine_world
from troth.replay.families.instance import DECIMALS, draw_arrivals, families
from troth.replay.families.trial import POLICIES, SMALL_ONLY, Trial, bound_fluid, bound_trial, draw_trial

_IS_QUICK: Final = bool(os.environ.get("TROTH_BENCH_QUICK"))
_SIZES: Final = {"small": (30, 4), "small_hard": (30, 4), "big_p50": (4, 2), "big_p75": (4, 2)}
_QUICK: Final = {"small": (4, 1), "small_hard": (4, 1), "big_p50": (1, 1), "big_p75": (1, 1)}
_PROCESSES: Final = 2
_DECISIONS: Final = 50
_UNIT: Final = "% above the bound"


@dataclass(frozen=True, slots=True)
class _Task:
    """One instance to measure: its family, the seed and number that it is drawn from, and how many sequences."""

    family: str
    seed: int
    number: int
    sequences: int


@dataclass(frozen=True, slots=True)
class _Measured:
    """What one instance gave: by policy each sequence's gap in percent, its packages, and processor seconds; the
    bounds; by how much the fluid bound of the first sequence is lower, in percent; and decisions held against the
    engine.
    """

    gaps: Mapping[str, Sequence[float]]
    packages: Mapping[str, Sequence[int]]
    seconds: Mapping[str, float]
    bounds: Sequence[float]
    fluid_pct: float
    decisions: int


def run(*, seed: int) -> Path:
    """Measure all families; the path of the results. With TROTH_BENCH_QUICK set, a few instances of each."""
    figures: list[Figure] = []
    with multiprocessing.get_context("spawn").Pool(_PROCESSES) as pool:
        for family, (instances, sequences) in (_QUICK if _IS_QUICK else _SIZES).items():
            started = time.perf_counter()
            tasks = [_Task(family, seed, number, sequences) for number in range(instances)]
            measured = []
            for one in pool.imap(_measure, tasks):
                measured.append(one)
                print(f"  {family} {len(measured)}/{instances}: {_line(one)}", flush=True)
            print(f"  {family}: {time.perf_counter() - started:,.0f} s", flush=True)
            figures += _figures(family, measured)
    sizes = ", ".join(
        f"{name} {instances} x {sequences}"
        for name, (instances, sequences) in (_QUICK if _IS_QUICK else _SIZES).items()
    )
    notes = (
        f"instances x sequences: {sizes}; every policy has the same sequences; mean over sequences, standard error "
        "over instances, worst sequence; rates: true for jasin_sinha, dilated and static_fluid, learned from one "
        "earlier horizon for static and resolved, badly wrong for wrong"
    )
    return publish("gap", figures, seed=seed, notes=notes)


def _measure(task: _Task) -> _Measured:
    number = list(_SIZES).index(task.family)
    generator = np.random.default_rng(np.random.SeedSequence([task.seed, number, task.number]))
    trial = draw_trial(families()[task.family], generator)
    names = [name for name in POLICIES if not (trial.is_large and name in SMALL_ONLY)]
    gaps: dict[str, list[float]] = {name: [] for name in names}
    packages: dict[str, list[int]] = {name: [] for name in names}
    seconds = dict.fromkeys([*names, "bound"], 0.0)
    bounds, fluid_pct = [], math.nan
    for sequence in range(task.sequences):
        arrivals = draw_arrivals(trial.instance, trial.instance.rates, generator)
        began = time.process_time()
        found = bound_trial(trial, arrivals)
        seconds["bound"] += time.process_time() - began
        bound = found.bound
        bounds.append(bound)
        if sequence == 0:
            fluid_pct = 100.0 * (1.0 - bound_fluid(trial, arrivals, found) / bound)
        for name in names:
            began = time.process_time()
            outcome = POLICIES[name](trial, arrivals)
            seconds[name] += time.process_time() - began
            gaps[name].append(100.0 * (outcome.cost / bound - 1.0))
            packages[name].append(outcome.packages)
    _hold_against_engine(trial, generator)
    return _Measured(gaps, packages, seconds, bounds, fluid_pct, _DECISIONS)


def _hold_against_engine(trial: Trial, generator: np.random.Generator) -> None:
    """Fail if the engine decides a sample of orders at another cost than the simulation does."""
    instance, classes = trial.instance, trial.instance.classes
    world = engine_world(instance)
    for one in generator.integers(0, classes.count, _DECISIONS).tolist():
        left = np.where(generator.random(classes.pair_count) < 0.25, 0, instance.stock)
        prices = (8.0 * generator.random(classes.pair_count)).round(DECIMALS)
        _, minor = choice_of(world.plan(one, left, prices))
        value = assign(classes.select([one]), np.where(left > 0, prices, np.inf)).value[0]
        if minor != round(float(value) * MINOR):
            raise RuntimeError(f"the engine pays {minor} for an order that the simulation serves for {value * MINOR}")


def _line(one: _Measured) -> str:
    return ", ".join(f"{name} {statistics.mean(gaps):.2f}" for name, gaps in one.gaps.items())


def _figures(family: str, measured: Sequence[_Measured]) -> list[Figure]:
    bound = statistics.mean(bound for one in measured for bound in one.bounds)
    against = Baseline("hindsight bound, dollars", round(bound, 1))
    figures = []
    for name in measured[0].gaps:
        gaps = [gap for one in measured for gap in one.gaps[name]]
        means = [statistics.mean(one.gaps[name]) for one in measured]
        mean, worst = statistics.mean(gaps), max(gaps)
        spread = (round(min(gaps), 3), round(worst, 3))
        ratio = round(1.0 + mean / 100.0, 4)
        figures += [
            Figure(f"{family}.{name}.mean_pct", round(mean, 3), _UNIT, spread, against, ratio),
            _plain(f"{family}.{name}.worst_pct", worst, _UNIT, (min(means), max(means))),
            _plain(
                f"{family}.{name}.packages",
                statistics.mean(count for one in measured for count in one.packages[name]),
                "packages",
                (
                    min(min(one.packages[name]) for one in measured),
                    max(max(one.packages[name]) for one in measured),
                ),
            ),
        ]
        if len(means) > 1:
            error = statistics.stdev(means) / math.sqrt(len(means))
            figures.append(_plain(f"{family}.{name}.se_pct", error, "% points", (error, error)))
    for name in measured[0].seconds:
        per_sequence = [one.seconds[name] / len(one.bounds) for one in measured]
        figures.append(
            _plain(
                f"{family}.{name}.seconds", statistics.mean(per_sequence), "s", (min(per_sequence), max(per_sequence))
            )
        )
    fluid = [one.fluid_pct for one in measured]
    mean = statistics.mean(fluid)
    figures.append(_plain(f"{family}.fluid_bound.below_pct", mean, "% below the bound", (min(fluid), max(fluid))))
    if "wrong" in measured[0].gaps:
        lost = [statistics.mean(one.gaps["wrong"]) - statistics.mean(one.gaps["greedy"]) for one in measured]
        figures.append(_plain(f"{family}.wrong.over_greedy_max_pct", max(lost), "% points", (min(lost), max(lost))))
    decisions = sum(one.decisions for one in measured)
    figures.append(_plain(f"{family}.engine_decisions_equal", decisions, "decisions", (decisions, decisions)))
    return figures


def _plain(name: str, value: float, unit: str, spread: tuple[float, float]) -> Figure:
    return Figure(name, round(value, 3), unit, (round(spread[0], 3), round(spread[1], 3)), None, None)
