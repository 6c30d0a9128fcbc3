"""How other order management systems choose sources, written again from what they document: each a rule of a few lines.

A rule sees the lines' quantities, what each node has, how far it is and whether it makes the date, and says which node
sends what. It prices nothing: that is what tells these rules apart from a choice by cost.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

Taken = list[tuple[int, dict[int, int]]]
"""Which node sends which units of which lines."""

_ENUMERATED_MAX: Final = 10
"""Systems that try combinations of locations cap how many they look at; ten is a documented cap."""


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What a rule sees: `wanted` (K) units, `available` (K, N), `miles` (N), `is_in_time` (N), `rank` (N, a fixed list
    of locations, the first is best), `weeks` (K, N) of supply, `unit_minor` (N) of handling a unit there.
    """

    wanted: NDArray[np.int64]
    available: NDArray[np.int64]
    miles: NDArray[np.float64]
    is_in_time: NDArray[np.bool_]
    rank: NDArray[np.int64]
    weeks: NDArray[np.float64]
    unit_minor: NDArray[np.float64]


Rule = Callable[[Sight], Taken]


def nearest_first(sight: Sight) -> Taken:
    """Line by line the nearest node that has it whole; where none has, the nearest ones with some, until it is full."""
    return _line_by_line(sight, sight.miles)


def ranked_locations(sight: Sight) -> Taken:
    """The highest location on a fixed list that has everything; else line by line the highest that has it."""
    return _single_or_lines(sight, sight.rank.astype(np.float64))


def fewest_splits(sight: Sight) -> Taken:
    """Combinations of the nearest locations are tried, of one, of two and so on; of the first size that covers all, the
    nearest in sum.
    """
    useful = np.flatnonzero(_useful(sight).any(axis=0))
    near = useful[np.argsort(_late(sight, sight.miles)[useful], kind="stable")][:_ENUMERATED_MAX].tolist()
    capped = np.minimum(sight.available, sight.wanted[:, np.newaxis])
    for size in range(1, len(near) + 1):
        best: tuple[float, tuple[int, ...]] | None = None
        for nodes in combinations(near, size):
            if (capped[:, nodes].sum(axis=1) >= sight.wanted).all():
                distance = float(_late(sight, sight.miles)[list(nodes)].sum())
                if best is None or distance < best[0]:
                    best = distance, nodes
        if best is not None:
            return _fill(sight, best[1])
    return _line_by_line(sight, sight.miles)


def most_coverage(sight: Sight) -> Taken:
    """The location that covers most lines, the nearest of them; then again for what is left."""
    left = sight.wanted.copy()
    taken: Taken = []
    while left.any():
        has = np.minimum(sight.available, left[:, np.newaxis])
        for node, units in taken:
            for line in units:
                has[line, node] = 0
        lines = (has >= np.maximum(left, 1)[:, np.newaxis]).sum(axis=0)
        merit = np.stack([has.sum(axis=0), lines])
        if not merit.any():
            break
        order = np.lexsort((_late(sight, sight.miles), -merit[0], -merit[1]))
        node = int(order[0])
        units = {line: int(has[line, node]) for line in range(left.size) if has[line, node] > 0}
        if not units:
            break
        taken.append((node, units))
        for line, count in units.items():
            left[line] -= count
    return taken


def weighted_goals(sight: Sight) -> Taken:
    """Each location's score is a weighted sum of distance, coverage, stock level and handling, each from 0 to 1; one
    that has everything is preferred, else line by line the best score.
    """
    coverage = np.minimum(sight.available, sight.wanted[:, np.newaxis]).sum(axis=0) / max(1, int(sight.wanted.sum()))
    score = (
        0.4 * _scaled(sight.miles)
        + 0.3 * (1.0 - coverage)
        + 0.15 * (1.0 - _scaled(np.minimum(sight.weeks, 12.0).min(axis=0)))
        + 0.15 * _scaled(sight.unit_minor)
    )
    return _single_or_lines(sight, score)


RULES: Final[Mapping[str, Rule]] = {
    "nearest": nearest_first,
    "fewest_splits": fewest_splits,
    "coverage": most_coverage,
    "ranked": ranked_locations,
    "weighted": weighted_goals,
}


def _single_or_lines(sight: Sight, score: NDArray[np.float64]) -> Taken:
    has_all = (sight.available >= sight.wanted[:, np.newaxis]).all(axis=0)
    if has_all.any():
        node = int(np.where(has_all, _late(sight, score), np.inf).argmin())
        return _fill(sight, (node,))
    return _line_by_line(sight, score)


def _line_by_line(sight: Sight, score: NDArray[np.float64]) -> Taken:
    order = _late(sight, score)
    found: dict[int, dict[int, int]] = {}
    for line, (wanted, available) in enumerate(zip(sight.wanted.tolist(), sight.available, strict=True)):
        whole = np.where(available >= wanted, order, np.inf)
        node = int(whole.argmin())
        if np.isfinite(whole[node]):
            found.setdefault(node, {})[line] = wanted
            continue
        for node, units in _gather(available, order, wanted):
            found.setdefault(node, {})[line] = units
    return list(found.items())


def _gather(available: NDArray[np.int64], order: NDArray[np.float64], wanted: int) -> Iterator[tuple[int, int]]:
    for node in np.argsort(np.where(available > 0, order, np.inf), kind="stable").tolist():
        units = min(wanted, int(available[node]))
        if units <= 0:
            return
        yield node, units
        wanted -= units


def _fill(sight: Sight, nodes: tuple[int, ...]) -> Taken:
    left = sight.wanted.copy()
    taken: Taken = []
    for node in nodes:
        units = {
            line: int(min(left[line], sight.available[line, node]))
            for line in range(left.size)
            if min(left[line], sight.available[line, node]) > 0
        }
        for line, count in units.items():
            left[line] -= count
        if units:
            taken.append((node, units))
    return taken


def _useful(sight: Sight) -> NDArray[np.bool_]:
    return sight.available > 0


def _late(sight: Sight, score: NDArray[np.float64]) -> NDArray[np.float64]:
    """The score, with the nodes that miss the date behind all others."""
    return np.where(sight.is_in_time, score, score + 1e9)


def _scaled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    span = float(values.max() - values.min())
    return (values - values.min()) / span if span > 0.0 else np.zeros_like(values)
