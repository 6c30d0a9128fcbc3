"""Lines with a last date and lines that are not to be backordered: what they are promised, and why not."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW
from tests.builders import capture as capture_command
from tests.engine.changing import CHICAGO, PA, captured, change, changed, world_with
from troth.engine.promising.context import Decision
from troth.model.change import SetDates, SetQuantity
from troth.model.commands import ExpectedLine, ExpectSupply, RejectWork, ReleaseOrder
from troth.model.ids import LineId, Sku
from troth.model.lifecycle import AllocationState
from troth.model.order import Fill, Order, Terms
from troth.model.refusals import Invalid, StockShort
from troth.model.status import promise_of, uncovered_quantities
from troth.replay.world import World

ONE = LineId("1")


def on(terms: Terms, lines: dict[str, int] | None = None, **dates: Any) -> Any:
    """A command to capture lines that are all on these terms."""
    command = capture_command("W-1", lines or {"A": 5})
    return replace(command, lines=tuple(replace(line, terms=terms, **dates) for line in command.lines))


def with_purchase_order(world: World, units: int, days: int) -> World:
    line = ExpectedLine(1, PA, Sku("A"), units, NOW + timedelta(days=days))
    world.apply(ExpectSupply("P", (line,)), now=NOW)
    return world


def test_nothing_is_promised_for_later_than_it_is_to_be_canceled() -> None:
    world = with_purchase_order(world_with({("A", "DC-PA"): 3}), 10, days=20)

    refused = world.apply(on(Terms(cancel_after=NOW + timedelta(days=10))), now=NOW)
    taken = world.apply(on(Terms(cancel_after=NOW + timedelta(days=40))), now=NOW)

    assert isinstance(refused, StockShort)
    (short,) = refused.lines
    assert (short.reason, short.available_quantity) == ("too_late", 3)
    assert [(way.without, way.quantity) for way in short.separately] == [(("cancel_after",), 5)]
    assert isinstance(taken, Decision)
    assert (
        sorted(part.quantity for part in taken.changes[0].after.allocations) == [2, 3]
        or len(taken.changes[0].after.allocations) == 1
    )


def test_what_is_firmly_needed_by_a_date_is_refused_for_later_and_else_it_is_late() -> None:
    need_by = NOW + timedelta(days=10)
    world = with_purchase_order(world_with({}), 10, days=20)

    refused = world.apply(on(Terms(need_by_firm=True), need_by=need_by), now=NOW)
    nothing_written = not world.orders and not any(one.reserved for one in world.balances.values())
    late = world.apply(on(Terms(), need_by=need_by), now=NOW)

    assert isinstance(refused, StockShort)
    assert nothing_written
    (short,) = refused.lines
    assert short.reason == "too_late"
    ((way,)) = short.separately
    assert (way.without, way.quantity) == (("need_by_firm",), 5)
    assert isinstance(late, Decision)
    assert promise_of(late.changes[0].after, ONE) == way.promised_at
    assert way.promised_at > need_by


def test_a_faster_service_is_taken_where_only_that_is_in_time() -> None:
    far = replace(on(Terms()), ship_to=CHICAGO)
    usual = _promised(world_with({("A", "DC-PA"): 5}).apply(far, now=NOW))
    until = usual - timedelta(hours=1)
    soon = replace(far, lines=(replace(far.lines[0], terms=Terms(cancel_after=until)),))

    assert _promised(world_with({("A", "DC-PA"): 5}).apply(soon, now=NOW)) <= until


def _promised(decision: Any) -> datetime:
    assert isinstance(decision, Decision), decision
    promised = promise_of(decision.changes[0].after, ONE)
    assert promised is not None
    return promised


def test_what_is_not_to_be_backordered_is_promised_from_what_is_on_hand_only() -> None:
    world = with_purchase_order(world_with({("A", "DC-PA"): 3}), 10, days=20)

    refused = world.apply(on(Terms(backorder=False)), now=NOW)
    taken = world.apply(on(Terms(backorder=False), {"A": 3}), now=NOW)

    assert isinstance(refused, StockShort)
    (short,) = refused.lines
    assert (short.reason, short.available_quantity) == ("no_backorder", 3)
    assert [way.without for way in short.separately] == [("backorder",)]
    assert isinstance(taken, Decision)


def test_an_order_that_ships_complete_waits_for_no_later_than_its_lines_may() -> None:
    world = with_purchase_order(world_with({("A", "DC-PA"): 3, ("B", "DC-PA"): 5}), 10, days=20)
    command = replace(on(Terms(), {"A": 5, "B": 1}), ship_complete=True)
    held = replace(command.lines[1], terms=Terms(cancel_after=NOW + timedelta(days=10)))

    together = world.apply(replace(command, lines=(command.lines[0], held)), now=NOW)

    assert isinstance(together, StockShort)
    assert not world.orders
    assert isinstance(world.apply(command, now=NOW), Decision)


def test_a_change_of_the_last_date_is_promised_anew_or_refused() -> None:
    world = with_purchase_order(world_with({}), 10, days=20)
    order = captured(world, {"A": 5})

    late = change(world, order, SetDates(ONE, None, None, NOW + timedelta(days=10)))
    past = change(world, order, SetDates(ONE, None, None, NOW))
    unclear = change(world, order, SetDates(ONE, None, None, need_by_firm=True))
    kept = changed(world, order, SetDates(ONE, None, None, NOW + timedelta(days=60)))

    assert isinstance(late, StockShort)
    assert isinstance(past, Invalid)
    assert past.flaws[0].pointer == "/actions/0/cancel_after"
    assert isinstance(unclear, Invalid)
    assert unclear.flaws[0].pointer == "/actions/0/need_by_firm"
    assert kept.lines[0].terms == Terms(cancel_after=NOW + timedelta(days=60))


def test_units_that_a_node_rejects_are_not_sourced_for_later_than_their_last_date() -> None:
    world = with_purchase_order(world_with({("A", "DC-PA"): 5}), 10, days=20)
    decision = world.apply(on(Terms(cancel_after=NOW + timedelta(days=10))), now=NOW)
    assert isinstance(decision, Decision)
    order = decision.changes[0].after
    world.apply(ReleaseOrder(order.order_id), now=NOW)

    world.apply(RejectWork(order.fulfillments[0].fulfillment_id, "not there"), now=NOW)

    assert uncovered_quantities(world.orders[order.order_id]) == {ONE: 5}


def test_a_line_to_be_filled_or_killed_is_canceled_whole_and_the_others_go_ahead() -> None:
    world = with_purchase_order(world_with({("A", "DC-PA"): 3, ("B", "DC-PA"): 5}), 10, days=20)
    command = on(Terms(), {"A": 5, "B": 2})
    killed = replace(command.lines[0], terms=Terms(fill=Fill.OR_KILL))

    decision = world.apply(replace(command, lines=(killed, command.lines[1])), now=NOW)

    assert isinstance(decision, Decision)
    order = decision.changes[0].after
    assert [line.canceled_quantity for line in order.lines] == [5, 0]
    assert {part.sku for part in order.allocations} == {"B"}
    assert [type(event).__name__ for _, event in decision.events] == ["OrderCaptured", "OrderCanceled"]
    assert uncovered_quantities(order) == {}


def test_a_line_that_is_filled_now_is_not_killed() -> None:
    world = world_with({("A", "DC-PA"): 5})

    decision = world.apply(on(Terms(fill=Fill.OR_KILL)), now=NOW)

    assert isinstance(decision, Decision)
    assert decision.changes[0].after.lines[0].canceled_quantity == 0


def test_an_order_of_which_every_line_would_be_killed_is_refused() -> None:
    world = with_purchase_order(world_with({("A", "DC-PA"): 3}), 10, days=20)

    refused = world.apply(on(Terms(fill=Fill.OR_KILL)), now=NOW)

    assert isinstance(refused, StockShort)
    assert refused.lines[0].reason == "no_backorder"
    assert not world.orders
    assert not any(one.reserved for one in world.balances.values())


def test_of_a_partial_line_the_rest_is_canceled_unless_it_is_less_than_the_least_share() -> None:
    stock = {("A", "DC-PA"): 3, ("B", "DC-PA"): 5}
    enough, too_little = world_with(stock), world_with(stock)
    command = on(Terms(), {"A": 5, "B": 2})

    def asking(percent: int) -> Any:
        partial = replace(command.lines[0], terms=Terms(fill=Fill.PARTIAL, min_fill_percent=percent))
        return replace(command, lines=(partial, command.lines[1]))

    filled = enough.apply(asking(60), now=NOW)
    killed = too_little.apply(asking(61), now=NOW)

    assert isinstance(filled, Decision)
    assert isinstance(killed, Decision)
    assert [line.canceled_quantity for line in filled.changes[0].after.lines] == [2, 0]
    assert [line.canceled_quantity for line in killed.changes[0].after.lines] == [5, 0]


def test_of_a_partial_line_without_a_least_share_whatever_there_is_is_promised() -> None:
    world = world_with({("A", "DC-PA"): 3})

    decision = world.apply(on(Terms(fill=Fill.PARTIAL), {"A": 100_000}), now=NOW)

    assert isinstance(decision, Decision)
    order = decision.changes[0].after
    assert [line.quantity - line.canceled_quantity for line in order.lines] == [3]
    assert sum(part.quantity for part in order.allocations) == 3


def test_a_partial_line_is_backordered_first_where_it_may_be() -> None:
    world = with_purchase_order(world_with({("A", "DC-PA"): 3}), 1, days=20)

    decision = world.apply(on(Terms(fill=Fill.PARTIAL)), now=NOW)

    assert isinstance(decision, Decision)
    order = decision.changes[0].after
    assert order.lines[0].canceled_quantity == 1
    assert {part.state for part in order.allocations} >= {AllocationState.BACKORDERED}


def test_a_change_asks_for_all_of_what_it_names() -> None:
    world = world_with({("A", "DC-PA"): 3})
    decision = world.apply(on(Terms(fill=Fill.PARTIAL), {"A": 2}), now=NOW)
    assert isinstance(decision, Decision)

    refused = change(world, decision.changes[0].after, SetQuantity(ONE, 5))

    assert isinstance(refused, StockShort)
    assert world.orders[decision.changes[0].after.order_id].lines[0].quantity == 2


@given(
    on_hand=st.integers(0, 6),
    coming=st.integers(0, 6),
    days=st.integers(3, 30),
    last=st.integers(1, 40),
    quantity=st.integers(1, 8),
    fill=st.sampled_from(list(Fill)),
    percent=st.integers(1, 100),
)
def test_whatever_is_promised_keeps_the_wishes_of_its_line(
    on_hand: int, coming: int, days: int, last: int, quantity: int, fill: Fill, percent: int
) -> None:
    world = world_with({("A", "DC-PA"): on_hand, ("B", "DC-PA"): 1})
    if coming:
        with_purchase_order(world, coming, days)
    until = NOW + timedelta(days=last)
    terms = Terms(cancel_after=until, fill=fill, min_fill_percent=percent if fill is Fill.PARTIAL else 0)
    command = on(terms, {"A": quantity, "B": 1})
    command = replace(command, lines=(command.lines[0], replace(command.lines[1], terms=None)))

    decision = world.apply(command, now=NOW)

    if isinstance(decision, StockShort):
        assert fill is Fill.ALL
        assert not world.orders
        return
    assert isinstance(decision, Decision)
    order = decision.changes[0].after
    line = order.lines[0]
    had = line.quantity - line.canceled_quantity
    assert sum(part.quantity for part in order.allocations if part.line_id == ONE) == had
    assert all(work.promised_at <= until for work in order.fulfillments if _sends(order, work, ONE))
    if fill is Fill.OR_KILL:
        assert had in (0, quantity)
        assert had == 0 or on_hand >= quantity
    if fill is Fill.PARTIAL:
        assert had == 0 or had * 100 >= quantity * percent
        assert had <= on_hand + coming


def _sends(order: Order, work: Any, line_id: LineId) -> bool:
    return any(part.fulfillment_id == work.fulfillment_id and part.line_id == line_id for part in order.allocations)
