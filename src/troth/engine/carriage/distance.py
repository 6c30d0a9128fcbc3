"""How far places are from each other, along the great circle.

Nodes are kept as points on a sphere of radius 1: the square of the chord between two points grows with their distance,
and takes three subtractions where an angle takes sines. Distances are compared as squares, and turned into miles only
where somebody asks for miles.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

EARTH_RADIUS_MILES: Final = 3958.8
KM_PER_MILE: Final = 1.609344


def points_on_sphere(latitude: NDArray[np.float64], longitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """The points (3, N) of coordinates (N) in degrees."""
    phi, theta = np.radians(latitude), np.radians(longitude)
    return np.stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)])


def squared_chords(points: NDArray[np.float64], latitude: float, longitude: float) -> NDArray[np.float64]:
    """The square of the chord (N) from each of the points (3, N) to coordinates in degrees."""
    phi, theta = math.radians(latitude), math.radians(longitude)
    there = (math.cos(phi) * math.cos(theta), math.cos(phi) * math.sin(theta), math.sin(phi))
    chords = np.zeros(points.shape[1])
    for axis, at in enumerate(there):
        off = points[axis] - at
        off *= off
        chords += off
    return chords


def miles_of(chords: NDArray[np.float64]) -> NDArray[np.float64]:
    """The miles along the great circle of squared chords (N). *Source:* the haversine formula, R. W. Sinnott, 1984,
    whose haversine is a quarter of the square.
    """
    miles: NDArray[np.float64] = 2.0 * EARTH_RADIUS_MILES * np.arcsin(np.minimum(np.sqrt(chords) / 2.0, 1.0))
    return miles


def chord_of(miles: float) -> float:
    """The squared chord of miles along the great circle; infinite where no two places are so far apart.

    >>> float(miles_of(np.array([chord_of(150.0)]))[0]), chord_of(25_000.0)
    (150.0, inf)
    """
    angle = miles / (2.0 * EARTH_RADIUS_MILES)
    return (2.0 * math.sin(angle)) ** 2 if angle < math.pi / 2.0 else math.inf
