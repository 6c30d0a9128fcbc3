"""What supply moved is looked after exactly once: by two workers, again after a crash, and from its middle on."""

import asyncio
from dataclasses import replace

from tests.builders import Clock, accepted, stock
from tests.conftest import Database
from tests.flows.moving import (
    ANN,
    PA,
    A,
    assert_sound,
    kinds,
    line,
    log,
    order_of,
    read,
    settle,
    sources,
)
from troth.flows.door.requests import Accepted
from troth.flows.door.system import System, open_system
from troth.flows.orders.repromise import repromise_moved
from troth.flows.stock.expect import expect
from troth.flows.stock.stock import Counted, count
from troth.model.commands import (
    LostUnits,
    RepromiseOrder,
)
from troth.model.inventory import SupplyKey
from troth.model.refusals import VersionConflict


async def test_a_round_that_is_repeated_changes_nothing(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 4})
    orders = [await order_of(system, f"W-{number}") for number in range(4)]
    await count(system, PA, system.door.now(), [Counted(A, 2)], actor=ANN)
    assert await settle(system) > 0
    before = [await read(system, one) for one in orders]

    await system.pool.execute("UPDATE cursors SET xid = '0', seq = 0")

    assert await settle(system) == 0
    assert [await read(system, one) for one in orders] == before


async def test_two_workers_and_a_repeat_take_from_each_order_once(
    system: System, database: Database, clock: Clock
) -> None:
    await stock(system, {("A", "DC-PA"): 30})
    orders = [await order_of(system, f"W-{number}") for number in range(30)]
    await count(system, PA, system.door.now(), [Counted(A, 12)], actor=ANN)

    async with open_system(database.dsn, clock=clock) as second:
        for _ in range(4):
            await asyncio.gather(*(repromise_moved(one) for one in (system, second, system)))
            await system.pool.execute("UPDATE cursors SET xid = '0', seq = 0")

    given_up = [kinds(await log(system, one)).count("SupplyGivenUp") for one in orders]
    assert given_up == [0] * 12 + [1] * 18
    await assert_sound(system)


async def test_a_round_that_ended_half_way_is_finished_by_the_next(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 2})
    order_id = await order_of(system, "W-1", 2)
    await expect(system, "P-1", (line(5),), actor=ANN)
    await count(system, PA, system.door.now(), [Counted(A, 0)], actor=ANN)
    order = await read(system, order_id)
    lost = (LostUnits(1, SupplyKey(A, PA), 2),)
    accepted(await system.door.one(RepromiseOrder(order_id, "short", order.version, lost), actor="clock"))
    assert [one.is_sought for one in (await read(system, order_id)).parked] == [False]

    await settle(system)

    assert await sources(system, order_id) == [("DC-PA", "po/P-1/1", 2)]
    assert kinds(await log(system, order_id)) == ["OrderCaptured", "SupplyGivenUp", "OrderResourced", "PromiseChanged"]
    await assert_sound(system)


async def test_the_same_loss_told_by_many_at_once_is_taken_once(
    system: System, database: Database, clock: Clock
) -> None:
    """Without the right to look after the ledger, too: what makes it once is the order's lock, under which it is
    compared with what was looked at.
    """
    await stock(system, {("A", "DC-PA"): 20})
    orders = [await order_of(system, f"W-{number}", 2) for number in range(10)]
    await count(system, PA, system.door.now(), [Counted(A, 0)], actor=ANN)
    lost = (LostUnits(1, SupplyKey(A, PA), 1),)

    async with open_system(database.dsn, clock=clock) as second:
        outcomes = await asyncio.gather(
            *(
                one.door.one(RepromiseOrder(order_id, "short", 1, lost), actor="clock")
                for order_id in orders
                for one in (system, second, system)
            )
        )

    assert sum(isinstance(outcome, Accepted) for outcome in outcomes) == 10
    assert {type(outcome) for outcome in outcomes} == {Accepted, VersionConflict}
    assert [kinds(await log(system, one)) for one in orders] == [["OrderCaptured", "SupplyGivenUp"]] * 10


async def test_without_the_version_the_same_loss_would_be_taken_again(system: System) -> None:
    """The control of the test above."""
    await stock(system, {("A", "DC-PA"): 4})
    order_id = await order_of(system, "W-1", 4)
    await count(system, PA, system.door.now(), [Counted(A, 0)], actor=ANN)

    first = RepromiseOrder(order_id, "short", None, (LostUnits(1, SupplyKey(A, PA), 1),))
    accepted(await system.door.one(first, actor="clock"))
    accepted(await system.door.one(replace(first, lost=(LostUnits(3, SupplyKey(A, PA), 3),)), actor="clock"))

    assert kinds(await log(system, order_id)).count("SupplyGivenUp") == 2


async def test_what_is_refused_as_stale_writes_nothing(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 2})
    order_id = await order_of(system, "W-1", 2)
    before = (await read(system, order_id), len(await log(system, order_id)))

    outcome = await system.door.one(
        RepromiseOrder(order_id, "short", 7, (LostUnits(1, SupplyKey(A, PA), 2),)), actor="clock"
    )

    assert outcome == VersionConflict("7", "1")
    assert (await read(system, order_id), len(await log(system, order_id))) == before


async def test_a_supply_that_is_not_short_takes_nothing_away(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 2})
    order_id = await order_of(system, "W-1", 2)

    outcome = await system.door.one(
        RepromiseOrder(order_id, "short", 1, (LostUnits(1, SupplyKey(A, PA), 2),)), actor="clock"
    )

    assert isinstance(outcome, Accepted)
    assert outcome.decision.events == ()
