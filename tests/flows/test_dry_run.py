"""A dry run says what would be promised under another routing, and leaves no trace of itself."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.builders import NEW_YORK, Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from tests.documents import routing
from troth.flows.documents.families import ROUTINGS
from troth.flows.door.system import System, open_system
from troth.flows.orders.capture import ContentLine, OrderContent
from troth.flows.orders.dry_run import DryRun, dry_run
from troth.flows.publishing.draft import Saved, save_draft
from troth.model.commands import CancelOrder
from troth.model.ids import LineId, OrderId, Sku
from troth.model.money import Money
from troth.model.refusals import Invalid, NotFound


@pytest.fixture
async def system(database: Database) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"), node("DC-IL")), items=(item("A"), item("B")))
    async with open_system(database.dsn, clock=Clock()) as opened:
        await stock(opened, {("A", "DC-PA"): 1, ("B", "DC-IL"): 1, ("A", "DC-IL"): 1})
        saved = await save_draft(
            opened, ROUTINGS, "dear", routing(tiers=[], weights={"split_minor": 100_000}), actor="ann"
        )
        assert isinstance(saved, Saved), saved
        yield opened


def _content(*skus: str) -> OrderContent:
    lines = tuple(ContentLine(LineId(str(number)), Sku(sku), 1) for number, sku in enumerate(skus, 1))
    return OrderContent(channel="web", external_id="", lines=lines, ship_to=NEW_YORK)


async def _run(system: System, asked: OrderId | OrderContent, **more: Any) -> DryRun:
    done = await dry_run(system, "dear", asked, **more)
    assert isinstance(done, DryRun), done
    return done


async def _rows(system: System) -> list[Any]:
    return [
        await system.pool.fetchval(f"SELECT count(*) FROM {table}")
        for table in ("orders", "entries", "events", "documents", "activations")
    ]


async def test_an_order_body_is_planned_under_both_and_nothing_is_written(system: System) -> None:
    before = await _rows(system)

    done = await _run(system, _content("A", "B"))

    assert (done.tried.trace.policy_version, done.in_force.trace.policy_version) == ("dear@1", "default-1")
    assert [shipment.node for shipment in done.tried.shipments] == ["DC-IL"]
    assert done.order_id is None
    assert await _rows(system) == before


async def test_the_candidates_are_gone_through_one_by_one_on_both_sides(system: System) -> None:
    rules = [{"name": "not Illinois", "expression": "node.id != 'DC-IL'"}]

    done = await _run(system, _content("A"), body=routing(tiers=[], eligibility=rules), is_explained=True)

    assert done.why_tried is not None
    assert done.why_in_force is not None
    standings = [{one.node: one.standing for one in why.candidates} for why in (done.why_tried, done.why_in_force)]
    assert standings == [{"DC-PA": "chosen", "DC-IL": "removed"}, {"DC-PA": "chosen", "DC-IL": "dearer"}]


async def test_what_sooner_and_fewer_shipments_would_cost_is_told_on_both_sides(system: System) -> None:
    before = await _rows(system)

    plain = await _run(system, _content("A", "B"))
    done = await _run(system, _content("A", "B"), has_fronts=True)

    assert (plain.tried_fronts, plain.in_force_fronts) == ((), ())
    [tried], [in_force] = done.tried_fronts, done.in_force_fronts
    assert (tried.weights["split_minor"], in_force.weights["split_minor"]) == (100_000, 100)
    points = [
        [(plan.money_minor, plan.delay_days, len(plan.shipments)) for plan in front.plans]
        for front in (tried, in_force)
    ]
    assert points[0] == points[1]
    assert {count for _money, _days, count in points[0]} == {1, 2}
    chosen = [plan.shipments for front in (tried, in_force) for plan in front.plans if plan.is_chosen]
    assert chosen == [done.tried.shipments, done.in_force.shipments]
    assert await _rows(system) == before


async def test_what_an_order_has_reserved_itself_counts_as_free(system: System) -> None:
    order = accepted(await system.door.one(capture("W-1", {"A": 2}), actor="web"))
    before = await _rows(system)

    done = await _run(system, order.order_id)

    assert done.order_id == order.order_id
    assert not done.in_force.uncovered
    assert sum(peg.quantity for shipment in done.in_force.shipments for peg in shipment.pegs) == 2
    assert await _rows(system) == before
    other = await _run(system, _content("A"))
    assert other.in_force.uncovered[0].quantity == 1  # for anybody else it is not


async def test_a_routing_need_not_be_saved_to_be_tried(system: System) -> None:
    done = await _run(system, _content("A"), body=routing(tiers=[]))

    assert done.is_same
    assert done.tried.trace.policy_version == "dear@0"


async def test_what_cannot_be_tried_is_refused(system: System) -> None:
    order = accepted(await system.door.one(capture("W-1", {"A": 1}), actor="web"))
    accepted(await system.door.one(CancelOrder(order.order_id, "test"), actor="web"))

    assert await dry_run(system, "nothing", _content("A")) == NotFound("routing", "nothing")
    assert await dry_run(system, "dear", _content("A"), version=9) == NotFound("routing", "dear@9")
    assert await dry_run(system, "dear", OrderId("O-none")) == NotFound("order", "O-none")
    canceled = await dry_run(system, "dear", order.order_id)
    assert isinstance(canceled, Invalid)
    bad = await dry_run(system, "dear", _content("A"), body={"tiers": 5})
    assert isinstance(bad, Invalid)
    assert [flaw.pointer for flaw in bad.flaws] == ["/routing/tiers"]
    unknown = await dry_run(system, "dear", _content("Z"))
    assert isinstance(unknown, Invalid)
    assert [flaw.pointer for flaw in unknown.flaws] == ["/lines/0/sku"]


async def test_a_dry_run_sees_the_currency_of_the_order_and_weighs_no_price_in_it(system: System) -> None:
    euros = replace(_content("A"), lines=(ContentLine(LineId("1"), Sku("A"), 1, unit_price=Money(99_900, "EUR")),))
    rules = [
        {"name": "euros", "expression": "order.currency == 'EUR'"},
        {"name": "no value", "expression": "!has(order.value)"},
    ]

    done = await _run(system, euros, body=routing(tiers=[], eligibility=rules))

    assert done.tried.uncovered == ()
    assert "costs are in USD: no rule and no cost looks at the order's prices in EUR" in done.tried.trace.notes
