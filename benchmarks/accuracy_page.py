"""`python -m benchmarks.accuracy_page`: the tables of `docs/algorithms/accuracy.md`, from `results/accuracy.json`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.accuracy import HANDLINGS, LOOKS, STORES
from benchmarks.report import RESULTS

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "algorithms" / "accuracy.md"
_TITLES: Final = {
    "books": "the books are believed",
    "c80": "discount, confidence 0.8",
    "c90": "discount, confidence 0.9",
    "c95": "discount, confidence 0.95",
    "counts_any": "books, 10 counts a day of any position",
    "counts": "books, the 10 counts a day that are worth most",
    "c90_counts": "discount 0.9 and those 10 counts a day",
}

Figures = Mapping[str, Mapping[str, Any]]


def main() -> None:
    """Write the page's tables anew."""
    document = json.loads((RESULTS / "accuracy.json").read_text())
    figures: Figures = {one["name"]: one for one in document["figures"]}
    few, many = (figures[f"findable.n1000.{name}_us"]["value"] for name in ("few", "many"))
    parts = {
        "learned": _learned(figures),
        "handled": _handled(figures),
        "made": (
            f"Commit {document['commit']}, seed {document['seed']}, {document['notes']}. One discount of 1,000 nodes "
            f"takes {few:.0f} microseconds of a processor, {many:.0f} where most nodes have more than 64 units."
        ),
    }
    text = PAGE.read_text(encoding="utf-8")
    for name, part in parts.items():
        begin, end = f"<!-- {name} -->\n", "<!-- end -->"
        before, _, after = text.partition(begin)
        text = before + begin + part + "\n" + end + after.partition(end)[2]
    PAGE.write_text(text, encoding="utf-8")


def _learned(figures: Figures) -> str:
    rows = ["| looks | distance from the true rate | leaning | above the bound |", "| ---: | ---: | ---: | ---: |"]
    for looks in LOOKS:
        error, bias = (figures[f"looks{looks}.{what}_points"]["value"] for what in ("error", "bias"))
        coverage = figures[f"looks{looks}.coverage_pct"]["value"]
        rows.append(f"| {looks:,} | {error:.2f} points | {bias:+.2f} points | {coverage:.1f} % |")
    return "\n".join(rows)


def _handled(figures: Figures) -> str:
    heads = [f"{what}, {name}" for name in STORES for what in ("short picks", "kept", "in vain")]
    rows = [f"| of 1,000 orders | {' | '.join(heads)} |", "| --- |" + " ---: |" * len(heads)]
    for handling in HANDLINGS:
        cells = [
            f"{figures[f'{name}.{handling}.{what}']['value']:.1f}"
            for name in STORES
            for what in ("short_picks", "kept", "refused_in_vain")
        ]
        rows.append(f"| {_TITLES[handling]} | {' | '.join(cells)} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
