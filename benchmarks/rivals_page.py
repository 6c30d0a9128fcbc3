"""`python -m benchmarks.rivals_page`: the table of `docs/benchmarks-rivals.md`, from `results/rivals.json`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.report import RESULTS

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "benchmarks-rivals.md"
_RULES: Final = {
    "troth": "Troth",
    "weighted": "weighted goals",
    "coverage": "most coverage",
    "fewest_splits": "fewest splits",
    "ranked": "ranked locations",
    "nearest": "nearest first",
}

Figures = Mapping[str, Mapping[str, Any]]


def main() -> None:
    """Write the page's table and verdict anew."""
    document = json.loads((RESULTS / "rivals.json").read_text())
    figures: Figures = {one["name"]: one for one in document["figures"]}
    segments = list(dict.fromkeys(name.split(".")[0] for name in figures))
    made = f"Commit {document['commit']}, seed {document['seed']}. {document['notes']}"
    parts = {"table": _table(figures, segments), "verdict": f"{_verdict(figures, segments)}\n\n{made}"}
    text = PAGE.read_text(encoding="utf-8")
    for name, part in parts.items():
        begin, end = f"<!-- {name} -->\n", "<!-- end -->"
        before, _, after = text.partition(begin)
        text = before + begin + part + "\n" + end + after.partition(end)[2]
    PAGE.write_text(text, encoding="utf-8")


def _table(figures: Figures, segments: list[str]) -> str:
    """A row for each segment and rule: cost, how much dearer with its standard error, shipments, promises in time."""
    rows = [
        "| orders | rule | cost, USD | dearer than Troth | shipments | in time |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for segment in segments:
        for at, (rule, label) in enumerate(_RULES.items()):
            key = f"{segment}.{rule}"
            dearer = figures.get(f"{key}.dearer_by")
            told = "" if dearer is None else f"{dearer['value']:.2f} ± {dearer['baseline']['value']:.2f}"
            rows.append(
                f"| {segment.replace('_', ' ') if at == 0 else ''} | {label} | {figures[f'{key}.cost']['value']:.2f} "
                f"| {told} | {figures[f'{key}.shipments']['value']:.3f} | {figures[f'{key}.on_time']['value']:.1f} % |"
            )
    return "\n".join(rows)


def _verdict(figures: Figures, segments: list[str]) -> str:
    """Where a rule is cheaper than ours or keeps more promises, by the medians; or that none is."""
    found = []
    for segment in segments:
        ours = figures[f"{segment}.troth.on_time"]["value"]
        for rule, label in list(_RULES.items())[1:]:
            if figures[f"{segment}.{rule}.dearer_by"]["value"] < 0:
                found.append(f"{label} is cheaper for {segment.replace('_', ' ')}")
            if figures[f"{segment}.{rule}.on_time"]["value"] > ours:
                found.append(f"{label} keeps more promises for {segment.replace('_', ' ')}")
    if not found:
        return "In every segment Troth is the cheapest, and no rule keeps more promises (medians of the draws)."
    return "Not everywhere: " + "; ".join(found) + "."


if __name__ == "__main__":
    main()
