"""What the page says of goods that wait for their customer: what is due, until when, and where in a locker."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from tests.builders import Clock, accepted, node, set_up
from tests.tracking.conftest import captured, path_of, released
from troth.flows.door.system import System
from troth.model.commands import CollectWork, StageWork
from troth.model.ids import NodeId
from troth.model.locker import CompartmentSize, Locker
from troth.model.network import NodeType
from troth.model.order import Method, Payment
from troth.model.payment import COUNTER, PENDING
from troth.model.pickup import PaidAtCounter


@pytest.mark.parametrize(
    ("language", "due", "kept"),
    [
        ("en", "To pay when you pick it up: $19.90", "It is kept for you until Wednesday, November 25, 10:00"),
        ("es", "A pagar al recogerlo: 19,90", "Se le guarda hasta el miércoles 25 de noviembre, 10:00"),
    ],
)
async def test_a_pickup_says_what_is_to_be_paid_for_it_and_until_when_it_waits(
    system: System, client: httpx.AsyncClient, language: str, due: str, kept: str
) -> None:
    reserved = (Payment(COUNTER, "", 1990, PENDING),)
    order = await released(system, method=Method.PICKUP, pickup_node=NodeId("ST-NYC"), ship_to=None, payments=reserved)
    path, name = f"{await path_of(system, order)}?lang={language}", order.fulfillments[0].fulfillment_id
    before = (await client.get(path)).text
    accepted(await system.door.one(StageWork(name, "A3"), actor="node"))
    ready = (await client.get(path)).text
    paid = PaidAtCounter(1990, "USD", "cash")
    accepted(await system.door.one(CollectWork(name, paid=paid), actor="node"))
    done = (await client.get(path)).text

    assert [due in page for page in (before, ready, done)] == [True, True, False]
    assert [kept in page.replace("\u202f", " ") for page in (before, ready, done)] == [False, True, False]


async def test_who_picks_up_is_shown_no_address_and_asked_for_none(system: System, client: httpx.AsyncClient) -> None:
    order = await captured(system, method=Method.PICKUP, pickup_node=NodeId("ST-NYC"))
    page = (await client.get(await path_of(system, order))).text

    assert order.ship_to is not None
    assert [word in page for word in ("Pick up at Fifth Avenue", "Cancel the whole order")] == [True, True]
    assert [word in page for word in ("To A. P.", "Send it to another address")] == [False, False]


async def test_a_pickup_is_not_called_late_while_its_customer_may_still_change_it(
    system: System, client: httpx.AsyncClient, clock: Clock
) -> None:
    order = await captured(system, method=Method.PICKUP, pickup_node=NodeId("ST-NYC"), ship_to=None)
    path = await path_of(system, order)
    clock.now = order.release_at - timedelta(minutes=1)
    before = (await client.get(path)).text
    clock.advance(minutes=20)
    after = (await client.get(path)).text

    assert ["later than planned" in page for page in (before, after)] == [False, True]


async def test_what_lies_in_a_locker_says_in_which_compartment_and_by_which_code(
    system: System, client: httpx.AsyncClient
) -> None:
    small = CompartmentSize("S", (350, 450, 120), 10_000, (7,))
    locker = Locker(NodeId("ST-NYC"), (small,), keep_hours=48.0)
    bank = replace(node("LK-NYC", pickup=True), type=NodeType.LOCKER, name="Locker at Fifth Avenue", locker=locker)
    await set_up(system.pool, nodes=(bank,), items=())
    await system.door.follow()
    order = await released(system, method=Method.PICKUP, pickup_node=NodeId("LK-NYC"), ship_to=None)
    name = order.fulfillments[0].fulfillment_id
    accepted(await system.door.one(StageWork(name, "7"), actor="node"))
    page = (await client.get(await path_of(system, order))).text

    assert "Pick up at Locker at Fifth Avenue" in page
    assert "Enter this code at the locker:" in page
    assert "It lies in compartment 7. It is kept for you until Wednesday, November 25" in page
