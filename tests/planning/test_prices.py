"""Prices of units: a case by hand, the climb against the exact optimum, and the worth of what is not scarce."""

from datetime import UTC, datetime
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.planning.orders import random_classes
from troth.model.ids import NodeId, Sku
from troth.planning.ascent import climb
from troth.planning.assignment import assign
from troth.planning.classes import OrderClasses
from troth.planning.columns import solve_ways
from troth.planning.fluid import solve_fluid, solve_transport
from troth.planning.prices import Effort, price_by_depletion, price_units, to_unit_prices


def two_nodes() -> OrderClasses:
    """One item at two nodes, `near` region 0 and region 1; region 0 is served by both, region 1 by the first alone.

    Region 0: 1 from node 0, 3 from node 1. Region 1: 2 from node 0. Not to serve costs 10.
    """
    return OrderClasses(
        ((0,), (0,)),
        np.array([0, 1]),
        item_count=1,
        node_count=2,
        fixed=np.zeros((2, 3)),
        unit=np.array([[1.0, 3.0, 10.0], [2.0, 100.0, 10.0]]),
        is_carried=np.ones((1, 3), dtype=np.bool_),
    )


def test_a_unit_is_worth_what_its_best_later_use_saves() -> None:
    # 4 orders of region 0 and 3 of region 1 want node 0, which has 5 units. The next unit there would spare one order
    # of region 0 the way from node 1: 3 - 1 = 2. Node 1 has more than enough.
    found = solve_ways(two_nodes(), np.array([4.0, 3.0]), np.array([5, 9]))

    assert found.cost == pytest.approx(3 * 2 + 2 * 1 + 2 * 3)
    assert found.prices.tolist() == pytest.approx([2.0, 0.0])


def test_the_climb_ends_at_that_worth() -> None:
    found = climb(partial(assign, two_nodes()), np.array([4.0, 3.0]), np.array([5, 9]), steps=400)

    assert found.bound == pytest.approx(14.0, rel=1e-3)
    assert found.prices.tolist() == pytest.approx([2.0, 0.0], abs=0.02)


def test_the_transport_program_of_an_item_that_sells_alone_says_the_same() -> None:
    classes = two_nodes()

    found = solve_transport(np.array([4.0, 3.0]), classes.fixed + classes.unit, np.array([5.0, 9.0]))

    assert found.cost == pytest.approx(14.0)
    assert found.prices.tolist() == pytest.approx([2.0, 0.0])
    assert found.units.tolist() == [[2.0, 2.0, 0.0], [3.0, 0.0, 0.0]]


def test_a_transport_program_that_cannot_meet_demand_has_no_optimum() -> None:
    with pytest.raises(ArithmeticError):
        solve_transport(np.array([4.0]), np.array([[1.0]]), np.array([3.0]))


def test_prices_average_over_demand_that_may_come() -> None:
    # Exactly as much stock as expected: a unit is worth nothing if less comes and 8 (10 unserved less 2) if more does.
    classes = two_nodes().select([1])
    assign_at = partial(assign, classes)
    demand, stock = np.array([50.0]), np.array([50, 0])
    effort = Effort(steps_first=200, scenarios=200, steps_scenario=100)

    price = price_units(assign_at, demand, stock, np.random.default_rng(3), effort=effort)[0]

    chance_of_more = 1.0 - 0.5375  # a Poisson number of mean 50 is at most 50 with this probability
    assert price == pytest.approx(8.0 * chance_of_more, abs=0.6)


@settings(max_examples=examples(20), deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_climb_never_passes_the_optimum_and_comes_near(seed: int) -> None:
    generator = np.random.default_rng(seed)
    classes = random_classes(generator, 3, 4, 3, 8)
    demand = generator.integers(0, 20, classes.count).astype(np.float64)
    stock = generator.integers(0, 40, classes.pair_count)

    exact = solve_ways(classes, demand, stock)
    found = climb(partial(assign, classes), demand, stock, steps=600, stride=5.0)

    assert found.bound <= exact.cost + 1e-6
    assert found.bound >= exact.cost * 0.97 - 1e-6
    assert exact.bound == pytest.approx(exact.cost)


@settings(max_examples=examples(20), deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_whole_assignments_cost_no_less_than_the_fluid_program(seed: int) -> None:
    generator = np.random.default_rng(seed)
    classes = random_classes(generator, 3, 4, 2, 5)
    demand = generator.integers(1, 20, classes.count).astype(np.float64)
    stock = generator.integers(0, 30, classes.pair_count)

    fluid = solve_fluid(classes, demand, stock)
    ways = solve_ways(classes, demand, stock)

    assert fluid.cost <= ways.cost + 1e-6
    for shares in (fluid.shares, ways.shares):
        assert shares.sum(axis=2)[np.arange(shares.shape[1]) < classes.sizes[:, np.newaxis]] == pytest.approx(1.0)


def test_where_there_is_plenty_no_unit_has_a_price() -> None:
    generator = np.random.default_rng(1)
    classes = random_classes(generator, 3, 4, 2, 5)

    found = price_units(
        partial(assign, classes), np.full(5, 10.0), np.full(classes.pair_count, 1000), np.random.default_rng(2)
    )

    assert found.tolist() == [0.0] * classes.pair_count


def test_without_a_forecast_the_price_grows_as_stock_goes() -> None:
    start = np.full(5, 8)

    prices = price_by_depletion(start, np.array([8, 6, 4, 2, 0]), np.full(5, 30.0)).tolist()

    assert prices == sorted(prices)
    assert (prices[0], prices[-1]) == (0.0, pytest.approx(30.0))


def test_the_engine_gets_prices_by_sku_and_node_in_minor_units() -> None:
    made_at = datetime(2026, 11, 23, tzinfo=UTC)

    found = to_unit_prices(
        np.array([0.0, 1.25, 0.0, 0.0]),
        [Sku("A"), Sku("B")],
        [NodeId("x"), NodeId("y")],
        version="7",
        made_at=made_at,
        minor_per_unit=100,
    )

    assert (found.version, found.made_at, found.minor) == ("7", made_at, {"A": {"y": 125.0}})


def test_the_last_parcel_of_a_node_gets_a_price_like_a_unit() -> None:
    # Node 0 is 2 cheaper than node 1 and has units for all 10 orders, but can send 6 parcels.
    classes = two_nodes().select([0])
    stock = np.array([20, 20, 6, 50])  # units of the pairs, then parcels of the nodes

    found = climb(partial(assign, classes), np.array([10.0]), stock, steps=500)

    assert found.prices.tolist() == pytest.approx([0.0, 0.0, 2.0, 0.0], abs=0.05)
    assert found.bound == pytest.approx(6 * 1 + 4 * 3, rel=1e-3)


def test_a_price_of_parcels_is_part_of_the_value_and_not_of_the_cost() -> None:
    classes = two_nodes().select([0])

    found = assign(classes, np.array([0.5, 0.0, 1.0, 0.0]))

    assert (found.value.tolist(), found.cost.tolist(), found.sources.tolist()) == ([2.5], [1.0], [[0]])
