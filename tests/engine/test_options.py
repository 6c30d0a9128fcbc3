"""Where a pickup is offered: near where the customer is, and where the rest could be sent."""

from dataclasses import replace
from typing import Any

from tests.engine.worlds import MONDAY, demand, line, network, node, supply
from troth.engine.carriage.network import Network
from troth.engine.promising.answer import answer
from troth.engine.promising.options import plan_options
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import NodeId, Sku
from troth.model.network import Address
from troth.model.order import Method
from troth.model.plan import Demand, Plan
from troth.model.policy import Policy

PLAIN = Policy()


def offered(
    wish: Demand, stock: dict[Sku, SupplyRows], net: Network, policy: Policy = PLAIN, *, pickup_nodes_max: int = 5
) -> list[str]:
    """The nodes at which a pickup is offered, in their order."""
    found = plan_options(wish, lambda _: stock, net, policy, MONDAY, pickup_nodes_max=pickup_nodes_max)
    pickups = [way.plan.shipments[0] for way in found if way.demand.method is Method.PICKUP]
    return [str(shipment.via or shipment.node) for shipment in pickups]


def test_no_pickup_is_offered_farther_than_the_policy_says() -> None:
    net = network(*(node(f"n{miles}", degrees=miles / 69.09, pickup=True) for miles in (10, 99, 101, 3_000)))
    stock = supply(net, A={one.node: 1 for one in net.nodes})

    assert offered(demand(line("A")), stock, net) == ["n10", "n99"]
    assert offered(demand(line("A")), stock, net, Policy(pickup_miles_max=25.0)) == ["n10"]
    assert offered(demand(line("A")), stock, net, Policy(pickup_miles_max=5.0)) == []


def test_a_customer_across_the_ocean_is_offered_none() -> None:
    net = network(replace(node("brooklyn", pickup=True), latitude=40.68, longitude=-73.94))
    london = Address("GB", latitude=51.5, longitude=-0.12)

    assert offered(demand(line("A"), destination=london), supply(net, A={"brooklyn": 1}), net) == []


def test_the_node_that_is_named_is_offered_first_however_far_it_is() -> None:
    net = network(
        node("near", pickup=True), node("far", degrees=30.0, pickup=True), node("farther", degrees=31.0, pickup=True)
    )
    stock = supply(net, A={"near": 1, "far": 1, "farther": 1})

    wish = replace(demand(line("A")), pickup_node=NodeId("far"))
    assert offered(wish, stock, net) == ["far", "near"]
    assert offered(wish, stock, net, pickup_nodes_max=1) == ["far"]


def test_a_customer_whose_place_is_not_known_is_offered_what_there_is() -> None:
    net = network(node("n1", pickup=True), node("n2", degrees=30.0, pickup=True))
    wish = demand(line("A"), destination=Address("US"))

    assert sorted(offered(wish, supply(net, A={"n1": 1, "n2": 1}), net)) == ["n1", "n2"]


def test_the_nearest_few_stores_that_get_the_rest_from_elsewhere_are_offered_too() -> None:
    stores = [node(f"s{number}", degrees=number / 10, pickup=True) for number in range(1, 7)]
    net = network(*stores, node("full", degrees=1.2, pickup=True), node("dc", degrees=2.0))
    stock = supply(net, A={"s1": 1, "dc": 9, "full": 2}, B={"dc": 9, "full": 2})
    wish = demand(line("A"), line("B"))

    assert offered(wish, stock, net) == ["full"]
    assert sorted(offered(wish, stock, net, Policy(ship_to_store=True))) == ["full", "s1", "s2", "s3"]


def test_no_store_is_offered_where_nobody_has_the_rest() -> None:
    net = network(node("s1", pickup=True), node("dc", degrees=2.0))
    stock = supply(net, A={"s1": 1, "dc": 9}, B={"dc": 1})

    assert offered(demand(line("A"), line("B", 2)), stock, net, Policy(ship_to_store=True)) == []


def test_a_customer_of_whom_only_the_country_is_known_is_offered_what_is_there() -> None:
    net = network(node("berlin", pickup=True, address=Address("DE")), node("paris", pickup=True, address=Address("FR")))
    stock = supply(net, A={"berlin": 1, "paris": 1})

    assert offered(demand(line("A"), destination=Address("DE")), stock, net) == ["berlin"]
    assert offered(demand(line("A"), destination=Address("AQ")), stock, net) == []


def test_a_service_that_goes_nowhere_is_not_asked_for() -> None:
    net = network(node("n1", degrees=2.0))  # beyond the reach of a van
    asked: list[tuple[Method, str]] = []

    def by(demand: Demand, *rest: Any, **more: Any) -> Plan:
        asked.append((demand.method, demand.service))
        return answer(demand, *rest, **more)

    plan_options(demand(line("A")), lambda _: supply(net, A={"n1": 1}), net, PLAIN, MONDAY, by=by)

    assert asked == [(Method.SHIP, "standard"), (Method.SHIP, "express"), (Method.SHIP, "next_day")]
