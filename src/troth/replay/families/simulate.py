"""One sequence of arrivals under prices: each order takes its cheapest assignment of what is left.

Orders of a class share one assignment until a pair of it is sold out or prices change: choices that disappear elsewhere
never make it dearer than another. So this is what the engine would choose order by order, at a fraction of the time.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from troth.model.value import dataclass
from troth.planning.assignment import Assignment, assign
from troth.planning.classes import OrderClasses

Reprice = Callable[[int, NDArray[np.int64], NDArray[np.intp]], NDArray[np.float64]]
"""The price of each pair (P) from the periods that are over, the units left (P) and the arrivals so far (-1: none)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a sequence cost, in how many packages, and how many units were not served from stock."""

    cost: float = 0.0
    packages: int = 0
    unserved: int = 0

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(self.cost + other.cost, self.packages + other.packages, self.unserved + other.unserved)


def serve_cheapest(
    classes: OrderClasses,
    stock: NDArray[np.int64],
    arrivals: NDArray[np.intp],
    reprice: Reprice,
    times: Sequence[int] = (0,),
) -> Outcome:
    """The outcome of `arrivals` (periods; -1: none) where prices are made anew at the periods `times`, 0 first."""
    left = stock.copy()
    total = Outcome()
    for start, end in zip(times, [*times[1:], arrivals.size], strict=True):
        prices = reprice(start, left.copy(), arrivals[:start])
        stretch = _Stretch(classes, left, arrivals[start:end], prices)
        total += stretch.run()
        left = stretch.left()
    return total


def serve_greedily(classes: OrderClasses, stock: NDArray[np.int64], arrivals: NDArray[np.intp]) -> Outcome:
    """The outcome where units have no price: each order takes what is cheapest for itself."""
    return serve_cheapest(classes, stock, arrivals, lambda _over, left, _past: np.zeros(left.size))


class _Stretch:
    """A stretch of arrivals at one set of prices: the assignments of its classes, and who uses which pair."""

    def __init__(
        self, classes: OrderClasses, left: NDArray[np.int64], arrivals: NDArray[np.intp], prices: NDArray[np.float64]
    ) -> None:
        wanted, orders = np.unique(arrivals[arrivals >= 0], return_inverse=True)
        self._classes = classes.select(wanted)
        self._orders: list[int] = orders.tolist()
        self._prices = np.where(left > 0, prices, np.inf)
        self._units: list[int] = left.tolist()
        self._pairs: list[list[int]] = [[] for _ in range(wanted.size)]
        self._outcomes = [Outcome()] * wanted.size
        self._users: defaultdict[int, set[int]] = defaultdict(set)
        self._place(range(wanted.size), assign(self._classes, self._prices))

    def run(self) -> Outcome:
        """Serve the stretch's orders; what they cost together."""
        units, pairs = self._units, self._pairs
        served = [0] * len(pairs)
        total = Outcome()
        for one in self._orders:
            served[one] += 1
            sold_out = False
            for pair in pairs[one]:
                units[pair] -= 1
                sold_out |= units[pair] == 0
            if sold_out:
                gone = [pair for pair in pairs[one] if units[pair] == 0]
                stale = sorted(set().union(*(self._users[pair] for pair in gone)))
                total += self._settle(stale, served)
                self._prices[gone] = np.inf
                self._place(stale, assign(self._classes.select(stale), self._prices))
        return total + self._settle(range(len(pairs)), served)

    def left(self) -> NDArray[np.int64]:
        """The units that are left (P)."""
        return np.array(self._units, dtype=np.int64)

    def _settle(self, classes: Sequence[int], served: list[int]) -> Outcome:
        """What the orders since the last settlement cost, and count from zero again."""
        cost, packages, unserved = 0.0, 0, 0
        for one in classes:
            if served[one]:
                own = self._outcomes[one]
                cost += served[one] * own.cost
                packages += served[one] * own.packages
                unserved += served[one] * own.unserved
                served[one] = 0
        return Outcome(cost, packages, unserved)

    def _place(self, classes: Sequence[int], found: Assignment) -> None:
        """Take over new assignments of some classes."""
        none = self._classes.pair_count
        packages = count_packages(found.sources).tolist()
        costs = found.cost.tolist()
        for at, (one, row) in enumerate(zip(classes, found.pairs.tolist(), strict=True)):
            for pair in self._pairs[one]:
                self._users[pair].discard(one)
            self._pairs[one] = own = [pair for pair in row if pair != none]
            for pair in own:
                self._users[pair].add(one)
            lines = int(self._classes.sizes[one])
            self._outcomes[one] = Outcome(costs[at], packages[at], lines - len(own))


def count_packages(sources: NDArray[np.intp]) -> NDArray[np.intp]:
    """How many different sources each row (C, K max; -1: no line) has.

    >>> import numpy as np
    >>> count_packages(np.array([[2, 0, 2], [1, -1, -1]])).tolist()
    [2, 1]
    """
    ordered = np.sort(sources, axis=1)
    changes = (ordered[:, 1:] != ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    counts: NDArray[np.intp] = (ordered[:, :1] >= 0).sum(axis=1) + changes.sum(axis=1)
    return counts
