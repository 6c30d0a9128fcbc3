"""Changing an order on its page: shown first, carried out once, and refused in words."""

import httpx

from tests.builders import accepted, capture, item, stock
from tests.console.conftest import post
from troth.flows.door.system import System
from troth.model.ids import OrderId
from troth.model.order import Order
from troth.store.orders import read_orders
from troth.store.reference import write_items

SAME = {"method": "ship", "service": ""}


async def _captured(system: System, external_id: str = "W-1") -> str:
    await stock(system, {("A", "DC-PA"): 20, ("B", "DC-PA"): 20})
    return accepted(await system.door.one(capture(external_id, {"A": 2, "B": 1}), actor="test")).order_id


async def _now(system: System, order_id: str) -> Order:
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, [OrderId(order_id)]))[OrderId(order_id)]


async def test_a_change_is_shown_and_then_carried_out(client: httpx.AsyncClient, system: System) -> None:
    name = await _captured(system)
    here = f"/orders/{name}/change"
    fields = SAME | {
        "quantity:1": "5", "quantity:2": "0", "sku:new": "A", "quantity:new": "1", "node:1": "DC-PA", "reason": "phone",
    }  # fmt: skip

    shown = await post(client, here, here, do="preview", version="1", **fields)
    assert shown.status_code == 200
    assert "Quantity of line 1" in shown.text
    assert (await _now(system, name)).version == 1

    done = await post(client, here, here, do="apply", version="1", **fields)
    assert (done.status_code, done.headers["location"]) == (303, f"/console/orders/{name}?done=change")
    order = await _now(system, name)
    assert [(line.line_id, line.sku, line.quantity - line.canceled_quantity) for line in order.lines] == [
        ("1", "A", 5),
        ("2", "B", 0),
        ("3", "A", 1),
    ]
    assert "Changed: quantity of line 1 from 2 to 5" in (await client.get(f"/console/orders/{name}")).text


async def test_what_cannot_be_is_said_in_words_and_the_form_keeps_what_was_typed(
    client: httpx.AsyncClient, system: System
) -> None:
    name = await _captured(system)
    here = f"/orders/{name}/change"
    for fields, words in (
        ({"quantity:1": "x"}, "The quantity of line 1 must be a whole number."),
        ({"need_by:1": "tomorrow"}, "The dates of line 1 must be times."),
        ({"sku:new": "NOTHING"}, "There is no item NOTHING"),
        ({"quantity:new": "2"}, "The new line needs an item."),
        ({"quantity:1": "900"}, "could be promised"),
        ({"node:1": "NOWHERE"}, "There is no node NOWHERE"),
        ({"ship_to:city": "Reno"}, "The address needs a country"),
        ({"method": "pickup"}, "is required for method pickup"),
        ({}, "Nothing in the form differs from the order."),
    ):
        refused = await post(client, here, here, do="apply", version="1", **(SAME | fields))
        assert refused.status_code == 409, fields
        assert words in refused.text, fields
        for value in fields.values():
            assert value in refused.text
    assert (await _now(system, name)).version == 1


async def test_a_change_of_an_order_that_somebody_else_changed_is_refused(
    client: httpx.AsyncClient, system: System
) -> None:
    name = await _captured(system)
    here = f"/orders/{name}/change"
    assert (await post(client, here, here, do="apply", version="1", **SAME, **{"quantity:1": "3"})).status_code == 303
    late = await post(client, here, here, do="apply", version="1", **SAME, **{"quantity:1": "4"})
    assert late.status_code == 409
    assert "changed by somebody else" in late.text


async def test_the_form_of_an_order_that_is_not_there_says_so(client: httpx.AsyncClient) -> None:
    assert (await client.get("/console/orders/O-NONE/change")).status_code == 404


async def test_a_line_that_is_sold_by_measure_is_shown_in_its_measure(
    client: httpx.AsyncClient, system: System
) -> None:
    async with system.pool.acquire() as connection, connection.transaction():
        await write_items(connection, (item("ROPE", decimals=2, unit="m"),), system.door.now())
    await stock(system, {("ROPE", "DC-PA"): 900})
    order = accepted(await system.door.one(capture("M-1", {"ROPE": 250}), actor="test"))
    shown = await client.get(f"/console/orders/{order.order_id}/change")
    assert shown.status_code == 200
    assert "<td>2.50</td>" in shown.text
