"""Labels in the store app: asked for where the packages lie, printed there, and taken back."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.builders import Clock, accepted
from tests.shipping.printed import codes_of, pages_of
from tests.storefloor.conftest import STORE, log_in
from tests.storefloor.working import ordered, read_order, send, state, work_of
from troth.adapters.carriers.simulated import Behavior, Simulated
from troth.engine.carriage.rate_cards import STANDARD
from troth.flows.door.system import System
from troth.model.commands import PackWork
from troth.model.lifecycle import AllocationState
from troth.model.order import Order
from troth.settings import Settings
from troth.storefloor.app import create_store


@pytest.fixture
async def shop(system: System, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody of the store, whose parcels the simulated carrier takes."""
    sending = replace(system, carriers={STANDARD.carrier: Simulated("parcel", Behavior(), system.pool, clock)})
    app = Starlette(routes=[Mount("/store", create_store(sending, Settings()))])
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://store.test") as client:
        await log_in(client, system, "ana")
        yield client


async def packed(system: System, name: str) -> Order:
    order = await ordered(system, name, {"TENT": 1}, ship=True)
    assert order.fulfillments[0].node == STORE
    return accepted(await system.door.one(PackWork(work_of(order)), actor="key/node"))


async def test_a_label_is_asked_for_printed_and_goes_with_the_parcel(shop: httpx.AsyncClient, system: System) -> None:
    order = await packed(system, "S-1")
    here = f"/store/at/{STORE}/work/{work_of(order)}"
    assert "Get labels" in (await shop.get(here)).text

    asked = await send(shop, f"/work/{work_of(order)}/labels", script=None)

    assert (asked.status_code, asked.headers["location"]) == (303, here)
    number = (await read_order(system, order)).fulfillments[0].packages[0].tracking_number
    shown = (await shop.get(here)).text
    assert number.startswith("SP")
    assert "missing labels" not in shown
    assert shown.count(number) == 2  # beside the package, and in the form of the shipment
    label = await shop.get(f"/store/at/{STORE}/labels/{order.order_id}-L1")
    assert ("Code 128", number) in codes_of(label.content)
    zpl = await shop.get(f"/store/at/{STORE}/labels/{order.order_id}-L1?form=zpl")
    assert f"^FD{number}^FS" in zpl.text
    slip = await shop.get(f"{here}/packing-slip")
    assert "Blue Tent" in pages_of(slip.content)[0]
    listed = (await shop.get(f"/store/at/{STORE}/list")).text
    assert number in listed
    await send(shop, f"/work/{work_of(order)}", step="ship", carrier="parcel", tracking_number=number)
    after = await read_order(system, order)
    assert (state(after), after.fulfillments[0].packages[0].tracking_number) == (AllocationState.SHIPPED, number)


async def test_a_label_is_taken_back_and_what_is_not_possible_is_said(shop: httpx.AsyncClient, system: System) -> None:
    order = await packed(system, "S-2")
    path = f"/work/{work_of(order)}"
    await send(shop, f"{path}/labels", script=None)

    void = await send(shop, f"{path}/void", script=None, label=f"{order.order_id}-L1", reason="too small")

    assert void.status_code == 303
    assert (await read_order(system, order)).fulfillments[0].packages[0].tracking_number == ""
    assert (await shop.get(f"/store/at/{STORE}/labels/{order.order_id}-L1")).status_code == 404
    unpacked = await ordered(system, "S-3", {"MUG": 1}, ship=True)
    refused = await send(shop, f"/work/{work_of(unpacked)}/labels", script=None)
    assert (refused.status_code, "Label is not possible" in refused.text) == (409, True)
    elsewhere = await shop.get(f"/store/at/DC-PA/labels/{order.order_id}-L1")
    assert elsewhere.status_code == 404


async def test_a_pick_list_is_printed_for_a_walk(shop: httpx.AsyncClient, system: System) -> None:
    order = await ordered(system, "S-4", {"MUG": 2})
    shown = (await shop.get(f"/store/at/{STORE}/work/{work_of(order)}")).text
    assert f"/store/at/{STORE}/pick-list?work={work_of(order)}" in shown

    content = (await shop.get(f"/store/at/{STORE}/pick-list?work={work_of(order)}")).content

    (text,) = pages_of(content)
    assert "Steel Mug" in text
    assert "A-10" in text


async def test_the_day_is_closed_from_the_handover_list(shop: httpx.AsyncClient, system: System) -> None:
    order = await packed(system, "S-5")
    await send(shop, f"/work/{work_of(order)}/labels", script=None)
    assert "Close the day for parcel (1 parcel)" in (await shop.get(f"/store/at/{STORE}/list")).text

    closed = await send(shop, "/manifests", script=None, carrier="parcel")

    name = closed.headers["location"].rpartition("/")[2]
    assert (closed.status_code, name.startswith(f"{STORE}.parcel.")) == (303, True)
    assert ("QR Code", name) in codes_of((await shop.get(closed.headers["location"])).content)
    listed = (await shop.get(f"/store/at/{STORE}/list")).text
    assert name in listed
    assert "Close the day" not in listed
    again = await send(shop, "/manifests", script=None, carrier="parcel")
    told = (await shop.get(again.headers["location"])).text
    assert "no parcel waits for a manifest" in told
