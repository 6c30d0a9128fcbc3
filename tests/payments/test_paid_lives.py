"""Orders that are paid here live at random through all verbs and come back: at the end the gateway has exactly what is
owed, whatever it lost, repeated or said late on the way.
"""

import asyncio
import random
from dataclasses import replace

import pytest

from tests.builders import Clock, set_up, stock
from tests.conftest import Database
from tests.lives import (
    ITEMS,
    NODES,
    STOCKED,
    assert_money,
    assert_units,
    cancel_rest,
    closing_commands,
    draw_capture,
    draw_command,
)
from tests.lives_returns import return_commands
from tests.payments.paying import again, books, ours, paid, settle_all
from troth.engine.money.dues import dues_of
from troth.engine.money.standing import in_flight, standings
from troth.flows.door.requests import Accepted, Request
from troth.flows.door.system import System
from troth.flows.log.doctor import examine
from troth.flows.money.reconcile import reconcile
from troth.model.capture_order import CaptureOrder
from troth.model.commands import Command, LiftHold
from troth.model.ids import OrderId
from troth.model.order import Order
from troth.model.status import placed_holds
from troth.store.orders import read_orders
from troth.store.payments import read_accounts

ORDERS = 120
TOKENS = ("tok_ok", "tok_ok", "tok_twice", "tok_timeout", "tok_lost", "tok_late")


@pytest.mark.parametrize("seed", range(2))
async def test_the_gateway_has_at_the_end_exactly_what_is_owed(database: Database, seed: int) -> None:
    draw, clock = random.Random(seed), Clock()
    await set_up(database.pool, nodes=NODES, items=ITEMS)
    async with again(database, clock) as system:
        await stock(system, {(sku, str(one.node)): 5_000 for sku in STOCKED for one in NODES})
        orders = by_id(await submit(system, [_paid(draw, f"W-{number}") for number in range(ORDERS)]))
        for _round in range(6):
            await _settle(system, clock)
            orders = await _read(system, orders)
            orders |= by_id(await submit(system, [draw_command(draw, one, clock.now) for one in orders.values()]))
        await _end(system, clock, orders)
        for _round in range(2):
            orders = await _read(system, orders)
            made_of = [return_commands(draw, order) for order in orders.values()]
            await submit(system, [draw.choice(some)[1]() for some in made_of if some])
            await _settle(system, clock)
        orders = await _read(system, orders)
        async with system.pool.acquire() as connection:
            accounts = await read_accounts(connection, list(orders))
        (compared,) = await reconcile(system, since=clock.now.replace(year=2020), is_repairing=False)
        report = await examine(system.pool, orders_max=None, now=system.door.now())
        theirs, mine = await books(system), await ours(system)

    refunded = 0
    for order in orders.values():
        assert_units(order)
        assert_money(order)
        account = accounts[order.order_id].account
        payments, dues = standings(account), dues_of(order)
        assert not in_flight(account)
        assert sum(one.net for one in payments) == max(0, dues.earned), order.order_id
        refunded += sum(one.refunded for one in payments)
    assert (compared.differences, theirs) == ((), mine)
    assert refunded > 0
    assert report.is_clean, report.text()


def _paid(draw: random.Random, external_id: str) -> CaptureOrder:
    """A random order that is paid by card: what it comes to beyond the amount that was agreed on is asked for, too."""
    return replace(
        draw_capture(draw, external_id), payments=(paid(draw.choice(TOKENS), draw.choice((1, 9_999, 60_000))),)
    )


async def _end(system: System, clock: Clock, orders: dict[OrderId, Order]) -> None:
    """Bring every order to its end, and settle it."""
    for _pass in range(3):
        await _settle(system, clock)
        now = await _read(system, orders)
        lifts: list[Command] = [
            LiftHold(order.order_id, hold.hold_id) for order in now.values() for hold in placed_holds(order)
        ]
        await submit(system, lifts)
        for step in range(30):
            batch = [steps[step] for steps in map(list, map(closing_commands, now.values())) if step < len(steps)]
            await submit(system, batch)
        now = await _read(system, orders)
        await submit(system, [one for one in map(cancel_rest, now.values()) if one is not None])
    await _settle(system, clock)


async def _settle(system: System, clock: Clock) -> None:
    """Settle until all is known that a gateway says late."""
    for _ in range(5):
        await settle_all(system)
        clock.advance(seconds=30)
    await settle_all(system)


async def _read(system: System, orders: dict[OrderId, Order]) -> dict[OrderId, Order]:
    async with system.pool.acquire() as connection:
        return await read_orders(connection, list(orders))


async def submit(system: System, commands: list[Command]) -> list[Order]:
    """The orders after commands that came together; those that are refused change nothing."""
    results = await asyncio.gather(*[system.door.submit(Request((one,), "test")) for one in commands])
    outcomes = [result.outcomes[0] for result in results]
    return [one.order for one in outcomes if isinstance(one, Accepted) and one.order is not None]


def by_id(orders: list[Order]) -> dict[OrderId, Order]:
    """The orders by id, each as it was last."""
    return {order.order_id: order for order in orders}
