"""Ship to store into a locker: what its store lacks is sent there, received, and laid into a compartment."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.builders import NOW, capture, item, node
from tests.engine.test_lockers import BANK, BANK_OF_THREE, SHOP, SMALL, A, events_of, order_of, used
from tests.engine.test_release_times import done
from troth.engine.carriage.network import Network, compile_network
from troth.engine.carriage.node_load import used_by
from troth.engine.pickups.codes import pickup_code
from troth.engine.tracking.schedule import arrive_by
from troth.model.capacity import LYING
from troth.model.commands import (
    ActOnDue,
    AdjustStock,
    CancelOrder,
    CollectWork,
    ReceiveWork,
    ReleaseOrder,
    ShipWork,
    StageWork,
    UnstageWork,
)
from troth.model.events import FulfillmentReady, FulfillmentReceived
from troth.model.ids import FulfillmentId, NodeId
from troth.model.inventory import SupplyKey
from troth.model.lifecycle import AllocationState
from troth.model.locker import Locker
from troth.model.network import NodeType
from troth.model.order import Method, Order, Package
from troth.model.pickup_moves import OpenLocker, PickupOpened, PutBackPickup
from troth.model.policy import DEFAULT_POLICY
from troth.model.refusals import Invalid, NotPossibleNow, StockShort
from troth.replay.world import World

STORE, DC = NodeId("ST-NYC"), NodeId("DC-PA")
PARCELS = (Package("1", tracking_number="1Z1"), Package("2", tracking_number="1Z2"))


def network_of(locker: Locker = BANK_OF_THREE) -> Network:
    bank = node("LK-NYC", type=NodeType.LOCKER, pickup=True, locker=locker)
    return compile_network((node("ST-NYC", calendar=SHOP), bank, node("DC-PA")))


def world_of(locker: Locker = BANK_OF_THREE, stock: int = 0) -> World:
    world = World(
        network_of(locker),
        {A: item(dimensions_mm=(200, 150, 50), weight_grams=900)},
        replace(DEFAULT_POLICY, ship_to_store=True),
    )
    for key, units in ((SupplyKey(A, DC), 50), (SupplyKey(A, STORE), stock)):
        if units:
            done(world.apply(AdjustStock(key, units, "initial"), now=NOW - timedelta(days=1)))
    return world


def captured(world: World, external_id: str = "W-1", **changes: Any) -> Order:
    asked = {"method": Method.PICKUP, "pickup_node": BANK, "ship_to": None, "lines": {"A": 2}}
    command = capture(external_id, **asked | changes)
    done(world.apply(command, now=NOW))
    return world.orders[command.order_id]


def sent(world: World, external_id: str = "W-1") -> FulfillmentId:
    """Two units on their way to the store in two parcels."""
    order = captured(world, external_id)
    (work,) = order.fulfillments
    done(world.apply(ReleaseOrder(order.order_id), now=NOW))
    done(world.apply(ShipWork(work.fulfillment_id, PARCELS), now=NOW))
    return work.fulfillment_id


def days_of(order: Order) -> tuple[date, date]:
    (work,) = order.fulfillments
    assert work.booking is not None
    assert work.booking.stay is not None
    return work.booking.stay.first, work.booking.stay.last


def test_what_the_store_of_a_locker_lacks_is_sent_there_and_takes_a_compartment_from_when_it_is_laid_there() -> None:
    world = world_of()
    at_counter = captured(world_of(), pickup_node=STORE).fulfillments[0]
    order = captured(world)
    (work,) = order.fulfillments
    assert (work.node, work.via, work.method, order.pickup_node) == (DC, STORE, Method.PICKUP, BANK)
    assert work.promised_at == at_counter.promised_at
    first, last = days_of(order)
    assert first == work.promised_at.date()
    assert used(world) == {(first + timedelta(days=day), 0): 1 for day in range((last - first).days + 1)}


def test_it_is_promised_later_by_as_much_as_the_store_takes_to_load_the_locker_and_its_leg_is_due_as_before() -> None:
    loading = replace(BANK_OF_THREE, load_minutes=45)
    (early,), (late,) = captured(world_of()).fulfillments, captured(world_of(loading)).fulfillments
    assert late.promised_at - early.promised_at == timedelta(minutes=45)
    due = arrive_by(network_of(), early, ready_minutes=120)
    assert arrive_by(network_of(loading), late, ready_minutes=120) == due
    # Promised for no later it would have to come in 45 minutes of opening hours sooner: at 17:15 of the day before.
    sooner = arrive_by(network_of(loading), replace(late, promised_at=early.promised_at), ready_minutes=120)
    assert (due, sooner) == (datetime(2026, 11, 25, 14, tzinfo=UTC), datetime(2026, 11, 24, 22, 15, tzinfo=UTC))


def test_what_the_store_has_and_what_is_sent_there_take_a_compartment_each_or_the_order_is_told_why() -> None:
    world = world_of(stock=1)
    order = captured(world)
    stays = [work.booking.stay for work in order.fulfillments if work.booking is not None]
    assert [(work.node, work.via) for work in order.fulfillments] == [(STORE, None), (DC, STORE)]
    assert [stay.locker for stay in stays if stay is not None] == [BANK, BANK]
    one = world_of(replace(BANK_OF_THREE, sizes=(replace(SMALL, numbers=(1,)),), keep_hours=240.0), stock=1)
    command = capture("W-2", method=Method.PICKUP, pickup_node=BANK, ship_to=None, lines={"A": 2}, ship_complete=True)
    short = one.apply(command, now=NOW)
    assert isinstance(short, StockShort)
    assert short.lines[0].reason == "locker_full"
    assert used(one) == {}


def test_received_parcels_are_laid_into_a_compartment_opened_by_code_and_collected() -> None:
    world = world_of()
    work = sent(world)
    promised = used(world)
    wednesday = NOW + timedelta(days=2)
    (first,) = events_of(world, ReceiveWork(work, ("1Z1",)), wednesday)
    (second,) = events_of(world, ReceiveWork(work), wednesday)
    assert isinstance(first, FulfillmentReceived)
    assert isinstance(second, FulfillmentReceived)
    assert used(world) == promised  # on its way, and in the store, its compartment is still its own
    assert isinstance(world.apply(OpenLocker(work, "000000"), now=wednesday), NotPossibleNow)
    no = world.apply(StageWork(work, "A3"), now=wednesday)
    assert isinstance(no, Invalid)
    assert no.flaws[0].pointer == "/staging"

    ready, opened = events_of(world, StageWork(work, "2"), wednesday)
    assert isinstance(ready, FulfillmentReady)
    assert isinstance(opened, PickupOpened)
    assert opened.stay is not None
    assert (opened.node, opened.stay.number) == (BANK, 2)
    assert used(world)[(LYING, 2)] == 1
    code = pickup_code(order_of(world, work), work)
    events_of(world, OpenLocker(work, code), wednesday)
    done(world.apply(CollectWork(work, "Ada"), now=wednesday))
    assert order_of(world, work).allocations[0].state is AllocationState.COLLECTED
    assert used(world) == {}
    assert used_by(order_of(world, work)) == {}


def test_the_last_parcel_may_be_received_into_its_compartment_at_once() -> None:
    world = world_of()
    work = sent(world)
    no = world.apply(ReceiveWork(work, (), "A3"), now=NOW)
    received, ready, opened = events_of(world, ReceiveWork(work, (), "1"))
    assert isinstance(no, Invalid)
    assert [type(one) for one in (received, ready, opened)] == [FulfillmentReceived, FulfillmentReady, PickupOpened]
    assert used(world)[(LYING, 1)] == 1


def test_what_lies_in_a_locker_was_received_though_nobody_said_so() -> None:
    world = world_of()
    work = sent(world)
    received, *_ = events_of(world, StageWork(work, "1"))
    assert isinstance(received, FulfillmentReceived)
    assert received.packages == ("1", "2")


def test_it_is_taken_out_of_its_compartment_first_and_then_received_again() -> None:
    world = world_of()
    work = sent(world)
    done(world.apply(StageWork(work, "1"), now=NOW))

    done(world.apply(UnstageWork(work, "wrong one"), now=NOW))
    out = order_of(world, work)
    assert (LYING, 1) not in used(world)
    assert all(one.received_at is not None for one in out.fulfillments[0].packages)
    done(world.apply(UnstageWork(work, "another order"), now=NOW))
    away = order_of(world, work)
    assert all(one.received_at is None for one in away.fulfillments[0].packages)
    assert isinstance(world.apply(UnstageWork(work), now=NOW), NotPossibleNow)
    done(world.apply(StageWork(work, "2"), now=NOW))
    assert used(world)[(LYING, 2)] == 1


def test_what_lies_in_one_compartment_may_be_moved_into_another_and_frees_the_first() -> None:
    world = world_of()
    work = sent(world)
    done(world.apply(StageWork(work, "1"), now=NOW))
    done(world.apply(StageWork(work, "2"), now=NOW))
    assert {number for day, number in used(world) if day == LYING} == {2}


@pytest.mark.parametrize("how", ["canceled before it left", "nobody came"])
def test_its_compartment_is_free_again(how: str) -> None:
    world = world_of()
    if how == "canceled before it left":
        order = captured(world)
        done(world.apply(CancelOrder(order.order_id, "changed my mind"), now=NOW))
    else:
        work = sent(world)
        done(world.apply(StageWork(work, "1"), now=NOW))
        over = NOW + timedelta(days=9)
        done(world.apply(ActOnDue(order_of(world, work).order_id), now=over))
        assert {part.state for part in order_of(world, work).allocations} == {AllocationState.UNCLAIMED}
        assert used(world)[(LYING, 1)] == 1
        done(world.apply(PutBackPickup(work, (SupplyKey(A, STORE),)), now=over))
        assert world.balances[SupplyKey(A, STORE)].on_hand == 2
    assert used(world) == {}
