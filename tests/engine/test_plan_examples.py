"""Known answers, the reasons for what is not covered, and what hostile input gets."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from tests.engine.worlds import MONDAY, demand, flat_card, line, network, node, reasons, rows, sent, supply
from troth.engine.explanation.explain import explain
from troth.engine.promising.case import Case, digest_case
from troth.engine.promising.options import plan_options
from troth.engine.promising.promise import plan
from troth.engine.supply.supply import SupplyRows, rows_of
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import ON_HAND, Balance, Source, SupplyKey
from troth.model.network import Address, NodeType
from troth.model.order import Method
from troth.model.policy import Policy

FREE = Policy(split_minor=0, delay_minor_per_day=0, late_minor_per_day=0)
POUND = 453.59237


def test_two_parcels_of_a_heavy_order_can_be_cheaper_than_one() -> None:
    card = flat_card(0, brackets_grams=(1452, 2178, 3629), rates_minor=((757, 834, 2256),))
    net = network(node("E"), node("W"), cards=[card])
    wish = demand(line("A", weight_grams=round(4.8 * POUND)), line("B", weight_grams=round(3.2 * POUND) - 1))
    stock = supply(net, A={"E": 1, "W": 1}, B={"E": 1, "W": 1})

    found = plan(wish, stock, net, FREE, MONDAY)

    assert sorted(shipment.cost["shipping"] for shipment in found.shipments) == [757, 834]
    assert 2256 - found.cost_minor == 665


def test_one_parcel_is_taken_where_splitting_costs_more_than_it_saves() -> None:
    card = flat_card(0, brackets_grams=(1452, 2178, 3629), rates_minor=((757, 834, 2256),))
    net = network(node("E"), cards=[card])
    wish = demand(line("A", weight_grams=2177), line("B", weight_grams=1450))

    found = plan(wish, supply(net, A={"E": 1}, B={"E": 1}), net, Policy(split_minor=666), MONDAY)

    assert len(found.shipments) == 1


def test_orders_decided_one_by_one_take_the_cheapest_node_that_is_left() -> None:
    # Three orders, three nodes with one unit each: costs [[2, 5, 6], [7, 19, 20], [8, 15, 18]] end at 39 one by one.
    costs = {"1": (2, 5, 6), "2": (7, 19, 20), "3": (8, 15, 18)}
    left, total = {"n0": 1, "n1": 1, "n2": 1}, 0
    for order in costs.values():
        nodes = [node(f"n{at}", shipment_minor=cost) for at, cost in enumerate(order)]
        net = network(*nodes, cards=[flat_card(0)])
        found = plan(demand(line("A")), supply(net, A=left), net, FREE, MONDAY)
        total += found.cost_minor
        left = {name: units for name, units in left.items() if name != found.shipments[0].node}

    assert total == 39


def test_ties_go_to_the_node_whose_id_is_first() -> None:
    net = network(node("b"), node("c"), node("a"))

    found = plan(demand(line("A")), supply(net, A={"c": 1, "a": 1, "b": 1}), net, Policy(), MONDAY)

    assert sent(found) == {"a": {"A": 1}}


def test_every_part_of_the_cost_has_its_name() -> None:
    net = network(
        node("N", handling_minor=7, shipment_minor=30),
        cards=[flat_card(500, transit=2), flat_card(9000, service="x", transit=1)],
    )
    wish = demand(line("A", 2, need_by=MONDAY + timedelta(days=1)), line("B"), service="standard")

    found = plan(wish, supply(net, A={"N": 2}, B={"N": 1}), net, Policy(), MONDAY)

    assert found.shipments[0].cost == {
        "shipping": 500, "handling": 21, "packaging": 30, "split": 0, "delay": 300, "late": 2000,
    }  # fmt: skip


def test_a_line_that_no_node_has_whole_is_split() -> None:
    net = network(node("a"), node("b"), node("c"))

    found = plan(demand(line("A", 7)), supply(net, A={"a": 3, "b": 4, "c": 2}), net, Policy(), MONDAY)

    assert sent(found) == {"a": {"A": 3}, "b": {"A": 4}}
    assert (found.trace.method, found.trace.gap, found.uncovered) == ("milp", 0.0, ())


def test_what_is_short_is_named_with_what_could_be_had() -> None:
    net = network(node("a"), node("b"))

    found = plan(demand(line("A", 9), line("Z")), supply(net, A={"a": 3, "b": 4}), net, Policy(), MONDAY)

    assert sent(found) == {"a": {"A": 3}, "b": {"A": 4}}
    assert reasons(found) == {"A": (2, "no_stock"), "Z": (1, "no_stock")}
    assert [(item.available_quantity, item.available_at) for item in found.uncovered] == [
        (7, MONDAY.replace(day=24, hour=20)),
        (0, None),
    ]


def test_a_limit_of_shipments_covers_as_much_as_it_can() -> None:
    net = network(node("a"), node("b"))

    found = plan(demand(line("A", 7)), supply(net, A={"a": 3, "b": 4}), net, Policy(shipments_max=1), MONDAY)

    assert sent(found) == {"b": {"A": 4}}
    assert reasons(found) == {"A": (3, "too_many_shipments")}


def test_stock_on_hand_is_promised_before_dated_supply_even_if_that_is_cheaper() -> None:
    net = network(node("far", degrees=9.0), node("near"))
    stock = {Sku("A"): rows(net, ("far", 1), ("near", 1, MONDAY + timedelta(days=1)))}

    assert sent(plan(demand(line("A")), stock, net, FREE, MONDAY)) == {"far": {"A": 1}}


def test_what_is_not_on_hand_is_promised_from_dated_supply_and_pegged_to_the_latest_that_keeps_the_date() -> None:
    net = network(node("N"))
    tomorrow, later = MONDAY + timedelta(days=2), MONDAY + timedelta(days=9)
    stock = {Sku("A"): rows(net, ("N", 1), ("N", 2, tomorrow), ("N", 9, later))}

    shipment = plan(demand(line("A", 2)), stock, net, Policy(), MONDAY).shipments[0]

    assert [(peg.source, peg.quantity) for peg in shipment.pegs] == [("po/1/1", 2)]
    assert (shipment.is_backordered, shipment.ship_by.day) == (True, 25)


def test_lines_of_one_sku_share_its_stock() -> None:
    net = network(node("a"), node("b"))
    lines = [line("A", 2, line_id=LineId("1")), line("A", 2, line_id=LineId("2"))]

    found = plan(demand(*lines), supply(net, A={"a": 3, "b": 2}), net, Policy(), MONDAY)

    assert sent(found) == {"a": {"1": 2}, "b": {"2": 2}} or sent(found) == {"a": {"2": 2}, "b": {"1": 2}}


def test_an_order_that_ships_complete_waits_for_its_last_line() -> None:
    net = network(node("a"), node("b"))
    stock = {Sku("A"): rows(net, ("a", 1)), Sku("B"): rows(net, ("b", 1, MONDAY + timedelta(days=7)))}

    found = plan(demand(line("A"), line("B"), ship_complete=True), stock, net, Policy(), MONDAY)

    assert [shipment.ship_by for shipment in found.shipments] == [MONDAY.replace(day=30, hour=23, minute=59)] * 2


def test_an_order_that_ships_complete_is_refused_as_a_whole() -> None:
    net = network(node("a"))

    found = plan(
        demand(line("A"), line("B", 3), ship_complete=True), supply(net, A={"a": 5}, B={"a": 2}), net, Policy(), MONDAY
    )

    assert found.shipments == ()
    assert reasons(found) == {"A": (1, "ship_complete"), "B": (3, "no_stock")}
    assert [item.available_quantity for item in found.uncovered] == [1, 2]


PICKUP_REFUSALS: list[tuple[str, dict[str, Any], str]] = [
    ("no node named", {}, "unknown_node"),
    ("a node nobody knows", {"pickup_node": NodeId("x")}, "unknown_node"),
    ("a node that hands nothing over", {"pickup_node": NodeId("dc")}, "no_pickup_there"),
    ("an excluded node", {"pickup_node": NodeId("s"), "excluded_nodes": frozenset({NodeId("s")})}, "excluded"),
]


@pytest.mark.parametrize(
    ("facts", "reason"), [row[1:] for row in PICKUP_REFUSALS], ids=[row[0] for row in PICKUP_REFUSALS]
)
def test_a_pickup_that_cannot_be(facts: dict[str, Any], reason: str) -> None:
    net = network(node("s", pickup=True), node("dc"))

    found = plan(
        demand(line("A"), method=Method.PICKUP, **facts), supply(net, A={"s": 1, "dc": 1}), net, Policy(), MONDAY
    )

    assert reasons(found) == {"A": (1, reason)}


def test_a_pickup_takes_only_the_stock_of_its_node() -> None:
    net = network(node("s", pickup=True), node("t", pickup=True))
    wish = demand(line("A", 3), method=Method.CURBSIDE, pickup_node=NodeId("s"))

    found = plan(wish, supply(net, A={"s": 2, "t": 9}), net, Policy(), MONDAY)

    assert (sent(found), reasons(found)) == ({"s": {"A": 2}}, {"A": (1, "no_stock")})


def test_local_delivery_comes_the_same_day_from_stores_and_dcs_in_reach_only() -> None:
    near = node("near", degrees=0.3, type=NodeType.STORE)
    net = network(near, node("far", degrees=0.5), node("vendor", degrees=0.1, type=NodeType.DROP_SHIP))
    wish = demand(line("A"), method=Method.DELIVERY)

    found = plan(wish, supply(net, A={"near": 1, "far": 1, "vendor": 1}), net, Policy(), MONDAY)

    assert (sent(found), found.promised_at) == ({"near": {"A": 1}}, MONDAY.replace(hour=20))
    assert plan(wish, supply(net, A={"far": 1}), net, Policy(), MONDAY).uncovered[0].reason == "out_of_reach"


def test_a_service_that_a_node_does_not_offer_is_not_used_there() -> None:
    net = network(node("a", services=("standard",)), node("b", degrees=9.0))
    stock = supply(net, A={"a": 1, "b": 1})

    assert sent(plan(demand(line("A"), service="express"), stock, net, Policy(), MONDAY)) == {"b": {"A": 1}}
    assert reasons(plan(demand(line("A"), service="pigeon"), stock, net, Policy(), MONDAY)) == {
        "A": (1, "no_service_to_destination")
    }


def test_inactive_and_excluded_nodes_are_counted_as_removed_and_not_used() -> None:
    net = network(node("a", active=False), node("b"), node("c"), node("d"))
    wish = demand(line("A"), excluded_nodes=frozenset({NodeId("b")}))

    found = plan(wish, supply(net, A={"a": 1, "b": 1, "c": 1}), net, Policy(), MONDAY)

    assert sent(found) == {"c": {"A": 1}}
    assert found.trace.removed == {"inactive": 1, "excluded": 1, "no_stock": 1}


def test_a_destination_nobody_can_place_is_priced_at_the_farthest_zone() -> None:
    net = network(node("a"))
    stock = supply(net, A={"a": 1})

    known = plan(demand(line("A")), stock, net, FREE, MONDAY)
    unknown = plan(demand(line("A"), destination=Address("US")), stock, net, FREE, MONDAY)

    assert (known.cost_minor, unknown.cost_minor) == (569, 939)
    assert unknown.trace.method == "subset, farthest zone"


def test_hostile_input_gets_a_plan_that_says_no() -> None:
    net = network(node("a"))
    stock = supply(net, A={"a": 5})
    huge = 10**30

    assert plan(demand(), stock, net, Policy(), MONDAY).shipments == ()
    assert plan(demand(line("A", 0), line("B", -4)), stock, net, Policy(), MONDAY).uncovered == ()
    assert reasons(plan(demand(line("A", huge)), stock, net, Policy(), MONDAY)) == {"A": (huge - 5, "no_stock")}
    assert reasons(plan(demand(line("A")), {}, network(), Policy(), MONDAY)) == {"A": (1, "no_service_to_destination")}
    assert reasons(
        plan(
            demand(line("A"), destination=Address("US", latitude=float("nan"), longitude=0.0)),
            {},
            net,
            Policy(),
            MONDAY,
        )
    ) == {"A": (1, "no_stock")}
    assert len(plan(demand(line("A"), destination=None), stock, net, Policy(shipments_max=0), MONDAY).shipments) == 1


def test_an_order_of_ten_thousand_lines_is_planned() -> None:
    net = network(*(node(f"n{at}") for at in range(20)))
    stock = supply(net, **{f"S{at}": {f"n{at % 20}": 3, f"n{at % 7}": 2} for at in range(10_000)})

    lines = (line(f"S{at}", weight_grams=5) for at in range(10_000))
    found = plan(demand(*lines), stock, net, Policy(shipments_max=20), MONDAY)

    assert (found.uncovered, found.trace.method) == ((), "greedy")
    assert sum(len(shipment.pegs) for shipment in found.shipments) == 10_000


def test_options_are_one_plan_for_each_service_then_pickups_the_soonest_first() -> None:
    night = node("owl", degrees=1.2, pickup=True)
    shop = node("shop", degrees=1.0, pickup=True, processing_hours=8.0)
    net = network(night, shop, node("dc"), node("empty", pickup=True))
    stock = supply(net, A={"owl": 1, "shop": 1, "dc": 1})

    found = plan_options(demand(line("A")), lambda _: stock, net, Policy(), MONDAY)

    assert [(way.demand.method, way.plan.shipments[0].service, way.plan.shipments[0].node) for way in found] == [
        (Method.SHIP, "standard", "dc"),
        (Method.SHIP, "express", "dc"),
        (Method.SHIP, "next_day", "dc"),
        (Method.PICKUP, "", "owl"),
        (Method.PICKUP, "", "shop"),
    ]
    assert len(plan_options(demand(line("A")), lambda _: stock, net, Policy(), MONDAY, pickup_nodes_max=1)) == 4


def test_an_explanation_names_the_best_plans_not_chosen() -> None:
    net = network(node("a"), node("b", degrees=3.0), node("c", degrees=9.0))
    stock = supply(net, A={"a": 1, "b": 1, "c": 1})

    case = Case(demand(line("A"), service="standard"), stock, net, Policy(alternatives_kept=2), MONDAY)
    told = explain(case)

    assert [alternative.nodes for alternative in told.alternatives] == [("b",), ("a",)]
    assert told.alternatives[0].cost["shipping"] == 592
    assert told.input_digest == digest_case(case)
    assert told.input_digest != digest_case(replace(case, demand=demand(line("A"))))


def test_supply_rows_leave_out_unknown_nodes_and_show_nothing_of_inactive_ones() -> None:
    net = network(node("a"), node("b", active=False))

    def balance(name: str, source: Source = ON_HAND, **facts: Any) -> Balance:
        return Balance(SupplyKey(Sku("A"), NodeId(name), source), **facts)

    found = rows_of(
        [
            balance("a", Source("po/1/1"), on_hand=7, expected_at=MONDAY),
            balance("a", on_hand=5, reserved=2),
            balance("b", on_hand=5),
            balance("x", on_hand=5),
            balance("a", Source("po/2/1"), on_hand=1, reserved=1, expected_at=MONDAY),
        ],
        net,
    )

    assert isinstance(found, SupplyRows)
    assert found.sources == (ON_HAND, "po/1/1", "po/2/1", ON_HAND)
    assert (found.node_index.tolist(), found.available.tolist()) == ([0, 0, 0, 1], [3, 7, 0, 0])
    assert np.array_equal(found.available_from, [0.0, MONDAY.timestamp(), MONDAY.timestamp(), 0.0])


@pytest.mark.parametrize(("late_minor", "nodes"), [(100_000, {"near", "other"}), (1, {"far"})])
def test_a_line_is_split_where_that_keeps_its_date_and_costs_less(late_minor: int, nodes: set[str]) -> None:
    net = network(node("far", degrees=20.0), node("near"), node("other", degrees=1.5))
    stock = supply(net, A={"far": 6, "near": 3, "other": 3})
    need_by = plan(demand(line("A")), supply(net, A={"other": 1}), net, Policy(), MONDAY).promised_at
    policy = Policy(late_minor_per_day=late_minor, delay_minor_per_day=0)

    found = plan(demand(line("A", 6, need_by=need_by), service="standard"), stock, net, policy, MONDAY)

    assert {str(shipment.node) for shipment in found.shipments} == nodes
    assert found.uncovered == ()
