"""Whom an order does not ask again: a node that would not, for anything; one that could not, for that item."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import NEW_YORK, NOW, capture, node
from tests.engine.changing import IL, ITEMS, NYC, ONE, PA, TWO, assert_kept, captured, changed, sources, world_with
from troth.engine.carriage.network import compile_network
from troth.engine.promising.context import Decision
from troth.model.change import SetNode
from troth.model.commands import (
    AdjustStock,
    CountStock,
    ExpectedLine,
    ExpectSupply,
    FulfillmentCommand,
    LineQuantity,
    PickWork,
    RejectWork,
    ReleaseOrder,
    RepromiseOrder,
)
from troth.model.events import SourcingFailed
from troth.model.ids import FulfillmentId, LineId, NodeId, Sku
from troth.model.inventory import SupplyKey, lot_source, purchase_order_source
from troth.model.network import NodeType
from troth.model.order import Method, Order
from troth.model.policy import DEFAULT_POLICY, Policy
from troth.model.routing import Routing
from troth.replay.world import World

AGAIN_IN_FOUR = replace(DEFAULT_POLICY, routing=Routing("again", retry_rejected_after_hours=4))
BOTH = {("A", "DC-PA"): 5, ("B", "DC-PA"): 5}


def released(world: World, wanted: dict[str, int]) -> Order:
    order = captured(world, wanted)
    world.apply(ReleaseOrder(order.order_id), now=NOW)
    return world.orders[order.order_id]


def done(world: World, command: FulfillmentCommand, *, minutes: int = 10) -> Decision:
    decision = world.apply(command, now=NOW + timedelta(minutes=minutes))
    assert isinstance(decision, Decision), decision
    return decision


def work_at(world: World, order: Order, at: NodeId) -> FulfillmentId:
    """The newest work of an order at a node."""
    return [work for work in world.orders[order.order_id].fulfillments if work.node == at][-1].fulfillment_id


def miss(world: World, order: Order, at: NodeId, line: LineId = ONE, *, minutes: int = 10) -> Decision:
    """The node finds nothing of a line."""
    picked = (LineQuantity(line, 0, "not_found"),)
    return done(world, PickWork(work_at(world, order, at), picked), minutes=minutes)


def reject(
    world: World,
    order: Order,
    at: NodeId,
    reason: str,
    *lines: LineQuantity,
    minutes: int = 20,
    told: int | None = None,
) -> Decision:
    """The node rejects lines of its work, as it says `told` minutes after the capture."""
    when = None if told is None else NOW + timedelta(minutes=told)
    return done(world, RejectWork(work_at(world, order, at), reason, lines, when), minutes=minutes)


def sought(world: World, order: Order, *, minutes: int) -> set[tuple[str, str, int]]:
    """Where the order's units lie after it was tried again."""
    world.apply(RepromiseOrder(order.order_id, "stock moved"), now=NOW + timedelta(minutes=minutes))
    assert_kept(world)
    return sources(world.orders[order.order_id])


def test_a_node_that_did_not_find_one_item_is_asked_for_another_line_that_fails_elsewhere() -> None:
    world = world_with(BOTH | {("A", "DC-IL"): 5})
    order = released(world, {"A": 1, "B": 1})
    miss(world, order, PA)
    world.apply(AdjustStock(SupplyKey(Sku("B"), IL), 5, "receipt"), now=NOW + timedelta(minutes=11))
    reject(world, order, PA, "no_capacity", LineQuantity(TWO, 1), minutes=12)
    assert sources(world.orders[order.order_id]) == {(ONE, "DC-IL", 1), (TWO, "DC-IL", 1)}

    world.apply(ReleaseOrder(order.order_id), now=NOW + timedelta(minutes=13))
    decision = reject(world, order, IL, "damaged", LineQuantity(TWO, 1))

    assert decision.trace is not None
    assert sources(world.orders[order.order_id]) == {(ONE, "DC-IL", 1)}  # the one would not, the other has it broken
    assert "DC-IL is asked for all but B, which it could not provide" in decision.trace.notes


def test_of_two_nodes_that_each_lack_something_each_sends_what_the_other_lacks() -> None:
    world = world_with(BOTH)
    order = released(world, {"A": 1, "B": 1})
    for sku in ("A", "B"):
        world.apply(AdjustStock(SupplyKey(Sku(sku), IL), 5, "receipt"), now=NOW)
    miss(world, order, PA)
    world.apply(ReleaseOrder(order.order_id), now=NOW + timedelta(minutes=11))
    assert sources(world.orders[order.order_id]) == {(ONE, "DC-IL", 1), (TWO, "DC-PA", 1)}

    miss(world, order, PA, TWO, minutes=12)
    assert sources(world.orders[order.order_id]) == {(ONE, "DC-IL", 1), (TWO, "DC-IL", 1)}
    world.apply(ReleaseOrder(order.order_id), now=NOW + timedelta(minutes=13))
    world.apply(AdjustStock(SupplyKey(Sku("B"), PA), 1, "found"), now=NOW + timedelta(minutes=14))
    decision = reject(world, order, IL, "damaged", LineQuantity(TWO, 1))

    assert sources(world.orders[order.order_id]) == {(ONE, "DC-IL", 1), (TWO, "DC-PA", 1)}
    assert decision.trace is not None
    assert "DC-PA is asked again: units were found there since" in decision.trace.notes
    assert_kept(world)


@pytest.mark.parametrize("reason", ["too_busy", "closed", "not_accepted", "late", "other"])
def test_a_node_that_would_not_send_one_line_is_asked_for_no_other(reason: str) -> None:
    world = world_with(BOTH)
    order = released(world, {"A": 1, "B": 1})
    reject(world, order, PA, reason, LineQuantity(ONE, 1))
    decision = miss(world, order, PA, TWO, minutes=30)
    world.apply(AdjustStock(SupplyKey(Sku("B"), PA), 5, "receipt"), now=NOW + timedelta(minutes=31))

    assert sought(world, order, minutes=32) == set()
    (failed,) = [event for _, event in decision.events if isinstance(event, SourcingFailed)]
    assert [line.reason for line in failed.lines] == ["excluded"]


@pytest.mark.parametrize("reason", ["damaged", "not_found", "out_of_stock"])
def test_what_is_rejected_because_of_the_item_is_asked_again_when_units_of_it_come(reason: str) -> None:
    world = world_with(BOTH)
    order = released(world, {"A": 1, "B": 1})
    decision = reject(world, order, PA, reason, LineQuantity(ONE, 1))
    (failed,) = [event for _, event in decision.events if isinstance(event, SourcingFailed)]
    assert [(line.line_id, line.reason) for line in failed.lines] == [(ONE, "item_excluded")]
    assert sought(world, order, minutes=25) == {(TWO, "DC-PA", 1)}
    world.apply(AdjustStock(SupplyKey(Sku("B"), PA), 1, "receipt"), now=NOW + timedelta(minutes=30))
    assert sought(world, order, minutes=35) == {(TWO, "DC-PA", 1)}

    world.apply(AdjustStock(SupplyKey(Sku("A"), PA), 1, "receipt"), now=NOW + timedelta(minutes=40))

    assert sought(world, order, minutes=45) == {(ONE, "DC-PA", 1), (TWO, "DC-PA", 1)}


def test_what_is_rejected_because_of_the_item_may_be_asked_again_after_so_many_hours_too() -> None:
    world = world_with({("A", "DC-PA"): 5}, policy=AGAIN_IN_FOUR)
    order = released(world, {"A": 1})
    reject(world, order, PA, "damaged", minutes=0)
    assert sought(world, order, minutes=239) == set()
    assert sought(world, order, minutes=240) == {(ONE, "DC-PA", 1)}


def test_who_says_late_that_it_rejected_hours_ago_is_not_asked_at_once_for_that() -> None:
    world = world_with({("A", "DC-PA"): 5}, policy=AGAIN_IN_FOUR)
    order = released(world, {"A": 1})
    decision = reject(world, order, PA, "too_busy", minutes=300, told=10)
    assert sources(world.orders[order.order_id]) == set()
    assert any(isinstance(event, SourcingFailed) for _, event in decision.events)


def test_what_is_still_to_come_to_the_node_is_promised_though_the_shelf_was_empty() -> None:
    world = world_with({("A", "DC-PA"): 5})
    soon = NOW + timedelta(days=3)
    order = released(world, {"A": 1})
    world.apply(ExpectSupply("P", (ExpectedLine(1, PA, Sku("A"), 4, soon),)), now=NOW)
    miss(world, order, PA)
    assert sources(world.orders[order.order_id]) == {(ONE, "DC-PA", 1)}
    (part,) = [part for part in world.orders[order.order_id].allocations if part.source != "on_hand"]
    assert part.source == purchase_order_source(number="P", line=1)
    assert_kept(world)


def test_where_a_lot_was_damaged_other_lots_of_the_node_are_sent() -> None:
    world = world_with({})
    for lot in ("L-1", "L-2"):
        world.apply(AdjustStock(SupplyKey(Sku("A"), PA, lot_source(lot)), 2, "receipt"), now=NOW)
    order = released(world, {"A": 2})
    first = [part.source for part in order.allocations]
    assert first == [lot_source("L-1")]
    reject(world, order, PA, "damaged")
    assert [part.source for part in world.orders[order.order_id].allocations][1:] == [lot_source("L-2")]


def test_a_node_that_a_person_names_is_asked_for_what_it_did_not_find() -> None:
    world = world_with({("A", "DC-PA"): 5})
    order = released(world, {"A": 2})
    miss(world, order, PA)
    after = changed(world, world.orders[order.order_id], SetNode(ONE, PA))
    assert sources(after) == {(ONE, "DC-PA", 2)}


def test_a_store_that_did_not_find_what_is_picked_up_there_hands_over_what_is_sent_to_it() -> None:
    store = node("ST-NYC", type=NodeType.STORE, pickup=True)
    sends = Policy(ship_to_store=True)
    world = World(compile_network((node("DC-PA"), store)), {one.sku: one for one in ITEMS}, sends)
    world.apply(AdjustStock(SupplyKey(Sku("A"), NYC), 2, "initial"), now=NOW)
    order = captured(world, {"A": 1}, method=Method.PICKUP, pickup_node=NYC)
    world.apply(AdjustStock(SupplyKey(Sku("A"), PA), 5, "initial"), now=NOW)
    world.apply(ReleaseOrder(order.order_id), now=NOW)

    miss(world, order, NYC)

    (new,) = world.orders[order.order_id].fulfillments[1:]
    assert (new.node, new.via, new.method) == (PA, NYC, Method.PICKUP)


def test_a_kit_of_which_a_component_was_not_found_is_asked_of_others_and_that_component_alone_of_nobody_there() -> None:
    world = world_with({("A", "DC-PA"): 10, ("B", "DC-PA"): 10, ("A", "DC-IL"): 2, ("B", "DC-IL"): 1})
    order = captured(world, {"K": 1}, ship_to=NEW_YORK)
    world.apply(ReleaseOrder(order.order_id), now=NOW)
    first = order.fulfillments[0].node
    miss(world, order, first)
    assert {part for _, part, _ in sources(world.orders[order.order_id])} == {"DC-PA", "DC-IL"} - {first}


def test_a_count_that_finds_nothing_lifts_nothing_and_one_that_finds_some_does() -> None:
    world = world_with({("A", "DC-PA"): 5})
    order = released(world, {"A": 2})
    miss(world, order, PA)
    key = SupplyKey(Sku("A"), PA)
    for minutes, units, expected in ((30, 0, set()), (60, 3, {(ONE, "DC-PA", 2)})):
        now = NOW + timedelta(minutes=minutes)
        world.apply(CountStock(key, units, now), now=now)
        assert sought(world, order, minutes=minutes + 1) == expected


def test_an_order_is_captured_as_before_where_nothing_failed() -> None:
    world = world_with({("A", "DC-PA"): 5})
    decision = world.apply(capture("W-1", {"A": 1}), now=NOW)
    assert isinstance(decision, Decision)
    assert decision.trace is not None
    assert decision.trace.recording is not None
    assert (decision.trace.recording.excluded, decision.trace.recording.excluded_items) == ((), ())
