"""Prices made again while a horizon runs, from rates that were learned before it and are corrected during it."""

from dataclasses import field
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.model.value import dataclass
from troth.planning.assignment import assign
from troth.planning.merging import Merged, merge_regions
from troth.planning.prices import Effort, price_units
from troth.planning.rates import Grouping, learn_rates, product, update_rates
from troth.replay.families.instance import DECIMALS, Instance

_DOUBT: Final = 0.04  # the variance that errors are thought to have, where nobody says how rates were found
_FIRST_SHARE: Final = 0.005
_EARLY_SHARE: Final = 0.1


def groups_of(instance: Instance) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The order type and the region of each class (C): what its rate may be off with."""
    regions = len(instance.family.regions)
    classes = np.arange(instance.classes.count, dtype=np.intp)
    return classes // regions, classes % regions


def count_orders(instance: Instance, arrivals: NDArray[np.intp]) -> NDArray[np.float64]:
    """How many orders of each class (C) are among the arrivals."""
    return np.bincount(arrivals[arrivals >= 0], minlength=instance.classes.count).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Rates (C) a period as they are thought to be, and the variance of errors by groups of classes."""

    rates: NDArray[np.float64]
    groupings: tuple[Grouping, ...]


def learn_from(instance: Instance, earlier: NDArray[np.intp]) -> Forecast:
    """The forecast from the arrivals of one earlier horizon, as sure as its counts are."""
    counts, groups = count_orders(instance, earlier), groups_of(instance)
    return Forecast(
        learn_rates(counts, groups) / earlier.size,
        tuple(Grouping(group, 1.0 / np.maximum(1.0, np.bincount(group, counts))) for group in groups),
    )


def spoil_rates(instance: Instance, generator: np.random.Generator) -> Forecast:
    """A forecast that is badly wrong: lognormal errors with deviation 0.5 by order type and 0.3 by region. It is
    thought to be better than that.
    """
    types, regions = groups_of(instance)
    by_type = generator.lognormal(0.0, 0.5, int(types.max()) + 1)
    by_region = generator.lognormal(0.0, 0.3, int(regions.max()) + 1)
    wrong = instance.rates * by_type[types] * by_region[regions]
    return Forecast(
        wrong * (instance.rates.sum() / wrong.sum()),
        (Grouping(types, np.full(by_type.size, _DOUBT)), Grouping(regions, np.full(by_region.size, _DOUBT))),
    )


def price_times(periods: int, count: int) -> list[int]:
    """At which periods prices are made: `count` of them, the first at once, closer to each other towards the end.

    >>> price_times(1000, 4)
    [0, 350, 646, 875]
    """
    return [round(periods * (1.0 - (1.0 - step / count) ** 1.5)) for step in range(count)]


def price_times_in_doubt(periods: int, count: int) -> list[int]:
    """The same where rates may be badly wrong: half of them early, as soon as what has come tells something.

    >>> price_times_in_doubt(1000, 8)
    [0, 5, 22, 100, 356, 582, 772, 920]
    """
    early = np.geomspace(_FIRST_SHARE, _EARLY_SHARE, count // 2 - 1).tolist()
    rest = count - len(early) - 1
    late = [1.0 - (1.0 - _EARLY_SHARE) * (1.0 - step / (rest + 1)) ** 1.5 for step in range(1, rest + 1)]
    return [0, *(round(periods * share) for share in (*early, *late))]


def merge(instance: Instance, regions_max: int) -> Merged:
    """The instance's classes with fewer regions, as prices are made from them."""
    return merge_regions(instance.classes, instance.rates, regions_max)


@dataclass(slots=True)
class Planner:
    """Makes the prices of an instance, each time from those before, from a forecast that what has come corrects."""

    instance: Instance
    merged: Merged
    forecast: Forecast
    generator: np.random.Generator
    effort: Effort
    corrects: bool = True
    _prices: NDArray[np.float64] | None = field(default=None, init=False)

    def __call__(self, over: int, left: NDArray[np.int64], past: NDArray[np.intp]) -> NDArray[np.float64]:
        """The price of each pair (P) after so many periods, with these units left and these arrivals past."""
        expected = self.forecast.rates * (self.instance.family.periods - over)
        counts = count_orders(self.instance, past)
        factors = update_rates(self.forecast.rates * over, counts, self.forecast.groupings) if self.corrects else ()
        mean = expected * product(factors, counts.size)

        def draw(generator: np.random.Generator) -> NDArray[np.float64]:
            rate = expected.copy()
            for one in factors:
                rate *= one.draw(generator)
            return generator.poisson(self.merged.demand(rate)).astype(np.float64)

        self._prices = price_units(
            partial(assign, self.merged.classes),
            self.merged.demand(mean),
            left,
            self.generator,
            start=self._prices,
            effort=self.effort,
            draw=draw,
        )
        return self._prices.round(DECIMALS)
