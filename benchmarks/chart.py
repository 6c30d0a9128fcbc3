"""A line chart as SVG, in a few lines of our own: both axes logarithmic, one line for each series."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

_WIDTH: Final = 760
_HEIGHT: Final = 420
_LEFT: Final = 80
_RIGHT: Final = 110
_TOP: Final = 44
_BOTTOM: Final = 56
_COLORS: Final = ("#0f766e", "#b45309", "#1d4ed8", "#be185d", "#4d7c0f", "#6d28d9")
_INK: Final = "#6b7280"


def write_chart(
    path: Path, *, title: str, x_name: str, y_name: str, series: Mapping[str, Sequence[tuple[float, float]]]
) -> None:
    """Writes the chart of these points (x, y > 0) by name of the series."""
    xs = sorted({x for points in series.values() for x, _y in points})
    ys = [y for points in series.values() for _x, y in points]
    low, high = 10.0 ** math.floor(math.log10(min(ys))), 10.0 ** math.ceil(math.log10(max(ys)))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="13" fill="{_INK}" role="img" aria-label="{escape(title)}">',
        f'<text x="{_LEFT}" y="22" font-size="15">{escape(title)}</text>',
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) // 2}" y="{_HEIGHT - 12}" text-anchor="middle">{escape(x_name)}</text>',
        f'<text transform="translate(18 {_HEIGHT // 2}) rotate(-90)" text-anchor="middle">{escape(y_name)}</text>',
    ]
    for x in xs:
        at = _place(x, xs[0], xs[-1], _LEFT, _WIDTH - _RIGHT)
        lines.append(_rule(at, _TOP, at, _HEIGHT - _BOTTOM))
        lines.append(f'<text x="{at:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{x:,.0f}</text>')
    tick = low
    while tick <= high * 1.001:
        at = _place(tick, low, high, _HEIGHT - _BOTTOM, _TOP)
        lines.append(_rule(_LEFT, at, _WIDTH - _RIGHT, at))
        lines.append(f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{tick:,.0f}</text>')
        tick *= 10.0
    ends = [_place(points[-1][1], low, high, _HEIGHT - _BOTTOM, _TOP) for points in series.values()]
    for number, ((name, points), label) in enumerate(zip(series.items(), apart(ends), strict=True)):
        color = _COLORS[number % len(_COLORS)]
        places = [
            (_place(x, xs[0], xs[-1], _LEFT, _WIDTH - _RIGHT), _place(y, low, high, _HEIGHT - _BOTTOM, _TOP))
            for x, y in points
        ]
        path_of = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        lines.append(f'<polyline points="{path_of}" fill="none" stroke="{color}" stroke-width="2"/>')
        lines += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}"/>' for x, y in places]
        x, _y = places[-1]
        lines.append(f'<text x="{x + 10:.1f}" y="{label + 4:.1f}" fill="{color}">{escape(name)}</text>')
    path.write_text("\n".join([*lines, "</svg>"]) + "\n", encoding="utf-8")


def apart(places: Sequence[float], least: float = 15.0) -> list[float]:
    """Where labels stand that belong to these places, so that none covers another: each as near as those above let it.

    >>> apart([100.0, 101.0, 60.0])
    [100.0, 115.0, 60.0]
    """
    found = dict[int, float]()
    above = -math.inf
    for number in sorted(range(len(places)), key=places.__getitem__):
        above = found[number] = max(places[number], above + least)
    return [found[number] for number in range(len(places))]


def _place(value: float, low: float, high: float, first: float, last: float) -> float:
    """Where a value lies between two places, on a logarithmic scale."""
    share = 0.5 if high <= low else math.log(value / low) / math.log(high / low)
    return first + share * (last - first)


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{_INK}" stroke-opacity="0.25"/>'
