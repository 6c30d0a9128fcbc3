"""What an order draws from quotas and windows, when it is changed and when it is sourced again."""

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import NOW, capture, item
from tests.engine.changing import NODES, ONE, PA
from troth.engine.carriage.network import compile_network
from troth.engine.promising.context import Decision
from troth.model.change import SetQuantity
from troth.model.commands import AdjustStock, ChangeOrder, RejectWork, ReleaseOrder
from troth.model.exposure import DemandClass, ExposureRules, Holder, Period, ProductAllocation, Protection
from troth.model.ids import Sku
from troth.model.inventory import SupplyKey
from troth.model.refusals import StockShort
from troth.replay.world import World

SUNDAY = NOW - timedelta(days=1)  # what is promised from now on comes in another week
KEY = {"customer_class": "key"}


def world_with(rules: ExposureRules) -> World:
    world = World(compile_network(NODES), {Sku("A"): item("A")}, rules=(("rules", "rules@1", rules),))
    for one in NODES:
        stocked = AdjustStock(SupplyKey(Sku("A"), one.node), 20 if one.node == PA else 8, "initial")
        world.apply(stocked, now=SUNDAY)
    return world


def order(world: World, external_id: str, units: int, **changes: Any) -> Any:
    return world.apply(capture(external_id, {"A": units}, **changes), now=SUNDAY)


@pytest.mark.parametrize("period", [Period.DAY, Period.WEEK, Period.MONTH])
def test_a_change_draws_from_the_quota_of_the_time_at_which_it_was_wished(period: Period) -> None:
    world = world_with(ExposureRules(allocations=(ProductAllocation("q", Holder.CUSTOMER, period, units=4),)))
    first = order(world, "W-1", 3).changes[0].after
    refused = world.apply(ChangeOrder(first.order_id, (SetQuantity(ONE, 5),)), now=SUNDAY)
    assert isinstance(refused, StockShort)
    changed = world.apply(ChangeOrder(first.order_id, (SetQuantity(ONE, 4),)), now=SUNDAY)
    assert isinstance(changed, Decision)
    assert isinstance(order(world, "W-2", 1), StockShort)


def test_what_a_node_rejects_is_sourced_again_from_the_same_quota() -> None:
    world = world_with(ExposureRules(allocations=(ProductAllocation("q", Holder.CUSTOMER, Period.WEEK, units=4),)))
    first = order(world, "W-1", 4).changes[0].after
    world.apply(ReleaseOrder(first.order_id), now=SUNDAY)
    rejected = world.apply(RejectWork(first.fulfillments[0].fulfillment_id, "no_stock"), now=SUNDAY)
    assert isinstance(rejected, Decision)
    assert len(world.orders[first.order_id].fulfillments) == 2
    assert isinstance(order(world, "W-2", 1), StockShort)


def test_a_change_of_what_is_wanted_now_draws_nothing_of_what_is_kept_for_later() -> None:
    later = Protection(
        "p", "key", units=20, where="node.id == 'DC-PA'", needed_from=NOW, needed_until=NOW + timedelta(days=9)
    )
    rules = ExposureRules(classes=(DemandClass("key", 1, "customer.class == 'key'"),), protections=(later,))
    world = world_with(rules)
    first = order(world, "key-1", 2, attributes=KEY).changes[0].after
    world.apply(ChangeOrder(first.order_id, (SetQuantity(ONE, 3),)), now=SUNDAY)
    assert {part.draws for part in world.orders[first.order_id].allocations} == {()}
