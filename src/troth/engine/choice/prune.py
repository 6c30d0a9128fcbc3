"""Candidates that cannot be in any cheaper plan are dropped before subsets are priced. Dropping them never changes the
optimal cost.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.transit import NEVER
from troth.engine.demand.problem import Columns, Problem

_PIVOTS_MAX: Final = 128
_TRIES: Final = 8
_WORTH_MORE: Final = 0.04
"""Pivots go on while each few of them drop such a share of the columns."""


def undominated(problem: Problem, columns: Columns, protected: NDArray[np.bool_] | None = None) -> NDArray[np.intp]:
    """The columns (ascending) that are left when those that some other column beats are dropped.

    Column a beats b where it can send whole every line that b can, at no more per line, per shipment and at every
    weight; of two equal columns the first stays. Whatever b sends, a sends for no more, so the optimum over what is
    left is the optimum over all. Only the most promising columns are tried as a: that leaves some dominated ones in,
    which costs time and nothing else.
    Columns that are `protected` (C) are never dropped.
    """
    is_possible = columns.penalty < NEVER
    has_any = is_possible.any(axis=0)
    possible = np.flatnonzero(has_any if protected is None else has_any | protected)
    penalty = np.minimum(columns.penalty.take(possible, axis=1), NEVER)
    fixed, own = columns.fixed[possible], columns.rate_lane[possible]
    # The score never falls where a column gets worse in any respect: whatever beats a column stands before it.
    score = np.minimum(penalty, 1e9).sum(axis=0) + fixed + problem.offer.lane_scores[own]
    order = np.argsort(score, kind="stable")
    kept, penalty, fixed, own = possible[order], penalty.take(order, axis=1), fixed[order], own[order]
    has = _as_bits(is_possible.take(kept, axis=1))
    alive = np.ones(kept.size, dtype=np.bool_)
    is_open = alive if protected is None else ~protected[kept]
    dearer = problem.offer.is_dearer
    pivots = dropped = 0
    for pivot in range(kept.size):
        if not alive[pivot]:
            continue
        behind = slice(pivot + 1, None)
        # What stays is mostly told by what it has: the costs of few are compared.
        is_rival = alive[behind] & is_open[behind] & (has[behind] & ~has[pivot] == 0) & (fixed[behind] >= fixed[pivot])
        rivals = pivot + 1 + np.flatnonzero(is_rival & dearer[own[pivot]][own[behind]])
        beaten = rivals[(penalty.take(rivals, axis=1) >= penalty[:, pivot : pivot + 1]).all(axis=0)]
        alive[beaten] = False
        pivots, dropped = pivots + 1, dropped + beaten.size
        if pivots == _PIVOTS_MAX:
            break
        if pivots % _TRIES == 0:
            if dropped < kept.size * _WORTH_MORE:
                break
            dropped = 0
    return np.sort(kept[alive])


def _as_bits(is_set: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Each column's rows (K, C; the first 62) as the bits of one number."""
    bits = 1 << np.arange(min(is_set.shape[0], 62), dtype=np.int64)
    numbers: NDArray[np.int64] = bits @ is_set[: bits.size].astype(np.int64)
    return numbers
