"""Each preset on a table of orders: from where its lines leave."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.brute_force import World
from tests.engine.test_plan_properties import ask, worlds
from tests.engine.worlds import MONDAY, demand, line, network, node, rows, sent, supply
from troth.engine.promising.promise import plan
from troth.engine.rules.check import check
from troth.engine.rules.lint import lint
from troth.engine.rules.presets import (
    PRESETS,
    classes_first,
    default,
    fewest_splits,
    markdown_clearance,
    nearest_first,
    own_region_first,
    protect_stores,
    ranked_locations,
    reliable_nodes,
    single_location_or_all,
    weeks_of_supply,
)
from troth.engine.supply.unit_prices import UnitPrices
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.network import Address, NodeType
from troth.model.plan import Demand
from troth.model.policy import Policy
from troth.model.routing import Routing
from troth.model.work_times import WorkRates

DESTINATION = Address("US", region="IA", latitude=40.0, longitude=-90.0)
NET = network(
    node("DC", degrees=12.0, address=Address("US", region="TX")),
    node("S-IA", degrees=3.0, type=NodeType.STORE, address=Address("US", region="IA")),
    node("S-NY", degrees=1.0, type=NodeType.STORE, address=Address("US", region="NY")),
    node("VENDOR", degrees=2.0, type=NodeType.DROP_SHIP, address=Address("US", region="MO")),
)
NET.load.rate(
    {
        NodeId("S-NY"): WorkRates(accept=0.85, short=0.02, on_time=0.99, task_minutes=5.0),
        NodeId("VENDOR"): WorkRates(accept=0.99, short=0.02, on_time=0.7, task_minutes=5.0),
    }
)
A, B = line("A"), line("B")
SALES = UnitPrices(
    "sales",
    MONDAY,
    weekly_units={Sku(sku): {NodeId("S-IA"): 1.0, NodeId("S-NY"): 1.0} for sku in ("A", "B")},
)

TABLE = """
default                | DC:A1 S-NY:A9                  | A   | DC:A
default                | S-IA:A1 S-NY:A9                | A   | S-IA:A
default                | S-NY:A9                        | A   | S-NY:A
default                | S-NY:A2 VENDOR:A9              | A   | S-NY:A
default                | VENDOR:A9                      | A   | VENDOR:A
default                | DC:A1 S-NY:B9                  | A B | DC:A S-NY:B
default                | DC:A1 VENDOR:B9                | A B | DC:A VENDOR:B
nearest_first          | DC:A9 S-IA:A1 S-NY:A1          | A   | S-NY:A
nearest_first          | DC:A9,B9 S-IA:B1 S-NY:A1       | A B | S-IA:B S-NY:A
fewest_splits          | DC:A9,B9 S-IA:B1 S-NY:A1       | A B | DC:A,B
ranked_locations       | DC:A9 S-IA:A1 S-NY:A1          | A   | S-IA:A
ranked_locations       | DC:A9 S-NY:A1                  | A   | DC:A
ranked_locations       | S-NY:A1                        | A   | S-NY:A
own_region_first       | DC:A9 S-IA:A1 S-NY:A1          | A   | S-IA:A
own_region_first       | S-NY:A1,B1 S-IA:A1             | A B | S-IA:A S-NY:B
weeks_of_supply        | S-NY:A3 S-IA:A5                | A   | S-IA:A
weeks_of_supply        | S-NY:A2 S-IA:A3                | A   | S-IA:A
weeks_of_supply        | S-NY:A3 DC:A1                  | A   | DC:A
protect_stores         | S-NY:A2 DC:A1                  | A   | DC:A
protect_stores         | S-NY:A3 DC:A1                  | A   | S-NY:A
protect_stores         | S-NY:A2                        | A   | -
markdown_clearance     | DC:A9 S-IA:A9 S-NY:A1          | A   | S-IA:A
markdown_clearance     | DC:A9,B9 S-IA:A9,B9            | A B | S-IA:A,B
markdown_clearance     | DC:A9,B9 S-IA:A9 S-NY:B1       | A B | S-IA:A S-NY:B
markdown_clearance     | DC:B9 S-NY:B9                  | B   | S-NY:B
reliable_nodes         | DC:A9 S-IA:A9 S-NY:A9          | A   | S-IA:A
reliable_nodes         | DC:A1 S-NY:A9                  | A   | DC:A
reliable_nodes         | S-NY:A9 VENDOR:A9              | A   | S-NY:A
single_location_or_all | DC:A1,B1 S-IA:A1 S-NY:B1       | A B | DC:A,B
single_location_or_all | S-IA:A1 S-NY:B1                | A B | S-IA:A S-NY:B
classes_first          | DC:A9 S-IA:A9                  | A   | S-IA:A
"""

ROUTINGS = {
    "default": default(),
    "nearest_first": nearest_first(),
    "fewest_splits": fewest_splits(),
    "ranked_locations": ranked_locations(("S-IA", "DC")),
    "own_region_first": own_region_first(),
    "weeks_of_supply": weeks_of_supply(),
    "protect_stores": protect_stores(),
    "markdown_clearance": markdown_clearance(),
    "reliable_nodes": reliable_nodes(),
    "single_location_or_all": single_location_or_all(),
    "classes_first": classes_first(("gold", "silver")),
}
ROWS = [tuple(cell.strip() for cell in row.split("|")) for row in TABLE.strip().splitlines()]


def stocked(cell: str) -> dict[str, dict[str, int]]:
    """`DC:A9,B9 S-NY:A1` as stock by SKU and node."""
    stock: dict[str, dict[str, int]] = {}
    for entry in cell.split():
        name, units = entry.split(":")
        for one in units.split(","):
            stock.setdefault(one[0], {})[name] = int(one[1:])
    return stock


def wished(cell: str) -> Demand:
    """The lines of these SKUs; A is on clearance."""
    items = {"A": Item(Sku("A"), attributes={"clearance": "yes"}), "B": Item(Sku("B"))}
    lines = [replace(line(sku), item=items[sku]) for sku in cell.split()]
    return demand(*lines, destination=DESTINATION)


def left_from(routing: Routing, wish: Demand, **stock: dict[str, int]) -> str:
    found = plan(wish, supply(NET, **stock), NET, Policy(routing=routing), MONDAY, prices=SALES)
    return " ".join(f"{name}:{','.join(sorted(lines))}" for name, lines in sorted(sent(found).items())) or "-"


@pytest.mark.parametrize(("preset", "stock", "lines", "expected"), ROWS, ids=[" ".join(row[:3]) for row in ROWS])
def test_an_order_leaves_from_where_the_preset_says(preset: str, stock: str, lines: str, expected: str) -> None:
    assert left_from(ROUTINGS[preset], wished(lines), **stocked(stock)) == expected


def test_every_preset_stands_in_the_table() -> None:
    assert {row[0] for row in ROWS} == set(PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_can_be_used_as_it_is_and_nothing_is_to_be_said_about_it(name: str) -> None:
    assert check(PRESETS[name]()) == ()
    assert lint(PRESETS[name]()) == ()
    assert PRESETS[name]().name == name


def test_what_nobody_has_is_backordered_by_the_default() -> None:
    stock = {Sku("A"): rows(NET, ("S-NY", 5, MONDAY + timedelta(days=5)))}

    found = plan(demand(A, destination=DESTINATION), stock, NET, Policy(routing=default()), MONDAY)

    assert sent(found) == {"S-NY": {"A": 1}}
    assert found.trace.tier == "backorder"


def test_a_store_whose_sales_are_not_known_spares_nothing_in_the_first_tier() -> None:
    stock = supply(NET, A={"S-NY": 100, "DC": 1})

    found = plan(demand(A, destination=DESTINATION), stock, NET, Policy(routing=weeks_of_supply()), MONDAY)

    assert sent(found) == {"DC": {"A": 1}}


def test_sales_may_be_stated_by_the_item() -> None:
    wish = demand(replace(A, item=Item(Sku("A"), attributes={"weekly_units": "2"})), destination=DESTINATION)
    stock = supply(NET, A={"S-NY": 8, "DC": 1})

    found = plan(wish, stock, NET, Policy(routing=weeks_of_supply(weeks=4.0)), MONDAY)

    assert sent(found) == {"S-NY": {"A": 1}}


def test_ranked_locations_may_leave_all_others_out() -> None:
    routing = ranked_locations(("S-IA", 'odd"name'), is_exclusive=True)

    assert check(routing) == ()
    assert left_from(routing, demand(B, destination=DESTINATION), B={"DC": 5}) == "-"


@settings(max_examples=60, deadline=None)
@given(worlds(is_whole=False), st.sampled_from(sorted(PRESETS)))
def test_under_every_preset_each_unit_is_pegged_once_or_uncovered_and_none_is_sent_twice(
    world: World, name: str
) -> None:
    wish, stock, net = ask(world)

    found = plan(wish, stock, net, replace(world.policy, routing=PRESETS[name]()), world.now)

    taken: dict[tuple[str, str, str], int] = {}
    for shipment in found.shipments:
        for peg in shipment.pegs:
            key = (peg.sku, shipment.node, peg.source)
            taken[key] = taken.get(key, 0) + peg.quantity
    for one in world.lines:
        pegged = sum(peg.quantity for sent in found.shipments for peg in sent.pegs if peg.line_id == one.line_id)
        missing = sum(gap.quantity for gap in found.uncovered if gap.line_id == one.line_id)
        assert pegged + missing == one.quantity
    for (sku, at, source), units in taken.items():
        supplies = stock[Sku(sku)]
        places = [net.nodes[position].node for position in supplies.node_index.tolist()]
        there = zip(places, supplies.sources, supplies.available.tolist(), strict=True)
        assert units <= sum(available for place, of, available in there if (place, of) == (at, source))


def test_a_demand_of_nothing_and_a_network_of_nothing_are_answered() -> None:
    for routing in ROUTINGS.values():
        assert plan(demand(), {}, NET, Policy(routing=routing), MONDAY).uncovered == ()
        assert len(plan(demand(A, B), {}, network(), Policy(routing=routing), MONDAY).uncovered) == 2
