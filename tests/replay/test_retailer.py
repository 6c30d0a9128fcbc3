import re
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.replay.conftest import TODAY
from troth.engine.carriage.network import compile_network
from troth.model.customs import HS_CODE, ORIGIN
from troth.model.network import NodeType
from troth.replay.retailer import Retailer, make_retailer
from troth.replay.retailer.catalog import is_bulky, is_drop_ship_only
from troth.replay.retailer.categories import CATEGORIES
from troth.replay.retailer.gtin import is_gtin
from troth.replay.retailer.lockers import make_lockers

DIGEST = (
    "import datetime, troth.replay.retailer as r; print(r.make_retailer('small', today=datetime.date({})).digest())"
)


def node_indices(retailer: Retailer, kind: NodeType) -> list[int]:
    return [index for index, node in enumerate(retailer.nodes) if node.type is kind]


@pytest.mark.parametrize(
    ("size", "dcs", "stores", "vendors", "skus"), [("small", 4, 60, 3, 500), ("large", 8, 900, 50, 20_000)]
)
def test_each_size_has_its_numbers_of_nodes_and_skus(
    size: str, dcs: int, stores: int, vendors: int, skus: int, request: pytest.FixtureRequest
) -> None:
    retailer: Retailer = request.getfixturevalue(size)
    kinds = Counter(node.type for node in retailer.nodes)
    assert kinds == {NodeType.DC: dcs, NodeType.STORE: stores, NodeType.DROP_SHIP: vendors}
    assert len(retailer.items) == skus


def test_names_are_unique(retailer: Retailer) -> None:
    for names in (
        [node.node for node in retailer.nodes],
        [node.name for node in retailer.nodes],
        [item.sku for item in retailer.items],
        [item.name for item in retailer.items],
        [item.gtin for item in retailer.items],
        [order.number for order in retailer.purchase_orders],
    ):
        assert len(set(names)) == len(names)


def test_every_gtin_is_valid_and_from_the_range_for_examples(retailer: Retailer) -> None:
    assert all(is_gtin(item.gtin) and item.gtin.startswith("952") for item in retailer.items)


def test_every_item_sells_above_its_cost_with_a_margin_of_its_category(retailer: Retailer) -> None:
    margins = {category.name: category.margin for category in CATEGORIES}
    for item in retailer.items:
        assert 0 < item.cost_minor < item.price_minor
        low, high = margins[item.category]
        assert low - 0.001 <= 1 - item.cost_minor / item.price_minor <= high + 0.001


def test_every_item_has_weight_dimensions_and_the_attributes_of_its_style(retailer: Retailer) -> None:
    for item in retailer.items:
        assert item.weight_grams >= 20
        assert min(item.dimensions_mm) >= 10
        assert item.attributes["season"] in {"all_year", "spring", "summer", "fall", "winter"}
        assert item.attributes["brand"] == item.name.split()[0]
        assert item.attributes.get("size", "") in item.name
    assert {item.category for item in retailer.items} == {category.name for category in CATEGORIES}


def test_some_items_are_bulky_and_some_only_vendors_hold(retailer: Retailer) -> None:
    assert 0.02 < sum(map(is_bulky, retailer.items)) / len(retailer.items) < 0.08
    assert 0.02 < sum(map(is_drop_ship_only, retailer.items)) / len(retailer.items) < 0.08


def test_popularity_is_a_share_of_the_demand_and_concentrated(retailer: Retailer) -> None:
    assert retailer.popularity.sum() == pytest.approx(1.0)
    assert retailer.popularity.min() > 0
    best_fifth = np.sort(retailer.popularity)[::-1][: len(retailer.items) // 5].sum()
    assert 0.6 < best_fifth < 0.85


def test_every_node_has_a_time_zone_that_loads_and_an_address_in_the_us(retailer: Retailer) -> None:
    for node in retailer.nodes:
        assert ZoneInfo(node.time_zone).key == node.time_zone
        assert (node.address.country, len(node.address.region), len(node.address.postcode)) == ("US", 2, 5)
        assert 18 < node.latitude < 72
        assert -180 < node.longitude < -65
        assert (node.address.latitude, node.address.longitude) == (node.latitude, node.longitude)


def test_cut_offs_lie_within_opening_hours(retailer: Retailer) -> None:
    for node in retailer.nodes:
        assert node.calendar.opens < node.cut_off < node.calendar.closes


def test_only_stores_hand_over_and_every_store_does(retailer: Retailer) -> None:
    assert all(node.pickup == (node.type is NodeType.STORE) for node in retailer.nodes)


def test_nobody_works_on_thanksgiving_and_only_vendors_rest_on_veterans_day(small: Retailer) -> None:
    for node in small.nodes:
        assert date(2026, 11, 26) in node.calendar.holidays
        assert (date(2026, 11, 11) in node.calendar.holidays) == (node.type is NodeType.DROP_SHIP)
        assert max(node.calendar.holidays).year == 2028


def test_large_cities_have_several_stores_apart_from_each_other(large: Retailer) -> None:
    stores = [node for node in large.nodes if node.type is NodeType.STORE]
    in_city = Counter((node.address.city, node.address.region) for node in stores)
    assert in_city["Los Angeles", "CA"] > in_city["Denver", "CO"] > 1
    assert len({(node.latitude, node.longitude) for node in stores}) == 900


def test_stock_refers_to_what_exists_once_each_and_holds_one_unit_at_least(retailer: Retailer) -> None:
    skus, nodes, units = retailer.stock_sku_index, retailer.stock_node_index, retailer.stock_units
    assert len(skus) == len(nodes) == len(units) == retailer.positions
    assert (skus.min() >= 0, skus.max() < len(retailer.items)) == (True, True)
    assert set(np.unique(nodes).tolist()) == set(range(len(retailer.nodes)))
    keys = nodes.astype(np.int64) * len(retailer.items) + skus
    assert (np.diff(keys) > 0).all()
    assert units.min() >= 1


def test_the_large_retailer_has_between_two_and_four_million_positions(large: Retailer) -> None:
    assert 2_000_000 < large.positions < 4_000_000


def test_stores_carry_a_part_of_the_catalog_and_distribution_centers_most_of_it(retailer: Retailer) -> None:
    held = np.bincount(retailer.stock_node_index) / len(retailer.items)
    assert held[node_indices(retailer, NodeType.STORE)].max() < 0.75
    assert held[node_indices(retailer, NodeType.DC)].min() > 0.8


def test_what_only_vendors_hold_lies_with_vendors_alone_and_with_one_at_least(retailer: Retailer) -> None:
    only_vendors = np.array([is_drop_ship_only(item) for item in retailer.items])
    at_vendor = np.isin(retailer.stock_node_index, node_indices(retailer, NodeType.DROP_SHIP))
    assert at_vendor[only_vendors[retailer.stock_sku_index]].all()
    assert set(np.flatnonzero(only_vendors).tolist()) <= set(retailer.stock_sku_index.tolist())


def test_vendors_carry_only_some_categories(retailer: Retailer) -> None:
    for vendor in node_indices(retailer, NodeType.DROP_SHIP):
        held = retailer.stock_sku_index[retailer.stock_node_index == vendor].tolist()
        assert 1 <= len({retailer.items[sku].category for sku in held}) <= 2


def test_what_nobody_holds_is_on_a_purchase_order(retailer: Retailer) -> None:
    held = set(retailer.stock_sku_index.tolist())
    awaited = {item.sku for index, item in enumerate(retailer.items) if index not in held}
    expected = {line.sku for order in retailer.purchase_orders for line in order.lines}
    assert awaited
    assert awaited < expected


def test_purchase_orders_arrive_in_the_coming_weeks_at_distribution_centers_that_work_that_day(
    retailer: Retailer,
) -> None:
    nodes = {node.node: node for node in retailer.nodes}
    skus = {item.sku for item in retailer.items}
    for order in retailer.purchase_orders:
        assert 1 <= len(order.lines) <= 40
        for line in order.lines:
            node = nodes[line.node]
            arrival = line.expected_at.astimezone(ZoneInfo(node.time_zone))
            assert node.type is NodeType.DC
            assert line.sku in skus
            assert line.quantity >= 6
            assert timedelta(days=3) <= arrival.date() - TODAY <= timedelta(days=50)
            assert arrival.weekday() in node.calendar.weekdays
            assert arrival.date() not in node.calendar.holidays


def test_positions_can_be_walked_by_name(small: Retailer) -> None:
    sku, node, units = next(small.stock())
    assert (sku, node, units) == (
        small.items[small.stock_sku_index[0]].sku,
        small.nodes[0].node,
        small.stock_units[0],
    )
    assert sum(1 for _ in small.stock()) == small.positions


def test_the_same_seed_and_date_give_the_same_retailer_in_any_process(small: Retailer) -> None:
    for hash_seed in ("1", "2"):
        other = subprocess.run(
            [sys.executable, "-c", DIGEST.format("2026, 11, 23")],
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=True,
        )
        assert other.stdout.strip() == small.digest()


def test_another_seed_or_date_gives_another_retailer(small: Retailer) -> None:
    digests = {
        small.digest(),
        make_retailer("small", seed=1, today=TODAY).digest(),
        make_retailer("small", today=date(2026, 11, 24)).digest(),
    }
    assert len(digests) == 3


def test_a_season_sells_more_in_its_months() -> None:
    winter = make_retailer("small", today=date(2027, 1, 15))
    summer = make_retailer("small", today=date(2027, 7, 15))
    assert winter.items == summer.items
    snow = [index for index, item in enumerate(winter.items) if item.attributes["season"] == "winter"]
    assert winter.popularity[snow].sum() > 4 * summer.popularity[snow].sum()


def test_every_item_has_what_customs_want_to_know(small: Retailer) -> None:
    told = [(item.attributes[HS_CODE], item.attributes[ORIGIN]) for item in small.items]
    assert all(re.fullmatch(r"\d{4}\.\d{2}", code) and len(origin) == 2 for code, origin in told)
    assert len({code for code, _ in told}) > 20


def test_a_locker_stands_at_the_first_stores_and_hands_over_what_they_have(small: Retailer) -> None:
    lockers = make_lockers(small.nodes)
    network = compile_network((*small.nodes, *lockers))
    homes = [network.nodes[network.hands_over_from(node.node)].node for node in lockers]
    assert ([node.node for node in lockers], homes) == (["LK-0001", "LK-0002"], ["ST-0001", "ST-0002"])
    assert all(network.is_pickup[network.index[node.node]] for node in lockers)
