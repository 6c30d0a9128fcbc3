"""The packages of a work in the console: labels are asked for, printed, and taken back."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.builders import Clock, accepted, capture, node, set_up
from tests.console.conftest import begin_session
from tests.shipping.printed import codes_of, pages_of
from troth.adapters.carriers.simulated import Behavior, Simulated
from troth.console.app import create_console
from troth.flows.door.system import System
from troth.http.records.bodies import BODIES
from troth.model.commands import DeliverWork, PackWork, ReleaseOrder, ShipWork
from troth.model.network import Address
from troth.model.order import Order
from troth.settings import Settings
from troth.store.labels import read_labels
from troth.store.orders import read_orders


@pytest.fixture
async def desk(system: System, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody of operations, whose parcels the simulated carrier takes."""
    sending = replace(system, carriers={"parcel": Simulated("parcel", Behavior(), system.pool, clock)})
    app = Starlette(routes=[Mount("/console", create_console(sending, Settings(), bodies=BODIES))])
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://console.test") as client:
        token = await begin_session(system, "maya", "operator")
        client.cookies.set("troth_session", token, domain="console.test", path="/console")
        yield client


async def packed(system: System) -> Order:
    order = accepted(await system.door.one(capture("W-1", {"A": 1}), actor="test"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    return accepted(await system.door.one(PackWork(order.fulfillments[0].fulfillment_id), actor="test"))


async def csrf_of(client: httpx.AsyncClient, page: str) -> str:
    csrf = re.search(r'name="csrf" (?:value|content)="(\w+)"', (await client.get(page)).text)
    assert csrf is not None
    return csrf[1]


async def post(client: httpx.AsyncClient, page: str, path: str, **fields: str) -> httpx.Response:
    return await client.post(path, data={"csrf": await csrf_of(client, page), **fields})


async def test_labels_are_asked_for_printed_and_taken_back(desk: httpx.AsyncClient, system: System) -> None:
    order = await packed(system)
    here = f"/console/fulfillments/{order.fulfillments[0].fulfillment_id}"
    page = f"{here}/packages"
    assert page in (await desk.get("/console/fulfillments?status=packed")).text

    asked = await post(desk, page, page, rate="parcel~standard")

    assert (asked.status_code, asked.headers["location"]) == (303, page)
    async with system.pool.acquire() as connection:
        after = (await read_orders(connection, [order.order_id]))[order.order_id]
    number = after.fulfillments[0].packages[0].tracking_number
    shown = (await desk.get(page)).text
    assert number in shown
    assert "Get labels" not in shown
    label = await desk.get(f"{here}/labels/{order.order_id}-L1")
    assert ("Code 128", number) in codes_of(label.content)
    assert "Blue Tent" in pages_of((await desk.get(f"{here}/packing-slip")).content)[0]

    void = await post(desk, page, f"{here}/void", label=f"{order.order_id}-L1", reason="too small")

    assert void.status_code == 303
    again = (await desk.get(page)).text
    assert "too small" in again
    assert "Get labels" in again
    assert "keeps the promise at least cost" in again
    dear = await post(desk, page, page, rate="parcel~express")
    assert (dear.status_code, "parcel standard is best" in dear.text) == (409, True)
    assert (await desk.get(f"{here}/labels/{order.order_id}-L1")).status_code == 404
    refused = await post(desk, page, page, rate="ups~ground", reason="r")
    assert (refused.status_code, "cannot be had here" in refused.text) == (409, True)


async def test_the_day_is_closed_for_a_carrier(desk: httpx.AsyncClient, system: System) -> None:
    order = await packed(system)
    page = f"/console/fulfillments/{order.fulfillments[0].fulfillment_id}/packages"
    await post(desk, page, page)
    assert "DC-PA" in (await desk.get("/console/manifests")).text

    closed = await post(desk, "/console/manifests", "/console/manifests", node="DC-PA", carrier="parcel")

    assert closed.status_code == 303
    name = closed.headers["location"].rpartition("=")[2]
    shown = (await desk.get(closed.headers["location"])).text
    assert name in shown
    assert "No parcel waits." in shown
    assert ("QR Code", name) in codes_of((await desk.get(f"/console/manifests/{name}")).content)


async def test_the_label_of_a_return_is_bought_once_by_a_button_and_printed(
    desk: httpx.AsyncClient, system: System
) -> None:
    at_home = Address("US", "Returns", "9 Dock Rd", city="Philadelphia", region="PA", postcode="19103")
    await set_up(system.pool, nodes=(node("DC-PA", address=at_home),), items=())
    await system.door.follow()
    order = await packed(system)
    work = order.fulfillments[0].fulfillment_id
    for step in (ShipWork(work), DeliverWork(work)):
        accepted(await system.door.one(step, actor="test"))
    opening = f"/console/orders/{order.order_id}/return"
    asked = {"units:1/A": "1", "reason:1/A": "too_small", "method": "mail", "node": "DC-PA", "key": "k"}
    opened = await post(desk, opening, opening, **asked)
    here = f"/console/returns/{order.order_id}-R1"
    assert opened.headers["location"] == f"{here}?done=open"
    assert "Get the label" in (await desk.get(here)).text

    dear = await post(desk, here, f"{here}/labels", rate="parcel~express")
    bought = [await desk.post(f"{here}/labels", data={"csrf": await csrf_of(desk, here)}) for _ in range(2)]
    shown = (await desk.get(f"{here}?done=label")).text
    async with system.pool.acquire() as connection:
        labels = (await read_labels(connection, [order.order_id]))[order.order_id]
    (label,) = [one for one in labels if one.subject == f"{order.order_id}-R1"]
    pdf = await desk.get(f"{here}/labels/{label.label_id}")
    zpl = await desk.get(f"{here}/labels/{label.label_id}?form=zpl")
    other = await desk.get(f"/console/returns/{order.order_id}-R1/labels/{order.order_id}-L9")

    assert dear.status_code == 409
    assert "reason" in dear.text.lower()
    assert [one.status_code for one in bought] == [303, 303]
    assert label.tracking_number in shown
    assert "Get the label" not in shown
    assert ("Code 128", label.tracking_number) in codes_of(pdf.content)
    assert (zpl.headers["content-type"], zpl.text.startswith("^XA")) == ("application/zpl", True)
    assert other.status_code == 404
