"""An order in two shipments through Stripe, as localstripe plays it: each capture releases the rest, which is
authorized anew; answers get lost on the way; and in the end both books are the same.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.builders import accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from tests.payments.local_stripe import LocalStripe, open_local_stripe
from tests.payments.paying import account, read, settle_all, ship, steps, stored
from troth.adapters.payments.stripe import Stripe
from troth.flows.door.system import System, open_system
from troth.flows.memory.gateways import Gateways
from troth.flows.money.account_actions import give_back
from troth.flows.money.reconcile import reconcile
from troth.model.order import Order, Payment
from troth.model.payment import Account, Provider, TenderKind
from troth.model.status import placed_holds
from troth.store.database import Connection, Pool

PROVIDERS = {"stripe": Provider("stripe", TenderKind.CARD, captures_once=True)}


class Ahead:
    """The machine's clock, which a test may set ahead: Stripe lives in our time."""

    def __init__(self) -> None:
        self.by = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.by


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[LocalStripe]:
    async with open_local_stripe(tmp_path) as opened:
        yield opened


@pytest.fixture
def clock() -> Ahead:
    return Ahead()


@pytest.fixture
async def system(database: Database, server: LocalStripe, clock: Ahead) -> AsyncIterator[System]:
    @asynccontextmanager
    async def gateways(_pool: Pool, _clock: Callable[[], datetime] | None) -> AsyncIterator[Gateways]:
        gateway = Stripe("sk_test_12345", url=server.url)
        yield {"stripe": gateway}
        await gateway.close()

    await set_up(database.pool, nodes=(node("DC-PA"), node("DC-IL")), items=(item("A"), item("B")))
    async with open_system(database.dsn, clock=clock, providers=PROVIDERS, gateways=gateways) as opened:
        await stock(opened, {("A", "DC-PA"): 5, ("B", "DC-IL"): 5})
        yield opened


async def paid_order(system: System, reference: str) -> Order:
    payment = Payment("stripe", reference, 3980, "pending")
    command = capture("W-1", {"A": 1, "B": 1}, payments=(payment,), ordered_at=system.door.now())
    return accepted(await system.door.one(command, actor="test"))


async def nothing_more(_connection: Connection, _account: Account) -> None:
    """Nothing is written beside the action."""


async def test_two_shipments_with_lost_answers_and_a_refund_leave_the_same_in_both_books(
    system: System, server: LocalStripe, clock: Ahead
) -> None:
    made = await paid_order(system, "pm_card_visa")
    server.lose_answers = 1
    await settle_all(system)
    assert [step.state for step in (await account(system, made.order_id)).steps] == ["unknown"]
    clock.by += timedelta(seconds=5)
    await settle_all(system)
    assert placed_holds(await read(system, made.order_id)) == ()
    await ship(system, made.order_id, 1)
    server.lose_requests = 1
    await settle_all(system)
    clock.by += timedelta(seconds=5)
    await settle_all(system)
    await ship(system, made.order_id, 2)
    await settle_all(system)
    given = await give_back(system, made.order_id, 500, reason="a scratch", actor="ann", after=nothing_more)
    assert isinstance(given, Account)
    await settle_all(system)
    assert await steps(system, made.order_id) == [
        ("authorize", "authorized", 3980),
        ("capture", "captured", 1990),
        ("authorize", "authorized", 1990),
        ("capture", "captured", 1990),
        ("refund", "refunded", 500),
    ]
    assert sorted(server.posts) == [
        f"{made.order_id}-P{payment}-S{number}" for payment, number in ((1, 1), (1, 2), (1, 5), (3, 3), (3, 4))
    ]
    (found,) = await reconcile(system, since=clock() - timedelta(hours=1), is_repairing=False)
    assert (found.payments, found.differences) == (2, ())


async def test_a_card_that_stripe_declines_keeps_the_order_on_hold(system: System) -> None:
    made = await paid_order(system, "pm_card_chargeCustomerFail")
    await settle_all(system)
    found = await stored(system, made.order_id)
    assert [(step.state, step.code) for step in found.account.steps] == [("failed", "card_declined")]
    assert [hold.type for hold in placed_holds(await read(system, made.order_id))] == ["payment"]
