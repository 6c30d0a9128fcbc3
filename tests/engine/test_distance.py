"""Distances as squares of chords: the miles of the haversine formula, and zones that end where they do."""

import math

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from troth.engine.carriage.distance import EARTH_RADIUS_MILES, chord_of, miles_of, points_on_sphere, squared_chords

LATITUDES = st.floats(-90.0, 90.0)
LONGITUDES = st.floats(-180.0, 180.0)


def haversine(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Miles by the formula of the page on rate cards."""
    (phi, theta), (phi_there, theta_there) = map(np.radians, one), map(np.radians, other)
    half = math.sin((phi - phi_there) / 2) ** 2
    half += math.cos(phi) * math.cos(phi_there) * math.sin((theta - theta_there) / 2) ** 2
    return 2 * EARTH_RADIUS_MILES * math.asin(min(1.0, math.sqrt(half)))


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)
@example(40.0, -74.0, 40.0, -74.0)
@example(40.0, -74.0, -40.0, 106.0)
@example(89.999, 0.0, 89.999, 180.0)
def test_miles_are_those_of_the_haversine_formula(phi: float, theta: float, to_phi: float, to_theta: float) -> None:
    points = points_on_sphere(np.array([phi]), np.array([theta]))

    (miles,) = miles_of(squared_chords(points, to_phi, to_theta)).tolist()

    assert abs(miles - haversine((phi, theta), (to_phi, to_theta))) < 1e-3


@given(st.lists(st.floats(0.0, 12_400.0), min_size=2, max_size=20))
def test_squares_of_chords_are_ordered_as_miles_are(miles: list[float]) -> None:
    ordered = sorted(miles)

    chords = [chord_of(each) for each in ordered]

    assert chords == sorted(chords)
    assert np.allclose(miles_of(np.array(chords)), ordered, atol=1e-3)
    assert chord_of(25_000.0) == math.inf
