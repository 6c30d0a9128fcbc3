"""Goods that are mailed go where they are worth most: the best of all nodes, each with the parts of its worth."""

import random

import pytest

from tests.builders import NOW, item, node
from tests.engine.returning import NYC, PA, A, B, Returning, opening, units
from troth.engine.carriage.network import Network, compile_network
from troth.engine.carriage.transit import compute_miles
from troth.engine.policies.return_rules import ReturnPolicy
from troth.engine.promising.context import Facts
from troth.engine.returns.asking import Asked
from troth.engine.returns.routing import NodeWorth, find_worths, nearest_stores
from troth.engine.supply.supply import rows_of
from troth.engine.supply.unit_prices import UnitPrices
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import Balance, SupplyKey
from troth.model.policy import DEFAULT_POLICY
from troth.model.refusals import FieldFlaw, Invalid
from troth.model.return_rules import NodeRule, ReturnRouting, ReturnRules
from troth.model.returns import ReturnKind, ReturnMethod


def _asked(sku: Sku, line: str, quantity: int) -> Asked:
    return Asked(ReturnKind.RETURN, ReturnMethod.MAIL, LineId(line), sku, quantity, "too_small")


def _parts(one: NodeWorth) -> int:
    gains = one.resale_minor - one.markdown_minor + one.later_minor
    return gains - one.freight_minor - one.handling_minor - one.processing_minor


def _least_rate(network: Network, miles: float, grams: int) -> int:
    """What the cheapest card that ships charges for so many grams, straight from the tables."""
    found = []
    for card in network.ship.cards:
        zone = min(sum(miles > edge for edge in card.zone_miles), len(card.rates_minor) - 1)
        bracket = next(at for at, limit in enumerate(card.brackets_grams) if grams <= limit)
        found.append(card.rates_minor[zone][bracket])
    return min(found)


@pytest.mark.parametrize("seed", range(30))
def test_the_first_node_is_the_best_of_all_and_its_parts_sum_to_its_worth(seed: int) -> None:
    draw = random.Random(seed)
    nodes = tuple(
        node(
            f"N{number:02}",
            latitude=draw.uniform(30.0, 47.0),
            longitude=draw.uniform(-120.0, -75.0),
            handling_minor=draw.randint(0, 200),
            return_minor=draw.randint(0, 300),
            active=draw.random() < 0.9,
        )
        for number in range(draw.randint(3, 40))
    )
    network = compile_network(nodes)
    items = (item("A", price_minor=draw.randint(500, 9000)), item("B", price_minor=draw.randint(500, 9000)))
    shop = Returning({"A": 3, "B": 2}, items=items)
    names = [one.node for one in nodes]
    weekly = {sku: {name: draw.choice((0.0, 1.0, 20.0)) for name in names if draw.random() < 0.8} for sku in (A, B)}
    is_priced = draw.random() < 0.5
    minor = {sku: {name: draw.uniform(0, 900) for name in names} for sku in (A, B)}
    marked = {sku: {name: draw.uniform(0, 900) for name in names} for sku in (A, B)}
    prices = (
        UnitPrices("set", NOW, minor=minor, markdown_minor=marked, weekly_units=weekly)
        if is_priced
        else UnitPrices("", NOW, weekly_units=weekly)
    )
    stock = {(sku, name): draw.randint(0, 60) for sku in (A, B) for name in names}
    supply = {
        sku: rows_of([Balance(SupplyKey(sku, name), stock[sku, name]) for name in names], network) for sku in (A, B)
    }
    terms = ReturnRouting(processing_minor=40, restock_percent=90.0, cover_weeks_max=4.0, markdown_percent=25.0)
    facts = Facts(
        NOW,
        "clerk",
        network,
        {one.sku: one for one in items},
        DEFAULT_POLICY,
        prices=prices,
        returns=ReturnPolicy("x@1", ReturnRules(routing=terms)),
    )
    lines = [_asked(A, "1", 2), _asked(B, "2", 1)]

    found = find_worths(shop.order, lines, supply, facts)

    ship_to = shop.order.ship_to
    assert ship_to is not None
    assert ship_to.latitude is not None
    assert ship_to.longitude is not None
    miles = compute_miles(network, ship_to.latitude, ship_to.longitude)
    expected = {}
    for at, one in enumerate(network.nodes):
        if not one.active:
            continue
        worth = -float(_least_rate(network, float(miles[at]), 1500)) - 3 * (one.handling_minor + one.return_minor + 40)
        for sku, units_back, own in ((A, 2, items[0]), (B, 1, items[1])):
            resale = own.price_minor * units_back * 0.9
            if is_priced:
                worth += resale + minor[sku][one.node] * units_back - min(marked[sku][one.node] * units_back, resale)
            else:
                sells = weekly[sku].get(one.node)
                is_late = sells is not None and stock[sku, one.node] + units_back > 4.0 * sells
                worth += resale * (0.75 if is_late else 1.0)
        expected[one.node] = worth
    assert {one.node for one in found} == set(expected)
    assert all(abs(one.worth_minor - expected[one.node]) <= 1 for one in found)
    assert all(abs(_parts(one) - one.worth_minor) <= 3 for one in found)
    assert expected[found[0].node] >= max(expected.values()) - 1


def test_nodes_that_take_no_returns_are_not_looked_at_and_stores_come_by_distance() -> None:
    rules = ReturnRules(nodes=(NodeRule("no DC", "node.type == 'dc'"),))
    far = node("ST-LA", latitude=34.0, longitude=-118.2, pickup=True)
    shop = Returning({"A": 1}, rules=rules, nodes=(node("DC-PA"), node("ST-NYC"), far))
    refused = shop.ask(opening(units(), node=PA))
    shop.open(units(), method=ReturnMethod.MAIL, node=None)
    facts = Facts(
        shop.now, "c", shop.world._network, shop.world._items, DEFAULT_POLICY,
        returns=ReturnPolicy("r@1", rules),
    )  # fmt: skip

    worths = find_worths(shop.order, [_asked(A, "1", 1)], {}, facts)

    assert refused == Invalid((FieldFlaw("/node", "DC-PA does not take A back"),))
    assert shop.first.node == NYC
    assert {one.node for one in worths} == {NYC, NodeId("ST-LA")}
    assert [one.node for one in nearest_stores(worths, facts)] == [NYC, "ST-LA"]


def test_a_return_goes_nowhere_where_no_node_takes_it() -> None:
    everywhere = NodeRule("nowhere", "true")
    shop = Returning({"A": 1}, rules=ReturnRules(nodes=(everywhere,)))

    refused = shop.ask(opening(units(), method=ReturnMethod.MAIL, node=None))

    assert "no node takes these units back" in str(refused)
    assert shop.order.returns == ()
