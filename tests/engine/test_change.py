"""Changes of an order: its wish and its promise change as one."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from tests.builders import NEW_YORK, NOW, capture, node
from tests.engine.changing import (
    CHICAGO,
    IL,
    NYC,
    ONE,
    PA,
    PO,
    TWO,
    assert_kept,
    captured,
    change,
    changed,
    reserved,
    sources,
    world_with,
)
from troth.engine.evolve import evolve_all
from troth.engine.promising.context import Decision
from troth.model.change import (
    AddLine,
    ChangeAction,
    RemoveLine,
    SetAddress,
    SetDates,
    SetMethod,
    SetNode,
    SetPrice,
    SetQuantity,
    Substitute,
)
from troth.model.commands import (
    AdjustStock,
    ExpectedLine,
    ExpectSupply,
    LineQuantity,
    PickWork,
    RejectWork,
    ReleaseOrder,
)
from troth.model.events import OrderChanged, OrderEvent, PromiseChanged
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import SupplyKey
from troth.model.kits import kits_of, whole_units
from troth.model.lifecycle import AllocationState
from troth.model.order import Line, Method, Order, Terms
from troth.model.policy import DEFAULT_POLICY
from troth.model.refusals import StockShort
from troth.model.routing import Action, Routing, Tier
from troth.model.status import live_allocations, promise_of, uncovered_quantities


def test_more_units_come_in_the_same_parcel() -> None:
    world = world_with({("A", "DC-PA"): 9, ("A", "DC-IL"): 9})
    order = captured(world, {"A": 2})
    after = changed(world, order, SetQuantity(ONE, 5))
    assert {(part.node, part.fulfillment_id) for part in live_allocations(after)} == {
        (order.fulfillments[0].node, after.fulfillments[-1].fulfillment_id)
    }
    assert after.lines[0].quantity == 5
    assert_kept(world)


def test_fewer_units_are_freed_and_nothing_else_moves() -> None:
    world = world_with({("A", "DC-PA"): 9, ("B", "DC-PA"): 9})
    order = captured(world, {"A": 4, "B": 1})
    before = {part for part in live_allocations(order) if part.line_id == TWO}
    after = changed(world, order, SetQuantity(ONE, 1))
    assert {part for part in live_allocations(after) if part.line_id == TWO} == before
    assert reserved(world) == {SupplyKey(Sku("A"), PA): 1, SupplyKey(Sku("B"), PA): 1}


def test_another_price_moves_no_stock() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    decision = change(world, order, SetPrice(ONE, 1500))
    assert decision.entries == ()
    after = world.orders[order.order_id]
    assert after.allocations == order.allocations
    assert after.lines[0].unit_price_minor == 1500


def test_the_address_decides_anew_who_sends() -> None:
    world = world_with({("A", "DC-PA"): 9, ("A", "DC-IL"): 9})
    order = captured(world, {"A": 1})
    assert sources(order) == {("1", "DC-PA", 1)}
    after = changed(world, order, SetAddress(CHICAGO))
    assert sources(after) == {("1", "DC-IL", 1)}
    assert after.ship_to == CHICAGO
    assert reserved(world) == {SupplyKey(Sku("A"), IL): 1}


def test_a_line_that_is_added_is_promised_with_the_rest_as_one() -> None:
    world = world_with({("A", "DC-PA"): 9, ("A", "ST-NYC"): 9})
    order = captured(world, {"A": 1})
    elsewhere = ({"DC-PA", "ST-NYC"} - {part.node for part in live_allocations(order)}).pop()
    world.apply(AdjustStock(SupplyKey(Sku("B"), NodeId(elsewhere)), 9, "initial"), now=NOW)
    after = changed(world, order, AddLine(Line(TWO, Sku("B"), 1, 500)))
    assert {part.node for part in live_allocations(after)} == {elsewhere}, "one parcel is cheaper than two"
    assert_kept(world)


def test_the_last_units_may_be_taken_again_by_their_own_order_and_by_nobody_else() -> None:
    world = world_with({("A", "DC-PA"): 3, ("B", "DC-PA"): 1})
    order = captured(world, {"A": 3})
    other = captured(world, {"B": 1}, "W-2")
    assert isinstance(change(world, other, AddLine(Line(TWO, Sku("A"), 1, 500))), StockShort)
    after = changed(world, order, SetAddress(CHICAGO))
    assert sources(after) == {("1", "DC-PA", 3)}
    assert_kept(world)


def test_what_cannot_be_promised_leaves_the_order_with_the_promise_it_had() -> None:
    world = world_with({("A", "DC-PA"): 3})
    order = captured(world, {"A": 2})
    balances = dict(world.balances)
    refused = change(world, order, SetQuantity(ONE, 4), SetPrice(ONE, 1))
    assert isinstance(refused, StockShort)
    assert (
        [(line.line_id, line.quantity, line.available_quantity) for line in refused.lines] == [("1", 1, 0)]
        or [(line.line_id, line.quantity, line.available_quantity) for line in refused.lines] == [("1", 2, 1)]
        or refused.lines[0].line_id == ONE
    )
    assert world.orders[order.order_id] == order
    assert world.balances == balances


def test_a_larger_quantity_is_promised_from_a_purchase_order_and_the_customer_is_told_the_date() -> None:
    world = world_with({("A", "DC-PA"): 3})
    due = NOW + timedelta(days=9)
    world.apply(ExpectSupply("P", (ExpectedLine(1, PA, Sku("A"), 10, due),), (PO,)), now=NOW)
    order = captured(world, {"A": 2})
    decision = change(world, order, SetQuantity(ONE, 8))
    assert isinstance(decision, Decision)
    after = world.orders[order.order_id]
    by_date = {work.fulfillment_id: work.promised_at for work in after.fulfillments}
    assert sum(part.quantity for part in live_allocations(after) if by_date[part.fulfillment_id] < due) == 2
    assert sum(part.quantity for part in live_allocations(after) if part.state is AllocationState.BACKORDERED) == 6
    told = [event for _, event in decision.events if isinstance(event, PromiseChanged)]
    assert [(move.line_id, move.after) for event in told for move in event.lines] == [(ONE, promise_of(after, ONE))]
    assert_kept(world)


def test_a_line_that_was_not_changed_is_never_later_for_it() -> None:
    world = world_with({("A", "DC-PA"): 1, ("B", "DC-PA"): 1})
    due = NOW + timedelta(days=9)
    world.apply(ExpectSupply("P", (ExpectedLine(1, PA, Sku("A"), 10, due),), (PO,)), now=NOW)
    order = captured(world, {"A": 1, "B": 1})
    after = changed(world, order, AddLine(Line(LineId("3"), Sku("A"), 2, 500)))
    promises = {line.line_id: promise_of(after, line.line_id) for line in after.lines}
    assert (promises[ONE], promises[TWO]) == (promise_of(order, ONE), promise_of(order, TWO))
    assert (promises[LineId("3")] or due) > due


def test_dates_months_ahead_free_the_stock_for_others() -> None:
    world = world_with({("A", "DC-PA"): 2})
    due = NOW + timedelta(days=60)
    world.apply(ExpectSupply("P", (ExpectedLine(1, PA, Sku("A"), 10, due),), (PO,)), now=NOW)
    order = captured(world, {"A": 2})
    later = NOW + timedelta(days=90)
    after = changed(world, order, SetDates(ONE, later, None))
    assert (promise_of(after, ONE) or NOW) >= later


def test_a_line_comes_from_the_one_node_that_is_named() -> None:
    world = world_with({("A", "DC-PA"): 9, ("A", "ST-NYC"): 9})
    order = captured(world, {"A": 1})
    elsewhere = ({"DC-PA", "ST-NYC"} - {part.node for part in live_allocations(order)}).pop()
    after = changed(world, order, SetNode(ONE, NodeId(elsewhere)))
    assert {part.node for part in live_allocations(after)} == {elsewhere}
    back = changed(world, after, SetNode(ONE, None))
    assert sources(back) == sources(order)


def test_a_node_that_failed_is_asked_again_where_a_person_names_it_and_not_otherwise() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 1})
    work = order.fulfillments[0].fulfillment_id
    world.apply(ReleaseOrder(order.order_id), now=NOW + timedelta(minutes=1))
    world.apply(RejectWork(work, "too_busy"), now=NOW + timedelta(minutes=2))
    failed = world.orders[order.order_id]
    assert not live_allocations(failed)

    elsewhere = change(world, failed, SetNode(ONE, IL))
    moved = change(world, failed, SetAddress(CHICAGO))
    unchanged = world.orders[order.order_id]
    named = changed(world, failed, SetNode(ONE, PA))

    assert (type(elsewhere), type(moved)) == (StockShort, StockShort)
    assert unchanged == failed
    assert sources(named) == {(ONE, "DC-PA", 1)}


def test_a_node_that_did_not_find_one_item_is_asked_for_another_that_is_added() -> None:
    world = world_with({("A", "DC-PA"): 3, ("C", "DC-PA"): 9})
    order = captured(world, {"A": 3})
    work = order.fulfillments[0].fulfillment_id
    world.apply(ReleaseOrder(order.order_id), now=NOW + timedelta(minutes=1))
    world.apply(PickWork(work, (LineQuantity(ONE, 1, "not_found"),)), now=NOW + timedelta(minutes=2))
    short = world.orders[order.order_id]

    after = changed(world, short, SetQuantity(ONE, 1), AddLine(Line(LineId("1-instead"), Sku("C"), 2, 1990)))

    assert sources(after) == {(ONE, "DC-PA", 1), (LineId("1-instead"), "DC-PA", 2)}


def test_a_node_that_is_too_busy_is_asked_for_another_item_only_by_its_name() -> None:
    world = world_with({("A", "DC-PA"): 3, ("C", "DC-PA"): 9})
    order = captured(world, {"A": 3})
    work = order.fulfillments[0].fulfillment_id
    world.apply(ReleaseOrder(order.order_id), now=NOW + timedelta(minutes=1))
    some = (LineQuantity(ONE, 2),)
    world.apply(RejectWork(work, "too_busy", some), now=NOW + timedelta(minutes=2))
    rejected = world.orders[order.order_id]
    instead = Line(LineId("1-instead"), Sku("C"), 2, 1990)

    anywhere = change(world, rejected, SetQuantity(ONE, 1), AddLine(instead))
    unchanged = world.orders[order.order_id]
    named = replace(instead, terms=Terms(only_from=PA))
    after = changed(world, rejected, SetQuantity(ONE, 1), AddLine(named))

    assert isinstance(anywhere, StockShort)
    assert unchanged == rejected
    assert sources(after) == {(ONE, "DC-PA", 1), (LineId("1-instead"), "DC-PA", 2)}


def test_another_item_stands_in_at_its_own_price() -> None:
    world = world_with({("A", "DC-PA"): 9, ("C", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    after = changed(world, order, Substitute(ONE, Sku("C"), 2500))
    assert (after.lines[0].sku, after.lines[0].unit_price_minor) == ("C", 2500)
    assert reserved(world) == {SupplyKey(Sku("C"), PA): 2}


def test_an_order_becomes_a_pickup_at_a_store() -> None:
    world = world_with({("A", "DC-PA"): 9, ("A", "ST-NYC"): 2})
    order = captured(world, {"A": 2})
    after = changed(world, order, SetMethod(Method.PICKUP, NYC, ""))
    assert [work.method for work in after.fulfillments][-1] is Method.PICKUP
    assert (after.method, after.pickup_node) == (Method.PICKUP, NYC)


def test_a_kit_is_changed_in_whole_kits() -> None:
    world = world_with({("A", "DC-PA"): 9, ("B", "DC-PA"): 9})
    order = captured(world, {"K": 1})
    after = changed(world, order, SetQuantity(ONE, 3))
    assert reserved(world) == {SupplyKey(Sku("A"), PA): 6, SupplyKey(Sku("B"), PA): 3}
    less = changed(world, after, SetQuantity(ONE, 2))
    assert whole_units(live_allocations(less), kits_of(less)) == {"1": 2}
    assert_kept(world)


def test_a_day_that_is_full_of_the_order_itself_is_free_for_it() -> None:
    world = world_with({("A", "DC-PA"): 9}, nodes=(node("DC-PA", capacity_per_day=1),))
    order = captured(world, {"A": 1})
    after = changed(world, order, SetQuantity(ONE, 2))
    assert promise_of(after, ONE) == promise_of(order, ONE)


def test_what_a_routing_lets_wait_is_parked() -> None:
    tiers = (Tier("now", partial=Action.QUEUE, none=Action.QUEUE),)
    policy = replace(DEFAULT_POLICY, version="test@1", routing=Routing(tiers=tiers))
    world = world_with({("A", "DC-PA"): 2}, policy=policy)
    order = captured(world, {"A": 2})
    after = changed(world, order, SetQuantity(ONE, 3))
    assert uncovered_quantities(after) == {"1": 1}
    assert [parked.is_waiting for parked in after.parked] == [True]
    assert sources(after) == {("1", "DC-PA", 2)}


@pytest.mark.parametrize("seed", range(12))
def test_random_changes_keep_every_unit_and_fold_to_the_same_order(seed: int) -> None:
    draw = random.Random(seed)
    world = world_with({(sku, name): draw.randint(0, 9) for sku in "ABC" for name in (PA, IL, NYC)})
    world.apply(ExpectSupply("P", (ExpectedLine(1, PA, Sku("A"), 10, NOW + timedelta(days=9)),), (PO,)), now=NOW)
    accepted = 0
    for number in range(40):
        order_id = draw.choice([*sorted(world.orders), None])
        if order_id is None:
            lines = {draw.choice("ABCK"): draw.randint(1, 3) for _ in range(draw.randint(1, 3))}
            world.apply(capture(f"W-{number}", lines, ship_complete=draw.random() < 0.3), now=NOW)
            continue
        before = world.orders[order_id]
        if draw.random() < 0.15:
            world.apply(ReleaseOrder(order_id), now=NOW)
            continue
        decision = change(world, before, *(_draw(draw, before, number) for _ in range(draw.randint(1, 3))))
        after = world.orders[order_id]
        if isinstance(decision, Decision):
            accepted += bool(decision.events)
            told = [event for _, event in decision.events]
            assert evolve_all(before, cast("list[OrderEvent]", told)) == after
            assert all(isinstance(event, OrderChanged) for event in told[:1])
        else:
            assert after == before
        assert_kept(world)
    assert accepted > 3


def _draw(draw: random.Random, order: Order, number: int) -> ChangeAction:
    line = draw.choice(order.lines)
    name = line.line_id
    actions: list[ChangeAction] = [
        AddLine(Line(LineId(f"n{number}-{draw.randint(0, 9)}"), Sku(draw.choice("ABCK")), draw.randint(1, 3), 700)),
        RemoveLine(name),
        SetQuantity(name, draw.randint(1, 6)),
        SetQuantity(name, draw.randint(1, 6)),
        SetPrice(name, draw.randint(0, 5000)),
        SetDates(name, draw.choice([None, NOW + timedelta(days=draw.randint(1, 30))]), None),
        SetAddress(draw.choice([CHICAGO, NEW_YORK])),
        SetMethod(*draw.choice([(Method.PICKUP, NYC), (Method.SHIP, None)]), ""),
        SetNode(name, draw.choice([None, PA, IL])),
        Substitute(name, Sku(draw.choice("ABCK")), 900),
    ]
    return draw.choice(actions)
