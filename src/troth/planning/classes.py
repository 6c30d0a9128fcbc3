"""Orders that are alike: what they ask for, where they go, and what it costs to send it from each source."""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.model.value import dataclass

_GROUP_MIN: Final = 192  # below this the calls of an array library take longer than their work


@dataclass(frozen=True, slots=True, eq=False)
class ClassGroup:
    """G classes of at most K items: their positions (G), and by source: `pairs` and `unit` (N, K, G; inf: not carried),
    `fixed` (N, G). A class of fewer items is filled up with lines that cost nothing; `is_line` (K, G) tells them apart.
    """

    classes: NDArray[np.intp]
    pairs: NDArray[np.intp]
    unit: NDArray[np.float64]
    fixed: NDArray[np.float64]
    is_line: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class OrderClasses:
    """C classes of orders over I items, R regions, M nodes and N >= M sources; a source that is no node holds no stock.

    Each class asks for one unit of each of its `items` (positions) in its `region` (C). `fixed` (R, N) is paid for each
    source that an order uses, `unit` (R, N) for each unit from it; `is_carried` (I, N) says what a source can ever
    send. Costs are in any one currency. A pair is item * M + node; what comes from a source that is no node has the
    pair I * M, which is one too many on purpose.
    """

    items: tuple[tuple[int, ...], ...]
    region: NDArray[np.intp]
    item_count: int
    node_count: int
    fixed: NDArray[np.float64]
    unit: NDArray[np.float64]
    is_carried: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """How many classes there are."""
        return len(self.items)

    @property
    def pair_count(self) -> int:
        """How many pairs of item and node there are."""
        return self.item_count * self.node_count

    @cached_property
    def sizes(self) -> NDArray[np.intp]:
        """How many items (C) each class asks for."""
        return np.array([len(items) for items in self.items], dtype=np.intp)

    @cached_property
    def groups(self) -> tuple[ClassGroup, ...]:
        """The classes by their number of items, smallest first; sizes of few classes stand together."""
        groups, waiting = [], np.zeros(0, dtype=np.intp)
        sizes = np.unique(self.sizes).tolist()
        for size in sizes:
            waiting = np.concatenate([waiting, np.flatnonzero(self.sizes == size)])
            if waiting.size >= _GROUP_MIN or size == sizes[-1]:
                groups.append(self._group(size, waiting))
                waiting = waiting[:0]
        return tuple(groups)

    @cached_property
    def incidence(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """For each line of each class, one after the other: its class and its item."""
        lines = [(one, item) for one, items in enumerate(self.items) for item in items]
        table = np.array(lines, dtype=np.intp).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    def select(self, classes: Sequence[int] | NDArray[np.intp]) -> "OrderClasses":
        """Only some of the classes, in the order given."""
        chosen = np.asarray(classes, dtype=np.intp)
        return OrderClasses(
            tuple(self.items[one] for one in chosen.tolist()),
            self.region[chosen],
            self.item_count,
            self.node_count,
            self.fixed,
            self.unit,
            self.is_carried,
        )

    def _group(self, size: int, classes: NDArray[np.intp]) -> ClassGroup:
        rows = [(*self.items[one], *(-1,) * (size - len(self.items[one]))) for one in classes.tolist()]
        items = np.array(rows, dtype=np.intp).reshape(-1, size)
        is_line = items.T >= 0
        sources = np.arange(self.unit.shape[1], dtype=np.intp)[:, np.newaxis, np.newaxis]
        holds = is_line & (sources < self.node_count)
        pairs = np.where(holds, items.T[np.newaxis] * self.node_count + sources, self.pair_count)
        unit = self.unit[self.region[classes]].T[:, np.newaxis, :]
        charged = np.where(self.is_carried[items.T].transpose(2, 0, 1), unit, np.inf)
        charged = np.where(is_line, charged, 0.0)
        return ClassGroup(classes, pairs, charged, np.ascontiguousarray(self.fixed[self.region[classes]].T), is_line)
