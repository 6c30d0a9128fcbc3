"""A vendor who ships direct signs in: sees and does the work of its own node, tells what it has, and nothing else."""

import re
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.flows.feeding import taken_in
from tests.storefloor.conftest import STORE, log_in
from tests.storefloor.working import picked, read_order
from troth.flows.door.system import System
from troth.flows.people.access import Actor
from troth.flows.people.users import ROLES
from troth.http.app import OPERATIONS
from troth.model.commands import ReleaseOrder
from troth.model.ids import NodeId
from troth.model.network import NodeType
from troth.model.order import Order
from troth.model.status import fulfillment_status
from troth.store.balances import find_balances

VENDOR = "V-ACME"
HERE = f"/store/at/{VENDOR}"

PAGES = {
    ("GET", "/"): True,
    ("GET", "/where"): True,
    ("POST", "/logout"): True,
    ("GET", "/at/{node}"): True,
    ("GET", "/at/{node}/events"): True,
    ("GET", "/at/{node}/walk"): True,
    ("POST", "/at/{node}/walk"): True,
    ("GET", "/at/{node}/work/{fulfillment_id}"): True,
    ("POST", "/at/{node}/work/{fulfillment_id}"): True,
    ("POST", "/at/{node}/work/{fulfillment_id}/labels"): True,
    ("POST", "/at/{node}/work/{fulfillment_id}/void"): True,
    ("GET", "/at/{node}/work/{fulfillment_id}/packing-slip"): True,
    ("GET", "/at/{node}/labels/{label_id}"): True,
    ("POST", "/at/{node}/manifests"): True,
    ("GET", "/at/{node}/manifests/{manifest_id}"): True,
    ("GET", "/at/{node}/pick-list"): True,
    ("GET", "/at/{node}/handover"): True,
    ("GET", "/at/{node}/list"): True,
    ("GET", "/at/{node}/counts"): False,
    ("POST", "/at/{node}/counts"): False,
    ("GET", "/at/{node}/code"): False,
    ("POST", "/at/{node}/places"): False,
    ("GET", "/at/{node}/sell"): False,
    ("POST", "/at/{node}/sell"): False,
    ("GET", "/at/{node}/sent"): True,
    ("GET", "/at/{node}/stock"): True,
    ("POST", "/at/{node}/stock"): True,
    ("POST", "/at/{node}/stock/item"): True,
    ("GET", "/at/{node}/stock.csv"): True,
    ("GET", "/at/{node}/switch"): True,
    ("POST", "/at/{node}/switch"): True,
}
"""Every page and form of the app, and whether a vendor has it; at another node they have none."""


@pytest.fixture
async def vendor(stranger: httpx.AsyncClient, system: System) -> httpx.AsyncClient:
    """Somebody of a vendor whose feed is due every six hours."""
    nodes = (node(VENDOR, type=NodeType.DROP_SHIP, latitude=40.7, longitude=-74.0, feed_due_every_hours=6),)
    await set_up(system.pool, nodes=nodes, items=(item("LAMP", name="Desk Lamp"), item("RUG", name="Wool Rug")))
    await system.door.follow()
    await stock(system, {("RUG", "ST-BK"): 4})
    await taken_in(system, f"sku,node,on_hand\nLAMP,{VENDOR},9\n")
    await system.door.follow()
    await log_in(stranger, system, "vera", role="vendor", nodes=(VENDOR,))
    return stranger


async def of_vendor(system: System, name: str, units: int = 1) -> Order:
    """An order that was released to the vendor."""
    order = accepted(await system.door.one(capture(name, {"LAMP": units}), actor="key/web"))
    return accepted(await system.door.one(ReleaseOrder(order.order_id), actor="clock"))


async def form_of(client: httpx.AsyncClient, path: str = "/stock") -> dict[str, str]:
    """What the forms of a page bring back."""
    page = (await client.get(f"{HERE}{path}")).text
    found = {name: re.search(rf'name="{name}" value="([^"]+)"', page) for name in ("csrf", "key")}
    return {name: one[1] for name, one in found.items() if one is not None}


async def on_hand(system: System) -> dict[str, int]:
    async with system.pool.acquire() as connection:
        return {one.key.sku: one.on_hand for one in await find_balances(connection, node=VENDOR, limit=20)}


def routes(app: Starlette) -> set[tuple[str, str]]:
    (mount,) = app.routes
    assert isinstance(mount, Mount)
    return {
        (method, route.path)
        for route in mount.routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }


def test_every_page_is_in_the_table(app: Starlette) -> None:
    free = {("GET", "/login"), ("POST", "/login"), ("GET", "/manifest.webmanifest"), ("GET", "/worker.js")}
    assert routes(app) - free == set(PAGES)


async def test_a_vendor_has_only_the_pages_of_its_own_work(vendor: httpx.AsyncClient) -> None:
    csrf = (await form_of(vendor))["csrf"]

    async def ask(method: str, path: str, name: str) -> int:
        filled = path.replace("{node}", name).replace("{fulfillment_id}", "O-1-F1")
        filled = filled.replace("{label_id}", "L-1").replace("{manifest_id}", "M-1")
        data = {"csrf": csrf} if method == "POST" else None
        return (await vendor.request(method, f"/store{filled}", data=data)).status_code

    # The live stream goes on until somebody leaves; the pages that open it are guarded alike.
    asked = [page for page in PAGES if "{node}" in page[1] and not page[1].endswith("/events")]
    own = {page: await ask(*page, VENDOR) for page in asked}
    other = {page: await ask(*page, STORE) for page in asked}

    assert {page: status != 403 for page, status in own.items()} == {page: PAGES[page] for page in asked}
    assert [page for page, status in own.items() if status >= 500] == []
    assert other == {page: 404 if PAGES[page] else 403 for page in asked}


def test_of_the_api_a_vendor_may_report_work_and_send_feeds_and_nothing_else() -> None:
    vendor = Actor("key/acme", ROLES["vendor"], frozenset({VENDOR}))
    scopes = {one.scope for one in OPERATIONS if one.scope is not None and vendor.may(one.scope)}
    assert scopes == {"fulfillments:read", "fulfillments:write", "feeds:read", "feeds:write"}


async def test_a_vendor_takes_on_its_release_and_sends_it_with_a_tracking_number(
    vendor: httpx.AsyncClient, system: System
) -> None:
    order = await of_vendor(system, "W-1", 2)
    work = order.fulfillments[0].fulfillment_id
    tasks = (await vendor.get("/store/", follow_redirects=True)).text
    forms = await form_of(vendor, f"/work/{work}")
    for number, (step, more) in enumerate(
        (
            ("accept", {}),
            ("pack", {"packing": "one", "weight_kg": "1.2"}),
            ("ship", {"carrier": "ups", "tracking_number": "1Z999AA10123456784"}),
        )
    ):
        if step == "pack":
            walked = {**forms, "key": "w", "work": work, picked(order, "1"): "2"}
            assert (await vendor.post(f"{HERE}/walk", data=walked)).status_code == 303
        data = {**forms, "key": f"{forms['key']}-{number}", "step": step, **more}
        answer = await vendor.post(f"{HERE}/work/{work}", data=data)
        assert answer.status_code == 303, answer.text
    sent = (await vendor.get(f"{HERE}/sent")).text

    assert "W-1" in tasks
    assert fulfillment_status(await read_order(system, order), work) == "shipped"
    assert "1Z999AA10123456784" in sent
    assert "Nothing was sent yet" not in sent


async def test_a_file_says_what_a_vendor_has_and_its_bad_rows_are_listed_with_why(
    vendor: httpx.AsyncClient, system: System, clock: Clock
) -> None:
    clock.advance(hours=7)
    late = (await vendor.get(f"{HERE}/stock")).text
    forms = await form_of(vendor)
    text = b"\xef\xbb\xbfsku;on_hand\r\nLAMP;12\r\nLAMB;3\r\nRUG;many"
    sent = await vendor.post(f"{HERE}/stock", data=forms, files={"file": ("stock.csv", text, "text/csv")})
    again = await vendor.post(f"{HERE}/stock", data=forms, files={"file": ("stock.csv", text, "text/csv")})
    none = await vendor.post(f"{HERE}/stock", data={**forms, "key": "none"})
    odd = await vendor.post(
        f"{HERE}/stock", data={**forms, "key": "odd"}, files={"file": ("x.csv", b"item,units\nLAMP,1\n", "text/csv")}
    )

    assert "so nothing of it is sold until the next one" in late
    assert "so nothing of it is sold" not in sent.text
    assert "1 of 3 rows were taken in, 1 counts changed" in sent.text
    assert "there is no item LAMB" in sent.text
    assert "RUG;many" in sent.text
    assert "This was sent before" in again.text
    assert (sent.status_code, again.status_code, none.status_code, odd.status_code) == (200, 200, 409, 409)
    assert "has no column sku, on_hand; it has item, units" in odd.text
    assert await on_hand(system) == {"LAMP": 12}


async def test_a_file_with_everything_empties_what_it_does_not_name_and_counts_what_left_since(
    vendor: httpx.AsyncClient, system: System, clock: Clock
) -> None:
    forms = await form_of(vendor)
    both = {"file": ("s.csv", b"sku,on_hand\nLAMP,9\nRUG,5\n", "text/csv")}
    first = await vendor.post(f"{HERE}/stock", data=forms, files=both)
    clock.advance(hours=1)
    known = await vendor.get(f"{HERE}/stock.csv")
    whole = {"file": ("s.csv", b"sku,on_hand\nLAMP,8\n", "text/csv")}
    after = await vendor.post(f"{HERE}/stock", data={**forms, "key": "2", "all": "yes", "minutes": "10"}, files=whole)

    assert first.status_code == after.status_code == 200
    assert known.text.splitlines() == ["sku,name,on_hand", "LAMP,Desk Lamp,9", "RUG,Wool Rug,5"]
    assert "1 that were not named are 0 now" in after.text
    assert await on_hand(system) == {"LAMP": 8, "RUG": 0}


async def test_one_item_is_set_by_hand_and_a_row_of_another_node_is_refused(
    vendor: httpx.AsyncClient, system: System
) -> None:
    forms = await form_of(vendor)
    one = await vendor.post(f"{HERE}/stock/item", data={**forms, "sku": "RUG", "on_hand": "7"})
    foreign = {"file": ("s.csv", b"sku,node,on_hand\nRUG,ST-BK,0\n", "text/csv")}
    other = await vendor.post(f"{HERE}/stock", data={**forms, "key": "other"}, files=foreign)
    async with system.pool.acquire() as connection:
        (theirs,) = await find_balances(connection, skus=["RUG"], node="ST-BK", limit=2)

    assert "1 of 1 rows were taken in" in one.text
    assert "0 of 1 rows were taken in" in other.text
    assert (await on_hand(system), theirs.on_hand) == ({"LAMP": 9, "RUG": 7}, 4)


async def test_what_a_vendor_sends_is_sold_at_once_and_its_links_lead_nowhere_else(
    vendor: httpx.AsyncClient, system: System
) -> None:
    forms = await form_of(vendor)
    await vendor.post(f"{HERE}/stock/item", data={**forms, "sku": "RUG", "on_hand": "7"})
    page = (await vendor.get(f"{HERE}/stock")).text
    order = accepted(await system.door.one(capture("W-2", {"RUG": 7}), actor="key/web"))

    assert order.fulfillments[0].node == NodeId(VENDOR)
    assert re.findall(r'<li><a href="/store(/at/[^"]+)"', page) == [
        f"/at/{VENDOR}", f"/at/{VENDOR}/sent", f"/at/{VENDOR}/stock"
    ]  # fmt: skip
    assert system.door.now() - order.captured_at < timedelta(seconds=1)
