"""The console in a real browser: an operator finds, holds and releases an order, and sees another change by itself."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, Route, expect
from starlette.routing import Mount

from tests.browser import AXE, MARKS, opened_browser, serving
from tests.builders import accepted, capture, stock
from tests.console.conftest import PASSWORD
from tests.documents import rate_card
from troth.console.app import create_console
from troth.console.configuration import RATE_CARD_PAGES
from troth.flows.documents.families import RATE_CARDS
from troth.flows.door.system import System
from troth.flows.people.users import create_user
from troth.flows.publishing.draft import save_draft
from troth.http.app import create_app
from troth.model.commands import PlaceHold
from troth.model.order import Order
from troth.settings import Settings

pytestmark = MARKS


@pytest.fixture
async def address(system: System) -> AsyncIterator[str]:
    """Where the console is served, on a free port, beside the API as it is in a process that serves both."""
    settings = Settings(sample="small")
    console = create_console(system, settings)
    async with serving(create_app(system, settings, more=[Mount("/console", console)]), console) as found:
        yield f"{found}/console"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with opened_browser() as opened:
        yield opened


@pytest.fixture
async def order(system: System) -> Order:
    return accepted(await system.door.one(capture("W-1", {"A": 2, "B": 1}), actor="key/web-feed"))


async def _enter(
    browser: Browser, address: str, system: System, *, role: str = "operator", **options: object
) -> tuple[Page, list[str]]:
    """Somebody who has logged in, and a list that gets all that the browser complains of."""
    await create_user(system.pool, login="maya", password=PASSWORD, role=role, actor="test")
    context = await browser.new_context(**options)  # type: ignore[arg-type]
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{address}/orders")
    await page.get_by_label("Login").fill("maya")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_url(f"{address}/orders")
    return page, complaints


async def test_an_operator_finds_holds_and_releases_an_order_and_sees_others_change(
    browser: Browser, address: str, system: System, order: Order
) -> None:
    page, complaints = await _enter(browser, address, system)
    await expect(page.locator("#live")).to_have_text("Live")

    # A row follows what somebody else does, and a screen reader is told.
    row = page.locator(f"#row-{order.order_id}")
    await expect(row).to_contain_text("Promised")
    other = accepted(await system.door.one(capture("W-2", {"A": 1}), actor="key/web-feed"))
    await expect(page.get_by_role("link", name="1 new order")).to_be_visible()
    accepted(await system.door.one(PlaceHold(order.order_id, "fraud", "odd"), actor="key/fraud"))
    await expect(row).to_contain_text("On hold")
    await expect(page.get_by_role("status").filter(has_text="Order W-1 is now On hold.")).to_have_count(1)

    # Search by keyboard, open the order.
    await page.keyboard.press("/")
    await page.keyboard.type(other.order_id)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{address}/orders?q=**")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{address}/orders/{other.order_id}")

    # Hold, see a refused release in words, lift, release.
    await page.get_by_text("Place a hold").click()
    await page.get_by_label("Reason").first.fill("Customer called")
    await page.get_by_role("button", name="Place hold").click()
    await expect(page.get_by_text("The hold is placed.")).to_be_visible()
    await expect(page.locator("#order-chip")).to_have_text("On hold")
    await page.get_by_role("button", name="Lift hold").click()
    await expect(page.get_by_text("The hold is lifted.")).to_be_visible()
    await page.get_by_role("button", name="Release now").click()
    await expect(page.locator("#order-chip")).to_have_text("Released")
    await expect(page.locator("#timeline")).to_contain_text("Released to its nodes before the remorse period ended.")
    assert complaints == []


async def test_one_order_follows_what_happens_but_never_under_the_hands_of_who_fills_a_form(
    browser: Browser, address: str, system: System, order: Order
) -> None:
    page, complaints = await _enter(browser, address, system)
    await page.goto(f"{address}/orders/{order.order_id}")
    await expect(page.locator("#live")).to_have_text("Live")
    await page.get_by_text("Cancel", exact=True).first.click()
    await page.locator("#actions").get_by_label("Reason").last.fill("half a thou")
    accepted(await system.door.one(PlaceHold(order.order_id, "fraud", "odd"), actor="key/fraud"))
    await expect(page.locator("#order-chip")).to_have_text("On hold")
    await expect(page.locator("#timeline")).to_contain_text("Hold H1 (fraud) was placed: odd.")
    await expect(page.locator("#actions").get_by_label("Reason").last).to_have_value("half a thou")
    assert complaints == []


async def test_a_page_gets_live_when_its_scripts_come_late(
    browser: Browser, address: str, system: System, order: Order
) -> None:
    page, complaints = await _enter(browser, address, system)

    async def hold_back(route: Route) -> None:
        # What htmx does when it is loaded it has done by now: a task that it put off came before this one.
        await page.wait_for_function("window.htmx")
        await page.evaluate("new Promise((resolve) => setTimeout(resolve))")
        await route.continue_()

    await page.route("**/hx-sse.min.js", hold_back)
    await page.goto(f"{address}/orders/{order.order_id}")
    await expect(page.locator("#live")).to_have_text("Live")
    assert complaints == []


async def test_everything_but_live_updates_works_without_scripts(
    browser: Browser, address: str, system: System, order: Order
) -> None:
    page, _ = await _enter(browser, address, system, java_script_enabled=False)
    await page.get_by_label("Search orders").fill("W-1")
    await page.get_by_role("button", name="Search").click()
    await page.get_by_role("link", name="W-1").click()
    await page.get_by_text("Place a hold").click()
    await page.get_by_label("Reason").first.fill("Customer called")
    await page.get_by_role("button", name="Place hold").click()
    await expect(page.get_by_text("The hold is placed.")).to_be_visible()
    await page.get_by_role("button", name="Log out").click()
    await page.wait_for_url(f"{address}/login")


@pytest.mark.parametrize("width", [390, 820, 1360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_page_is_wider_than_the_screen_or_hard_to_read(
    browser: Browser, address: str, system: System, order: Order, width: int, scheme: str
) -> None:
    accepted(await system.door.one(PlaceHold(order.order_id, "fraud", "x" * 200), actor="key/fraud"))
    await save_draft(system, RATE_CARDS, "standard", RATE_CARD_PAGES.blank, actor="test")
    page, complaints = await _enter(
        browser, address, system, viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    paths = ("/", "/orders", f"/orders/{order.order_id}", "/quote", "/fulfillments", "/inventory", "/inventory/B")
    for path in (
        *paths,
        "/inventory/A/at/DC-PA",
        "/nodes",
        "/nodes/DC-PA",
        "/items",
        "/items/B",
        "/routing",
        "/rate-cards",
        "/rate-cards/standard",
        "/webhooks",
        "/audit",
    ):
        await page.goto(f"{address}{path}")
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        if AXE:
            await page.evaluate(AXE)
            found = await page.evaluate("axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))")
            assert found == [], path
    assert complaints == []


async def test_a_planner_writes_a_routing_is_led_to_what_is_wrong_and_puts_it_in_force(
    browser: Browser, address: str, system: System, order: Order
) -> None:
    page, complaints = await _enter(browser, address, system, role="planner")
    await page.get_by_role("link", name="Configuration", exact=True).click()
    await page.get_by_text("Own region first", exact=True).click()
    await page.get_by_role("button", name="Go on from it").locator("visible=true").click()
    await page.wait_for_url(f"{address}/routing-new?preset=own_region_first")

    # What is wrong is said beside the text without leaving it, and the keyboard leads there.
    written = page.get_by_label("Content")
    good = await written.input_value()
    await written.fill(good.replace("lane.same_region", "lane.same_regoin"))
    await page.get_by_role("button", name="Check").click()
    await expect(page.locator("#judgment mark")).to_have_text("s")
    assert "same_regoin" in await written.input_value()
    await page.locator("#judgment a").focus()
    await page.keyboard.press("Enter")
    await expect(written).to_be_focused()
    selected = "const t = document.getElementById('written'); t.value.slice(t.selectionStart, t.selectionStart + 11)"
    assert await page.evaluate(selected) == "same_regoin"
    await written.fill(good)
    await page.get_by_role("button", name="Check").click()
    await expect(page.get_by_text("Nothing is wrong with it.")).to_be_visible()
    await page.get_by_role("button", name="Save as a draft").click()
    await expect(page.get_by_role("heading", name="own-region-first @1")).to_be_visible()

    await page.get_by_role("link", name="Try on an order").click()
    await page.get_by_role("link", name=order.external_id).click()
    await expect(page.get_by_role("heading", name="Tried: own-region-first@1")).to_be_visible()
    await page.go_back()
    await page.go_back()
    await page.get_by_text("Activate version 1").click()
    await page.get_by_label("Reason").first.fill("Shorter ways")
    await page.get_by_role("button", name="Activate own-region-first@1").click()
    await expect(page.get_by_role("link", name="own-region-first@1").first).to_be_visible()
    assert system.door.reference.policy.version == "own-region-first@1"
    await page.get_by_text("Roll back", exact=True).first.click()
    await page.locator("#actions").get_by_label("Reason").nth(1).fill("Too dear")
    await page.get_by_role("button", name="Roll back").click()
    await expect(page.get_by_text("What is built in decides")).to_be_visible()
    assert system.door.reference.policy.version == "default-1"
    assert complaints == []


async def test_a_planner_changes_a_rate_card_compares_it_and_takes_it_back(
    browser: Browser, address: str, system: System
) -> None:
    page, complaints = await _enter(browser, address, system, role="planner", viewport={"width": 420, "height": 900})
    await save_draft(system, RATE_CARDS, "standard", rate_card(), actor="test")
    await page.get_by_role("link", name="Configuration", exact=True).click()
    await page.get_by_role("link", name="Rate cards", exact=True).click()
    await page.get_by_role("link", name="standard", exact=True).click()
    await page.get_by_role("link", name="Edit").click()

    # What is wrong is said beside the text, and leads to its line.
    written = page.get_by_label("Content")
    good = await written.input_value()
    await written.fill(good.replace('"transit_days": [1]', '"transit_days": ["one"]'))
    await page.get_by_role("button", name="Check").click()
    await expect(page.locator("#judgment")).to_contain_text("must be a whole number, not text")
    await page.locator("#judgment a").focus()
    await page.keyboard.press("Enter")
    await expect(written).to_be_focused()
    await written.fill(good.replace('"transit_days": [1]', '"transit_days": [3]'))
    await page.get_by_role("button", name="Save as a draft").click()
    await expect(page.get_by_role("heading", name="standard @2")).to_be_visible()
    await expect(page.locator(".diff")).to_have_text("/transit_days/01 → 3")

    await page.get_by_text("Activate version 2").click()
    await page.get_by_label("Reason").first.fill("The carrier got slower")
    await page.get_by_role("button", name="Activate standard@2").click()
    await expect(page.get_by_role("link", name="standard@2").first).to_be_visible()
    await page.get_by_label("Compare with").select_option("1")
    await page.get_by_role("button", name="Compare").click()
    await expect(page.get_by_text("What differs from standard@1: 1 place")).to_be_visible()
    await page.get_by_text("Roll back", exact=True).first.click()
    await page.locator("#actions").get_by_label("Reason").nth(1).fill("Too early")
    await page.get_by_role("button", name="Roll back").click()
    await expect(page.get_by_text("No version of it is in force")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1360, "dark")])
async def test_an_operator_asks_for_a_quote_by_keyboard_alone(
    browser: Browser, address: str, system: System, width: int, scheme: str
) -> None:
    await stock(system, {("A", "ST-NYC"): 2})
    page, complaints = await _enter(
        browser, address, system, viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    await page.get_by_role("link", name="Quote", exact=True).focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{address}/quote")
    await page.get_by_label("SKU of row 1").focus()
    for key in ("A", "Tab", "3", "Tab", "B", "Tab", "1"):
        await page.keyboard.press(key)
    await page.get_by_role("button", name="Add a row").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("SKU of row 4")).to_be_focused()
    await expect(page.get_by_label("SKU of row 2")).to_have_value("B")
    await page.get_by_label("Postcode").fill("10001")
    await page.get_by_label("City").fill("New York")
    await page.get_by_label("Why").focus()
    for key in ("Space", "Tab", "Space"):
        await page.keyboard.press(key)
    await page.get_by_label("City").focus()
    await page.keyboard.press("Enter")  # which asks, whichever field it is pressed in

    await expect(page.locator("#ways-head")).to_be_visible()
    await expect(page.get_by_role("heading", name="Ship, standard")).to_be_visible()
    await expect(page.get_by_role("heading", name="Node by node")).to_be_visible()
    await expect(page.get_by_role("group", name="The plans of the front").first).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    if AXE:
        await page.evaluate(AXE)
        found = await page.evaluate("axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))")
        assert found == []
    assert complaints == []
