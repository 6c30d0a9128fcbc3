"""Small random classes of orders, and what they cost by trying everything."""

from itertools import product

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from troth.planning.classes import OrderClasses


@st.composite
def small_classes(draw: st.DrawFn) -> OrderClasses:
    """Up to six classes of up to four items, at up to four nodes and one source without stock."""
    seed = draw(st.integers(0, 2**32 - 1))
    nodes, items, regions = draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    count, has_free = draw(st.integers(1, 6)), draw(st.booleans())
    return random_classes(np.random.default_rng(seed), nodes, items, regions, count, has_free=has_free)


def random_classes(
    generator: np.random.Generator, nodes: int, items: int, regions: int, count: int, *, has_free: bool = False
) -> OrderClasses:
    fixed = generator.integers(0, 12, (regions, nodes + 1)).astype(np.float64)
    fixed[:, nodes] = 0.0 if has_free else 20.0
    unit = generator.integers(1, 10, (regions, nodes + 1)).astype(np.float64)
    unit[:, nodes] = 15.0
    asked = [generator.choice(items, int(generator.integers(1, items + 1)), replace=False) for _ in range(count)]
    return OrderClasses(
        tuple(tuple(sorted(one.tolist())) for one in asked),
        generator.integers(0, regions, count),
        items,
        nodes,
        fixed,
        unit,
        np.column_stack([generator.random((items, nodes)) < 0.8, np.ones(items, dtype=np.bool_)]),
    )


def cheapest_by_trial(classes: OrderClasses, one: int, prices: NDArray[np.float64]) -> float:
    """The least cost of one class with prices, over every source of every line."""
    region = int(classes.region[one])
    best = np.inf
    for sources in product(range(classes.unit.shape[1]), repeat=len(classes.items[one])):
        cost = float(classes.fixed[region, list(set(sources))].sum())
        for item, source in zip(classes.items[one], sources, strict=True):
            cost += float(classes.unit[region, source]) if classes.is_carried[item, source] else np.inf
            if source < classes.node_count:
                cost += float(prices[item * classes.node_count + source])
        best = min(best, cost)
    return best
