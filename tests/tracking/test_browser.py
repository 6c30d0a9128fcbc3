"""The tracking page in a real browser, at the size of a phone: it follows the order by itself, and is accessible."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, Route, expect
from starlette.routing import Mount

from tests.browser import AXE, MARKS, opened_browser, serving
from tests.builders import Clock, accepted
from tests.tracking.conftest import captured, path_of, released, stored
from troth.flows.door.system import System
from troth.http.app import create_app
from troth.model.commands import RecordTracking, ReleaseOrder, ShipWork
from troth.model.order import Package
from troth.model.status import OrderStatus, order_status
from troth.settings import Settings
from troth.tracking.app import create_tracking, end_news

PHONE = {"width": 390, "height": 844}

pytestmark = MARKS


@pytest.fixture
async def address(system: System) -> AsyncIterator[str]:
    """Where the page is served, on a free port, beside the API as it is in a process that serves both."""
    tracking = create_tracking(system)
    async with serving(create_app(system, Settings(), more=[Mount("/track", tracking)])) as found:
        yield found
        end_news(tracking)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with opened_browser() as opened:
        yield opened


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport=PHONE, locale="en-US")  # type: ignore[arg-type]
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield page
    await context.close()
    assert errors == []


async def find_faults(page: Page) -> list[str]:
    """What an accessibility checker finds that is serious or worse; nothing where there is none here."""
    if not AXE:
        return []
    await page.evaluate(AXE)
    found = await page.evaluate("axe.run(document)")
    return [
        f"{one['id']}: {[node['target'] for node in one['nodes']]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


async def test_the_page_follows_the_order_by_itself(system: System, address: str, page: Page) -> None:
    order = await captured(system, lines={"A": 2, "B": 1})
    await page.goto(address + await path_of(system, order))
    await expect(page.locator("[aria-current=step] strong")).to_have_text("Handed to the place that packs it")
    assert await find_faults(page) == []

    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="ann"))
    await expect(page.locator("[aria-current=step] strong")).to_have_text("Packed")
    await expect(page.locator("#announce")).to_have_text("Something has changed. The page shows it now.")
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]


async def test_what_happens_before_the_page_listens_is_shown_all_the_same(
    system: System, address: str, page: Page
) -> None:
    order = await captured(system)
    asked, released = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        asked.set()
        await released.wait()
        await route.continue_()

    await page.route("**/news?*", late)
    await page.goto(address + await path_of(system, order))
    await asyncio.wait_for(asked.wait(), 30)
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="ann"))
    released.set()
    await expect(page.locator("[aria-current=step] strong")).to_have_text("Packed")


async def test_whoever_fills_in_a_form_keeps_it(system: System, address: str, page: Page, clock: Clock) -> None:
    order = await captured(system)
    await page.goto(address + await path_of(system, order))
    await page.get_by_text("Send it to another address").click()
    await page.get_by_label("Street and number").fill("9 Elm St")
    assert await find_faults(page) == []
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="ann"))
    await expect(page.locator("[aria-current=step] strong")).to_have_text("Packed")
    await expect(page.get_by_label("Street and number")).to_have_value("9 Elm St")


async def test_an_order_is_canceled_with_the_keyboard_alone(system: System, address: str, page: Page) -> None:
    order = await captured(system)
    await page.goto(address + await path_of(system, order))
    await page.get_by_text("Cancel the whole order").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("It is canceled.")).to_be_visible()
    assert order_status(await stored(system, order.order_id)) is OrderStatus.CANCELED
    assert await find_faults(page) == []


async def test_what_is_on_its_way_is_accessible_in_spanish_and_in_the_dark(
    system: System, address: str, page: Page, clock: Clock
) -> None:
    order = await released(system, lines={"A": 1, "B": 1})
    name = order.fulfillments[0].fulfillment_id
    clock.advance(hours=3)
    left = (Package("1", carrier="UPS", tracking_number="1Z-9"),)
    accepted(await system.door.one(ShipWork(name, left), actor="node"))
    accepted(await system.door.one(RecordTracking(name, "UPS", "1Z-9", "in_transit", clock.now), actor="ups"))
    await page.emulate_media(color_scheme="dark")
    await page.goto(f"{address}{await path_of(system, order)}?lang=es")
    await expect(page.locator("[aria-current=step] strong")).to_have_text("En reparto")
    assert await find_faults(page) == []
    await page.get_by_role("link", name="English").click()
    await expect(page.locator("[aria-current=step] strong")).to_have_text("Out for delivery")


async def test_a_link_that_is_not_valid_says_so_accessibly(address: str, page: Page) -> None:
    answer = await page.request.get(f"{address}/track/O-1.nothing")
    assert answer.status == 404
    await page.set_content(await answer.text())
    await expect(page.get_by_role("heading")).to_have_text("There is no such page")
