"""The least that any policy could have paid, knowing every order in advance: what a promise engine is measured by.

The bound is the Lagrangian of stock over the orders that came, each class served by whole assignments. Whatever the
prices, it is never above the cost of any way to serve these orders; the climb only makes it sharper.
"""

from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.planning.ascent import climb
from troth.planning.assignment import assign
from troth.planning.classes import OrderClasses
from troth.planning.merging import Merged

_STRIDE_SHARE: Final = 0.04


@dataclass(frozen=True, slots=True, eq=False)
class Hindsight:
    """The bound on the cost of all orders that came, and the prices (P) that prove it."""

    bound: float
    prices: NDArray[np.float64]


def bound_hindsight(
    classes: OrderClasses,
    counts: NDArray[np.float64],
    stock: NDArray[np.int64],
    *,
    steps: int = 300,
    merged: Merged | None = None,
    steps_merged: int = 150,
) -> Hindsight:
    """The bound for the orders that came of each class (C) on the stock at the start (P).

    With `merged` classes most of the climb is done on them, and only its last `steps` on the classes themselves.
    """
    came = np.flatnonzero(counts > 0.0)
    own = classes.select(came)
    start, stride = None, None
    if merged is not None:
        first = climb(partial(assign, merged.classes), merged.demand(counts), stock, steps=steps_merged)
        units = max(1.0, float(counts @ classes.sizes))
        start, stride = first.prices, _STRIDE_SHARE * abs(first.bound) / units
    best = climb(partial(assign, own), counts[came], stock, steps=steps, start=start, stride=stride)
    return Hindsight(best.bound, best.prices)
