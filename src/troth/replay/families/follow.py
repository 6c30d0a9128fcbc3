"""One sequence of arrivals under choices that were made without looking at the stock that is left."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from troth.planning.assignment import assign
from troth.planning.classes import OrderClasses
from troth.replay.families.rounding import Round
from troth.replay.families.simulate import Outcome


def draw_choices(
    classes: OrderClasses,
    shares: NDArray[np.float64],
    arrivals: NDArray[np.intp],
    round_shares: Round,
    generator: np.random.Generator,
) -> NDArray[np.intp]:
    """The source (orders, K max; -1: no line) of each line of each order that is not empty, from the shares (C, K max,
    N) of its class.
    """
    orders = arrivals[arrivals >= 0]
    chosen = np.full((orders.size, shares.shape[1]), -1, dtype=np.intp)
    for one in np.unique(orders).tolist():
        rows = np.flatnonzero(orders == one)
        size = int(classes.sizes[one])
        chosen[rows, :size] = round_shares(shares[one, :size].clip(min=0.0), rows.size, generator)
    return chosen


def follow(
    classes: OrderClasses,
    stock: NDArray[np.int64],
    arrivals: NDArray[np.intp],
    choices: NDArray[np.intp],
    *,
    retries: bool,
) -> Outcome:
    """The outcome of the choices (orders, K max).

    A line whose choice is sold out is not served; with `retries` its whole order is decided anew on the stock that is
    left, at its least cost.
    """
    run = _Run(classes, stock)
    for one, row in zip(arrivals[arrivals >= 0].tolist(), choices.tolist(), strict=True):
        sources = row[: len(classes.items[one])]
        if not run.has(one, sources):
            sources = run.cheapest(one) if retries else run.reduced(one, sources)
        run.send(one, sources)
    return run.total()


def serve_nearest(
    classes: OrderClasses, stock: NDArray[np.int64], arrivals: NDArray[np.intp], nearest: NDArray[np.intp]
) -> Outcome:
    """The outcome where each line comes from the nearest node (R, M: nodes by distance) that has it."""
    run = _Run(classes, stock)
    by_region = nearest.tolist()
    regions = classes.region.tolist()
    for one in arrivals[arrivals >= 0].tolist():
        run.send(one, [run.first_with(item, by_region[regions[one]]) for item in classes.items[one]])
    return run.total()


class _Run:
    """Stock as it is taken, and what it costs. Not to serve is the first source that is no node."""

    def __init__(self, classes: OrderClasses, stock: NDArray[np.int64]) -> None:
        self._classes = classes
        self._nodes = classes.node_count
        self._units: list[int] = stock.tolist()
        self._fixed: list[list[float]] = classes.fixed.tolist()
        self._unit: list[list[float]] = classes.unit.tolist()
        self._regions: list[int] = classes.region.tolist()
        self._best: dict[int, list[int]] = {}
        self._cost, self._packages, self._unserved = 0.0, 0, 0

    def total(self) -> Outcome:
        """What has been sent, and its cost."""
        return Outcome(self._cost, self._packages, self._unserved)

    def has(self, one: int, sources: Sequence[int]) -> bool:
        """Whether the items of a class can come from these sources now."""
        return all(
            source >= self._nodes or self._units[item * self._nodes + source] > 0
            for item, source in zip(self._classes.items[one], sources, strict=True)
        )

    def reduced(self, one: int, sources: Sequence[int]) -> list[int]:
        """The same sources, without what they do not have."""
        return [
            source if source >= self._nodes or self._units[item * self._nodes + source] > 0 else self._nodes
            for item, source in zip(self._classes.items[one], sources, strict=True)
        ]

    def first_with(self, item: int, nodes: Sequence[int]) -> int:
        """The first of the nodes that has the item."""
        return next((node for node in nodes if self._units[item * self._nodes + node] > 0), self._nodes)

    def cheapest(self, one: int) -> list[int]:
        """The sources with the least cost now; remembered until one of them is sold out."""
        best = self._best.get(one)
        if best is None or not self.has(one, best):
            prices = np.where(np.array(self._units) > 0, 0.0, np.inf)
            found = assign(self._classes.select([one]), prices)
            best = self._best[one] = [int(source) for source in found.sources[0]]
        return best

    def send(self, one: int, sources: Sequence[int]) -> None:
        """Take the items of a class from these sources."""
        region = self._regions[one]
        used = set(sources)
        self._cost += sum(self._fixed[region][source] for source in used)
        self._packages += len(used)
        for item, source in zip(self._classes.items[one], sources, strict=True):
            self._cost += self._unit[region][source]
            if source >= self._nodes:
                self._unserved += 1
            else:
                self._units[item * self._nodes + source] -= 1
