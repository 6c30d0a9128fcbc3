"""The least that any policy could have paid, knowing every order in advance: what a promise engine is measured by.

The bound is the Lagrangian of stock over the orders that came, each class served by whole assignments. Whatever the
prices, it is never above the cost of any way to serve these orders; the climb only makes it sharper. With assignments
in fractions the same climb bounds the fluid program.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.model.value import dataclass
from troth.planning.ascent import AssignAt, climb
from troth.planning.assignment import assign
from troth.planning.classes import OrderClasses
from troth.planning.merging import Merged

AssignerOf = Callable[[OrderClasses], AssignAt]
"""What assigns some classes at prices."""

_STRIDE_SHARE: Final = 0.04
_STRIDE_SHARE_NEAR: Final = 0.1


def assign_whole(classes: OrderClasses) -> AssignAt:
    """Whole assignments of these classes: each line comes from one source."""
    return partial(assign, classes)


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
    near: Hindsight | None = None,
    assigner_of: AssignerOf = assign_whole,
) -> Hindsight:
    """The bound for the orders that came of each class (C) on the stock at the start (P).

    With `merged` classes most of the climb is done on them, and only its last `steps` on the classes themselves.
    A `FluidAssigner` bounds the fluid program instead; the climb then begins at what the other bound found, which is
    `near`.
    """
    came = np.flatnonzero(counts > 0.0)
    own = classes.select(came)
    units = max(1.0, float(counts @ classes.sizes))
    start, stride = None, None
    if near is not None:
        start, stride = near.prices, _STRIDE_SHARE_NEAR * abs(near.bound) / units
    if merged is not None:
        wide, demand = assigner_of(merged.classes), merged.demand(counts)
        first = climb(wide, demand, stock, steps=steps_merged, start=start, stride=stride)
        start, stride = first.prices, _STRIDE_SHARE * abs(first.bound) / units
    best = climb(assigner_of(own), counts[came], stock, steps=steps, start=start, stride=stride)
    return Hindsight(best.bound, best.prices)
