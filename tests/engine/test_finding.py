"""Units that will be found: exact for few, safe for many, and monotone in all that it depends on."""

from math import comb, exp, lgamma, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.engine.supply.finding import EXACT_UNITS_MAX, findable

UNITS = st.integers(0, 2_000)
PROBABILITIES = st.floats(0.0, 1.0)
CONFIDENCES = st.sampled_from([0.0, 0.3, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0])


def find(units: int, probability: float, confidence: float) -> int:
    return int(findable(np.array([units]), np.array([probability]), confidence)[0])


def exactly(units: int, probability: float, confidence: float) -> int:
    """The largest k with P(Binomial(units, probability) >= k) >= confidence, by adding up from the top."""
    if probability in (0.0, 1.0):
        return units if probability == 1.0 else 0
    reached = 0.0
    for k in range(units, 0, -1):
        ways = lgamma(units + 1) - lgamma(k + 1) - lgamma(units - k + 1)
        reached += exp(ways + k * log(probability) + (units - k) * log(1.0 - probability))
        if reached >= confidence - 1e-9:
            return k
    return 0


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.9, 0.95, 0.99])
def test_few_units_are_answered_exactly(confidence: float) -> None:
    for probability in (0.005, 0.25, 0.5, 0.633, 0.9, 0.95, 0.999):
        units = np.arange(EXACT_UNITS_MAX + 1)

        found = findable(units, np.full(units.size, probability), confidence)

        assert found.tolist() == [exactly(int(n), probability, confidence) for n in units]


def test_a_case_by_hand() -> None:
    # Of three units, each there with 0.8: all with 0.512, two or more with 0.896, one or more with 0.992.
    at_least = [sum(comb(3, k) * 0.8**k * 0.2 ** (3 - k) for k in range(least, 4)) for least in (3, 2, 1)]
    assert at_least == pytest.approx([0.512, 0.896, 0.992])

    assert [find(3, 0.8, confidence) for confidence in (0.5, 0.8, 0.9, 0.99, 0.995)] == [3, 2, 1, 1, 0]


@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95, 0.99])
def test_many_units_are_answered_within_three_units_and_two_percent_of_exactly_and_hardly_ever_above(
    confidence: float,
) -> None:
    for probability in (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995):
        for units in (65, 80, 128, 300, 1_000, 3_000):
            exact = exactly(units, probability, confidence)

            assert exact - max(3, units // 50) <= find(units, probability, confidence) <= exact, (probability, units)


@given(units=UNITS, more=UNITS, probability=PROBABILITIES, confidence=CONFIDENCES)
def test_more_on_hand_is_no_less_found_and_never_more_than_there_is(
    units: int, more: int, probability: float, confidence: float
) -> None:
    found = find(units, probability, confidence)

    assert 0 <= found <= units
    assert found <= find(units + more, probability, confidence)


@given(units=UNITS, some=PROBABILITIES, other=PROBABILITIES, confidence=CONFIDENCES)
def test_a_likelier_unit_is_no_less_found(units: int, some: float, other: float, confidence: float) -> None:
    assert find(units, min(some, other), confidence) <= find(units, max(some, other), confidence)


@given(units=UNITS, probability=PROBABILITIES, some=CONFIDENCES, other=CONFIDENCES)
def test_more_confidence_finds_no_more(units: int, probability: float, some: float, other: float) -> None:
    assert find(units, probability, max(some, other)) <= find(units, probability, min(some, other))


@given(units=UNITS, confidence=CONFIDENCES)
def test_units_that_are_surely_there_are_all_found(units: int, confidence: float) -> None:
    assert find(units, 1.0, confidence) == units


@given(st.lists(st.tuples(st.integers(-5, 500), PROBABILITIES), min_size=1, max_size=20), CONFIDENCES)
def test_many_nodes_at_once_are_each_answered_as_alone(nodes: list[tuple[int, float]], confidence: float) -> None:
    units, probability = np.array([one for one, _ in nodes]), np.array([one for _, one in nodes])

    found = findable(units, probability, confidence)

    assert found.dtype == np.int64
    assert found.tolist() == [find(one, p, confidence) for one, p in nodes]
