"""The clock cancels what has not left by the last date of its line: exactly that, and once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.builders import NOW
from tests.engine.changing import ONE, TWO, assert_kept, captured, world_with
from tests.engine.test_permissions import advanced
from troth.engine.last_dates import NOT_LEFT
from troth.engine.money.owed import owed
from troth.engine.promising.context import Decision
from troth.model.charges import Charges, DeliveryCharge
from troth.model.commands import ActOnDue, LineQuantity, PickWork, PlaceHold, ReleaseOrder, ShipWork
from troth.model.events import OrderCanceled
from troth.model.hold_terms import Block, HoldTerms
from troth.model.ids import Sku
from troth.model.lifecycle import AllocationState
from troth.model.order import Line, Order, Terms
from troth.model.status import next_due_at
from troth.replay.world import World

LAST = NOW + timedelta(days=5)
DATED = Terms(cancel_after=LAST)
STOCK = {("A", "DC-PA"): 9, ("B", "DC-IL"): 9, ("K", "DC-PA"): 0}


def dated(world: World, *lines: Line, **changes: Any) -> Order:
    """An order of these lines, or of five units with a last date."""
    return captured(world, {"A": 1}, lines=lines or (Line(ONE, Sku("A"), 5, 1000, terms=DATED),), **changes)


def act(world: World, order: Order, *, late: timedelta = timedelta(0)) -> list[OrderCanceled]:
    """What the clock cancels so long after the last date."""
    decision = world.apply(ActOnDue(order.order_id), now=LAST + late)
    assert isinstance(decision, Decision)
    return [event for _, event in decision.events if isinstance(event, OrderCanceled)]


def test_what_has_not_left_is_canceled_at_the_last_date_and_not_before() -> None:
    world = world_with(STOCK)
    order = advanced(world, dated(world, delivery_charge=DeliveryCharge(500)), until=AllocationState.PACKED)

    assert next_due_at(order) == LAST
    assert act(world, order, late=-timedelta(microseconds=1)) == []
    (canceled,) = act(world, order)
    after = world.orders[order.order_id]
    assert canceled.lines == (LineQuantity(ONE, 5, NOT_LEFT),)
    assert (after.canceled_at, owed(after).total, next_due_at(after)) == (LAST, 0, None)
    assert_kept(world)
    assert act(world, after) == []


def test_what_has_left_stays_and_the_rest_is_canceled_to_the_cent() -> None:
    world = world_with(STOCK)
    order = dated(world, Line(ONE, Sku("A"), 5, 1000, terms=DATED, charges=Charges(5, 99, 77)))
    work = order.fulfillments[0].fulfillment_id
    for command in (ReleaseOrder(order.order_id), PickWork(work, (LineQuantity(ONE, 2),)), ShipWork(work)):
        assert isinstance(world.apply(command, now=NOW), Decision)

    (canceled,) = act(world, world.orders[order.order_id])

    after = world.orders[order.order_id]
    assert canceled.lines == (LineQuantity(ONE, 3, NOT_LEFT),)
    assert owed(after).total == owed(after).earned == 2000 - 40 + 31
    assert next_due_at(after) is None


def test_only_the_lines_whose_date_is_over_are_canceled() -> None:
    world = world_with(STOCK)
    later = replace(DATED, cancel_after=LAST + timedelta(days=1))
    order = dated(world, Line(ONE, Sku("A"), 1, 1000, terms=DATED), Line(TWO, Sku("B"), 1, 1000, terms=later))
    world.apply(ReleaseOrder(order.order_id), now=NOW)

    (canceled,) = act(world, order)

    assert [line.line_id for line in canceled.lines] == [ONE]
    assert next_due_at(world.orders[order.order_id]) == later.cancel_after


def test_the_clock_does_not_release_what_it_cancels() -> None:
    world = world_with(STOCK)
    order = dated(world)

    (canceled,) = act(world, order)

    assert canceled.lines == (LineQuantity(ONE, 5, NOT_LEFT),)
    assert world.orders[order.order_id].released_at is None


def test_a_hold_that_keeps_an_order_from_being_canceled_keeps_its_lines_past_their_date() -> None:
    world = world_with(STOCK)
    order = dated(world)
    hold = PlaceHold(order.order_id, "legal", "keep", terms=HoldTerms(blocks=(Block.CANCEL, Block.RELEASE)))
    assert isinstance(world.apply(hold, now=NOW), Decision)

    assert act(world, order) == []
    assert next_due_at(world.orders[order.order_id]) is None
