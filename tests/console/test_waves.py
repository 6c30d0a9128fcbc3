"""The page of waves, and recalls on the page of work."""

import html
from typing import Any

import httpx

from tests.builders import Clock, accepted, capture
from tests.console.conftest import HOSTILE, begin_session, post
from troth.flows.documents.families import RELEASE_RULES
from troth.flows.door.system import System
from troth.flows.orders.due import act_on_due
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import activate
from troth.model.commands import PickWork, RecallWork, ReleaseOrder
from troth.model.order import Order
from troth.model.recall import RecallKind
from troth.store.orders import read_orders

FIRST = "parcels~DC-PA~20261123T1600Z"


async def planned(system: System, clock: Clock) -> Order:
    """An order that is planned into the first wave."""
    rules: dict[str, Any] = {"waves": [{"name": "parcels", "times": ["11:00:00", "13:00:00"], "orders_max": 5}]}
    saved = await save_draft(system, RELEASE_RULES, "everyday", rules, actor="test")
    assert isinstance(saved, Saved)
    await activate(system, RELEASE_RULES, "everyday", 1, reason="test", actor="test")
    order = accepted(await system.door.one(capture("W-1", {"A": 2}), actor="test"))
    clock.advance(minutes=31)
    assert await act_on_due(system, system.door.now(), limit=10) == 1
    return order


async def stored(system: System, order: Order) -> Order:
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, [order.order_id]))[order.order_id]


async def test_the_page_shows_what_each_wave_will_hold(client: httpx.AsyncClient, system: System, clock: Clock) -> None:
    empty = await client.get("/console/waves")
    await planned(system, clock)
    shown = html.unescape((await client.get("/console/waves?node=DC-PA")).text)
    elsewhere = await client.get("/console/waves?node=NOWHERE")

    assert "No wave comes." in empty.text
    assert f'action="/console/waves/{FIRST}?node=DC-PA"' in shown
    assert "5 works" in shown
    assert ("Run now" in shown, "parcels" in elsewhere.text) == (True, False)
    assert 'href="/console/waves"' in (await client.get("/console/fulfillments")).text


async def test_a_wave_is_held_and_run_from_the_page(client: httpx.AsyncClient, system: System, clock: Clock) -> None:
    order = await planned(system, clock)
    held = await post(client, "/waves", f"/waves/{FIRST}", act="hold", reason=HOSTILE)
    shown = await client.get("/console/waves")
    refused = await post(client, "/waves", f"/waves/{FIRST}", act="release", reason="now")
    await post(client, "/waves", f"/waves/{FIRST}", act="resume", reason="it runs")
    run = await post(client, "/waves", f"/waves/{FIRST}", act="release", reason="they are idle")

    assert (held.status_code, held.headers["location"]) == (303, f"/console/waves?done={FIRST.replace('~', '~')}")
    assert "<script>alert" not in shown.text
    assert (refused.status_code, run.status_code) == (409, 303)
    assert {part.state.value for part in (await stored(system, order)).allocations} == {"released"}


async def test_a_wave_is_not_changed_without_a_reason_or_by_whom_may_only_read(
    client: httpx.AsyncClient, system: System, clock: Clock
) -> None:
    await planned(system, clock)
    blank = await post(client, "/waves", f"/waves/{FIRST}", act="hold", reason=" ")
    odd = await post(client, "/waves", f"/waves/{FIRST}", act="burn", reason="r")
    token = await begin_session(system, "pat", "planner")
    client.cookies.set("troth_session", token, domain="console.test", path="/console")
    reading = await client.get("/console/waves")

    assert (blank.status_code, odd.status_code) == (409, 409)
    assert (reading.status_code, "Run now" in reading.text) == (200, False)
    assert await system.pool.fetchval("SELECT count(*) FROM waves") == 0


async def test_a_recall_is_answered_from_the_page_of_work(client: httpx.AsyncClient, system: System) -> None:
    order = accepted(await system.door.one(capture("W-1", {"A": 2}), actor="test"))
    work = order.fulfillments[0].fulfillment_id
    for command in (ReleaseOrder(order.order_id), PickWork(work), RecallWork(work, RecallKind.CANCEL, HOSTILE)):
        accepted(await system.door.one(command, actor="test"))

    shown = await client.get("/console/fulfillments")
    given = await post(client, "/fulfillments", f"/fulfillments/{work}", step="accept-recall", key="k-1")

    assert "asked back" in shown.text
    assert "<script>alert" not in shown.text
    assert given.status_code == 303
    (recall,) = (await stored(system, order)).recalls
    assert (recall.state.value, recall.answer) == ("given_back", "given back in the console")
