"""Pickups of what the store does not have: sent there first, promised for when it is there and ready."""

from datetime import time, timedelta

from tests.engine.worlds import MONDAY, demand, flat_card, line, network, node, reasons, sent, supply
from troth.engine.carriage.network import Network
from troth.engine.promising.promise import plan
from troth.model.ids import NodeId, Sku
from troth.model.item import Item, Restrictions
from troth.model.network import Calendar, NodeType
from troth.model.order import Method
from troth.model.policy import Policy

SENDING = Policy(split_minor=0, delay_minor_per_day=0, ship_to_store=True, pickup_ready_hours=2.0)
AT_STORE = {"method": Method.PICKUP, "pickup_node": NodeId("store")}


def net(**store: object) -> Network:
    return network(
        node("dc", degrees=1.0),
        node("store", degrees=2.0, type=NodeType.STORE, pickup=True, **store),
        cards=[flat_card(500, transit=2)],
    )


def test_what_the_store_lacks_is_sent_there_and_promised_for_after_it_is_there() -> None:
    world = net(calendar=Calendar(opens=time(9), closes=time(18)))

    found = plan(demand(line("A"), **AT_STORE), supply(world, A={"dc": 1}), world, SENDING, MONDAY)

    (shipment,) = found.shipments
    assert (shipment.node, shipment.via, shipment.method) == ("dc", "store", Method.PICKUP)
    assert shipment.service == "standard"
    assert shipment.cost["shipping"] == 500
    # It arrives on Wednesday until 20:00, is worked on from Thursday 9:00, and ready two hours later.
    assert shipment.promised_at == MONDAY.replace(hour=11) + timedelta(days=3)


def test_without_the_policy_a_pickup_is_only_of_what_the_node_has() -> None:
    world = net()

    found = plan(demand(line("A"), **AT_STORE), supply(world, A={"dc": 1}), world, Policy(), MONDAY)

    assert reasons(found) == {"A": (1, "no_stock")}


def test_what_the_store_has_is_not_sent_for() -> None:
    world = net()

    found = plan(demand(line("A", 3), **AT_STORE), supply(world, A={"dc": 9, "store": 2}), world, SENDING, MONDAY)

    assert sent(found) == {"store": {"A": 2}, "dc": {"A": 1}}
    assert [shipment.via for shipment in found.shipments] == [None, "store"]
    assert found.shipments[0].promised_at < found.shipments[1].promised_at


def test_a_complete_pickup_is_ready_at_once_or_refused() -> None:
    world = net()
    ask = demand(line("A"), line("B"), ship_complete=True, **AT_STORE)

    found = plan(ask, supply(world, A={"store": 1}, B={"dc": 1}), world, SENDING, MONDAY)
    short = plan(ask, supply(world, A={"store": 1}), world, SENDING, MONDAY)

    assert len({shipment.promised_at for shipment in found.shipments}) == 1
    assert len(found.shipments) == 2
    assert short.shipments == ()


def test_an_item_that_may_only_be_picked_up_may_be_sent_to_the_store() -> None:
    world = net()
    wine = Item(Sku("A"), restrictions=Restrictions(methods=("pickup",)))

    found = plan(demand(line("A", item=wine), **AT_STORE), supply(world, A={"dc": 1}), world, SENDING, MONDAY)

    assert sent(found) == {"dc": {"A": 1}}


def test_nothing_is_sent_to_a_node_that_hands_nothing_over() -> None:
    world = network(node("dc", degrees=1.0), node("store", degrees=2.0), cards=[flat_card(500)])

    found = plan(demand(line("A"), **AT_STORE), supply(world, A={"dc": 1}), world, SENDING, MONDAY)

    assert reasons(found) == {"A": (1, "no_pickup_there")}
