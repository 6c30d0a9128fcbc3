"""The nodes of the sample retailer: distribution centers near logistics hubs, stores where people live, vendors."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Final

import holidays
import numpy as np

from troth.model.ids import NodeId
from troth.model.network import Address, Calendar, Node, NodeType
from troth.replay.retailer.cities import City, draw_by_population, find_city, jittered, us_cities

STORE_CITY_POPULATION_MIN: Final = 50_000

DC_HUBS: Final = (
    ("Ontario", "CA"),
    ("Columbus", "OH"),
    ("Fort Worth", "TX"),
    ("Allentown", "PA"),
    ("Atlanta", "GA"),
    ("Reno", "NV"),
    ("Joliet", "IL"),
    ("Kansas City", "MO"),
)
"""Where distribution centers stand, the first ones first."""

_VENDOR_NAMES: Final = (
    "Alderbrook",
    "Birchfold",
    "Coppermere",
    "Dunlace",
    "Elmhollow",
    "Farrowby",
    "Gorsewood",
    "Hazelrigg",
    "Inglethorn",
    "Jasperfold",
)
_VENDOR_TRADES: Final = ("Woodworks", "Boatworks", "Ironworks", "Cycles", "Furnishings")
_STREETS: Final = (
    "Commerce Way",
    "Main Street",
    "Market Street",
    "Foundry Road",
    "Station Avenue",
    "Canyon Boulevard",
    "Mill Lane",
    "Prospect Drive",
)
_DC_HOLIDAYS: Final = ("New Year's Day", "Memorial Day", "Independence Day", "Labor Day", "Thanksgiving", "Christmas")
_STORE_HOLIDAYS: Final = ("Thanksgiving", "Christmas")


def make_nodes(
    *, brand: str, dcs: int, stores: int, vendors: int, today: date, generator: np.random.Generator
) -> tuple[Node, ...]:
    """The distribution centers, then the stores, then the vendors; holidays are those of this year and the next two."""
    days_off = holidays.country_holidays("US", years=range(today.year, today.year + 3))
    large_cities = [city for city in us_cities() if city.population >= STORE_CITY_POPULATION_MIN]
    store_cities = draw_by_population(large_cities, stores, generator)
    vendor_cities = [large_cities[index] for index in generator.permutation(len(large_cities))[:vendors]]
    return (
        *(_dc(brand, find_city(*hub), stores // dcs, days_off, generator) for hub in DC_HUBS[:dcs]),
        *_stores(brand, store_cities, days_off, generator),
        *(_vendor(number, city, days_off, generator) for number, city in enumerate(vendor_cities, start=1)),
    )


def _dc(
    brand: str, city: City, stores_served: int, days_off: Mapping[date, str], generator: np.random.Generator
) -> Node:
    name = f"{brand} distribution center {city.name}"
    latitude, longitude = jittered(city, generator)
    return Node(
        node=NodeId(f"DC-{city.name.upper().replace(' ', '-')}"),
        type=NodeType.DC,
        name=name,
        latitude=latitude,
        longitude=longitude,
        time_zone=city.time_zone,
        address=_address(name, city, latitude, longitude, generator),
        calendar=Calendar((0, 1, 2, 3, 4, 5), time(6), time(22), _closed_on(days_off, _DC_HOLIDAYS)),
        cut_off=time(16),
        processing_hours=4.0,
        capacity_per_day=5_000 + 300 * stores_served,
        handling_minor=int(generator.integers(35, 56)),
        shipment_minor=int(generator.integers(90, 131)),
    )


def _stores(
    brand: str, cities: Sequence[City], days_off: Mapping[date, str], generator: np.random.Generator
) -> list[Node]:
    in_city: Counter[City] = Counter()
    of_city = Counter(cities)
    nodes = []
    for number, city in enumerate(cities, start=1):
        in_city[city] += 1
        name = f"{brand} {city.name}, {city.region}" + (f" {in_city[city]}" if of_city[city] > 1 else "")
        nodes.append(_store(number, name, city, days_off, generator))
    return nodes


def _store(number: int, name: str, city: City, days_off: Mapping[date, str], generator: np.random.Generator) -> Node:
    latitude, longitude = jittered(city, generator)
    is_large = city.population >= 300_000
    return Node(
        node=NodeId(f"ST-{number:04d}"),
        type=NodeType.STORE,
        name=name,
        latitude=latitude,
        longitude=longitude,
        time_zone=city.time_zone,
        address=_address(name, city, latitude, longitude, generator),
        calendar=Calendar(
            opens=time(9) if is_large else time(10),
            closes=time(21) if is_large else time(20),
            holidays=_closed_on(days_off, _STORE_HOLIDAYS),
        ),
        cut_off=time(13),
        processing_hours=2.0,
        capacity_per_day=int(generator.integers(120, 241)) if is_large else int(generator.integers(50, 121)),
        services=("standard", "express"),
        pickup=True,
        handling_minor=int(generator.integers(110, 171)),
        shipment_minor=int(generator.integers(180, 281)),
    )


def _vendor(number: int, city: City, days_off: Mapping[date, str], generator: np.random.Generator) -> Node:
    place, trade = divmod(number - 1, len(_VENDOR_TRADES))
    name = f"{_VENDOR_NAMES[place % len(_VENDOR_NAMES)]} {_VENDOR_TRADES[trade]}"
    latitude, longitude = jittered(city, generator)
    return Node(
        node=NodeId(f"DS-{number:03d}"),
        type=NodeType.DROP_SHIP,
        name=name,
        latitude=latitude,
        longitude=longitude,
        time_zone=city.time_zone,
        address=_address(name, city, latitude, longitude, generator),
        calendar=Calendar((0, 1, 2, 3, 4), time(8), time(17), tuple(sorted(days_off))),
        cut_off=time(11),
        processing_hours=8.0,
        capacity_per_day=int(generator.integers(60, 201)),
        services=("standard",),
        shipment_minor=int(generator.integers(300, 551)),
    )


def _address(name: str, city: City, latitude: float, longitude: float, generator: np.random.Generator) -> Address:
    street = _STREETS[generator.integers(len(_STREETS))]
    return Address(
        country="US",
        name=name,
        line1=f"{generator.integers(1, 9800)} {street}",
        city=city.name,
        region=city.region,
        postcode=city.postcodes[generator.integers(len(city.postcodes))],
        latitude=latitude,
        longitude=longitude,
    )


def _closed_on(days_off: Mapping[date, str], names: tuple[str, ...]) -> tuple[date, ...]:
    """The days off of those names; the free Monday after a holiday on a Sunday is an ordinary day for shops."""
    return tuple(sorted(day for day, name in days_off.items() if name.startswith(names) and "observed" not in name))
