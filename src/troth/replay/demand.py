"""Generated demand: the orders that a retailer's customers would place, as the bodies that its channels would send."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from itertools import count as count_up
from random import Random
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from troth.model.item import Item
from troth.model.money import Money
from troth.replay.retailer.catalog import is_drop_ship_only
from troth.replay.retailer.cities import City, distances_miles, find_city, us_cities
from troth.replay.retailer.retailer import Retailer

K = TypeVar("K")

OrderBody = dict[str, Any]
"""An order as a channel sends it, ready for JSON."""

PICKUP_MILES_MAX: Final = 40.0
_STORES_NEAR: Final = 3
_CUSTOMERS: Final = 200_000
_COMPANIES: Final = 60

# The odds of each channel, and of what its customers ask for. Each row adds up to one.
_CHANNELS: Final = {"web": 0.58, "marketplace": 0.17, "store": 0.12, "call_center": 0.06, "b2b": 0.07}
_PREFIXES: Final = {"web": "W", "marketplace": "M", "store": "S", "call_center": "C", "b2b": "B"}
_SHIP_ONLY: Final = {"ship": 1.0}
_METHODS: Final = {
    "web": {"ship": 0.7, "pickup": 0.21, "curbside": 0.09},
    "call_center": {"ship": 0.85, "pickup": 0.15},
}
_SERVICES: Final = {"standard": 0.8, "express": 0.14, "next_day": 0.06}
_LINES: Final = {1: 0.55, 2: 0.25, 3: 0.11, 4: 0.06, 5: 0.03}
_LINES_B2B: Final = {1: 0.2, 2: 0.25, 3: 0.25, 4: 0.15, 5: 0.15}
_QUANTITIES: Final = {1: 0.86, 2: 0.1, 3: 0.03, 4: 0.01}
_QUANTITIES_B2B: Final = {4: 0.3, 6: 0.25, 8: 0.15, 12: 0.2, 24: 0.1}

_HOURS: Final = (
    1.1, 0.9, 0.8, 0.6, 0.4, 0.3, 0.2, 0.2, 0.2, 0.2, 0.3, 0.5, 0.8, 1.1, 1.4, 1.6, 1.7, 1.7, 1.6, 1.6, 1.6, 1.7,
    1.8, 1.7,
)  # fmt: skip
"""How busy each hour of the day is in UTC, one on average: the shop's day is that of North America."""

_FIRST_NAMES: Final = (
    "Ada", "Ben", "Carla", "Dev", "Elena", "Farid", "Grace", "Hugo", "Ines", "Jonah", "Keiko", "Liam", "Maya", "Noor",
    "Omar", "Priya", "Quinn", "Rosa", "Sam", "Tessa", "Uma", "Victor", "Wren", "Yusuf",
)  # fmt: skip
_LAST_NAMES: Final = (
    "Abbott", "Barrow", "Castell", "Dunmore", "Eastlake", "Fenwick", "Garland", "Hale", "Ibarra", "Jessop", "Kimura",
    "Larkin", "Mendez", "Norwood", "Okafor", "Pereira", "Quigley", "Rahman", "Sorensen", "Tran", "Underhill", "Vargas",
    "Whitlock", "Zeller",
)  # fmt: skip
_STREETS: Final = (
    "Alder Street", "Birch Lane", "Cedar Avenue", "Dogwood Drive", "Elm Street", "Fir Court", "Grove Street",
)  # fmt: skip
_COMPANY_KINDS: Final = ("Outfitters", "Lodge", "Guides", "Hotels", "Schools", "Rangers")


def draw_orders(
    retailer: Retailer, *, seed: int, start: datetime, count: int | None = None, orders_per_hour: float = 600.0
) -> Iterator[OrderBody]:
    """The bodies of `count` orders, or of orders without end, in the order of their times from `start` on.

    Customers live in US cities as people do, ask for items as their popularity says, and come `orders_per_hour` on the
    average of a day. What is picked up is carried by its store, though it may be sold out. Each `external_id` holds the
    seed, so that runs with different seeds never send an order twice. ValueError where `start` has no time zone.
    """
    if start.tzinfo is None:
        raise ValueError("the start of generated demand needs a time zone")
    return islice(_draw_endlessly(_Market(retailer), Random(seed), seed, start.astimezone(UTC), orders_per_hour), count)


class _Market:
    """What customers choose from: cities by people, items by popularity, stores near a city and what those carry."""

    def __init__(self, retailer: Retailer) -> None:
        self.items: Final = retailer.items
        self.cities: Final = us_cities()
        self._city_odds: Final = list(accumulate(city.population for city in self.cities))
        self._popularity: Final = retailer.popularity
        self._item_odds: Final = np.cumsum(retailer.popularity)
        self._every_item: Final = np.arange(len(retailer.items), dtype=np.int32)
        self._stores: Final = [index for index, node in enumerate(retailer.nodes) if node.pickup]
        self._nodes: Final = retailer.nodes
        self._latitudes: Final = np.array([retailer.nodes[index].latitude for index in self._stores])
        self._longitudes: Final = np.array([retailer.nodes[index].longitude for index in self._stores])
        self._stock_sku_index: Final = retailer.stock_sku_index
        self._node_starts: Final = np.searchsorted(retailer.stock_node_index, np.arange(len(retailer.nodes) + 1))
        self._near: Final[dict[int, tuple[int, ...]]] = {}
        self._carried: Final[dict[int, tuple[NDArray[np.int32], NDArray[np.float64]]]] = {}

    def draw_shopper(self, random: Random, *, is_in_store: bool) -> tuple[City, int | None]:
        """Where somebody lives, and the node where they would pick up, as an index; None where all are far."""
        if is_in_store:
            store = self._stores[int(random.random() * len(self._stores))]
            address = self._nodes[store].address
            return find_city(address.city, address.region), store
        city = bisect_right(self._city_odds, random.random() * self._city_odds[-1])
        near = self._stores_near(city)
        # The square makes the nearest store the likeliest.
        return self.cities[city], near[int(random.random() ** 2 * len(near))] if near else None

    def node_id(self, node: int) -> str:
        """The name of the node at an index."""
        return self._nodes[node].node

    def draw_items(self, lines: int, store: int | None, random: Random) -> list[Item]:
        """Up to `lines` different items, by popularity: of the whole catalog, or of those that a store carries."""
        members, odds = (self._every_item, self._item_odds) if store is None else self._carried_by(store)
        points = [random.random() * float(odds[-1]) for _ in range(lines)]
        indices = members[np.minimum(np.searchsorted(odds, points, side="right"), len(members) - 1)].tolist()
        return [self.items[index] for index in dict.fromkeys(indices)]

    def _stores_near(self, city: int) -> tuple[int, ...]:
        """The few nodes for pickup that are nearest to a city, as indices, the nearest first; none if all are far."""
        if city not in self._near:
            place = self.cities[city]
            miles = distances_miles(place.latitude, place.longitude, self._latitudes, self._longitudes)
            nearest = np.argsort(miles, kind="stable")[:_STORES_NEAR].tolist()
            self._near[city] = tuple(self._stores[index] for index in nearest if miles[index] <= PICKUP_MILES_MAX)
        return self._near[city]

    def _carried_by(self, store: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        if store not in self._carried:
            members = self._stock_sku_index[self._node_starts[store] : self._node_starts[store + 1]]
            self._carried[store] = (members, np.cumsum(self._popularity[members]))
        return self._carried[store]


def _draw_endlessly(
    market: _Market, random: Random, seed: int, start: datetime, orders_per_hour: float
) -> Iterator[OrderBody]:
    at = start
    for number in count_up(1):
        at += timedelta(hours=random.expovariate(orders_per_hour * _HOURS[at.hour]))
        channel = _one_of(_CHANNELS, random)
        yield _draw_order(market, random, channel, f"{_PREFIXES[channel]}-{seed}-{number:07d}", at)


def _draw_order(market: _Market, random: Random, channel: str, external_id: str, at: datetime) -> OrderBody:
    is_b2b = channel == "b2b"
    city, store = market.draw_shopper(random, is_in_store=channel == "store")
    method = _one_of(_METHODS.get(channel, _SHIP_ONLY), random) if store is not None else "ship"
    customer = _draw_company(random) if is_b2b else _draw_person(random)
    pickup = store if method != "ship" else None
    items = market.draw_items(_one_of(_LINES_B2B if is_b2b else _LINES, random), pickup, random)
    quantities = [_one_of(_QUANTITIES_B2B if is_b2b else _QUANTITIES, random) for _ in items]
    body: OrderBody = {
        "channel": channel,
        "external_id": external_id,
        "ordered_at": at.isoformat(),
        "customer": customer,
        "method": method,
        "service": _draw_service(method, items, random),
        "lines": [
            _line(str(number), item, quantity)
            for number, (item, quantity) in enumerate(zip(items, quantities, strict=True), start=1)
        ],
        "payments": [_payment(external_id, items, quantities)],
    }
    if pickup is not None:
        body["pickup_node"] = market.node_id(pickup)
    else:
        body["ship_to"] = _draw_address(customer["name"], city, random)
    if channel == "store" and store is not None:
        body["attributes"] = {"store": market.node_id(store)}
    if is_b2b and random.random() < 0.25:
        body["ship_complete"] = True
    if is_b2b and random.random() < 0.4:
        need_by = (at + timedelta(days=7 + int(random.random() * 21))).isoformat()
        body["lines"] = [line | {"need_by": need_by} for line in body["lines"]]
    return body


def _draw_service(method: str, items: Sequence[Item], random: Random) -> str:
    """The service asked for: vendors ship by the standard one only, and nothing is shipped for a pickup."""
    if method != "ship" or any(map(is_drop_ship_only, items)):
        return "standard"
    return _one_of(_SERVICES, random)


def _line(line_id: str, item: Item, quantity: int) -> dict[str, Any]:
    return {
        "line_id": line_id,
        "sku": item.sku,
        "quantity": quantity,
        "unit_price": _money(item.price_minor, item.currency),
    }


def _payment(external_id: str, items: Sequence[Item], quantities: Sequence[int]) -> dict[str, Any]:
    total = sum(item.price_minor * quantity for item, quantity in zip(items, quantities, strict=True))
    amount = _money(total, items[0].currency)
    return {"provider": "sandbox", "reference": f"sandbox-{external_id}", "amount": amount, "status": "authorized"}


def _money(minor: int, currency: str) -> dict[str, str]:
    return {"amount": Money(minor, currency).amount, "currency": currency}


def _draw_person(random: Random) -> dict[str, str]:
    """One of the customers; the number decides the name, so that the same customer comes back."""
    number = int(random.random() * _CUSTOMERS)
    first = _FIRST_NAMES[number % len(_FIRST_NAMES)]
    last = _LAST_NAMES[number // len(_FIRST_NAMES) % len(_LAST_NAMES)]
    return {
        "id": f"C-{number:06d}",
        "name": f"{first} {last}",
        "email": f"{first}.{last}.{number}@example.com".lower(),
        "phone": f"+1 555 01{number % 100:02d}",
    }


def _draw_company(random: Random) -> dict[str, str]:
    number = int(random.random() * _COMPANIES)
    name = f"{_LAST_NAMES[number % len(_LAST_NAMES)]} {_COMPANY_KINDS[number % len(_COMPANY_KINDS)]}"
    return {
        "id": f"B-{number:04d}",
        "name": name,
        "email": f"orders.{number}@example.com",
        "phone": f"+1 555 01{number % 100:02d}",
    }


def _draw_address(name: str, city: City, random: Random) -> dict[str, str]:
    return {
        "name": name,
        "line1": f"{1 + int(random.random() * 9799)} {_STREETS[int(random.random() * len(_STREETS))]}",
        "city": city.name,
        "region": city.region,
        "postcode": city.postcodes[int(random.random() * len(city.postcodes))],
        "country": "US",
    }


def _one_of(odds: Mapping[K, float], random: Random) -> K:
    """One of the choices, each with its odds, which add up to one."""
    point = random.random()
    for choice, chance in odds.items():
        point -= chance
        if point < 0:
            return choice
    return next(reversed(list(odds)))
