"""US cities with their people, time zone and some ZIP codes, and the drawing of places among them.

*Source:* GeoNames (https://www.geonames.org, CC BY 4.0), in the `us_cities.csv` made by `tools/make_place_tables.py`.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.model.value import dataclass

MILES_PER_DEGREE: Final = 69.0


@dataclass(frozen=True, slots=True)
class City:
    """A US city: `region` is its state in two letters, coordinates are degrees, `postcodes` some of its ZIP codes."""

    name: str
    region: str
    latitude: float
    longitude: float
    population: int
    time_zone: str
    postcodes: tuple[str, ...]


@cache
def us_cities() -> tuple[City, ...]:
    """Every city of the table, the one with most people first."""
    lines = files("troth.replay.retailer").joinpath("us_cities.csv").read_text(encoding="utf-8").splitlines()
    return tuple(
        City(
            name=row["city"],
            region=row["region"],
            latitude=float(row["latitude"]),
            longitude=float(row["longitude"]),
            population=int(row["population"]),
            time_zone=row["time_zone"],
            postcodes=tuple(row["zips"].split()),
        )
        for row in csv.DictReader(line for line in lines if not line.startswith("#"))
    )


def find_city(name: str, region: str) -> City:
    """The city of that name in a state; KeyError where there is none."""
    return _cities_by_name()[name, region]


def draw_by_population(cities: Sequence[City], count: int, generator: np.random.Generator) -> list[City]:
    """`count` cities in the order given: each as often as its share of the people says, rounded up or down by chance.

    *Source:* systematic sampling, Madow 1949: one random start and equal steps along the cumulated population.
    """
    cumulated = np.cumsum([city.population for city in cities])
    step = cumulated[-1] / count
    points = generator.random() * step + step * np.arange(count)
    return [cities[index] for index in np.searchsorted(cumulated, points, side="right")]


def jittered(city: City, generator: np.random.Generator) -> tuple[float, float]:
    """A place in a city: latitude and longitude up to some miles from its center, the farther the larger the city."""
    miles = min(9.0, 1.0 + math.sqrt(city.population) / 150) * math.sqrt(generator.random())
    angle = generator.random() * 2 * math.pi
    north, east = miles * math.sin(angle), miles * math.cos(angle)
    latitude = city.latitude + north / MILES_PER_DEGREE
    longitude = city.longitude + east / (MILES_PER_DEGREE * math.cos(math.radians(city.latitude)))
    return round(latitude, 4), round(longitude, 4)


def distances_miles(
    latitude: float, longitude: float, latitudes: NDArray[np.float64], longitudes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Great-circle distance in miles from one place to each of many (degrees), by the haversine formula."""
    phi, phis = math.radians(latitude), np.radians(latitudes)
    half_chord = (
        np.sin((phis - phi) / 2) ** 2
        + math.cos(phi) * np.cos(phis) * np.sin((np.radians(longitudes) - math.radians(longitude)) / 2) ** 2
    )
    return np.asarray(2 * 3958.8 * np.arcsin(np.sqrt(half_chord)), dtype=np.float64)


@cache
def _cities_by_name() -> Mapping[tuple[str, str], City]:
    return {(city.name, city.region): city for city in us_cities()}
