"""Figures with their spread and baseline: printed as a table, written as JSON."""

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal

from rich.console import Console
from rich.table import Table

from benchmarks.record import earlier_ratios, with_history

Better = Literal["more", "less"]
RESULTS: Final = Path(__file__).parent / "results"
_PACKAGES: Final = ("asyncpg", "highspy", "msgspec", "numpy", "pydantic", "starlette", "uvicorn", "uvloop")


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a figure is held against, and the median of what that reached."""

    what: str
    value: float


@dataclass(frozen=True, slots=True)
class Figure:
    """The median of a measurement over some rounds, its smallest and largest, its ratio to the baseline with that of
    each round, and whether more of it is better or less.
    """

    name: str
    value: float
    unit: str
    spread: tuple[float, float]
    baseline: Baseline | None
    ratio: float | None
    ratios: tuple[float, ...] = ()
    better: Better = "less"


def figure(
    name: str,
    unit: str,
    values: Sequence[float],
    *,
    baseline: str = "",
    baseline_values: Sequence[float] = (),
    better: Better | None = None,
) -> Figure:
    """The figure of some rounds; of what comes by the second more is better, of anything else less, unless it is said.

    The ratio is the median of the rounds' ratios, each to the baseline of its own round.
    """
    against = Baseline(baseline, round(statistics.median(baseline_values), 3)) if baseline_values else None
    ratios = tuple(round(a / b, 3) for a, b in zip(values, baseline_values, strict=True)) if baseline_values else ()
    return Figure(
        name,
        round(statistics.median(values), 3),
        unit,
        (round(min(values), 3), round(max(values), 3)),
        against,
        round(statistics.median(ratios), 3) if ratios else None,
        ratios,
        better or ("more" if unit.endswith("/s") else "less"),
    )


def publish(name: str, figures: Sequence[Figure], *, seed: int, notes: str = "") -> Path:
    """Print the figures beside what was reached before, and write them to `results/NAME.json`; the file's path."""
    path = RESULTS / f"{name}.json"
    recorded = json.loads(path.read_text()) if path.exists() else None
    document = with_history(_document(name, figures, seed, notes), recorded)
    Console(width=150).print(_table(document))
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")
    return path


def _table(document: Mapping[str, Any]) -> Table:
    table = Table(title=f"{document['name']} (seed {document['seed']})", caption=document["notes"] or None)
    for heading in ("figure", "median", "spread", "baseline", "ratio", "before"):
        table.add_column(heading, justify="left" if heading in ("figure", "baseline") else "right", overflow="fold")
    for one in document["figures"]:
        table.add_row(
            one["name"],
            f"{one['value']:,g} {one['unit']}",
            f"{one['spread'][0]:,g} to {one['spread'][1]:,g}",
            f"{one['baseline']['what']}: {one['baseline']['value']:,g}" if one["baseline"] else "",
            f"{one['ratio']:.2f}" if one["ratio"] is not None else "",
            ", ".join(f"{ratio:.2f}" for ratio in earlier_ratios(one["name"], document["history"])),
        )
    return table


def _document(name: str, figures: Sequence[Figure], seed: int, notes: str) -> dict[str, Any]:
    return {
        "name": name,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": {
            "cpu": _cpu(),
            "cores": os.cpu_count(),
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
            "system": f"{platform.system()} {platform.machine()}",
        },
        "versions": {"python": sys.version} | {package: version(package) for package in _PACKAGES},
        "seed": seed,
        "notes": notes,
        "figures": [asdict(one) for one in figures],
    }


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()
