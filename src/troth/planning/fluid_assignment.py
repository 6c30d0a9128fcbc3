"""The cheapest way to serve every class of orders at given prices where lines may be sent in fractions: the fluid
program without its stock. It falls apart into classes, so it is fit for any number of them.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.planning.assignment import Assignment
from troth.planning.classes import OrderClasses
from troth.planning.fluid_links import find_links
from troth.planning.totals import sum_by

_CLASSES_AT_ONCE: Final = 200
"""Programs of so many classes are solved together: apart, each would take longer to begin than to solve."""

_PRICE_MAX: Final = 1e4
"""The price of what is sold out, where an infinite one is none to a program."""


class FluidAssigner:
    """Assigns classes at prices, again and again: each time the programs begin at their last solutions."""

    def __init__(self, classes: OrderClasses) -> None:
        """Pose the programs of all classes."""
        self._classes = classes
        self._links = links = find_links(classes)
        self._programs = []
        for start in range(0, classes.count, _CLASSES_AT_ONCE):
            some = find_links(classes.select(np.arange(start, min(start + _CLASSES_AT_ONCE, classes.count))))
            program = some.pose(np.zeros(0))
            some.add_columns(program, some.unit, some.parcel_fixed)
            self._programs.append((program, some.line.size, some.parcel_class.size))
        counts = np.bincount(links.link_class, minlength=classes.count)
        first = np.cumsum(counts) - counts
        self._place = links.link_class, np.arange(links.line.size) - first[links.link_class]
        shape = classes.count, int(counts.max(initial=1))
        self._sources, self._pairs = (
            np.full(shape, -1, dtype=np.intp),
            np.full(shape, classes.pair_count, dtype=np.intp),
        )
        self._sources[self._place], self._pairs[self._place] = links.source, links.pair

    def __call__(self, prices: NDArray[np.float64]) -> Assignment:
        """The cheapest assignment of each class where a unit of a pair costs its price (P; inf: sold out) more; it has
        a column for each link of a class, and `units` says which fraction of a unit comes by it.
        """
        links, price = self._links, np.append(np.minimum(prices, _PRICE_MAX), 0.0)
        charged = links.unit + price[links.pair]
        fractions, parcels = np.empty(links.line.size), np.empty(links.parcel_class.size)
        link = parcel = 0
        for program, own_links, own_parcels in self._programs:
            of_links, of_parcels = slice(link, link + own_links), slice(parcel, parcel + own_parcels)
            program.change_costs(np.concatenate([charged[of_links], links.parcel_fixed[of_parcels]]))
            values = program.solve().values
            fractions[of_links], parcels[of_parcels] = values[:own_links], values[own_links:]
            link, parcel = link + own_links, parcel + own_parcels
        fixed = sum_by(links.parcel_class, links.parcel_fixed * parcels, self._classes.count)
        units = np.zeros(self._pairs.shape)
        units[self._place] = fractions
        return Assignment(
            value=fixed + sum_by(links.link_class, charged * fractions, self._classes.count),
            cost=fixed + sum_by(links.link_class, links.unit * fractions, self._classes.count),
            sources=self._sources,
            pairs=self._pairs,
            pair_count=self._classes.pair_count,
            units=units,
        )
