"""Lines with several dates, as the engine sees them."""

from dataclasses import replace
from datetime import timedelta

from tests.builders import NOW
from tests.engine.changing import captured, world_with
from troth.engine.promising.context import Decision
from troth.engine.schedules import spread
from troth.model.commands import CancelOrder, LineQuantity
from troth.model.ids import LineId, Sku
from troth.model.order import Line, Order, Terms
from troth.model.refusals import Invalid
from troth.replay.world import World

FIRST, SECOND, LAST = LineId("1.1"), LineId("1.2"), LineId("1.3")


def scheduled() -> tuple[World, Order]:
    world = world_with({("A", "DC-PA"): 30})
    of_one = Terms(schedule_of=LineId("1"))
    lines = tuple(
        Line(line_id, Sku("A"), units, 1_990, need_by=NOW + timedelta(days=days), terms=of_one)
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

    assert isinstance(refused, Invalid)
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
