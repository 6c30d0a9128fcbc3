"""Rules of exposure decide about orders at once, whoever captures them, and what is taken is counted exactly."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import NOW, Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from tests.flows.explained import explained
from troth.engine import capture as engine_capture
from troth.engine.exposure.waterfall import Waterfall
from troth.flows.documents.families import EXPOSURE_RULES
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import examine
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import Acted, activate, retire
from troth.flows.stock.waterfall import Inquirer, read_waterfall
from troth.model.capture_order import CaptureOrder
from troth.model.commands import CancelOrder, HoldCart
from troth.model.ids import CartHoldId, NodeId, Sku
from troth.model.order import Customer
from troth.model.refusals import StockShort

JUNE = NOW + timedelta(days=190)
KEY = {"name": "key", "rank": 1, "when": "customer.class == 'key'"}
WINDOW = {
    "name": "june",
    "demand_class": "key",
    "units": 30,
    "needed_from": JUNE.isoformat(),
    "needed_until": (JUNE + timedelta(days=30)).isoformat(),
}
PROTECTED = {"classes": [KEY], "protections": [WINDOW]}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"), node("ST-NYC")), items=(item("A"), item("B")))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "DC-PA"): 50, ("B", "DC-PA"): 50})
        yield opened


async def _publish(system: System, body: dict[str, Any], name: str = "everyday") -> None:
    saved = await save_draft(system, EXPOSURE_RULES, name, body, actor="ann")
    assert isinstance(saved, Saved), saved
    acted = await activate(system, EXPOSURE_RULES, name, saved.document.version, reason="test", actor="ann")
    assert isinstance(acted, Acted), acted


def _wholesale(external_id: str, quantity: int, **changes: Any) -> CaptureOrder:
    """An order of a key account for June."""
    command = capture(external_id, {"A": quantity}, attributes={"customer_class": "key"}, **changes)
    return replace(command, lines=tuple(replace(line, not_before=JUNE) for line in command.lines))


async def _drawn(system: System) -> list[tuple[str, int]]:
    rows = await system.pool.fetch("SELECT rule, used FROM draws WHERE used > 0 ORDER BY rule, sku")
    return [(row["rule"], row["used"]) for row in rows]


async def _is_clean(system: System) -> bool:
    return (await examine(system.pool, orders_max=None, now=system.door.now())).is_clean


async def test_a_rule_counts_for_the_next_order_and_no_longer_once_it_is_retired(system: System) -> None:
    await _publish(system, {"safety_stock": [{"name": "ten", "units": 10}]})
    refused = await system.door.one(capture("W-1", {"A": 41}), actor="web")
    accepted(await system.door.one(capture("W-2", {"A": 40}), actor="web"))
    await retire(system, EXPOSURE_RULES, "everyday", reason="test", actor="ann")
    accepted(await system.door.one(capture("W-3", {"A": 10}), actor="web"))

    assert isinstance(refused, StockShort)
    (short,) = refused.lines
    assert (short.reason, short.available_quantity) == ("withheld", 40)


async def test_a_rule_begins_and_ends_at_its_times(system: System, clock: Clock) -> None:
    begins, ends = clock.now + timedelta(hours=1), clock.now + timedelta(hours=2)
    rule = {"name": "all", "percent": 100.0, "starts_at": begins.isoformat(), "ends_at": ends.isoformat()}
    await _publish(system, {"safety_stock": [rule]})

    accepted(await system.door.one(capture("W-1"), actor="web"))
    clock.advance(hours=1)
    assert isinstance(await system.door.one(capture("W-2"), actor="web"), StockShort)
    clock.advance(hours=1)
    accepted(await system.door.one(capture("W-3"), actor="web"))


async def test_the_decision_under_rules_can_be_made_again(system: System) -> None:
    await _publish(system, PROTECTED)
    order = accepted(await system.door.one(_wholesale("E-1", 5), actor="edi"))

    (decided,) = await explained(system, order)

    assert decided.is_reproduced is True


async def test_what_a_key_account_orders_for_its_window_is_counted_and_given_back(system: System) -> None:
    await _publish(system, PROTECTED)
    order = accepted(await system.door.one(_wholesale("E-1", 12), actor="edi"))
    assert await _drawn(system) == [("everyday/june", 12)]
    assert [part.draws for part in order.allocations] != [()]

    # 38 are free, and 18 of them are still kept.
    assert isinstance(await system.door.one(capture("W-1", {"A": 21}), actor="web"), StockShort)
    accepted(await system.door.one(capture("W-2", {"A": 20}), actor="web"))
    accepted(await system.door.one(CancelOrder(order.order_id, "changed plans"), actor="edi"))
    assert await _drawn(system) == []
    assert isinstance(await system.door.one(capture("W-3", {"A": 1}), actor="web"), StockShort)
    accepted(await system.door.one(_wholesale("E-2", 30), actor="edi"))
    assert await _is_clean(system)


async def test_a_flash_sale_in_two_processes_leaves_a_key_account_its_window(
    database: Database, system: System, clock: Clock
) -> None:
    await _publish(system, PROTECTED)
    async with open_system(database.dsn, clock=clock) as other:
        doors = (system.door, other.door)
        sale = [doors[number % 2].one(capture(f"W-{number}"), actor="web") for number in range(60)]
        first = [doors[number % 2].one(_wholesale(f"E-{number}", 2), actor="edi") for number in range(5)]
        outcomes = await asyncio.gather(*sale, *first)
        late = await asyncio.gather(
            *(doors[number % 2].one(_wholesale(f"L-{number}", 2), actor="edi") for number in range(10))
        )

    assert sum(not isinstance(outcome, StockShort) for outcome in outcomes[:60]) == 20
    for outcome in (*outcomes[60:], *late):
        accepted(outcome)
    assert await _drawn(system) == [("everyday/june", 30)]
    assert await _is_clean(system)


async def test_a_stale_process_is_kept_from_what_is_protected_by_the_check_under_lock(
    database: Database, system: System, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _publish(system, PROTECTED)
    async with open_system(database.dsn, clock=clock) as second, open_system(database.dsn, clock=clock) as third:
        for stale in (second, third):
            await stale.door.need_stock([Sku("A")])
            await stale.door.close()  # from now on it follows nobody
        accepted(await system.door.one(capture("W-1", {"A": 20}), actor="web"))

        assert isinstance(await second.door.one(capture("W-2"), actor="web"), StockShort)
        monkeypatch.setattr(engine_capture, "keeping", lambda entries, _supply, _network: tuple(entries))
        accepted(await third.door.one(capture("W-3"), actor="web"))  # the control: one unit too many


async def test_a_quota_is_taken_by_many_at_once_and_never_overdrawn(
    database: Database, system: System, clock: Clock
) -> None:
    quota = {"name": "scarce", "by": "customer", "period": "week", "units": 7, "where": "item.sku == 'A'"}
    await _publish(system, {"allocations": [quota]})
    async with open_system(database.dsn, clock=clock) as other:
        doors = (system.door, other.door)
        outcomes = await asyncio.gather(
            *(doors[number % 2].one(capture(f"W-{number}"), actor="web") for number in range(20))
        )
        refused = await other.door.one(capture("W-99"), actor="web")
        accepted(await system.door.one(capture("W-100", customer=Customer("C-2")), actor="web"))

    assert sum(not isinstance(outcome, StockShort) for outcome in outcomes) == 7
    assert isinstance(refused, StockShort)
    assert refused.lines[0].reason == "product_allocation"
    assert refused.lines[0].detail == "allocation everyday/scarce leaves C-1 0 of 7 units in 2026-W48"
    assert await _is_clean(system)


async def test_an_order_of_several_items_shares_one_quota(system: System) -> None:
    quota = {"name": "both", "by": "customer", "period": "month", "units": 7, "is_by_item": False}
    await _publish(system, {"allocations": [quota]})

    assert isinstance(await system.door.one(capture("W-1", {"A": 4, "B": 4}), actor="web"), StockShort)
    accepted(await system.door.one(capture("W-2", {"A": 4, "B": 3}), actor="web"))
    assert isinstance(await system.door.one(capture("W-3", {"B": 1}), actor="web"), StockShort)
    assert await _drawn(system) == [("everyday/both", 7)]


async def test_what_a_cart_holds_is_its_order_s_also_under_a_new_rule(system: System) -> None:
    held = await system.door.one(HoldCart(CartHoldId("C-1"), capture("W-1", {"A": 5}), 600), actor="web")
    assert not isinstance(held, StockShort)
    await _publish(system, {"safety_stock": [{"name": "all", "percent": 100.0}]})

    assert isinstance(await system.door.one(capture("W-2"), actor="web"), StockShort)
    accepted(await system.door.one(capture("W-1", {"A": 5}, cart_hold=CartHoldId("C-1")), actor="web"))


async def test_the_waterfall_and_capture_agree(system: System) -> None:
    await stock(system, {("A", "ST-NYC"): 9})
    await _publish(
        system,
        {
            "safety_stock": [{"name": "stores", "where": "node.type == 'store'", "units": 2}],
            "buffers": [{"name": "web", "channels": ["web"], "percent": 10.0}],
        },
    )
    found = await read_waterfall(system, Sku("A"), Inquirer("web"))

    assert isinstance(found, Waterfall)
    assert (found.on_hand, found.available) == (59, 51)
    assert isinstance(await system.door.one(capture("W-1", {"A": 52}), actor="web"), StockShort)
    accepted(await system.door.one(capture("W-2", {"A": 51}), actor="web"))
    at_store = await read_waterfall(system, Sku("A"), Inquirer("web"), nodes=[NodeId("ST-NYC")])
    assert isinstance(at_store, Waterfall)
    assert at_store.nodes[0].on_hand == 9
