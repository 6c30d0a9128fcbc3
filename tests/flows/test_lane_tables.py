"""Lane tables in force: they date the next order, at their time, and no longer than they are."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest

from tests.builders import NOW, Clock, accepted, capture, set_up, stock
from tests.conftest import Database
from troth.flows.documents.families import LANE_TABLES
from troth.flows.door.system import System, open_system
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import Acted, activate, retire

CLOSED = {"holidays": [{"country": "US", "days": ["2026-11-24"]}]}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool)
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "DC-PA"): 500})
        yield opened


async def put_in_force(system: System, name: str, body: object, **more: Any) -> None:
    saved = await save_draft(system, LANE_TABLES, name, body, actor="ann")
    assert isinstance(saved, Saved), saved
    acted = await activate(system, LANE_TABLES, name, saved.document.version, reason="test", actor="ann", **more)
    assert isinstance(acted, Acted), acted


async def arrival(system: System, external_id: str) -> date:
    """The day on which an order would be delivered that leaves on Monday, in New York."""
    order = accepted(await system.door.one(capture(external_id), actor="web"))
    return (order.fulfillments[0].promised_at - timedelta(hours=5)).date()


async def test_lanes_of_a_table_in_force_date_the_next_order_until_it_is_retired(system: System) -> None:
    built_in = await arrival(system, "W-1")
    await put_in_force(system, "ground", {"lanes": [{"country": "US", "postcode_prefix": "100", "transit_days": 4}]})
    slow = await arrival(system, "W-2")
    await retire(system, LANE_TABLES, "ground", reason="contract ended", actor="ann")

    assert (slow, await arrival(system, "W-3")) == (date(2026, 11, 30), built_in)  # Thanksgiving and a weekend between


async def test_tables_of_several_names_hold_together(system: System) -> None:
    await put_in_force(system, "ground", {"lanes": [{"country": "US", "transit_days": 1}]})
    await put_in_force(system, "holidays", CLOSED)

    assert await arrival(system, "W-1") == date(2026, 11, 25)


async def test_a_table_takes_effect_at_its_time(system: System, clock: Clock) -> None:
    later = NOW + timedelta(hours=1)
    await put_in_force(system, "ground", {"lanes": [{"country": "US", "transit_days": 1}]})
    await put_in_force(system, "holidays", CLOSED, effective_from=later)

    before = await arrival(system, "W-1")
    clock.now = later
    await system.door.follow()

    assert (before, await arrival(system, "W-2")) == (date(2026, 11, 24), date(2026, 11, 25))
