"""What mail programs read of an order, checked by the rules of schema.org and of Gmail."""

from decimal import Decimal
from typing import Any

import pytest

from tests.builders import accepted
from tests.telling.schema_org import flaws_of
from tests.telling.telling import Shop
from troth.flows.telling.order_markup import order_markup, public_markup
from troth.model.commands import AcceptWork, PackWork, PickWork, ReleaseOrder, ShipWork
from troth.model.ids import LineId, NodeId
from troth.model.order import Method, Order, Package, PackageLine

URL = "https://tea.example/track/abc"


async def markup(shop: Shop, order: Order) -> dict[str, Any]:
    reference = shop.system.door.reference
    await reference.need_items({line.sku for line in order.lines})
    stored = await shop.read(order.order_id)
    return order_markup(stored, reference.items, reference.network, shop="Tea & Co", url=URL)


async def test_an_order_breaks_no_rule_from_its_promise_to_its_delivery(shop: Shop) -> None:
    order = await shop.order(lines={"A": 2, "B": 1})
    lived = [await markup(shop, order)]
    await shop.ship(order)
    lived.append(await markup(shop, order))
    await shop.deliver(order)
    lived.append(await markup(shop, order))

    assert [flaws_of(one) for one in lived] == [[], [], []]
    assert [one["orderStatus"].rpartition("/")[2] for one in lived] == [
        "OrderProcessing", "OrderInTransit", "OrderDelivered",
    ]  # fmt: skip
    assert Decimal(lived[0]["price"]) == sum(
        Decimal(one["price"]) * one["eligibleQuantity"]["value"] for one in lived[0]["acceptedOffer"]
    )
    assert {one["trackingUrl"] for one in lived[1]["orderDelivery"]} == {URL}


async def test_each_parcel_says_what_is_in_it(shop: Shop) -> None:
    order = await shop.order(lines={"A": 2, "B": 1})
    accepted(await shop.system.door.one(ReleaseOrder(order.order_id), actor="test"))
    name = order.fulfillments[0].fulfillment_id
    parcels = tuple(
        Package(number, (PackageLine(LineId(line), units),), 500, "UPS", "", f"1Z-{number}")
        for number, line, units in (("1", "1", 2), ("2", "2", 1))
    )
    for command in (AcceptWork(name), PickWork(name), PackWork(name, parcels), ShipWork(name, parcels)):
        accepted(await shop.system.door.one(command, actor="test"))

    parcels_told = (await markup(shop, order))["orderDelivery"]

    told = [(one["trackingNumber"], [good["sku"] for good in one["itemShipped"]]) for one in parcels_told]
    assert told == [("1Z-1", ["A"]), ("1Z-2", ["B"])]


@pytest.mark.parametrize("has_address", [False, True])
async def test_what_is_picked_up_is_at_the_store_and_not_at_the_customers_address(
    shop: Shop, *, has_address: bool
) -> None:
    changes: dict[str, Any] = {} if has_address else {"ship_to": None}
    order = await shop.order(lines={"A": 1}, method=Method.PICKUP, pickup_node=NodeId("ST-NYC"), **changes)
    before = await markup(shop, order)
    await shop.release_to_ready(order)
    ready = await markup(shop, order)

    (way,) = ready["orderDelivery"]
    assert way["hasDeliveryMethod"] == "http://schema.org/OnSitePickup"
    assert way["deliveryAddress"]["name"] == "Fifth Avenue"
    assert [one["orderStatus"].rpartition("/")[2] for one in (before, ready)] == [
        "OrderProcessing", "OrderPickupAvailable",
    ]  # fmt: skip


async def test_whoever_has_the_link_reads_no_name_no_price_and_no_street(shop: Shop) -> None:
    order = await shop.ship(await shop.order(lines={"A": 1}))
    reference = shop.system.door.reference
    found = public_markup(order, reference.items, reference.network, shop="Tea & Co", url=URL)

    assert {flaw.rpartition(": ")[2] for flaw in flaws_of(found)} == {"is missing"}
    assert order.ship_to is not None
    assert [word for word in (order.ship_to.line1, order.customer.name, "price") if word in str(found)] == []
