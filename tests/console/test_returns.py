"""Returns in the console: opened from an order, received, graded, credited and closed, and refused in words."""

from dataclasses import replace

import httpx

from tests.builders import NOW, accepted, capture, item, stock
from tests.console.conftest import HOSTILE, post
from troth.flows.door.system import System
from troth.model.commands import DeliverWork, ReleaseOrder, ShipWork
from troth.model.ids import LineId, OrderId, Sku
from troth.model.lifecycle import DispositionState, ReceptionState
from troth.model.order import Line, Order, Terms
from troth.model.returns import ReturnKind, ReturnMethod
from troth.store.orders import read_orders
from troth.store.reference import write_items


async def _delivered(system: System, *lines: Line) -> str:
    asked = capture("W-1", {"A": 3, "B": 1})
    order = accepted(await system.door.one(replace(asked, lines=lines) if lines else asked, actor="test"))
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
    assert "nother item needs its SKU" in no_sku.text
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


async def test_what_is_sold_by_measure_comes_back_in_its_measure(client: httpx.AsyncClient, system: System) -> None:
    async with system.pool.acquire() as connection, connection.transaction():
        await write_items(connection, (item("M", price_minor=400, unit="m", decimals=2),), NOW)
    await stock(system, {("M", "DC-PA"): 900})
    name = await _delivered(system, Line(LineId("1"), Sku("M"), 250, 400, terms=Terms(decimals=2)))
    here = f"/returns/{name}-R1"

    opened = await _open(client, name, **{"units:1/A": "", "units:1/M": "1.25", "reason:1/M": "other"})
    wrong = await post(client, here, f"{here}/receive", **{"node": "ST-NYC", "units:1/M": "1.255"})
    received = await post(client, here, f"{here}/receive", **{"node": "ST-NYC", "units:1/M": "1.25", "grade:1/M": "A"})

    assert (opened.status_code, wrong.status_code, received.status_code) == (303, 409, 303)
    (one,) = (await _now(system, name)).returns
    assert ([got.quantity for got in one.received], one.credited_minor) == ([125], 500)


async def test_a_return_is_quoted_before_it_is_opened_and_nothing_is_written(
    client: httpx.AsyncClient, system: System
) -> None:
    name = await _delivered(system)
    shown = await _open(client, name, method="mail", node="", do="preview")

    assert shown.status_code == 200
    assert "What it would be" in shown.text
    assert "$39.80" in shown.text
    assert (await _now(system, name)).returns == ()


async def test_an_exchange_is_opened_on_the_page_and_its_replacement_is_reserved(
    client: httpx.AsyncClient, system: System
) -> None:
    name = await _delivered(system)
    opened = await _open(client, name, **{"replace:1/A": "B", "replace_units:1/A": "1", "advance": "1"})

    assert opened.status_code == 303
    (one,) = (await _now(system, name)).returns
    assert one.exchange is not None
    assert one.exchange.is_advance
    replacement = await _now(system, one.exchange.order_id)
    assert [(line.sku, line.quantity) for line in replacement.lines] == [("B", 1)]
    assert replacement.external_id == "W-1-X1"


async def test_a_claim_of_which_nothing_comes_back_is_credited_with_the_amount_that_is_entered(
    client: httpx.AsyncClient, system: System
) -> None:
    name = await _delivered(system)
    fields = {"units:1/A": "1", "reason:1/A": "claim:damaged", "method": "none", "amount": "5.00"}
    mixed = await _open(client, name, **fields | {"units:2/B": "1", "reason:2/B": "other"})
    opened = await _open(client, name, **fields)

    assert "return and a claim are opened one after the other" in mixed.text
    assert opened.status_code == 303
    (one,) = (await _now(system, name)).returns
    assert (one.kind, one.method, one.credited_minor) == (ReturnKind.CLAIM, ReturnMethod.NONE, 500)


async def test_what_came_is_taken_in_once_unless_more_is_ticked(client: httpx.AsyncClient, system: System) -> None:
    name = await _delivered(system)
    await _open(client, name)
    here = f"/returns/{name}-R1"
    form = {"node": "ST-NYC", "units:1/A": "2", "grade:1/A": "A"}
    await post(client, here, f"{here}/receive", **form)
    again = await post(client, here, f"{here}/receive", **form | {"units:1/A": "1"})
    more = await post(client, here, f"{here}/receive", **form | {"units:1/A": "1", "more": "1"})

    assert (again.status_code, more.status_code) == (409, 303)
    assert "2 of A came before, and 0 are still to come" in again.text
    (one,) = (await _now(system, name)).returns
    assert sum(got.quantity for got in one.received) == 3


async def test_a_return_by_mail_has_a_slip_and_is_told_to_be_on_its_way(
    client: httpx.AsyncClient, system: System
) -> None:
    name = await _delivered(system)
    await _open(client, name, method="mail", node="")
    here = f"/returns/{name}-R1"
    shown = (await client.get(f"/console{here}")).text
    slip = await client.get(f"/console{here}/slip")
    sent = await post(client, here, f"{here}/send", carrier="UPS", tracking_number="1Z9")
    again = await post(client, here, f"{here}/send", carrier="UPS", tracking_number="1Z9")

    assert f"{here}/slip" in shown
    assert f"<h1>{name}-R1</h1>" in slip.text
    assert (sent.status_code, again.status_code) == (303, 409)
    (one,) = (await _now(system, name)).returns
    assert (one.state, one.tracking_number) == (ReceptionState.IN_TRANSIT, "1Z9")


async def test_a_return_in_a_store_has_no_slip(client: httpx.AsyncClient, system: System) -> None:
    name = await _delivered(system)
    await _open(client, name)
    assert (await client.get(f"/console/returns/{name}-R1/slip")).status_code == 404
