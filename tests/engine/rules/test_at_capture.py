"""What a routing makes of an order at capture: held for a person, taken with a part that waits, or refused."""

from dataclasses import replace

import pytest

from tests.builders import NOW, capture, item, node
from troth.engine.carriage.network import compile_network
from troth.engine.lifecycle import decide
from troth.engine.promising.context import Decision, Facts, State
from troth.engine.supply.supply import SupplyRows, rows_of
from troth.model.commands import LiftHold, ReleaseOrder
from troth.model.ids import HoldId, NodeId, Sku
from troth.model.inventory import Balance, SupplyKey
from troth.model.order import Order
from troth.model.policy import DEFAULT_POLICY
from troth.model.refusals import Held, StockShort
from troth.model.routing import Action, Routing, Rule, Tier
from troth.model.status import OrderStatus, order_status, uncovered_quantities

NETWORK = compile_network([node()])


def facts(routing: Routing) -> Facts:
    policy = replace(DEFAULT_POLICY, version="test@1", routing=routing)
    return Facts(NOW, "shop", NETWORK, {Sku("A"): item("A"), Sku("B"): item("B")}, policy)


def state(*orders: Order, **stock: int) -> State:
    def balance(key: SupplyKey) -> Balance:
        return Balance(key, stock.get(str(key.sku), 0))

    def supply(sku: Sku) -> SupplyRows:
        return rows_of([balance(SupplyKey(sku, NodeId("DC-PA")))], NETWORK)

    return State(
        orders={order.order_id: order for order in orders},
        supply=supply,
        balance=balance,
        moved_since=lambda _key, _since: 0,
        ordered=lambda _key: 0,
        supply_freed=lambda sku, _kept: supply(sku),
    )


def taken(found: object) -> Order:
    assert isinstance(found, Decision)
    return found.changes[0].after


def test_an_order_that_a_routing_holds_is_captured_with_a_hold_of_its_own_type() -> None:
    rules = facts(Routing(tiers=(Tier("all", full=Action.HOLD),)))

    order = taken(decide(capture(), state(A=5), rules))

    assert order_status(order) is OrderStatus.ON_HOLD
    assert [(hold.type, hold.placed_by) for hold in order.holds] == [("routing", "routing test@1")]
    assert isinstance(decide(ReleaseOrder(order.order_id), state(order, A=5), rules), Held)


def test_a_held_order_goes_on_once_a_person_lifts_the_hold() -> None:
    rules = facts(Routing(tiers=(Tier("all", full=Action.HOLD),)))
    order = taken(decide(capture(), state(A=5), rules))

    order = taken(decide(LiftHold(order.order_id, HoldId("H1")), state(order, A=5), rules))

    assert order_status(taken(decide(ReleaseOrder(order.order_id), state(order, A=5), rules))) is OrderStatus.RELEASED


def test_what_a_routing_queues_is_captured_and_lies_nowhere() -> None:
    rules = facts(Routing(tiers=(Tier("all", partial=Action.QUEUE),)))

    order = taken(decide(capture(lines={"A": 1, "B": 2}), state(A=5), rules))

    assert list(uncovered_quantities(order).values()) == [2]
    assert [(part.sku, part.quantity) for part in order.allocations] == [("A", 1)]
    assert order_status(order) is OrderStatus.BACKORDERED
    assert [(parked.is_waiting, parked.since, parked.until) for parked in order.parked] == [(True, NOW, None)]
    assert order.holds == ()


def test_an_order_of_which_nothing_can_be_sourced_may_be_held_for_a_person() -> None:
    rules = facts(Routing(tiers=(Tier("all", none=Action.HOLD),)))

    order = taken(decide(capture(), state(), rules))

    assert (order.allocations, order.fulfillments) == ((), ())
    assert order_status(order) is OrderStatus.EXCEPTION
    assert len(order.holds) == 1


def test_an_order_that_no_tier_covers_is_refused_where_the_routing_asks_for_nothing_else() -> None:
    rules = facts(Routing(tiers=(Tier("all", none=Action.CANCEL),)))

    found = decide(capture(), state(), rules)

    assert isinstance(found, StockShort)
    assert found.lines[0].quantity == 1


@pytest.mark.parametrize(("expression", "differs"), [("stock.available >= 2", True), ("node.type == 'dc'", False)])
def test_what_is_kept_of_a_decision_holds_stock_levels_where_a_rule_looks_at_them(
    expression: str, *, differs: bool
) -> None:
    rules = facts(Routing(eligibility=(Rule("rule", expression),)))

    found = [decide(capture(), state(A=units), rules) for units in (5, 6)]

    kept = [one.trace.recording for one in found if isinstance(one, Decision) and one.trace is not None]
    assert len(kept) == 2
    assert (kept[0] != kept[1]) is differs
