"""`python -m benchmarks [NAME] --seed N`: run all benchmarks, or one."""

import argparse
from pathlib import Path
from typing import Final, Protocol

from benchmarks import accuracy, availability, capture, carts, change, engine, feed, gap, quote, rivals, rules


class _Run(Protocol):
    def __call__(self, *, seed: int) -> Path: ...


BENCHMARKS: Final[dict[str, _Run]] = {
    "accuracy": accuracy.run,
    "availability": availability.run,
    "capture": capture.run,
    "carts": carts.run,
    "change": change.run,
    "engine": engine.run,
    "feed": feed.run,
    "gap": gap.run,
    "quote": quote.run,
    "rivals": rivals.run,
    "rules": rules.run,
}


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=sorted(BENCHMARKS))
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for name, run in BENCHMARKS.items():
        if arguments.name in (None, name):
            print(f"Written to {run(seed=arguments.seed)}")


if __name__ == "__main__":
    main()
