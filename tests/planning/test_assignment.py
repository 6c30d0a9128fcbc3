"""The cheapest assignment at prices: by sets of sources, by subsets of lines, and by trying everything."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.planning.orders import cheapest_by_trial, small_classes
from troth.planning.assignment import assign
from troth.planning.classes import OrderClasses
from troth.planning.subset_assignment import SubsetTable, assign_by_subsets


@given(small_classes(), st.integers(0, 2**32 - 1))
def test_the_cheapest_assignment_is_the_best_of_all(classes: OrderClasses, seed: int) -> None:
    generator = np.random.default_rng(seed)
    prices = generator.integers(0, 10, classes.pair_count).astype(np.float64)
    prices[generator.random(prices.size) < 0.2] = np.inf

    found = assign(classes, prices)

    assert found.value.tolist() == [cheapest_by_trial(classes, one, prices) for one in range(classes.count)]


@given(small_classes(), st.integers(0, 2**32 - 1))
def test_the_cost_of_an_assignment_is_that_of_its_sources(classes: OrderClasses, seed: int) -> None:
    prices = np.random.default_rng(seed).integers(0, 10, classes.pair_count).astype(np.float64)

    found = assign(classes, prices)

    for one, items in enumerate(classes.items):
        sources = found.sources[one, : len(items)]
        region = classes.region[one]
        assert found.cost[one] == classes.fixed[region][np.unique(sources)].sum() + classes.unit[region][sources].sum()
        held = [
            item * classes.node_count + at for item, at in zip(items, sources, strict=True) if at < classes.node_count
        ]
        assert found.value[one] == found.cost[one] + prices[held].sum()


@given(small_classes(), st.integers(0, 2**32 - 1))
def test_subsets_of_lines_and_sets_of_sources_agree(classes: OrderClasses, seed: int) -> None:
    prices = np.random.default_rng(seed).integers(0, 10, classes.pair_count).astype(np.float64)

    by_subsets = assign_by_subsets(_tables(classes), classes.count, prices)

    assert by_subsets.value.tolist() == assign(classes, prices).value.tolist()


def test_usage_counts_the_units_of_each_pair() -> None:
    classes = OrderClasses(
        ((0, 1), (0,)),
        np.array([0, 0]),
        item_count=2,
        node_count=1,
        fixed=np.array([[1.0, 50.0]]),
        unit=np.array([[1.0, 50.0]]),
        is_carried=np.ones((2, 2), dtype=np.bool_),
    )

    found = assign(classes, np.zeros(2))

    assert found.usage(np.array([3.0, 4.0]), 2).tolist() == [7.0, 3.0]


def _tables(classes: OrderClasses) -> list[SubsetTable]:
    tables = []
    for group in classes.groups:
        sources, lines, width = group.unit.shape
        costs = np.zeros((1 << lines, sources, width))
        for subset in range(1, 1 << lines):
            chosen = [line for line in range(lines) if subset >> line & 1]
            costs[subset] = group.fixed + group.unit[:, chosen].sum(axis=1)
        tables.append(SubsetTable(group.classes, costs, group.pairs, np.ones((lines, width))))
    return tables


def test_a_line_of_many_units_pays_and_takes_them_all() -> None:
    # One class, one line of 3 units, two sources: 4 a parcel at the first, 9 at the second.
    table = SubsetTable(
        np.array([0]), np.array([[[0.0], [0.0]], [[4.0], [9.0]]]), np.array([[[0]], [[1]]]), np.array([[3.0]])
    )

    free = assign_by_subsets([table], 1, np.zeros(2))
    priced = assign_by_subsets([table], 1, np.array([2.0, 0.0]))

    assert (free.value.tolist(), free.usage(np.array([10.0]), 2).tolist()) == ([4.0], [30.0, 0.0])
    assert (priced.value.tolist(), priced.cost.tolist(), priced.sources.tolist()) == ([9.0], [9.0], [[1]])
    assert priced.usage(np.array([10.0]), 2).tolist() == [0.0, 30.0]
