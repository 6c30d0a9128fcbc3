"""Ship to store: parcels come in where the customer picks them up, and the last of them makes the goods ready."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.builders import NOW, capture, item, node
from troth.engine.carriage.network import compile_network
from troth.engine.promising.context import Decision
from troth.engine.tracking.milestones import find_step_times, milestones_of
from troth.engine.tracking.predict import Moment, predict
from troth.model.commands import (
    AdjustStock,
    CollectWork,
    Command,
    PackWork,
    ReceiveWork,
    RecordTracking,
    ReleaseOrder,
    ShipWork,
    UnstageWork,
)
from troth.model.events import FulfillmentReady, FulfillmentReceived, FulfillmentUnstaged
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import SupplyKey
from troth.model.order import Method, Order, Package, PackageLine
from troth.model.pickup import Arrival
from troth.model.pickup_moves import ArrivalForgotten, ForgetArrival, PickupOpened, TellArrival
from troth.model.policy import DEFAULT_POLICY
from troth.model.refusals import Invalid, NotPossibleNow
from troth.model.status import is_kept
from troth.model.tracking import Milestone, Step
from troth.replay.world import World

A, STORE = Sku("A"), NodeId("ST-NYC")
NETWORK = compile_network((node("ST-NYC"), node("DC-PA")))
PARCELS = (
    Package("1", (PackageLine(LineId("1"), 1),), carrier="ups", tracking_number="1Z1"),
    Package("2", (PackageLine(LineId("1"), 1),), carrier="ups", tracking_number="1Z2"),
)


def sent() -> tuple[World, Order]:
    """Two units that a DC has sent to the store in two parcels."""
    world = World(NETWORK, {A: item()}, replace(DEFAULT_POLICY, ship_to_store=True))
    done(world, AdjustStock(SupplyKey(A, NodeId("DC-PA")), 10, "initial"))
    command = capture(method=Method.PICKUP, pickup_node=STORE, ship_to=None, lines={"A": 2})
    for step in (command, ReleaseOrder(command.order_id)):
        done(world, step)
    (work,) = world.orders[command.order_id].fulfillments
    for more in (PackWork(work.fulfillment_id, PARCELS), ShipWork(work.fulfillment_id, PARCELS)):
        done(world, more)
    return world, world.orders[command.order_id]


def done(world: World, command: Command, **later: float) -> list[Any]:
    decision = world.apply(command, now=NOW + timedelta(**later))
    assert isinstance(decision, Decision), decision
    return [event for _, event in decision.events]


def milestones(order: Order, events: list[Any]) -> dict[Step, Milestone]:
    times = find_step_times(order, events)
    found = milestones_of(order, order.fulfillments[0], NETWORK, times, ready_minutes=120)
    return {one.step: one for one in found}


def test_the_last_parcel_makes_the_goods_ready_and_the_first_does_not() -> None:
    world, order = sent()
    work = order.fulfillments[0].fulfillment_id

    (first,) = done(world, ReceiveWork(work, ("1Z1",), "A3"), days=2)
    halfway = world.orders[order.order_id]
    again = done(world, ReceiveWork(work, ("1",), "A3"), days=2)
    second, ready, opened = done(world, ReceiveWork(work, ("1Z2",), "A3"), days=2, hours=1)

    after = world.orders[order.order_id]
    assert isinstance(first, FulfillmentReceived)
    assert (first.node, first.packages, again) == (STORE, ("1",), [])
    assert not is_kept(halfway, halfway.fulfillments[0])
    assert [type(one) for one in (second, ready, opened)] == [FulfillmentReceived, FulfillmentReady, PickupOpened]
    assert [one.received_at for one in after.fulfillments[0].packages] == [
        NOW + timedelta(days=2),
        NOW + timedelta(days=2, hours=1),
    ]
    assert (after.fulfillments[0].staging, is_kept(after, after.fulfillments[0])) == ("A3", True)


def test_what_is_no_parcel_of_the_work_is_refused_by_its_place_and_nothing_comes_in() -> None:
    world, order = sent()
    work = order.fulfillments[0].fulfillment_id

    refused = world.apply(ReceiveWork(work, ("1Z1", "1Z9")), now=NOW)

    assert isinstance(refused, Invalid)
    assert refused.flaws[0].pointer == "/packages/1"
    assert world.orders[order.order_id] == order


def test_goods_that_are_still_at_their_node_or_ready_cannot_come_in() -> None:
    world, order = sent()
    work = order.fulfillments[0].fulfillment_id
    done(world, ReceiveWork(work))
    assert isinstance(world.apply(ReceiveWork(work), now=NOW), NotPossibleNow)


def test_a_receipt_by_mistake_is_taken_back_and_the_parcels_are_received_again() -> None:
    world, order = sent()
    work = order.fulfillments[0].fulfillment_id
    done(world, ReceiveWork(work, (), "A3"))

    (undone,) = done(world, UnstageWork(work, "another order"))
    after = world.orders[order.order_id]
    refused = world.apply(UnstageWork(work), now=NOW)
    done(world, ReceiveWork(work, (), "B1"))

    assert isinstance(undone, FulfillmentUnstaged)
    assert [one.tracking_number for one in after.fulfillments[0].packages] == ["1Z1", "1Z2"]
    assert [one.received_at for one in after.fulfillments[0].packages] == [None, None]
    assert (after.fulfillments[0].staging, after.pickups[0].keep_until) == ("", None)
    assert isinstance(refused, NotPossibleNow)
    assert world.orders[order.order_id].fulfillments[0].staging == "B1"
    done(world, CollectWork(work, "Ada Park"))


def test_the_leg_to_the_store_has_a_promise_of_its_own_and_is_taken_with_its_carriers_word() -> None:
    world, order = sent()
    (work,) = order.fulfillments
    due = milestones(order, [])[Step.ARRIVED]
    for number in ("1Z1", "1Z2"):
        done(world, RecordTracking(work.fulfillment_id, "ups", number, "delivered", NOW + timedelta(days=1)), days=1)
    arrived = world.orders[order.order_id]

    steps = milestones(arrived, [])
    soon = predict(arrived, arrived.fulfillments[0], steps, Moment(NETWORK, {}, NOW + timedelta(days=1), 120))
    done(world, ReceiveWork(work.fulfillment_id), days=1, hours=1)
    kept = world.orders[order.order_id]

    assert due.expected_by is not None
    assert work.ship_by < due.expected_by < work.promised_at
    assert steps[Step.ARRIVED].done_at == NOW + timedelta(days=1)
    assert steps[Step.READY].done_at is None
    assert soon is not None
    assert (soon.probability, soon.expected_at <= work.promised_at) == (0.0, True)
    assert predict(kept, kept.fulfillments[0], steps, Moment(NETWORK, {}, NOW, 120)) is None


def test_an_arrival_that_was_told_by_mistake_is_forgotten() -> None:
    world, order = sent()
    work = order.fulfillments[0].fulfillment_id
    done(world, ReceiveWork(work))
    done(world, TellArrival(work, Arrival.HERE, bay="4"))

    (event,) = done(world, ForgetArrival(work))

    (pickup,) = world.orders[order.order_id].pickups
    assert isinstance(event, ArrivalForgotten)
    assert (pickup.arrival, pickup.here_at, pickup.bay) == (None, None, "")
    assert isinstance(world.apply(ForgetArrival(work), now=NOW), NotPossibleNow)
