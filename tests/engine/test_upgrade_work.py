"""Work that its node has goes by another service where that keeps its promise, and stays as it is where it does not."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.builders import LOS_ANGELES, NOW, capture, item, node
from troth.engine.carriage.network import compile_network
from troth.engine.promising.context import Decision
from troth.model.commands import AdjustStock, Command, PackWork, ReleaseOrder, ShipWork, UpgradeWork
from troth.model.events import WorkUpgraded
from troth.model.ids import FulfillmentId, LineId, NodeId, Sku
from troth.model.inventory import SupplyKey
from troth.model.order import Fulfillment, Method, Order, Package, PackageLine
from troth.model.refusals import NotFound, NotPossibleNow
from troth.replay.world import World


def released(**changes: object) -> tuple[World, Order]:
    """A world with an order to Los Angeles that its node in Pennsylvania has."""
    world = World(compile_network((node("DC-PA"), node("ST-NYC"))), {Sku("A"): item("A")})
    command = capture(**{"ship_to": LOS_ANGELES} | changes)  # type: ignore[arg-type]
    at = NodeId("DC-PA" if command.pickup_node is None else command.pickup_node)
    for one in (AdjustStock(SupplyKey(Sku("A"), at), 9, "initial"), command, ReleaseOrder(command.order_id)):
        done(world, one, NOW)
    return world, world.orders[command.order_id]


def done(world: World, command: Command, now: datetime) -> Decision:
    decided = world.apply(command, now=now)
    assert isinstance(decided, Decision), decided
    return decided


def work_of(world: World, order: Order) -> Fulfillment:
    (work,) = world.orders[order.order_id].fulfillments
    return work


def test_it_stays_at_its_node_and_keeps_its_promise_by_the_service_with_its_carrier_and_cost() -> None:
    world, order = released()
    before = work_of(world, order)
    late = before.ship_by + timedelta(hours=15)
    upgrade = UpgradeWork(before.fulfillment_id, "express", "late")
    ((_, event),) = done(world, upgrade, late).events
    after = work_of(world, order)

    assert isinstance(event, WorkUpgraded)
    assert (before.service, after.service) == ("standard", "express")
    assert after.ship_by > late
    assert after.cost["shipping"] > before.cost["shipping"]
    assert replace(after, service=before.service, ship_by=before.ship_by, cost=before.cost) == before
    assert [one.state for one in world.orders[order.order_id].allocations] == [one.state for one in order.allocations]
    assert done(world, upgrade, late).events == ()


@pytest.mark.parametrize(
    ("service", "days", "why"),
    [
        ("express", 9, "too late to keep its promise by that one"),
        ("by_pigeon", 1, "not to be sent from its node by that one"),
    ],
)
def test_what_would_not_keep_the_promise_is_refused(service: str, days: int, why: str) -> None:
    world, order = released()
    before = work_of(world, order)
    refused = world.apply(UpgradeWork(before.fulfillment_id, service, "late"), now=NOW + timedelta(days=days))

    assert isinstance(refused, NotPossibleNow)
    assert refused.state == why
    assert work_of(world, order) == before


def test_what_has_a_label_has_left_is_picked_up_or_is_not_there_is_refused() -> None:
    world, order = released()
    name = work_of(world, order).fulfillment_id
    labeled = Package("1", (PackageLine(LineId("1"), 1),), 500, "parcel", "standard", "SP1")
    done(world, PackWork(name, (labeled,)), NOW)
    assert isinstance(world.apply(UpgradeWork(name, "express", "late"), now=NOW), NotPossibleNow)
    done(world, ShipWork(name, (labeled,)), NOW)
    assert isinstance(world.apply(UpgradeWork(name, "express", "late"), now=NOW), NotPossibleNow)
    assert work_of(world, order).service == "standard"

    counter, pickup = released(method=Method.PICKUP, pickup_node=NodeId("ST-NYC"))
    own = work_of(counter, pickup).fulfillment_id
    assert isinstance(counter.apply(UpgradeWork(own, "express", "late"), now=NOW), NotPossibleNow)
    nobody = FulfillmentId(f"{pickup.order_id}-F9")
    assert isinstance(counter.apply(UpgradeWork(nobody, "express", "late"), now=NOW), NotFound)
