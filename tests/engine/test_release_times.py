"""When work is released: remorse periods by rule, future orders late, waves with cut-offs, and never too late."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from tests.builders import NOW, capture, item, node
from troth.engine.carriage.calendars import finish_work, minute_of, take_on
from troth.engine.carriage.network import Network, compile_network
from troth.engine.policies.release_rules import compile_release
from troth.engine.promising.context import Decision, Facts
from troth.engine.waves.latest_start import latest_start
from troth.engine.waves.release_plan import plan_release
from troth.model.commands import ActOnDue, AdjustStock, PlaceHold, ReleaseOrder, RunWave
from troth.model.events import OrderReleased, ReleasePlanned
from troth.model.ids import LineId, NodeId, Sku, derive_order_id
from troth.model.inventory import SupplyKey
from troth.model.lifecycle import AllocationState
from troth.model.network import Calendar
from troth.model.order import Customer, Line, Method, Order
from troth.model.policy import DEFAULT_POLICY
from troth.model.release import PlannedRelease, WaveTake
from troth.model.release_rules import LeadRule, ReleaseRules, RemorseRule, WaveRule
from troth.model.status import next_due_at
from troth.replay.world import World

ITEMS = {Sku(name): item(name) for name in "AB"}
OFFICE = Calendar(weekdays=(0, 1, 2, 3, 4), opens=time(8), closes=time(18))
WAVES = WaveRule("parcels", (time(11), time(13)), cut_off_minutes=15)


def world_of(rules: ReleaseRules, *nodes: Any) -> World:
    network = compile_network(nodes or (node("DC-PA", calendar=OFFICE),))
    world = World(network, ITEMS, release=compile_release(rules, "test@1"))
    for one in network.nodes:
        for sku in ITEMS:
            done(world.apply(AdjustStock(SupplyKey(sku, one.node), 100, "initial"), now=NOW - timedelta(days=1)))
    return world


def done(decision: object) -> Decision:
    assert isinstance(decision, Decision), decision
    return decision


def captured(world: World, at: datetime = NOW, *, of: tuple[Line, ...] = (), **changes: Any) -> Order:
    command = capture(**changes)
    command = replace(command, lines=of or command.lines)
    done(world.apply(command, now=at))
    return world.orders[command.order_id]


def facts_of(world: World, now: datetime, rules: ReleaseRules) -> Facts:
    return Facts(now, "test", world._network, ITEMS, DEFAULT_POLICY, release=compile_release(rules, "test@1"))


REMORSE = ReleaseRules(
    remorse=(
        RemorseRule("pos", 0, "order.channel == 'pos'"),
        RemorseRule("pickup", 5, "order.method == 'pickup'"),
        RemorseRule("express", 10, "order.service == 'express'"),
        RemorseRule("large", 120, "order.value >= 100.0"),
        RemorseRule("key accounts", 240, "customer.class == 'key'"),
        RemorseRule("one of them", 15, "customer.id == 'C-7'"),
    )
)


@pytest.mark.parametrize(
    ("changes", "minutes"),
    [
        ({"channel": "pos", "order_id": derive_order_id(channel="pos", external_id="W-1")}, 0),
        ({"method": Method.PICKUP, "pickup_node": NodeId("ST-NYC"), "ship_to": None}, 5),
        ({"service": "express"}, 10),
        ({"of": (Line(LineId("1"), Sku("A"), 6, 1990),)}, 120),
        ({"attributes": {"customer_class": "key"}}, 240),
        ({"customer": Customer("C-7")}, 15),
        ({}, 30),
    ],
)
def test_the_first_rule_that_speaks_says_how_long_a_customer_may_change_their_mind(
    changes: dict[str, Any], minutes: int
) -> None:
    world = world_of(REMORSE, node("DC-PA"), node("ST-NYC"))
    order = captured(world, **changes)
    assert order.release_at - order.captured_at == timedelta(minutes=minutes)
    assert all(part.state is AllocationState.RESERVED for part in order.allocations)
    assert sum(balance.reserved for balance in world.balances.values()) == sum(line.quantity for line in order.lines)


def test_work_can_begin_at_the_latest_when_its_hours_until_the_cut_off_are_still_enough() -> None:
    network = compile_network((node("DC-PA", calendar=OFFICE, processing_hours=3.0, cut_off=time(14)),))
    world = world_of(ReleaseRules(), *network.nodes)
    (work,) = captured(world).fulfillments
    assert work.ship_by == datetime(2026, 11, 23, 23, tzinfo=UTC)  # 18:00 in New York, when it closes
    at = latest_start(network, work, since=NOW, ready_minutes=0)
    assert at == datetime(2026, 11, 23, 18, 59, tzinfo=UTC)  # a minute before the cut-off
    slow = compile_network((node("DC-PA", calendar=OFFICE, processing_hours=6.0, cut_off=time(14)),))
    assert latest_start(slow, work, since=NOW, ready_minutes=0) == datetime(2026, 11, 23, 17, tzinfo=UTC)


def test_work_that_is_too_late_already_is_to_begin_at_once() -> None:
    world = world_of(ReleaseRules())
    (work,) = captured(world).fulfillments
    late = replace(work, ship_by=NOW - timedelta(hours=1))
    assert latest_start(world._network, late, since=NOW, ready_minutes=0) == NOW
    gone = replace(work, node=NodeId("GONE"))
    assert latest_start(world._network, gone, since=NOW, ready_minutes=0) == NOW


def test_a_future_order_is_released_a_day_before_its_node_has_to_begin_and_not_when_the_remorse_period_ends() -> None:
    world = world_of(ReleaseRules())
    wanted = datetime(2027, 3, 10, 12, tzinfo=UTC)
    order = captured(world, of=(Line(LineId("1"), Sku("A"), 2, 1990, not_before=wanted),))
    (work,) = order.fulfillments
    assert work.ship_by > NOW + timedelta(days=90)

    (event,) = (event for _, event in done(world.apply(ActOnDue(order.order_id), now=order.release_at)).events)

    latest = latest_start(world._network, work, since=NOW, ready_minutes=0)
    release_at = latest - timedelta(hours=24)
    assert event == ReleasePlanned((PlannedRelease(work.fulfillment_id, release_at, latest),), order.release_at)
    planned = world.orders[order.order_id]
    assert next_due_at(planned) == release_at
    assert done(world.apply(ActOnDue(order.order_id), now=release_at - timedelta(minutes=1))).events == ()
    (released,) = done(world.apply(ActOnDue(order.order_id), now=release_at)).events
    assert isinstance(released[1], OrderReleased)
    assert world.orders[order.order_id].planned == ()


def test_a_rule_says_the_lead_time_of_the_orders_that_it_speaks_of() -> None:
    rules = ReleaseRules(lead=(LeadRule("gifts", 2.0, "order.attributes.gift == 'yes'"),))
    world = world_of(rules, node("DC-PA", calendar=OFFICE, cut_off=time(16)))
    gift = captured(world, external_id="W-1", attributes={"gift": "yes"})
    plain = captured(world, external_id="W-2")
    for order in (gift, plain):
        done(world.apply(ActOnDue(order.order_id), now=order.release_at))
    assert [one.at for one in world.orders[gift.order_id].planned] == [datetime(2026, 11, 23, 18, 59, tzinfo=UTC)]
    assert world.orders[plain.order_id].released_at == plain.release_at


def test_an_order_goes_with_the_next_wave_of_its_node_whose_cut_off_it_makes() -> None:
    rules = ReleaseRules(waves=(WAVES,))
    world = world_of(rules)
    early = captured(world, external_id="W-1")  # its remorse period ends at 10:30 in New York
    late = captured(world, at=NOW + timedelta(minutes=20), external_id="W-2")  # at 10:50, behind the cut-off of 10:45
    for order in (early, late):
        done(world.apply(ActOnDue(order.order_id), now=order.release_at))
    assert [one.wave for one in world.orders[early.order_id].planned] == ["parcels~DC-PA~20261123T1600Z"]
    assert [one.wave for one in world.orders[late.order_id].planned] == ["parcels~DC-PA~20261123T1800Z"]
    assert next_due_at(world.orders[early.order_id]) is None


def test_a_wave_that_would_break_the_promise_is_none() -> None:
    rules = ReleaseRules(waves=(WaveRule("evening", (time(17),)),))
    world = world_of(rules)
    order = captured(world)
    (event,) = done(world.apply(ActOnDue(order.order_id), now=order.release_at)).events
    assert isinstance(event[1], OrderReleased)


def test_a_wave_releases_what_it_takes_and_puts_off_what_can_wait() -> None:
    rules = ReleaseRules(waves=(WAVES,))
    world = world_of(rules)
    order = captured(world, lines={"A": 2, "B": 1})
    done(world.apply(ActOnDue(order.order_id), now=order.release_at))
    (planned,) = world.orders[order.order_id].planned
    at, work = planned.at, planned.fulfillment_id

    put_off = done(world.apply(RunWave(order.order_id, planned.wave, deferred=(work,)), now=at))
    ((_, event),) = put_off.events
    assert isinstance(event, ReleasePlanned)
    assert [one.wave for one in event.planned] == ["parcels~DC-PA~20261123T1800Z"]
    again = done(world.apply(RunWave(order.order_id, planned.wave, released=(work,)), now=at))
    assert again == Decision()  # it is no longer in this wave

    (later,) = world.orders[order.order_id].planned
    ((_, released),) = done(world.apply(RunWave(order.order_id, later.wave, released=(work,)), now=later.at)).events
    assert isinstance(released, OrderReleased)
    assert released.took == WaveTake(later.wave, 1, 2, 3)


def test_what_cannot_wait_for_another_wave_is_released_although_there_is_no_room() -> None:
    rules = ReleaseRules(waves=(WAVES,))
    world = world_of(rules)
    order = captured(world, at=NOW + timedelta(hours=2))
    done(world.apply(ActOnDue(order.order_id), now=order.release_at))
    (planned,) = world.orders[order.order_id].planned
    assert planned.wave == "parcels~DC-PA~20261123T1800Z"
    work = planned.fulfillment_id
    ((_, event),) = done(world.apply(RunWave(order.order_id, planned.wave, deferred=(work,)), now=planned.at)).events
    assert isinstance(event, OrderReleased)
    assert event.took == WaveTake(planned.wave, 1, 1, 1)


def test_a_hold_takes_an_order_out_of_its_wave_and_a_person_releases_it_before() -> None:
    rules = ReleaseRules(waves=(WAVES,))
    world = world_of(rules)
    order = captured(world)
    done(world.apply(ActOnDue(order.order_id), now=order.release_at))
    (planned,) = world.orders[order.order_id].planned
    done(world.apply(PlaceHold(order.order_id, "fraud", "odd"), now=order.release_at))
    assert world.orders[order.order_id].planned == ()
    run = RunWave(order.order_id, planned.wave, released=(planned.fulfillment_id,))
    assert done(world.apply(run, now=planned.at)) == Decision()

    other = captured(world, external_id="W-2")
    done(world.apply(ActOnDue(other.order_id), now=other.release_at))
    done(world.apply(ReleaseOrder(other.order_id), now=other.release_at))
    assert world.orders[other.order_id].planned == ()
    assert world.orders[other.order_id].released_at == other.release_at


def test_the_minute_after_the_latest_one_is_too_late() -> None:
    for hours in (0.0, 1.5, 7.0, 20.0):
        for acceptance in (0, 90):
            one = node("DC-PA", calendar=OFFICE, processing_hours=hours, acceptance_minutes=acceptance, feed_minutes=7)
            network = compile_network((one,))
            world = world_of(ReleaseRules(), one)
            (work,) = captured(world, of=(_wanted_in(days=9),)).fulfillments
            at = latest_start(network, work, since=NOW, ready_minutes=0)
            assert _is_in_time(network, work.ship_by, at)
            assert not _is_in_time(network, work.ship_by, at + timedelta(minutes=1))


def _wanted_in(*, days: int) -> Line:
    return Line(LineId("1"), Sku("A"), 1, 1990, not_before=NOW + timedelta(days=days))


def _is_in_time(network: Network, ship_by: datetime, at: datetime) -> bool:
    clock = network.clocks[0]
    begun = take_on(clock, minute_of(at.timestamp()))
    assert begun is not None
    out = finish_work(clock, begun, clock.processing_minutes, has_cut_off=True)
    return out is not None and out * 60 <= ship_by.timestamp()


def test_nothing_is_planned_of_an_order_without_rules_that_is_wanted_now() -> None:
    world = world_of(ReleaseRules())
    order = captured(world)
    facts = facts_of(world, order.release_at, ReleaseRules())
    assert plan_release(order, order.fulfillments[0], facts) is None
