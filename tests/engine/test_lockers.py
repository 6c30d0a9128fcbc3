"""Lockers: a compartment for each pickup that may lie in one, promised at capture and free again once it is empty."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from tests.builders import NOW, capture, item, node
from tests.engine.test_release_times import done
from troth.engine.carriage.network import compile_network
from troth.engine.carriage.node_load import used_by
from troth.engine.pickups.codes import pickup_code
from troth.engine.promising.context import Decision
from troth.model.capacity import LYING, Slot
from troth.model.change import SetMethod
from troth.model.commands import (
    ActOnDue,
    AdjustStock,
    CancelOrder,
    ChangeOrder,
    CollectWork,
    Command,
    HoldCart,
    ReleaseOrder,
    StageWork,
    UnstageWork,
)
from troth.model.events import PickupPutBack
from troth.model.ids import CartHoldId, FulfillmentId, NodeId, Sku
from troth.model.inventory import SupplyKey
from troth.model.item import Restrictions
from troth.model.lifecycle import AllocationState
from troth.model.locker import CompartmentSize, Locker
from troth.model.network import Calendar, NodeType
from troth.model.order import Method, Order, Payment
from troth.model.payment import COUNTER, PENDING
from troth.model.permissions import By
from troth.model.pickup import Arrival
from troth.model.pickup_moves import (
    ExtendPickup,
    LockerOpened,
    OpenLocker,
    PickupCodeRefused,
    PutBackPickup,
    TellArrival,
)
from troth.model.refusals import Invalid, NotPossibleNow, StockShort
from troth.replay.world import World

A, BIG, COLD = Sku("A"), Sku("BIG"), Sku("COLD")
STORE, BANK = NodeId("ST-NYC"), NodeId("LK-NYC")
SMALL = CompartmentSize("S", (350, 450, 120), 10_000, (1, 2))
LARGE = CompartmentSize("L", (350, 450, 600), 20_000, (11,))
BANK_OF_THREE = Locker(STORE, (SMALL, LARGE), keep_hours=48.0)
MONDAY, TUESDAY, WEDNESDAY = date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 25)
SHOP = Calendar(opens=time(9), closes=time(18))
ITEMS = {
    A: item(dimensions_mm=(200, 150, 50), weight_grams=900),
    BIG: item("BIG", dimensions_mm=(300, 300, 500), weight_grams=4_000),
    COLD: item("COLD", dimensions_mm=(100, 100, 100), restrictions=Restrictions(node_needs=("chilled",))),
}


def world_of(locker: Locker = BANK_OF_THREE, **changes: Any) -> World:
    store = node("ST-NYC", calendar=SHOP, capabilities=("chilled",))
    bank = node("LK-NYC", type=NodeType.LOCKER, pickup=True, locker=locker, **changes)
    world = World(compile_network((store, bank)), ITEMS)
    for sku in ITEMS:
        done(world.apply(AdjustStock(SupplyKey(sku, STORE), 50, "initial"), now=NOW - timedelta(days=1)))
    return world


def order_at(world: World, external_id: str, at: datetime = NOW, **changes: Any) -> Order | object:
    asked = {"method": Method.PICKUP, "pickup_node": BANK, "ship_to": None, "lines": {"A": 1}}
    command = capture(external_id, **asked | changes)
    decided = world.apply(command, now=at)
    return world.orders[command.order_id] if isinstance(decided, Decision) else decided


def captured(world: World, external_id: str, at: datetime = NOW, **changes: Any) -> Order:
    order = order_at(world, external_id, at, **changes)
    assert isinstance(order, Order), order
    return order


def refused(world: World, external_id: str, **changes: Any) -> tuple[str, str]:
    short = order_at(world, external_id, **changes)
    assert isinstance(short, StockShort), short
    return short.lines[0].reason, short.lines[0].detail


def loaded(world: World, external_id: str, number: str, at: datetime = NOW, **changes: Any) -> FulfillmentId:
    order = captured(world, external_id, at, **changes)
    done(world.apply(ReleaseOrder(order.order_id), now=at))
    work = order.fulfillments[0].fulfillment_id
    done(world.apply(StageWork(work, number), now=at))
    return work


def order_of(world: World, work: FulfillmentId) -> Order:
    return next(one for one in world.orders.values() if one.fulfillments[0].fulfillment_id == work)


def events_of(world: World, command: Command, at: datetime = NOW) -> list[Any]:
    return [event for _, event in done(world.apply(command, now=at)).events]


def used(world: World) -> dict[tuple[date, int], int]:
    return {(slot.day, slot.shift): count for slot, count in world.load.used.items() if count}


def test_a_pickup_out_of_a_locker_takes_stock_of_its_store_and_a_compartment_for_as_long_as_it_may_wait() -> None:
    world = world_of()
    order = captured(world, "W-1")
    (work,) = order.fulfillments
    assert (work.node, work.via, order.pickup_node) == (STORE, None, BANK)
    assert work.booking is not None
    assert work.booking.stay is not None
    assert (work.booking.stay.locker, work.booking.stay.size) == (BANK, 0)
    assert used(world) == {(MONDAY, 0): 1, (TUESDAY, 0): 1, (WEDNESDAY, 0): 1}


def test_the_smallest_compartment_that_is_free_is_promised_and_then_a_larger_one_and_then_none() -> None:
    world = world_of()
    sizes = [captured(world, f"W-{number}").fulfillments[0].booking for number in range(3)]
    assert [booking.stay.size for booking in sizes if booking is not None and booking.stay is not None] == [0, 0, 1]
    reason, detail = refused(world, "W-9")
    assert reason == "locker_full"
    assert detail == (
        "no compartment of LK-NYC that holds it is free from 2026-11-23 to 2026-11-25; one is from 2026-11-26"
    )
    assert world.balances[SupplyKey(A, STORE)].reserved == 3


def test_what_fits_into_no_compartment_is_refused_with_that_reason() -> None:
    world = world_of()
    assert captured(world, "W-1", lines={"BIG": 1}).fulfillments[0].booking.stay.size == 1  # type: ignore[union-attr]
    assert refused(world, "W-2", lines={"BIG": 2}) == ("locker_too_small", "no compartment of LK-NYC holds all of it")
    assert refused(world, "W-3", lines={"A": 30})[0] == "locker_too_small"  # 27 kilograms
    assert used(world) == {(MONDAY, 1): 1, (TUESDAY, 1): 1, (WEDNESDAY, 1): 1}


def test_what_must_be_kept_cold_goes_into_no_locker_that_is_not_able_to() -> None:
    assert refused(world_of(), "W-1", lines={"COLD": 1}) == ("locker_unable", "LK-NYC is not able to keep chilled")
    assert captured(world_of(capabilities=("chilled",)), "W-1", lines={"COLD": 1}).allocations[0].node == STORE


def test_it_is_promised_for_when_its_store_has_loaded_it_in_its_hours() -> None:
    at_counter = captured(world_of(), "W-1", pickup_node=STORE).fulfillments[0].promised_at
    loading = captured(world_of(replace(BANK_OF_THREE, load_minutes=45)), "W-1").fulfillments[0].promised_at
    assert loading - at_counter == timedelta(minutes=45)
    evening = NOW + timedelta(hours=7, minutes=30)  # 17:30 in New York; the store closes at 18:00
    late = captured(world_of(replace(BANK_OF_THREE, load_minutes=60)), "W-2", evening).fulfillments[0].promised_at
    assert late.date() == TUESDAY


def test_goods_are_laid_into_a_compartment_by_its_number_and_nothing_else_into_it_until_it_is_empty() -> None:
    world = world_of()
    work = loaded(world, "W-1", "2")
    other = captured(world, "W-2")
    done(world.apply(ReleaseOrder(other.order_id), now=NOW))
    second = other.fulfillments[0].fulfillment_id

    for wrong, why in [
        ("2", "compartment 2 is not empty"),
        ("A3", "must be the number of a compartment of LK-NYC: S 1-2; L 11"),
        ("3", "must be the number of a compartment of LK-NYC: S 1-2; L 11"),
        ("", "must be the number of a compartment of LK-NYC: S 1-2; L 11"),
    ]:
        no = world.apply(StageWork(second, wrong), now=NOW)
        assert isinstance(no, Invalid)
        assert (no.flaws[0].pointer, no.flaws[0].detail) == ("/staging", why)
    done(world.apply(CollectWork(work, collected_by="Ada"), now=NOW))
    done(world.apply(StageWork(second, "2"), now=NOW))

    (pickup,) = world.orders[other.order_id].pickups
    assert pickup.stay is not None
    assert (pickup.stay.number, pickup.keep_until) == (2, NOW + timedelta(hours=48))
    assert used(world) == {(MONDAY, 0): 1, (TUESDAY, 0): 1, (WEDNESDAY, 0): 1, (LYING, 2): 1}


def test_a_larger_compartment_than_promised_may_be_used_where_it_is_free_and_gives_the_promised_one_back() -> None:
    world = world_of()
    loaded(world, "W-1", "11")
    assert used(world) == {(MONDAY, 1): 1, (TUESDAY, 1): 1, (WEDNESDAY, 1): 1, (LYING, 11): 1}


def test_a_larger_compartment_that_is_promised_to_others_may_not_be_used() -> None:
    world = world_of()
    captured(world, "W-9", lines={"BIG": 1})
    order = captured(world, "W-1")
    done(world.apply(ReleaseOrder(order.order_id), now=NOW))
    no = world.apply(StageWork(order.fulfillments[0].fulfillment_id, "11"), now=NOW)
    assert isinstance(no, Invalid)
    assert no.flaws[0].detail == "every compartment of size L is promised to others on 2026-11-23"


def test_what_is_loaded_late_is_kept_only_as_long_as_its_compartment_is_not_promised_to_others() -> None:
    world = world_of(replace(BANK_OF_THREE, sizes=(replace(SMALL, numbers=(1,)),)))
    order = captured(world, "W-1")
    later = captured(world, "W-2", NOW + timedelta(days=3))
    assert used(world)[(date(2026, 11, 26), 0)] == 1
    tuesday = NOW + timedelta(days=2)
    done(world.apply(ReleaseOrder(order.order_id), now=tuesday))
    done(world.apply(StageWork(order.fulfillments[0].fulfillment_id, "1"), now=tuesday))
    (pickup,) = world.orders[order.order_id].pickups
    assert pickup.keep_until is not None
    assert pickup.keep_until.isoformat() == "2026-11-25T23:59:00-05:00"
    assert later.fulfillments[0].booking is not None


@pytest.mark.parametrize("how", ["collected", "canceled", "put back"])
def test_a_compartment_is_free_again_once_it_is_empty(how: str) -> None:
    world = world_of()
    work = loaded(world, "W-1", "1")
    order = order_of(world, work)
    if how == "collected":
        done(world.apply(CollectWork(work, code=pickup_code(order, work)), now=NOW))
    elif how == "canceled":
        done(world.apply(CancelOrder(order.order_id, "changed my mind"), now=NOW))
    else:
        over = NOW + timedelta(hours=48)
        done(world.apply(ActOnDue(order.order_id), now=over))
        assert [part.state for part in order_of(world, work).allocations] == [AllocationState.UNCOLLECTED]
        assert used(world)[(LYING, 1)] == 1  # it lies there until somebody has taken it out
        (event,) = events_of(world, PutBackPickup(work), over)
        assert isinstance(event, PickupPutBack)
        assert event.node == STORE
    assert used(world) == {}
    assert used_by(order_of(world, work)) == {}
    assert world.balances[SupplyKey(A, STORE)].reserved == 0


def test_a_compartment_is_free_again_when_the_order_goes_elsewhere_and_taken_when_it_comes_back() -> None:
    world = world_of()
    order = captured(world, "W-1")
    taken = used(world)
    done(world.apply(ChangeOrder(order.order_id, (SetMethod(Method.PICKUP, STORE, ""),)), now=NOW))
    assert used(world) == {}
    done(world.apply(ChangeOrder(order.order_id, (SetMethod(Method.PICKUP, BANK, ""),)), now=NOW))
    assert used(world) == taken


def test_a_cart_keeps_its_compartment_for_its_order() -> None:
    world = world_of(replace(BANK_OF_THREE, sizes=(replace(SMALL, numbers=(1,)),)))
    asked = capture("cart", method=Method.PICKUP, pickup_node=BANK, ship_to=None, lines={"A": 1})
    done(world.apply(HoldCart(CartHoldId("H-1"), asked, 600), now=NOW))
    assert refused(world, "W-1")[0] == "locker_full"
    captured(world, "W-2", cart_hold=CartHoldId("H-1"))
    assert used(world) == {(MONDAY, 0): 1, (TUESDAY, 0): 1, (WEDNESDAY, 0): 1}


def test_what_was_laid_into_the_wrong_compartment_is_taken_out_again_and_keeps_its_promise() -> None:
    world = world_of()
    work = loaded(world, "W-1", "1")
    done(world.apply(UnstageWork(work, "wrong one"), now=NOW))
    done(world.apply(StageWork(work, "2"), now=NOW))
    assert used(world) == {(MONDAY, 0): 1, (TUESDAY, 0): 1, (WEDNESDAY, 0): 1, (LYING, 2): 1}


def test_it_is_kept_longer_only_while_its_compartment_is_promised_to_nobody_else() -> None:
    world = world_of(replace(BANK_OF_THREE, sizes=(replace(SMALL, numbers=(1,)),)))
    work = loaded(world, "W-1", "1")
    done(world.apply(ExtendPickup(work, By.OPERATOR, NOW + timedelta(days=3)), now=NOW))
    assert used(world)[(date(2026, 11, 26), 0)] == 1
    captured(world, "W-2", NOW + timedelta(days=4))

    no = world.apply(ExtendPickup(work, By.OPERATOR, NOW + timedelta(days=4)), now=NOW)

    assert isinstance(no, NotPossibleNow)
    assert no.told == "cannot extend: its compartment of LK-NYC is promised to others by 2026-11-27"
    assert used(world)[(date(2026, 11, 27), 0)] == 1


def test_it_is_opened_by_its_code_and_wrong_ones_are_counted() -> None:
    world = world_of()
    work = loaded(world, "W-1", "1")
    code = pickup_code(order_of(world, work), work)
    (no,) = events_of(world, OpenLocker(work, "0" * 6 if code != "0" * 6 else "1" * 6))
    assert isinstance(no, PickupCodeRefused)
    (event,) = events_of(world, OpenLocker(work, code))
    assert event == LockerOpened(work, BANK, 1, NOW)
    assert order_of(world, work).pickups[0].opened_at == NOW
    waiting = captured(world, "W-2").fulfillments[0].fulfillment_id
    assert isinstance(world.apply(OpenLocker(waiting, code), now=NOW), NotPossibleNow)


def test_a_locker_takes_no_money_brings_nothing_to_the_curb_and_nobody_waits_at_it() -> None:
    world = world_of()
    paid = order_at(world, "W-1", payments=(Payment(COUNTER, "", 1990, PENDING),))
    curb = order_at(world, "W-2", method=Method.CURBSIDE)
    work = loaded(world, "W-3", "1")
    here = world.apply(TellArrival(work, Arrival.HERE), now=NOW)
    assert isinstance(paid, Invalid)
    assert paid.flaws[0].detail == "something of it lies in a locker, where nobody takes money"
    assert isinstance(curb, Invalid)
    assert curb.flaws[0].detail == "LK-NYC is a locker, which brings nothing to the curb"
    assert isinstance(here, NotPossibleNow)
    assert set(used(world)) == {(MONDAY, 0), (TUESDAY, 0), (WEDNESDAY, 0), (LYING, 1)}


def test_a_locker_whose_store_hands_nothing_over_is_no_place_to_pick_up() -> None:
    bank = node("LK-NYC", type=NodeType.LOCKER, pickup=True, locker=BANK_OF_THREE)
    for nodes in [(bank,), (bank, node("ST-NYC", active=False)), (bank, node("ST-NYC", pickup=False))]:
        network = compile_network(nodes)
        assert not network.is_pickup[network.index[BANK]]
    assert Slot(BANK, LYING, 1) < Slot(BANK, LYING, 2)
