"""Orders that are paid through the sandbox gateway: a world of one node, and what its books and ours say."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.adapters.payments.sandbox import Sandbox
from troth.engine.money.standing import standings
from troth.flows.door.system import System, open_system
from troth.flows.memory.gateways import Gateways
from troth.flows.money.settle import follow_orders, settle_due
from troth.model.commands import AcceptWork, PackWork, PickWork, ReleaseOrder, ShipWork
from troth.model.ids import OrderId
from troth.model.order import Order, Payment
from troth.model.payment import Account, Provider, TenderKind
from troth.store.database import Pool
from troth.store.events import read_subject_events
from troth.store.orders import read_orders
from troth.store.payments import StoredAccount, read_accounts

SECRET = "whsec_sandbox"
PROVIDERS = {
    "sandbox": Provider("sandbox", TenderKind.CARD),
    "once": Provider("sandbox", TenderKind.CARD, captures_once=True),
    "gift": Provider("sandbox", TenderKind.GIFT_CARD),
    "credit": Provider("sandbox", TenderKind.STORE_CREDIT),
    "invoice": Provider("", TenderKind.INVOICE),
}


@asynccontextmanager
async def opened(database: Database, clock: Clock) -> AsyncIterator[System]:
    """A system with a stocked node, that settles through the sandbox."""
    await set_up(database.pool, nodes=(node("DC-PA"),), items=(item("A"), item("B")))
    async with again(database, clock) as system:
        await stock(system, {("A", "DC-PA"): 1_000, ("B", "DC-PA"): 1_000})
        yield system


@asynccontextmanager
async def again(database: Database, clock: Clock) -> AsyncIterator[System]:
    """The same, of another process."""
    async with open_system(
        database.dsn,
        clock=clock,
        providers=PROVIDERS,
        gateways=_sandbox,
    ) as system:
        yield system


@asynccontextmanager
async def _sandbox(pool: Pool, clock: Callable[[], datetime] | None) -> AsyncIterator[Gateways]:
    assert clock is not None
    yield {"sandbox": Sandbox(pool, clock, SECRET)}


def paid(token: str = "tok_ok", minor: int = 1990, *, by: str = "sandbox", status: str = "pending") -> Payment:
    """A payment as a channel reports it."""
    return Payment(by, token, minor, status)


async def order(system: System, *payments: Payment, external_id: str = "W-1", **lines: int) -> Order:
    """A captured order with these payments; its lines are units by SKU, one of A where none is said."""
    command = capture(external_id, lines or {"A": 1}, payments=payments)
    return accepted(await system.door.one(command, actor="test"))


async def settle_all(system: System) -> None:
    """Follow the log and settle until nothing is due now."""
    while await follow_orders(system.pool, system.door.now()):
        pass
    for _ in range(20):
        if not await settle_due(system, limit=10):
            return
    raise AssertionError("accounts are due again and again")


async def ship(system: System, order_id: OrderId, work: int = 1) -> Order:
    """Release an order, and ship one of its fulfillments."""
    shown = await read(system, order_id)
    if shown.released_at is None:
        accepted(await system.door.one(ReleaseOrder(order_id), actor="test"))
    name = shown.fulfillments[work - 1].fulfillment_id
    for command in (AcceptWork(name), PickWork(name), PackWork(name)):
        accepted(await system.door.one(command, actor="test"))
    return accepted(await system.door.one(ShipWork(name), actor="test"))


async def read(system: System, order_id: OrderId) -> Order:
    """An order as it is stored."""
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, [order_id]))[order_id]


async def stored(system: System, order_id: OrderId) -> StoredAccount:
    """An account as it is stored."""
    async with system.pool.acquire() as connection:
        return (await read_accounts(connection, [order_id]))[order_id]


async def account(system: System, order_id: OrderId) -> Account:
    """The account itself."""
    return (await stored(system, order_id)).account


async def steps(system: System, order_id: OrderId) -> list[tuple[str, str, int]]:
    """The kind, state and amount done of each step of an order's account."""
    return [(step.kind, step.state, step.done_minor) for step in (await account(system, order_id)).steps]


async def events(system: System, order_id: OrderId) -> list[str]:
    """What happened to an order's money, in order."""
    async with system.pool.acquire() as connection:
        logged = await read_subject_events(connection, order_id)
    return [one.kind for one in logged if one.kind.startswith("Payment")]


async def books(system: System) -> dict[str, tuple[int, int, int]]:
    """What the gateway's books say of each payment: authorized, captured, refunded."""
    rows: list[Any] = await system.pool.fetch("SELECT * FROM sandbox_payments ORDER BY reference")
    return {row["reference"]: (row["authorized_minor"], row["captured_minor"], row["refunded_minor"]) for row in rows}


async def ours(system: System) -> dict[str, tuple[int, int, int]]:
    """The same as our accounts have it."""
    rows = await system.pool.fetch("SELECT order_id FROM payment_accounts")
    found = {}
    for row in rows:
        for one in standings(await account(system, row["order_id"])):
            if one.step.reference and one.tender.gateway:
                found[one.step.reference] = (one.step.done_minor, one.captured, one.refunded)
    return dict(sorted(found.items()))


async def asked(system: System) -> dict[str, int]:
    """How often the gateway was asked under each key; each is one effect."""
    return {row["key"]: row["asked"] for row in await system.pool.fetch("SELECT key, asked FROM sandbox_effects")}
