"""`make bench ONLY=alerts`: how many missed promises are found before they are, and how many alerts are right."""

import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.report import Figure, figure, publish
from troth.replay.delays import Found, simulate_alerts, simulate_estimates

THRESHOLDS: Final = (0.3, 0.5, 0.7, 0.9)
LEARNED: Final = 1_500
JUDGED: Final = 500
_SEEDS: Final = 3
_OVERDUE: Final = "an alert when a milestone is overdue"
_UNMEASURED: Final = "before anything was measured"


def run(*, seed: int) -> Path:
    """Measure, print and write it down."""
    worlds = [simulate_alerts(one, THRESHOLDS, learned=LEARNED, judged=JUDGED) for one in range(seed, seed + _SEEDS)]
    overdue = [by_milestone for _, by_milestone in worlds]
    figures = [
        figure("missed_pct", "%", [100.0 * one.missed / JUDGED for one in overdue]),
        *_figures("overdue", overdue, ()),
    ]
    for threshold in THRESHOLDS:
        found = [by_chance[threshold] for by_chance, _ in worlds]
        figures += _figures(f"p{round(100 * threshold)}", found, overdue)
    learned = [simulate_estimates(one, learned=LEARNED, judged=JUDGED) for one in range(seed, seed + _SEEDS)]
    before = [simulate_estimates(one, learned=0, judged=JUDGED) for one in range(seed, seed + _SEEDS)]
    figures.append(
        figure(
            "estimate.hours_off",
            "h",
            [one.hours_off for one in learned],
            baseline=_UNMEASURED,
            baseline_values=[one.hours_off for one in before],
        )
    )
    figures.append(
        figure(
            "estimate.within_90_pct",
            "%",
            [one.within_percent for one in learned],
            baseline=_UNMEASURED,
            baseline_values=[one.within_percent for one in before],
        )
    )
    notes = f"{_SEEDS} seeds; {LEARNED:,} parcels learned from, {JUDGED:,} judged in each, looked at every two hours"
    return publish("alerts", figures, seed=seed, notes=notes)


def _figures(name: str, found: Sequence[Found], against: Sequence[Found]) -> Iterator[Figure]:
    baseline = _OVERDUE if against else ""
    yield figure(
        f"{name}.precision_pct",
        "%",
        [100.0 * one.precision for one in found],
        baseline=baseline,
        baseline_values=[100.0 * one.precision for one in against],
    )
    yield figure(
        f"{name}.recall_pct",
        "%",
        [100.0 * one.recall for one in found],
        baseline=baseline,
        baseline_values=[100.0 * one.recall for one in against],
    )
    yield figure(f"{name}.hours_before", "h", [statistics.median(one.hours_before or [0.0]) for one in found])
