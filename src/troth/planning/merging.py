"""Fewer classes that stand for many: regions that are reached at much the same cost become one.

Prices of units hardly change by it, and making them takes a fraction of the time. Orders are still decided one by one
at their own costs: only the demand that prices are made from is coarser.
"""

import numpy as np
from numpy.typing import NDArray

from troth.model.value import dataclass
from troth.planning.classes import OrderClasses
from troth.planning.totals import sum_by


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """Merged classes, and for each of the original ones (C) which of them it has become."""

    classes: OrderClasses
    of: NDArray[np.intp]

    def demand(self, demand: NDArray[np.float64]) -> NDArray[np.float64]:
        """The demand of the merged classes from that of the original ones (C)."""
        return sum_by(self.of, demand, self.classes.count)


def merge_regions(classes: OrderClasses, demand: NDArray[np.float64], regions_max: int) -> Merged:
    """At most `regions_max` regions for all, each with the costs of its members weighted by their demand (C).

    The first region is the one with most demand, each further one that which is farthest from all before it in cost
    per unit, times the root of its demand; every region joins the nearest of these.
    """
    weight = sum_by(classes.region, demand, classes.unit.shape[0])
    label = _labels(classes.unit[:, : classes.node_count], weight, regions_max)
    count = int(label.max(initial=0)) + 1
    share = np.zeros((count, weight.size))
    share[label, np.arange(weight.size)] = weight + 1e-9
    share /= share.sum(axis=1, keepdims=True)
    keys: dict[tuple[tuple[int, ...], int], int] = {}
    of = [
        keys.setdefault((items, region), len(keys))
        for items, region in zip(classes.items, label[classes.region].tolist(), strict=True)
    ]
    merged = OrderClasses(
        tuple(items for items, _ in keys),
        np.array([region for _, region in keys], dtype=np.intp),
        classes.item_count,
        classes.node_count,
        share @ classes.fixed,
        share @ classes.unit,
        classes.is_carried,
    )
    return Merged(merged, np.array(of, dtype=np.intp))


def _labels(unit: NDArray[np.float64], weight: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    if unit.shape[0] <= count:
        return np.arange(unit.shape[0], dtype=np.intp)
    centers = [int(weight.argmax())]
    distance = np.linalg.norm(unit - unit[centers[0]], axis=1)
    label = np.zeros(unit.shape[0], dtype=np.intp)
    while len(centers) < count:
        farthest = int((distance * np.sqrt(weight)).argmax())
        own = np.linalg.norm(unit - unit[farthest], axis=1)
        label[own < distance] = len(centers)
        distance = np.minimum(distance, own)
        centers.append(farthest)
    return np.unique(label, return_inverse=True)[1].astype(np.intp)
