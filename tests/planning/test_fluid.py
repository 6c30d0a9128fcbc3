"""Orders served in fractions: class by class at prices, and the climb to what the whole program costs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.planning.orders import random_classes, small_classes
from troth.planning.assignment import assign
from troth.planning.classes import OrderClasses
from troth.planning.fluid import solve_fluid
from troth.planning.fluid_assignment import FluidAssigner


def triangle() -> OrderClasses:
    """An order of three items, of which each of three nodes lacks another: a parcel is 10 and a unit 1, and not to
    serve costs 30 and 5.
    """
    carried = np.array([[1, 1, 0, 1], [0, 1, 1, 1], [1, 0, 1, 1]], dtype=np.bool_)
    fixed, unit = np.array([[10.0, 10.0, 10.0, 30.0]]), np.array([[1.0, 1.0, 1.0, 5.0]])
    return OrderClasses(((0, 1, 2),), np.array([0]), 3, 3, fixed, unit, carried)


def test_three_halves_of_a_parcel_serve_what_takes_two_whole_ones() -> None:
    found = FluidAssigner(triangle())(np.zeros(9))

    assert found.value.tolist() == pytest.approx([3 * 5.0 + 3 * 1.0])
    assert found.usage(np.array([4.0]), 9).reshape(3, 3).tolist() == [[2.0, 2.0, 0.0], [0.0, 2.0, 2.0], [2.0, 0.0, 2.0]]


def test_what_is_sold_out_is_not_sent_and_prices_are_not_in_the_cost() -> None:
    prices = np.zeros(9)
    prices[[0, 1]] = np.inf, 2.0  # of the first item node 0 has none left, and a unit at node 1 is worth 2

    found = FluidAssigner(triangle())(prices)

    assert found.usage(np.array([1.0]), 9)[:3].tolist() == pytest.approx([0.0, 1.0, 0.0])
    assert found.value - found.cost == pytest.approx(2.0)


@settings(max_examples=40, deadline=None)
@given(small_classes(), st.integers(0, 2**32 - 1))
def test_fractions_never_cost_more_than_whole_assignments_and_serve_every_line(
    classes: OrderClasses, seed: int
) -> None:
    prices = np.random.default_rng(seed).uniform(0.0, 6.0, classes.pair_count)

    found = FluidAssigner(classes)(prices)

    assert (found.value <= assign(classes, prices).value + 1e-6).all()
    assert found.units is not None
    assert found.units.sum(axis=1) == pytest.approx(classes.sizes.astype(np.float64))
    assert found.value - found.cost == pytest.approx(
        (np.append(prices, 0.0)[found.pairs] * found.units).sum(axis=1), abs=1e-6
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_class_by_class_costs_what_the_program_does_at_its_own_prices_and_no_more_at_any(seed: int) -> None:
    generator = np.random.default_rng(seed)
    classes = random_classes(generator, 3, 4, 2, 5)
    demand = generator.integers(1, 20, classes.count).astype(np.float64)
    stock = generator.integers(0, 30, classes.pair_count)
    at = FluidAssigner(classes)

    exact = solve_fluid(classes, demand, stock)
    others = generator.uniform(0.0, 12.0, classes.pair_count)
    bound, anywhere = (float(demand @ at(prices).value - prices @ stock) for prices in (exact.prices, others))

    assert bound == pytest.approx(exact.cost)
    assert anywhere <= exact.cost * (1.0 + 1e-7)
