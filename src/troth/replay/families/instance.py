"""The instance families of Jasin and Sinha: a network, items, order types, rates and stock, drawn from a generator."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.model.value import dataclass
from troth.planning.classes import OrderClasses
from troth.replay.families.places import CENTERS, SMALL_CENTERS, Place, big_regions, miles_between, small_regions

PARCEL: Final = 8.759
UNIT: Final = 0.423
UNIT_MILE: Final = 0.000541
DECIMALS: Final = 4
"""Costs are whole ten-thousandths of a dollar, so that the engine's whole minor units can hold them."""
HARD_UNIT: Final = 30.0
SAFETY: Final = 0.5


@dataclass(frozen=True, slots=True)
class Family:
    """What the instances of a family share; `is_hard`: a unit not served costs 30 and nothing per order."""

    name: str
    items: int
    centers: tuple[Place, ...]
    regions: tuple[Place, ...]
    periods: int
    size_max: int
    types_per_size: int
    carry_share: float
    is_hard: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One drawn instance.

    Class c is order type c // R in region c % R, for the types that are not empty; `rates` (C) are arrivals of each a
    period, `stock` (pairs) units at the start.
    """

    family: Family
    types: tuple[tuple[int, ...], ...]
    classes: OrderClasses
    rates: NDArray[np.float64]
    stock: NDArray[np.int64]
    nearest: NDArray[np.intp]


def families() -> dict[str, Family]:
    """The families by name."""
    small, big = small_regions(), big_regions()
    return {
        "small": Family("small", 20, SMALL_CENTERS, small, 10_000, 5, 5, 0.75),
        "small_hard": Family("small_hard", 20, SMALL_CENTERS, small, 10_000, 5, 5, 0.75, is_hard=True),
        "big_p50": Family("big_p50", 100, CENTERS, big, 100_000, 10, 10, 0.5),
        "big_p75": Family("big_p75", 100, CENTERS, big, 100_000, 10, 10, 0.75),
    }


def draw_instance(family: Family, generator: np.random.Generator) -> Instance:
    """One instance of a family."""
    types = tuple(
        tuple(sorted(generator.choice(family.items, size, replace=False).tolist()))
        for size in range(1, family.size_max + 1)
        for _ in range(family.types_per_size)
    )
    sizes = generator.random(family.size_max + 1)
    within = generator.random((family.size_max, family.types_per_size))
    type_rates = (sizes[1:] / sizes.sum())[:, np.newaxis] * within / within.sum(axis=1, keepdims=True)
    people = np.array([place.weight for place in family.regions])
    rates = np.outer(type_rates.reshape(-1), people / people.sum())
    miles = miles_between(family.centers, family.regions)
    carries = generator.random((family.items, len(family.centers))) < family.carry_share
    classes = _classes(family, types, miles, carries)
    stock = _stock(family, types, rates, miles, carries)
    nearest = np.argsort(miles.T, axis=1, kind="stable")
    return Instance(family, types, classes, rates.reshape(-1), stock, nearest)


def draw_arrivals(instance: Instance, rates: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.intp]:
    """The classes (periods) of one horizon's arrivals, -1 for the empty order."""
    cumulated = np.cumsum(rates)
    drawn = cumulated.searchsorted(generator.random(instance.family.periods), side="right")
    return np.where(drawn < rates.size, drawn, -1).astype(np.intp)


def _classes(
    family: Family, types: tuple[tuple[int, ...], ...], miles: NDArray[np.float64], carries: NDArray[np.bool_]
) -> OrderClasses:
    nodes, regions = miles.shape
    unit = np.empty((regions, nodes + 1))
    unit[:, :nodes] = UNIT + UNIT_MILE * miles.T
    unit[:, nodes] = HARD_UNIT if family.is_hard else 2.0 * unit[:, :nodes].max(axis=1)
    fixed = np.full((regions, nodes + 1), PARCEL)
    fixed[:, nodes] = 0.0 if family.is_hard else 2.0 * PARCEL
    return OrderClasses(
        items=tuple(items for items in types for _ in range(regions)),
        region=np.tile(np.arange(regions, dtype=np.intp), len(types)),
        item_count=family.items,
        node_count=nodes,
        fixed=fixed,
        unit=unit.round(DECIMALS),
        is_carried=np.column_stack([carries, np.ones(family.items, dtype=np.bool_)]),
    )


def _stock(
    family: Family,
    types: tuple[tuple[int, ...], ...],
    rates: NDArray[np.float64],
    miles: NDArray[np.float64],
    carries: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """The demand of the horizon by nearest carrier, and half its deviation more."""
    demand = np.zeros((family.items, rates.shape[1]))
    for items, row in zip(types, rates, strict=True):
        demand[list(items)] += row
    reach = np.where(carries[:, :, np.newaxis], miles[np.newaxis], np.inf)
    nearest = reach.argmin(axis=1)
    share = np.zeros((family.items, miles.shape[0]))
    for item in np.flatnonzero(carries.any(axis=1)):
        share[item] = np.bincount(nearest[item], demand[item], minlength=miles.shape[0])
    mean = family.periods * share
    return np.round(mean + SAFETY * np.sqrt(mean * (1.0 - share))).astype(np.int64).reshape(-1)
