"""Units that are too large for a service: their sides against what its card takes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from troth.model.network import RateCard
from troth.model.plan import DemandLine
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Sizes:
    """What each card of an offer takes: the longest side and the length and girth (mm, cards; infinite: any), and the
    least of each.
    """

    length_mm: NDArray[np.float64]
    girth_mm: NDArray[np.float64]
    length_mm_least: float
    girth_mm_least: float


def compile_sizes(cards: Sequence[RateCard]) -> Sizes | None:
    """The limits of these cards; None where none has any."""
    if all(card.length_mm_max is None and card.girth_mm_max is None for card in cards):
        return None
    length = np.array([np.inf if card.length_mm_max is None else card.length_mm_max for card in cards], np.float64)
    girth = np.array([np.inf if card.girth_mm_max is None else card.girth_mm_max for card in cards], np.float64)
    return Sizes(length, girth, float(length.min()), float(girth.min()))


def find_large(sizes: Sizes | None, lines: Sequence[DemandLine]) -> dict[int, tuple[int, int]]:
    """The lines (positions) of which a unit is too large for any card, with its longest side and its length and girth
    (mm); an item that is not known is small.
    """
    found: dict[int, tuple[int, int]] = {}
    if sizes is None:
        return found
    for at, line in enumerate(lines):
        if line.item is not None and line.item.dimensions_mm != (0, 0, 0):
            longest, girth = measures_of(line.item.dimensions_mm)
            if longest > sizes.length_mm_least or girth > sizes.girth_mm_least:
                found[at] = (longest, girth)
    return found


def measures_of(dimensions_mm: tuple[int, int, int]) -> tuple[int, int]:
    """The longest side, and the length and girth: the longest side and twice the two others.

    >>> measures_of((300, 2000, 400))
    (2000, 3400)
    """
    longest = max(dimensions_mm)
    return longest, 2 * sum(dimensions_mm) - longest


def takes(sizes: Sizes, services: Sequence[int], longest: int, girth: int) -> NDArray[np.bool_]:
    """Which of some cards (positions) take a unit of this size."""
    at = list(services)
    able: NDArray[np.bool_] = (sizes.length_mm[at] >= longest) & (sizes.girth_mm[at] >= girth)
    return able
