"""Credit counts what an order's account has, not what its channel once reported."""

from collections.abc import AsyncIterator

import pytest

from tests.builders import Clock
from tests.conftest import Database
from tests.payments.paying import opened, order, paid, read, settle_all, ship
from tests.payments.test_returned import bring_back, delivered, nothing_more, types
from troth.flows.door.system import System
from troth.flows.log.doctor import examine
from troth.flows.money.account_actions import close_tender, give_back, retry
from troth.flows.records.customers import read as read_customer
from troth.flows.records.customers import set_terms
from troth.model.credit import CustomerTerms

PRICE = 1_990
LIMITED = CustomerTerms("C-1", credit_limit_minor=5 * PRICE)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    async with opened(database, clock) as one:
        await set_terms(one, LIMITED, actor="test")
        yield one


async def used(system: System) -> tuple[int, int, int]:
    """What is open, invoiced and held, in units of the price; and the doctor finds it so."""
    found = await read_customer(system, "C-1")
    assert found is not None
    credit = found.value.credit
    assert credit is not None
    report = await examine(system.pool, now=system.door.now())
    assert [one.rows for one in report.findings if one.check == "credit"] == [()]
    return credit.open_minor // PRICE, credit.invoiced_minor // PRICE, found.value.held_minor // PRICE


async def test_what_a_gateway_authorizes_is_not_owed_and_lets_the_order_go(system: System) -> None:
    made = await order(system, paid(minor=8 * PRICE), A=8)
    before = await used(system)
    await settle_all(system)
    after = await used(system)
    await ship(system, made.order_id)
    await settle_all(system)

    assert (types(made), before) == (["payment", "credit"], (0, 0, 8))
    assert (types(await read(system, made.order_id)), after) == ([], (0, 0, 0))
    assert await used(system) == (0, 0, 0)


async def test_what_is_refused_is_owed(system: System) -> None:
    made = await order(system, paid("tok_stolen", 4 * PRICE), A=4)
    await settle_all(system)

    assert types(await read(system, made.order_id)) == ["payment"]
    assert await used(system) == (4, 0, 0)


async def test_what_a_person_takes_no_more_of_is_owed_again(system: System) -> None:
    made = await order(system, paid(minor=4 * PRICE), A=4)
    await settle_all(system)
    free = await used(system)
    await close_tender(system, made.order_id, 1, reason="they pay later", actor="clerk", after=nothing_more)
    await settle_all(system)

    assert (free, await used(system)) == ((0, 0, 0), (4, 0, 0))


async def test_what_was_given_back_is_not_owed_again(system: System) -> None:
    made = await order(system, paid(minor=2 * PRICE), A=2)
    await delivered(system, made)
    await give_back(system, made.order_id, PRICE, reason="a scratch", actor="clerk", after=nothing_more)
    await settle_all(system)
    await retry(system, made.order_id, reason="once more", actor="clerk", after=nothing_more)
    await settle_all(system)

    assert await used(system) == (0, 0, 0)


async def test_what_came_back_is_owed_no_more(system: System) -> None:
    made = await order(system, paid(minor=3 * PRICE, by="invoice", status="authorized"), A=3)
    await delivered(system, made)
    left = await used(system)
    await bring_back(system, made, 2)
    await settle_all(system)

    assert (left, await used(system)) == ((0, 3, 0), (0, 1, 0))


async def test_a_limit_that_comes_later_counts_what_accounts_have(system: System) -> None:
    await set_terms(system, CustomerTerms("C-1"), actor="test")
    await order(system, paid(minor=3 * PRICE), A=3)
    await order(system, external_id="W-2", A=2)
    await settle_all(system)

    await set_terms(system, LIMITED, actor="test")

    assert await used(system) == (2, 0, 0)
