"""Where the families' fulfillment centers and regions lie, and how far apart they are.

*Source:* the centers and the small family's metropolitan areas as the papers give them; coordinates of cities, and the
people of the big family's areas, from GeoNames (https://www.geonames.org, CC BY 4.0).
"""

import math
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.model.value import dataclass
from troth.replay.retailer.cities import MILES_PER_DEGREE, City, find_city, us_cities

_EARTH_RADIUS_KILOMETERS: Final = 6371.0
_KILOMETERS_PER_MILE: Final = 1.61  # as the papers have it
_METRO_RADIUS_MILES: Final = 40.0


@dataclass(frozen=True, slots=True)
class Place:
    """A point (degrees) with a name; `weight` is its people, where it is a region."""

    name: str
    latitude: float
    longitude: float
    weight: float = 0.0


CENTERS: Final = (
    Place("OAK4", 37.7448, -121.3985),
    Place("ONT6", 33.873, -117.2361),
    Place("PHX6", 33.433, -112.1644),
    Place("IND1", 39.9797, -86.3833),
    Place("AVP3", 41.2776, -75.4973),
    Place("CAE1", 33.9114, -81.0501),
    Place("BNA2", 36.1202, -86.4096),
    Place("DFW7", 32.9709, -97.3348),
    Place("SAT1", 29.6021, -98.289),
    Place("RIC2", 37.3521, -77.3269),
)
SMALL_CENTERS: Final = tuple(place for place in CENTERS if place.name in {"OAK4", "IND1", "AVP3", "CAE1", "DFW7"})
_SMALL_METROS: Final = (
    ("New York", "New York", "NY", 18.68),
    ("Los Angeles", "Los Angeles", "CA", 12.53),
    ("Chicago", "Chicago", "IL", 8.59),
    ("Miami", "Miami", "FL", 6.08),
    ("Dallas", "Dallas", "TX", 5.91),
    ("Houston", "Houston", "TX", 5.72),
    ("Philadelphia", "Philadelphia", "PA", 5.54),
    ("Atlanta", "Atlanta", "GA", 5.15),
    ("Washington", "Washington", "DC", 5.07),
    ("Boston", "Boston", "MA", 4.47),
)


@cache
def small_regions() -> tuple[Place, ...]:
    """The ten largest metropolitan areas, with millions of people."""
    places = []
    for name, city_name, state, millions in _SMALL_METROS:
        city = find_city(city_name, state)
        places.append(Place(name, city.latitude, city.longitude, millions))
    return tuple(places)


@cache
def big_regions(count: int = 100) -> tuple[Place, ...]:
    """The `count` largest areas of cities: each city, largest first, takes in the free cities within 40 miles.

    The papers count the people of census areas; this counts those of the cities of 15,000 people and more within.
    """
    free = list(us_cities())
    areas = []
    while free:
        center = free[0]
        near = [city for city in free if _is_near(center, city)]
        areas.append(
            Place(f"{center.name}, {center.region}", center.latitude, center.longitude, sum(c.population for c in near))
        )
        taken = set(near)
        free = [city for city in free if city not in taken]
    return tuple(sorted(areas, key=lambda area: (-area.weight, area.name))[:count])


def miles_between(starts: tuple[Place, ...], ends: tuple[Place, ...]) -> NDArray[np.float64]:
    """Great-circle miles (starts, ends), by the haversine formula."""
    first = np.radians([(place.latitude, place.longitude) for place in starts])[:, np.newaxis, :]
    second = np.radians([(place.latitude, place.longitude) for place in ends])[np.newaxis, :, :]
    half = np.sin((second - first) / 2.0) ** 2
    chord = half[..., 0] + np.cos(first[..., 0]) * np.cos(second[..., 0]) * half[..., 1]
    miles: NDArray[np.float64] = 2.0 * _EARTH_RADIUS_KILOMETERS / _KILOMETERS_PER_MILE * np.arcsin(np.sqrt(chord))
    return miles


def _is_near(center: City, city: City) -> bool:
    north = (city.latitude - center.latitude) * MILES_PER_DEGREE
    east = (city.longitude - center.longitude) * MILES_PER_DEGREE * math.cos(math.radians(center.latitude))
    return math.hypot(north, east) <= _METRO_RADIUS_MILES
