import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from troth.model.network import NodeType
from troth.replay.demand import draw_orders
from troth.replay.retailer import Retailer
from troth.replay.retailer.catalog import is_drop_ship_only
from troth.replay.retailer.cities import distances_miles, find_city, us_cities

START = datetime(2026, 11, 23, 9, tzinfo=ZoneInfo("America/New_York"))
FIELDS = {"channel", "external_id", "ordered_at", "customer", "method", "service", "lines", "payments"}
OPTIONAL = {"ship_to", "pickup_node", "attributes", "ship_complete"}


def test_every_order_refers_to_what_exists_and_pays_what_it_costs(retailer: Retailer) -> None:
    prices = {item.sku: item.price_minor for item in retailer.items}
    nodes = {node.node: node for node in retailer.nodes}
    cities = {(city.name, city.region): city.postcodes for city in us_cities()}
    for order in draw_orders(retailer, seed=7, start=START, count=3000):
        assert FIELDS <= order.keys() <= FIELDS | OPTIONAL
        assert 1 <= len(order["lines"]) <= 5
        assert [line["line_id"] for line in order["lines"]] == [str(n + 1) for n in range(len(order["lines"]))]
        total = Decimal(0)
        for line in order["lines"]:
            assert Decimal(line["unit_price"]["amount"]) * 100 == prices[line["sku"]]
            assert line["quantity"] >= 1
            total += Decimal(line["unit_price"]["amount"]) * line["quantity"]
        (payment,) = order["payments"]
        assert (payment["provider"], payment["status"]) == ("sandbox", "authorized")
        assert payment["amount"] == {"amount": str(total), "currency": "USD"}
        assert ("ship_to" in order) == (order["method"] == "ship")
        if order["method"] == "ship":
            to = order["ship_to"]
            assert to["postcode"] in cities[to["city"], to["region"]]
            assert to["country"] == "US"
        else:
            assert order["method"] in {"pickup", "curbside"}
            assert nodes[order["pickup_node"]].pickup


def test_what_is_picked_up_is_carried_by_the_store(small: Retailer) -> None:
    carried = {(sku, node) for sku, node, _ in small.stock()}
    pickups = [order for order in draw_orders(small, seed=7, start=START, count=2000) if order["method"] != "ship"]
    assert pickups
    assert all((line["sku"], order["pickup_node"]) in carried for order in pickups for line in order["lines"])


def test_orders_come_from_every_channel_by_every_method_and_service(small: Retailer) -> None:
    orders = list(draw_orders(small, seed=7, start=START, count=5000))
    channels = Counter(order["channel"] for order in orders)
    assert list(dict(channels.most_common())) == ["web", "marketplace", "store", "b2b", "call_center"]
    assert channels["web"] > 2500
    assert {order["method"] for order in orders} == {"ship", "pickup", "curbside"}
    assert Counter(order["service"] for order in orders).most_common(1)[0][0] == "standard"


def test_what_only_vendors_hold_is_asked_for_by_the_standard_service(small: Retailer) -> None:
    only_vendors = {item.sku for item in small.items if is_drop_ship_only(item)}
    orders = draw_orders(small, seed=7, start=START, count=5000)
    services = {o["service"] for o in orders if any(line["sku"] in only_vendors for line in o["lines"])}
    assert services == {"standard"}


def test_business_customers_order_more_of_each_and_sometimes_by_a_date_or_complete(small: Retailer) -> None:
    orders = list(draw_orders(small, seed=7, start=START, count=5000))
    quantities = {
        is_business: [line["quantity"] for o in orders if (o["channel"] == "b2b") == is_business for line in o["lines"]]
        for is_business in (True, False)
    }
    assert min(quantities[True]) >= 4
    assert quantities[False].count(1) > 0.8 * len(quantities[False])
    assert any("ship_complete" in order for order in orders if order["channel"] == "b2b")
    dated = [order for order in orders if "need_by" in order["lines"][0]]
    assert {order["channel"] for order in dated} == {"b2b"}
    for order in dated:
        ahead = datetime.fromisoformat(order["lines"][0]["need_by"]) - datetime.fromisoformat(order["ordered_at"])
        assert timedelta(days=7) <= ahead <= timedelta(days=27)


def test_an_endless_aisle_order_names_its_store_and_ships_to_its_city(small: Retailer) -> None:
    stores = {node.node: node for node in small.nodes if node.type is NodeType.STORE}
    orders = [o for o in draw_orders(small, seed=7, start=START, count=2000) if o["channel"] == "store"]
    for order in orders:
        store = stores[order["attributes"]["store"]]
        assert (order["ship_to"]["city"], order["ship_to"]["region"]) == (store.address.city, store.address.region)


def test_few_items_sell_most(small: Retailer) -> None:
    orders = draw_orders(small, seed=7, start=START, count=5000)
    sold = Counter(line["sku"] for order in orders for line in order["lines"])
    assert len(sold) > 400
    assert 0.55 < sum(count for _, count in sold.most_common(100)) / sold.total() < 0.85


def test_the_same_seed_gives_the_same_orders_and_another_seed_no_order_twice(small: Retailer) -> None:
    first = list(draw_orders(small, seed=7, start=START, count=300))
    assert first == list(draw_orders(small, seed=7, start=START, count=300))
    other = list(draw_orders(small, seed=8, start=START, count=300))
    assert len({order["external_id"] for order in first + other}) == 600


def test_times_grow_from_the_start_at_the_rate_that_is_asked_for(small: Retailer) -> None:
    times = [
        datetime.fromisoformat(order["ordered_at"])
        for order in draw_orders(small, seed=7, start=START, count=14_400, orders_per_hour=600)
    ]
    assert times[0] > START
    assert times == sorted(times)
    assert timedelta(hours=22) < times[-1] - START < timedelta(hours=26)
    assert times[0].tzinfo is UTC


def test_without_a_count_orders_never_end(small: Retailer) -> None:
    assert len(list(islice(draw_orders(small, seed=7, start=START), 1500))) == 1500


def test_a_body_is_ready_for_json(small: Retailer) -> None:
    orders = list(draw_orders(small, seed=7, start=START, count=200))
    assert json.loads(json.dumps(orders)) == orders


def test_a_start_without_time_zone_is_refused(small: Retailer) -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        draw_orders(small, seed=7, start=datetime(2026, 11, 23), count=1)  # noqa: DTZ001


def test_distances_between_cities_are_those_of_the_globe() -> None:
    cities = [find_city("Chicago", "IL"), find_city("Los Angeles", "CA")]
    new_york = find_city("New York", "NY")
    miles = distances_miles(
        new_york.latitude,
        new_york.longitude,
        np.array([city.latitude for city in cities]),
        np.array([city.longitude for city in cities]),
    )
    assert miles.tolist() == pytest.approx([715, 2450], abs=12)
