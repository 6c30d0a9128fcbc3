"""What becomes of promises when supply moves, through the door, in the tables, and for the customer."""

from typing import Any

from tests.builders import accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from tests.flows.explained import explained
from tests.flows.moving import (
    ANN,
    IL,
    LATER,
    PA,
    SOON,
    A,
    B,
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
from troth.flows.door.system import System
from troth.flows.stock.expect import expect
from troth.flows.stock.stock import Adjustment, Counted, adjust, count
from troth.model.commands import (
    ExpectedLine,
    HoldCart,
    LineQuantity,
    PickWork,
    ReleaseOrder,
)
from troth.model.events import PromiseChanged, SourcingFailed, SupplyGivenUp
from troth.model.ids import CartHoldId, LineId
from troth.model.inventory import SupplyKey
from troth.model.lifecycle import AllocationState
from troth.model.status import OrderStatus, live_allocations, order_status, promise_of


async def test_the_least_important_order_gives_way_and_the_others_keep_their_promise(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 6})
    vip = await order_of(system, "vip", 2, priority="5")
    first, second = await order_of(system, "first", 2), await order_of(system, "second", 2)
    kept = [await read(system, one) for one in (vip, first)]

    await count(system, PA, system.door.now(), [Counted(A, 4)], actor=ANN)
    await settle(system)

    assert [await read(system, one) for one in (vip, first)] == kept
    lost = await read(system, second)
    assert order_status(lost) is OrderStatus.EXCEPTION
    assert [(one.reason, one.promised_at) for one in lost.parked] == [
        ("A at DC-PA is short", promise_of(kept[1], kept[1].lines[0].line_id))
    ]
    assert kinds(await log(system, second)) == ["OrderCaptured", "SupplyGivenUp", "SourcingFailed", "PromiseChanged"]
    await assert_sound(system)


async def test_what_can_be_had_elsewhere_in_time_keeps_its_date_and_nobody_is_told(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 2})
    order_id = await order_of(system, "W-1", 2)
    before = await read(system, order_id)
    await stock(system, {("A", "DC-IL"): 5})

    await adjust(system, [Adjustment(PA, A, -1, "damaged")], actor=ANN)
    await settle(system)

    assert await sources(system, order_id) == [("DC-PA", "on_hand", 1), ("DC-IL", "on_hand", 1)]
    after = await read(system, order_id)
    promised = [promise_of(order, order.lines[0].line_id) for order in (before, after)]
    told = [event for event in await log(system, order_id) if isinstance(event, PromiseChanged)]
    assert bool(told) == (promised[0] != promised[1])
    await assert_sound(system)


async def test_a_slip_moves_the_promise_and_the_customer_is_told_once(system: System) -> None:
    await expect(system, "P-1", (line(5),), actor=ANN)
    order_id = await order_of(system, "W-1", 2)
    before = await read(system, order_id)

    await expect(system, "P-1", (line(5, LATER),), actor=ANN)
    await settle(system)
    await settle(system)

    after = await read(system, order_id)
    told = [event for event in await log(system, order_id) if isinstance(event, PromiseChanged)]
    assert [(one.before, one.after, one.quantity) for event in told for one in event.lines] == [
        (promise_of(before, before.lines[0].line_id), promise_of(after, after.lines[0].line_id), 2)
    ]
    assert told[0].reason == "A of purchase order P-1 comes at another time"
    assert told[0].customer.email == "ada@example.com"
    assert after.fulfillments[-1].ship_by > LATER
    assert await sources(system, order_id) == [("DC-PA", "po/P-1/1", 2)]
    await assert_sound(system)


async def test_a_purchase_order_that_comes_earlier_leaves_promises_as_they_are(system: System) -> None:
    await expect(system, "P-1", (line(5, LATER),), actor=ANN)
    order_id = await order_of(system, "W-1", 2)
    before = await read(system, order_id)

    await expect(system, "P-1", (line(5, SOON),), actor=ANN)

    assert await settle(system) == 0
    assert await read(system, order_id) == before


async def test_a_withdrawn_line_sends_its_orders_to_what_comes_next(system: System) -> None:
    await expect(system, "P-1", (line(3),), actor=ANN)
    orders = [await order_of(system, f"W-{number}") for number in range(3)]
    await expect(system, "P-2", (line(2, LATER),), actor=ANN)

    await expect(system, "P-1", (ExpectedLine(2, PA, B, 1, SOON),), actor=ANN)
    await settle(system)

    assert [await sources(system, one) for one in orders] == [
        [("DC-PA", "po/P-2/1", 1)],
        [("DC-PA", "po/P-2/1", 1)],
        [],
    ]
    failed = [event for event in await log(system, orders[2]) if isinstance(event, SourcingFailed | SupplyGivenUp)]
    assert len(failed) == 2
    await assert_sound(system)


async def test_what_slips_and_shrinks_at_once_is_given_by_rank(system: System) -> None:
    await expect(system, "P-1", (line(4),), actor=ANN)
    orders = [await order_of(system, f"W-{number}", 2) for number in range(2)]

    await expect(system, "P-1", (line(3, LATER),), actor=ANN)
    await settle(system)

    assert await sources(system, orders[0]) == [("DC-PA", "po/P-1/1", 2)]
    assert sum(units for _, _, units in await sources(system, orders[1])) == 1
    failed = kinds(await log(system, orders[1])).count("SourcingFailed")
    assert failed == 1
    moved = [await read(system, one) for one in orders]
    assert all(work.ship_by > LATER for order in moved for work in order.fulfillments[1:])
    await assert_sound(system)


async def test_released_work_is_locked(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 4})
    released = await order_of(system, "released", 2)
    waiting = await order_of(system, "waiting", 2, priority="9")
    accepted(await system.door.one(ReleaseOrder(released), actor="ann"))

    await count(system, PA, system.door.now(), [Counted(A, 1)], actor=ANN)
    await settle(system)

    assert [part.state for part in (await read(system, released)).allocations] == [AllocationState.RELEASED]
    assert await sources(system, waiting) == []
    await assert_sound(system, {SupplyKey(A, PA): 1})


async def test_a_receipt_fills_what_waits_for_it_by_priority(system: System) -> None:
    await expect(system, "P-1", (line(3),), actor=ANN)
    plain, vip = await order_of(system, "plain", 2), await order_of(system, "vip", 1, priority="1")

    await adjust(system, [Adjustment(PA, A, 1, "receipt", "P-1")], actor=ANN)

    assert await sources(system, vip) == [("DC-PA", "on_hand", 1)]
    assert await sources(system, plain) == [("DC-PA", "po/P-1/1", 2)]


async def test_what_a_receipt_leaves_over_fills_later_backorders_and_tells_them(system: System) -> None:
    await expect(system, "P-1", (line(1),), actor=ANN)
    await expect(system, "P-2", (line(9, LATER),), actor=ANN)
    first, second = await order_of(system, "first"), await order_of(system, "second", 2)
    before = await read(system, second)
    assert await sources(system, second) == [("DC-PA", "po/P-2/1", 2)]

    await adjust(system, [Adjustment(PA, A, 3, "receipt", "P-1")], actor=ANN)

    assert await sources(system, first) == [("DC-PA", "on_hand", 1)]
    assert await sources(system, second) == [("DC-PA", "on_hand", 2)]
    after = await read(system, second)
    told = [event for event in await log(system, second) if isinstance(event, PromiseChanged)]
    moves: list[Any] = [(one.before, one.after) for event in told for one in event.lines]
    assert moves == [(promise_of(before, before.lines[0].line_id), promise_of(after, after.lines[0].line_id))]
    assert moves[0][1] < moves[0][0]
    await assert_sound(system)


async def test_an_exception_is_covered_by_what_arrives_before_anybody_else_can_take_it(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 2})
    order_id = await order_of(system, "W-1", 2)
    await count(system, PA, system.door.now(), [Counted(A, 0)], actor=ANN)
    await settle(system)
    assert order_status(await read(system, order_id)) is OrderStatus.EXCEPTION

    await adjust(system, [Adjustment(PA, A, 2, "receipt")], actor=ANN)

    order = await read(system, order_id)
    assert (order_status(order), order.parked) == (OrderStatus.PROMISED, ())
    await assert_sound(system)


async def test_what_carts_keep_gives_way_before_any_order(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 4})
    order_id = await order_of(system, "W-1", 2)
    held = await system.door.one(HoldCart(CartHoldId("C-1"), capture("cart", {"A": 2}), 600), actor="web")
    assert isinstance(held, Accepted)

    await count(system, PA, system.door.now(), [Counted(A, 2)], actor=ANN)
    await settle(system)

    assert await sources(system, order_id) == [("DC-PA", "on_hand", 2)]


async def test_a_short_pick_moves_those_whose_stock_was_not_there_either(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 4})
    picked, waiting = await order_of(system, "picked", 2), await order_of(system, "waiting", 2)
    await stock(system, {("A", "DC-IL"): 9})
    accepted(await system.door.one(ReleaseOrder(picked), actor="ann"))
    work = (await read(system, picked)).fulfillments[0].fulfillment_id
    found_none = PickWork(work, (LineQuantity(LineId("1"), 0, "not_found"),))
    accepted(await system.door.one(found_none, actor="node"))
    await count(system, PA, system.door.now(), [Counted(A, 0)], actor=ANN)
    await settle(system)

    assert await sources(system, picked) == [("DC-IL", "on_hand", 2)]
    assert await sources(system, waiting) == [("DC-IL", "on_hand", 2)]
    await assert_sound(system)


async def test_a_kit_whose_component_is_gone_gives_up_the_others_with_it(system: System, database: Database) -> None:
    kit = item("K", kit=((A, 2), (B, 1)))
    await set_up(database.pool, nodes=(node(PA), node(IL)), items=(item(A), item(B), kit))
    await system.door.follow()
    await stock(system, {("A", "DC-PA"): 4, ("B", "DC-PA"): 2, ("A", "DC-IL"): 2, ("B", "DC-IL"): 1})
    order_id = accepted(await system.door.one(capture("K-1", {"K": 2}), actor="web")).order_id

    await count(system, PA, system.door.now(), [Counted(A, 3)], actor=ANN)
    await settle(system)

    parts = [(part.node, part.sku, part.quantity) for part in live_allocations(await read(system, order_id))]
    assert sorted(parts) == [("DC-IL", "A", 2), ("DC-IL", "B", 1), ("DC-PA", "A", 2), ("DC-PA", "B", 1)]
    await assert_sound(system)


async def test_who_gains_nothing_by_a_part_leaves_it_to_who_lies_nowhere(system: System) -> None:
    await expect(system, "P-1", (line(5),), actor=ANN)
    plain, vip = await order_of(system, "plain", 2), await order_of(system, "vip", 2, priority="5")
    await expect(system, "P-1", (line(3, LATER),), actor=ANN)
    await settle(system)
    assert await sources(system, plain) == [("DC-PA", "po/P-1/1", 1)]

    await adjust(system, [Adjustment(PA, A, 1, "receipt")], actor=ANN)

    assert sorted(await sources(system, plain)) == [("DC-PA", "on_hand", 1), ("DC-PA", "po/P-1/1", 1)]
    assert await sources(system, vip) == [("DC-PA", "po/P-1/1", 2)]
    decided = await explained(system, await read(system, plain))
    assert [one.is_reproduced for one in decided] == [True] * len(decided)
    await assert_sound(system)
