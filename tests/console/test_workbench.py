"""The pages of what needs a person: the list, one with its fixes, and many in one go."""

import re
from datetime import UTC, datetime, timedelta

import httpx

from tests.builders import accepted, capture, stock
from tests.console.conftest import csrf_in, post
from troth.flows.door.system import System
from troth.flows.exceptions.workbench import Filters, find_open
from troth.flows.people.access import Actor
from troth.flows.records.configure import Set
from troth.flows.stock.expect import expect
from troth.flows.stock.expect import read as read_purchase_order
from troth.model.commands import DeliverWork, ExpectedLine, LineQuantity, PickWork, PlaceHold, ReleaseOrder, ShipWork
from troth.model.hold_terms import HoldTerms
from troth.model.ids import LineId, NodeId, Sku, fulfillment_id
from troth.model.order import Order
from troth.model.status import OrderStatus, order_status
from troth.store.orders import read_orders


async def short_order(system: System, external_id: str = "W-1") -> Order:
    """An order of which nothing was found at its node, and that can be had nowhere else."""
    order = accepted(await system.door.one(capture(external_id, {"A": 20}), actor="web"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="web"))
    picked = PickWork(fulfillment_id(order.order_id, 1), (LineQuantity(LineId("1"), 0, "not_found"),))
    return accepted(await system.door.one(picked, actor="node"))


async def read(system: System, order: Order) -> Order:
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, [order.order_id]))[order.order_id]


async def test_the_list_shows_what_needs_a_person_and_leads_to_it(client: httpx.AsyncClient, system: System) -> None:
    order = await short_order(system)
    page = await client.get("/console/exceptions")
    assert page.status_code == 200
    assert "Short" in page.text
    assert f"/console/exceptions/line%3A{order.order_id}%3A1" in page.text
    assert "W-1" in (await client.get("/console/exceptions?kind=short")).text
    assert "Nothing of this needs a person." in (await client.get("/console/exceptions?kind=hold")).text
    assert "W-1" in (await client.get("/console/")).text


async def test_a_fix_is_one_click_and_leads_back_to_the_list(client: httpx.AsyncClient, system: System) -> None:
    order = await short_order(system)
    await stock(system, {("A", "DC-IL"): 30})
    path = f"/exceptions/line:{order.order_id}:1"
    page = await client.get(f"/console{path}")
    assert "Send it from elsewhere" in page.text
    assert "leaves 10 of A at DC-IL" in page.text
    fix_id = re.findall(r'name="fix_id" value="([^"]+)"', page.text)[0]

    stale = await post(client, path, f"{path}/fix", fix_id=fix_id, version="1")
    assert stale.status_code == 409
    assert order_status(await read(system, order)) is OrderStatus.EXCEPTION

    done = await post(client, path, f"{path}/fix", fix_id=fix_id, version=str(order.version))
    assert (done.status_code, done.headers["location"]) == (303, "/console/exceptions?fixed=re_source")
    assert order_status(await read(system, order)) is OrderStatus.PROMISED
    assert (await client.get(f"/console{path}")).status_code == 404


async def test_overdue_supply_is_expected_on_the_date_that_is_entered(
    client: httpx.AsyncClient, system: System
) -> None:
    due = system.door.now() - timedelta(days=1)
    lines = (ExpectedLine(1, NodeId("DC-PA"), Sku("A"), 5, due),)
    assert isinstance(await expect(system, "P-1", lines, actor=Actor("ann", frozenset({"inventory:write"}))), Set)
    path = "/exceptions/supply::A@DC-PA@po%252FP-1%252F1"
    listed = await client.get("/console/exceptions?kind=overdue_supply")
    page = await client.get(f"/console{path}")
    (fix_id,) = re.findall(r'name="fix_id" value="(reschedule-[^"]+)"', page.text)

    odd = await post(client, path, f"{path}/fix", fix_id=fix_id, version="1", expected_at="soon")
    done = await post(client, path, f"{path}/fix", fix_id=fix_id, version="1", expected_at="2027-01-05T09:00")

    assert "Supply is overdue" in listed.text
    assert "Expect it on another date" in page.text
    assert 'name="expected_at"' in page.text
    assert "date cannot be read" in odd.text
    assert (done.status_code, done.headers["location"]) == (303, "/console/exceptions?fixed=reschedule")
    found = await read_purchase_order(system, "P-1")
    assert found is not None
    assert [one.line.expected_at for one in found.value] == [datetime(2027, 1, 5, 9, tzinfo=UTC)]


async def test_what_is_said_of_it_is_kept_and_shown(client: httpx.AsyncClient, system: System) -> None:
    order = await short_order(system)
    path = f"/exceptions/line:{order.order_id}:1"
    said = await post(client, path, f"{path}/say", owner="maya", note="called the customer", snooze="4")
    assert said.status_code == 303
    page = (await client.get(f"/console{path}")).text
    assert "called the customer" in page
    assert 'value="maya"' in page
    assert "W-1" not in (await client.get("/console/exceptions")).text
    assert "W-1" in (await client.get("/console/exceptions?snoozed=1")).text


async def test_many_are_settled_after_a_look_at_what_it_would_do(client: httpx.AsyncClient, system: System) -> None:
    order = await short_order(system)
    form = {"fix": "wait", "kind": "", "node": "", "sku": "", "channel": "", "owner": "", "reason": "later"}
    csrf = csrf_in(await client.get("/console/exceptions"))
    preview = await client.post("/console/exceptions", data={**form, "csrf": csrf, "do": "preview"})
    assert "Would settle 1 of 1" in preview.text
    assert order_status(await read(system, order)) is OrderStatus.EXCEPTION
    done = await client.post("/console/exceptions", data={**form, "csrf": csrf, "do": "apply"})
    assert "Settled 1 of 1" in done.text
    assert order_status(await read(system, order)) is OrderStatus.BACKORDERED
    nothing = await client.post("/console/exceptions", data={**form, "csrf": csrf, "fix": "magic"})
    assert nothing.status_code == 409


async def test_only_who_may_lift_a_hold_finds_a_button_for_it(client: httpx.AsyncClient, system: System) -> None:
    order = accepted(await system.door.one(capture("W-2"), actor="web"))
    terms = HoldTerms(lift_roles=("planner",))
    accepted(await system.door.one(PlaceHold(order.order_id, "fraud", "odd", None, terms), actor="rules"))
    ((found, _risk),) = (await find_open(system, Filters())).items
    page = await client.get(f"/console/exceptions/{found.exception_id}")
    assert "Lift the hold" not in page.text
    assert "Cancel it" in page.text


async def test_returned_units_that_wait_lead_to_their_return_and_are_restocked_by_a_click(
    client: httpx.AsyncClient, system: System
) -> None:
    await stock(system, {("A", "DC-PA"): 2})
    order = accepted(await system.door.one(capture("W-9", {"A": 2}), actor="test"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    work = order.fulfillments[0].fulfillment_id
    for command in (ShipWork(work), DeliverWork(work)):
        order = accepted(await system.door.one(command, actor="test"))
    form = f"/orders/{order.order_id}/return"
    fields = {"units:1/A": "2", "reason:1/A": "other", "method": "in_store", "node": "ST-NYC"}
    await post(client, form, form, **fields)
    here = f"/returns/{order.order_id}-R1"
    await post(client, here, f"{here}/receive", **{"node": "ST-NYC", "units:1/A": "2"})

    listed = (await client.get("/console/exceptions?kind=return_waiting")).text
    other = (await client.get("/console/exceptions?kind=payment")).text
    name = f"return:{order.order_id}:{order.order_id}-R1@ST-NYC"
    shown = (await client.get(f"/console/exceptions/{name}")).text
    fix_id = re.findall(r'name="fix_id" value="(restock-[0-9a-f]+)"', shown)[0]
    version = re.findall(r'name="version" value="([0-9]+)"', shown)[0]
    done = await post(client, f"/exceptions/{name}", f"/exceptions/{name}/fix", version=version, fix_id=fix_id)

    assert "Return waits" in listed
    assert re.findall(r'<option value="([a-z_]+)">', listed) == ["restock", "outlet", "refurbish", "vendor", "destroy"]
    assert "Nothing of this needs a person." in other
    assert f'href="/console{here}"' in shown
    assert (done.status_code, done.headers["location"]) == (303, "/console/exceptions?fixed=restock")
    assert "Nothing needs a person." in (await client.get("/console/exceptions")).text
