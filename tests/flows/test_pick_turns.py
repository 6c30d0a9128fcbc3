"""The order in which a node picks follows what is known of its shelves."""

from collections.abc import AsyncIterator

import pytest

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.door.system import System, open_system
from troth.flows.orders.pick_turns import find_turns
from troth.model.commands import PickWork, ReleaseOrder
from troth.model.ids import NodeId, Sku
from troth.model.order import Fulfillment, Method, Order
from troth.model.sales_rate import PlacedSalesRate
from troth.store.sales_rates import write_sales_rates

STORE = NodeId("ST-NYC")


@pytest.fixture
async def system(database: Database) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("ST-NYC"), node("DC-PA")), items=(item("A"), item("B")))
    async with open_system(database.dsn, clock=Clock()) as opened:
        await stock(opened, {("A", "ST-NYC"): 90, ("B", "ST-NYC"): 1})
        async with opened.pool.acquire() as connection:
            rates = [PlacedSalesRate(Sku(sku), STORE, 210.0, 0.0, 0.0) for sku in "AB"]
            await write_sales_rates(connection, rates, opened.door.now())
        yield opened


async def released(system: System, name: str, sku: str) -> tuple[Order, Fulfillment]:
    command = capture(name, {sku: 1}, method=Method.PICKUP, pickup_node=STORE, ship_to=None)
    order = accepted(await system.door.one(command, actor="web"))
    order = accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    return order, order.fulfillments[0]


async def test_the_last_unit_of_what_sells_well_is_picked_before_what_was_promised_earlier(system: System) -> None:
    first = await released(system, "W-1", "A")
    second = await released(system, "W-2", "B")

    found = await find_turns(system, STORE, [first, second])

    assert [turn.fulfillment_id for turn in found] == [second[1].fulfillment_id, first[1].fulfillment_id]
    assert (found[0].sku, found[0].risk > 0.8, found[1].risk < 0.1) == ("B", True, True)
    assert found[0].pick_by < found[1].pick_by < first[1].ship_by


async def test_what_is_picked_or_elsewhere_has_no_turn(system: System) -> None:
    first = await released(system, "W-1", "A")
    done = await released(system, "W-2", "A")
    order = accepted(await system.door.one(PickWork(done[1].fulfillment_id), actor="store"))
    found = await find_turns(system, STORE, [first, (order, order.fulfillments[0])])
    assert [turn.fulfillment_id for turn in found] == [first[1].fulfillment_id]
    assert await find_turns(system, NodeId("DC-PA"), [first]) == []
