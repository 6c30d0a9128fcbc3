"""Returns in the console: opened from an order, received, graded, credited and closed, and refused in words."""

import httpx

from tests.builders import accepted, capture
from tests.console.conftest import HOSTILE, post
from troth.flows.door.system import System
from troth.model.commands import DeliverWork, ReleaseOrder, ShipWork
from troth.model.ids import OrderId
from troth.model.lifecycle import DispositionState, ReceptionState
from troth.model.order import Order
from troth.store.orders import read_orders


async def _delivered(system: System) -> str:
    order = accepted(await system.door.one(capture("W-1", {"A": 3, "B": 1}), actor="test"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    for work in order.fulfillments:
        accepted(await system.door.one(ShipWork(work.fulfillment_id), actor="test"))
        accepted(await system.door.one(DeliverWork(work.fulfillment_id), actor="test"))
    return order.order_id


async def _now(system: System, order_id: str) -> Order:
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, [OrderId(order_id)]))[OrderId(order_id)]


async def _open(client: httpx.AsyncClient, name: str, **fields: str) -> httpx.Response:
    here = f"/orders/{name}/return"
    asked = {"units:1/A": "2", "reason:1/A": "too_small", "method": "in_store", "node": "ST-NYC"}
    return await post(client, here, here, **asked | fields)


async def test_a_return_is_opened_from_its_order_received_graded_credited_and_closed(
    client: httpx.AsyncClient, system: System
) -> None:
    name = await _delivered(system)
    assert "Take units back" in (await client.get(f"/console/orders/{name}")).text
    opened = await _open(client, name)
    here = f"/returns/{name}-R1"
    received = await post(client, here, f"{here}/receive", **{"node": "ST-NYC", "units:1": "2"})
    disposed = await post(client, here, f"{here}/dispose", number="1", quantity="1", grade="A", disposition="")
    credited = await post(client, here, f"{here}/refund", amount="", reason="")
    closed = await post(client, here, f"{here}/close", reason="done")

    assert (opened.status_code, opened.headers["location"]) == (303, f"/console{here}?done=open")
    assert [one.status_code for one in (received, disposed, credited, closed)] == [303] * 4
    (one,) = (await _now(system, name)).returns
    assert (one.state, one.credited_minor, one.opened_by) == (ReceptionState.CLOSED, 3980, "user/maya")
    assert [(got.quantity, got.grade, got.state) for got in one.received] == [
        (1, "", DispositionState.WAITING),
        (1, "A", DispositionState.RESTOCKED),
    ]
    shown = (await client.get(f"/console{here}")).text
    assert "Restocked" in shown
    assert "$39.80" in shown


async def test_what_cannot_be_done_is_refused_in_words_and_nothing_is_written(
    client: httpx.AsyncClient, system: System
) -> None:
    name = await _delivered(system)
    here = f"/returns/{name}-R1"
    too_many = await _open(client, name, **{"units:1/A": "9"})
    nothing = await _open(client, name, **{"units:1/A": ""})
    await _open(client, name)
    empty = await post(client, here, f"{here}/receive", node="ST-NYC")
    no_sku = await post(client, here, f"{here}/receive", **{"node": "ST-NYC", "units:other": "1"})
    no_money = await post(client, here, f"{here}/refund", amount="much", reason="")

    assert "3 units of A of line 1 may come back" in too_many.text
    assert "ay how many units of which line come back" in nothing.text
    assert "ay how many units of which line arrived" in empty.text
    assert "another item needs its SKU" in no_sku.text
    assert "The amount must be one of USD, and is much." in no_money.text
    assert [one.status_code for one in (too_many, nothing, empty, no_sku, no_money)] == [409] * 5
    (one,) = (await _now(system, name)).returns
    assert (one.state, one.received) == (ReceptionState.ANNOUNCED, ())


async def test_returns_are_listed_by_state_and_found_by_name_and_what_people_entered_is_no_markup(
    client: httpx.AsyncClient, system: System
) -> None:
    name = await _delivered(system)
    await _open(client, name, **{"units:2/B": "1", "reason:2/B": "other"})

    listed = (await client.get("/console/returns?state=announced")).text
    other = (await client.get("/console/returns?state=closed")).text
    found = (await client.get(f"/console/returns?q={name}-R1")).text
    one = (await client.get(f"/console/returns/{name}-R1")).text
    missing = await client.get(f"/console/returns/{name}-R7")

    assert f"/console/returns/{name}-R1" in listed
    assert f"/console/returns/{name}-R1" in found
    assert "No return fits." in other
    assert HOSTILE not in one
    assert "&lt;script&gt;" in one
    assert missing.status_code == 404
