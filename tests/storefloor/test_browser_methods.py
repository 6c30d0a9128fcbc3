"""The store app in a real browser at phone size: parcels for a customer come in by scan, packages by hand, a sale."""

from collections.abc import AsyncIterator
from datetime import date

import pytest
from playwright.async_api import Browser, expect

from tests.browser import MARKS, is_accessible, opened_browser
from tests.builders import item, set_up, stock
from tests.storefloor.conftest import STORE
from tests.storefloor.test_browser import address, enter, open_work, scan
from tests.storefloor.working import kinds, ordered, read_order, sent_to_store, state, work_of
from troth.engine.pickups.codes import pickup_code
from troth.flows.door.requests import Accepted
from troth.flows.door.system import System
from troth.model.commands import AdjustStock
from troth.model.ids import NodeId, Sku
from troth.model.inventory import SupplyKey, lot_source
from troth.model.lifecycle import AllocationState
from troth.store.orders import read_orders

pytestmark = MARKS
__all__ = ["address"]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with opened_browser() as opened:
        yield opened


async def test_parcels_are_scanned_in_without_a_network_and_the_last_one_makes_the_pickup_ready(
    browser: Browser, address: str, system: System
) -> None:
    order = await sent_to_store(system, "W-1")
    page, complaints = await enter(browser, address, system)
    task = page.get_by_role("link", name="W-1")
    await expect(task).to_contain_text(
        "by Tue, Nov 24, 22:00"
    )  # when it is promised, and not when the other node sends it
    await open_work(page, "W-1")
    await expect(page.locator(".work-card")).to_contain_text("by Tue, Nov 24, 22:00")
    assert await is_accessible(page) == []

    await page.context.set_offline(True)
    await scan(page, "1Z9")
    await expect(page.get_by_role("alert").filter(has_text="1Z9 is not part of this order.")).to_be_visible()
    await scan(page, "1Z1", "1z2")
    await expect(page.locator(".parcel input:checked")).to_have_count(2)
    await page.get_by_label("Where it waits for its customer").fill("A3")
    await page.get_by_role("button", name="Came in").click()
    await expect(page.locator("#queue")).to_contain_text("1 action waits for the network")
    await page.context.set_offline(False)
    await page.wait_for_url(f"{address}/at/{STORE}?done=W-1")

    await expect(page.get_by_role("link", name="W-1")).to_contain_text("Ready for pickup")

    await page.get_by_role("link", name="Hand over").click()
    await page.get_by_label("Code, order, name or place").fill(pickup_code(order, work_of(order)))
    await page.get_by_role("button", name="Find").click()
    await page.get_by_role("button", name="Hand over", exact=True).click()
    await page.wait_for_url(f"{address}/at/{STORE}?done=W-1")

    assert state(await read_order(system, order)) is AllocationState.COLLECTED
    assert await kinds(system, order, "FulfillmentReceived", "PickupOpened") == ["FulfillmentReceived", "PickupOpened"]
    assert [one for one in complaints if "ERR_INTERNET_DISCONNECTED" not in one] == []


async def test_packages_are_said_by_hand_and_lots_are_scanned(browser: Browser, address: str, system: System) -> None:
    await set_up(system.pool, items=(item("JAM", name="Plum Jam", gtin="04012345678901"),))
    await system.door.follow()
    for lot, last in (("L-7", date(2027, 1, 31)), ("L-8", date(2027, 6, 30))):
        key = SupplyKey(Sku("JAM"), NodeId(STORE), lot_source(lot))
        outcome = await system.door.one(AdjustStock(key, 4, "receipt", expires_on=last), actor="test")
        assert isinstance(outcome, Accepted), outcome
    order = await ordered(system, "W-1", {"JAM": 2}, ship=True)
    page, complaints = await enter(browser, address, system)
    await open_work(page, "W-1")
    await expect(page.locator(".got")).to_have_text("0 of")

    # A symbol that names another lot counts for it; the item's number alone for the lot that was planned.
    await scan(page, "]C101040123456789011727063010L-8", "JAM")
    await expect(page.locator(".stop")).to_have_attribute("data-full", "yes")
    await expect(page.get_by_label("Picked of Plum Jam of lot L-8 for W-1")).to_have_value("1")
    assert await is_accessible(page) == []
    await page.get_by_role("button", name="Picked", exact=True).click()
    await page.wait_for_url("**/walk?work=**")
    await page.get_by_text("Several packages, by hand").click()
    await page.get_by_role("button", name="One more package").click()
    amounts = page.get_by_label("Plum Jam: how many of 2")
    await amounts.nth(0).fill("1")
    await amounts.nth(1).fill("1")
    assert await is_accessible(page) == []
    await page.get_by_role("button", name="Packed").click()
    await page.get_by_label("Tracking number of package 2").fill("1Z2")
    await page.get_by_role("button", name="Handed to the carrier").click()
    await page.wait_for_url(f"{address}/at/{STORE}?done=W-1")

    after = await read_order(system, order)
    assert sorted(
        (part.source, part.quantity) for part in after.allocations if part.state is AllocationState.SHIPPED
    ) == [
        ("lot/L-7", 1),
        ("lot/L-8", 1),
    ]
    assert [one.tracking_number for one in after.fulfillments[0].packages] == ["", "1Z2"]
    assert complaints == []


async def test_what_only_another_node_has_is_sold_and_sent_from_there(
    browser: Browser, address: str, system: System
) -> None:
    await set_up(system.pool, items=(item("KAYAK", name="Red Kayak"),))
    await system.door.follow()
    await stock(system, {("KAYAK", "DC-PA"): 3})
    page, complaints = await enter(browser, address, system)
    await page.get_by_role("link", name="Sell").click()
    await page.get_by_label("Scan a code, or type a SKU or a name").fill("kayak")
    await page.get_by_role("button", name="Find").click()
    await page.get_by_role("button", name="Add Red Kayak").click()
    await page.get_by_label("Their postcode, if it is sent").fill("10001")
    assert await is_accessible(page) == []
    await page.get_by_role("button", name="What can be promised?").click()
    await expect(page.get_by_role("button", name="Sell it")).to_be_visible()
    assert await is_accessible(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    for label, value in (("Name", "Ada Park"), ("Street", "1 Main St"), ("City", "New York"), ("State", "NY")):
        await page.get_by_label(label, exact=True).fill(value)
    await page.get_by_label("Number of the receipt").fill("R-12")
    await page.get_by_role("button", name="Sell it").click()
    await page.wait_for_url(f"{address}/at/{STORE}?done=**")

    async with system.pool.acquire() as connection:
        name = await connection.fetchval("SELECT order_id FROM orders WHERE channel = 'store'")
        order = (await read_orders(connection, [name]))[name]
    assert {part.node for part in order.allocations} == {"DC-PA"}
    assert complaints == []
