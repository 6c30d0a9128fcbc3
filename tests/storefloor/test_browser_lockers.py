"""The store app in a real browser at phone size: goods are laid into a locker by the number of a compartment."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.browser import MARKS, is_accessible, opened_browser, serving
from tests.builders import accepted, capture, node, set_up
from tests.storefloor.conftest import STORE
from tests.storefloor.test_browser import address, enter, open_work, scan
from tests.storefloor.working import ordered, read_order, sent_to_store, state, work_of
from troth.adapters.lockers.terminal import create_terminal
from troth.engine.pickups.codes import pickup_code
from troth.flows.door.system import System
from troth.flows.people.access import create_key
from troth.model.commands import PickWork, ReleaseOrder, StageWork
from troth.model.ids import NodeId
from troth.model.lifecycle import AllocationState
from troth.model.locker import CompartmentSize, Locker
from troth.model.network import NodeType
from troth.model.order import Method

pytestmark = MARKS
__all__ = ["address"]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with opened_browser() as opened:
        yield opened


@pytest.fixture(autouse=True)
async def bank(system: System) -> None:
    """A locker of two compartments at the store."""
    locker = Locker(NodeId(STORE), (CompartmentSize("S", (900, 900, 900), 90_000, (7, 8)),))
    one = replace(node("LK-1", pickup=True), type=NodeType.LOCKER, name="Front door", locker=locker)
    await set_up(system.pool, nodes=(one,), items=())
    await system.door.follow()


async def test_goods_are_laid_into_the_compartment_whose_number_is_said(
    browser: Browser, address: str, system: System
) -> None:
    asked = capture("W-1", {"TENT": 1}, method=Method.PICKUP, pickup_node=NodeId("LK-1"), ship_to=None)
    order = accepted(await system.door.one(asked, actor="key/web"))
    for step in (ReleaseOrder(order.order_id), PickWork(work_of(order))):
        order = accepted(await system.door.one(step, actor="ann"))
    page, complaints = await enter(browser, address, system)
    await open_work(page, "W-1")

    await expect(page.locator(".work-card")).to_contain_text("Lay it into a compartment of size S of LK-1 (7, 8)")
    assert await is_accessible(page) == []
    await page.get_by_label("Number of the compartment").fill("7")
    await page.get_by_role("button", name="It lies in the locker").click()
    await page.wait_for_url(f"{address}/at/{STORE}?done=W-1")
    await open_work(page, "W-1")

    await expect(page.locator(".work-card")).to_contain_text("Lies in compartment 7 of LK-1")
    assert state(await read_order(system, order)) is AllocationState.READY
    assert complaints == []


async def test_parcels_that_come_in_for_a_locker_are_received_and_then_laid_there(
    browser: Browser, address: str, system: System
) -> None:
    order = await sent_to_store(system, "W-1", pickup_node=NodeId("LK-1"))
    page, complaints = await enter(browser, address, system)
    await expect(page.get_by_role("heading", name="To receive")).to_be_visible()
    await open_work(page, "W-1")
    await expect(page.get_by_text("Once all is there it is laid into LK-1.")).to_be_visible()
    assert await is_accessible(page) == []
    await scan(page, "1Z1", "1Z2")
    await expect(page.locator(".parcel input:checked")).to_have_count(2)
    await page.get_by_role("button", name="Came in").click()

    await page.get_by_label("Number of the compartment").fill("8")
    assert await is_accessible(page) == []
    await page.goto(f"{address}/at/{STORE}")
    await expect(page.get_by_role("heading", name="To stage")).to_be_visible()
    await open_work(page, "W-1")
    await page.get_by_label("Number of the compartment").fill("8")
    await page.get_by_role("button", name="It lies in the locker").click()
    await page.wait_for_url(f"{address}/at/{STORE}?done=W-1")
    await expect(page.get_by_role("heading", name="To hand over")).to_be_visible()
    await open_work(page, "W-1")

    await expect(page.locator(".work-card")).to_contain_text("Lies in compartment 8 of LK-1")
    await page.get_by_text("Undo").click()
    await page.get_by_role("button", name="Take it from its place").click()
    await page.get_by_role("button", name="It lies in the locker").wait_for()
    after = await read_order(system, order)
    assert all(one.received_at is not None for one in after.fulfillments[0].packages)
    assert complaints == []


async def test_a_customer_opens_the_door_at_the_simulated_terminal(
    browser: Browser, address: str, system: System
) -> None:
    order = await ordered(system, "W-1", {"TENT": 1}, pickup_node=NodeId("LK-1"))
    order = accepted(await system.door.one(StageWork(work_of(order), "7"), actor="ann"))
    made = await create_key(
        system.pool, name="vendor", scopes=["fulfillments:write"], nodes=["LK-1"], customers=None, actor="test"
    )
    assert isinstance(made, tuple)
    headers = {"authorization": f"Bearer {made[1]}"}
    async with (
        httpx.AsyncClient(base_url=address.removesuffix("/store"), headers=headers, trust_env=False) as client,
        serving(create_terminal(client, "LK-1")) as terminal,
    ):
        page = await browser.new_page(viewport={"width": 390, "height": 844})
        await page.goto(f"{terminal}/")
        assert await is_accessible(page) == []
        await page.get_by_label("Your code").fill("1")
        await page.get_by_role("button", name="Open").click()
        await expect(page.get_by_role("alert")).to_contain_text("opens no compartment of this locker")
        await page.get_by_label("Your code").fill(pickup_code(order, work_of(order)))
        await page.get_by_role("button", name="Open").click()
        await expect(page.get_by_text("The door of compartment 7 is open.")).to_be_visible()
        assert await is_accessible(page) == []
        await page.get_by_role("button", name="I took it and shut the door").click()
        await expect(page.get_by_text("Thank you. The compartment is free.")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert state(await read_order(system, order)) is AllocationState.COLLECTED
