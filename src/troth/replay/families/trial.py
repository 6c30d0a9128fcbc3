"""The policies side by side on one instance: each serves the same arrivals, and is held against the hindsight bound."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.model.value import dataclass
from troth.planning.columns import solve_ways
from troth.planning.fluid import Fluid, solve_fluid
from troth.planning.fluid_assignment import FluidAssigner
from troth.planning.hindsight import Hindsight, bound_hindsight
from troth.planning.merging import Merged
from troth.planning.prices import Effort
from troth.replay.families.follow import draw_choices, follow, serve_nearest
from troth.replay.families.instance import Family, Instance, draw_arrivals, draw_instance
from troth.replay.families.planner import (
    Forecast,
    Planner,
    count_orders,
    learn_from,
    merge,
    price_times,
    price_times_in_doubt,
    spoil_rates,
)
from troth.replay.families.rounding import Round, round_by_layers, round_dilated
from troth.replay.families.simulate import Outcome, serve_cheapest, serve_greedily

_REGIONS_MAX: Final = 20
_FLUID_CLASSES_MAX: Final = 1_000
_SHARE_REGIONS_MAX: Final = 12
_SHARE_ROUNDS_MAX: Final = 12
_BOUND_STEPS: Final = 60
_FLUID_STEPS: Final = 8
_PRICES_IN_DOUBT: Final = 20


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One instance with all that its policies know: the shares (C, K max, N) of a program of the true rates, a forecast
    learned from one earlier horizon, a forecast that is badly wrong, and the seed of what policies draw.
    """

    instance: Instance
    merged: Merged
    shares: NDArray[np.float64]
    fluid: Fluid | None
    learned: Forecast
    wrong: Forecast
    seed: int

    @property
    def is_large(self) -> bool:
        """Whether prices are made from merged regions, with less work each time."""
        return self.instance.classes.count > _FLUID_CLASSES_MAX


Policy = Callable[[Trial, NDArray[np.intp]], Outcome]
"""What a sequence of arrivals costs under a policy."""


def draw_trial(family: Family, generator: np.random.Generator) -> Trial:
    """A new instance of a family, and what its policies know."""
    instance = draw_instance(family, generator)
    merged = merge(instance, _REGIONS_MAX)
    demand = instance.rates * family.periods
    fluid = None
    if instance.classes.count <= _FLUID_CLASSES_MAX:
        fluid = solve_fluid(instance.classes, demand, instance.stock)
        shares = fluid.shares
    else:
        # The fluid program would have half a million columns; that of whole assignments is smaller, and says more.
        coarse = merge(instance, _SHARE_REGIONS_MAX)
        found = solve_ways(coarse.classes, coarse.demand(demand), instance.stock, rounds_max=_SHARE_ROUNDS_MAX)
        shares = found.shares[coarse.of]
    learned = learn_from(instance, draw_arrivals(instance, instance.rates, generator))
    wrong = spoil_rates(instance, generator)
    return Trial(instance, merged, shares, fluid, learned, wrong, int(generator.integers(2**31)))


def bound_trial(trial: Trial, arrivals: NDArray[np.intp]) -> Hindsight:
    """The least that any policy could pay for the arrivals: by the climb where there are many classes, else exactly."""
    counts, instance = count_orders(trial.instance, arrivals), trial.instance
    if trial.is_large:
        return bound_hindsight(instance.classes, counts, instance.stock, steps=_BOUND_STEPS, merged=trial.merged)
    came = np.flatnonzero(counts > 0.0)
    found = solve_ways(instance.classes.select(came), counts[came], instance.stock)
    return Hindsight(found.bound, found.prices)


def bound_fluid(trial: Trial, arrivals: NDArray[np.intp], near: Hindsight) -> float:
    """What the fluid program of the papers says instead, which is a little less: exactly, or by a climb that begins at
    the bound.
    """
    counts, instance = count_orders(trial.instance, arrivals), trial.instance
    if not trial.is_large:
        return solve_fluid(instance.classes, counts, instance.stock).cost
    found = bound_hindsight(
        instance.classes,
        counts,
        instance.stock,
        steps=_FLUID_STEPS,
        merged=trial.merged,
        near=near,
        assigner_of=FluidAssigner,
    )
    return found.bound


def _nearest(trial: Trial, arrivals: NDArray[np.intp]) -> Outcome:
    return serve_nearest(trial.instance.classes, trial.instance.stock, arrivals, trial.instance.nearest)


def _greedy(trial: Trial, arrivals: NDArray[np.intp]) -> Outcome:
    return serve_greedily(trial.instance.classes, trial.instance.stock, arrivals)


def _rounded(round_shares: Round, *, retries: bool) -> Policy:
    def serve(trial: Trial, arrivals: NDArray[np.intp]) -> Outcome:
        classes = trial.instance.classes
        choices = draw_choices(classes, trial.shares, arrivals, round_shares, np.random.default_rng(trial.seed))
        return follow(classes, trial.instance.stock, arrivals, choices, retries=retries)

    return serve


def _static_fluid(trial: Trial, arrivals: NDArray[np.intp]) -> Outcome:
    prices = trial.fluid.prices if trial.fluid is not None else np.zeros(trial.instance.stock.size)
    return serve_cheapest(trial.instance.classes, trial.instance.stock, arrivals, lambda _over, _left, _past: prices)


def _priced(count: int, small: Effort, large: Effort) -> Policy:
    def serve(trial: Trial, arrivals: NDArray[np.intp]) -> Outcome:
        times = price_times(trial.instance.family.periods, count)
        return _serve_planned(trial, arrivals, trial.learned, times, large if trial.is_large else small)

    return serve


def _wrong(effort: Effort) -> Policy:
    def serve(trial: Trial, arrivals: NDArray[np.intp]) -> Outcome:
        times = price_times_in_doubt(trial.instance.family.periods, _PRICES_IN_DOUBT)
        return _serve_planned(trial, arrivals, trial.wrong, times, effort)

    return serve


def _wrong_uncorrected(effort: Effort) -> Policy:
    def serve(trial: Trial, arrivals: NDArray[np.intp]) -> Outcome:
        times = price_times(trial.instance.family.periods, 10)
        return _serve_planned(trial, arrivals, trial.wrong, times, effort, corrects=False)

    return serve


def _serve_planned(
    trial: Trial,
    arrivals: NDArray[np.intp],
    forecast: Forecast,
    times: list[int],
    effort: Effort,
    *,
    corrects: bool = True,
) -> Outcome:
    planner = Planner(
        trial.instance, trial.merged, forecast, np.random.default_rng(trial.seed), effort, corrects=corrects
    )
    return serve_cheapest(trial.instance.classes, trial.instance.stock, arrivals, planner, times)


_OFTEN: Final = Effort(steps=30, scenarios=6, steps_scenario=20)
POLICIES: Final[dict[str, Policy]] = {
    "nearest": _nearest,
    "jasin_sinha": _rounded(round_by_layers, retries=False),
    "dilated": _rounded(round_dilated, retries=False),
    "dilated_retry": _rounded(round_dilated, retries=True),
    "greedy": _greedy,
    "static_fluid": _static_fluid,
    "static": _priced(1, Effort(scenarios=8, steps_scenario=30), Effort(scenarios=4, steps_scenario=20)),
    "resolved10": _priced(10, _OFTEN, Effort(steps_first=100, steps=30, scenarios=3, steps_scenario=20)),
    "resolved50": _priced(
        50,
        Effort(steps=12, scenarios=3, steps_scenario=12),
        Effort(steps_first=100, steps=20, scenarios=2, steps_scenario=15),
    ),
    "wrong": _wrong(Effort(steps=20, scenarios=4, steps_scenario=15)),
    "wrong_uncorrected": _wrong_uncorrected(Effort(steps=20, scenarios=3, steps_scenario=12)),
}
SMALL_ONLY: Final = frozenset({"static_fluid", "wrong", "wrong_uncorrected"})
"""Policies that need a program, or a comparison, which only the small families have."""
