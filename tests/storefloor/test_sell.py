"""Endless aisle in the store app: a store sells what another node sends, and is credited with it."""

import re
from datetime import timedelta

import httpx

from tests.builders import NOW, item, set_up, stock
from tests.storefloor.conftest import STORE
from tests.storefloor.working import read_order, send
from troth.flows.door.system import System
from troth.model.ids import derive_order_id
from troth.model.order import Order
from troth.model.seller import SELLER, SELLER_NODE
from troth.store.orders import read_orders
from troth.store.sellers import sum_seller_credits

HOME = {"how": "ship", "postcode": "10001", "country": "US"}
ADA = {"name": "Ada Park", "email": "ada@example.com", "line1": "1 Main St", "city": "New York", "region": "NY"}


async def only_elsewhere(system: System) -> None:
    """An item of which only the DC has any."""
    await set_up(system.pool, items=(item("KAYAK", name="Red Kayak", gtin="4012345678901"),))
    await system.door.follow()
    await stock(system, {("KAYAK", "DC-PA"): 3})


async def sold(system: System) -> list[Order]:
    """What was sold in the store, the first first."""
    async with system.pool.acquire() as connection:
        rows = await connection.fetch("SELECT order_id FROM orders WHERE channel = 'store' ORDER BY captured_at")
        found = await read_orders(connection, {row["order_id"] for row in rows})
    return list(found.values())


def plan_in(page: httpx.Response) -> str:
    """The first way to have it that a page offers."""
    found = re.search(r'name="place" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


async def test_what_the_store_lacks_is_sold_here_sent_from_elsewhere_and_credited_to_it(
    client: httpx.AsyncClient, system: System
) -> None:
    await only_elsewhere(system)
    wanted = {"sku": "KAYAK", "quantity": "2"}

    found = await client.get(f"/store/at/{STORE}/sell", params={"q": "4012345678901"})
    offered = await client.get(f"/store/at/{STORE}/sell", params={**wanted, **HOME})
    sale = {**wanted, **HOME, **ADA, "place": plan_in(offered), "pay": "here", "receipt": "R-12"}
    done = [await send(client, "/sell", key="s", **sale) for _ in range(2)]

    (order,) = await sold(system)
    assert "Add Red Kayak" in found.text
    assert "39.80 USD" in offered.text
    assert [one.json()["refused"] for one in done] == [[], []]
    assert {part.node for part in order.allocations} == {"DC-PA"}
    assert (order.attributes[SELLER_NODE], order.attributes[SELLER]) == (STORE, "user/ana")
    assert (order.payments[0].provider, order.payments[0].reference, order.payments[0].status) == (
        "counter",
        "R-12",
        "captured",
    )
    async with system.pool.acquire() as connection:
        credited = await sum_seller_credits(connection, NOW - timedelta(days=1), NOW + timedelta(days=1), node=STORE)
    assert [(one.seller, one.orders, one.sent_by_others) for one in credited] == [("user/ana", 1, 1)]


async def test_a_sale_without_a_name_a_receipt_or_a_way_is_refused_and_nothing_is_sold(
    client: httpx.AsyncClient, system: System
) -> None:
    await only_elsewhere(system)
    wanted = {"sku": "KAYAK", "quantity": "1", **HOME}
    place = plan_in(await client.get(f"/store/at/{STORE}/sell", params=wanted))

    refused = [
        await send(client, "/sell", key=str(number), **sale)
        for number, sale in enumerate(
            (
                {**wanted, **ADA, "name": "", "place": place, "pay": "here", "receipt": "R-1"},
                {**wanted, **ADA, "place": place, "pay": "here"},
                {**ADA, "sku": "NOTHING", "quantity": "1", "how": "ship", "postcode": "10001", "receipt": "R-1"},
                {**wanted, **ADA, "quantity": "99", "place": place, "pay": "here", "receipt": "R-1"},
            )
        )
    ]

    assert [len(one.json()["refused"]) for one in refused] == [1, 1, 1, 1]
    assert await sold(system) == []


async def test_what_is_picked_up_here_may_be_paid_then(client: httpx.AsyncClient, system: System) -> None:
    wanted = {"sku": "TENT", "quantity": "1", "how": "pickup"}
    place = plan_in(await client.get(f"/store/at/{STORE}/sell", params=wanted))

    done = await send(client, "/sell", key="p", **wanted, name="Ada Park", place=place, pay="later")

    (order,) = await sold(system)
    assert done.json()["refused"] == []
    assert (order.pickup_node, order.payments[0].status) == (STORE, "pending")
    assert order.order_id == derive_order_id(channel="store", external_id=order.external_id)
    assert (await read_order(system, order)).fulfillments[0].node == STORE
