"""The doctor looks at accounts: what cannot be is named."""

from collections.abc import AsyncIterator

import pytest

from tests.builders import Clock
from tests.conftest import Database
from tests.payments.paying import opened, order, paid, settle_all, ship
from troth.flows.door.system import System
from troth.flows.log.doctor import Severity, examine


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    async with opened(database, clock) as one:
        yield one


async def found(system: System) -> tuple[Severity, tuple[str, ...]]:
    report = await examine(system.pool, orders_max=None)
    (finding,) = [one for one in report.findings if one.check == "payments"]
    return finding.severity, finding.rows


async def test_every_account_that_cannot_be_is_found(system: System) -> None:
    made = [await order(system, paid(), external_id=f"W-{number}") for number in range(4)]
    await settle_all(system)
    for one in made:
        await ship(system, one.order_id)
    await settle_all(system)
    assert await found(system) == (Severity.OK, ())
    first, second, third, fourth = (one.order_id for one in made)
    change = "UPDATE payment_steps SET"
    await system.pool.execute(f"{change} done_minor = 1000 WHERE order_id = $1 AND step = 1", first)
    await system.pool.execute(f"{change} state = 'refunded' WHERE order_id = $1 AND step = 2", second)
    await system.pool.execute(f"{change} done_minor = 1500 WHERE order_id = $1 AND step = 2", third)
    await system.pool.execute("DELETE FROM payment_accounts WHERE order_id = $1", fourth)
    severity, rows = await found(system)
    assert severity is Severity.PROBLEM
    assert set(rows) == {
        f"{first} payment 1: authorized 1000, captured 1990, refunded 0",
        f"{second} payment 1: authorized 1990, captured 0, refunded 1990",
        f"{second} payment 1: step 2 is refunded, which is not what a step of kind capture becomes",
        f"{second} payment 1: events say 1990, steps say -1990",
        f"{third} payment 1: events say 1990, steps say 1500",
        f"{fourth} payment 1: step 1 lacks its account",
        f"{fourth} payment 1: step 2 lacks its account",
    }
