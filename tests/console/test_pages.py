"""Every page, empty and full, whatever names are in it."""

import html
import re
from dataclasses import replace

import httpx
import pytest

from tests.builders import Clock, accepted, capture, stock
from tests.conftest import Database
from tests.console.conftest import HOSTILE, begin_session
from troth.console.app import create_console
from troth.flows.door.system import System, open_system
from troth.model.charges import Charges, DeliveryCharge
from troth.model.commands import CancelOrder, LineQuantity, PickWork, PlaceHold, ReleaseOrder, ShipWork
from troth.model.events import ConfigurationSet
from troth.model.ids import LineId
from troth.model.network import Address
from troth.model.order import Customer, Method, Package, Payment
from troth.settings import Settings
from troth.store.events import append_event
from troth.store.subscriptions import create_subscription

LISTS = ("/", "/orders", "/customers", "/fulfillments", "/inventory", "/nodes", "/items", "/webhooks", "/audit")


@pytest.mark.parametrize("path", LISTS)
async def test_every_list_says_so_where_there_is_nothing(database: Database, path: str) -> None:
    async with open_system(database.dsn) as system:
        transport = httpx.ASGITransport(app=create_console(system, Settings()))
        async with httpx.AsyncClient(transport=transport, base_url="http://console.test") as client:
            client.cookies.set("troth_session", await begin_session(system, "root", "administrator"))
            shown = await client.get(path)
    assert shown.status_code == 200
    assert 'class="empty"' in shown.text


@pytest.mark.parametrize("path", LISTS)
async def test_every_list_names_itself_among_the_sections(client: httpx.AsyncClient, path: str) -> None:
    shown = await client.get(f"/console{path}")
    assert shown.status_code == 200
    assert f'href="/console{path}" aria-current="page"' in shown.text


@pytest.mark.parametrize(
    "path",
    ["/orders/O-NONE", "/inventory/NONE", "/inventory/A/at/NONE", "/nodes/NONE", "/items/NONE", "/webhooks/NONE"],
)
async def test_what_is_not_there_is_told_by_name(client: httpx.AsyncClient, path: str) -> None:
    shown = await client.get(f"/console{path}")
    assert shown.status_code == 404
    assert "NONE" in shown.text


async def test_an_address_without_a_page_is_a_plain_no(client: httpx.AsyncClient) -> None:
    assert (await client.get("/console/nowhere")).status_code == 404


async def test_hostile_names_stay_text_everywhere(client: httpx.AsyncClient, system: System) -> None:
    order = accepted(
        await system.door.one(
            capture(
                HOSTILE,
                {"A": 2, "B": 1},
                customer=Customer(HOSTILE, HOSTILE, HOSTILE, HOSTILE),
                ship_to=Address(
                    country="US", name=HOSTILE, line1=HOSTILE, city=HOSTILE, latitude=40.7, longitude=-74.0
                ),
                attributes={HOSTILE: HOSTILE},
                payments=(Payment(HOSTILE, HOSTILE, 100, HOSTILE),),
            ),
            actor=HOSTILE,
        )
    )
    work = order.fulfillments[0].fulfillment_id
    accepted(await system.door.one(PlaceHold(order.order_id, HOSTILE, HOSTILE), actor=HOSTILE))
    other = accepted(await system.door.one(capture("W-2", {"A": 1}), actor=HOSTILE))
    accepted(await system.door.one(ReleaseOrder(other.order_id), actor=HOSTILE))
    package = Package("1", carrier=HOSTILE, service=HOSTILE, tracking_number=HOSTILE)
    accepted(await system.door.one(ShipWork(other.fulfillments[0].fulfillment_id, (package,)), actor=HOSTILE))
    async with system.pool.acquire() as connection:
        event = ConfigurationSet("node", HOSTILE, {HOSTILE: HOSTILE}, before={HOSTILE: "x"})
        await append_event(connection, event, subject=f"node:{HOSTILE}", at=order.captured_at, actor=HOSTILE)
        await create_subscription(
            connection,
            subscription_id="W1",
            name=HOSTILE,
            url="https://hooks.example",
            secret="whsec_x",
            kinds=(),
            at=order.captured_at,
            after=(0, 0),
            batch_max=1,
        )
    for path in (
        *LISTS,
        f"/orders/{order.order_id}",
        f"/orders/{other.order_id}",
        "/orders?q=%3Cscript%3Ealert(%221%22)",
        "/inventory/B",
        "/inventory/A/at/DC-PA",
        "/items/B",
        "/nodes/DC-PA",
        "/webhooks/W1",
        "/orders/%3Cscript%3Ealert(%221%22)%3C%2Fscript%3E",
    ):
        shown = await client.get(f"/console{path}")
        assert shown.status_code in (200, 404), path
        assert "<script>alert" not in shown.text, path
    assert work.startswith(order.order_id)


async def test_orders_are_found_by_every_name_they_have(client: httpx.AsyncClient, system: System) -> None:
    order = accepted(await system.door.one(capture("W-1", {"A": 1}), actor="test"))
    other = Customer("C-2", "Bo Lind", "bo@example.com", "")
    accepted(await system.door.one(capture("X-9", {"B": 1}, customer=other), actor="test"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    package = Package("1", carrier="ground", tracking_number="TR_1%")
    accepted(await system.door.one(ShipWork(order.fulfillments[0].fulfillment_id, (package,)), actor="test"))
    for text in (order.order_id, order.order_id.lower(), "W-1", "W-", "C-1", "ADA@", "da par", "TR_1%", "A"):
        shown = (await client.get("/console/orders", params={"q": text})).text
        assert "W-1</a>" in shown, text
        assert "X-9</a>" not in shown, text
    for text in ("%", "_", "TR", "nobody"):
        assert "No order fits." in (await client.get("/console/orders", params={"q": text})).text, text


async def test_pages_walk_all_orders_once(client: httpx.AsyncClient, system: System, clock: Clock) -> None:
    await stock(system, {("A", "DC-IL"): 200})
    for number in range(105):
        clock.advance(seconds=number % 2)
        accepted(await system.door.one(capture(f"W-{number:03}"), actor="test"))
    path, seen = "/console/orders", []
    for _ in range(3):
        shown = (await client.get(path)).text
        seen += re.findall(r">(W-\d{3})</a>", shown)
        path = html.unescape(shown.partition('rel="next" href="')[2].partition('"')[0])
    assert path == ""
    assert sorted(seen) == [f"W-{number:03}" for number in range(105)]


async def test_filters_leave_what_fits_all_of_them(client: httpx.AsyncClient, system: System) -> None:
    accepted(await system.door.one(capture("W-1", {"A": 1}), actor="test"))
    accepted(await system.door.one(capture("W-2", {"B": 1}), actor="test"))
    held = accepted(await system.door.one(capture("W-3", {"B": 1}), actor="test"))
    accepted(await system.door.one(PlaceHold(held.order_id, "fraud", "odd"), actor="test"))
    wanted: dict[str, str] = {"status": "promised", "node": "DC-IL", "channel": "web", "sku": "B"}
    shown = (await client.get("/console/orders", params=wanted)).text
    assert re.findall(r">(W-\d)</a>", shown) == ["W-2"]
    assert "No order fits." in (await client.get("/console/orders", params=wanted | {"channel": "store"})).text


async def test_an_order_with_everything_shows_it(client: httpx.AsyncClient, system: System) -> None:
    order = accepted(await system.door.one(capture("W-1", {"A": 3, "B": 1}), actor="key/web-feed"))
    line = order.lines[0].line_id
    accepted(await system.door.one(CancelOrder(order.order_id, "changed mind", (LineQuantity(line, 1),)), actor="test"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="user/maya"))
    work = next(work for work in order.fulfillments if work.node == "DC-PA").fulfillment_id
    short = (LineQuantity(LineId("1"), 1, "not_found"),)
    accepted(await system.door.one(PickWork(work, short), actor="user/sam"))
    shown = (await client.get(f"/console/orders/{order.order_id}")).text
    assert "Captured from web as W-1, promised from" in shown
    assert "Canceled 1 of line 1: changed mind." in shown
    assert "was picked, but 1 of line 1 not found." in shown
    assert "Nobody can provide 1 of line 1: a person must decide." in shown
    assert "1 without a source" in shown
    assert "1 canceled" in shown
    assert "key web-feed" in shown
    assert "Every way to divide the lines over the nodes was priced" in shown
    assert 'to New York"' in shown


async def test_an_order_shows_what_is_taken_off_and_the_tax_of_each_line_and_of_its_delivery(
    client: httpx.AsyncClient, system: System
) -> None:
    asked = capture("W-1", {"A": 3})
    lines = tuple(replace(line, charges=Charges(3, discount_minor=300, tax_minor=450)) for line in asked.lines)
    plain = accepted(await system.door.one(capture("W-2"), actor="test"))
    order = accepted(
        await system.door.one(replace(asked, lines=lines, delivery_charge=DeliveryCharge(500, 40)), actor="test")
    )

    shown = (await client.get(f"/console/orders/{order.order_id}")).text
    other = (await client.get(f"/console/orders/{plain.order_id}")).text

    for text in ("−$3.00 discount", "$4.50 tax", ">Delivery</td>", "$0.40 tax", "$5.40"):
        assert text in shown
    assert not re.search(r"[0-9] (tax|discount)<", other)


async def test_why_an_order_is_sourced_so_is_told_node_by_node(client: httpx.AsyncClient, system: System) -> None:
    order = accepted(await system.door.one(capture("W-1", {"A": 1}), actor="test"))
    await system.door.follow()

    every = (await client.get(f"/console/orders/{order.order_id}/why")).text
    one = (await client.get(f"/console/orders/{order.order_id}/why?node=ST-NYC")).text
    none = (await client.get(f"/console/orders/{order.order_id}/why?node=NOWHERE")).text
    weighed = (await client.get(f"/console/orders/{order.order_id}/why?front=1")).text

    assert "Made again from what was recorded, it chose the same." in every
    assert every.count('<tr class="is-chosen">') == 1
    assert "has none of it" in one
    assert '<tr class="is-chosen">' not in one
    assert "There is no node NOWHERE." in none
    assert '<tr class="chosen">' not in every
    assert weighed.count('<tr class="chosen">') == 1


async def test_the_ledger_runs_from_what_is_there_back_to_nothing(client: httpx.AsyncClient, system: System) -> None:
    order = accepted(await system.door.one(capture("W-1", {"A": 3}), actor="test"))
    shown = (await client.get("/console/inventory/A/at/DC-PA")).text
    assert "Reserved" in shown
    assert f'href="/console/orders/{order.order_id}"' in shown
    assert shown.index("+3") < shown.index("+20")


async def test_a_sku_shows_its_stock_and_a_search_finds_it_by_name_and_gtin(client: httpx.AsyncClient) -> None:
    for text in ("A", "tent", "09520000000011"):
        assert 'href="/console/inventory/A"' in (await client.get("/console/inventory", params={"q": text})).text
    assert "No item fits." in (await client.get("/console/inventory", params={"q": "zzz"})).text
    assert "DC-PA" in (await client.get("/console/inventory/A")).text


async def test_the_count_of_new_orders_is_silent_until_there_is_one(
    client: httpx.AsyncClient, system: System, clock: Clock
) -> None:
    accepted(await system.door.one(capture("W-1"), actor="test"))
    page = (await client.get("/console/orders")).text
    path = page.partition('hx-get="/console/orders/newer')[2].partition('"')[0]
    assert "new order" not in (await client.get(f"/console/orders/newer{path}")).text
    clock.advance(minutes=1)
    accepted(await system.door.one(capture("W-2", method=Method.SHIP), actor="test"))
    assert "1 new order" in (await client.get(f"/console/orders/newer{path}")).text


async def test_a_row_is_as_the_order_is_now(client: httpx.AsyncClient, system: System) -> None:
    order = accepted(await system.door.one(capture("W-1"), actor="test"))
    accepted(await system.door.one(PlaceHold(order.order_id, "fraud", "odd"), actor="test"))
    row = await client.get(f"/console/orders/{order.order_id}/row")
    assert "On hold" in row.text
    assert row.text.strip().startswith("<tr")
    assert (await client.get("/console/orders/O-NONE/row")).status_code == 204


async def test_a_broken_cursor_is_the_first_page(client: httpx.AsyncClient, system: System) -> None:
    accepted(await system.door.one(capture("W-1"), actor="test"))
    for path in (
        "/orders?after=x",
        "/fulfillments?after=~",
        "/audit?before=1",
        "/nodes/DC-PA?after=x",
        "/orders?after=2026-11-23~O",
    ):
        assert (await client.get(f"/console{path}")).status_code == 200


async def test_the_login_page_is_not_shown_to_who_is_in(client: httpx.AsyncClient) -> None:
    assert (await client.get("/console/login")).headers["location"] == "/console/"
