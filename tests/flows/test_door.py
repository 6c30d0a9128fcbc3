"""The write door: what is accepted is written whole, what is refused leaves nothing, and nothing is sold twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.builders import NOW, Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.engine.evolve import fold
from troth.flows.door.requests import Accepted, Answer, Key, Outcome, Request
from troth.flows.door.system import System, open_system
from troth.model.commands import (
    AcceptWork,
    ActOnDue,
    CancelOrder,
    CollectWork,
    CountStock,
    DeliverWork,
    LineQuantity,
    PackWork,
    PickWork,
    PlaceHold,
    RejectWork,
    ReleaseOrder,
    ShipWork,
)
from troth.model.events import OrderEvent
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import SupplyKey
from troth.model.order import Method, Package
from troth.model.refusals import ContentDiffers, Held, Invalid, KeyReused, NotPossibleNow, StockShort
from troth.model.status import OrderStatus, next_due_at, order_status
from troth.store.balances import find_balances
from troth.store.events import read_subject_events
from troth.store.orders import read_orders


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(
        database.pool,
        nodes=(node("DC-PA"), node("DC-IL"), node("ST-NYC")),
        items=(item("A"), item("B"), item("C")),
    )
    async with open_system(database.dsn, clock=clock) as opened:
        yield opened


async def _balances(system: System) -> dict[tuple[str, str, str], tuple[int, int]]:
    async with system.pool.acquire() as connection:
        found = await find_balances(connection, limit=1000)
        derived = await connection.fetch(
            "SELECT sku, node, source, sum(on_hand_delta)::bigint AS on_hand, sum(reserved_delta)::bigint AS reserved"
            " FROM entries GROUP BY sku, node, source"
        )
    balances: dict[tuple[str, str, str], tuple[int, int]] = {
        (b.key.sku, b.key.node, b.key.source): (b.on_hand, b.reserved) for b in found
    }
    folded = {(r["sku"], r["node"], r["source"]): (r["on_hand"], r["reserved"]) for r in derived}
    assert {key: value for key, value in balances.items() if value != (0, 0)} == {
        key: value for key, value in folded.items() if value != (0, 0)
    }
    return balances


async def _assert_order_is_fold_of_its_events(system: System, order_id: str) -> None:
    async with system.pool.acquire() as connection:
        events = await read_subject_events(connection, order_id)
        orders = await read_orders(connection, [order_id])  # type: ignore[list-item]
    body: list[OrderEvent] = [logged.event for logged in events if logged.kind != "DuplicateReceived"]  # type: ignore[misc]
    assert fold(body) == next(iter(orders.values()))


async def test_a_captured_order_is_promised_reserved_and_read_back_the_same(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 5, ("B", "DC-PA"): 5})
    order = accepted(await system.door.one(capture(lines={"A": 2, "B": 1}), actor="test"))
    assert order_status(order) is OrderStatus.PROMISED
    assert [(part.sku, part.node, part.quantity) for part in order.allocations] == [
        ("A", "DC-PA", 2),
        ("B", "DC-PA", 1),
    ]
    async with system.pool.acquire() as connection:
        assert await read_orders(connection, [order.order_id]) == {order.order_id: order}
    assert await _balances(system) == {("A", "DC-PA", "on_hand"): (5, 2), ("B", "DC-PA", "on_hand"): (5, 1)}
    await _assert_order_is_fold_of_its_events(system, order.order_id)


async def test_an_order_that_is_short_is_refused_by_line_and_leaves_nothing(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 5})
    refused = await system.door.one(capture(lines={"A": 1, "B": 1}), actor="test")
    assert isinstance(refused, StockShort)
    assert [(line.line_id, line.sku, line.quantity) for line in refused.lines] == [("2", "B", 1)]
    assert await _balances(system) == {("A", "DC-PA", "on_hand"): (5, 0)}
    async with system.pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM orders") == 0
        assert await connection.fetchval("SELECT count(*) FROM events WHERE kind = 'OrderCaptured'") == 0


async def test_the_same_order_sent_a_hundred_times_at_once_is_one_order(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 500})
    outcomes = await asyncio.gather(*[system.door.one(capture(), actor="test") for _ in range(100)])
    assert sum(1 for outcome in outcomes if isinstance(outcome, Accepted) and outcome.is_new) == 1
    assert len({accepted(outcome).order_id for outcome in outcomes}) == 1
    assert await _balances(system) == {("A", "DC-PA", "on_hand"): (500, 1)}
    async with system.pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM events WHERE kind = 'DuplicateReceived'") == 99


async def test_the_same_id_with_other_content_is_refused(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 5})
    accepted(await system.door.one(capture(), actor="test"))
    assert isinstance(await system.door.one(capture(lines={"A": 2}), actor="test"), ContentDiffers)


async def test_an_unknown_item_is_named_by_its_field(system: System) -> None:
    refused = await system.door.one(capture(lines={"A": 1, "NOPE": 1}), actor="test")
    assert isinstance(refused, Invalid)
    assert [flaw.pointer for flaw in refused.flaws] == ["/lines/1/sku"]


async def test_a_key_binds_its_answer_and_refuses_another_request(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 5})

    def answer(outcomes: tuple[Outcome, ...]) -> Answer:
        return Answer(201, accepted(outcomes[0]).order_id.encode())

    def request(external_id: str, digest: str) -> Request:
        return Request((capture(external_id),), "test", key=Key("K", digest), answer=answer)

    first, second, other = await asyncio.gather(
        system.door.submit(request("W-1", "d1")),
        system.door.submit(request("W-1", "d1")),
        system.door.submit(request("W-2", "d2")),
    )
    assert first.answer == second.answer
    assert first.answer is not None
    assert other.outcomes == (KeyReused("K"),)
    again = await system.door.submit(request("W-1", "d1"))
    assert again.answer == first.answer
    assert await _balances(system) == {("A", "DC-PA", "on_hand"): (5, 1)}


async def test_an_order_walks_from_capture_to_the_door(system: System, clock: Clock) -> None:
    await stock(system, {("A", "DC-PA"): 5})
    order = accepted(await system.door.one(capture(lines={"A": 2}), actor="test"))
    assert await system.door.one(ActOnDue(order.order_id), actor="clock") is not None
    clock.advance(minutes=31)
    released = accepted(await system.door.one(ActOnDue(order.order_id), actor="clock"))
    assert order_status(released) is OrderStatus.RELEASED
    work = released.fulfillments[0].fulfillment_id
    picked = accepted(await system.door.one(PickWork(work), actor="node"))
    assert order_status(picked) is OrderStatus.IN_FULFILLMENT
    accepted(await system.door.one(PackWork(work), actor="node"))
    shipped = accepted(
        await system.door.one(ShipWork(work, (Package("1", (), None, "UPS", "ground", "1Z1"),)), actor="node")
    )
    assert order_status(shipped) is OrderStatus.SHIPPED
    assert shipped.fulfillments[0].packages[0].tracking_number == "1Z1"
    assert await _balances(system) == {("A", "DC-PA", "on_hand"): (3, 0)}
    delivered = accepted(await system.door.one(DeliverWork(work), actor="carrier"))
    assert order_status(delivered) is OrderStatus.DELIVERED
    await _assert_order_is_fold_of_its_events(system, order.order_id)


async def test_a_pickup_is_handed_over_and_leaves_the_stock(system: System) -> None:
    await stock(system, {("A", "ST-NYC"): 1, ("A", "DC-PA"): 9})
    wanted = capture(method=Method.PICKUP, pickup_node=NodeId("ST-NYC"), ship_to=None)
    order = accepted(await system.door.one(wanted, actor="test"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    work = order.fulfillments[0].fulfillment_id
    assert isinstance(await system.door.one(ShipWork(work), actor="node"), NotPossibleNow)
    collected = accepted(await system.door.one(CollectWork(work, "Ada"), actor="node"))
    assert order_status(collected) is OrderStatus.DELIVERED
    assert (await _balances(system))[("A", "ST-NYC", "on_hand")] == (0, 0)


async def test_a_rejected_part_is_sourced_again_elsewhere(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 2, ("A", "DC-IL"): 5})
    order = accepted(await system.door.one(capture(lines={"A": 2}), actor="test"))
    assert order.fulfillments[0].node == "DC-PA"
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    rejected = accepted(
        await system.door.one(
            RejectWork(order.fulfillments[0].fulfillment_id, "busy", (LineQuantity(LineId("1"), 1),)), actor="node"
        )
    )
    assert sorted((part.node, part.quantity, str(part.state)) for part in rejected.allocations) == [
        ("DC-IL", 1, "reserved"),
        ("DC-PA", 1, "rejected"),
        ("DC-PA", 1, "released"),
        ("DC-PA", 2, "split"),
    ]
    assert await _balances(system) == {("A", "DC-PA", "on_hand"): (2, 1), ("A", "DC-IL", "on_hand"): (5, 1)}
    await _assert_order_is_fold_of_its_events(system, order.order_id)


async def test_what_is_sourced_again_after_an_early_release_waits_for_nothing(system: System, clock: Clock) -> None:
    await stock(system, {("A", "DC-PA"): 2, ("A", "DC-IL"): 5})
    order = accepted(await system.door.one(capture(lines={"A": 2}), actor="test"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    rejected = accepted(await system.door.one(RejectWork(order.fulfillments[0].fulfillment_id, "busy"), actor="node"))
    assert next_due_at(rejected) == rejected.released_at
    due = accepted(await system.door.one(ActOnDue(order.order_id), actor="clock"))
    assert order_status(due) is OrderStatus.RELEASED


async def test_a_package_that_was_never_packed_cannot_be_shipped(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 2})
    order = accepted(await system.door.one(capture(lines={"A": 2}), actor="test"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    work = order.fulfillments[0].fulfillment_id
    accepted(await system.door.one(PackWork(work), actor="node"))
    refused = await system.door.one(ShipWork(work, (Package("X", (), None, "UPS", "ground", "1Z1"),)), actor="node")
    assert isinstance(refused, Invalid)
    assert [flaw.pointer for flaw in refused.flaws] == ["/packages/0/package_id"]


async def test_unpacked_goods_are_shipped_in_the_package_that_the_report_names(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 2})
    order = accepted(await system.door.one(capture(lines={"A": 2}), actor="test"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    work = order.fulfillments[0].fulfillment_id
    package = Package("X", (), None, "UPS", "ground", "1Z1")
    shipped = accepted(await system.door.one(ShipWork(work, (package,)), actor="node"))
    (only,) = shipped.fulfillments[0].packages
    assert (only.package_id, only.tracking_number, only.lines[0].quantity) == ("X", "1Z1", 2)


async def test_work_cannot_be_reported_from_the_future(system: System, clock: Clock) -> None:
    await stock(system, {("A", "DC-PA"): 2})
    order = accepted(await system.door.one(capture(lines={"A": 2}), actor="test"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    later = clock.now + timedelta(days=1)
    refused = await system.door.one(AcceptWork(order.fulfillments[0].fulfillment_id, later), actor="node")
    assert isinstance(refused, Invalid)
    assert [flaw.pointer for flaw in refused.flaws] == ["/at"]


async def test_what_was_not_found_leaves_the_books_and_becomes_an_exception_where_nobody_has_it(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 3})
    order = accepted(await system.door.one(capture(lines={"A": 3}), actor="test"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    short = accepted(
        await system.door.one(
            PickWork(order.fulfillments[0].fulfillment_id, (LineQuantity(LineId("1"), 2, "not_found"),)), actor="node"
        )
    )
    assert order_status(short) is OrderStatus.EXCEPTION
    assert await _balances(system) == {("A", "DC-PA", "on_hand"): (2, 2)}


async def test_a_held_order_is_not_released_until_its_hold_expires(system: System, clock: Clock) -> None:
    await stock(system, {("A", "DC-PA"): 3})
    order = accepted(await system.door.one(capture(), actor="test"))
    until = clock.now.replace(hour=17)
    held = accepted(await system.door.one(PlaceHold(order.order_id, "fraud", "odd", until), actor="test"))
    assert order_status(held) is OrderStatus.ON_HOLD
    assert isinstance(await system.door.one(ReleaseOrder(order.order_id), actor="test"), Held)
    clock.advance(hours=3)
    due = accepted(await system.door.one(ActOnDue(order.order_id), actor="clock"))
    assert order_status(due) is OrderStatus.RELEASED


async def test_canceled_units_are_free_again_and_shipped_ones_cannot_be_canceled(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 3})
    order = accepted(await system.door.one(capture(lines={"A": 3}), actor="test"))
    one = (LineQuantity(LineId("1"), 1),)
    accepted(await system.door.one(CancelOrder(order.order_id, "changed mind", one), actor="test"))
    assert await _balances(system) == {("A", "DC-PA", "on_hand"): (3, 2)}
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    accepted(await system.door.one(ShipWork(order.fulfillments[0].fulfillment_id), actor="node"))
    assert isinstance(await system.door.one(CancelOrder(order.order_id, "late"), actor="test"), NotPossibleNow)
    await _assert_order_is_fold_of_its_events(system, order.order_id)


async def test_the_same_count_sent_twice_counts_once(system: System, clock: Clock) -> None:
    await stock(system, {("A", "DC-PA"): 10})
    counted_at = clock.now
    accepted(await system.door.one(capture(lines={"A": 3}), actor="test"))
    count = CountStock(SupplyKey(Sku("A"), NodeId("DC-PA")), 8, counted_at)
    for _ in range(2):
        assert isinstance(await system.door.one(count, actor="test"), Accepted)
    assert await _balances(system) == {("A", "DC-PA", "on_hand"): (8, 3)}


async def test_two_hundred_orders_for_fifty_units_sell_exactly_fifty(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 30, ("A", "DC-IL"): 20})
    outcomes = await asyncio.gather(*[system.door.one(capture(f"W-{number}"), actor="test") for number in range(200)])
    assert sum(isinstance(outcome, Accepted) for outcome in outcomes) == 50
    assert sum(isinstance(outcome, StockShort) for outcome in outcomes) == 150
    assert await _balances(system) == {("A", "DC-PA", "on_hand"): (30, 30), ("A", "DC-IL", "on_hand"): (20, 20)}


async def test_two_processes_sell_exactly_what_there_is_in_whatever_order_their_lines_stand(
    system: System, database: Database
) -> None:
    await stock(system, {("A", "DC-PA"): 50, ("B", "DC-PA"): 50})
    async with open_system(database.dsn, clock=Clock()) as second:
        outcomes = await asyncio.gather(
            *[
                (system, second)[number % 2].door.one(
                    capture(f"W-{number}", {"A": 1, "B": 1} if number % 4 < 2 else {"B": 1, "A": 1}), actor="test"
                )
                for number in range(200)
            ]
        )
    assert sum(isinstance(outcome, Accepted) for outcome in outcomes) == 50
    assert sum(isinstance(outcome, StockShort) for outcome in outcomes) == 150
    assert await _balances(system) == {("A", "DC-PA", "on_hand"): (50, 50), ("B", "DC-PA", "on_hand"): (50, 50)}


async def test_a_process_sees_what_another_one_sold_and_received(system: System, database: Database) -> None:
    await stock(system, {("A", "DC-PA"): 2})
    async with open_system(database.dsn, clock=Clock()) as second:
        accepted(await second.door.one(capture("W-1"), actor="test"))
        accepted(await system.door.one(capture("W-2"), actor="test"))
        assert isinstance(await second.door.one(capture("W-3"), actor="test"), StockShort)
        await stock(system, {("A", "DC-IL"): 1})
        assert accepted(await second.door.one(capture("W-4"), actor="test")).allocations[0].node == "DC-IL"
    assert Sku("A") in {key[0] for key in await _balances(system)}
    assert system.door.now() > NOW


@pytest.mark.parametrize(("lines", "is_read"), [((), False), ((LineQuantity(LineId("1"), 1, "not_found"),), True)])
async def test_the_stock_is_looked_at_for_a_pick_only_where_it_says_of_units_what_became_of_them(
    system: System, lines: tuple[LineQuantity, ...], is_read: bool
) -> None:
    await stock(system, {("A", "DC-PA"): 2})
    order = accepted(await system.door.one(capture(lines={"A": 2}), actor="test"))
    work = order.fulfillments[0].fulfillment_id
    for command in (ReleaseOrder(order.order_id), AcceptWork(work)):
        await system.door.one(command, actor="test")
    system.door.index.forget([Sku("A")])
    accepted(await system.door.one(PickWork(work, lines), actor="node"))
    assert bool(system.door.index.missing([Sku("A")])) is not is_read
