"""The pages that say where every unit of a SKU goes, and what rules would take that are not in force yet."""

import re
from datetime import date, timedelta

import httpx

from tests.builders import accepted, capture
from troth.flows.documents.families import EXPOSURE_RULES
from troth.flows.door.requests import Accepted
from troth.flows.door.system import System
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import Acted, activate
from troth.model.commands import AdjustStock, HoldCart
from troth.model.ids import CartHoldId, NodeId, Sku
from troth.model.inventory import SupplyKey, lot_source

RULES = {
    "safety_stock": [{"name": "two", "units": 2}],
    "buffers": [{"name": "web", "channels": ["web"], "units": 5}],
}


async def test_the_page_names_each_step_and_leads_to_the_orders_and_to_the_rule(
    client: httpx.AsyncClient, system: System
) -> None:
    accepted(await system.door.one(capture(lines={"A": 3}), actor="web"))
    assert isinstance(await save_draft(system, EXPOSURE_RULES, "everyday", RULES, actor="ann"), Saved)
    assert isinstance(await activate(system, EXPOSURE_RULES, "everyday", 1, reason="test", actor="ann"), Acted)

    everybody = (await client.get("/console/inventory/A/waterfall")).text
    web = (await client.get("/console/inventory/A/waterfall", params={"channel": "web"})).text
    at_node = (await client.get("/console/inventory/A/waterfall", params={"node": "DC-PA"})).text

    assert "15 of 20 may be sold now" in everybody
    assert "10 of 20 may be sold now" in web
    assert "15 of 20 may be sold now" in at_node
    assert 'href="/console/orders?sku=A&amp;reserving=1"' in web
    assert 'href="/console/orders?sku=A&amp;node=DC-PA&amp;reserving=1"' in at_node
    assert web.count('href="/console/exposure-rules/everyday"') == 2
    units = re.findall(r'<td class="num">−(\d+)</td>', web)
    assert units == ["3", "2", "5"]


async def test_the_page_tells_the_carts_that_keep_units(client: httpx.AsyncClient, system: System) -> None:
    nothing = (await client.get("/console/inventory/A/waterfall")).text
    held = await system.door.one(HoldCart(CartHoldId("C-keeps"), capture(lines={"A": 3}), 600), actor="web")
    assert isinstance(held, Accepted)

    page = (await client.get("/console/inventory/A/waterfall")).text
    elsewhere = (await client.get("/console/inventory/A/waterfall", params={"node": "ST-NYC"})).text

    assert "Kept for carts" not in nothing
    assert 'href="#carts-head"' in page
    assert re.search(r'C-keeps</td><td>web</td><td class="mono">DC-PA</td><td class="num">3</td>', page)
    assert "C-keeps" not in elsewhere


async def test_a_sku_or_node_that_is_not_there_has_no_page(client: httpx.AsyncClient) -> None:
    nothing = await client.get("/console/inventory/NONE/waterfall")
    nowhere = await client.get("/console/inventory/A/waterfall", params={"node": "NOWHERE"})

    assert (nothing.status_code, nowhere.status_code) == (404, 404)
    assert "There is no node NOWHERE." in nowhere.text


async def test_a_class_that_nobody_asks_for_is_told_as_a_sentence(client: httpx.AsyncClient) -> None:
    page = await client.get("/console/inventory/A/waterfall", params={"customer_class": "zzz"})

    assert page.status_code == 404
    assert "No rule of exposure in force asks for the customer class zzz." in page.text
    assert "nothing called" not in page.text


async def test_a_version_shows_what_it_would_hit_before_it_is_in_force(
    client: httpx.AsyncClient, system: System
) -> None:
    assert isinstance(await save_draft(system, EXPOSURE_RULES, "everyday", RULES, actor="ann"), Saved)

    version = (await client.get("/console/exposure-rules/everyday")).text
    web = (await client.get("/console/exposure-rules/everyday/preview", params={"version": "1", "channel": "web"})).text
    unknown = (await client.get("/console/exposure-rules/everyday/preview", params={"skus": "NONE"})).text
    missing = await client.get("/console/exposure-rules/everyday/preview", params={"version": "9"})

    assert "What would it hit?" in version
    assert re.findall(r"<dd>(\d+)</dd>", web) == ["40", "26"]  # two items, each less two and five
    assert "there is no item NONE" in unknown
    assert missing.status_code == 404


async def test_where_stock_is_listed_it_says_what_is_exposed_and_leads_to_why(
    client: httpx.AsyncClient, system: System
) -> None:
    assert isinstance(await save_draft(system, EXPOSURE_RULES, "everyday", RULES, actor="ann"), Saved)
    assert isinstance(await activate(system, EXPOSURE_RULES, "everyday", 1, reason="test", actor="ann"), Acted)

    pages = [(await client.get(f"/console/{path}")).text for path in ("inventory", "inventory/A", "items/A")]

    for page in pages:
        told = re.findall(
            r'href="/console/inventory/A/waterfall" title="What is kept back, and why">(?:<strong>)?(\d+)', page
        )
        assert told == ["18"]  # of twenty, less the two of safety stock; the buffer is of the channel web


async def test_a_sku_page_shows_what_each_node_holds_of_each_lot(client: httpx.AsyncClient, system: System) -> None:
    last = system.door.now().date() + timedelta(days=40)
    for lot, units, expires_on in (("L-1", 5, last), ("L-0", 2, date(2020, 1, 31))):
        key = SupplyKey(Sku("A"), NodeId("DC-PA"), lot_source(lot))
        await system.door.one(AdjustStock(key, units, "initial", expires_on=expires_on), actor="test")
    shown = (await client.get("/console/inventory/A")).text
    assert f"5 of L-1, good until {last}" in shown
    assert "2 of L-0, expired 2020-01-31" in shown
