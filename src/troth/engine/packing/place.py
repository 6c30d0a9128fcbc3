"""Placing pieces in one box, each on the floor or on what lies there already.

*Source:* the corner points are those of T. G. Crainic, G. Perboli, R. Tadei, "Extreme Point-Based Heuristics for
Three-Dimensional Bin Packing", INFORMS Journal on Computing 20(3), 2008; here a piece sinks until it lies on something.
"""

from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.model.packing import Piece, Placed, Size

Ints = NDArray[np.int64]
Preference = Callable[[Ints, Ints, Ints, Size], tuple[Ints, ...]]
"""From the tops, the x and the y of places for a size: by what they are ranked, the weightiest first."""


def place(pieces: Sequence[Piece], inner_mm: Size, grams_max: int) -> tuple[tuple[Placed, ...], tuple[Piece, ...]]:
    """The pieces that find a place in a box of this size that may weigh so much, and the others.

    The largest is placed first, turned in whichever of the six ways lies lowest, then nearest to a wall. Which wall,
    and which way of those that lie alike, is tried in turn until nothing is left; else what holds most volume counts.
    """
    ordered = sorted(pieces, key=_largest_first)
    best: tuple[int, tuple[Placed, ...], tuple[Piece, ...]] | None = None
    for prefer in _PREFERENCES:
        placed, left = _place(ordered, inner_mm, grams_max, prefer)
        volume = sum(one.piece.volume for one in placed)
        if best is None or volume > best[0]:
            best = volume, placed, left
        if not left:
            break
    return best[1:] if best else ((), tuple(ordered))


def _by_rows(top: Ints, x: Ints, y: Ints, size: Size) -> tuple[Ints, ...]:
    return top, y, x, np.full_like(x, -size[0])


def _by_narrow_rows(top: Ints, x: Ints, y: Ints, size: Size) -> tuple[Ints, ...]:
    return top, y, x, np.full_like(x, size[0])


def _by_columns(top: Ints, x: Ints, y: Ints, size: Size) -> tuple[Ints, ...]:
    return top, x, y, np.full_like(x, -size[1])


def _by_walls(top: Ints, x: Ints, y: Ints, size: Size) -> tuple[Ints, ...]:
    return x + size[0], top, y, np.full_like(x, size[0])


_PREFERENCES: Final[tuple[Preference, ...]] = (_by_rows, _by_narrow_rows, _by_columns, _by_walls)


def _place(
    ordered: Sequence[Piece], inner_mm: Size, grams_max: int, prefer: Preference
) -> tuple[tuple[Placed, ...], tuple[Piece, ...]]:
    placed: list[Placed] = []
    left: list[Piece] = []
    too_large: set[Size] = set()  # what found no place finds none later: a box only gets fuller
    corners = {(0, 0)}
    grams = 0
    for piece in ordered:
        is_possible = grams + piece.grams <= grams_max and piece.size_mm not in too_large
        found = _find_place(piece, inner_mm, placed, sorted(corners), prefer) if is_possible else None
        if found is None:
            left.append(piece)
            if is_possible:
                too_large.add(piece.size_mm)
            continue
        placed.append(found)
        grams += piece.grams
        x, y, _ = found.at_mm
        corners |= {(x + found.size_mm[0], y), (x, y + found.size_mm[1])}
    return tuple(placed), tuple(left)


def _largest_first(piece: Piece) -> tuple[int, int, str, str]:
    return -piece.volume, -max(piece.size_mm), piece.line_id, piece.sku


def _find_place(
    piece: Piece, inner_mm: Size, placed: Sequence[Placed], corners: Sequence[tuple[int, int]], prefer: Preference
) -> Placed | None:
    """The place that is preferred of all that there are; None: there is none."""
    xs, ys = np.array(corners, dtype=np.int64).T
    low = np.array([one.at_mm for one in placed], dtype=np.int64).reshape(-1, 3)
    high = low + np.array([one.size_mm for one in placed], dtype=np.int64).reshape(-1, 3)
    best: tuple[tuple[int, ...], Placed] | None = None
    for size in sorted({(a, b, c) for a, b, c in permutations(piece.size_mm)}):
        fits = (xs + size[0] <= inner_mm[0]) & (ys + size[1] <= inner_mm[1])
        x, y = xs[fits], ys[fits]
        z = _floors(x, y, size, low, high)
        room = z + size[2] <= inner_mm[2]
        if not room.any():
            continue
        x, y, z = x[room], y[room], z[room]
        ranks = prefer(z + size[2], x, y, size)
        at = int(np.lexsort(ranks[::-1])[0])
        rank = tuple(int(one[at]) for one in ranks)
        if best is None or rank < best[0]:
            best = rank, Placed(piece, (int(x[at]), int(y[at]), int(z[at])), size)
    return best[1] if best else None


def _floors(x: Ints, y: Ints, size: Size, low: Ints, high: Ints) -> Ints:
    """The heights on which a piece of this size comes to lie at these places, over pieces between two corners each."""
    if not len(low):
        return np.zeros_like(x)
    is_over = (
        (x[:, None] < high[:, 0])
        & (low[:, 0] < x[:, None] + size[0])
        & (y[:, None] < high[:, 1])
        & (low[:, 1] < y[:, None] + size[1])
    )
    tops: Ints = np.where(is_over, high[:, 2], 0).max(axis=1, initial=0)
    return tops
