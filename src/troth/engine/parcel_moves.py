"""A good plan of three parcels quickly: lines move one by one between the three candidates while that saves something.

It proves nothing; a good plan spares most of the work of proving.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.possible_parcels import Parcels, price_parcels, whole_loads
from troth.engine.problem import Columns, Problem
from troth.engine.scoring import parcel_rates

_BARRED: Final = 1e7
_EASE: Final = 1e-6
_MOVES_MAX: Final = 40
_PRICED: Final = 4


def move_lines(problem: Problem, columns: Columns, trios: NDArray[np.intp]) -> Parcels | None:
    """The cheapest plan found of these trios (3, T) of columns, None where no plan of theirs sends every line."""
    weights, volumes = whole_loads(problem)
    lane, at = columns.rate_lane[trios], np.arange(trios.shape[1])
    penalty = np.minimum(columns.penalty[:, trios], _BARRED)
    whole = parcel_rates(problem.offer, np.array([weights.sum()]), np.array([volumes.sum()]))[0]
    sender = (penalty + (weights / max(weights.sum(), 1.0))[:, np.newaxis, np.newaxis] * whole[lane]).argmin(axis=1)
    for _ in range(_MOVES_MAX):
        is_sent = sender[:, np.newaxis] == np.arange(3)[:, np.newaxis]
        grams, room = (np.einsum("k,kmt->mt", load, is_sent) for load in (weights, volumes))
        now = _rate(problem, grams, room, lane)
        add = (weights[:, np.newaxis, np.newaxis], volumes[:, np.newaxis, np.newaxis])
        more = _rate(problem, grams + add[0], room + add[1], lane) - now + penalty
        less = _rate(problem, np.maximum(grams - add[0], 0.0), np.maximum(room - add[1], 0.0), lane) - now - penalty
        saved = np.where(is_sent, np.inf, more) + np.where(is_sent, less, 0.0).sum(axis=1)[:, np.newaxis]
        best = saved.reshape(-1, at.size).argmin(axis=0)
        line, to = np.divmod(best, 3)
        is_better = saved[line, to, at] < -_EASE
        if not is_better.any():
            break
        sender[line[is_better], at[is_better]] = to[is_better]
    is_sent = sender[:, np.newaxis] == np.arange(3)[:, np.newaxis]
    grams, room = (np.einsum("k,kmt->mt", load, is_sent) for load in (weights, volumes))
    cost = _rate(problem, grams, room, lane).sum(axis=0) + columns.fixed[trios].sum(axis=0)
    cost += np.where(is_sent, penalty, 0.0).sum(axis=(0, 1))
    return _price_plans(problem, columns, trios, is_sent, np.argsort(cost, kind="stable")[:_PRICED])


def _rate(
    problem: Problem, grams: NDArray[np.float64], room: NDArray[np.float64], lane: NDArray[np.intp]
) -> NDArray[np.float64]:
    """What parcels of these weights and volumes are billed on their rate lanes."""
    rates = parcel_rates(problem.offer, grams.reshape(-1), room.reshape(-1))
    own: NDArray[np.float64] = rates[np.arange(grams.size), np.broadcast_to(lane, grams.shape).reshape(-1)]
    return own.reshape(grams.shape)


def _price_plans(
    problem: Problem, columns: Columns, trios: NDArray[np.intp], is_sent: NDArray[np.bool_], some: NDArray[np.intp]
) -> Parcels | None:
    """The cheapest of some of the plans, as parcels that hold something, with what they really cost."""
    best: Parcels | None = None
    bits = 1 << np.arange(is_sent.shape[0], dtype=np.int64)
    for at in some.tolist():
        lines = bits @ is_sent[:, :, at]
        found = price_parcels(problem, columns, lines[lines > 0], trios[lines > 0, at])
        if found.cost.sum() < (_BARRED if best is None else best.cost.sum()):
            best = found
    return best
