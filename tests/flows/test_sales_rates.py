"""Sales rates: taken in line by line, read by SKU, and there for the sample retailer."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from tests.builders import Clock, follow_only_when_told, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.documents.families import EXPOSURE_RULES
from troth.flows.door.system import System, open_system
from troth.flows.people.access import Actor
from troth.flows.publishing.draft import save_draft
from troth.flows.publishing.publish import activate
from troth.flows.stock.availability import Answered, read_availability
from troth.flows.stock.sales_rates import set_sales_rates
from troth.flows.stock.stock import LineResult
from troth.model.exposure import SalesRate
from troth.model.ids import NodeId, Sku
from troth.model.network import NodeType
from troth.model.refusals import FieldFlaw
from troth.model.sales_rate import PlacedSalesRate
from troth.replay.retailer import make_retailer
from troth.store.sales_rates import find_sales_rates

ANN = Actor("key/ann", frozenset({"inventory:write"}))
PA, IL = NodeId("DC-PA"), NodeId("DC-IL")
RATE = PlacedSalesRate(Sku("A"), PA, 12.5, 4.0, 14.0)


@pytest.fixture
async def system(database: Database) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node(PA), node(IL)), items=(item("A"), item("B")))
    async with open_system(database.dsn, clock=Clock()) as opened:
        yield opened


async def _read(system: System, *skus: str) -> list[PlacedSalesRate]:
    async with system.pool.acquire() as connection:
        found = await find_sales_rates(connection, skus=skus, limit=99)
    return [replace(rate, changed_at=None) for rate in found]


async def test_lines_that_are_refused_leave_their_neighbors_alone(system: System) -> None:
    done = await set_sales_rates(
        system,
        [RATE, replace(RATE, sku=Sku("NOPE")), replace(RATE, weekly_units=1.0), replace(RATE, node=IL)],
        actor=ANN,
    )

    assert done == (
        LineResult(0),
        LineResult(1, "invalid-request", flaws=(FieldFlaw("/sku", "there is no item NOPE"),)),
        LineResult(2, "invalid-request", flaws=(FieldFlaw("/sku", "A at DC-PA is in line 0 already"),)),
        LineResult(3),
    )
    assert await _read(system, "A", "B") == [replace(RATE, node=IL), RATE]


async def test_decisions_see_new_rates_when_they_come(system: System) -> None:
    await system.door.reference.need_sales({Sku("A")})
    assert system.door.reference.sales == {"A": {}}

    await set_sales_rates(system, [RATE], actor=ANN)
    await system.door.follow()
    await system.door.reference.need_sales({Sku("A")})

    assert system.door.reference.sales == {"A": {PA: SalesRate(12.5, 4.0, 14.0)}}


async def test_who_took_rates_in_goes_by_them_at_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    follow_only_when_told(monkeypatch)
    await set_up(database.pool, nodes=(node(PA),), items=(item("A"),))
    async with open_system(database.dsn, clock=Clock()) as system:
        await stock(system, {("A", "DC-PA"): 50})
        rules = {"safety_stock": [{"name": "a week", "days_of_cover": 7.0}]}
        await save_draft(system, EXPOSURE_RULES, "cover", rules, actor="ann")
        await activate(system, EXPOSURE_RULES, "cover", 1, reason="test", actor="ann")
        shown = []
        for weekly in (7.0, 20.0, 5.0):
            await set_sales_rates(system, [replace(RATE, weekly_units=weekly)], actor=ANN)
            found = await read_availability(system, [Sku("A")])
            assert isinstance(found, Answered)
            shown.append(found.items[0].stock.available)

    assert shown == [43, 30, 45]


async def test_the_same_rates_again_write_nothing_and_others_replace_them(system: System) -> None:
    await set_sales_rates(system, [RATE], actor=ANN)
    events = await system.pool.fetchval("SELECT count(*) FROM events")
    await set_sales_rates(system, [RATE], actor=ANN)
    assert await system.pool.fetchval("SELECT count(*) FROM events") == events

    await set_sales_rates(system, [replace(RATE, lead_days=3.0)], actor=ANN)

    assert await _read(system, "A") == [replace(RATE, lead_days=3.0)]
    assert await system.pool.fetchval("SELECT count(*) FROM events") == events + 1


def test_the_sample_retailer_sells_as_much_as_its_items_are_wanted() -> None:
    retailer = make_retailer("small", today=date(2026, 11, 23))
    types = {node.node: node.type for node in retailer.nodes}
    rates = retailer.sales_rates
    held = {(sku, node) for sku, node, _ in retailer.stock()}

    assert 2_000 < len(rates) < 20_000
    assert {(rate.sku, rate.node) for rate in rates} <= held
    assert len({(rate.sku, rate.node) for rate in rates}) == len(rates)
    assert {types[rate.node] for rate in rates} == {NodeType.DC, NodeType.STORE}
    assert all(rate.weekly_units >= 3 and rate.weekly_deviation >= rate.weekly_units**0.5 - 0.01 for rate in rates)
    assert all(2 <= rate.lead_days <= 35 for rate in rates)
    by_sku = {item.sku: share for item, share in zip(retailer.items, retailer.popularity.tolist(), strict=True)}
    sold = np.array([rate.weekly_units for rate in rates])
    assert np.corrcoef(sold, [by_sku[rate.sku] for rate in rates])[0, 1] > 0.2
