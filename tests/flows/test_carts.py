"""Holds of carts: nobody else gets the units, the order gets them without a gap, and the end is decided once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.cart import extend_hold, give_up_hold, hold_cart, read_hold
from troth.flows.doctor import examine
from troth.flows.due import end_due_carts
from troth.flows.requests import Accepted
from troth.flows.system import System, open_system
from troth.model.cart_hold import CartHold, CartHoldState
from troth.model.ids import CartHoldId
from troth.model.refusals import Invalid, NotPossibleNow, StockShort
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
    assert found is not None
    return found[0]


async def available(system: System) -> int:
    async with system.pool.acquire() as connection:
        (balance,) = await find_balances(connection, skus=["A"], limit=10)
    return balance.available


async def test_what_a_cart_holds_nobody_else_gets_until_its_time_is_over(system: System, clock: Clock) -> None:
    hold = await held(system, 4)
    refused = await system.door.one(capture("W-1", {"A": 2}), actor="test")
    assert isinstance(refused, StockShort)
    assert await hold_cart(system, capture("other", {"A": 2}), 60, actor="test") is None

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
    hold = await held(system, 5)
    clock.advance(seconds=60)
    late = replace(capture("W-1", {"A": 5}), cart_hold=hold.hold_id)
    assert isinstance(await system.door.one(late, actor="test"), StockShort)
    await end_due_carts(system, system.door.now(), limit=10)
    accepted(await system.door.one(late, actor="test"))


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


@pytest.mark.parametrize("order_comes_first", [True, False])
async def test_order_and_clock_at_the_same_time_decide_once(
    system: System, clock: Clock, order_comes_first: bool
) -> None:
    hold = await held(system, 5)
    clock.advance(seconds=59.5 if order_comes_first else 60)
    order = system.door.one(replace(capture("W-1", {"A": 5}), cart_hold=hold.hold_id), actor="test")
    outcome, ended = await asyncio.gather(order, end_due_carts(system, clock.now, limit=10))
    assert (isinstance(outcome, Accepted), ended) == ((True, 0) if order_comes_first else (False, 1))
    assert await available(system) == (0 if order_comes_first else 5)
    assert (await examine(system.pool, now=system.door.now())).is_clean


async def test_many_carts_at_once_never_hold_more_than_there_is(system: System) -> None:
    found = await asyncio.gather(
        *(hold_cart(system, capture(f"cart-{number}", {"A": 1}), 60, actor="test") for number in range(20))
    )
    assert sum(one is not None for one in found) == 5
    assert await available(system) == 0
