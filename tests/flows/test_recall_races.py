"""A recall and a shipment at once: whoever comes first decides, and only one of them happens."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.engine.lifecycle import decide
from troth.engine.promising.context import Facts, State
from troth.engine.supply.supply import NO_SUPPLY
from troth.flows.door.door import Door
from troth.flows.door.requests import Accepted
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import examine
from troth.flows.orders.due import act_on_due
from troth.model.commands import AcceptRecall, Command, PickWork, RecallWork, ReleaseOrder, ShipWork
from troth.model.events import OrderCanceled, RecallAnswered
from troth.model.ids import FulfillmentId, OrderId
from troth.model.inventory import Balance
from troth.model.lifecycle import RecallState
from troth.model.order import Order
from troth.model.recall import RecallKind
from troth.model.refusals import NotPossibleNow
from troth.store.orders import read_orders

ORDERS = 30


@pytest.fixture
async def system(database: Database) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"), node("DC-IL")), items=(item("A"),))
    async with open_system(database.dsn, clock=Clock()) as opened:
        await stock(opened, {("A", "DC-PA"): 100})
        yield opened


async def recalled(system: System, count: int) -> list[FulfillmentId]:
    """Work that was picked, and that its node is asked for."""
    works = []
    for number in range(count):
        order = accepted(await system.door.one(capture(f"W-{number}", {"A": 2}), actor="test"))
        work = order.fulfillments[0].fulfillment_id
        for command in (
            ReleaseOrder(order.order_id),
            PickWork(work),
            RecallWork(work, RecallKind.CANCEL, "not wanted"),
        ):
            accepted(await system.door.one(command, actor="test"))
        works.append(work)
    return works


async def orders_of(system: System) -> dict[OrderId, Order]:
    ids = [row["order_id"] for row in await system.pool.fetch("SELECT order_id FROM orders ORDER BY order_id")]
    async with system.pool.acquire() as connection:
        return await read_orders(connection, ids)


def _pairs(work: FulfillmentId, one: System, other: System, *, is_turned: bool) -> list[tuple[Door, Command]]:
    """A shipment and a recall of some work, each through the door of another process."""
    first, second = (other, one) if is_turned else (one, other)
    return [(first.door, ShipWork(work)), (second.door, AcceptRecall(work))]


async def test_of_a_shipment_and_a_recall_at_once_only_one_happens(system: System, database: Database) -> None:
    works = await recalled(system, ORDERS)
    async with open_system(database.dsn, clock=Clock()) as second:
        outcomes = await asyncio.gather(
            *(
                door.one(command, actor="test")
                for at, work in enumerate(works)
                for door, command in _pairs(work, system, second, is_turned=bool(at % 2))
            )
        )
    for shipped, given in zip(outcomes[::2], outcomes[1::2], strict=True):
        assert isinstance(shipped, Accepted) is not isinstance(given, Accepted)
    for order in (await orders_of(system)).values():
        states = {part.state.value for part in order.allocations}
        (recall,) = order.recalls
        assert (states, recall.state) in (
            ({"shipped"}, RecallState.ENDED),
            ({"canceled"}, RecallState.GIVEN_BACK),
        )
    report = await examine(system.pool, orders_max=None)
    assert report.is_clean, report.text()


async def test_two_answers_and_the_clock_at_once_are_one_answer(system: System, database: Database) -> None:
    works = await recalled(system, ORDERS)
    clock = Clock()
    clock.advance(hours=1)
    async with open_system(database.dsn, clock=clock) as second:
        await asyncio.gather(
            *(system.door.one(AcceptRecall(work), actor="node") for work in works for _ in range(2)),
            act_on_due(second, clock.now, limit=100),
        )
    rows = await system.pool.fetch("SELECT subject, count(*) FROM events WHERE kind = 'RecallAnswered' GROUP BY 1")
    assert [row["count"] for row in rows] == [1] * ORDERS
    assert {order.recalls[0].state for order in (await orders_of(system)).values()} <= {
        RecallState.GIVEN_BACK,
        RecallState.REFUSED,
    }


async def test_without_the_lock_of_the_order_both_would_be_decided(system: System) -> None:
    """The control of the tests above: from what each has read, the work leaves and comes back."""
    (work,) = await recalled(system, 1)
    orders = await orders_of(system)
    reference = system.door.reference
    facts = Facts(system.door.now(), "test", reference.network, reference.items, reference.policy)
    state = State(orders, lambda _: NO_SUPPLY, Balance, lambda _k, _a: 0, lambda _: 0, lambda _s, _f: NO_SUPPLY)
    shipped, given = (decide(command, state, facts) for command in (ShipWork(work), AcceptRecall(work)))
    assert not isinstance(shipped, NotPossibleNow)
    assert not isinstance(given, NotPossibleNow)
    assert [type(event) for _, event in given.events] == [RecallAnswered, OrderCanceled]  # type: ignore[union-attr]


async def test_a_recall_is_read_back_as_it_was_written(system: System) -> None:
    await recalled(system, 1)
    (order,) = (await orders_of(system)).values()
    (row,) = await system.pool.fetch("SELECT state, node, answer_by FROM recalls")
    assert tuple(row) == ("requested", "DC-PA", order.recalls[0].answer_by)
    assert order.recalls[0].units[0].quantity == 2
