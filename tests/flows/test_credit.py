"""Credit: what customers may owe is never exceeded by what is released, whoever orders at the same instant."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from tests.builders import Clock, accepted, capture, follow_only_when_told, item, node, set_up, stock
from tests.conftest import Database
from tests.flows.waiting import wait_for_two
from troth.flows.door.requests import Accepted
from troth.flows.door.system import System, open_system
from troth.flows.records.customers import read, review_credit, set_terms, tell
from troth.model.capture_order import CaptureOrder
from troth.model.change import SetQuantity
from troth.model.commands import CancelOrder, ChangeOrder, LiftHold, LineQuantity, ReleaseOrder, ShipWork
from troth.model.credit import CustomerTerms
from troth.model.ids import LineId, OrderId
from troth.model.money import Money
from troth.model.order import Customer, Order, Payment
from troth.model.refusals import Held, Invalid
from troth.model.status import placed_holds
from troth.store import customers
from troth.store.orders import read_orders

ONE = LineId("1")
PRICE = 1_990
LIMITED = CustomerTerms("C-1", "Park & Sons", credit_limit_minor=10 * PRICE)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def processes(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[System, System]]:
    """Two processes, with a customer who may owe as much as ten units cost."""
    follow_only_when_told(monkeypatch)
    await set_up(database.pool, nodes=(node("DC-PA"),), items=(item("A"), item("B")))
    async with open_system(database.dsn, clock=clock) as first, open_system(database.dsn, clock=clock) as second:
        await stock(first, {("A", "DC-PA"): 100, ("B", "DC-PA"): 100})
        await set_terms(first, LIMITED, actor="test")
        await second.door.follow()
        yield first, second


async def order(system: System, name: str, units: int, **changes: object) -> Order:
    command: CaptureOrder = replace(capture(name, {"A": units}), **changes)  # type: ignore[arg-type]
    return accepted(await system.door.one(command, actor="test"))


async def now(system: System, order_id: OrderId) -> Order:
    """The order as it is written."""
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, {order_id}))[order_id]


def held(order: Order) -> list[str]:
    return [hold.type for hold in placed_holds(order)]


async def used(system: System) -> tuple[int, int, int, int]:
    """What is open, invoiced since the balance was told, unpaid, and held, in units of the price."""
    found = await read(system, "C-1")
    assert found is not None
    credit = found.value.credit
    assert credit is not None
    figures = (credit.open_minor, credit.invoiced_minor, credit.unpaid_minor, found.value.held_minor)
    return tuple(figure // PRICE for figure in figures)  # type: ignore[return-value]


async def test_an_order_beyond_the_limit_is_held_reserved_and_not_released(processes: tuple[System, System]) -> None:
    system, _ = processes
    first, beyond, small = [await order(system, name, units) for name, units in (("1", 7), ("2", 4), ("3", 3))]

    assert [held(one) for one in (first, beyond, small)] == [[], ["credit"], []]
    assert "exceeded by 19.90 USD" in beyond.holds[0].reason
    assert await used(system) == (10, 0, 0, 4)
    assert isinstance(await system.door.one(ReleaseOrder(beyond.order_id), actor="test"), Held)
    assert await system.pool.fetchval("SELECT reserved FROM balances WHERE sku = 'A'") == 14


async def test_what_exactly_uses_up_the_limit_passes_and_one_unit_more_does_not(
    processes: tuple[System, System],
) -> None:
    system, _ = processes

    assert held(await order(system, "1", 10)) == []
    assert held(await order(system, "2", 1)) == ["credit"]


async def test_a_hold_is_lifted_by_itself_when_another_order_is_canceled(processes: tuple[System, System]) -> None:
    system, _ = processes
    first, second, third = [await order(system, name, units) for name, units in (("1", 8), ("2", 6), ("3", 6))]
    assert [held(second), held(third)] == [["credit"], ["credit"]]

    assert await review_credit(system) == 0
    await system.door.one(CancelOrder(first.order_id, "not wanted"), actor="test")
    lifted = await review_credit(system)

    assert lifted == 1
    assert [held(await now(system, one.order_id)) for one in (second, third)] == [[], ["credit"]]
    assert await used(system) == (6, 0, 0, 6)


async def test_a_change_beyond_the_limit_holds_and_one_back_lets_go(processes: tuple[System, System]) -> None:
    system, _ = processes
    placed = await order(system, "1", 10)

    more = accepted(await system.door.one(ChangeOrder(placed.order_id, (SetQuantity(ONE, 11),), "more"), actor="test"))
    assert held(more) == ["credit"]
    assert await used(system) == (0, 0, 0, 11)
    less = accepted(await system.door.one(ChangeOrder(placed.order_id, (SetQuantity(ONE, 9),), "less"), actor="test"))
    assert held(less) == []
    assert await used(system) == (9, 0, 0, 0)


async def test_a_person_may_let_an_order_go_and_it_counts_then(processes: tuple[System, System]) -> None:
    system, _ = processes
    await order(system, "1", 8)
    beyond = await order(system, "2", 5)

    let_go = accepted(await system.door.one(LiftHold(beyond.order_id, beyond.holds[0].hold_id), actor="test"))

    assert held(let_go) == []
    assert await used(system) == (13, 0, 0, 0)
    assert held(await order(system, "3", 1)) == ["credit"]


async def test_what_has_left_is_owed_until_the_balance_says_what_was_paid(
    processes: tuple[System, System], clock: Clock
) -> None:
    system, _ = processes
    placed = await order(system, "1", 6)
    await system.door.one(ReleaseOrder(placed.order_id), actor="test")
    await system.door.one(ShipWork(placed.fulfillments[0].fulfillment_id), actor="test")
    assert await used(system) == (0, 6, 0, 0)
    beyond = await order(system, "2", 5)
    assert held(beyond) == ["credit"]

    clock.advance(days=1)
    told = await tell(system, "C-1", Money(2 * PRICE, "USD"), clock.now, actor="test")

    assert not isinstance(told, Invalid)
    assert await used(system) == (5, 0, 2, 0)
    assert held(await now(system, beyond.order_id)) == []


async def test_an_older_balance_a_future_one_or_another_currency_is_refused_and_changes_nothing(
    processes: tuple[System, System], clock: Clock
) -> None:
    system, _ = processes
    at = clock.now
    await tell(system, "C-1", Money(PRICE, "USD"), at, actor="test")

    for unpaid, as_of, pointer in (
        (Money(0, "USD"), at - timedelta(days=1), "/as_of"),
        (Money(0, "USD"), at + timedelta(days=1), "/as_of"),
        (Money(0, "EUR"), at, "/unpaid/currency"),
    ):
        refused = await tell(system, "C-1", unpaid, as_of, actor="test")
        assert isinstance(refused, Invalid)
        assert [flaw.pointer for flaw in refused.flaws] == [pointer]
    assert await used(system) == (0, 0, 1, 0)


async def test_what_is_paid_otherwise_does_not_count(processes: tuple[System, System]) -> None:
    system, _ = processes
    card = Payment("stripe", "pi_1", 4 * PRICE, "authorized")
    invoice = Payment("invoice", "", 6 * PRICE, "authorized")

    paid = await order(system, "1", 10, payments=(card, invoice))

    assert held(paid) == []
    assert await used(system) == (6, 0, 0, 0)


async def test_units_canceled_of_one_order_are_free_for_another(processes: tuple[System, System]) -> None:
    system, _ = processes
    placed = await order(system, "1", 10)

    await system.door.one(CancelOrder(placed.order_id, "fewer", (LineQuantity(ONE, 4),)), actor="test")

    assert held(await order(system, "2", 4)) == []
    assert await used(system) == (10, 0, 0, 0)


async def test_nobody_else_is_held_and_an_order_in_another_currency_is(processes: tuple[System, System]) -> None:
    system, _ = processes

    assert held(await order(system, "1", 50, customer=Customer("C-2"))) == []
    foreign = await order(system, "2", 1, currency="EUR")
    assert held(foreign) == ["credit"]
    assert "is in EUR" in foreign.holds[0].reason
    assert await used(system) == (0, 0, 0, 0)


async def test_orders_that_were_there_before_the_limit_count(processes: tuple[System, System]) -> None:
    system, _ = processes
    await set_terms(system, replace(LIMITED, credit_limit_minor=None), actor="test")
    placed = await order(system, "1", 30)
    shipped = await order(system, "2", 2)
    await system.door.one(ReleaseOrder(shipped.order_id), actor="test")
    await system.door.one(ShipWork(shipped.fulfillments[0].fulfillment_id), actor="test")

    await set_terms(system, replace(LIMITED, credit_limit_minor=32 * PRICE), actor="test")

    assert held(placed) == []
    assert await used(system) == (30, 2, 0, 0)
    assert held(await order(system, "3", 1)) == ["credit"]


async def _two_at_once(database: Database, processes: tuple[System, System]) -> list[list[str]]:
    """The holds of two orders of six units each, of which neither is written before both were decided, or wait."""
    own = await asyncpg.connect(database.dsn)
    try:
        async with own.transaction():
            await own.execute("SELECT FROM balances FOR UPDATE")
            both = [
                asyncio.create_task(system.door.one(capture(f"race-{number}", {"A": 6}), actor="test"))
                for number, system in enumerate(processes)
            ]
            await wait_for_two(database.pool)
        outcomes = await asyncio.gather(*both)
    finally:
        await own.close()
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    return [held(await now(processes[0], accepted(outcome).order_id)) for outcome in outcomes]


async def test_two_orders_at_once_do_not_both_pass_under_the_last_of_the_limit(
    database: Database, processes: tuple[System, System]
) -> None:
    holds = await _two_at_once(database, processes)

    assert sorted(holds) == [[], ["credit"]]
    assert await used(processes[0]) == (6, 0, 0, 6)


async def test_without_the_lock_both_would_pass(
    database: Database, processes: tuple[System, System], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customers, "_LOCK", customers._LOCK.replace("FOR UPDATE", ""))

    assert await _two_at_once(database, processes) == [[], []]
    assert await used(processes[0]) == (12, 0, 0, 0)


async def test_many_orders_from_two_processes_never_use_more_than_the_limit(
    processes: tuple[System, System],
) -> None:
    outcomes = await asyncio.gather(
        *(
            system.door.one(capture(f"many-{number}-{at}", {"A": 1 + number % 3}), actor="test")
            for number in range(12)
            for at, system in enumerate(processes)
        )
    )

    passed = [one for one in map(accepted, outcomes) if not held(one)]
    assert sum(line.quantity for one in passed for line in one.lines) == 10
    assert (await used(processes[0]))[0] == 10
