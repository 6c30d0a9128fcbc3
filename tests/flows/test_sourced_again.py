"""What a node could not provide is asked of others, of so many and no more; who found the units is asked again."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from tests.flows.explained import explained
from tests.flows.moving import ANN, IL, PA, A, B, assert_sound, kinds, log, read, settle
from troth.flows.documents.families import ROUTINGS
from troth.flows.door.requests import Accepted, Request
from troth.flows.door.system import System, open_system
from troth.flows.orders.attempts import read_attempts
from troth.flows.orders.change import preview_change
from troth.flows.orders.repromise import LOOK_AFTER, try_parked
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import Acted, activate
from troth.flows.stock.stock import Adjustment, Counted, adjust, count
from troth.model.change import AddLine, SetNode, SetQuantity
from troth.model.commands import ChangeOrder, LineQuantity, PickWork, RejectWork, ReleaseOrder
from troth.model.events import SourcingFailed
from troth.model.ids import LineId, NodeId, OrderId
from troth.model.order import Line
from troth.model.status import OrderStatus, live_allocations, order_status

ONE = LineId("1")
CA = NodeId("DC-CA")


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"), node("DC-IL"), node("DC-CA")), items=(item("A"), item("B")))
    async with open_system(database.dsn, clock=clock) as opened:
        yield opened


async def decide_by(system: System, **facts: Any) -> None:
    saved = await save_draft(system, ROUTINGS, "test", {"name": "test", **facts}, actor="ann")
    assert isinstance(saved, Saved), saved
    acted = await activate(system, ROUTINGS, "test", saved.document.version, reason="test", actor="ann")
    assert isinstance(acted, Acted), acted


async def ordered(system: System, units: int = 1) -> OrderId:
    order_id = accepted(await system.door.one(capture("W-1", {"A": units}), actor="web")).order_id
    await release(system, order_id)
    return order_id


async def release(system: System, order_id: OrderId) -> None:
    accepted(await system.door.one(ReleaseOrder(order_id), actor="ann"))


async def missed(system: System, order_id: OrderId, units: int = 0) -> None:
    """The node that the order was asked of last finds so many units of its line."""
    work = (await read(system, order_id)).fulfillments[-1]
    picked = (LineQuantity(ONE, units, "not_found"),)
    accepted(await system.door.one(PickWork(work.fulfillment_id, picked), actor="node"))


async def rejected(system: System, order_id: OrderId) -> None:
    work = (await read(system, order_id)).fulfillments[-1]
    accepted(await system.door.one(RejectWork(work.fulfillment_id, "too_busy"), actor="node"))


async def nodes(system: System, order_id: OrderId) -> list[str]:
    return [part.node for part in live_allocations(await read(system, order_id))]


async def notes(system: System, order_id: OrderId) -> tuple[str, ...]:
    """What the newest decision says; all are made again as they were."""
    decided = await explained(system, await read(system, order_id))
    assert [one.is_reproduced for one in decided] == [True] * len(decided)
    return decided[0].trace.notes


async def test_units_that_a_count_finds_after_a_short_pick_are_asked_for_again(system: System, clock: Clock) -> None:
    await stock(system, {("A", "DC-PA"): 2})
    order_id = await ordered(system, 2)
    await missed(system, order_id)
    await settle(system)
    assert order_status(await read(system, order_id)) is OrderStatus.EXCEPTION
    clock.advance(minutes=5)

    await count(system, PA, system.door.now(), [Counted(A, 2)], actor=ANN)
    await settle(system)

    assert await nodes(system, order_id) == ["DC-PA"]
    assert await notes(system, order_id) == (
        "attempt 2 for line 1, which DC-PA could not provide",
        "DC-PA is asked again: units were found there since",
    )
    await assert_sound(system)


async def test_a_node_that_did_not_find_one_item_sends_another_and_each_decision_is_made_again_as_it_was(
    system: System, clock: Clock
) -> None:
    await stock(system, {("A", "DC-PA"): 5, ("B", "DC-PA"): 5})
    order_id = accepted(await system.door.one(capture("W-1", {"A": 1, "B": 1}), actor="web")).order_id
    await stock(system, {("A", "DC-IL"): 5, ("B", "DC-IL"): 5})
    await release(system, order_id)
    await missed(system, order_id)  # A, at DC-PA
    await release(system, order_id)
    first, second = (work.fulfillment_id for work in (await read(system, order_id)).fulfillments)
    missing = (LineQuantity(LineId("2"), 0, "not_found"),)
    accepted(await system.door.one(PickWork(first, missing), actor="node"))  # B, at DC-PA
    await release(system, order_id)
    clock.advance(minutes=5)
    await adjust(system, [Adjustment(PA, B, 1, "receipt")], actor=ANN)

    rejection = RejectWork((await read(system, order_id)).fulfillments[-1].fulfillment_id, "too_busy")
    accepted(await system.door.one(rejection, actor="node"))  # B, at DC-IL

    parts = live_allocations(await read(system, order_id))
    assert [(part.sku, part.node, part.fulfillment_id == second) for part in parts] == [
        ("A", "DC-IL", True),
        ("B", "DC-PA", False),
    ]
    assert await notes(system, order_id) == (
        "attempt 3 for line 2, which DC-PA, DC-IL could not provide",
        "DC-PA is asked again: units were found there since",
    )
    attempts = await read_attempts(system, await read(system, order_id))
    assert [(one.sku, one.node, one.outcome, one.left_out) for one in attempts] == [
        ("A", "DC-PA", "not_found", "sku"),
        ("B", "DC-PA", "not_found", ""),
        ("B", "DC-IL", "rejected", "node"),
    ]
    await assert_sound(system)


async def test_a_batch_that_fails_an_order_and_changes_it_decides_as_two_batches_do(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 5, ("B", "DC-PA"): 5})
    order_id = await ordered(system, 2)
    work = (await read(system, order_id)).fulfillments[-1].fulfillment_id
    some = (LineQuantity(ONE, 1),)
    added = AddLine(Line(LineId("2"), B, 1, 1990))

    both = (RejectWork(work, "damaged", some), ChangeOrder(order_id, (SetQuantity(ONE, 1), added)))

    result = await system.door.submit(Request(both, "ann"))

    assert [type(outcome) for outcome in result.outcomes] == [Accepted, Accepted]
    parts = live_allocations(await read(system, order_id))
    assert sorted((part.sku, part.node, part.quantity) for part in parts) == [("A", "DC-PA", 1), ("B", "DC-PA", 1)]
    await assert_sound(system)


async def test_a_receipt_after_a_short_pick_makes_the_node_eligible_and_one_before_it_does_not(
    system: System, clock: Clock
) -> None:
    await stock(system, {("A", "DC-PA"): 5})
    order_id = await ordered(system, 2)
    await missed(system, order_id)
    clock.advance(minutes=5)
    await adjust(system, [Adjustment(PA, B, 9, "receipt")], actor=ANN)  # of another item
    await settle(system)
    clock.advance(minutes=20)
    await try_parked(system, clock.now)
    assert await nodes(system, order_id) == []

    await adjust(system, [Adjustment(PA, A, 1, "receipt")], actor=ANN)
    await settle(system)

    assert await nodes(system, order_id) == ["DC-PA"]
    await assert_sound(system)


async def test_a_count_that_confirms_what_is_left_is_enough_and_one_that_finds_nothing_is_not(
    system: System, clock: Clock
) -> None:
    await stock(system, {("A", "DC-PA"): 5})
    order_id = await ordered(system, 2)
    before = system.door.now()
    clock.advance(minutes=5)
    await missed(system, order_id)
    clock.advance(minutes=5)
    await count(system, PA, before, [Counted(A, 5)], actor=ANN)  # taken before the pick: it says nothing new
    clock.advance(minutes=20)
    await try_parked(system, clock.now)
    assert await nodes(system, order_id) == []

    await count(system, PA, system.door.now(), [Counted(A, 3)], actor=ANN)
    clock.advance(minutes=20)
    await try_parked(system, clock.now)

    assert await nodes(system, order_id) == ["DC-PA"]
    await assert_sound(system)


async def test_a_lot_that_was_found_again_is_picked(system: System, clock: Clock) -> None:
    good = date(2027, 6, 1)
    await adjust(system, [Adjustment(PA, A, 2, "receipt", lot="L-1", expires_on=good)], actor=ANN)
    order_id = await ordered(system, 2)
    await missed(system, order_id)
    clock.advance(minutes=5)
    await adjust(system, [Adjustment(PA, A, 1, "receipt", lot="L-2", expires_on=good)], actor=ANN)
    await settle(system)
    assert [part.source for part in live_allocations(await read(system, order_id))] == ["lot/L-2"]

    await adjust(system, [Adjustment(PA, A, 1, "found", lot="L-1", expires_on=good)], actor=ANN)
    await settle(system)

    assert sorted(part.source for part in live_allocations(await read(system, order_id))) == ["lot/L-1", "lot/L-2"]
    assert (await notes(system, order_id))[-1] == "DC-PA is asked again: units were found there since"


async def test_a_node_that_rejected_is_asked_again_after_so_many_hours(system: System, clock: Clock) -> None:
    await decide_by(system, retry_rejected_after_hours=4)
    await stock(system, {("A", "DC-PA"): 5})
    order_id = await ordered(system)
    await rejected(system, order_id)
    clock.advance(hours=3, minutes=59)
    await try_parked(system, clock.now)
    assert await nodes(system, order_id) == []

    clock.advance(minutes=1 + LOOK_AFTER // timedelta(minutes=1))
    await try_parked(system, clock.now)

    assert await nodes(system, order_id) == ["DC-PA"]
    assert (await notes(system, order_id))[-1] == "DC-PA is asked again: its rejection is long enough ago"
    await assert_sound(system)


async def test_without_a_rule_a_node_that_rejected_is_never_asked_again(system: System, clock: Clock) -> None:
    await stock(system, {("A", "DC-PA"): 5})
    order_id = await ordered(system)
    await rejected(system, order_id)
    clock.advance(days=30)
    await adjust(system, [Adjustment(PA, A, 5, "receipt")], actor=ANN)
    await settle(system)
    await try_parked(system, clock.now)
    assert await nodes(system, order_id) == []


async def test_when_enough_nodes_failed_a_person_is_called_and_nobody_else_is_asked(
    system: System, clock: Clock
) -> None:
    await decide_by(system, attempts_max=2)
    await stock(system, {("A", "DC-PA"): 5, ("A", "DC-IL"): 5, ("A", "DC-CA"): 5})
    order_id = await ordered(system)
    await rejected(system, order_id)
    assert len(await nodes(system, order_id)) == 1
    await release(system, order_id)

    await rejected(system, order_id)

    assert await nodes(system, order_id) == []
    (failed,) = [event for event in await log(system, order_id) if isinstance(event, SourcingFailed)]
    assert [(line.line_id, line.quantity, line.reason) for line in failed.lines] == [("1", 1, "attempts_spent")]
    order = await read(system, order_id)
    assert (order_status(order), [parked.reason for parked in order.parked]) == (
        OrderStatus.EXCEPTION,
        ["attempts_spent"],
    )
    assert await notes(system, order_id) == (
        "2 nodes could not provide line 1, and no more than 2 are asked: a person decides",
    )
    third = ({"DC-PA", "DC-IL", "DC-CA"} - {work.node for work in order.fulfillments}).pop()
    await adjust(system, [Adjustment(NodeId(third), A, 5, "receipt")], actor=ANN)
    await settle(system)
    clock.advance(hours=1)
    await try_parked(system, clock.now)
    assert await read(system, order_id) == order

    named = await system.door.one(ChangeOrder(order_id, (SetNode(ONE, NodeId(third)),)), actor="ann")

    assert isinstance(named, Accepted)
    assert await nodes(system, order_id) == [third]
    assert (await notes(system, order_id))[0].startswith("attempt 3 for line 1, which ")
    await assert_sound(system)


async def test_what_queues_calls_a_person_too_when_enough_nodes_failed(system: System, clock: Clock) -> None:
    tier = {"name": "all", "partial": "queue", "none": "queue"}
    await decide_by(system, attempts_max=1, tiers=[tier])
    await stock(system, {("A", "DC-PA"): 5, ("A", "DC-IL"): 5})
    order_id = await ordered(system)
    await rejected(system, order_id)
    assert kinds(await log(system, order_id))[-2:] == ["SourcingFailed", "PromiseChanged"]
    assert order_status(await read(system, order_id)) is OrderStatus.EXCEPTION


async def test_only_the_line_that_failed_too_often_is_left_to_a_person(system: System) -> None:
    await decide_by(system, attempts_max=2)
    await stock(system, {("A", "DC-PA"): 5, ("B", "DC-PA"): 5, ("B", "DC-CA"): 5})
    order_id = accepted(await system.door.one(capture("W-1", {"A": 1, "B": 1}), actor="web")).order_id
    await stock(system, {("A", "DC-IL"): 5, ("A", "DC-CA"): 5})
    work = (await read(system, order_id)).fulfillments[0]
    assert work.node == "DC-PA"
    for _ in range(2):
        await release(system, order_id)
        name = (await read(system, order_id)).fulfillments[-1].fulfillment_id
        accepted(await system.door.one(RejectWork(name, "damaged", (LineQuantity(ONE, 1),)), actor="node"))

    picked = (LineQuantity(LineId("2"), 0, "not_found"),)
    accepted(await system.door.one(PickWork(work.fulfillment_id, picked), actor="node"))

    parts = live_allocations(await read(system, order_id))
    assert [(part.line_id, part.node) for part in parts] == [("2", "DC-CA")]
    assert [parked.line_id for parked in (await read(system, order_id)).parked] == ["1"]
    assert (await notes(system, order_id))[1] == "attempt 2 for line 2, which DC-PA could not provide"


async def test_a_preview_of_a_change_asks_again_whom_the_change_asks_again(system: System, clock: Clock) -> None:
    await stock(system, {("A", "DC-PA"): 5})
    order_id = await ordered(system)
    await missed(system, order_id)
    clock.advance(minutes=5)
    await count(system, PA, system.door.now(), [Counted(A, 4)], actor=ANN)
    order = await read(system, order_id)
    command = ChangeOrder(order_id, (SetNode(ONE, PA),))

    previewed = await preview_change(system, order, command, actor="ann")
    made = await system.door.one(command, actor="ann")

    assert isinstance(made, Accepted)
    assert not isinstance(previewed, Accepted)
    assert previewed.changes[0].after == made.order  # type: ignore[union-attr]
    assert (await notes(system, order_id))[-1] == "DC-PA is asked again: units were found there since"


async def test_a_node_that_a_person_names_is_explained_as_it_was_chosen(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 5, ("A", "DC-IL"): 5})
    order_id = await ordered(system)
    first = (await nodes(system, order_id))[0]
    await rejected(system, order_id)

    await system.door.one(ChangeOrder(order_id, (SetNode(ONE, NodeId(first)),)), actor="ann")

    assert await nodes(system, order_id) == [first]
    assert (await notes(system, order_id))[:2] == (
        f"attempt 2 for line 1, which {first} could not provide",
        f"{first} is asked again: it was named",
    )
    assert {first, *(await nodes(system, order_id))} <= {PA, IL, CA}
