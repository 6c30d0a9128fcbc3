"""The instance families: what is drawn, what policies do with it, and that the engine decides alike."""

import numpy as np
import pytest
from numpy.typing import NDArray

from troth.planning.assignment import assign
from troth.planning.hindsight import bound_hindsight
from troth.planning.prices import Effort
from troth.replay.families.engine_world import MINOR, choice_of, engine_world
from troth.replay.families.follow import draw_choices, follow, serve_nearest
from troth.replay.families.instance import DECIMALS, Instance, draw_arrivals, draw_instance, families
from troth.replay.families.places import CENTERS, big_regions, miles_between, small_regions
from troth.replay.families.planner import (
    Forecast,
    Planner,
    count_orders,
    groups_of,
    learn_from,
    merge,
    price_times,
    price_times_in_doubt,
    spoil_rates,
)
from troth.replay.families.rounding import round_dilated
from troth.replay.families.simulate import serve_cheapest, serve_greedily

EFFORT = Effort(steps_first=60, steps=15, scenarios=2, steps_scenario=10)


def small(seed: int = 1, name: str = "small") -> Instance:
    return draw_instance(families()[name], np.random.default_rng(seed))


def test_an_instance_is_drawn_as_the_papers_say() -> None:
    drawn = small()

    assert [len(items) for items in drawn.types] == [size for size in range(1, 6) for _ in range(5)]
    assert all(len(set(items)) == len(items) for items in drawn.types)
    assert drawn.classes.count == 25 * 10
    assert 0.0 < drawn.rates.sum() < 1.0  # the rest is the empty order
    by_region = drawn.rates.reshape(25, 10).sum(axis=0)
    assert by_region / by_region.sum() == pytest.approx(
        np.array([18.68, 12.53, 8.59, 6.08, 5.91, 5.72, 5.54, 5.15, 5.07, 4.47]) / 77.74
    )


def test_costs_are_those_of_the_papers() -> None:
    drawn = small()
    hard = small(name="small_hard")
    miles = miles_between(drawn.family.centers, drawn.family.regions)

    assert drawn.classes.fixed[0].tolist() == [8.759] * 5 + [17.518]
    assert drawn.classes.unit[:, :5] == pytest.approx(0.423 + 0.000541 * miles.T, abs=0.5 * 10**-DECIMALS)
    assert drawn.classes.unit[:, 5] == pytest.approx(2 * (0.423 + 0.000541 * miles.max(axis=0)), abs=10**-DECIMALS)
    assert (hard.classes.fixed[0, 5], hard.classes.unit[0, 5]) == (0.0, 30.0)


def test_stock_is_the_demand_of_the_nearest_carriers_and_half_a_deviation() -> None:
    drawn = small()
    demand = np.zeros((20, 10))
    for items, row in zip(drawn.types, drawn.rates.reshape(25, 10), strict=True):
        demand[list(items)] += row
    stock = drawn.stock.reshape(20, 5)
    for item in range(20):
        share = np.zeros(5)
        for region in range(10):
            carrier = next((at for at in drawn.nearest[region] if drawn.classes.is_carried[item, at]), None)
            if carrier is not None:
                share[carrier] += demand[item, region]
        mean = 10_000 * share
        assert stock[item].tolist() == np.round(mean + 0.5 * np.sqrt(mean * (1 - share))).tolist()


def test_the_places_are_as_far_apart_as_they_are() -> None:
    miles = miles_between(CENTERS, small_regions())

    assert miles[0, 1] == pytest.approx(306, abs=8)  # Tracy to Los Angeles
    assert len(big_regions()) == 100
    assert [region.name for region in big_regions()[:3]] == ["Brooklyn, NY", "Los Angeles, CA", "Chicago, IL"]


@pytest.mark.parametrize("name", ["small", "small_hard", "big_p50"])
def test_the_engine_chooses_what_the_simulation_chooses(name: str) -> None:
    generator = np.random.default_rng(7)
    drawn = small(7, name)
    world, classes = engine_world(drawn), drawn.classes
    seen = []
    for one in generator.integers(0, classes.count, 60).tolist():
        left = np.where(generator.random(classes.pair_count) < 0.3, 0, drawn.stock)
        prices = (8.0 * generator.random(classes.pair_count)).round(DECIMALS)

        chosen, minor = choice_of(world.plan(one, left, prices))

        found = assign(classes.select([one]), np.where(left > 0, prices, np.inf))
        parts: dict[str, set[str]] = {}
        for item, source in zip(classes.items[one], found.sources[0].tolist(), strict=False):
            parts.setdefault(str(world.nodes[source]), set()).add(f"I{item:03d}")
        seen.append(len(parts))
        assert minor == round(float(found.value[0]) * MINOR)
        assert chosen == {(node, frozenset(skus)) for node, skus in parts.items()}
    assert max(seen) > 1


def test_orders_that_share_an_assignment_cost_what_they_would_one_by_one() -> None:
    drawn = small(3)
    classes = drawn.classes
    stock = drawn.stock // 20
    arrivals = draw_arrivals(drawn, drawn.rates, np.random.default_rng(4))[:700]
    prices = np.random.default_rng(5).random(stock.size) * 4.0

    found = serve_cheapest(classes, stock, arrivals, lambda _over, _left, _past: prices)

    left, cost = stock.copy(), 0.0
    for one in arrivals[arrivals >= 0].tolist():
        order = assign(classes.select([one]), np.where(left > 0, prices, np.inf))
        cost += float(order.cost[0])
        held = order.pairs[0][order.pairs[0] < classes.pair_count]
        left[held] -= 1
    assert (left == 0).sum() > 3
    assert left.min() == 0
    assert found.cost == pytest.approx(cost)


def test_no_policy_takes_more_than_there_is_and_none_beats_the_bound() -> None:
    drawn = small(5)
    arrivals = draw_arrivals(drawn, drawn.rates, np.random.default_rng(6))[:2000]
    stock = drawn.stock // 5
    counts = count_orders(drawn, arrivals)
    bound = bound_hindsight(drawn.classes, counts, stock, steps=100).bound
    nearest = serve_nearest(drawn.classes, stock, arrivals, drawn.nearest)
    shares = np.full((drawn.classes.count, 5, 6), 1 / 6)
    choices = draw_choices(drawn.classes, shares, arrivals, round_dilated, np.random.default_rng(1))
    blind = follow(drawn.classes, stock, arrivals, choices, retries=False)
    retried = follow(drawn.classes, stock, arrivals, choices, retries=True)
    greedy = serve_greedily(drawn.classes, stock, arrivals)

    assert bound < min(nearest.cost, blind.cost, retried.cost, greedy.cost)
    assert retried.cost < blind.cost
    units = int(counts @ drawn.classes.sizes)
    for outcome in (nearest, blind, retried, greedy):
        assert units - outcome.unserved <= stock.sum()


def test_prices_from_learned_rates_beat_the_greedy_choice_and_so_do_corrected_wrong_ones() -> None:
    drawn = small(8)
    generator = np.random.default_rng(9)
    learned = learn_from(drawn, draw_arrivals(drawn, drawn.rates, generator))
    wrong = spoil_rates(drawn, generator)
    arrivals = draw_arrivals(drawn, drawn.rates, generator)
    bound = bound_hindsight(drawn.classes, count_orders(drawn, arrivals), drawn.stock, steps=150).bound
    merged = merge(drawn, 20)

    def gap(forecast: Forecast, times: list[int]) -> float:
        planner = Planner(drawn, merged, forecast, np.random.default_rng(1), EFFORT)
        return serve_cheapest(drawn.classes, drawn.stock, arrivals, planner, times).cost / bound - 1.0

    greedy = serve_greedily(drawn.classes, drawn.stock, arrivals).cost / bound - 1.0
    assert gap(learned, price_times(10_000, 10)) < min(0.012, greedy)
    assert gap(wrong, price_times_in_doubt(10_000, 12)) < min(0.025, greedy)


def test_rates_learned_from_one_horizon_are_nearer_than_its_counts() -> None:
    drawn = small(10)
    arrivals = draw_arrivals(drawn, drawn.rates, np.random.default_rng(1))

    learned = learn_from(drawn, arrivals).rates

    def off(rates: NDArray[np.float64]) -> float:
        return float(np.abs(rates - drawn.rates).sum())

    assert off(learned) < 0.6 * off(count_orders(drawn, arrivals) / arrivals.size)


def test_fewer_regions_keep_all_demand() -> None:
    drawn = small(12, "big_p50")

    merged = merge(drawn, 12)

    assert merged.classes.count == 100 * 12
    assert merged.demand(drawn.rates).sum() == pytest.approx(drawn.rates.sum())
    types, _ = groups_of(drawn)
    for one in (0, 4321, 9999):
        assert merged.classes.items[int(merged.of[one])] == drawn.types[int(types[one])]
