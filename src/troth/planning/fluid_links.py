"""Which line of which class of orders can come from which source, and the columns that such links are in a program
that may send fractions.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from troth.model.value import dataclass
from troth.planning.classes import OrderClasses
from troth.planning.linear_program import LinearProgram


@dataclass(frozen=True, eq=False)
class Links:
    """Of each link (L), class by class: its `line` and `source`, the `pair` that a unit of it takes, what the unit
    costs, and its `parcel`; of each parcel (B), which is a class and a source of it: the class and what it costs.
    """

    classes: OrderClasses
    line: NDArray[np.intp]
    source: NDArray[np.intp]
    pair: NDArray[np.intp]
    unit: NDArray[np.float64]
    parcel: NDArray[np.intp]
    parcel_class: NDArray[np.intp]
    parcel_fixed: NDArray[np.float64]

    @cached_property
    def link_class(self) -> NDArray[np.intp]:
        """The class of each link (L)."""
        return self.classes.incidence[0][self.line]

    def pose(self, stock: NDArray[np.float64]) -> LinearProgram:
        """A program without columns whose rows are: each line is sent whole; no fraction of a line is larger than its
        parcel's (a row for each link); no pair sends more than its stock (P, or none at all).
        """
        lines, links = self.classes.incidence[0].size, self.line.size
        return LinearProgram(
            np.concatenate([np.ones(lines), np.full(links + stock.size, -np.inf)]),
            np.concatenate([np.ones(lines), np.zeros(links), stock]),
        )

    def add_columns(
        self,
        program: LinearProgram,
        link_costs: NDArray[np.float64],
        parcel_costs: NDArray[np.float64],
        taken: NDArray[np.float64] | None = None,
    ) -> None:
        """Add a column for each link and then for each parcel; `taken` (L) is what a link takes of its pair's stock
        (None: there are no rows of stock).
        """
        lines, links = self.classes.incidence[0].size, self.line.size
        holds = (self.source < self.classes.node_count) & (taken is not None)
        rows = np.column_stack([self.line, lines + np.arange(links), lines + links + np.where(holds, self.pair, 0)])
        values = np.column_stack([np.ones((links, 2)), np.zeros(links) if taken is None else taken])
        used = np.column_stack([np.ones((links, 2), dtype=np.bool_), holds])
        starts = np.concatenate([[0], np.cumsum(used.sum(axis=1))[:-1]]).astype(np.intp)
        program.add_columns(link_costs, starts, rows[used], values[used])
        order = np.argsort(self.parcel, kind="stable")
        first = np.searchsorted(self.parcel[order], np.arange(self.parcel_class.size)).astype(np.intp)
        program.add_columns(parcel_costs, first, lines + order, np.full(links, -1.0))


def find_links(classes: OrderClasses) -> Links:
    """The links of all classes: a line can come from every source that carries its item."""
    sources = classes.unit.shape[1]
    line_class, line_item = classes.incidence
    line, source = np.nonzero(classes.is_carried[line_item])
    region = classes.region[line_class[line]]
    opened, parcel = np.unique(line_class[line] * sources + source, return_inverse=True)
    parcel_class, parcel_source = np.divmod(opened, sources)
    return Links(
        classes=classes,
        line=line.astype(np.intp),
        source=source.astype(np.intp),
        pair=np.where(source < classes.node_count, line_item[line] * classes.node_count + source, classes.pair_count),
        unit=classes.unit[region, source],
        parcel=parcel.astype(np.intp),
        parcel_class=parcel_class.astype(np.intp),
        parcel_fixed=classes.fixed[classes.region[parcel_class], parcel_source],
    )
