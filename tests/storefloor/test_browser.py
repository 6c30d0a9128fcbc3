"""One thing: the store app in a real browser at phone size, also with the network cut off."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Route, expect
from starlette.routing import Mount

from tests.browser import MARKS, is_accessible, opened_browser, serving
from tests.builders import accepted, capture, node, set_up
from tests.storefloor.conftest import MUG, PASSWORD, STORE, TENT
from tests.storefloor.ean import film
from tests.storefloor.working import ordered, read_order, work_of
from troth.engine.pickups.codes import pickup_code
from troth.flows.door.system import System
from troth.flows.people.users import create_user
from troth.http.app import create_app
from troth.model.commands import CancelOrder, ReleaseOrder, StageWork
from troth.model.ids import NodeId
from troth.model.lifecycle import ENDED, AllocationState
from troth.model.order import Method, Order
from troth.model.status import fulfillment_status
from troth.settings import Settings
from troth.store.events import read_subject_events
from troth.storefloor.app import create_store

pytestmark = MARKS
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
async def address(system: System) -> AsyncIterator[str]:
    """Where the store app is served, beside the API as it is in a process that serves both."""
    settings = Settings()
    store = create_store(system, settings)
    async with serving(create_app(system, settings, more=[Mount("/store", store)]), store) as found:
        yield f"{found}/store"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with opened_browser() as opened:
        yield opened


async def enter(browser: Browser, address: str, system: System, **options: object) -> tuple[Page, list[str]]:
    """Somebody of the store who has logged in on a phone, and a list that gets all that the browser complains of."""
    await create_user(system.pool, login="ana", password=PASSWORD, role="store_associate", nodes=[STORE], actor="test")
    context = await browser.new_context(**{**PHONE, **options})  # type: ignore[arg-type]
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{address}/")
    await page.get_by_label("Login").fill("ana")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_url(f"{address}/at/{STORE}")
    return page, complaints


async def open_work(page: Page, name: str) -> None:
    """Open the task of this order; done when the page and its scripts are there: what is typed before is lost."""
    await page.get_by_role("link", name=name).click()
    await page.wait_for_url("**/work/**")


async def scan(page: Page, *codes: str) -> None:
    """What a scanner does that types: a code and Enter, wherever the cursor is."""
    for code in codes:
        await page.keyboard.type(code)
        await page.keyboard.press("Enter")


async def _scan_into(page: Page, *codes: str) -> None:
    """What somebody types, or a scanner into the field where the cursor is; once it is counted."""
    for code in codes:
        await page.get_by_label("Scan or type a code").fill(code)
        await page.keyboard.press("Enter")
        await expect(page.locator("#scanned")).to_have_attribute("data-good", "yes")


async def _kinds(system: System, order: Order) -> list[str]:
    async with system.pool.acquire() as connection:
        return [event.kind for event in await read_subject_events(connection, order.order_id)]


def _state(order: Order) -> AllocationState:
    return fulfillment_status(order, work_of(order))


async def test_a_web_order_is_picked_by_scan_staged_and_handed_over_by_its_code(
    browser: Browser, address: str, system: System
) -> None:
    page, complaints = await enter(browser, address, system)
    await expect(page.locator("#live")).to_have_text("Live")
    await expect(page.get_by_text("Nothing to do.")).to_be_visible()

    # The order comes while the phone is looked at, and its task appears by itself.
    asked = capture("W-1", {"TENT": 2}, ship_to=None, method=Method.PICKUP, pickup_node=NodeId(STORE))
    order = accepted(await system.door.one(asked, actor="key/web"))
    await system.door.one(ReleaseOrder(order.order_id), actor="clock")
    await open_work(page, "W-1")

    # The wrong item is told at once and counts for nothing; the right one counts once a scan, and no further.
    await expect(page.locator(".got")).to_have_text("0 of")
    await scan(page, MUG)
    await expect(page.get_by_role("alert").filter(has_text="Wrong item: Steel Mug")).to_be_visible()
    await expect(page.locator(".got")).to_have_text("0 of")
    await scan(page, TENT, TENT, TENT)
    await expect(page.get_by_text("Enough: all of Blue Tent is picked already.")).to_be_visible()
    await expect(page.locator(".stop")).to_have_attribute("data-full", "yes")
    await page.get_by_role("button", name="Picked", exact=True).click()

    await page.get_by_label("Staging place").fill("A3")
    await page.get_by_role("button", name="Ready for pickup").click()
    await page.wait_for_url(f"{address}/at/{STORE}?done=W-1")

    await page.get_by_role("link", name="Hand over").click()
    await page.get_by_label("Code, order, name or place").fill(pickup_code(order, work_of(order)))
    await page.get_by_role("button", name="Find").click()
    await expect(page.get_by_label("Pickup code")).to_have_value(pickup_code(order, work_of(order)))

    # A wrong code is told once, however often it is tried, and no more once the right one was said.
    card = page.locator(".refusal")
    for left in (4, 3):
        await page.get_by_label("Pickup code").fill("1")
        await page.get_by_role("button", name="Hand over", exact=True).click()
        await expect(card).to_contain_text(f"{left} more may be tried.")
        await expect(card).to_have_count(1)
    await page.get_by_label("Pickup code").fill(pickup_code(order, work_of(order)))
    await page.get_by_role("button", name="Hand over", exact=True).click()
    await page.wait_for_url(f"{address}/at/{STORE}?done=W-1")

    after = await read_order(system, order)
    assert (_state(after), after.fulfillments[0].collected_by) == (AllocationState.COLLECTED, "Ada Park")
    assert (await _kinds(system, order))[2:] == [
        "FulfillmentPicked",
        "FulfillmentReady",
        "PickupOpened",
        "PickupCodeRefused",
        "PickupCodeRefused",
        "FulfillmentCollected",
    ]
    await expect(card).to_have_count(0)
    assert complaints == []


async def test_a_step_that_is_done_while_the_page_of_the_last_one_comes_anew_is_kept_and_shown(
    browser: Browser, address: str, system: System
) -> None:
    asked = capture("W-1", {"TENT": 1}, ship_to=None, method=Method.PICKUP, pickup_node=NodeId(STORE))
    order = accepted(await system.door.one(asked, actor="key/web"))
    await system.door.one(ReleaseOrder(order.order_id), actor="clock")
    page, complaints = await enter(browser, address, system, service_workers="block")
    await open_work(page, "W-1")
    await scan(page, TENT)
    await expect(page.locator(".stop")).to_have_attribute("data-full", "yes")
    begun, pressed, may_come = asyncio.Event(), asyncio.Event(), asyncio.Event()
    page.on("console", lambda message: pressed.set() if message.text == "pressed" else None)

    async def wait(route: Route) -> None:
        if route.request.method == "GET":
            begun.set()
            await may_come.wait()
        await route.continue_()

    async def lose(route: Route) -> None:
        await route.abort()

    await page.route("**/walk?**", wait)
    await page.route("**/work/*", lose, times=1)
    # By script, since a driver of browsers waits for the page that somebody at the phone does not wait for.
    await page.evaluate(
        """document.addEventListener("queue:empty", () => window.setTimeout(() => {
            const form = document.querySelector("form[data-step=ready]");
            form.elements.staging.value = "A3";
            form.querySelector("button").click();
            console.info("pressed");
        }), {once: true})"""
    )
    await page.get_by_role("button", name="Picked", exact=True).click()
    await asyncio.wait_for(begun.wait(), 30)
    await asyncio.wait_for(pressed.wait(), 30)
    may_come.set()

    await page.wait_for_url(f"{address}/at/{STORE}?done=W-1")
    after = await read_order(system, order)
    assert (_state(after), after.fulfillments[0].staging) == (AllocationState.READY, "A3")
    assert set(complaints) <= {"Failed to load resource: net::ERR_FAILED"}


async def test_what_is_typed_is_not_lost_when_the_step_before_is_settled(
    browser: Browser, address: str, system: System
) -> None:
    asked = capture("W-1", {"TENT": 1}, ship_to=None, method=Method.PICKUP, pickup_node=NodeId(STORE))
    order = accepted(await system.door.one(asked, actor="key/web"))
    await system.door.one(ReleaseOrder(order.order_id), actor="clock")
    page, complaints = await enter(browser, address, system, service_workers="block")
    await open_work(page, "W-1")
    await scan(page, TENT)
    await expect(page.locator(".stop")).to_have_attribute("data-full", "yes")
    may_send = asyncio.Event()

    async def wait(route: Route) -> None:
        await may_send.wait()
        await route.continue_()

    await page.route("**/walk", wait)
    await page.get_by_role("button", name="Picked", exact=True).click()
    await page.get_by_label("Staging place").fill("A3")
    may_send.set()
    await page.wait_for_url("**/walk?**")
    await expect(page.get_by_label("Staging place")).to_have_value("A3")
    await page.get_by_role("button", name="Ready for pickup").click()

    await page.wait_for_url(f"{address}/at/{STORE}?done=W-1")
    assert (await read_order(system, order)).fulfillments[0].staging == "A3"
    assert complaints == []


async def test_a_second_look_that_finds_nothing_to_send_does_not_call_back_who_is_led_on(
    browser: Browser, address: str, system: System
) -> None:
    asked = capture("W-1", {"TENT": 1}, ship_to=None, method=Method.PICKUP, pickup_node=NodeId(STORE))
    order = accepted(await system.door.one(asked, actor="key/web"))
    await system.door.one(ReleaseOrder(order.order_id), actor="clock")
    page, complaints = await enter(browser, address, system)
    await open_work(page, "W-1")
    await scan(page, TENT)
    await expect(page.locator(".stop")).to_have_attribute("data-full", "yes")
    await page.get_by_role("button", name="Picked", exact=True).click()
    await page.wait_for_url("**/walk?**")
    await page.evaluate("""document.addEventListener("queue:empty", () => flush(), {once: true})""")
    await page.get_by_role("button", name="Ready for pickup").click()

    await page.wait_for_url(f"{address}/at/{STORE}?done=W-1")
    assert complaints == []


async def test_a_store_sends_what_it_finds_and_the_rest_comes_from_elsewhere(
    browser: Browser, address: str, system: System
) -> None:
    order = await ordered(system, "W-1", {"TENT": 2, "STOVE": 1}, ship=True)
    page, complaints = await enter(browser, address, system)
    page.on("dialog", lambda dialog: dialog.accept())

    await open_work(page, "W-1")
    await _scan_into(page, TENT, "X001")
    await page.get_by_role("button", name="Picked", exact=True).click()

    await expect(page.get_by_text("TENT was short.")).to_be_visible()
    await page.get_by_label("On the shelf").fill("6")
    await page.get_by_role("button", name="Set the count").click()
    await page.wait_for_url(f"{address}/at/{STORE}/counts?done=TENT")
    await page.get_by_role("link", name="Tasks").click()
    await open_work(page, "W-1")
    await page.get_by_label("Weight in kilograms").fill("2.4")
    await page.get_by_role("button", name="Packed").click()
    await page.get_by_label("Carrier").fill("UPS")
    await page.get_by_label("Tracking number of package 1").fill("1Z999AA10123456784")
    await page.get_by_label("Tracking number of package 2").fill("1Z999AA10123456785")
    await page.get_by_role("button", name="Handed to the carrier").click()
    await page.wait_for_url(f"{address}/at/{STORE}?done=W-1")

    after = await read_order(system, order)
    live = {(part.sku, part.node, part.quantity, part.state) for part in after.allocations if part.state not in ENDED}
    assert live == {
        ("TENT", STORE, 1, AllocationState.SHIPPED),
        ("STOVE", STORE, 1, AllocationState.SHIPPED),
        ("TENT", "DC-PA", 1, AllocationState.RESERVED),
    }
    assert complaints == []


async def test_what_is_done_without_a_network_waits_and_is_applied_once_and_in_order(
    browser: Browser, address: str, system: System
) -> None:
    order = await ordered(system, "W-1", {"TENT": 1})
    page, _ = await enter(browser, address, system)
    await open_work(page, "W-1")
    await expect(page.locator(".got")).to_have_text("0 of")

    await page.context.set_offline(True)
    await _scan_into(page, TENT)
    await page.get_by_role("button", name="Picked", exact=True).click()
    await page.get_by_label("Staging place").fill("A3")
    await page.get_by_role("button", name="Ready for pickup").click()
    await expect(page.locator("#queue")).to_contain_text("2 actions wait for the network")
    await expect(page.locator("#queue li")).to_have_text(["Pick W-1", "Ready for pickup W-1"])
    assert _state(await read_order(system, order)) is AllocationState.RELEASED

    # The first answer is lost on the way, so that the phone cannot know that its action was taken.
    lost = await _lose_one_answer(page.context, "**/walk*")
    await page.context.set_offline(False)
    await page.wait_for_url(f"{address}/at/{STORE}?done=W-1")

    assert lost() == 1
    assert (await _kinds(system, order))[2:] == ["FulfillmentPicked", "FulfillmentReady", "PickupOpened"]
    await expect(page.locator("#queue")).to_be_hidden()


async def test_what_is_refused_later_comes_back_as_a_card_and_what_follows_is_not_done(
    browser: Browser, address: str, system: System
) -> None:
    order = await ordered(system, "W-1", {"TENT": 1})
    page, _ = await enter(browser, address, system)
    await open_work(page, "W-1")
    await page.context.set_offline(True)
    await _scan_into(page, TENT)
    await page.get_by_role("button", name="Picked", exact=True).click()
    await page.get_by_role("button", name="Ready for pickup").click()
    accepted(await system.door.one(CancelOrder(order.order_id, "changed her mind"), actor="user/maya"))

    await page.context.set_offline(False)

    cards = page.locator(".refusal")
    await expect(cards).to_have_count(2)
    await expect(cards.first).to_contain_text("Pick W-1: not done")
    await expect(cards.last).to_contain_text("Not sent, since “Pick W-1” was refused.")
    await page.get_by_role("button", name="Understood: Pick W-1").click()
    await expect(cards).to_have_count(1)
    assert (await _kinds(system, order))[-1] == "OrderCanceled"


async def test_pages_that_were_seen_open_without_a_network_until_somebody_logs_out(
    browser: Browser, address: str, system: System
) -> None:
    await ordered(system, "W-1", {"TENT": 1})
    page, _ = await enter(browser, address, system)
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    await page.reload()
    await expect(page.locator("#live")).to_have_text("Live")

    await page.context.set_offline(True)
    await page.goto(f"{address}/at/{STORE}")
    await expect(page.get_by_role("link", name="W-1")).to_be_visible()
    await expect(page.locator("#live")).to_have_text("No network")
    await page.goto(f"{address}/at/{STORE}/handover")
    await expect(page.get_by_text("This page was not opened before.")).to_be_visible()

    await page.context.set_offline(False)
    await page.goto(f"{address}/at/{STORE}")
    await page.get_by_role("button", name="Log out ana").click()
    await page.wait_for_url(f"{address}/login")
    assert "troth-store-pages" not in await page.evaluate("caches.keys()")


async def test_the_essential_steps_need_no_script(browser: Browser, address: str, system: System) -> None:
    order = await ordered(system, "W-1", {"TENT": 2})
    page, complaints = await enter(browser, address, system, java_script_enabled=False)
    await open_work(page, "W-1")
    await page.get_by_role("button", name="Picked", exact=True).click()
    await page.get_by_label("Staging place").fill("A3")
    await page.get_by_role("button", name="Ready for pickup").click()
    await page.wait_for_url(f"{address}/at/{STORE}?done=W-1")
    await open_work(page, "W-1")
    await page.get_by_label("Pickup code").fill(pickup_code(order, work_of(order)))
    await page.get_by_role("button", name="Hand over", exact=True).click()
    await expect(page.get_by_text("Done: W-1.")).to_be_visible()
    assert _state(await read_order(system, order)) is AllocationState.COLLECTED
    assert complaints == []


async def test_the_camera_reads_a_code_where_the_browser_has_no_detector(
    address: str, system: System, tmp_path: Path
) -> None:
    await ordered(system, "W-1", {"TENT": 1})
    path = film(TENT, tmp_path / "tent.y4m")
    fake = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    async with opened_browser(*fake, f"--use-file-for-fake-video-capture={path}") as browser:
        page, _ = await enter(browser, address, system, permissions=["camera"])
        await open_work(page, "W-1")
        await page.get_by_role("button", name="Camera").click()
        await expect(page.locator(".stop")).to_have_attribute("data-full", "yes")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_fits_a_phone_and_can_be_read_by_all(
    browser: Browser, address: str, system: System, scheme: str
) -> None:
    long = replace(node(STORE), name="Brackenholt Los Angeles, California, the first of two")
    await set_up(system.pool, nodes=(long,), items=())
    await system.door.follow()
    one, two = await ordered(system, "W-1", {"TENT": 2, "MUG": 1}), await ordered(system, "W-2", {"MUG": 1})
    accepted(await system.door.one(StageWork(work_of(await ordered(system, "W-3", {"MUG": 1})), "A3"), actor="t"))
    page, complaints = await enter(browser, address, system, color_scheme=scheme)
    here = f"/at/{STORE}"
    for path in (
        here,
        f"{here}/work/{work_of(one)}",
        f"{here}/walk?work={work_of(one)}&work={work_of(two)}",
        f"{here}/handover",
        f"{here}/counts?q=MUG",
        f"{here}/list",
        f"{here}/sell?sku=TENT&quantity=1&how=pickup",
        f"{here}/switch",
    ):
        await page.goto(f"{address}{path}")
        await expect(page.locator("html")).to_have_class("scripted")
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        assert await page.evaluate(_SMALL) == [], path
        assert await page.evaluate(_WIDE) == [], path
        assert await is_accessible(page) == [], path
    assert complaints == []


_SMALL = """[...document.querySelectorAll("main a, main button, nav a, header a, header button")]
  .filter((one) => one.offsetParent !== null)
  .map((one) => [one.textContent.trim(), one.getBoundingClientRect()])
  .filter(([, box]) => Math.min(box.width, box.height) < 44)
  .map(([text, box]) => `${text}: ${box.width} x ${box.height}`)"""
"""What is too small to be hit by a thumb."""


_WIDE = """[...document.querySelectorAll("main a, main button")]
  .filter((one) => one.offsetParent !== null)
  .filter((one) => one.getBoundingClientRect().right > innerWidth - 6)
  .map((one) => one.textContent.trim())"""
"""What reaches beyond the margin that everything else keeps."""


async def _lose_one_answer(context: BrowserContext, pattern: str) -> Callable[[], int]:
    """Let the server do the next thing that is sent there, and never hear of it; how many answers were lost."""
    lost = 0

    async def lose(route: Route) -> None:
        nonlocal lost
        if lost or route.request.method != "POST":
            await route.continue_()
            return
        lost += 1
        await route.fetch()
        await route.abort()

    await context.route(pattern, lose)
    return lambda: lost
