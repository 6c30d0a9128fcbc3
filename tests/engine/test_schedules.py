"""Lines with several dates, as the engine sees them."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.builders import NOW
from tests.engine.changing import captured, change, changed, world_with
from troth.engine.promising.context import Decision
from troth.engine.schedules import spread
from troth.model.change import RemoveLine, ScheduleDate, SetQuantity, SetSchedule
from troth.model.commands import CancelOrder, LineQuantity, ReleaseOrder, ShipWork
from troth.model.ids import LineId, Sku
from troth.model.order import Line, Order, Terms
from troth.model.refusals import FieldFlaw, Invalid
from troth.model.status import live_allocations
from troth.replay.world import World

FIRST, SECOND, LAST = LineId("1.1"), LineId("1.2"), LineId("1.3")


def scheduled(*, apart_days: int | None = None) -> tuple[World, Order]:
    """A line with three dates; with `apart_days` those after the first come at most so long before they are needed."""
    world = world_with({("A", "DC-PA"): 30})
    of_one = Terms(schedule_of=LineId("1"))
    lines = tuple(
        Line(
            line_id,
            Sku("A"),
            units,
            1_990,
            need_by=NOW + timedelta(days=days),
            not_before=None if apart_days is None or line_id == FIRST else NOW + timedelta(days=days - apart_days),
            terms=of_one,
        )
        for line_id, units, days in ((FIRST, 5, 20), (LAST, 3, 60), (SECOND, 4, 40))
    )
    return world, captured(world, {"A": 1}, lines=lines)


def test_units_without_a_date_are_taken_from_the_latest_dates() -> None:
    _, order = scheduled()

    found = spread(order, (LineQuantity(LineId("1"), 6, "less"),))

    assert found == (LineQuantity(LAST, 3, "less"), LineQuantity(SECOND, 3, "less"))


def test_a_line_by_itself_and_a_date_are_taken_as_they_are_named() -> None:
    _, order = scheduled()
    units = (LineQuantity(FIRST, 2), LineQuantity(LineId("9"), 1))

    assert spread(order, units) == units


def test_more_than_all_dates_have_is_refused_and_nothing_is_canceled() -> None:
    world, order = scheduled()

    refused = world.apply(CancelOrder(order.order_id, "less", (LineQuantity(LineId("1"), 13),)), now=NOW)

    assert refused == Invalid((FieldFlaw("/lines/0", "line 1 has 12 units to cancel"),))
    assert world.orders[order.order_id] == order


def test_a_line_and_one_of_its_dates_that_want_too_much_together_are_named_as_they_were_sent() -> None:
    world, order = scheduled()
    wanted = (LineQuantity(FIRST, 1), LineQuantity(LineId("1"), 12))

    refused = world.apply(CancelOrder(order.order_id, "less", wanted), now=NOW)

    assert refused == Invalid(
        (
            FieldFlaw("/lines/0", "line 1.1 has 5 units to cancel"),
            FieldFlaw("/lines/1", "line 1 has 12 units to cancel"),
        )
    )
    assert world.orders[order.order_id] == order


def test_what_was_canceled_before_is_not_taken_again() -> None:
    _, order = scheduled()
    gone = replace(
        order,
        lines=tuple(replace(line, canceled_quantity=2) if line.line_id == LAST else line for line in order.lines),
    )

    assert spread(gone, (LineQuantity(LineId("1"), 2),)) == (LineQuantity(LAST, 1), LineQuantity(SECOND, 1))


def test_canceling_a_line_cancels_of_its_dates() -> None:
    world, order = scheduled()

    decision = world.apply(CancelOrder(order.order_id, "less", (LineQuantity(LineId("1"), 12),)), now=NOW)

    assert isinstance(decision, Decision)
    assert all(line.canceled_quantity == line.quantity for line in decision.changes[0].after.lines)


def wanted(order: Order) -> dict[str, int]:
    return {line.line_id: line.quantity - line.canceled_quantity for line in order.lines}


@pytest.mark.parametrize(
    ("quantity", "by_date"),
    [
        (12, {"1.1": 5, "1.2": 4, "1.3": 3}),
        (15, {"1.1": 5, "1.2": 4, "1.3": 6}),
        (11, {"1.1": 5, "1.2": 4, "1.3": 2}),
        (9, {"1.1": 5, "1.2": 4, "1.3": 0}),
        (6, {"1.1": 5, "1.2": 1, "1.3": 0}),
        (1, {"1.1": 1, "1.2": 0, "1.3": 0}),
    ],
)
def test_a_quantity_of_a_line_is_made_of_its_latest_dates(quantity: int, by_date: dict[str, int]) -> None:
    world, order = scheduled()

    assert wanted(changed(world, order, SetQuantity(LineId("1"), quantity))) == by_date


def test_removing_a_line_removes_its_dates_and_no_other_line() -> None:
    world = world_with({("A", "DC-PA"): 30})
    of_one = Terms(schedule_of=LineId("1"))
    dates = [Line(line_id, Sku("A"), 2, 1_990, terms=of_one) for line_id in (FIRST, SECOND)]
    order = captured(world, {"A": 1}, lines=(*dates, Line(LineId("2"), Sku("A"), 3, 1_990)))

    assert wanted(changed(world, order, RemoveLine(LineId("1")))) == {"1.1": 0, "1.2": 0, "2": 3}
    again = change(world, world.orders[order.order_id], RemoveLine(LineId("1")))
    assert again == Invalid((FieldFlaw("/actions/0/line_id", "line 1.2 is canceled"),))


def test_units_that_have_left_are_not_taken_back_by_the_name_of_their_line() -> None:
    world, order = scheduled(apart_days=10)
    world.apply(ReleaseOrder(order.order_id), now=NOW)
    first = next(part for part in order.allocations if part.line_id == FIRST)
    sent = world.apply(ShipWork(first.fulfillment_id), now=NOW)
    assert isinstance(sent, Decision)
    order = world.orders[order.order_id]

    refused = change(world, order, SetQuantity(LineId("1"), 4))
    removed = change(world, order, RemoveLine(LineId("1")))

    assert refused == Invalid((FieldFlaw("/actions/0/quantity", "5 of line 1.1 have left already"),))
    assert removed == Invalid((FieldFlaw("/actions/0", "units of line 1.1 are shipped: too late to remove line"),))
    assert world.orders[order.order_id] == order
    assert wanted(changed(world, order, SetQuantity(LineId("1"), 5))) == {"1.1": 5, "1.2": 0, "1.3": 0}


def test_a_line_that_is_not_there_has_no_dates() -> None:
    world, order = scheduled()

    refused = change(world, order, SetQuantity(LineId("9"), 4))

    assert refused == Invalid((FieldFlaw("/actions/0/line_id", "the order has no line 9"),))


def day(number: int) -> datetime:
    return NOW + timedelta(days=number)


def test_a_schedule_keeps_the_dates_that_it_names_moves_the_rest_and_adds_new_ones() -> None:
    world, order = scheduled()
    dates = (
        ScheduleDate(2, need_by=day(40)),
        ScheduleDate(5, need_by=day(20)),
        ScheduleDate(6, need_by=day(90), not_before=day(80)),
        ScheduleDate(1, need_by=day(99)),
    )

    after = changed(world, order, SetSchedule(LineId("1"), dates))

    assert wanted(after) == {"1.1": 5, "1.3": 6, "1.2": 2, "1.4": 1}
    by_id = {line.line_id: line for line in after.lines}
    assert (by_id[LAST].need_by, by_id[LAST].not_before) == (day(90), day(80))
    assert by_id[LineId("1.4")].terms == Terms(schedule_of=LineId("1"))
    assert by_id[FIRST] == order.lines[0]
    assert sum(part.quantity for part in live_allocations(after)) == 14


def test_a_shorter_schedule_drops_the_dates_that_are_left_over() -> None:
    world, order = scheduled()

    after = changed(world, order, SetSchedule(LineId("1"), (ScheduleDate(4, need_by=day(40)),)))

    assert wanted(after) == {"1.1": 0, "1.2": 4, "1.3": 0}


def test_a_schedule_that_cannot_be_is_refused_by_its_place_and_changes_nothing() -> None:
    world, order = scheduled()
    past = (ScheduleDate(5, need_by=day(20)), ScheduleDate(4, need_by=day(-1)), ScheduleDate(3, need_by=day(60)))
    added = (*past[::2], ScheduleDate(4, need_by=day(40)), ScheduleDate(1, need_by=day(-1)))

    refused = [change(world, order, SetSchedule(LineId("1"), dates)) for dates in (past, added)]
    plain = change(world, order, SetSchedule(FIRST, past))

    detail = "has passed: nothing can be there by then"
    assert refused == [Invalid((FieldFlaw(f"/actions/0/schedule/{at}/need_by", detail),)) for at in (1, 3)]
    assert plain == Invalid((FieldFlaw("/actions/0/line_id", "the order has no line 1.1 with several dates"),))
    assert world.orders[order.order_id] == order
