"""What each term costs in small examples, worked out by hand."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.engine.worlds import HERE, MONDAY, demand, flat_card, line, network, node, sent, supply
from troth.engine.carriage.network import Network
from troth.engine.carriage.rate_cards import STANDARD
from troth.engine.choice.weighing import weights_of, with_terms
from troth.engine.demand.availability import pose_question
from troth.engine.promising.promise import plan
from troth.engine.supply.supply import SupplyRows
from troth.engine.supply.unit_prices import UnitPrices
from troth.model.cost_rates import CostRates, Objective, PaymentFee
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.network import Surcharge
from troth.model.order import Method
from troth.model.plan import Plan
from troth.model.policy import DEFAULT_POLICY, Policy

POUND = 453.592


def cost(found: Plan) -> Mapping[str, int]:
    [shipment] = found.shipments
    return shipment.cost


def one_node(*, card: Any = None, **facts: Any) -> tuple[Network, dict[Sku, SupplyRows]]:
    net = network(node("n", **facts), cards=[card or flat_card(500)])
    return net, supply(net, A={"n": 5}, B={"n": 5})


def test_two_parcels_of_one_node_are_cheaper_than_one_where_the_card_says_so() -> None:
    grams = [round(pounds * POUND) for pounds in (3.2, 4.8, 8.0)]
    card = flat_card(0, brackets_grams=tuple(grams), rates_minor=((757, 834, 2256),))
    net, stock = one_node(card=card)
    heavy, light = line("A", weight_grams=grams[1]), line("B", weight_grams=grams[0])

    together = plan(demand(heavy, light), stock, net, Policy(split_minor=0, shipments_max=1), MONDAY)
    apart = plan(demand(heavy, light), stock, net, Policy(split_minor=0), MONDAY)

    assert (together.cost_minor, len(together.shipments)) == (2256, 1)
    assert (apart.cost_minor, len(apart.shipments)) == (834 + 757, 2)
    assert together.cost_minor - apart.cost_minor == 665
    assert len(plan(demand(heavy, light), stock, net, Policy(split_minor=665), MONDAY).shipments) == 1


def test_fuel_is_a_share_of_the_rate_and_of_each_surcharge_that_is_fuelable_each_rounded() -> None:
    surcharges = (Surcharge("residential", 395, is_fuelable=True, residential=True), Surcharge("peak", 50))
    card = replace(STANDARD, fuel_basis_points=1850, surcharges=surcharges)
    net, stock = one_node(card=card)

    found = cost(plan(demand(line("A", weight_grams=31_200)), stock, net, DEFAULT_POLICY, MONDAY))

    assert (found["shipping"], found["surcharges"]) == (3499 + 2 * 95, 445)
    assert found["fuel"] == 647 + 2 * 18 + 73  # 18.5 % of 34.99, of 0.95 twice, of 3.95


@pytest.mark.parametrize(
    ("place", "minor"),
    [
        ({}, 395),
        ({"residential": True}, 395),
        ({"residential": False}, 0),
        ({"residential": False, "postcode": "996 01"}, 620),
        ({"region": "AK", "postcode": "99501"}, 395 + 620 + 1000),
        ({"country": "CA"}, 395),
    ],
)
def test_surcharges_look_at_the_destination(place: dict[str, Any], minor: int) -> None:
    surcharges = (
        Surcharge("residential", 395, residential=True),
        Surcharge("remote", 620, countries=("US",), postcode_prefixes=("995", "996")),
        Surcharge("Alaska", 1000, regions=("US-AK",), zones=(0,)),
    )
    net, stock = one_node(card=flat_card(500, surcharges=surcharges))

    found = plan(demand(line("A"), destination=replace(HERE, **place)), stock, net, DEFAULT_POLICY, MONDAY)

    assert cost(found)["surcharges"] == minor


def test_a_parcel_pays_once_for_what_is_in_it_so_the_hazardous_and_the_long_travel_together() -> None:
    surcharges = (Surcharge("hazardous", 700, attribute="hazardous"), Surcharge("long", 400, length_mm_over=1200))
    net = network(node("a"), node("b", degrees=2.0), cards=[flat_card(500, surcharges=surcharges)])
    paint = Item(Sku("A"), attributes={"hazardous": "flammable"}, dimensions_mm=(1300, 100, 100))
    stock = supply(net, A={"a": 1, "b": 1}, B={"b": 2}, C={"b": 1})
    lines = [line("A", item=paint), line("B", item=replace(paint, sku=Sku("B"))), line("C", item=Item(Sku("C")))]

    found = plan(demand(*lines), stock, net, Policy(split_minor=0), MONDAY)

    assert sent(found) == {"b": {"A": 1, "B": 1, "C": 1}}
    assert cost(found)["surcharges"] == 1100


def test_a_surcharge_that_begins_at_a_weight_can_part_a_parcel() -> None:
    net, stock = one_node(card=flat_card(500, surcharges=(Surcharge("heavy", 900, grams_over=20_000),)))
    lines = [line("A", weight_grams=15_000), line("B", weight_grams=6000)]

    found = plan(demand(*lines), stock, net, DEFAULT_POLICY, MONDAY)

    assert [shipment.cost["surcharges"] for shipment in found.shipments] == [0, 0]
    assert found.cost_minor == 2 * 500 + DEFAULT_POLICY.split_minor


def test_length_and_girth_are_those_of_one_unit() -> None:
    card = flat_card(500, surcharges=(Surcharge("bulky", 700, girth_mm_over=2670),))
    net, stock = one_node(card=card)
    for width, minor in ((410, 0), (411, 700)):
        item = Item(Sku("A"), dimensions_mm=(300, width, 1250))
        assert cost(plan(demand(line("A", item=item)), stock, net, DEFAULT_POLICY, MONDAY))["surcharges"] == minor


def test_labor_goods_returns_and_payment_have_their_names() -> None:
    net, stock = one_node(labor_minor=45, goods_percent=112, return_minor=150, handling_minor=20, shipment_minor=35)
    policy = Policy(
        cost_rates=CostRates(
            payment_fees={"card": PaymentFee(290, 30)},
            return_basis_points={"shoes": 2500},
            return_minor={"ship": 650, "pickup": 0},
        )
    )
    shoe = Item(Sku("A"), category="shoes", cost_minor=4820)
    wish = demand(line("A", 2, item=shoe, unit_price_minor=11_990), line("B", unit_price_minor=500), tender="card")

    found = cost(plan(wish, stock, net, policy, MONDAY))

    assert found["handling"] == 3 * 20
    assert found["labor"] == 2 * 45
    assert found["packaging"] == 35
    assert found["goods"] == 2 * 578  # 12 % of 48.20
    assert found["returns"] == 2 * 200  # a quarter of 6.50 and 1.50
    assert found["payment"] == 695 + 15 + 30  # 2.9 % of 239.80 and of 5.00, and 0.30
    assert sum(found.values()) == plan(wish, stock, net, policy, MONDAY).cost_minor


def test_the_busier_node_costs_more_once_half_of_its_capacity_is_used() -> None:
    net = network(node("busy"), node("idle", degrees=4.0), cards=[flat_card(500)])
    stock = supply(net, A={"busy": 1, "idle": 1})
    policy = Policy(cost_rates=CostRates(load_minor=300, load_free_percent=50))

    def ask(share: float) -> Plan:
        return plan(demand(line("A")), stock, net, policy, MONDAY, loads={NodeId("busy"): share, NodeId("idle"): 0.5})

    assert (cost(ask(0.5))["load"], sent(ask(0.5))) == (0, {"busy": {"A": 1}})
    assert sent(ask(0.75)) == {"idle": {"A": 1}}
    alone = network(node("busy"), cards=[flat_card(500)])
    found = plan(demand(line("A")), supply(alone, A={"busy": 1}), alone, policy, MONDAY, loads={NodeId("busy"): 0.75})
    assert cost(found)["load"] == 150


def prices(**facts: Any) -> UnitPrices:
    return UnitPrices("p@7", MONDAY - timedelta(hours=5), **facts)


def test_a_unit_that_is_worth_more_elsewhere_stays_there() -> None:
    net = network(node("near"), node("far", degrees=20.0), cards=[STANDARD])
    stock = supply(net, A={"near": 1, "far": 1})
    scarce = prices(minor={Sku("A"): {NodeId("near"): 812.4}})

    assert sent(plan(demand(line("A")), stock, net, DEFAULT_POLICY, MONDAY)) == {"near": {"A": 1}}
    found = plan(demand(line("A")), stock, net, DEFAULT_POLICY, MONDAY, prices=scarce)

    assert (sent(found), found.trace.prices_version) == ({"far": {"A": 1}}, "p@7")
    only = plan(demand(line("A")), supply(net, A={"near": 1}), net, DEFAULT_POLICY, MONDAY, prices=scarce)
    assert cost(only)["opportunity"] == 812


def test_prices_that_are_too_old_are_not_applied() -> None:
    net, stock = one_node()
    old = prices(minor={Sku("A"): {NodeId("n"): 100.0}})
    for hours, version in ((5.0, "p@7"), (4.9, "")):
        found = plan(demand(line("A")), stock, net, Policy(prices_hours_max=hours), MONDAY, prices=old)
        assert found.trace.prices_version == version
        assert ("opportunity" in cost(found)) is bool(version)


def test_the_last_units_cost_the_margin_of_the_sales_that_they_would_have_made() -> None:
    net, stock = one_node()
    policy = Policy(cost_rates=CostRates(stock_out_weeks=2.0))
    item = Item(Sku("A"), price_minor=5000, cost_minor=3400)
    known = prices(weekly_units={Sku("A"): {NodeId("n"): 0.5}})

    def ask(units: int) -> int:
        return cost(plan(demand(line("A", units, item=item)), stock, net, policy, MONDAY, prices=known))["stock_out"]

    # One sale is expected, so the fifth unit is wanted with probability 1/32, the fourth with 1/16 and so on.
    assert ask(1) == 50  # 16.00 / 32
    assert ask(2) == 2 * 75
    assert ask(5) == 5 * 310  # 16.00 (1/2 + 1/4 + 1/8 + 1/16 + 1/32) / 5


def test_what_would_be_marked_down_is_sent_first() -> None:
    net = network(node("few"), node("many", degrees=4.0), cards=[flat_card(500)])
    stock = supply(net, A={"few": 3, "many": 9})
    known = prices(weekly_units={Sku("A"): {NodeId("few"): 1.0, NodeId("many"): 1.0}})
    policy = Policy(cost_rates=CostRates(markdown_weeks=8.0, markdown_basis_points=2500))
    wish = demand(line("A", 2, unit_price_minor=4000))

    found = plan(wish, stock, net, policy, MONDAY, prices=known)

    assert sent(found) == {"many": {"A": 2}}
    assert cost(found)["markdown"] == -2 * 500  # one of the two units, 25 % of 40.00, as a mean
    seasonal = replace(policy, cost_rates=replace(policy.cost_rates, markdown_attribute="season"))
    assert sent(plan(wish, stock, net, seasonal, MONDAY, prices=known)) == {"few": {"A": 2}}
    given = prices(markdown_minor={Sku("A"): {NodeId("few"): 120.0}})
    assert cost(plan(wish, stock, net, DEFAULT_POLICY, MONDAY, prices=given))["markdown"] == -240


def test_carbon_is_reported_in_grams_and_costs_what_the_policy_says() -> None:
    net, stock = one_node(degrees=5.0)  # 345.5 miles, 555.96 km
    rates = CostRates(carbon_grams_per_tonne_km={"": 150.0}, carbon_grams_per_parcel=200)
    wish = demand(line("A", 2, weight_grams=6000))

    reported = plan(wish, stock, net, Policy(cost_rates=rates), MONDAY).shipments[0]
    priced = plan(wish, stock, net, Policy(cost_rates=replace(rates, carbon_minor_per_kg=90)), MONDAY).shipments[0]

    assert (reported.carbon_grams, "carbon" in reported.cost) == (200 + 1001, False)
    assert (priced.carbon_grams, priced.cost["carbon"]) == (200 + 1001, 18 + 90)
    pickup = replace(wish, method=Method.PICKUP, pickup_node=NodeId("n"))
    net, stock = one_node(pickup=True)
    assert plan(pickup, stock, net, Policy(cost_rates=rates), MONDAY).shipments[0].carbon_grams == 0


def fast_and_cheap() -> tuple[Network, dict[Sku, SupplyRows]]:
    """Both lines slowly from one node for 12.00, or each quickly from a node of its own for 5.00."""
    cards = [flat_card(1200, service="slow", transit=4), flat_card(500, service="quick", transit=1)]
    net = network(
        node("both", services=("slow",)),
        node("a", services=("quick",)),
        node("b", services=("quick",), goods_percent=150),
        cards=cards,
    )
    return net, supply(net, A={"both": 1, "a": 1}, B={"both": 1, "b": 1})


@pytest.mark.parametrize(
    ("objectives", "nodes"),
    [
        ((Objective.CHEAPEST,), {"a", "b"}),
        ((Objective.FASTEST,), {"a", "b"}),
        ((Objective.FEWEST_SHIPMENTS,), {"both"}),
        ((Objective.FEWEST_SHIPMENTS, Objective.FASTEST), {"both"}),
        ((Objective.FASTEST, Objective.FEWEST_SHIPMENTS), {"a", "b"}),
        ((Objective.HIGHEST_MARGIN,), {"both"}),
    ],
)
def test_objectives_decide_in_their_order(objectives: tuple[Objective, ...], nodes: set[str]) -> None:
    net, stock = fast_and_cheap()
    policy = Policy(objectives=objectives, split_minor=0, delay_minor_per_day=400)
    lines = [line(sku, item=Item(Sku(sku), cost_minor=900), unit_price_minor=2000) for sku in "AB"]

    found = plan(demand(*lines), stock, net, policy, MONDAY)

    assert set(sent(found)) == nodes


def test_weights_change_the_choice_and_not_what_a_plan_is_said_to_cost() -> None:
    net = network(node("near", shipment_minor=200), node("far", degrees=20.0), cards=[STANDARD])
    stock = supply(net, A={"near": 1, "far": 1})
    heavier = Policy(weights={"packaging": 9.0, "delay": 0.125})

    found = plan(demand(line("A")), stock, net, heavier, MONDAY)

    assert sent(plan(demand(line("A")), stock, net, DEFAULT_POLICY, MONDAY)) == {"near": {"A": 1}}
    assert sent(found) == {"far": {"A": 1}}
    assert cost(found)["delay"] == 3 * DEFAULT_POLICY.delay_minor_per_day
    assert weights_of(heavier)["packaging"] == 9.0
    assert weights_of(heavier)["delay"] == 0.12  # to two decimals
    assert weights_of(heavier)["fuel"] == 1.0


def test_terms_that_are_not_in_use_are_not_looked_at_and_leave_the_parts_as_they_were() -> None:
    net, stock = one_node()
    wish = demand(line("A", item=Item(Sku("A"), price_minor=500, cost_minor=100)))
    problem = pose_question(wish, stock, net, DEFAULT_POLICY, MONDAY.timestamp()).problem
    assert problem is not None

    assert with_terms(problem, wish, prices=None, loads={NodeId("n"): 1.0}, now=MONDAY) is problem
    found = plan(wish, stock, net, DEFAULT_POLICY, MONDAY, loads={NodeId("n"): 1.0})
    assert list(cost(found)) == ["shipping", "handling", "packaging", "split", "delay", "late"]
