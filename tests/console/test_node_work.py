"""The page of a node: its switch, how it does and what it sold; and pickups in the list of work."""

import html

import httpx

from tests.builders import Clock, accepted, capture, node, stock
from tests.console.conftest import HOSTILE, post
from troth.flows.door.system import System
from troth.flows.memory.node_work import learn_work
from troth.flows.orders.due import act_on_due
from troth.flows.records.configure import set_node
from troth.model.commands import ReleaseOrder, ShipWork, StageWork
from troth.model.ids import FulfillmentId, NodeId
from troth.model.node_link import NodeLink, Reach
from troth.model.order import Method
from troth.model.pickup import Arrival
from troth.model.pickup_moves import TellArrival
from troth.store.node_switches import read_node_switches


async def ready(system: System, name: str) -> FulfillmentId:
    asked = capture(name, method=Method.PICKUP, pickup_node=NodeId("ST-NYC"), ship_to=None)
    order = accepted(await system.door.one(asked, actor="web"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    work = order.fulfillments[0].fulfillment_id
    if order.fulfillments[0].via is not None:
        accepted(await system.door.one(ShipWork(work), actor="test"))
    accepted(await system.door.one(StageWork(work, "A3"), actor="test"))
    return work


async def test_a_node_is_switched_off_and_on_from_its_page(
    client: httpx.AsyncClient, system: System, clock: Clock
) -> None:
    page, action = "/nodes/DC-PA", "/nodes/DC-PA/switch"
    refused = await post(client, page, action, switch="off", reason=HOSTILE, hours="never")
    without = await post(client, page, action, switch="off", reason=" ")
    off = await post(client, page, action, switch="off", reason=HOSTILE, hours="2")
    shown = await client.get(f"/console{page}")
    async with system.pool.acquire() as connection:
        known = await read_node_switches(connection, clock())
    on = await post(client, page, action, switch="on")

    assert (refused.status_code, without.status_code, off.status_code, on.status_code) == (409, 409, 303, 303)
    assert list(known) == ["DC-PA"]
    assert "Switched off" in shown.text
    assert HOSTILE in html.unescape(shown.text)
    assert HOSTILE not in shown.text
    assert "Switched off" not in (await client.get(f"/console{page}")).text


async def test_a_node_shows_how_it_does_and_what_it_sold(client: httpx.AsyncClient, system: System) -> None:
    asked = capture("W-SOLD", attributes={"seller_node": "DC-PA", "seller": HOSTILE})
    order = accepted(await system.door.one(asked, actor="store"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    for work in order.fulfillments:
        accepted(await system.door.one(ShipWork(work.fulfillment_id), actor="dc"))
    await learn_work(system.pool, system.door.reference.network)

    shown = (await client.get("/console/nodes/DC-PA")).text

    assert "How it does" in shown
    assert "100.0 %" in shown
    assert "Sold here" in shown
    assert HOSTILE not in shown


async def test_who_waits_at_the_curb_and_what_nobody_came_for_is_in_the_list_of_work(
    client: httpx.AsyncClient, system: System, clock: Clock
) -> None:
    await stock(system, {("A", "ST-NYC"): 5})
    work = await ready(system, "W-CURB")
    accepted(await system.door.one(TellArrival(work, Arrival.HERE, bay="4", vehicle=HOSTILE), actor="customer"))
    waits = (await client.get("/console/fulfillments?status=ready")).text
    other = await ready(system, "W-NEVER")
    clock.advance(days=9)
    await act_on_due(system, clock(), limit=100)
    over = await client.get("/console/fulfillments?status=uncollected")
    put_back = await post(client, "/fulfillments", f"/fulfillments/{other}", step="put-back")

    assert "customer waits in bay 4" in waits
    assert HOSTILE not in waits
    assert other in over.text
    assert put_back.status_code == 303
    assert other not in (await client.get("/console/fulfillments?status=uncollected")).text


async def test_a_node_with_a_system_of_its_own_is_tried_from_its_page(
    client: httpx.AsyncClient, system: System
) -> None:
    await set_node(system, node("3PL-1", link=NodeLink(Reach.WEBHOOK, contact=HOSTILE)), actor="test")
    page = "/nodes/3PL-1"
    before = (await client.get(f"/console{page}")).text
    sent = await post(client, page, f"{page}/test")
    shown = (await client.get(f"/console{page}")).text
    refused = await post(client, page, "/nodes/DC-PA/test")

    assert "Nothing was told yet." in before
    assert "it has no webhook" in before
    assert (sent.status_code, refused.status_code) == (303, 409)
    assert "TEST-1" in shown
    assert "how this node is reached" in refused.text
