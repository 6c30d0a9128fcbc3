"""Items that may not go everywhere, nor with everyone: refused with the reason, and never sent otherwise."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.worlds import HERE, MONDAY, demand, flat_card, line, network, node, sent, supply
from tests.examples import examples
from troth.engine.carriage.network import Network
from troth.engine.promising.promise import plan
from troth.model.ids import NodeId, Sku
from troth.model.item import Item, Restrictions
from troth.model.network import Address, NodeType
from troth.model.order import Method
from troth.model.plan import DemandLine, Plan
from troth.model.policy import Policy

EASY = Policy(split_minor=0, delay_minor_per_day=0)
TEXAS = replace(HERE, region="TX")


def net() -> Network:
    return network(
        node("ca", degrees=1.0, address=Address("US", region="CA")),
        node("tx", degrees=9.0, address=Address("US", region="TX"), capabilities=("hazardous", "chilled")),
        node("store", degrees=2.0, type=NodeType.STORE, pickup=True),
        cards=[
            flat_card(500),
            flat_card(900, service="special", capabilities=("hazardous",)),
        ],
    )


def restricted(sku: str = "A", quantity: int = 1, **asked: Any) -> DemandLine:
    return line(sku, quantity, item=Item(Sku(sku), restrictions=Restrictions(**asked)))


def why(found: Plan) -> list[tuple[str, str]]:
    return [(gap.reason, gap.detail) for gap in found.uncovered]


def test_an_item_is_not_sent_where_it_may_not_go() -> None:
    world = net()
    found = plan(
        demand(restricted(not_to=("DE", "US-TX")), line("B"), destination=TEXAS),
        supply(world, A={"ca": 1}, B={"ca": 1}),
        world,
        EASY,
        MONDAY,
    )

    assert sent(found) == {"ca": {"B": 1}}
    assert why(found) == [("restricted", "it may not be sent to US-TX")]


def test_an_item_is_not_sent_from_where_it_may_not_leave() -> None:
    world = net()
    wish = demand(restricted(not_from=("US-CA",)))

    elsewhere = plan(wish, supply(world, A={"ca": 1, "tx": 1}), world, EASY, MONDAY)
    nowhere = plan(wish, supply(world, A={"ca": 1}), world, EASY, MONDAY)

    assert sent(elsewhere) == {"tx": {"A": 1}}
    assert why(nowhere) == [("restricted", "it may not be sent from US-CA")]


def test_hazardous_goods_leave_by_a_service_and_from_a_node_that_are_able() -> None:
    world = net()
    goods = restricted(node_needs=("hazardous",), service_needs=("hazardous",))

    found = plan(demand(goods, line("B")), supply(world, A={"ca": 1, "tx": 1}, B={"tx": 1}), world, EASY, MONDAY)
    by_standard = plan(demand(goods, service="standard"), supply(world, A={"tx": 1}), world, EASY, MONDAY)

    assert [one.service for one in found.shipments] == ["special"]
    assert sent(found) == {"tx": {"A": 1, "B": 1}}
    assert why(by_standard)[0][0] == "restricted"
    assert "only services that are able to carry hazardous may carry it" in why(by_standard)[0][1]


def test_an_item_of_certain_methods_is_refused_by_others() -> None:
    world = net()
    wine = restricted(methods=("pickup",))
    stock = supply(world, A={"store": 1})

    shipped = plan(demand(wine), stock, world, EASY, MONDAY)
    collected = plan(demand(wine, method=Method.PICKUP, pickup_node=NodeId("store")), stock, world, EASY, MONDAY)

    assert why(shipped) == [("restricted", "it can only be had by pickup")]
    assert sent(collected) == {"store": {"A": 1}}


def test_a_shortage_that_restrictions_have_no_part_in_keeps_its_own_reason() -> None:
    world = net()

    found = plan(demand(restricted(node_needs=("chilled",))), supply(world, A={"tx": 0}), world, EASY, MONDAY)

    assert why(found) == [("no_stock", "")]


@settings(max_examples=examples(80))
@given(st.data())
def test_no_unit_leaves_from_or_by_what_its_restrictions_bar(data: st.DataObject) -> None:
    words = st.sampled_from(["hazardous", "chilled"])
    places = st.sampled_from(["US-CA", "US-TX"])
    asked = [
        Restrictions(
            not_from=tuple(data.draw(st.sets(places, max_size=1))),
            node_needs=tuple(sorted(data.draw(st.sets(words, max_size=2)))),
            service_needs=tuple(sorted(data.draw(st.sets(words, max_size=2)))),
        )
        for _ in range(2)
    ]
    nodes = [
        node(f"n{at}", degrees=1.0 + at, address=Address("US", region=data.draw(st.sampled_from(["CA", "TX"]))),
             capabilities=tuple(data.draw(st.sets(words))))
        for at in range(3)
    ]  # fmt: skip
    cards = [
        flat_card(500 + 100 * at, service=service, capabilities=tuple(data.draw(st.sets(words))))
        for at, service in enumerate(["standard", "special"])
    ]
    world = network(*nodes, cards=cards)
    stock = {sku: {str(one.node): units for one in nodes if (units := data.draw(st.integers(0, 2)))} for sku in "AB"}
    lines = [line(sku, 2, item=Item(Sku(sku), restrictions=ask)) for sku, ask in zip("AB", asked, strict=True)]

    found = plan(demand(*lines), supply(world, **stock), world, EASY, MONDAY)

    able = {
        (at, str(one.node), card.service): set(ask.node_needs) <= set(one.capabilities)
        and f"US-{one.address.region}" not in ask.not_from
        and set(ask.service_needs) <= set(card.capabilities)
        for at, ask in zip("AB", asked, strict=True)
        for one in nodes
        for card in cards
    }
    for shipment in found.shipments:
        assert all(able[str(peg.sku), str(shipment.node), shipment.service] for peg in shipment.pegs)
    for sku in "AB":
        may = {name for (one, name, _service), is_able in able.items() if one == sku and is_able}
        there = sum(units for name, units in stock[sku].items() if name in may)
        covered = sum(peg.quantity for one in found.shipments for peg in one.pegs if peg.sku == sku)
        assert covered == min(2, there)


def test_where_the_region_is_not_known_a_ban_of_one_counts() -> None:
    world = net()
    stock = supply(world, A={"ca": 5})
    for place in (Address("US", city="New York", latitude=40.75, longitude=-73.99), replace(TEXAS, region="Texas-ish")):
        found = plan(demand(restricted(not_to=("US-NY",)), destination=place), stock, world, EASY, MONDAY)
        assert why(found)[0][0] == "restricted"
        assert "does not say which region" in why(found)[0][1]
    assert sent(plan(demand(restricted(not_to=("US-NY",)), destination=TEXAS), stock, world, EASY, MONDAY))
