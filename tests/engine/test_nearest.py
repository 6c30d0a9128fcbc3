"""Of nodes that cost the same the nearest sends, whatever solver found the plan and whatever the nodes are called."""

from datetime import timedelta

import pytest

from tests.engine.worlds import MONDAY, demand, flat_card, line, network, node, rows, sent, supply
from troth.engine.promising.promise import plan
from troth.model.cost_rates import CostRates
from troth.model.ids import Sku
from troth.model.item import Item
from troth.model.network import Surcharge
from troth.model.policy import Policy

FLAT = [flat_card(500)]
POLICY = Policy()
COASTS = network(node("a-far", degrees=30.0), node("z-near", degrees=1.0), cards=FLAT)
MANY = network(*(node(f"n{number:04}", degrees=30.0 - number / 100.0) for number in range(2_000)), cards=FLAT)


def test_of_two_nodes_at_one_price_the_nearer_sends() -> None:
    found = plan(demand(line("A")), supply(COASTS, A={"a-far": 5, "z-near": 5}), COASTS, POLICY, MONDAY)

    assert sent(found) == {"z-near": {"A": 1}}


def test_of_equally_near_ones_the_first_by_id_sends() -> None:
    world = network(node("b"), node("a"), cards=FLAT)

    found = plan(demand(line("A")), supply(world, A={"a": 5, "b": 5}), world, POLICY, MONDAY)

    assert sent(found) == {"a": {"A": 1}}


@pytest.mark.parametrize("count", [1, 4, 12, 14])
def test_every_solver_sends_from_the_nearest(count: int) -> None:
    skus = [f"S{number}" for number in range(count)]
    everywhere = {str(one.node): 9 for one in MANY.nodes}

    found = plan(
        demand(*(line(sku) for sku in skus)), supply(MANY, **dict.fromkeys(skus, everywhere)), MANY, POLICY, MONDAY
    )

    assert sent(found) == {"n1999": dict.fromkeys(skus, 1)}


def test_a_cent_counts_more_than_the_way() -> None:
    world = network(node("far", degrees=30.0), node("near", handling_minor=1), cards=FLAT)

    found = plan(demand(line("A")), supply(world, A={"far": 5, "near": 5}), world, POLICY, MONDAY)

    assert sent(found) == {"far": {"A": 1}}


def test_a_node_that_has_not_all_of_the_parcel_does_not_send_it() -> None:
    stock = supply(COASTS, A={"a-far": 5, "z-near": 5}, B={"a-far": 5})

    found = plan(demand(line("A"), line("B")), stock, COASTS, POLICY, MONDAY)

    assert sent(found) == {"a-far": {"A": 1, "B": 1}}


def test_what_is_there_is_not_left_for_a_nearer_node_that_is_still_to_get_it() -> None:
    stock = {Sku("A"): rows(COASTS, ("a-far", 1), ("z-near", 5, MONDAY + timedelta(hours=1)))}

    found = plan(demand(line("A")), stock, COASTS, POLICY, MONDAY)

    assert sent(found) == {"a-far": {"A": 1}}


def test_surcharges_of_the_parcel_are_counted_before_nodes_are_called_equal() -> None:
    heavy = Surcharge("heavy", 300, grams_over=400, zones=(0,))
    card = flat_card(500, zone_miles=(500.0, 25_000.0), rates_minor=((500,), (500,)), over_minor=(0, 0),
                     transit_days=(2, 2), surcharges=(heavy,))  # fmt: skip
    world = network(node("far", degrees=30.0), node("near"), cards=[card])

    found = plan(demand(line("A")), supply(world, A={"far": 5, "near": 5}), world, POLICY, MONDAY)

    assert sent(found) == {"far": {"A": 1}}
    assert found.cost_minor == 500


def test_the_cost_stays_the_same_with_terms_of_every_kind() -> None:
    rates = CostRates(carbon_minor_per_kg=0, stock_out_weeks=2.0)
    item = Item(Sku("A"), cost_minor=100, price_minor=500)
    world = network(node("a", degrees=30.0), node("b", degrees=20.0), node("c", labor_minor=7), cards=FLAT)
    policy = Policy(cost_rates=rates)

    found = plan(demand(line("A", item=item)), supply(world, A={"a": 5, "b": 5, "c": 5}), world, policy, MONDAY)

    assert sent(found) == {"b": {"A": 1}}
