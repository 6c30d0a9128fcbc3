"""Hold rules: which new orders are held, on whose terms, and what becomes of those that may not be promised."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import NOW, capture
from tests.engine.changing import ITEMS, NODES, PA, assert_kept, captured, reserved
from troth.engine.carriage.network import compile_network
from troth.engine.policies.holds_in_force import HoldsInForce, compile_holds
from troth.engine.promising.context import Decision
from troth.model.commands import AdjustStock, LiftHold, RepromiseOrder
from troth.model.events import PromiseChanged
from troth.model.history import CustomerHistory
from troth.model.hold_rules import HoldRule, HoldRules, HoldType
from troth.model.hold_terms import AtEnd, Block
from troth.model.ids import HoldId, Sku
from troth.model.inventory import SupplyKey
from troth.model.network import Address
from troth.model.status import OrderStatus, order_status, uncovered_quantities
from troth.replay.world import World

H1 = HoldId("H1")
SOON = NOW + timedelta(hours=2)


def ruled(*rules: HoldRule, types: tuple[HoldType, ...] = ()) -> HoldsInForce:
    return compile_holds([("desk@1", HoldRules(types=types, rules=rules))])


def world_of(holds: HoldsInForce) -> World:
    costly = replace(ITEMS[0], cost_minor=2500)
    world = World(compile_network(NODES), {one.sku: one for one in (costly, *ITEMS[1:])}, holds=holds)
    world.apply(AdjustStock(SupplyKey(Sku("A"), PA), 9, "initial"), now=NOW)
    return world


@pytest.mark.parametrize(
    ("when", "changes", "is_held"),
    [
        ("order.value > 30.0", {}, True),
        ("order.value > 40.0", {}, False),
        ("line.price < item.cost", {}, True),
        ("customer.orders == 0", {"history": CustomerHistory(0, knows_address=False, same_orders=0)}, True),
        ("customer.orders == 0", {"history": CustomerHistory(4, knows_address=False, same_orders=0)}, False),
        ("customer.orders == 0", {}, False),  # nobody looked, so that it is not known
        ("!customer.knows_address", {"history": CustomerHistory(4, knows_address=False, same_orders=0)}, True),
        ("customer.same_orders > 0", {"history": CustomerHistory(4, knows_address=True, same_orders=1)}, True),
        ("order.country != order.attributes.paid_in", {"attributes": {"paid_in": "RO"}}, True),
        ("order.country != order.attributes.paid_in", {}, False),
        ("!order.located", {"ship_to": Address("US", city="Nowhere")}, True),
        ("!order.located", {}, False),
    ],
)
def test_a_new_order_is_held_by_the_rules_that_it_meets(when: str, changes: dict[str, Any], is_held: bool) -> None:
    world = world_of(ruled(HoldRule("odd", when, "fraud", "looks odd")))
    order = captured(world, {"A": 2}, **changes)
    assert [(hold.type, hold.reason, hold.placed_by) for hold in order.holds] == (
        [("fraud", "looks odd", "hold-rules desk@1/odd")] if is_held else []
    )
    assert order_status(order) is (OrderStatus.ON_HOLD if is_held else OrderStatus.PROMISED)


def test_of_several_rules_for_one_type_the_first_that_is_met_gives_the_reason_and_types_give_the_terms() -> None:
    slow = HoldType("fraud", owner="desk", blocks=(Block.RELEASE, Block.CANCEL), hours=12, at_end=AtEnd.CANCEL)
    world = world_of(
        ruled(
            HoldRule("never", "order.value > 9000.0", "fraud"),
            HoldRule("dear", "order.value > 20.0", "fraud", "dear"),
            HoldRule("any", "order.units > 0", "fraud", "any"),
            HoldRule("odd", "order.units > 0", "price", "odd"),
            types=(slow,),
        )
    )
    order = captured(world, {"A": 2})
    assert [(hold.hold_id, hold.type, hold.reason) for hold in order.holds] == [
        ("H1", "fraud", "dear"),
        ("H2", "price", "odd"),
    ]
    assert order.holds[0].terms == slow.terms
    assert order.holds[0].expires_at == NOW + timedelta(hours=12)
    assert order.holds[1].terms.owner == "pricing"


def test_an_order_that_may_not_be_promised_is_captured_without_units_and_promised_once_it_may() -> None:
    world = world_of(
        ruled(
            HoldRule("dear", "order.value > 20.0", "vet", "look first"),
            types=(HoldType("vet", blocks=(Block.PROMISE, Block.RELEASE)),),
        )
    )
    order = captured(world, {"A": 2})
    assert (order_status(order), order.fulfillments, reserved(world)) == (OrderStatus.ON_HOLD, (), {})
    assert order.parked[0].reason == "vet hold"
    assert isinstance(world.apply(RepromiseOrder(order.order_id, "stock moved"), now=SOON), Decision)
    assert world.orders[order.order_id] == order

    decision = world.apply(LiftHold(order.order_id, H1), now=NOW + timedelta(minutes=5))
    assert isinstance(decision, Decision)
    after = world.orders[order.order_id]
    assert (order_status(after), uncovered_quantities(after)) == (OrderStatus.PROMISED, {})
    told = [event for _, event in decision.events if isinstance(event, PromiseChanged)]
    assert [(move.before, move.after) for move in told[0].lines] == [(None, after.fulfillments[0].promised_at)]
    assert_kept(world)


def test_without_rules_no_order_is_held() -> None:
    world = world_of(HoldsInForce())
    assert captured(world, {"A": 2}).holds == ()
    assert isinstance(world.apply(capture("W-2", {"A": 2}), now=NOW), Decision)
