"""What a customer chooses, in a real browser at the size of a phone: on the page of the order, and then on its own."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect
from starlette.routing import Mount

from tests.browser import MARKS, opened_browser, serving
from tests.telling.telling import Shop
from tests.telling.test_choices import delayed
from tests.tracking.test_browser import PHONE, find_faults
from troth.flows.tracking.links import give_link
from troth.http.app import create_app
from troth.settings import Settings
from troth.tracking.app import create_tracking

pytestmark = MARKS


@pytest.fixture
async def address(shop: Shop) -> AsyncIterator[str]:
    """Where the pages for customers are served, on a free port."""
    pages = [Mount("/track", create_tracking(shop.system))]
    async with serving(create_app(shop.system, Settings(), more=pages)) as found:
        yield found


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with opened_browser() as opened:
        yield opened


@pytest.mark.parametrize("is_scripted", [True, False])
async def test_a_customer_chooses_on_the_tracking_page_with_and_without_scripts(
    shop: Shop, address: str, browser: Browser, *, is_scripted: bool
) -> None:
    order, _ = await delayed(shop)
    context = await browser.new_context(
        viewport=PHONE,  # type: ignore[arg-type]
        java_script_enabled=is_scripted,
        color_scheme="dark",
        bypass_csp=True,
    )
    page = await context.new_page()
    await page.goto(f"{address}/track/{await give_link(shop.system, order.order_id)}?lang=es")
    await accessible(page, is_scripted=is_scripted)
    await page.get_by_role("link", name=re.compile("Cancelar 2 × Cup")).click()
    await accessible(page, is_scripted=is_scripted)
    await page.get_by_role("button").click()

    await expect(page.get_by_role("status")).to_contain_text("Done. Thank you.")
    await accessible(page, is_scripted=is_scripted)
    assert (await shop.read(order.order_id)).canceled_at is not None
    await expect(page.get_by_role("link")).to_have_attribute("href", re.compile("^https://tea.example/track/"))
    await context.close()


async def accessible(page: Page, *, is_scripted: bool) -> None:
    """Nothing serious is found on a page, as far as it can be looked at."""
    assert not is_scripted or await find_faults(page) == []
