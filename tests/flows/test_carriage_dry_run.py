"""A rate card or a lane table is tried on an order as a routing is: what it would cost and when it would arrive."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import NEW_YORK, Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from tests.documents import rate_card
from troth.flows.documents.families import LANE_TABLES, RATE_CARDS, Family
from troth.flows.door.system import System, open_system
from troth.flows.orders.capture import ContentLine, OrderContent
from troth.flows.orders.capture import capture as capture_content
from troth.flows.orders.dry_run import DryRun, dry_run
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import activate
from troth.model.ids import LineId, NodeId, OrderId, Sku
from troth.model.plan import Plan
from troth.model.refusals import Invalid, NotFound


@pytest.fixture
async def system(database: Database) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"), node("DC-IL")), items=(item("A"), item("B")))
    async with open_system(database.dsn, clock=Clock()) as opened:
        await stock(opened, {("A", "DC-PA"): 5, ("A", "DC-IL"): 5})
        yield opened


CONTENT = OrderContent(
    channel="web", external_id="", lines=(ContentLine(LineId("1"), Sku("A"), 1),), ship_to=NEW_YORK, service="standard"
)


async def _save(system: System, family: Family[Any], name: str, body: object, *, is_active: bool = False) -> None:
    saved = await save_draft(system, family, name, body, actor="ann")
    assert isinstance(saved, Saved), saved
    if is_active:
        await activate(system, family, name, saved.document.version, reason="test", actor="ann")
        await system.door.reference.refresh()


async def _run(system: System, family: Family[Any], name: str, asked: OrderId | OrderContent, **more: Any) -> DryRun:
    done = await dry_run(system, name, asked, family=family, **more)
    assert isinstance(done, DryRun), done
    return done


def _carried_minor(plan: Plan) -> int:
    return sum(shipment.cost.get("shipping", 0) for shipment in plan.shipments)


async def test_an_order_costs_what_the_draft_of_a_card_says_beside_what_the_one_in_force_does(system: System) -> None:
    await _save(system, RATE_CARDS, "parcel", rate_card(rates_minor=[[100]]), is_active=True)
    await _save(system, RATE_CARDS, "parcel", rate_card(rates_minor=[[175]], transit_days=[3]))
    written = await system.pool.fetchval("SELECT count(*) FROM events")
    network = system.door.reference.network

    done = await _run(system, RATE_CARDS, "parcel", CONTENT)

    assert (done.tried_label, done.in_force_label) == ("parcel@2", "parcel@1")
    assert (_carried_minor(done.tried), _carried_minor(done.in_force)) == (175, 100)
    assert done.tried.shipments[0].promised_at - done.in_force.shipments[0].promised_at >= timedelta(days=2)
    assert not done.is_same
    assert await system.pool.fetchval("SELECT count(*) FROM events") == written
    assert system.door.reference.network is network


async def test_a_dry_run_of_a_card_says_what_the_order_then_costs_when_it_is_in_force(system: System) -> None:
    body = rate_card(rates_minor=[[333]])
    done = await _run(system, RATE_CARDS, "new", CONTENT, body=body)

    await _save(system, RATE_CARDS, "new", body, is_active=True)
    order = accepted(await capture_content(system, replace(CONTENT, external_id="W-1"), actor="web"))

    assert (done.tried_label, done.in_force_label) == ("new@0", None)
    [promised] = done.tried.shipments
    [work] = order.fulfillments
    assert (promised.node, promised.promised_at, promised.cost) == (work.node, work.promised_at, work.cost)


async def test_a_service_that_only_the_draft_offers_can_be_asked_for(system: System) -> None:
    economy = replace(CONTENT, service="economy")

    done = await _run(system, RATE_CARDS, "economy", economy, body=rate_card(service="economy"))
    unknown = await dry_run(system, "economy", economy, family=RATE_CARDS, body=rate_card(service="slow"))

    assert [shipment.service for shipment in done.tried.shipments] == ["economy"]
    assert done.in_force.shipments == ()
    assert [(gap.quantity, gap.reason) for gap in done.in_force.uncovered] == [(1, "no_service_to_destination")]
    assert isinstance(unknown, Invalid)
    assert [flaw.pointer for flaw in unknown.flaws] == ["/service"]


async def test_a_lane_that_the_draft_of_a_table_does_not_serve_is_not_used(system: System) -> None:
    table = {"lanes": [{"node": "DC-PA", "service": "standard", "country": "US", "served": False}]}
    await _save(system, LANE_TABLES, "lanes", table)

    done = await _run(system, LANE_TABLES, "lanes", CONTENT, is_explained=True)

    assert (done.tried_label, done.in_force_label) == ("lanes@1", None)
    assert [shipment.node for shipment in done.in_force.shipments] == ["DC-PA"]
    assert [shipment.node for shipment in done.tried.shipments] == ["DC-IL"]
    assert done.why_tried is not None
    assert {one.node: one.standing for one in done.why_tried.candidates}[NodeId("DC-PA")] == "removed"


async def test_an_order_of_ours_is_tried_with_its_own_units_free(system: System) -> None:
    order = accepted(await system.door.one(capture("W-1", {"A": 10}), actor="web"))
    table = {"lanes": [{"country": "US", "transit_days": 9}]}

    done = await _run(system, LANE_TABLES, "slow", order.order_id, body=table)

    assert done.tried.uncovered == ()
    first, later = (min(one.promised_at for one in plan.shipments) for plan in (done.in_force, done.tried))
    assert later > first
    assert done.tried.shipments[0].promised_at > done.tried.shipments[0].ship_by + timedelta(days=8)


async def test_what_is_no_card_or_no_table_is_refused_by_field(system: System) -> None:
    bad = await dry_run(system, "bad", CONTENT, family=RATE_CARDS, body=rate_card(transit_days=[]))
    euros = await dry_run(system, "bad", CONTENT, family=RATE_CARDS, body=rate_card(currency="EUR"))
    table = await dry_run(system, "bad", CONTENT, family=LANE_TABLES, body={"lanes": [{"zone": -1}]})

    assert isinstance(bad, Invalid)
    assert isinstance(euros, Invalid)
    assert isinstance(table, Invalid)
    assert [flaw.pointer for flaw in bad.flaws] == ["/rate_card/transit_days"]
    assert [flaw.pointer for flaw in euros.flaws] == ["/rate_card/currency"]
    assert [flaw.pointer for flaw in table.flaws] == ["/lane_table/lanes/0/zone"]
    assert await dry_run(system, "none", CONTENT, family=RATE_CARDS) == NotFound("rate card", "none")
    assert await dry_run(system, "none", CONTENT, family=LANE_TABLES, version=3) == NotFound("lane table", "none@3")
