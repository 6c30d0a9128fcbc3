"""What carts keep counts against quotas and protections: never overdrawn, given back at their end, taken over once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.documents.families import EXPOSURE_RULES
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import examine
from troth.flows.orders.cart import give_up_hold, hold_cart
from troth.flows.orders.due import end_due_carts
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import Acted, activate
from troth.model.capture_order import CaptureOrder
from troth.model.cart_hold import CartHold, CartHoldState
from troth.model.ids import NodeId, Sku
from troth.model.order import Customer, Method
from troth.model.refusals import Refusal, StockShort
from troth.store import save

QUOTA = {"name": "scarce", "by": "customer", "period": "week", "units": 7}
_CHECK = "(amount <= 0 OR used + amount <= most OR most IS NULL)"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"), node("ST-NYC"), node("ST-LA")), items=(item("A"), item("B")))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "ST-NYC"): 20, ("A", "ST-LA"): 20, ("B", "ST-NYC"): 20})
        yield opened


async def _publish(system: System, body: dict[str, Any]) -> None:
    saved = await save_draft(system, EXPOSURE_RULES, "everyday", body, actor="ann")
    assert isinstance(saved, Saved), saved
    acted = await activate(system, EXPOSURE_RULES, "everyday", saved.document.version, reason="test", actor="ann")
    assert isinstance(acted, Acted), acted


async def _try(system: System, asked: CaptureOrder) -> CartHold | Refusal:
    found = await hold_cart(system, asked, 60, actor="web")
    return found[0] if isinstance(found, tuple) else found


async def _held(system: System, asked: CaptureOrder) -> CartHold:
    hold = await _try(system, asked)
    assert isinstance(hold, CartHold), hold
    return hold


async def _drawn(system: System) -> int:
    units: int = await system.pool.fetchval("SELECT coalesce(sum(used), 0)::bigint FROM draws")
    return units


async def _assert_clean(system: System) -> None:
    report = await examine(system.pool, orders_max=None, now=system.door.now())
    assert report.is_clean, report.text()


async def test_what_a_cart_keeps_counts_against_the_quota_until_its_time_is_over(system: System, clock: Clock) -> None:
    await _publish(system, {"allocations": [QUOTA]})
    hold = await _held(system, capture("cart", {"A": 5}))
    assert (await _drawn(system), [units for _, units in hold.draws]) == (5, [5])

    refused = await system.door.one(capture("W-1", {"A": 3}), actor="web")
    other = await _try(system, capture("other", {"A": 3}))
    accepted(await system.door.one(capture("W-2", {"A": 7}, customer=Customer("C-2")), actor="web"))
    for short in (refused, other):
        assert isinstance(short, StockShort)
        assert short.lines[0].detail == "allocation everyday/scarce leaves C-1 2 of 7 units in 2026-W48"

    clock.advance(seconds=60)
    assert await end_due_carts(system, system.door.now(), limit=10) == 1
    assert await _drawn(system) == 7
    accepted(await system.door.one(capture("W-3", {"A": 7}), actor="web"))
    await _assert_clean(system)


async def test_a_cart_whose_time_is_over_keeps_no_quota_from_an_order_of_that_instant(
    system: System, clock: Clock
) -> None:
    await _publish(system, {"allocations": [QUOTA | {"is_by_item": False}]})
    await _held(system, capture("cart", {"A": 7}))
    assert isinstance(await system.door.one(capture("W-1", {"B": 1}), actor="web"), StockShort)

    clock.advance(seconds=60)

    accepted(await system.door.one(capture("W-1", {"B": 7}), actor="web"))
    assert await _drawn(system) == 7
    await _assert_clean(system)


async def test_an_order_takes_over_what_its_cart_has_drawn_and_no_more(system: System) -> None:
    await _publish(system, {"allocations": [QUOTA]})
    hold = await _held(system, capture("cart", {"A": 5}))

    more = await system.door.one(capture("W-1", {"A": 8}, cart_hold=hold.hold_id), actor="web")
    assert isinstance(more, StockShort)
    assert (more.lines[0].available_quantity, await _drawn(system)) == (7, 5)
    order = accepted(await system.door.one(capture("W-1", {"A": 7}, cart_hold=hold.hold_id), actor="web"))

    assert await _drawn(system) == 7
    assert [part.draws for part in order.allocations] != [()]
    assert isinstance(await system.door.one(capture("W-2", {"A": 1}), actor="web"), StockShort)
    await _assert_clean(system)


@pytest.mark.parametrize("changed", [{"A": 7}, {"B": 7}, {"A": 3, "B": 4}])
async def test_a_cart_is_changed_within_its_quota_to_other_items_at_another_node(
    system: System, changed: dict[str, int]
) -> None:
    await _publish(system, {"allocations": [QUOTA | {"is_by_item": False}]})
    there = {"method": Method.PICKUP, "pickup_node": NodeId("ST-LA"), "ship_to": None}
    hold = await _held(system, capture("cart", {"A": 6}, **there))

    again = await _held(system, capture("cart", changed, cart_hold=hold.hold_id))
    short = await _try(system, capture("cart", {"A": 4, "B": 4}, cart_hold=hold.hold_id))

    assert again.hold_id == hold.hold_id
    assert sum(units for _, units in again.draws) == 7
    assert isinstance(short, StockShort)
    assert await _drawn(system) == 7
    assert (await give_up_hold(system, hold.hold_id, actor="web")) == replace(again, state=CartHoldState.FREED)
    assert await _drawn(system) == 0
    await _assert_clean(system)


async def test_a_quota_that_shrinks_takes_nothing_from_what_a_cart_keeps(system: System) -> None:
    await _publish(system, {"allocations": [QUOTA]})
    hold = await _held(system, capture("cart", {"A": 5}))
    await _publish(system, {"allocations": [QUOTA | {"units": 3}]})

    more = await system.door.one(capture("W-1", {"A": 6}, cart_hold=hold.hold_id), actor="web")
    assert isinstance(more, StockShort)
    accepted(await system.door.one(capture("W-1", {"A": 5}, cart_hold=hold.hold_id), actor="web"))
    assert await _drawn(system) == 5
    await _assert_clean(system)


async def test_carts_and_orders_of_two_processes_never_overdraw_a_quota(
    database: Database, system: System, clock: Clock
) -> None:
    await _publish(system, {"allocations": [QUOTA]})
    async with open_system(database.dsn, clock=clock) as other:
        systems = (system, other)
        carts = [_try(systems[number % 2], capture(f"cart-{number}")) for number in range(12)]
        orders = [systems[number % 2].door.one(capture(f"W-{number}"), actor="web") for number in range(12)]
        held, captured = await asyncio.gather(asyncio.gather(*carts), asyncio.gather(*orders))
        holds = [hold for hold in held if isinstance(hold, CartHold)]
        taken = len(holds) + sum(not isinstance(outcome, StockShort) for outcome in captured)
        assert (taken, await _drawn(system)) == (7, 7)

        # Each cart becomes an order, in the other process, while others still try.
        own = [
            systems[number % 2].door.one(capture(f"C-{number}", cart_hold=hold.hold_id), actor="web")
            for number, hold in enumerate(holds, 1)
        ]
        late = [systems[number % 2].door.one(capture(f"L-{number}"), actor="web") for number in range(12)]
        paid, refused = await asyncio.gather(asyncio.gather(*own), asyncio.gather(*late))

    for outcome in paid:
        accepted(outcome)
    assert all(isinstance(outcome, StockShort) for outcome in refused)
    assert await _drawn(system) == 7
    await _assert_clean(system)


async def test_a_stale_process_is_kept_from_overdrawing_by_the_check_under_lock(
    database: Database, system: System, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _publish(system, {"allocations": [QUOTA]})
    async with open_system(database.dsn, clock=clock) as second, open_system(database.dsn, clock=clock) as third:
        for stale in (second, third):
            await stale.door.need_stock([Sku("A")])
            await stale.door.close()  # from now on it follows nobody
        await _held(system, capture("cart", {"A": 7}))

        assert isinstance(await _try(second, capture("second")), StockShort)
        assert await _drawn(system) == 7
        assert save._SAVE.count(_CHECK) == 1
        monkeypatch.setattr(save, "_SAVE", save._SAVE.replace(_CHECK, "true"))
        await _held(third, capture("third"))  # the control: one unit too many
        assert await _drawn(system) == 8
