"""Learning how often stock is found: it converges, it is as sure as it may be, and orders are kept because of it."""

import pytest

from tests.builders import NOW
from troth.replay.finding import Handling, Stores, simulate
from troth.replay.known_rates import learn_known_rates

STORES = Stores(days=50, days_ignored=15)


def test_rates_converge_to_the_true_ones_without_leaning_to_a_side() -> None:
    course = learn_known_rates(1, (500, 2_000, 8_000), NOW)

    errors = [one.error for one in course]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.015
    assert course[-1].bias == pytest.approx(0.0, abs=0.004)


def test_true_rates_lie_above_the_lower_bound_as_often_as_it_says() -> None:
    coverage = [learn_known_rates(seed, (3_000,), NOW)[0].coverage for seed in range(5)]

    # 120 rates in each of 5 worlds: 0.95 with a standard error of 0.009, and a little less, for bounds lean on rates
    # that are themselves estimated.
    assert sum(coverage) / 5 == pytest.approx(0.94, abs=0.02)


def test_with_the_discount_fewer_picks_come_short_at_the_same_stock_and_demand() -> None:
    plain = simulate(STORES, Handling(), 1, begins_at=NOW)
    discounted = simulate(STORES, Handling(confidence=0.9), 1, begins_at=NOW)

    assert plain.orders == discounted.orders == 35 * 80
    assert discounted.short_picks < 0.85 * plain.short_picks
    assert discounted.kept > plain.kept
    assert discounted.refused <= plain.orders // 1_000


def test_counts_that_are_worth_most_spare_more_short_picks_than_counts_of_any_position() -> None:
    anyhow = simulate(STORES, Handling(counts_per_day=10, is_ranked=False), 1, begins_at=NOW)
    ranked = simulate(STORES, Handling(counts_per_day=10), 1, begins_at=NOW)

    assert ranked.short_picks < anyhow.short_picks


def test_a_run_with_the_same_seed_is_the_same() -> None:
    stores = Stores(days=6, days_ignored=0)
    handling = Handling(confidence=0.9, counts_per_day=5)

    assert simulate(stores, handling, 3, begins_at=NOW) == simulate(stores, handling, 3, begins_at=NOW)


def test_records_that_are_never_wrong_never_cause_a_short_pick() -> None:
    stores = Stores(vanish_shares=(0.0, 0.0, 0.0), days=10, days_ignored=0, level=8)

    outcome = simulate(stores, Handling(), 1, begins_at=NOW)

    assert outcome.short_picks == outcome.lost_after_short == 0
    assert outcome.kept + outcome.refused == outcome.orders
