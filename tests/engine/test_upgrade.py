"""A promise that only a faster service keeps is kept by it, when units are sourced again."""

from dataclasses import replace
from datetime import datetime, timedelta

from tests.builders import NEW_YORK, NOW, capture, item, node
from tests.engine.worlds import flat_card
from troth.engine.carriage.network import Network, compile_network
from troth.engine.failed import LeftOut
from troth.engine.promising.context import Decision, Facts
from troth.engine.resource import demand_missing
from troth.model.commands import AdjustStock, RejectWork, ReleaseOrder
from troth.model.ids import NodeId, Sku
from troth.model.inventory import SupplyKey
from troth.model.order import Order
from troth.model.plan import Trace
from troth.model.policy import DEFAULT_POLICY, Policy
from troth.model.routing import Routing
from troth.model.status import live_allocations
from troth.replay.world import World

MILES = (300.0, 25_000.0)
STANDARD = flat_card(500, zone_miles=MILES, rates_minor=((500,), (500,)), over_minor=(0, 0), transit_days=(1, 4))
EXPRESS = replace(STANDARD, service="express", rates_minor=((1400,), (1400,)), transit_days=(1, 1))
ECONOMY = replace(STANDARD, service="economy", rates_minor=((100,), (100,)), transit_days=(1, 9))
CARDS = (STANDARD, EXPRESS, replace(EXPRESS, service="overnight", rates_minor=((2900,), (2900,))), ECONOMY)


def network(*names: str) -> Network:
    return compile_network([node(name) for name in names], CARDS)


def ordered(policy: Policy = DEFAULT_POLICY, *, service: str = "standard") -> tuple[World, Order]:
    """An order of a unit that the near node sends by standard in a day; farther ones need four."""
    world = World(network("DC-PA", "DC-IL", "DC-CA"), {Sku("A"): item("A")}, policy)
    for name in ("DC-PA", "DC-IL", "DC-CA"):
        world.apply(AdjustStock(SupplyKey(Sku("A"), NodeId(name)), 5, "initial"), now=NOW)
    decision = world.apply(
        capture("W-1", {"A": 1}, service=service, ship_to=replace(NEW_YORK, time_zone="America/New_York")), now=NOW
    )
    assert isinstance(decision, Decision), decision
    order = decision.changes[0].after
    return world, order


def rejected(world: World, order: Order, *, minutes: int = 20) -> tuple[Order, Trace]:
    """The order after the node that has it refuses it, and why it lies where it lies then."""
    at = NOW + timedelta(minutes=minutes)
    world.apply(ReleaseOrder(order.order_id), now=at - timedelta(minutes=5))
    decision = world.apply(RejectWork(world.orders[order.order_id].fulfillments[-1].fulfillment_id, "damaged"), now=at)
    assert isinstance(decision, Decision), decision
    assert decision.trace is not None
    return world.orders[order.order_id], decision.trace


def sent(order: Order) -> tuple[str, str, datetime]:
    (part,) = live_allocations(order)
    work = next(work for work in order.fulfillments if work.fulfillment_id == part.fulfillment_id)
    return work.node, work.service, work.promised_at


def test_the_cheapest_faster_service_keeps_the_promise_and_the_explanation_says_so() -> None:
    world, order = ordered()
    promised_at = order.fulfillments[0].promised_at

    after, trace = rejected(world, order)

    assert sent(after)[1:] == ("express", promised_at)
    assert trace.notes[-1] == "sent by express instead of standard to keep the promise, for 900 more in minor units"
    assert after.service == "standard"


def test_a_routing_bounds_what_that_may_cost() -> None:
    world, order = ordered(replace(DEFAULT_POLICY, routing=Routing("bound", upgrade_cost_minor_max=899)))

    after, _trace = rejected(world, order)

    assert sent(after)[1] == "standard"
    assert sent(after)[2] > order.fulfillments[0].promised_at


def test_a_service_that_still_keeps_the_promise_is_not_changed() -> None:
    world, order = ordered(service="express")

    after, trace = rejected(world, order)

    assert sent(after)[1:] == ("express", order.fulfillments[0].promised_at)
    assert not [note for note in trace.notes if note.startswith("sent by")]


def test_what_comes_later_is_measured_by_the_first_promise_however_often_it_is_sourced_again() -> None:
    world, order = ordered(replace(DEFAULT_POLICY, routing=Routing("never", upgrade_cost_minor_max=0)))
    promised_at = order.fulfillments[0].promised_at

    once, _trace = rejected(world, order)
    twice, _trace = rejected(world, once, minutes=60)
    lost = world.apply(RejectWork(twice.fulfillments[-1].fulfillment_id, "none"), now=NOW + timedelta(minutes=90))

    assert [work.promised_at > promised_at for work in twice.fulfillments[1:]] == [True, True]
    assert not isinstance(lost, Decision)  # it was not released
    world.apply(ReleaseOrder(order.order_id), now=NOW + timedelta(minutes=91))
    world.apply(RejectWork(twice.fulfillments[-1].fulfillment_id, "none"), now=NOW + timedelta(minutes=92))
    facts = Facts(NOW, "", network("DC-PA"), {Sku("A"): item("A")}, DEFAULT_POLICY)
    (line,) = demand_missing(world.orders[order.order_id], facts, LeftOut()).lines
    assert line.need_by == promised_at
