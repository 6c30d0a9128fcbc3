"""The end of a cart's hold is decided once, whoever comes at that instant: the order, the clock, another customer."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from tests.builders import Clock, capture, follow_only_when_told, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.door.requests import Accepted
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import examine
from troth.flows.orders.cart import hold_cart
from troth.flows.orders.due import end_due_carts
from troth.model.cart_hold import CartHold, CartHoldState
from troth.model.commands import CancelOrder
from troth.store import cart_holds
from troth.store.cart_holds import read_cart_hold

UNITS = 5
ROUNDS = 24


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def processes(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[System, System]]:
    """Two processes of which the first takes orders and the second is a worker that also takes orders."""
    follow_only_when_told(monkeypatch)
    await set_up(database.pool, nodes=(node("DC-PA"),), items=(item("A"),))
    async with open_system(database.dsn, clock=clock) as first, open_system(database.dsn, clock=clock) as second:
        await stock(first, {("A", "DC-PA"): UNITS})
        yield first, second


async def race(processes: tuple[System, System], clock: Clock, number: int) -> tuple[CartHold, list[bool], list[str]]:
    """The cart's order, another order of the same units and the clock, all within microseconds of the hold's end.

    Gives the hold as it is then, which of the two orders was accepted, and how the log says that the hold ended.
    """
    first, second = processes
    found = await hold_cart(first, capture(f"cart-{number}", {"A": UNITS}), 60, actor="test")
    assert isinstance(found, tuple), found
    hold = found[0]
    clock.now = hold.expires_at - timedelta(microseconds=number % 8)
    own = replace(capture(f"W-{number}", {"A": UNITS}), cart_hold=hold.hold_id)
    other = capture(f"V-{number}", {"A": UNITS})
    *outcomes, _ = await asyncio.gather(
        first.door.one(own, actor="test"),
        second.door.one(other, actor="test"),
        end_due_carts(second, hold.expires_at, limit=10),
    )
    for order, outcome in zip((own, other), outcomes, strict=True):
        if isinstance(outcome, Accepted):
            await first.door.one(CancelOrder(order.order_id, "next round"), actor="test")
    async with first.pool.acquire() as connection:
        ended = await read_cart_hold(connection, hold.hold_id)
        log = await connection.fetch(
            "SELECT body ->> 'state' AS state FROM events WHERE subject = $1 AND kind = 'CartHoldEnded'",
            f"cart:{hold.hold_id}",
        )
    assert ended is not None
    return ended, [isinstance(outcome, Accepted) for outcome in outcomes], [row["state"] for row in log]


async def test_at_the_instant_of_its_end_a_hold_is_decided_once(processes: tuple[System, System], clock: Clock) -> None:
    states = set()
    for number in range(ROUNDS):
        hold, accepted, log = await race(processes, clock, number)
        states.add(hold.state)
        assert log == [hold.state]
        assert sum(accepted) == 1
        assert accepted[0] or hold.state is CartHoldState.EXPIRED  # a hold that is used is used by its order
    assert states == {CartHoldState.USED, CartHoldState.EXPIRED}
    report = await examine(processes[0].pool, now=clock.now)
    assert report.is_clean, report.text()


async def test_without_the_lock_on_the_hold_its_end_is_decided_twice(
    processes: tuple[System, System], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cart_holds._LOCK.count("FOR UPDATE") == 1
    # Each looks for so long that the others look as well before it writes.
    unlocked = cart_holds._LOCK.replace("FOR UPDATE", "").replace("WHERE", "CROSS JOIN pg_sleep(0.1) WHERE")
    monkeypatch.setattr(cart_holds, "_LOCK", unlocked)
    with pytest.raises(asyncpg.CheckViolationError, match=r"balances_(reserve_nothing_twice|never_oversold)"):
        for number in range(ROUNDS):
            await race(processes, clock, number)
