"""Learning how long things take, and what is thought of one that is seen rarely: shrunk distributions.

*Source:* A. Gelman et al., *Bayesian Data Analysis*, 3rd edition (2013), section 3.4 (multinomial counts with a
Dirichlet prior) and chapter 5 (the prior of a cell is what is known of those like it); R. Hyndman and Y. Fan, "Sample
quantiles in statistical packages", *The American Statistician* 50 (1996), for quantiles between bins.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.model.measured import GRIDS, CellName, Grid, Measured, Observed, Stage

STRENGTH: Final = 12.0
"""What is known of those like a cell is worth so many observations of its own."""
HALF_LIFE_DAYS: Final = 60.0
"""After so long an observation weighs half."""

_DAY_SECONDS: Final = 86_400.0
_PRIORS: Final[Mapping[Stage, tuple[tuple[float, float], ...]]] = {
    Stage.WORK: ((0.5, 0.45), (1.0, 0.40), (2.0, 0.10), (4.0, 0.04), (12.0, 0.01)),
    Stage.TRANSIT: ((-24.0, 0.12), (-8.0, 0.33), (0.0, 0.49), (24.0, 0.035), (72.0, 0.02), (264.0, 0.005)),
    Stage.DOOR: ((4.0, 0.40), (8.0, 0.45), (12.0, 0.12), (24.0, 0.02), (48.0, 0.01)),
}
"""What is thought before anything was measured: up to which value lies which share."""

Chances = NDArray[np.float64]
"""The probability of each bin (B) of a stage's grid."""


def learn_times(observations: Iterable[Observed], cells: Mapping[CellName, Measured]) -> dict[CellName, Measured]:
    """The cells that observations have changed, as they are now; `cells` is what was known of those they name."""
    new: dict[CellName, Measured] = {}
    for one in observations:
        for name in one.names:
            cell = (one.stage, name)
            new[cell] = add_time(new.get(cell) or cells.get(cell), one)
    return new


def add_time(known: Measured | None, one: Observed) -> Measured:
    """A cell with one more observation. Of the older ones and the new one each weighs less by its age."""
    grid = GRIDS[one.stage]
    counts = np.zeros(grid.bins) if known is None else np.array(known.counts)
    as_of, weight = one.at, 1.0
    if known is not None and known.as_of > one.at:
        as_of, weight = known.as_of, _weight(one.at, known.as_of)
    elif known is not None:
        counts *= _weight(known.as_of, one.at)
    counts[bin_of(grid, one.value)] += weight
    return Measured(as_of, tuple(counts.tolist()), (0 if known is None else known.observations) + 1)


def chances_of(stage: Stage, cells: Sequence[Measured | None], *, strength: float = STRENGTH) -> Chances:
    """What is thought of a stage (B): what was measured of the most special cell, shrunk towards the one before it,
    and so on to what is thought before anything was measured.

    p = (n + k q) / (sum n + k), where n are the counts of a cell, q what is thought of the one before it, and k the
    strength.
    """
    found = prior(stage)
    for cell in cells:
        if cell is not None:
            counts = np.array(cell.counts)
            found = (counts + strength * found) / (counts.sum() + strength)
    return found


def prior(stage: Stage) -> Chances:
    """What is thought of a stage (B) before anything was measured."""
    grid, found, low = GRIDS[stage], np.zeros(GRIDS[stage].bins), GRIDS[stage].low
    edges = grid.low + grid.width * np.arange(grid.bins)
    for high, share in _PRIORS[stage]:
        overlap = np.clip(np.minimum(edges + grid.width, high) - np.maximum(edges, low), 0.0, None)
        found += share * overlap / overlap.sum()
        low = high
    shares: Chances = found / found.sum()
    return shares


def bin_of(grid: Grid, value: float) -> int:
    """The bin that a value lies in.

    >>> [bin_of(Grid(0.0, 0.5, 4), value) for value in (-1.0, 0.0, 0.6, 9.0)]
    [0, 0, 1, 3]
    """
    return min(grid.bins - 1, max(0, int((value - grid.low) // grid.width)))


def beyond(chances: Chances, grid: Grid, value: float) -> float:
    """The probability of more than a value, between the edges of a bin in proportion."""
    place = (value - grid.low) / grid.width
    if place <= 0.0:
        return 1.0
    whole = min(int(place), grid.bins)
    if whole >= grid.bins:
        return 0.0
    return min(1.0, float(chances[whole + 1 :].sum() + chances[whole] * (whole + 1 - place)))


def tails_of(chances: Chances) -> NDArray[np.float64]:
    """The probability of more than the low edge of each bin, and of more than the last one's high edge (B + 1)."""
    tails = np.zeros(chances.size + 1)
    np.cumsum(chances[::-1], out=tails[1:])
    return tails[::-1]


def beyond_each(tails: NDArray[np.float64], grid: Grid, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability of more than each of some values, as `beyond` has it of one, by the tails of the chances."""
    places = (values - grid.low) / grid.width
    return np.interp(places, np.arange(tails.size), tails, left=1.0, right=0.0)


def given_more_than(chances: Chances, grid: Grid, value: float) -> Chances:
    """What is thought (B) once it is known that it is more than a value: what lies below is over. Where that is all,
    it is the next bin.
    """
    place = (value - grid.low) / grid.width
    if place <= 0.0:
        return chances
    whole = min(int(place), grid.bins - 1)
    kept = chances.copy()
    kept[:whole] = 0.0
    kept[whole] *= max(0.0, whole + 1 - place)
    total = kept.sum()
    if total <= 1e-12:
        kept[:] = 0.0
        kept[whole] = 1.0
        return kept
    shown: Chances = kept / total
    return shown


def quantile(chances: Chances, grid: Grid, share: float) -> float:
    """The value that this share lies below, between the edges of a bin in proportion.

    >>> quantile(np.array([0.5, 0.5]), Grid(0.0, 10.0, 2), 0.25)
    5.0
    """
    below = np.cumsum(chances)
    at = min(int(np.searchsorted(below, share - 1e-12)), grid.bins - 1)
    before = below.item(at - 1) if at else 0.0
    inside = chances.item(at)
    part = (share - before) / inside if inside > 0.0 else 1.0
    return grid.low + grid.width * (at + min(1.0, max(0.0, part)))


def _weight(then: datetime, now: datetime) -> float:
    return float(0.5 ** ((now - then).total_seconds() / _DAY_SECONDS / HALF_LIFE_DAYS))
