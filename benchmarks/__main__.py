"""`python -m benchmarks [NAME] --seed N [--accept]`: run all benchmarks, or one.

Where a ratio to a baseline fell by more than 15 % against the recorded one, the record stays as it was, what was
measured is beside it (`results/NAME.fallen.json`), and the run fails; with `--accept` it becomes the record.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Final, Protocol

from benchmarks import (
    accuracy,
    after,
    alerts,
    availability,
    capture,
    carts,
    change,
    engine,
    exactly,
    feed,
    gap,
    mix,
    quote,
    rivals,
    rules,
    start_up,
    store_task,
)
from benchmarks.record import find_falls
from benchmarks.report import RESULTS


class _Run(Protocol):
    def __call__(self, *, seed: int) -> Path: ...


BENCHMARKS: Final[dict[str, _Run]] = {
    "accuracy": accuracy.run,
    "after": after.run,
    "alerts": alerts.run,
    "availability": availability.run,
    "capture": capture.run,
    "carts": carts.run,
    "change": change.run,
    "engine": engine.run,
    "exactly": exactly.run,
    "feed": feed.run,
    "gap": gap.run,
    "mix": mix.run,
    "quote": quote.run,
    "rivals": rivals.run,
    "rules": rules.run,
    "start-up": start_up.run,
    "store-task": store_task.run,
}


def _run(name: str, *, seed: int, is_accepted: bool) -> bool:
    """Run a benchmark; whether the record may be what was measured."""
    path = RESULTS / f"{name}.json"
    recorded = path.read_text() if path.exists() else None
    BENCHMARKS[name](seed=seed)
    falls = find_falls(json.loads(recorded), json.loads(path.read_text())) if recorded else []
    for fall in falls:
        print(f"Fallen: {fall.text}")
    if recorded is None or not falls or is_accepted:
        print(f"Written to {path}")
        return True
    fallen = path.with_suffix(".fallen.json")
    path.rename(fallen)
    path.write_text(recorded)
    print(f"The record stays; what was measured is in {fallen}. Accept it with ACCEPT=1.")
    return False


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=sorted(BENCHMARKS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--accept", action="store_true")
    arguments = parser.parse_args()
    names = [arguments.name] if arguments.name else list(BENCHMARKS)
    reached = [_run(name, seed=arguments.seed, is_accepted=arguments.accept) for name in names]
    sys.exit(0 if all(reached) else 1)


if __name__ == "__main__":
    main()
