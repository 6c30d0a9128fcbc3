"""Units that are protected over several nodes together stay somewhere, whoever takes what at which of them at once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import NOW, Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.engine.exposure import taking
from troth.flows.documents.families import EXPOSURE_RULES
from troth.flows.door.requests import Accepted
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import examine
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import Acted, activate
from troth.model.capture_order import CaptureOrder
from troth.model.ids import NodeId, Sku
from troth.model.order import Method
from troth.model.refusals import StockShort

JUNE = NOW + timedelta(days=190)
KEY = {"name": "key", "rank": 1, "when": "customer.class == 'key'"}
POOLED = {"name": "forty", "demand_class": "key", "units": 40, "is_pooled": True}
WINDOW = {"needed_from": JUNE.isoformat(), "needed_until": (JUNE + timedelta(days=30)).isoformat()}
STORES = ("ST-NYC", "ST-BOS", "ST-PHL")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"), *map(node, STORES)), items=(item("A"),))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "DC-PA"): 50, **{("A", name): 10 for name in STORES}})
        yield opened


async def _publish(system: System, protection: dict[str, Any]) -> None:
    body = {"classes": [KEY], "protections": [protection]}
    saved = await save_draft(system, EXPOSURE_RULES, "everyday", body, actor="ann")
    assert isinstance(saved, Saved), saved
    acted = await activate(system, EXPOSURE_RULES, "everyday", saved.document.version, reason="test", actor="ann")
    assert isinstance(acted, Acted), acted


def _collected(external_id: str, quantity: int, place: str = "ST-NYC") -> CaptureOrder:
    """An order that is picked up at a store."""
    return capture(external_id, {"A": quantity}, method=Method.PICKUP, pickup_node=NodeId(place), ship_to=None)


async def test_lower_classes_leave_the_units_over_all_nodes_and_the_class_takes_them_anywhere(system: System) -> None:
    await _publish(system, POOLED)

    assert isinstance(await system.door.one(capture("W-1", {"A": 41}), actor="web"), StockShort)
    accepted(await system.door.one(_collected("P-1", 10), actor="web"))  # a whole store: the others hold enough
    accepted(await system.door.one(capture("W-2", {"A": 30}), actor="web"))
    assert isinstance(await system.door.one(_collected("P-2", 1, "ST-BOS"), actor="web"), StockShort)
    key = capture("E-1", {"A": 40}, attributes={"customer_class": "key"})
    assert len(accepted(await system.door.one(key, actor="edi")).allocations) > 1


async def test_what_the_class_orders_for_its_window_is_counted_over_all_nodes(system: System) -> None:
    await _publish(system, POOLED | WINDOW)
    june = capture("E-1", {"A": 15}, attributes={"customer_class": "key"})
    june = replace(june, lines=tuple(replace(line, not_before=JUNE) for line in june.lines))
    accepted(await system.door.one(june, actor="edi"))

    rows = await system.pool.fetch("SELECT rule, node, used FROM draws")
    assert [(row["rule"], row["node"], row["used"]) for row in rows] == [("everyday/forty", "", 15)]
    # 65 are free, and 25 of them are still kept.
    assert isinstance(await system.door.one(capture("W-1", {"A": 41}), actor="web"), StockShort)
    accepted(await system.door.one(capture("W-2", {"A": 40}), actor="web"))
    assert (await examine(system.pool, orders_max=None, now=system.door.now())).is_clean


async def test_a_sale_at_all_nodes_in_two_processes_leaves_them_to_the_unit(
    database: Database, system: System, clock: Clock
) -> None:
    await _publish(system, POOLED)
    async with open_system(database.dsn, clock=clock) as other:
        doors = (system.door, other.door)
        outcomes = await asyncio.gather(
            *(doors[number % 2].one(capture(f"W-{number}"), actor="web") for number in range(30)),
            *(
                doors[number % 2].one(_collected(f"P-{number}", 1, STORES[number % 3]), actor="web")
                for number in range(30)
            ),
        )

    assert sum(isinstance(outcome, Accepted) for outcome in outcomes) == 40
    assert all(isinstance(outcome, Accepted | StockShort) for outcome in outcomes)
    free = await system.pool.fetchval("SELECT sum(on_hand - reserved) FROM balances")
    assert free == 40
    entries = await system.pool.fetchval("SELECT count(*) FROM entries WHERE kind = 'pending'")
    assert entries == 40, "what is only looked at is no entry"


async def test_a_stale_process_is_kept_from_the_last_units_elsewhere_by_the_check_under_lock(
    database: Database, system: System, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _publish(system, POOLED)
    async with open_system(database.dsn, clock=clock) as second, open_system(database.dsn, clock=clock) as third:
        for stale in (second, third):
            await stale.door.need_stock([Sku("A")])
            await stale.door.close()  # from now on it follows nobody
        accepted(await system.door.one(capture("W-1", {"A": 40}), actor="web"))

        assert isinstance(await second.door.one(_collected("P-1", 10), actor="web"), StockShort)
        monkeypatch.setattr(taking, "_witnessed", lambda entries, _supply, _network: entries)
        accepted(await third.door.one(_collected("P-2", 10), actor="web"))  # the control: ten units too many
