"""The policies side by side: all serve the same orders, and none beats the bound."""

import numpy as np
import pytest

from troth.planning.fluid_assignment import FluidAssigner
from troth.planning.hindsight import bound_hindsight
from troth.replay.families.instance import draw_arrivals, families
from troth.replay.families.planner import count_orders
from troth.replay.families.trial import POLICIES, Trial, bound_fluid, bound_trial, draw_trial


@pytest.fixture(scope="module")
def trial() -> Trial:
    return draw_trial(families()["small"], np.random.default_rng(21))


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_costs_no_less_than_the_bound(trial: Trial, name: str) -> None:
    arrivals = draw_arrivals(trial.instance, trial.instance.rates, np.random.default_rng(22))[:1200]
    orders = int((arrivals >= 0).sum())
    units = int(count_orders(trial.instance, arrivals) @ trial.instance.classes.sizes)

    outcome = POLICIES[name](trial, arrivals)

    assert outcome.cost >= bound_trial(trial, arrivals).bound - 1e-6
    assert orders <= outcome.packages <= units
    assert 0 <= outcome.unserved < units


def test_the_climb_to_the_fluid_bound_comes_near_to_it_from_below(trial: Trial) -> None:
    arrivals = draw_arrivals(trial.instance, trial.instance.rates, np.random.default_rng(24))
    classes, counts, stock = trial.instance.classes, count_orders(trial.instance, arrivals), trial.instance.stock
    whole = bound_trial(trial, arrivals)

    exact = bound_fluid(trial, arrivals, whole)
    climbed = bound_hindsight(classes, counts, stock, steps=100, near=whole, assigner_of=FluidAssigner).bound

    assert exact < whole.bound
    assert exact * 0.999 < climbed <= exact * (1.0 + 1e-7)


def test_a_trial_is_the_same_for_the_same_seed() -> None:
    first, second = (draw_trial(families()["small"], np.random.default_rng(5)) for _ in range(2))
    arrivals = draw_arrivals(first.instance, first.instance.rates, np.random.default_rng(6))[:600]

    assert first.instance.stock.tolist() == second.instance.stock.tolist()
    for name in ("jasin_sinha", "resolved10"):
        assert POLICIES[name](first, arrivals) == POLICIES[name](second, arrivals)


def test_the_whole_horizon_is_near_the_bound_only_with_prices(trial: Trial) -> None:
    arrivals = draw_arrivals(trial.instance, trial.instance.rates, np.random.default_rng(23))
    bound = bound_trial(trial, arrivals).bound

    gaps = {name: POLICIES[name](trial, arrivals).cost / bound - 1.0 for name in ("nearest", "dilated", "greedy")}
    priced = POLICIES["resolved10"](trial, arrivals).cost / bound - 1.0

    assert min(gaps.values()) > 0.02
    assert priced < 0.012
