"""What may be changed about an order, and when; what may not leaves it as it was."""

from datetime import timedelta

import pytest

from tests.builders import NEW_YORK, NOW
from tests.engine.changing import (
    CHICAGO,
    IL,
    NYC,
    ONE,
    PA,
    TWO,
    assert_kept,
    captured,
    change,
    changed,
    reserved,
    world_with,
)
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
    AcceptWork,
    PackWork,
    PickWork,
    PlaceHold,
    ReleaseOrder,
    ShipWork,
)
from troth.model.ids import LineId, NodeId, Sku
from troth.model.order import Line, Method, Order
from troth.model.refusals import Invalid, NotPossibleNow, VersionConflict
from troth.model.status import OrderStatus, live_allocations, order_status
from troth.replay.world import World


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_changed() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    refused = change(
        world,
        order,
        SetQuantity(LineId("7"), 1),
        AddLine(Line(ONE, Sku("A"), 1)),
        AddLine(Line(TWO, Sku("nothing"), 1)),
        SetDates(ONE, None, NOW - timedelta(days=1)),
        SetNode(ONE, NodeId("nowhere")),
        Substitute(ONE, Sku("A"), 1),
    )
    assert isinstance(refused, Invalid)
    assert [flaw.pointer for flaw in refused.flaws] == [
        "/actions/0/line_id",
        "/actions/1/line/line_id",
        "/actions/2/line/sku",
        "/actions/3/need_by",
        "/actions/4/node",
        "/actions/5/sku",
    ]
    assert world.orders[order.order_id] == order


def test_a_method_without_its_place_is_refused() -> None:
    world = world_with({("A", "ST-NYC"): 9})
    order = captured(world, {"A": 1}, method=Method.PICKUP, pickup_node=NYC, ship_to=None)
    refused = change(world, order, SetMethod(Method.SHIP, None, ""))
    assert isinstance(refused, Invalid)
    assert refused.flaws[0].pointer == "/actions/0/ship_to"
    together = changed(world, order, SetMethod(Method.SHIP, None, ""), SetAddress(NEW_YORK))
    assert (together.method, together.pickup_node) == (Method.SHIP, None)


def released(world: World, order: Order) -> Order:
    world.apply(ReleaseOrder(order.order_id), now=NOW + timedelta(minutes=1))
    return world.orders[order.order_id]


def shipped(world: World, order: Order) -> Order:
    order = released(world, order)
    for work in order.fulfillments:
        name = work.fulfillment_id
        for command in (AcceptWork(name), PickWork(name), PackWork(name), ShipWork(name)):
            assert isinstance(world.apply(command, now=NOW + timedelta(minutes=2)), Decision)
    return world.orders[order.order_id]


@pytest.mark.parametrize(
    "action",
    [
        SetAddress(CHICAGO),
        SetDates(ONE, NOW + timedelta(days=20), None),
        SetMethod(Method.SHIP, None, "express"),
        SetNode(ONE, IL),
        Substitute(ONE, Sku("B"), 100),
    ],
)
def test_where_it_goes_and_from_where_is_settled_once_a_node_has_it(action: ChangeAction) -> None:
    world = world_with({("A", "DC-PA"): 9, ("B", "DC-PA"): 9})
    order = released(world, captured(world, {"A": 2}))
    refused = change(world, order, action)
    assert isinstance(refused, Invalid)
    assert "too late" in refused.flaws[0].detail
    assert world.orders[order.order_id] == order


def test_after_the_release_more_and_fewer_units_are_still_possible() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = released(world, captured(world, {"A": 2}))
    more = changed(world, order, SetQuantity(ONE, 3))
    assert sorted(part.state for part in live_allocations(more)) == ["released", "reserved"]
    fewer = changed(world, more, SetQuantity(ONE, 1))
    assert sum(part.quantity for part in live_allocations(fewer)) == 1
    assert_kept(world)


def test_what_has_left_is_neither_taken_back_nor_priced_anew() -> None:
    world = world_with({("A", "DC-PA"): 9, ("B", "DC-IL"): 9})
    order = captured(world, {"A": 2, "B": 1})
    name = next(work.fulfillment_id for work in order.fulfillments if work.node == PA)
    released(world, order)
    for command in (PickWork(name), PackWork(name), ShipWork(name)):
        assert isinstance(world.apply(command, now=NOW + timedelta(minutes=2)), Decision)
    order = world.orders[order.order_id]
    refused = change(world, order, SetQuantity(ONE, 1), SetPrice(ONE, 5), RemoveLine(ONE))
    assert isinstance(refused, Invalid)
    assert [flaw.pointer for flaw in refused.flaws] == ["/actions/0/quantity", "/actions/1", "/actions/2"]


def test_an_order_that_is_gone_or_canceled_is_not_changed() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = shipped(world, captured(world, {"A": 2}))
    assert change(world, order, SetQuantity(ONE, 3)) == NotPossibleNow("change", OrderStatus.SHIPPED)


def test_the_last_line_removed_cancels_the_order() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    after = changed(world, order, RemoveLine(ONE))
    assert order_status(after) is OrderStatus.CANCELED
    assert after.canceled_at is not None
    assert reserved(world) == {}


def test_a_change_of_an_order_as_it_no_longer_is_is_refused() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    changed(world, order, SetQuantity(ONE, 3))
    refused = change(world, order, SetQuantity(ONE, 4), version=order.version)
    assert refused == VersionConflict("1", "3")


def test_asking_for_what_is_so_already_changes_nothing() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    decision = change(world, order, SetQuantity(ONE, 2), SetAddress(NEW_YORK))
    assert decision == Decision()


def test_an_order_on_hold_is_changed_and_stays_on_hold() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    world.apply(PlaceHold(order.order_id, "fraud", "look"), now=NOW)
    after = changed(world, order, SetQuantity(ONE, 3))
    assert order_status(after) is OrderStatus.ON_HOLD
