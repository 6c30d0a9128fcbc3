"""Candidates that cannot be in any cheaper plan are dropped before subsets are priced. Dropping them never changes the
optimal cost.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.problem import Columns, Problem
from troth.engine.transit import NEVER

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
    is_possible = (columns.penalty < NEVER).any(axis=0)
    if protected is None:
        protected = np.zeros(is_possible.size, dtype=np.bool_)
    possible = np.flatnonzero(is_possible | protected)
    penalty = np.minimum(columns.penalty[:, possible], NEVER)
    fixed, own = columns.fixed[possible], columns.rate_lane[possible]
    # The score never falls where a column gets worse in any respect: whatever beats a column stands before it.
    score = np.minimum(penalty, 1e9).sum(axis=0) + fixed + problem.offer.lane_scores[own]
    order = np.argsort(score, kind="stable")
    kept, penalty, fixed, own = possible[order], penalty[:, order], fixed[order], own[order]
    is_open = ~protected[kept]
    dearer = problem.offer.is_dearer
    size = kept.size
    for pivot in range(_PIVOTS_MAX):
        if pivot + 1 >= kept.size:
            break
        if pivot and pivot % _TRIES == 0:
            if kept.size > size * (1.0 - _WORTH_MORE):
                break
            size = kept.size
        behind = slice(pivot + 1, None)
        is_beaten = is_open[behind] & (fixed[behind] >= fixed[pivot]) & dearer[own[pivot]][own[behind]]
        is_beaten &= (penalty[:, behind] >= penalty[:, pivot : pivot + 1]).all(axis=0)
        if is_beaten.any():
            alive = np.concatenate([np.arange(pivot + 1), pivot + 1 + np.flatnonzero(~is_beaten)])
            kept, penalty, fixed, own = kept[alive], penalty[:, alive], fixed[alive], own[alive]
            is_open = is_open[alive]
    return np.sort(kept)
