"""Returns through the write door: raced, expired by the clock, and remembered as they were decided."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.engine.returns import opening
from troth.flows.door.requests import Accepted, Outcome
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import examine
from troth.flows.orders.returns import (
    ReplacedLine,
    Replacement,
    ReturnContent,
    expire_returns,
    prepare_open,
    prepare_receive,
    read_return,
)
from troth.model.commands import DeliverWork, ReleaseOrder, ShipWork
from troth.model.ids import LineId, NodeId, OrderId, ReturnId, Sku, return_id
from troth.model.lifecycle import ReceptionState
from troth.model.order import Order
from troth.model.refusals import Invalid, NotFound
from troth.model.return_moves import ArrivedUnits, AskedUnits, CloseReturn, OpenReturn, RefundReturn
from troth.model.returns import Return, ReturnMethod
from troth.model.status import OrderStatus, order_status
from troth.store import orders
from troth.store.events import read_subject_events
from troth.store.orders import read_orders

NYC = NodeId("ST-NYC")
ONE = LineId("1")


@pytest.fixture
async def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"), node(NYC)), items=(item("A"), item("B", price_minor=2490)))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "DC-PA"): 20, ("B", "DC-PA"): 20})
        yield opened


async def _delivered(system: System, units: int, name: str = "W-1") -> Order:
    """An order that the customer has."""
    order = accepted(await system.door.one(capture(name, {"A": units}), actor="test"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    work = order.fulfillments[0].fulfillment_id
    accepted(await system.door.one(ShipWork(work), actor="test"))
    return accepted(await system.door.one(DeliverWork(work), actor="test"))


async def _read(system: System, order_id: OrderId) -> Order:
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, [order_id]))[order_id]


async def _find(system: System, name: ReturnId) -> Return:
    async with system.pool.acquire() as connection:
        found = await read_return(connection, name)
    assert not isinstance(found, NotFound)
    return found[1]


def _asked(order: Order, units: int = 1) -> OpenReturn:
    return OpenReturn(order.order_id, (AskedUnits(ONE, units, "too_small"),), ReturnMethod.IN_STORE, NYC)


async def _open_at_once(system: System, order: Order) -> tuple[list[Outcome], Order]:
    outcomes = await asyncio.gather(*[system.door.one(_asked(order), actor=f"clerk {n}") for n in range(6)])
    return outcomes, await _read(system, order.order_id)


async def test_of_many_who_return_the_same_units_at_once_only_so_many_may_as_there_are_units(
    database: Database, system: System
) -> None:
    order = await _delivered(system, 3)
    async with open_system(database.dsn, clock=Clock()) as other:
        found = await asyncio.gather(_open_at_once(system, order), _open_at_once(other, order))

    accepted_ones = [one for outcomes, _ in found for one in outcomes if isinstance(one, Accepted)]
    refused = [one for outcomes, _ in found for one in outcomes if not isinstance(one, Accepted)]
    now = await _read(system, order.order_id)
    assert (len(accepted_ones), len(refused), len(now.returns)) == (3, 9, 3)
    assert all(isinstance(one, Invalid) for one in refused)
    assert {one.return_id for one in now.returns} == {return_id(order.order_id, number) for number in (1, 2, 3)}


async def test_without_the_look_at_what_is_back_already_more_than_was_sent_would_come_back(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await _delivered(system, 3)
    monkeypatch.setattr(opening, "returnable_units", lambda order, **_: {(ONE, Sku("A")): 3})

    outcomes, now = await _open_at_once(system, order)

    assert (sum(isinstance(one, Accepted) for one in outcomes), len(now.returns)) == (6, 6)


async def test_without_the_lock_of_the_order_two_processes_would_decide_about_the_same_version(
    database: Database, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await _delivered(system, 3)
    monkeypatch.setattr(orders, "_LOCK", "SELECT $1::text[]")
    async with open_system(database.dsn, clock=Clock()) as other:
        outcomes = await asyncio.gather(
            *[one.door.one(_asked(order), actor="clerk") for _ in range(4) for one in (system, other)],
            return_exceptions=True,
        )

    # What is left then is the version: a write of one that is taken fails loudly, and nothing is returned twice.
    now = await _read(system, order.order_id)
    assert len(now.returns) <= 3
    assert len(now.returns) == sum(isinstance(one, Accepted) for one in outcomes)


async def test_the_clock_ends_permits_that_nobody_used_and_cancels_what_was_to_replace_them(
    system: System, clock: Clock
) -> None:
    order = await _delivered(system, 2)
    content = ReturnContent(
        order.order_id,
        (AskedUnits(ONE, 1, "too_small"),),
        ReturnMethod.MAIL,
        replacement=Replacement((ReplacedLine(ONE, Sku("B"), 1),)),
    )
    command = await prepare_open(system, order, content)
    assert isinstance(command, OpenReturn)
    opened = accepted(await system.door.one(command, actor="clerk")).returns[0]
    assert opened.exchange is not None

    early = await expire_returns(system, clock.now, limit=10)
    clock.advance(days=30, hours=1)
    ended = await expire_returns(system, clock.now, limit=10)
    again = await expire_returns(system, clock.now, limit=10)

    replacement = await _read(system, opened.exchange.order_id)
    now = await _find(system, opened.return_id)
    assert (early, ended, again) == (0, 1, 0)
    assert now.state is ReceptionState.EXPIRED
    assert order_status(replacement) is OrderStatus.CANCELED
    assert (now.exchange is not None and now.exchange.applied_minor, now.due_minor) == (0, 0)


async def test_a_difference_is_due_to_the_customer_or_owed_and_what_never_came_is_owed_whole(
    system: System, clock: Clock
) -> None:
    order = await _delivered(system, 2)
    cheaper = Replacement((ReplacedLine(ONE, Sku("A"), 1),), is_advance=True)
    content = ReturnContent(
        order.order_id, (AskedUnits(ONE, 2, "too_small"),), ReturnMethod.IN_STORE, NYC, replacement=cheaper
    )
    command = await prepare_open(system, order, content)
    assert isinstance(command, OpenReturn)
    name = accepted(await system.door.one(command, actor="clerk")).returns[0].return_id
    promised = await _find(system, name)
    assert promised.exchange is not None
    replacement = await _read(system, promised.exchange.order_id)
    accepted(await system.door.one(ReleaseOrder(replacement.order_id), actor="test"))
    accepted(await system.door.one(ShipWork(replacement.fulfillments[0].fulfillment_id), actor="test"))

    owed = (await _find(system, name)).due_minor
    receive = await prepare_receive(
        system, await _read(system, order.order_id), name, NYC, (ArrivedUnits(2, ONE, grade="A"),)
    )
    assert not isinstance(receive, Invalid)
    accepted(await system.door.one(receive, actor="clerk"))

    assert replacement.holds == ()
    assert (owed, (await _find(system, name)).due_minor) == (-1990, 1990)


async def test_what_happened_to_a_return_is_in_the_log_of_its_order_and_the_books_agree(system: System) -> None:
    order = await _delivered(system, 2)
    name = accepted(await system.door.one(_asked(order, 2), actor="clerk")).returns[0].return_id
    receive = await prepare_receive(
        system, await _read(system, order.order_id), name, NYC, (ArrivedUnits(2, ONE, grade="B"),)
    )
    assert not isinstance(receive, Invalid)
    for command in (receive, RefundReturn(name), CloseReturn(name, "done")):
        accepted(await system.door.one(command, actor="clerk"))

    async with system.pool.acquire() as connection:
        log = await read_subject_events(connection, order.order_id)
    report = await examine(system.pool, orders_max=1, now=system.door.now() + timedelta(minutes=1))
    assert [one.kind for one in log][-4:] == ["ReturnOpened", "ReturnReceived", "ReturnCredited", "ReturnClosed"]
    assert report.is_clean, report.text()
