"""An operator sees what partners take off, what it adds up to, and decides about it in the console."""

import re
from datetime import timedelta

import httpx

from tests.builders import Clock, accepted, capture
from tests.console.conftest import begin_session, post
from troth.flows.door.system import System
from troth.flows.money.chargebacks import charge_due, follow_guided
from troth.flows.records.customers import set_terms
from troth.model.commands import ReleaseOrder, ShipWork
from troth.model.credit import CustomerTerms
from troth.model.order import Customer
from troth.model.routing_guide import ROUTING_GUIDE, RoutingGuide


async def late(system: System, clock: Clock) -> None:
    """A shipment of a partner of whom the notice is missing."""
    guide = RoutingGuide("USD", notice_minutes=60, notice_minor=20_000)
    await set_terms(system, CustomerTerms("ACME & Co", guide=guide), actor="ann")
    await system.door.follow()
    terms = {"customer": Customer("ACME & Co"), "attributes": {ROUTING_GUIDE: "ACME & Co@1"}}
    order = accepted(await system.door.one(capture("W-1", {"A": 2}, **terms), actor="web"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="ann"))
    accepted(await system.door.one(ShipWork(order.fulfillments[0].fulfillment_id), actor="node"))
    clock.now += timedelta(hours=2)
    while await follow_guided(system) or await charge_due(system, limit=10):
        pass


async def test_a_chargeback_is_found_from_its_customer_and_accepted_in_part(
    client: httpx.AsyncClient, system: System, clock: Clock
) -> None:
    empty = (await client.get("/console/chargebacks")).text
    await late(system, clock)
    linked = (await client.get("/console/customers/ACME%20%26%20Co")).text
    listed = (await client.get("/console/chargebacks?customer=ACME+%26+Co&state=incurred&rule=late_notice")).text
    (path,) = re.findall(r'action="/console(/chargebacks/[^"]+/decide)"', listed)
    unread = await post(client, "/chargebacks", path, decision="accept", amount="ten")
    unknown = await post(client, "/chargebacks", path, decision="forget")
    done = await post(client, "/chargebacks", path, decision="accept", amount="150", reference="CB-<1>")
    after = (await client.get(done.headers["location"])).text
    over = await post(client, "/chargebacks", path, decision="waive")
    other_days = (await client.get("/console/chargebacks?until=2020-01-01")).text

    assert "Nothing is charged back." in empty
    assert 'href="/console/chargebacks?customer=ACME%20%26%20Co"' in linked
    assert "late ship notice" in listed
    assert "$200.00" in listed
    assert [one.status_code for one in (unread, unknown, done, over)] == [409, 409, 303, 409]
    assert "It is accepted." in after
    assert re.search(r"\$150\.00.*\$50\.00", after, re.DOTALL)
    assert "CB-&lt;1&gt;" in after
    assert "/decide" not in after
    assert "ACME" not in other_days


async def test_who_only_reads_decides_nothing(stranger: httpx.AsyncClient, system: System, clock: Clock) -> None:
    await late(system, clock)
    token = await begin_session(system, "pia", "planner")
    stranger.cookies.set("troth_session", token, domain="console.test", path="/console")

    shown = (await stranger.get("/console/chargebacks")).text

    assert "late ship notice" in shown
    assert "/decide" not in shown
