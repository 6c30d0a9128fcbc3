"""An operator opens claims against carriers in the console, and says what came of them."""

import re

import httpx

from tests.builders import Clock, accepted, capture
from tests.console.conftest import post
from troth.flows.door.system import System
from troth.model.commands import RecordTracking, ReleaseOrder, ShipWork
from troth.model.order import Package


async def lost(system: System, clock: Clock) -> str:
    """The tracking number of a parcel that its carrier lost."""
    order = accepted(await system.door.one(capture("W-1", {"A": 2}), actor="web"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="ann"))
    name, parcel = order.fulfillments[0].fulfillment_id, Package("1", carrier="UPS", tracking_number="1Z-<9>")
    accepted(await system.door.one(ShipWork(name, (parcel,)), actor="node"))
    clock.advance(hours=1)
    accepted(await system.door.one(RecordTracking(name, "UPS", "1Z-<9>", "lost", clock.now), actor="ups"))
    return "1Z-<9>"


async def test_a_claim_is_opened_and_ended_in_the_console(
    client: httpx.AsyncClient, system: System, clock: Clock
) -> None:
    number = await lost(system, clock)
    empty = await client.get("/console/carrier-claims")
    opened = await post(client, "/carrier-claims", "/carrier-claims", tracking_number=number)
    again = await post(client, "/carrier-claims", "/carrier-claims", tracking_number=number)
    listed = (await client.get("/console/carrier-claims?state=open&carrier=ups")).text
    (path,) = re.findall(r'action="/console(/carrier-claims/[^"]+/close)"', listed)
    unpaid = await post(client, "/carrier-claims", path, outcome="paid", amount="ten")
    ended = await post(client, "/carrier-claims", path, outcome="paid", amount="20.50", reference="U-1")
    after = (await client.get("/console/carrier-claims")).text

    assert "No carrier is asked for anything." in empty.text
    assert (opened.status_code, again.status_code, unpaid.status_code, ended.status_code) == (303, 409, 409, 303)
    assert "UPS 1Z-&lt;9&gt;" in listed
    assert "$39.80" in listed
    assert "$20.50" in after
    assert "U-1" in after
    assert "/close" not in after
