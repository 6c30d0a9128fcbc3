"""Quantiles of the beta distribution, against what it is by definition."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.engine.supply.beta import beta_quantile


@given(st.integers(1, 60), st.integers(1, 60), st.floats(0.001, 0.999))
def test_of_whole_parameters_it_turns_the_binomial_sum_around(a: int, b: int, level: float) -> None:
    x = float(beta_quantile(np.array([float(a)]), np.array([float(b)]), level)[0])

    # P(Beta(a, b) <= x) = P(Binomial(a + b - 1, x) >= a)
    n = a + b - 1
    assert sum(comb(n, k) * x**k * (1.0 - x) ** (n - k) for k in range(a, n + 1)) == pytest.approx(level, abs=1e-9)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (39.6, 0.4), (2_000.0, 35.5), (40_000.0, 12.25)])
@pytest.mark.parametrize("level", [0.05, 0.5, 0.95])
def test_of_any_parameters_it_is_where_the_density_adds_up_to_the_level(a: float, b: float, level: float) -> None:
    drawn = np.random.default_rng(7).beta(a, b, 400_000)

    found = float(beta_quantile(np.array([a]), np.array([b]), level)[0])

    assert float((drawn <= found).mean()) == pytest.approx(level, abs=0.003)


def test_many_are_found_at_once() -> None:
    a, b = np.array([1.0, 5.0, 300.0]), np.array([9.0, 0.5, 2.0])

    together = beta_quantile(a, b, 0.05)

    assert together.tolist() == [float(beta_quantile(a[k : k + 1], b[k : k + 1], 0.05)[0]) for k in range(3)]
