"""The hindsight bound: never above what the best decisions with everything known would have cost."""

from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.planning.orders import random_classes
from troth.planning.classes import OrderClasses
from troth.planning.hindsight import bound_hindsight
from troth.planning.merging import merge_regions


def best_in_hindsight(classes: OrderClasses, counts: NDArray[np.int64], stock: NDArray[np.int64]) -> float:
    """The least cost of all orders, over every way to serve each of them in whole units."""
    orders = [one for one, count in enumerate(counts.tolist()) for _ in range(count)]

    @cache
    def least(at: int, left: tuple[int, ...]) -> float:
        if at == len(orders):
            return 0.0
        items, region = classes.items[orders[at]], int(classes.region[orders[at]])
        best = np.inf
        for sources in product(range(classes.unit.shape[1]), repeat=len(items)):
            if not all(classes.is_carried[item, source] for item, source in zip(items, sources, strict=True)):
                continue
            rest = list(left)
            for item, source in zip(items, sources, strict=True):
                if source < classes.node_count:
                    rest[item * classes.node_count + source] -= 1
            if min(rest) >= 0:
                cost = classes.fixed[region, sorted(set(sources))].sum() + classes.unit[region, list(sources)].sum()
                best = min(best, float(cost) + least(at + 1, tuple(rest)))
        return best

    return least(0, tuple(stock.tolist()))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_bound_is_never_above_the_best_that_hindsight_can_do(seed: int) -> None:
    generator = np.random.default_rng(seed)
    classes = random_classes(generator, 2, 3, 2, 3)
    counts, stock = generator.integers(0, 3, classes.count), generator.integers(0, 3, classes.pair_count)

    bound = bound_hindsight(classes, counts.astype(np.float64), stock, steps=100).bound

    assert bound <= best_in_hindsight(classes, counts, stock) + 1e-6


def test_the_bound_is_the_optimum_where_whole_units_fit() -> None:
    # Two orders of one item, one unit near (1) and plenty far (3): one of them has to come from far.
    classes = OrderClasses(
        ((0,),),
        np.array([0]),
        item_count=1,
        node_count=2,
        fixed=np.zeros((1, 3)),
        unit=np.array([[1.0, 3.0, 9.0]]),
        is_carried=np.ones((1, 3), dtype=np.bool_),
    )

    found = bound_hindsight(classes, np.array([2.0]), np.array([1, 5]), steps=400)

    assert found.bound == pytest.approx(4.0, rel=1e-3)
    assert found.prices.tolist() == pytest.approx([2.0, 0.0], abs=0.05)


def test_merged_regions_only_help_to_find_the_bound() -> None:
    generator = np.random.default_rng(3)
    classes = random_classes(generator, 3, 4, 6, 12)
    counts = generator.integers(0, 30, classes.count).astype(np.float64)
    stock = generator.integers(0, 60, classes.pair_count)

    alone = bound_hindsight(classes, counts, stock, steps=600)
    helped = bound_hindsight(classes, counts, stock, steps=300, merged=merge_regions(classes, counts, 2))

    assert helped.bound == pytest.approx(alone.bound, rel=0.02)
