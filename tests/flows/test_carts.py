"""Holds of carts: nobody else gets the units, the order gets them without a gap, and the end is decided once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.door.requests import Accepted
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import examine
from troth.flows.orders.cart import extend_hold, give_up_hold, hold_cart, read_hold
from troth.flows.orders.due import end_due_carts
from troth.model.capture_order import CaptureOrder
from troth.model.cart_hold import CartHold, CartHoldState
from troth.model.ids import CartHoldId
from troth.model.order import Customer
from troth.model.refusals import HoldLimit, Invalid, NotPossibleNow, StockShort
from troth.store.balances import find_balances


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"),), items=(item("A"),))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "DC-PA"): 5})
        yield opened


async def held(system: System, units: int, *, seconds: int = 60, name: str = "cart") -> CartHold:
    found = await hold_cart(system, capture(name, {"A": units}), seconds, actor="test")
    assert isinstance(found, tuple)
    return found[0]


async def state_of(system: System, hold: CartHold) -> CartHoldState:
    found = await read_hold(system, hold.hold_id)
    assert isinstance(found, CartHold)
    return found.state


async def times_ended(system: System, hold: CartHold) -> int:
    count: int = await system.pool.fetchval(
        "SELECT count(*) FROM events WHERE subject = $1 AND kind = 'CartHoldEnded'", f"cart:{hold.hold_id}"
    )
    return count


async def available(system: System) -> int:
    async with system.pool.acquire() as connection:
        (balance,) = await find_balances(connection, skus=["A"], limit=10)
    return balance.available


async def test_what_a_cart_holds_nobody_else_gets_until_its_time_is_over(system: System, clock: Clock) -> None:
    hold = await held(system, 4)
    refused = await system.door.one(capture("W-1", {"A": 2}), actor="test")
    assert isinstance(refused, StockShort)
    assert isinstance(await hold_cart(system, capture("other", {"A": 2}), 60, actor="test"), StockShort)

    clock.advance(seconds=59)
    assert await end_due_carts(system, system.door.now(), limit=10) == 0
    clock.advance(seconds=1)
    assert await end_due_carts(system, system.door.now(), limit=10) == 1
    assert await end_due_carts(system, system.door.now(), limit=10) == 0

    accepted(await system.door.one(capture("W-2", {"A": 5}), actor="test"))
    ended = await read_hold(system, hold.hold_id)
    assert isinstance(ended, CartHold)
    assert ended.state is CartHoldState.EXPIRED
    assert (await examine(system.pool, now=system.door.now())).is_clean


async def test_an_order_takes_over_its_cart_though_nothing_else_is_free(system: System) -> None:
    hold = await held(system, 5)
    order = accepted(await system.door.one(replace(capture("W-1", {"A": 5}), cart_hold=hold.hold_id), actor="test"))
    assert sum(part.quantity for part in order.allocations) == 5
    assert await available(system) == 0
    used = await read_hold(system, hold.hold_id)
    assert isinstance(used, CartHold)
    assert used.state is CartHoldState.USED
    assert (await examine(system.pool, now=system.door.now())).is_clean


async def test_a_smaller_order_frees_what_its_cart_held_beyond_it(system: System) -> None:
    hold = await held(system, 5)
    accepted(await system.door.one(replace(capture("W-1", {"A": 2}), cart_hold=hold.hold_id), actor="test"))
    assert await available(system) == 3


async def test_an_order_that_comes_too_late_takes_what_is_free_or_is_refused(system: System, clock: Clock) -> None:
    holds = [await held(system, 2), await held(system, 3)]
    clock.advance(seconds=60)
    accepted(await system.door.one(capture("W-1", {"A": 4}), actor="test"))
    late = replace(capture("W-2", {"A": 2}), cart_hold=holds[0].hold_id)
    assert isinstance(await system.door.one(late, actor="test"), StockShort)
    accepted(await system.door.one(replace(late, lines=capture("W-2", {"A": 1}).lines), actor="test"))
    assert await state_of(system, holds[0]) is CartHoldState.EXPIRED
    assert (await examine(system.pool, now=system.door.now())).is_clean


async def test_a_hold_whose_time_is_over_keeps_nothing_from_an_order_of_that_instant(
    system: System, clock: Clock
) -> None:
    holds = [await held(system, 2, seconds=30), await held(system, 2, seconds=60)]
    clock.now = holds[0].expires_at - timedelta(microseconds=2)
    assert isinstance(await system.door.one(capture("W-1", {"A": 2}), actor="test"), StockShort)
    clock.now = holds[0].expires_at
    accepted(await system.door.one(capture("W-1", {"A": 2}), actor="test"))
    assert [await state_of(system, hold) for hold in holds] == [CartHoldState.EXPIRED, CartHoldState.HELD]
    assert await end_due_carts(system, system.door.now(), limit=10) == 0
    assert (await examine(system.pool, now=system.door.now())).is_clean


async def test_a_hold_is_used_once_and_only_by_its_channel(system: System) -> None:
    hold = await held(system, 2)
    foreign = replace(capture("W-0"), channel="store", cart_hold=hold.hold_id)
    assert isinstance(await system.door.one(foreign, actor="test"), Invalid)
    both = [replace(capture(f"W-{number}", {"A": 2}), cart_hold=hold.hold_id) for number in (1, 2)]
    outcomes = await asyncio.gather(*(system.door.one(command, actor="test") for command in both))
    assert [isinstance(outcome, Accepted) for outcome in outcomes] == [True, False]
    assert isinstance(outcomes[1], Invalid)
    unknown = replace(capture("W-3"), cart_hold=CartHoldId("C-none"))
    assert isinstance(await system.door.one(unknown, actor="test"), Invalid)


async def test_activity_keeps_a_hold_alive_until_it_is_too_late(system: System, clock: Clock) -> None:
    hold = await held(system, 2)
    clock.advance(seconds=50)
    extended = await extend_hold(system, hold.hold_id, 60, actor="test")
    assert isinstance(extended, CartHold)
    clock.advance(seconds=50)
    assert await end_due_carts(system, system.door.now(), limit=10) == 0
    clock.advance(seconds=10)
    late = await extend_hold(system, hold.hold_id, 60, actor="test")
    assert late == NotPossibleNow("extend", CartHoldState.EXPIRED)


async def test_what_is_given_up_is_free_at_once_and_only_once(system: System) -> None:
    hold = await held(system, 5)
    freed = await give_up_hold(system, hold.hold_id, actor="test")
    assert isinstance(freed, CartHold)
    assert await available(system) == 5
    assert await give_up_hold(system, hold.hold_id, actor="test") == NotPossibleNow("give up", CartHoldState.FREED)
    assert await available(system) == 5


async def test_a_changed_cart_keeps_other_units_under_its_hold_without_a_gap(system: System, clock: Clock) -> None:
    hold = await held(system, 4)
    clock.advance(seconds=40)
    more = replace(capture("cart", {"A": 5}), cart_hold=hold.hold_id)
    both = await asyncio.gather(
        hold_cart(system, more, 60, actor="test"), system.door.one(capture("W-1", {"A": 1}), actor="test")
    )
    assert isinstance(both[0], tuple)
    assert isinstance(both[1], StockShort)
    changed = both[0][0]
    assert (changed.hold_id, changed.quantity, await available(system)) == (hold.hold_id, 5, 0)
    assert changed.expires_at > hold.expires_at
    fewer = await hold_cart(system, replace(capture("cart", {"A": 1}), cart_hold=hold.hold_id), 5, actor="test")
    assert isinstance(fewer, tuple)
    assert (fewer[0].quantity, fewer[0].expires_at, await available(system)) == (1, changed.expires_at, 4)
    accepted(await system.door.one(replace(capture("W-2", {"A": 5}), cart_hold=hold.hold_id), actor="test"))
    assert (await examine(system.pool, now=system.door.now())).is_clean


async def test_a_change_that_cannot_be_promised_leaves_the_hold_as_it_is(system: System) -> None:
    hold = await held(system, 3)
    rows = await system.pool.fetchval("SELECT count(*) FROM events")
    more = replace(capture("cart", {"A": 6}), cart_hold=hold.hold_id)
    assert isinstance(await hold_cart(system, more, 60, actor="test"), StockShort)
    assert await read_hold(system, hold.hold_id) == hold
    assert await system.pool.fetchval("SELECT count(*) FROM events") == rows


async def test_a_hold_that_is_over_begins_again_with_what_is_free_but_not_after_an_order(
    system: System, clock: Clock
) -> None:
    hold = await held(system, 5)
    clock.advance(seconds=61)
    accepted(await system.door.one(capture("W-1", {"A": 3}), actor="test"))
    again = replace(capture("cart", {"A": 3}), cart_hold=hold.hold_id)
    assert isinstance(await hold_cart(system, again, 60, actor="test"), StockShort)
    found = await hold_cart(system, replace(again, lines=capture("cart", {"A": 2}).lines), 60, actor="test")
    assert isinstance(found, tuple)
    assert (found[0].state, await available(system)) == (CartHoldState.HELD, 0)
    accepted(await system.door.one(replace(capture("W-2", {"A": 2}), cart_hold=hold.hold_id), actor="test"))
    assert isinstance(await hold_cart(system, again, 60, actor="test"), Invalid)
    assert (await examine(system.pool, now=system.door.now())).is_clean


async def test_the_carts_of_one_customer_keep_no_more_than_is_allowed(system: System, clock: Clock) -> None:
    def asked(units: int, customer: str, **more: Any) -> CaptureOrder:
        return replace(capture("cart", {"A": units}), customer=Customer(customer), **more)

    limited = replace(system, cart_units_max=2)
    first = await hold_cart(limited, asked(2, "K-1"), 60, actor="test")
    assert isinstance(first, tuple)
    entries = await system.pool.fetchval("SELECT count(*) FROM entries")
    assert await hold_cart(limited, asked(1, "K-1"), 60, actor="test") == HoldLimit(2, held=2, asked=1)
    assert await hold_cart(limited, asked(3, ""), 60, actor="test") == HoldLimit(2, held=0, asked=3)
    assert await system.pool.fetchval("SELECT count(*) FROM entries") == entries
    own = asked(2, "K-1", cart_hold=first[0].hold_id)
    assert isinstance(await hold_cart(limited, own, 60, actor="test"), tuple)
    assert isinstance(await hold_cart(limited, asked(2, "K-2"), 60, actor="test"), tuple)
    clock.advance(seconds=61)
    assert isinstance(await hold_cart(limited, asked(2, "K-1"), 60, actor="test"), tuple)


async def test_carts_of_one_batch_count_as_well(system: System) -> None:
    asked = replace(capture("cart", {"A": 2}), customer=Customer("K-1"))
    limited = replace(system, cart_units_max=3)
    found = await asyncio.gather(*(hold_cart(limited, asked, 60, actor="test") for _ in range(2)))
    assert [type(one) for one in found] == [tuple, HoldLimit]


@pytest.mark.parametrize("order_comes_first", [True, False])
async def test_order_and_clock_at_the_same_time_decide_once(
    system: System, clock: Clock, order_comes_first: bool
) -> None:
    hold = await held(system, 5)
    clock.advance(seconds=59.5 if order_comes_first else 60)
    order = system.door.one(replace(capture("W-1", {"A": 5}), cart_hold=hold.hold_id), actor="test")
    outcome, ended = await asyncio.gather(order, end_due_carts(system, clock.now, limit=10))
    assert isinstance(outcome, Accepted)  # with the hold's units, or with what it left
    assert ended <= (0 if order_comes_first else 1)  # the order may have ended it
    assert await times_ended(system, hold) == 1
    assert await state_of(system, hold) is (CartHoldState.USED if order_comes_first else CartHoldState.EXPIRED)
    assert await available(system) == 0
    assert (await examine(system.pool, now=system.door.now())).is_clean


async def test_many_carts_at_once_never_hold_more_than_there_is(system: System) -> None:
    found = await asyncio.gather(
        *(hold_cart(system, capture(f"cart-{number}", {"A": 1}), 60, actor="test") for number in range(20))
    )
    assert sum(isinstance(one, tuple) for one in found) == 5
    assert await available(system) == 0


async def test_the_end_of_a_cart_goes_before_all_that_waits_at_the_door(system: System, clock: Clock) -> None:
    await stock(system, {("A", "DC-PA"): 1000})
    hold = await held(system, 4)
    clock.advance(seconds=60)
    orders = [asyncio.create_task(system.door.one(capture(f"W-{number}"), actor="test")) for number in range(400)]
    await asyncio.sleep(0)  # all of them wait by now, and the first ones are being written
    assert await end_due_carts(system, clock.now, limit=10) == 1
    await asyncio.gather(*orders)
    earlier = await system.pool.fetchval(
        "SELECT count(*) FROM events WHERE kind = 'OrderCaptured'"
        " AND xid < (SELECT xid FROM events WHERE subject = $1 AND kind = 'CartHoldEnded')",
        f"cart:{hold.hold_id}",
    )
    assert earlier < 400  # it runs beside the door, and not behind all that waits there


async def test_a_hold_that_cannot_be_ended_keeps_no_other_from_its_end(
    system: System, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await set_up(system.pool, nodes=(node("DC-PA"),), items=(item("A"), item("B")))
    await system.door.follow()
    await stock(system, {("B", "DC-PA"): 5})
    broken = await held(system, 2)
    fine = [await hold_cart(system, capture("cart", {"B": 1}), 60, actor="test") for _ in range(3)]
    await system.pool.execute("UPDATE balances SET reserved = 0 WHERE sku = 'A'")
    clock.advance(seconds=60)
    assert await end_due_carts(system, clock.now, limit=10) == 3
    states = [await state_of(system, one[0]) for one in fine if isinstance(one, tuple)]
    assert states == [CartHoldState.EXPIRED] * 3
    assert await state_of(system, broken) is CartHoldState.HELD
    assert [record.getMessage() for record in caplog.records] == [f"cannot end the hold {broken.hold_id} of a cart"]
