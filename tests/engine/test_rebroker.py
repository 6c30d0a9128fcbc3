"""Many orders that share scarce supply, decided one by one, by regret and together."""

import itertools
import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from troth.engine.promising.rebroker import Option, Scarce, assign_by_regret, assign_jointly, assign_one_by_one

ORDERS = [
    [Option(cost, {("A", str(store)): 1}) for store, cost in enumerate(row)]
    for row in ([2, 5, 6], [7, 19, 20], [8, 15, 18])
]
STORES = {("A", str(store)): 1 for store in range(3)}


def test_three_orders_and_three_stores_cost_39_one_by_one_and_28_together() -> None:
    one_by_one = assign_one_by_one(ORDERS, STORES)
    together = assign_jointly(ORDERS, STORES, seconds_max=60.0)

    assert (one_by_one.chosen, one_by_one.cost) == ((0, 1, 2), 39)
    assert (together.chosen, together.cost, together.method, together.gap) == ((2, 0, 1), 28, "joint", 0.0)
    assert assign_by_regret(ORDERS, STORES).cost == 28


@st.composite
def batches(draw: st.DrawFn) -> tuple[list[list[Option]], dict[Scarce, int]]:
    keys = [("A", "1"), ("A", "2"), ("B", "1")]
    there = {key: draw(st.integers(0, 3)) for key in keys}
    takes = st.dictionaries(st.sampled_from(keys), st.integers(1, 2), max_size=2)
    options = st.lists(st.builds(Option, st.integers(0, 60), takes), min_size=1, max_size=3)
    return draw(st.lists(options, min_size=1, max_size=4)), there


@settings(max_examples=examples(120))
@given(batches())
def test_a_joint_assignment_is_the_best_of_all_and_takes_no_more_than_there_is(
    batch: tuple[list[list[Option]], dict[Scarce, int]],
) -> None:
    orders, there = batch
    best = (10**9, 0)
    for choice in itertools.product(*[[None, *range(len(options))] for options in orders]):
        if fits(orders, there, choice):
            best = min(best, (choice.count(None), cost(orders, choice)))

    found = assign_jointly(orders, there, seconds_max=60.0)

    assert fits(orders, there, found.chosen)
    assert (found.left_out, found.cost) == best
    for other in (assign_one_by_one(orders, there), assign_by_regret(orders, there)):
        assert fits(orders, there, other.chosen)
        assert (other.left_out, other.cost) >= best


def fits(orders: list[list[Option]], there: dict[Scarce, int], choice: tuple[int | None, ...]) -> bool:
    taken = dict.fromkeys(there, 0)
    for options, number in zip(orders, choice, strict=True):
        for key, units in (options[number].takes if number is not None else {}).items():
            taken[key] += units
    return all(units <= there[key] for key, units in taken.items())


def cost(orders: list[list[Option]], choice: tuple[int | None, ...]) -> int:
    return sum(options[number].cost for options, number in zip(orders, choice, strict=True) if number is not None)


def test_a_batch_without_anything_tight_needs_no_model() -> None:
    found = assign_jointly(ORDERS, dict.fromkeys(STORES, 9), seconds_max=0.0)

    assert (found.chosen, found.cost, found.gap) == ((0, 0, 0), 17, 0.0)


def test_two_hundred_and_fifty_orders_over_scarce_stock_are_proven() -> None:
    random = np.random.default_rng(5)
    orders = [
        [
            Option(int(random.integers(500, 2500)), {(str(sku), str(node)): 1})
            for sku in [int(random.integers(0, 12))]
            for node in random.choice(30, 8, replace=False)
        ]
        for _ in range(250)
    ]
    there = {(str(sku), str(node)): int(random.integers(0, 2)) for sku in range(12) for node in range(30)}

    found = assign_jointly(orders, there, seconds_max=60.0)

    assert found.method == "joint"
    assert found.gap == 0.0
    one_by_one = assign_one_by_one(orders, there)
    assert (found.left_out, found.cost) < (one_by_one.left_out, one_by_one.cost)
    assert not math.isnan(found.gap)
