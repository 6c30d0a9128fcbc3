"""Supply whose date has passed: promised as much later again as it is late, and not at all when that is too long."""

from datetime import datetime, timedelta
from itertools import pairwise

from tests.builders import NOW, Clock, accepted, capture, stock
from tests.flows.explained import explained
from tests.flows.moving import ANN, A, assert_sound, kinds, line, log, order_of, read, settle, sources
from troth.flows.door.system import System
from troth.flows.exceptions.workbench import Filters, find_open
from troth.flows.orders.repromise import repromise_overdue
from troth.flows.stock.availability import Answered, read_availability
from troth.flows.stock.expect import expect
from troth.model.events import PromiseChanged
from troth.model.exceptions import ExceptionKind, OpenException
from troth.model.ids import LineId, OrderId
from troth.model.refusals import StockShort
from troth.model.status import live_allocations, uncovered_quantities


async def open_ones(system: System) -> list[OpenException]:
    return [found for found, _risk in (await find_open(system, Filters())).items]


async def leaves_by(system: System, order_id: OrderId) -> datetime:
    order = await read(system, order_id)
    (part,) = live_allocations(order)
    return next(work.ship_by for work in order.fulfillments if work.fulfillment_id == part.fulfillment_id)


async def shown(system: System) -> tuple[int, datetime | None]:
    found = await read_availability(system, [A])
    assert isinstance(found, Answered)
    return found.items[0].stock.incoming, found.items[0].stock.next_supply_at


async def test_overdue_supply_is_promised_as_much_later_again_as_it_is_late(system: System) -> None:
    await expect(system, "P-1", (line(5, NOW - timedelta(days=4)),), actor=ANN)
    order_id = await order_of(system, "W-1", 2)

    assert await sources(system, order_id) == [("DC-PA", "po/P-1/1", 2)]
    assert (await leaves_by(system, order_id) - timedelta(hours=12)).date() == (NOW + timedelta(days=4)).date()
    incoming, at = await shown(system)
    assert (incoming, at is not None and at.date()) == (3, (NOW + timedelta(days=4)).date())
    assert [one.is_reproduced for one in await explained(system, await read(system, order_id))] == [True]


async def test_supply_that_is_late_for_too_long_is_neither_shown_nor_promised(system: System) -> None:
    await expect(system, "P-1", (line(5, NOW - timedelta(days=31)),), actor=ANN)
    assert await shown(system) == (0, None)
    assert isinstance(await system.door.one(capture("W-1", {"A": 1}), actor="web"), StockShort)

    await expect(system, "P-1", (line(5, NOW + timedelta(days=2)),), actor=ANN)

    assert await shown(system) == (5, NOW + timedelta(days=2))
    accepted(await system.door.one(capture("W-2", {"A": 1}), actor="web"))


async def test_who_waits_for_what_does_not_come_is_told_when_it_should_have_left_and_then_ever_more_seldom(
    system: System, clock: Clock
) -> None:
    await expect(system, "P-1", (line(5, NOW + timedelta(days=1)),), actor=ANN)
    order_id = await order_of(system, "W-1", 2)
    assert await repromise_overdue(system, system.door.now()) == 0
    told = []
    for day in range(1, 29):
        clock.advance(days=1)
        if await repromise_overdue(system, system.door.now()):
            told.append(day)
        assert await repromise_overdue(system, system.door.now()) == 0

    assert (told[0], len(told)) == (2, 4)
    assert all(later >= 2 * earlier for earlier, later in pairwise(told))
    assert kinds(await log(system, order_id)).count("PromiseChanged") == 4
    (last,) = [event for event in await log(system, order_id) if isinstance(event, PromiseChanged)][-1:]
    assert last.reason == "A of purchase order P-1 is overdue"
    decisions = [one.is_reproduced for one in await explained(system, await read(system, order_id))]
    assert decisions == [True] * 5, "each is made again with what was known of the delay at its time"
    assert await sources(system, order_id) == [("DC-PA", "po/P-1/1", 2)]
    await assert_sound(system)


async def test_who_waits_for_what_does_not_come_gets_it_from_elsewhere_if_it_is_there(
    system: System, clock: Clock
) -> None:
    await expect(system, "P-1", (line(5, NOW + timedelta(days=1)),), actor=ANN)
    order_id = await order_of(system, "W-1", 2)
    await stock(system, {("A", "DC-IL"): 5})
    await settle(system)
    assert await sources(system, order_id) == [("DC-PA", "po/P-1/1", 2)]
    clock.advance(days=3)

    assert await repromise_overdue(system, system.door.now()) == 1

    assert await sources(system, order_id) == [("DC-IL", "on_hand", 2)]
    clock.advance(days=9)
    assert [one.is_reproduced for one in await explained(system, await read(system, order_id))] == [True, True]
    await assert_sound(system)


async def test_who_waits_for_what_nobody_counts_on_any_more_calls_a_person_until_there_is_another_date(
    system: System, clock: Clock
) -> None:
    await expect(system, "P-1", (line(5, NOW + timedelta(days=1)),), actor=ANN)
    order_id = await order_of(system, "W-1", 2)
    for _ in range(30):
        clock.advance(days=1)
        await repromise_overdue(system, system.door.now())
    assert await sources(system, order_id) == [("DC-PA", "po/P-1/1", 2)]

    clock.advance(days=1)
    assert await repromise_overdue(system, system.door.now()) == 1
    assert await repromise_overdue(system, system.door.now()) == 0

    order = await read(system, order_id)
    assert live_allocations(order) == ()
    assert uncovered_quantities(order) == {LineId("1"): 2}
    found = await open_ones(system)
    assert [one.kind for one in found] == [ExceptionKind.SHORT, ExceptionKind.OVERDUE_SUPPLY]
    assert (found[0].order_id, found[0].line_ids) == (order_id, ("1",))
    assert (await explained(system, order))[0].is_reproduced

    await expect(system, "P-1", (line(5, clock.now + timedelta(days=2)),), actor=ANN)
    await settle(system)

    assert await sources(system, order_id) == [("DC-PA", "po/P-1/1", 2)]
    assert await open_ones(system) == []
    await assert_sound(system)


async def test_of_two_who_wait_for_what_nobody_counts_on_the_most_important_gets_what_there_is(
    system: System, clock: Clock
) -> None:
    await expect(system, "P-1", (line(5, NOW + timedelta(days=1)),), actor=ANN)
    first, second = await order_of(system, "W-1", 2), await order_of(system, "W-2", 2)
    await stock(system, {("A", "DC-IL"): 3})
    await settle(system)
    clock.advance(days=33)

    assert await repromise_overdue(system, system.door.now()) == 2

    assert await sources(system, first) == [("DC-IL", "on_hand", 2)]
    assert [where for where in await sources(system, second) if where[1] != "on_hand"] == []
    assert [one.order_id for one in await open_ones(system) if one.kind is ExceptionKind.SHORT] == [second]
    await assert_sound(system)
