"""Protection levels are nested, and with two classes those of Littlewood's rule."""

from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.planning.protection_levels import ClassDemand, find_protection_levels

_DEMAND = st.tuples(st.floats(1, 1_000), st.floats(0, 500), st.floats(0, 100))


@given(st.lists(_DEMAND, max_size=6))
def test_levels_never_fall_and_are_never_negative(classes: list[tuple[float, float, float]]) -> None:
    ordered = [ClassDemand(*one) for one in sorted(classes, reverse=True)]

    levels = find_protection_levels(ordered)

    assert len(levels) == max(0, len(classes) - 1)
    assert list(levels) == sorted(levels)
    assert all(level >= 0.0 for level in levels)


@given(st.floats(0.01, 0.99), st.floats(10, 500), st.floats(1, 50))
def test_two_classes_follow_littlewood(ratio: float, mean: float, deviation: float) -> None:
    (level,) = find_protection_levels([ClassDemand(100.0, mean, deviation), ClassDemand(100.0 * ratio, 50.0, 5.0)])

    wanted_more = 1.0 - NormalDist(mean, deviation).cdf(level)
    assert level == 0.0 or wanted_more == pytest.approx(ratio)


@pytest.mark.parametrize("classes", [[ClassDemand(1, 5, 1), ClassDemand(2, 5, 1)], [ClassDemand(2, -5, 1)]])
def test_what_makes_no_sense_is_refused(classes: list[ClassDemand]) -> None:
    with pytest.raises(ValueError, match="must"):
        find_protection_levels(classes)
