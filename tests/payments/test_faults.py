"""Whoever dies between writing a step down, asking for it and recording what came of it: there is one effect."""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from tests.builders import NOW, Clock
from tests.conftest import Database
from tests.payments.paying import (
    account,
    again,
    asked,
    books,
    events,
    opened,
    order,
    ours,
    paid,
    settle_all,
    ship,
    steps,
)
from troth.flows.door.system import System
from troth.flows.memory.gateways import Gateway
from troth.flows.money.reconcile import reconcile
from troth.flows.money.settle import CLAIM_SECONDS, follow_orders, settle_due
from troth.model.ids import OrderId
from troth.model.payment import Ask, Outcome

DONE = [("authorize", "authorized", 1990), ("capture", "captured", 1990)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    async with opened(database, clock) as one:
        yield one


@dataclass
class Interrupted:
    """The sandbox, of which one request ends the flow: before the bank hears of it, or after it did it."""

    inner: Gateway
    is_before: bool
    is_armed: bool = True
    keeps_keys_hours: float = 24.0

    async def ask(self, ask: Ask) -> Outcome:
        armed, self.is_armed = self.is_armed, False
        if armed and self.is_before:
            raise asyncio.CancelledError
        outcome = await self.inner.ask(ask)
        if armed:
            raise asyncio.CancelledError
        return outcome

    async def find(self, ask: Ask) -> Outcome | None:
        return await self.inner.find(ask)

    read_payment = property(lambda self: self.inner.read_payment)
    read_payments = property(lambda self: self.inner.read_payments)
    read_notice = property(lambda self: self.inner.read_notice)
    read_disputes = property(lambda self: self.inner.read_disputes)
    read_disputes_since = property(lambda self: self.inner.read_disputes_since)


def interrupted(system: System, *, is_before: bool) -> System:
    """The same system, whose flow is canceled in the middle of the next request."""
    gateway: Gateway = Interrupted(system.gateways["sandbox"], is_before)
    return replace(system, gateways={"sandbox": gateway})


async def settle_until_canceled(system: System) -> None:
    while await follow_orders(system.pool, system.door.now()):
        pass
    with pytest.raises(asyncio.CancelledError):
        await settle_due(system, limit=10)


@pytest.mark.parametrize("is_before", [True, False], ids=["before the call", "before the outcome is recorded"])
@pytest.mark.parametrize("is_capture", [False, True], ids=["authorize", "capture"])
async def test_a_flow_that_is_canceled_around_the_call_has_one_effect(
    system: System, clock: Clock, *, is_before: bool, is_capture: bool
) -> None:
    made = await order(system, paid())
    if is_capture:
        await settle_all(system)
        await ship(system, made.order_id)
    await settle_until_canceled(interrupted(system, is_before=is_before))
    assert [step[1] for step in await steps(system, made.order_id)][-1] == "requested"
    await settle_all(system)  # it is claimed still: nobody else touches it
    assert [step[1] for step in await steps(system, made.order_id)][-1] == "requested"
    clock.advance(seconds=CLAIM_SECONDS + 1)
    await settle_all(system)
    if not is_capture:
        await ship(system, made.order_id)
        await settle_all(system)
    assert await steps(system, made.order_id) == DONE
    assert await books(system) == {f"sb-{made.order_id}-P1-S1": (1990, 1990, 0)} == await ours(system)
    assert await events(system, made.order_id) == ["PaymentAuthorized", "PaymentCaptured"]
    assert set(await asked(system)) == {f"{made.order_id}-P1-S1", f"{made.order_id}-P1-S2"}


@pytest.mark.parametrize("token", ["tok_timeout", "tok_lost", "tok_late", "tok_twice"])
async def test_a_gateway_that_times_out_answers_late_or_twice_leaves_no_order_in_doubt(
    system: System, clock: Clock, token: str
) -> None:
    made = await order(system, paid(token))
    for _ in range(2):
        for _ in range(4):
            await settle_all(system)
            clock.advance(seconds=10)
        if len(await steps(system, made.order_id)) == 1:
            await ship(system, made.order_id)
    assert await steps(system, made.order_id) == DONE
    assert await books(system) == {f"sb-{made.order_id}-P1-S1": (1990, 1990, 0)} == await ours(system)
    happened = [kind for kind in await events(system, made.order_id) if kind != "PaymentUnknown"]
    assert happened == ["PaymentAuthorized", "PaymentCaptured"]


async def test_two_workers_that_ask_for_the_same_step_have_one_effect_and_record_it_once(
    system: System, database: Database, clock: Clock
) -> None:
    """A worker that was slow for longer than its claim lasts, and the one that took over."""
    made = await order(system, paid())
    waiting, going = asyncio.Event(), asyncio.Event()

    @dataclass
    class Slow(Interrupted):
        async def ask(self, ask: Ask) -> Outcome:
            waiting.set()
            await going.wait()
            return await self.inner.ask(ask)

    slow = replace(system, gateways={"sandbox": Slow(system.gateways["sandbox"], is_before=False)})
    while await follow_orders(system.pool, system.door.now()):
        pass
    first = asyncio.create_task(settle_due(slow, limit=10))
    await waiting.wait()
    clock.advance(seconds=CLAIM_SECONDS + 1)
    async with again(database, clock) as second:
        await settle_all(second)
    going.set()
    await first
    assert await steps(system, made.order_id) == DONE[:1]
    assert await asked(system) == {f"{made.order_id}-P1-S1": 2}
    assert await books(system) == {f"sb-{made.order_id}-P1-S1": (1990, 0, 0)}
    assert await events(system, made.order_id) == ["PaymentAuthorized"]


async def test_no_connection_is_held_while_a_gateway_is_asked(system: System) -> None:
    made = await order(system, paid())
    held: list[int] = []

    @dataclass
    class Looking(Interrupted):
        async def ask(self, ask: Ask) -> Outcome:
            held.append(system.pool.get_size() - system.pool.get_idle_size())
            locks = "SELECT count(*) FROM pg_locks WHERE granted AND locktype IN ('tuple', 'transactionid')"
            held.append(await system.pool.fetchval(f"{locks} AND pid <> pg_backend_pid()"))
            return await self.inner.ask(ask)

    looking = replace(system, gateways={"sandbox": Looking(system.gateways["sandbox"], is_before=False)})
    await settle_all(looking)
    assert held == [0, 0]
    assert await steps(system, made.order_id) == DONE[:1]


async def test_reconciliation_repairs_what_is_unknown_without_doing_it_again(system: System, clock: Clock) -> None:
    made = await order(system, paid("tok_timeout"))
    await settle_all(system)
    assert [step.state for step in (await account(system, made.order_id)).steps] == ["unknown"]
    (found,) = await reconcile(system, since=clock.now.replace(year=2020), is_repairing=False)
    assert [(one.kind, one.order_id) for one in found.differences] == [("in_flight", made.order_id)]
    (found,) = await reconcile(system, since=clock.now.replace(year=2020), is_repairing=True)
    assert (found.repaired, found.differences, found.payments) == (1, (), 1)
    assert await asked(system) == {f"{made.order_id}-P1-S1": 1}


async def kill_when(dsn: str, gap: str, clock: Clock) -> None:
    """Run a process that settles, and kill it without a word as soon as it says that it is in the gap."""
    ahead = str((clock.now - NOW).total_seconds() + 1.0)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.payments.settler", dsn, gap, ahead, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"here\n"
    process.kill()
    await process.wait()


@pytest.mark.parametrize("gap", ["intent", "call", "outcome"])
async def test_a_worker_that_is_killed_in_a_gap_leaves_one_effect(
    database: Database, system: System, clock: Clock, gap: str
) -> None:
    made = await order(system, paid())
    await kill_when(database.dsn, gap, clock)
    clock.advance(seconds=CLAIM_SECONDS + 60)
    await settle_all(system)
    await ship(system, made.order_id)
    await kill_when(database.dsn, gap, clock)
    clock.advance(seconds=CLAIM_SECONDS + 60)
    await settle_all(system)
    await assert_one_effect_each(system, made.order_id)


async def assert_one_effect_each(system: System, order_id: OrderId) -> None:
    assert await steps(system, order_id) == DONE
    assert await books(system) == {f"sb-{order_id}-P1-S1": (1990, 1990, 0)} == await ours(system)
    assert await events(system, order_id) == ["PaymentAuthorized", "PaymentCaptured"]
    effects = await system.pool.fetch("SELECT action, count(*) FROM sandbox_effects GROUP BY action ORDER BY action")
    assert [tuple(row) for row in effects] == [("authorize", 1), ("capture", 1)]
