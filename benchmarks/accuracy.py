"""`make bench ONLY=accuracy`: how near learned find rates come, and what the discount and counts spare and cost."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.report import Figure, figure, publish
from troth.engine.supply.finding import findable
from troth.replay.finding import Handling, Outcome, Stores, simulate
from troth.replay.known_rates import learn_known_rates

LOOKS: Final = (500, 2_000, 8_000, 32_000)
STORES: Final = {"ample": Stores(), "scarce": Stores(level=3)}
HANDLINGS: Final = {
    "books": Handling(),
    "c80": Handling(confidence=0.8),
    "c90": Handling(confidence=0.9),
    "c95": Handling(confidence=0.95),
    "counts_any": Handling(counts_per_day=10, is_ranked=False),
    "counts": Handling(counts_per_day=10),
    "c90_counts": Handling(confidence=0.9, counts_per_day=10),
}
OUTCOMES: Final = ("short_picks", "refused", "refused_in_vain", "lost_after_short", "kept")
_AT: Final = datetime(2026, 11, 23, tzinfo=UTC)
_SEEDS: Final = 5
_ROUNDS: Final = 2_000


def run(*, seed: int) -> Path:
    """Measure, print and write it down."""
    figures = [*_learn(seed), *_handle(seed), *_find(seed)]
    orders = (STORES["ample"].days - STORES["ample"].days_ignored) * STORES["ample"].orders_per_day
    notes = f"{_SEEDS} seeds; outcomes are per 1,000 of {orders:,} orders of each seed"
    return publish("accuracy", figures, seed=seed, notes=notes)


def _learn(seed: int) -> Iterator[Figure]:
    """How near learned rates are after so many looks, and how often the true one is above its bound."""
    worlds = [learn_known_rates(one, LOOKS, _AT) for one in range(seed, seed + _SEEDS)]
    for at, looks in enumerate(LOOKS):
        learned = [world[at] for world in worlds]
        yield figure(f"looks{looks}.error_points", "points", [100 * one.error for one in learned])
        yield figure(f"looks{looks}.bias_points", "points", [100 * one.bias for one in learned])
        yield figure(f"looks{looks}.coverage_pct", "%", [100 * one.coverage for one in learned])


def _handle(seed: int) -> Iterator[Figure]:
    """What comes of each way of handling wrong records, held against believing the books."""
    for name, stores in STORES.items():
        found = {
            handling: [simulate(stores, how, one, begins_at=_AT) for one in range(seed, seed + _SEEDS)]
            for handling, how in HANDLINGS.items()
        }
        for handling, outcomes in found.items():
            for what in OUTCOMES:
                values, theirs = _per_thousand(outcomes, what), _per_thousand(found["books"], what)
                is_compared = handling != "books" and min(theirs) > 0
                yield figure(
                    f"{name}.{handling}.{what}",
                    "per 1,000 orders",
                    values,
                    baseline="the books are believed" if is_compared else "",
                    baseline_values=theirs if is_compared else (),
                    better="more" if what == "kept" else "less",
                )


def _per_thousand(outcomes: list[Outcome], what: str) -> list[float]:
    return [1_000 * getattr(one, what) / one.orders for one in outcomes]


def _find(seed: int) -> Iterator[Figure]:
    """The processor time of one discount of 1,000 nodes."""
    generator = np.random.default_rng(seed)
    probability = generator.uniform(0.8, 1.0, 1_000)
    for name, units_max in (("few", 60), ("many", 300)):
        on_hand = generator.integers(0, units_max, 1_000)
        findable(on_hand, probability, 0.95)
        times = []
        for _ in range(5):
            began_at = time.process_time()
            for _ in range(_ROUNDS):
                findable(on_hand, probability, 0.95)
            times.append((time.process_time() - began_at) / _ROUNDS * 1e6)
        yield figure(f"findable.n1000.{name}_us", "us", times)
