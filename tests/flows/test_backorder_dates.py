"""How true the dates of what was promised from supply to come were: measured by what was told first."""

from datetime import timedelta

from tests.builders import Clock, accepted, capture, stock
from tests.flows.moving import ANN, LATER, PA, SOON, A, B, line, order_of, read, settle
from troth.flows.door.system import System
from troth.flows.stock.expect import expect
from troth.flows.stock.stock import Adjustment, adjust
from troth.model.commands import DeliverWork, ReleaseOrder, ShipWork
from troth.model.ids import OrderId
from troth.model.status import live_allocations
from troth.store.promise_kept import Kept, count_kept_promises


async def _delivered(system: System, clock: Clock, order_id: OrderId, *, late: bool = False) -> None:
    """An order that leaves at once, and arrives when it was promised, or a day after."""
    accepted(await system.door.one(ReleaseOrder(order_id), actor="ann"))
    order = await read(system, order_id)
    (name,) = {part.fulfillment_id for part in live_allocations(order)}
    work = next(work for work in order.fulfillments if work.fulfillment_id == name)
    accepted(await system.door.one(ShipWork(name), actor="node"))
    clock.now = max(clock.now, work.promised_at + timedelta(hours=24 if late else -1))
    accepted(await system.door.one(DeliverWork(name), actor="node"))


async def _kept(system: System, clock: Clock) -> dict[str, Kept]:
    async with system.pool.acquire() as connection:
        found = await count_kept_promises(connection, clock.now - timedelta(days=60), clock(), by="supply")
    return {one.name: one for one in found}


async def test_what_came_on_the_date_that_was_told_first_is_told_from_what_came_on_another(
    system: System, clock: Clock
) -> None:
    await expect(system, "P-1", (line(5),), actor=ANN)
    true, moved = await order_of(system, "W-1"), await order_of(system, "W-2")
    clock.now = SOON
    await adjust(system, [Adjustment(PA, A, 1, "receipt", "P-1")], actor=ANN)
    await _delivered(system, clock, true)
    await expect(system, "P-1", (line(5, LATER + timedelta(days=7)),), actor=ANN)
    await settle(system)
    clock.now = LATER + timedelta(days=7)
    await adjust(system, [Adjustment(PA, A, 2, "receipt", "P-1")], actor=ANN)
    await _delivered(system, clock, moved)
    at_hand = await _at_hand(system)
    await _delivered(system, clock, at_hand, late=True)

    kept = await _kept(system, clock)

    to_come, on_hand = kept["to come"], kept["on hand"]
    assert (to_come.done, to_come.on_time, to_come.first_kept) == (2, 2, 1)
    assert (on_hand.done, on_hand.on_time, on_hand.first_kept) == (1, 0, 0)
    assert on_hand.hours_late is not None
    assert round(on_hand.hours_late, 3) == 24.0


async def _at_hand(system: System) -> OrderId:
    """An order of what lies there."""
    await stock(system, {(B, PA): 1})
    return accepted(await system.door.one(capture("W-3", {"B": 1}), actor="web")).order_id
