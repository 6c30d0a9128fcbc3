"""`python -m benchmarks.gap_page`: the tables and the chart of `docs/benchmarks-gap.md`, from `results/gap.json`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from benchmarks.report import RESULTS

DOCS: Final = Path(__file__).resolve().parent.parent / "docs"
PAGE: Final = DOCS / "benchmarks-gap.md"
CHART: Final = DOCS / "images" / "gap.svg"
_FAMILIES: Final = {"small": "Small", "small_hard": "Hard", "big_p50": "Big, p = 0.5", "big_p75": "Big, p = 0.75"}
_POLICIES: Final = {
    "nearest": "nearest node that has it",
    "jasin_sinha": "Jasin–Sinha rounding",
    "dilated": "Ma's dilated rounding",
    "dilated_retry": "dilated rounding, exact retry",
    "greedy": "exact, each order for itself",
    "static_fluid": "exact, duals of the fluid program",
    "static": "exact, unit prices made once",
    "resolved10": "exact, unit prices made 10 times",
    "resolved50": "exact, unit prices made 50 times",
    "wrong_uncorrected": "the same 10 times, wrong rates kept",
    "wrong": "wrong rates, corrected by what came, 20 times",
}
_WIDTH: Final = 430
_ROW: Final = 19
_LABEL: Final = 205
_BLUE, _TEAL, _GRAY = "#8aa1b1", "#0f9d8a", "#7a7a7a"

Figures = Mapping[str, Mapping[str, Any]]


def main() -> None:
    """Write the page's tables and the chart anew."""
    document = json.loads((RESULTS / "gap.json").read_text())
    figures: Figures = {one["name"]: one for one in document["figures"]}
    machine = f"commit {document['commit']}, {document['machine']['cores']} cores, seed {document['seed']}"
    parts = {
        "table": _table(figures),
        "bounds": _bounds(figures),
        "made": f"{machine.capitalize()}; {document['notes']}.",
    }
    text = PAGE.read_text(encoding="utf-8")
    for name, part in parts.items():
        begin, end = f"<!-- {name} -->\n", "<!-- end -->"
        before, _, after = text.partition(begin)
        text = before + begin + part + "\n" + end + after.partition(end)[2]
    PAGE.write_text(text, encoding="utf-8")
    CHART.write_text(_chart(figures), encoding="utf-8")


def _table(figures: Figures) -> str:
    """A row for each policy: of each family mean, standard error and worst sequence; packages of the small one."""
    rows = [
        f"| policy | {' | '.join(_FAMILIES.values())} | packages, small |",
        "| --- |" + " ---: |" * (len(_FAMILIES) + 1),
    ]
    for name, title in _POLICIES.items():
        cells = [_cell(figures, f"{family}.{name}") for family in _FAMILIES]
        rows.append(f"| {title} | {' | '.join(cells)} | {figures[f'small.{name}.packages']['value']:,.0f} |")
    return "\n".join(rows)


def _cell(figures: Figures, stem: str) -> str:
    if f"{stem}.mean_pct" not in figures:
        return ""
    mean, worst = (figures[f"{stem}.{what}"]["value"] for what in ("mean_pct", "worst_pct"))
    error = _optional(figures, f"{stem}.se_pct", " ± {:.2f}")
    return f"{mean:.2f}{error} % ({worst:.2f} %)"


def _bounds(figures: Figures) -> str:
    """What else was measured of each family: the bounds, the time, and the decisions held against the engine."""
    heads = (
        "family", "bound, dollars", "fluid bound", "processor seconds: the bound", "10 times", "50 times",
        "wrong rates over greedy, worst instance", "decisions equal to the engine's",
    )  # fmt: skip
    rows = [f"| {' | '.join(heads)} |", "| --- |" + " ---: |" * (len(heads) - 1)]
    for family, title in _FAMILIES.items():
        bound = figures[f"{family}.greedy.mean_pct"]["baseline"]["value"]
        fluid = figures[f"{family}.fluid_bound.below_pct"]
        seconds = [figures[f"{family}.{name}.seconds"]["value"] for name in ("bound", "resolved10", "resolved50")]
        cells = [
            title,
            f"{bound:,.0f}",
            f"{fluid['value']:.2f} % lower ({fluid['spread'][1]:.2f} %)",
            *(f"{value:.1f}" for value in seconds),
            _optional(figures, f"{family}.wrong.over_greedy_max_pct", "{:+.2f} points"),
            f"{figures[f'{family}.engine_decisions_equal']['value']:,.0f}",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _optional(figures: Figures, name: str, shape: str) -> str:
    return shape.format(figures[name]["value"]) if name in figures else ""


def _chart(figures: Figures) -> str:
    """Bars of the means with a tick at the worst sequence, a panel for each family."""
    panels, height = [], 0
    for number, (family, title) in enumerate(_FAMILIES.items()):
        names = [name for name in _POLICIES if f"{family}.{name}.mean_pct" in figures and not name.startswith("wrong")]
        left, top = number % 2 * (_WIDTH + 20), number // 2 * (_ROW * 10 + 40)
        panels.append(_panel(figures, family, title, names, left=left, top=top))
        height = max(height, top + _ROW * (len(names) + 1) + 20)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * _WIDTH + 20} {height}" '
        f'font-family="sans-serif" font-size="12" fill="{_GRAY}" role="img" '
        'aria-label="Cost above the hindsight bound by policy, four families">\n' + "\n".join(panels) + "\n</svg>\n"
    )


def _panel(figures: Figures, family: str, title: str, names: list[str], *, left: int, top: int) -> str:
    worst = {name: figures[f"{family}.{name}.worst_pct"]["value"] for name in names}
    scale = (_WIDTH - _LABEL - 60) / max(worst.values())
    lines = [
        f'<text x="{left}" y="{top + 14}" font-weight="bold">{escape(title)}: % above the bound, tick: worst</text>'
    ]
    for row, name in enumerate(names):
        mean = figures[f"{family}.{name}.mean_pct"]["value"]
        y = top + _ROW * (row + 1) + 4
        color = _TEAL if name.startswith("resolved") else _BLUE
        start, tick = left + _LABEL, left + _LABEL + worst[name] * scale
        lines += [
            f'<text x="{start - 6}" y="{y + 12}" text-anchor="end">{escape(_POLICIES[name])}</text>',
            f'<rect x="{start}" y="{y + 2}" width="{max(1.0, mean * scale):.1f}" height="{_ROW - 6}" fill="{color}"/>',
            f'<rect x="{tick:.1f}" y="{y + 1}" width="1.5" height="{_ROW - 4}"/>',
            f'<text x="{tick + 6:.1f}" y="{y + 12}">{mean:.2f}</text>',
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
