"""Lots whose last day turns out to be another one: promises move to what lasts, and what was released is not picked."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import pytest

from tests.builders import NOW, Clock, accepted, item, node, set_up
from tests.conftest import Database
from tests.flows.feeding import taken_in
from tests.flows.moving import ANN, IL, PA, A, assert_sound, kinds, log, order_of, read, settle, sources
from troth.flows.door.requests import Outcome
from troth.flows.door.system import System, open_system
from troth.flows.stock.stock import Adjustment, Counted, adjust, count
from troth.model.commands import LineQuantity, LotQuantity, PackWork, PickWork, ReleaseOrder, ShipWork
from troth.model.events import SupplyGivenUp
from troth.model.ids import FulfillmentId, LineId, OrderId
from troth.model.refusals import FieldFlaw, Invalid
from troth.model.status import OrderStatus, order_status

TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node(PA), node(IL)), items=(item(A),))
    async with open_system(database.dsn, clock=clock) as opened:
        await adjust(opened, [_lot("a", 5, 40), _lot("b", 5, 60)], actor=ANN)
        yield opened


def _lot(lot: str, units: int, days: int) -> Adjustment:
    return Adjustment(PA, A, units, "receipt", lot=lot, expires_on=TODAY + timedelta(days=days))


async def _counted(system: System, lot: str, units: int, last: date) -> None:
    (done,) = await _count(system, lot, units, last)
    assert not done, done


async def _count(system: System, lot: str, units: int, last: date) -> list[str]:
    now: datetime = system.door.now()
    done = await count(system, PA, now, [Counted(A, units, lot=lot, expires_on=last)], actor=ANN)
    assert isinstance(done, tuple)
    return [line.code for line in done]


async def _settled_order(system: System, units: int = 3, **attributes: str) -> OrderId:
    order_id = await order_of(system, "W-1", units, **attributes)
    await settle(system)
    assert await sources(system, order_id) == [(PA, "lot/a", units)]
    return order_id


@pytest.mark.parametrize("last", [YESTERDAY, TODAY], ids=["over", "over-on-its-way"])
async def test_an_order_leaves_a_lot_that_no_longer_lasts_for_one_that_does(system: System, last: date) -> None:
    order_id = await _settled_order(system)

    await _counted(system, "a", 5, last)
    await settle(system)

    assert await sources(system, order_id) == [(PA, "lot/b", 3)]
    given = [event for event in await log(system, order_id) if isinstance(event, SupplyGivenUp)]
    assert [event.reason for event in given] == ["lot a of A at DC-PA no longer lasts"]
    assert await settle(system) == 0
    await assert_sound(system)


async def test_a_feed_that_corrects_a_last_day_moves_promises_too(system: System) -> None:
    order_id = await _settled_order(system)

    await taken_in(system, f"sku,node,lot,expires_on,on_hand\nA,DC-PA,a,{YESTERDAY},5\n")
    await settle(system)

    assert await sources(system, order_id) == [(PA, "lot/b", 3)]


async def test_where_nothing_else_lasts_the_order_is_an_exception(system: System) -> None:
    order_id = await _settled_order(system, 5)
    await adjust(system, [Adjustment(PA, A, -5, "damaged", lot="b")], actor=ANN)

    await _counted(system, "a", 5, YESTERDAY)
    await settle(system)

    order = await read(system, order_id)
    assert order_status(order) is OrderStatus.EXCEPTION
    assert [one.reason for one in order.parked] == ["lot a of A at DC-PA no longer lasts"]
    assert "SourcingFailed" in kinds(await log(system, order_id))
    await assert_sound(system)


async def test_a_count_that_finds_less_and_an_earlier_day_moves_all_once(system: System) -> None:
    orders = [await order_of(system, "first", 2), await order_of(system, "second", 3)]
    await settle(system)

    await _counted(system, "a", 3, YESTERDAY)
    await settle(system)

    assert [await sources(system, one) for one in orders] == [[(PA, "lot/b", 2)], [(PA, "lot/b", 3)]]
    assert [kinds(await log(system, one)).count("SupplyGivenUp") for one in orders] == [1, 1]
    await assert_sound(system)


async def test_a_last_day_that_still_does_moves_nothing(system: System) -> None:
    order_id = await _settled_order(system)
    before = await read(system, order_id)

    await _counted(system, "a", 5, TODAY + timedelta(days=30))
    await settle(system)

    assert await read(system, order_id) == before


# At the node ------------------------------------------------------------------------------------------------------


async def _released(system: System) -> tuple[OrderId, FulfillmentId]:
    order_id = await _settled_order(system)
    order = accepted(await system.door.one(ReleaseOrder(order_id), actor="ann"))
    return order_id, order.fulfillments[0].fulfillment_id


def _detail(outcome: Outcome) -> list[str]:
    assert isinstance(outcome, Invalid), outcome
    assert {flaw.pointer for flaw in outcome.flaws} == {""}
    return [flaw.detail for flaw in outcome.flaws]


@pytest.mark.parametrize("command", [PickWork, PackWork, ShipWork])
@pytest.mark.parametrize(
    ("last", "what"),
    [(YESTERDAY, "has expired"), (TODAY, "will have expired when it is delivered")],
)
async def test_a_released_lot_that_does_not_last_is_not_picked_packed_or_shipped(
    system: System, command: type[PickWork | PackWork | ShipWork], last: date, what: str
) -> None:
    order_id, work = await _released(system)
    await _counted(system, "a", 5, last)
    await settle(system)
    before = await read(system, order_id)

    outcome = await system.door.one(command(work), actor="ann")

    assert _detail(outcome) == [f"lot a of A at DC-PA {what}: pick another lot, or cancel these units"]
    assert await read(system, order_id) == before
    assert await sources(system, order_id) == [(PA, "lot/a", 3)]


async def test_another_lot_is_picked_instead(system: System) -> None:
    order_id, work = await _released(system)
    await _counted(system, "a", 5, YESTERDAY)
    named = (LineQuantity(LineId("1"), 3, lots=(LotQuantity("b", 3),)),)

    accepted(await system.door.one(PickWork(work, named), actor="ann"))
    accepted(await system.door.one(ShipWork(work), actor="ann"))

    assert await sources(system, order_id) == [(PA, "lot/b", 3)]
    await assert_sound(system)


async def test_what_was_picked_is_shipped_unless_it_has_expired(system: System) -> None:
    _order_id, work = await _released(system)
    accepted(await system.door.one(PickWork(work), actor="ann"))
    await _counted(system, "a", 5, YESTERDAY)

    refused = await system.door.one(ShipWork(work), actor="ann")
    await _counted(system, "a", 5, TODAY)

    assert refused == Invalid(
        (FieldFlaw("", "lot a of A at DC-PA has expired: pick another lot, or cancel these units"),)
    )
    accepted(await system.door.one(ShipWork(work), actor="ann"))


async def test_what_was_released_is_sourced_again_when_none_of_it_is_picked(system: System) -> None:
    order_id, work = await _released(system)
    await _counted(system, "a", 5, YESTERDAY)

    accepted(await system.door.one(PickWork(work, (LineQuantity(LineId("1"), 0, "expired"),)), actor="ann"))

    assert (PA, "lot/b", 3) in await sources(system, order_id)
    assert await system.pool.fetchval("SELECT on_hand FROM balances WHERE source = 'lot/a'") == 2
