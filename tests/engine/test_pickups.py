"""Pickups: kept and reminded of, extended, collected by whoever may, and put back where nobody came."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from tests.builders import NOW, capture, item, node
from tests.engine.test_release_times import done
from troth.engine.carriage.network import compile_network
from troth.engine.money.owed import owed
from troth.engine.pickups.codes import pickup_code
from troth.engine.pickups.decide import put_back_keys
from troth.engine.policies.work_rules import compile_work
from troth.model.commands import (
    ActOnDue,
    AdjustStock,
    CollectWork,
    Command,
    LineQuantity,
    PlaceHold,
    ReleaseOrder,
    ShipWork,
    StageWork,
)
from troth.model.events import FulfillmentCollected, FulfillmentReady, OrderCanceled, PickupPutBack
from troth.model.hold_terms import Block, HoldTerms
from troth.model.ids import FulfillmentId, LineId, NodeId, Sku
from troth.model.inventory import SupplyKey
from troth.model.lifecycle import AllocationState
from troth.model.network import Calendar
from troth.model.order import Method, Order
from troth.model.permissions import By
from troth.model.pickup import Arrival
from troth.model.pickup_moves import (
    ArrivalTold,
    CollectorNamed,
    ExtendPickup,
    NameCollector,
    PickupCodeRefused,
    PickupExpired,
    PickupExtended,
    PickupOpened,
    PickupReminded,
    PutBackPickup,
    TellArrival,
)
from troth.model.policy import DEFAULT_POLICY
from troth.model.refusals import FieldFlaw, Invalid, NotPossibleNow, PickupLocked
from troth.model.status import OrderStatus, next_due_at, order_status
from troth.model.work_rules import PickupRule, WorkRules
from troth.replay.world import World

SHOP = Calendar(weekdays=(0, 1, 2, 3, 4, 5), opens=time(9), closes=time(18))
STORE = node("ST-NYC", calendar=SHOP)
DC = node("DC-PA")
A = Sku("A")
TWO_DAYS = PickupRule("two days", keep_hours=48, remind_hours=(24.0,), extend_hours=24, code_attempts_max=3)


def world_of(*rules: PickupRule, at: tuple[str, ...] = ("ST-NYC",)) -> World:
    policy = replace(DEFAULT_POLICY, ship_to_store=True)
    compiled = compile_work(WorkRules(pickups=rules), "test@1")
    world = World(compile_network((STORE, DC)), {A: item()}, policy, work=compiled)
    for name in at:
        done(world.apply(AdjustStock(SupplyKey(A, NodeId(name)), 10, "initial"), now=NOW - timedelta(days=1)))
    return world


def ready(world: World, at: datetime = NOW, **changes: Any) -> tuple[Order, FulfillmentId]:
    asked = {"method": Method.PICKUP, "pickup_node": NodeId("ST-NYC"), "ship_to": None, "lines": {"A": 2}}
    command = capture(**asked | changes)
    done(world.apply(command, now=at))
    order = world.orders[command.order_id]
    done(world.apply(ReleaseOrder(order.order_id), now=at))
    (work,) = order.fulfillments
    if work.via is not None:
        done(world.apply(ShipWork(work.fulfillment_id), now=at))
    done(world.apply(StageWork(work.fulfillment_id, "A3"), now=at))
    return world.orders[order.order_id], work.fulfillment_id


def events_of(world: World, command: Command, at: datetime = NOW) -> list[Any]:
    return [event for _, event in done(world.apply(command, now=at)).events]


def stock_of(world: World, name: str = "ST-NYC") -> tuple[int, int]:
    balance = world.balances[SupplyKey(A, NodeId(name))]
    return balance.on_hand, balance.reserved


def local(day: int, hour: int, minute: int = 0, *, month: int = 11) -> datetime:
    """An instant in New York in 2026, in winter time unless it is told of March or October."""
    return datetime(2026, month, day, hour + (5 if month in (1, 2, 11, 12) else 4), minute, tzinfo=UTC)


def test_goods_that_are_ready_are_kept_as_the_rule_says_and_their_customer_is_reminded() -> None:
    world = world_of(TWO_DAYS)
    order, work = ready(world)
    (pickup,) = order.pickups
    assert (pickup.rule, pickup.ready_at, pickup.keep_until) == ("two days", NOW, NOW + timedelta(hours=48))
    assert next_due_at(order) == NOW + timedelta(hours=24)

    (reminded,) = events_of(world, ActOnDue(order.order_id), NOW + timedelta(hours=24))

    assert isinstance(reminded, PickupReminded)
    assert (reminded.number, reminded.node, reminded.customer.email) == (1, "ST-NYC", "ada@example.com")
    assert events_of(world, ActOnDue(order.order_id), NOW + timedelta(hours=25)) == []
    assert next_due_at(world.orders[order.order_id]) == NOW + timedelta(hours=48)
    assert work == reminded.fulfillment_id


def test_reminders_that_are_due_together_are_one() -> None:
    world = world_of(PickupRule("often", keep_hours=48, remind_hours=(1.0, 2.0, 30.0)))
    order, _ = ready(world)
    (reminded,) = events_of(world, ActOnDue(order.order_id), NOW + timedelta(hours=3))
    assert isinstance(reminded, PickupReminded)
    assert world.orders[order.order_id].pickups[0].remind_at == (NOW + timedelta(hours=30),)


@pytest.mark.parametrize(
    ("at", "hours", "until"),
    [
        (local(23, 10), 24.0, local(24, 10)),  # while it is open
        (local(23, 10), 12.0, local(24, 18)),  # at night: until the end of the next day
        (local(21, 12), 24.0, local(23, 18)),  # on a Sunday: until Monday closes
        (local(23, 10), 14.0, local(24, 18)),  # at midnight sharp
        (local(31, 12, month=10), 48.0, local(2, 11)),  # over the night in which the clocks go back: hours are hours
        (local(31, 12, month=10), 24.0, local(2, 18)),  # and a Sunday
        (datetime(2026, 3, 7, 17, tzinfo=UTC), 47.0, local(9, 12, month=3)),  # over the one in which they go forward
    ],
)
def test_goods_are_kept_until_a_time_at_which_somebody_could_come(at: datetime, hours: float, until: datetime) -> None:
    world = world_of(PickupRule("short", keep_hours=hours, remind_hours=()))
    order, _ = ready(world, at)
    assert order.pickups[0].keep_until == until


def test_what_nobody_collects_is_canceled_and_sold_again_only_once_it_is_put_back() -> None:
    world = world_of(TWO_DAYS)
    order, work = ready(world)
    canceled, expired = events_of(world, ActOnDue(order.order_id), NOW + timedelta(hours=48))

    assert isinstance(canceled, OrderCanceled)
    assert canceled.lines == (LineQuantity(LineId("1"), 2, "not_collected"),)
    assert isinstance(expired, PickupExpired)
    after = world.orders[order.order_id]
    assert order_status(after) is OrderStatus.CANCELED
    assert [part.state for part in after.allocations] == [AllocationState.UNCOLLECTED]
    assert stock_of(world) == (10, 2)
    assert owed(after).total == 0
    assert next_due_at(after) is None
    assert isinstance(world.apply(CollectWork(work), now=NOW + timedelta(hours=49)), NotPossibleNow)

    (put_back,) = events_of(world, PutBackPickup(work), NOW + timedelta(hours=50))

    assert isinstance(put_back, PickupPutBack)
    assert stock_of(world) == (10, 0)
    assert isinstance(world.apply(PutBackPickup(work), now=NOW + timedelta(hours=51)), NotPossibleNow)


def test_goods_that_came_from_another_node_are_stock_of_the_store_once_they_are_put_back() -> None:
    world = world_of(TWO_DAYS, at=("DC-PA",))
    order, work = ready(world)
    assert order.fulfillments[0].via == "ST-NYC"
    assert stock_of(world, "DC-PA") == (8, 0)
    events_of(world, ActOnDue(order.order_id), NOW + timedelta(hours=72))
    after = world.orders[order.order_id]
    assert [part.state for part in after.allocations] == [AllocationState.UNCLAIMED]
    assert (owed(order).earned, owed(after).total, owed(after).earned) == (2 * 1990, 0, 0)  # what was taken goes back

    keys = put_back_keys(after, after.fulfillments[0])
    events_of(world, PutBackPickup(work, keys), NOW + timedelta(hours=73))

    assert keys == (SupplyKey(A, NodeId("ST-NYC")),)
    assert stock_of(world, "DC-PA") == (8, 0)
    assert stock_of(world) == (2, 0)


def test_a_hold_that_forbids_canceling_keeps_goods_until_it_is_lifted() -> None:
    world = world_of(TWO_DAYS)
    order, _ = ready(world)
    terms = HoldTerms(blocks=(Block.CANCEL,))
    done(world.apply(PlaceHold(order.order_id, "dispute", "asked", terms=terms), now=NOW))
    assert next_due_at(world.orders[order.order_id]) == NOW + timedelta(hours=24)
    events_of(world, ActOnDue(order.order_id), NOW + timedelta(hours=24))
    assert next_due_at(world.orders[order.order_id]) is None
    assert events_of(world, ActOnDue(order.order_id), NOW + timedelta(hours=60)) == []


def test_a_customer_keeps_goods_longer_once_and_the_staff_as_long_as_they_like() -> None:
    world = world_of(TWO_DAYS)
    order, work = ready(world)
    (extended,) = events_of(world, ExtendPickup(work, By.CUSTOMER))
    assert isinstance(extended, PickupExtended)
    assert extended.keep_until == NOW + timedelta(hours=72)
    assert extended.remind_at == (NOW + timedelta(hours=24), NOW + timedelta(hours=60))

    assert world.apply(ExtendPickup(work, By.CUSTOMER), now=NOW) == NotPossibleNow("extend", "extended 1 times")
    late = NOW + timedelta(days=20)
    said = world.apply(ExtendPickup(work, By.CUSTOMER, late), now=NOW)
    assert said == Invalid((FieldFlaw("/until", "is for the staff to say; leave it out"),))
    (extended,) = events_of(world, ExtendPickup(work, By.OPERATOR, late, "asked by phone"))
    assert world.orders[order.order_id].pickups[0].keep_until == late
    assert isinstance(world.apply(ExtendPickup(work, By.OPERATOR, NOW), now=NOW), Invalid)


def test_the_clock_of_a_customer_who_waits_runs_from_when_they_said_so_to_the_handing_over() -> None:
    world = world_of(TWO_DAYS)
    order, work = ready(world, method=Method.CURBSIDE)
    soon = NOW + timedelta(minutes=20)
    (told,) = events_of(world, TellArrival(work, Arrival.ON_THE_WAY, arrives_at=soon))
    assert isinstance(told, ArrivalTold)
    (told,) = events_of(world, TellArrival(work, Arrival.HERE, bay="4", vehicle="green van"), soon)
    assert (told.bay, told.node) == ("4", "ST-NYC")
    assert events_of(world, TellArrival(work, Arrival.HERE, bay="4"), soon + timedelta(minutes=1)) == []
    (moved,) = events_of(world, TellArrival(work, Arrival.HERE, bay="5"), soon + timedelta(minutes=2))
    assert (moved.at, moved.vehicle) == (soon, "green van")
    back = world.apply(TellArrival(work, Arrival.ON_THE_WAY), now=soon)
    assert back == NotPossibleNow("be on the way", "here")

    (collected,) = events_of(world, CollectWork(work, "Ada Park"), soon + timedelta(minutes=7))

    assert isinstance(collected, FulfillmentCollected)
    (pickup,) = world.orders[order.order_id].pickups
    assert pickup.waited_seconds(soon + timedelta(hours=5)) == 420
    assert isinstance(world.apply(TellArrival(work, Arrival.HERE), now=soon), NotPossibleNow)


def test_goods_do_not_go_back_while_their_customer_has_come_for_them() -> None:
    world = world_of(TWO_DAYS)
    order, work = ready(world)
    here = NOW + timedelta(hours=47)
    events_of(world, TellArrival(work, Arrival.HERE), here)
    assert [type(one) for one in events_of(world, ActOnDue(order.order_id), NOW + timedelta(hours=48))] == [
        PickupReminded
    ]
    assert next_due_at(world.orders[order.order_id]) == here + timedelta(days=1)


def test_too_many_wrong_codes_close_the_counter_for_a_while_also_to_the_right_one() -> None:
    world = world_of(TWO_DAYS)
    order, work = ready(world)
    code = pickup_code(order, work)
    wrong = "0" * 6 if code != "0" * 6 else "1" * 6
    refused = [events_of(world, CollectWork(work, code=wrong))[0] for _ in range(3)]
    until = NOW + timedelta(minutes=15)
    assert refused == [
        PickupCodeRefused(work, 1, 2, None, NOW),
        PickupCodeRefused(work, 2, 1, None, NOW),
        PickupCodeRefused(work, 3, 0, until, NOW),
    ]
    assert stock_of(world) == (10, 2)
    assert world.apply(CollectWork(work, code=code), now=NOW) == PickupLocked(until)
    (again,) = events_of(world, CollectWork(work, code=wrong), until)
    assert (again.failures, again.locked_until) == (1, None)
    (collected,) = events_of(world, CollectWork(work, code=code), until)
    assert isinstance(collected, FulfillmentCollected)


def test_whoever_was_identified_is_the_customer_or_comes_for_them() -> None:
    world = world_of(replace(TWO_DAYS, code_required=True))
    order, work = ready(world)
    needs = Invalid((FieldFlaw("/code", "is required, unless whoever comes was identified"),))
    assert world.apply(CollectWork(work, "Ada Park"), now=NOW) == needs
    stranger = world.apply(CollectWork(work, "Ben Park", is_identified=True), now=NOW)
    assert isinstance(stranger, Invalid)
    assert stranger.flaws[0].pointer == "/collected_by"
    assert world.orders[order.order_id] == order

    (named,) = events_of(world, NameCollector(work, "Ben Park"))
    assert named == CollectorNamed(work, "Ben Park", NOW)
    (collected,) = events_of(world, CollectWork(work, "ben  park", is_identified=True))
    assert isinstance(collected, FulfillmentCollected)


def test_work_that_is_given_back_and_staged_again_begins_to_be_kept_anew() -> None:
    world = world_of(TWO_DAYS)
    order, work = ready(world)
    first = order.pickups[0].keep_until
    assert isinstance(world.apply(StageWork(work), now=NOW), NotPossibleNow)
    assert first is not None


def test_the_first_rule_that_names_node_and_order_decides() -> None:
    world = world_of(
        PickupRule("other nodes", where="node.type == 'dc'", keep_hours=1, remind_hours=()),
        PickupRule("other orders", when="order.method == 'curbside'", keep_hours=2, remind_hours=()),
        replace(TWO_DAYS, where="node.type == 'store'"),
    )
    order, _ = ready(world)
    assert order.pickups[0].rule == "two days"


def test_without_rules_goods_are_kept_for_a_week_and_what_is_shipped_home_is_no_pickup() -> None:
    world = world_of()
    order, _ = ready(world)
    events = [type(event) for _, event in done(world.apply(ActOnDue(order.order_id), now=NOW)).events]
    assert order.pickups[0].keep_until == NOW + timedelta(hours=168)
    assert events == []
    shipped = capture("W-2")
    done(world.apply(shipped, now=NOW))
    home = world.orders[shipped.order_id].fulfillments[0].fulfillment_id
    assert isinstance(world.apply(TellArrival(home, Arrival.HERE), now=NOW), NotPossibleNow)
    assert isinstance(world.apply(NameCollector(home, "Ben"), now=NOW), NotPossibleNow)
    assert isinstance(world.apply(PutBackPickup(home), now=NOW), NotPossibleNow)


def test_staging_says_that_goods_are_kept() -> None:
    world = world_of(TWO_DAYS)
    command = capture(method=Method.PICKUP, pickup_node=NodeId("ST-NYC"), ship_to=None)
    done(world.apply(command, now=NOW))
    done(world.apply(ReleaseOrder(command.order_id), now=NOW))
    (work,) = world.orders[command.order_id].fulfillments
    told, opened = events_of(world, StageWork(work.fulfillment_id))
    assert isinstance(told, FulfillmentReady)
    assert isinstance(opened, PickupOpened)
