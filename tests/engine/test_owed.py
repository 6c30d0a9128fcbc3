"""What is owed for an order: exact to the cent, however its units are canceled, shipped and priced."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NEW_YORK, NOW, capture
from tests.engine.changing import ONE, TWO, captured, change, changed, world_with
from troth.engine.money.owed import Owed, cost_of_units, owed
from troth.engine.promising.context import Decision
from troth.model.change import AddLine, SetPrice, SetQuantity, Substitute
from troth.model.charges import Amounts, Charges, DeliveryCharge, prorate
from troth.model.commands import CancelOrder, LineQuantity, PackWork, PickWork, ReleaseOrder, ShipWork
from troth.model.ids import FulfillmentId, LineId, NodeId, Sku
from troth.model.lifecycle import AllocationState
from troth.model.order import Allocation, Customer, Line, Method, Order, Terms
from troth.model.refusals import Invalid
from troth.model.totals import total_minor
from troth.replay.world import World

CHARGES = Charges(3, discount_minor=100, tax_minor=50, order_discount_minor=200)
DELIVERY = DeliveryCharge(599, tax_minor=48, discount_minor=100)


def order_of(*lines: Line, left: Mapping[LineId, int] | None = None, **more: object) -> Order:
    """An order of these lines of which so many units have left."""
    parts: list[Allocation] = []
    for line in lines:
        gone = (left or {}).get(line.line_id, 0)
        for state, units in (
            (AllocationState.SHIPPED, gone),
            (AllocationState.RESERVED, line.quantity - line.canceled_quantity - gone),
        ):
            if units:
                parts.append(
                    Allocation(len(parts) + 1, line.line_id, line.sku, NodeId("N"), units, state, FulfillmentId("F"))
                )
    order = Order(
        capture().order_id, "web", "W-1", "", 1, "USD", NOW, NOW, NOW, Customer(), NEW_YORK, Method.SHIP, None, "",
        ship_complete=False, lines=lines, allocations=tuple(parts), fulfillments=(),
    )  # fmt: skip
    return replace(order, **more)  # type: ignore[arg-type]


def ship(world: World, order: Order, units: int) -> Order:
    """The order with so many units of its only line shipped."""
    for command in (
        ReleaseOrder(order.order_id),
        PickWork(order.fulfillments[0].fulfillment_id, (LineQuantity(ONE, units),)),
        PackWork(order.fulfillments[0].fulfillment_id),
        ShipWork(order.fulfillments[0].fulfillment_id),
    ):
        assert isinstance(world.apply(command, now=NOW), Decision), command
    return world.orders[order.order_id]


def test_what_is_ordered_is_price_less_discount_with_tax_and_the_delivery() -> None:
    found = owed(order_of(Line(ONE, Sku("A"), 3, 1000, charges=CHARGES), delivery_charge=DELIVERY))

    assert found.lines[ONE].ordered == Amounts(3000, 300, 50, 2750)
    assert found.delivery.ordered == Amounts(599, 100, 48, 547)
    assert (found.total, found.earned) == (3297, 0)


def test_a_tax_that_the_prices_include_is_no_more_to_pay() -> None:
    line = Line(ONE, Sku("A"), 3, 1000, charges=CHARGES)
    found = owed(order_of(line, delivery_charge=DELIVERY, prices_include_tax=True))

    assert (found.lines[ONE].wanted, found.total) == (Amounts(3000, 300, 50, 2700), 2700 + 499)


def test_the_delivery_is_earned_whole_with_the_first_unit_and_not_owed_when_all_is_canceled() -> None:
    line = Line(ONE, Sku("A"), 3, 1000)
    shipped = owed(order_of(line, left={ONE: 1}, delivery_charge=DELIVERY))
    some = owed(order_of(replace(line, canceled_quantity=2), delivery_charge=DELIVERY))
    none = owed(order_of(replace(line, canceled_quantity=3), delivery_charge=DELIVERY))

    assert (shipped.earned, shipped.total) == (1000 + 547, 3000 + 547)
    assert (some.earned, some.total) == (0, 1000 + 547)
    assert (none.earned, none.total, none.delivery.canceled.total_minor) == (0, 0, 547)


def test_units_of_a_line_are_cut_by_cumulative_rounding() -> None:
    order = order_of(Line(ONE, Sku("A"), 3, 1000, charges=Charges(3, discount_minor=100)))
    costs = [cost_of_units(order, order.lines[0], after=after, count=1).total_minor for after in range(3)]

    assert costs == [967, 966, 967]


def test_what_has_left_costs_the_same_whatever_the_quantity_becomes() -> None:
    world = world_with({("A", "DC-PA"): 50, ("A", "DC-IL"): 50})
    lines = (Line(ONE, Sku("A"), 7, 1000, charges=Charges(7, discount_minor=100, tax_minor=333)),)
    order = ship(world, captured(world, {"A": 7}, lines=lines), 2)
    earned = owed(order).earned

    assert earned == 2000 - 29 + 95
    for quantity in (20, 3, 11):
        order = changed(world, order, SetQuantity(ONE, quantity))
        assert owed(order).earned == earned
        wanted = owed(order).lines[ONE].wanted
        assert (wanted.discount_minor, wanted.tax_minor) == (
            round(quantity * 100 / 7), round(quantity * 333 / 7)
        )  # fmt: skip


def test_discount_and_tax_follow_a_new_price_in_proportion() -> None:
    world = world_with({("A", "DC-PA"): 50})
    order = captured(world, {"A": 3}, lines=(Line(ONE, Sku("A"), 3, 1000, charges=CHARGES),))
    cheaper = changed(world, order, SetPrice(ONE, 500))

    assert cheaper.lines[0].charges == Charges(3, discount_minor=50, tax_minor=25, order_discount_minor=100)
    assert owed(cheaper).total == 1500 - 150 + 25


def test_discount_and_tax_that_are_given_with_a_price_are_of_all_wanted_units() -> None:
    world = world_with({("A", "DC-PA"): 50})
    order = captured(world, {"A": 3}, lines=(Line(ONE, Sku("A"), 3, 1000, charges=CHARGES),))
    world.apply(CancelOrder(order.order_id, "less", (LineQuantity(ONE, 1),)), now=NOW)
    after = changed(world, world.orders[order.order_id], SetPrice(ONE, 2000, discount_minor=60, tax_minor=0))
    wanted = owed(after).lines[ONE].wanted

    # 133 of the order's discount were on two units; they follow the price.
    assert (wanted.price_minor, wanted.discount_minor, wanted.tax_minor) == (4000, 60 + 266, 0)


def test_another_item_takes_the_discount_along_and_may_have_a_tax_of_its_own() -> None:
    world = world_with({("A", "DC-PA"): 50, ("B", "DC-PA"): 50})
    order = captured(world, {"A": 3}, lines=(Line(ONE, Sku("A"), 3, 1000, charges=CHARGES),))
    after = changed(world, order, Substitute(ONE, Sku("B"), 2000, tax_minor=500))

    assert owed(after).lines[ONE].wanted == Amounts(6000, 600, 500, 5900)


def test_a_discount_of_more_than_the_line_costs_is_refused_and_nothing_changes() -> None:
    world = world_with({("A", "DC-PA"): 50})
    order = captured(world, {"A": 3}, lines=(Line(ONE, Sku("A"), 3, 1000),))
    refused = change(world, order, SetPrice(ONE, 100, discount_minor=301))

    assert isinstance(refused, Invalid)
    assert [(flaw.pointer, flaw.detail) for flaw in refused.flaws] == [
        ("/actions/0/discount/amount", "is more than the line costs")
    ]
    assert world.orders[order.order_id] == order


def test_an_added_line_has_its_own_charges_and_no_part_of_the_orders_discount() -> None:
    world = world_with({("A", "DC-PA"): 50, ("B", "DC-PA"): 50})
    order = captured(world, {"A": 3}, lines=(Line(ONE, Sku("A"), 3, 1000, charges=CHARGES),))
    after = changed(world, order, AddLine(Line(TWO, Sku("B"), 2, 700, charges=Charges(2, tax_minor=112))))

    assert owed(after).lines[TWO].wanted == Amounts(1400, 0, 112, 1512)
    assert owed(after).lines[ONE] == owed(order).lines[ONE]


def test_a_substitute_costs_its_difference_while_it_covers_the_line() -> None:
    line = Line(ONE, Sku("A"), 3, 1000, terms=Terms(substituted=((Sku("B"), -50),)), charges=CHARGES)
    order = order_of(line, left={ONE: 1})
    parts = tuple(replace(part, sku=Sku("B")) for part in order.allocations)
    found = owed(replace(order, allocations=parts))

    assert found.total == 2750 - 150
    assert found.earned == 1000 - 100 + 17 - 50


amounts = st.integers(0, 5_000)


@st.composite
def lines(draw: st.DrawFn) -> Line:
    """A line of which some is canceled, with charges that fit its price."""
    quantity = draw(st.integers(1, 40))
    price = draw(amounts)
    stated = draw(st.integers(1, 40))
    discount = draw(st.integers(0, price * stated))
    charges = Charges(stated, discount, draw(amounts), draw(st.integers(0, price * stated - discount)))
    return Line(
        LineId("1"),
        Sku("A"),
        quantity,
        price,
        canceled_quantity=draw(st.integers(0, quantity)),
        terms=draw(st.sampled_from([None, Terms(decimals=2)])),
        charges=None if charges.is_nothing else charges,
    )


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """An order with any lines of which any units have left."""
    found = [
        replace(line, line_id=LineId(str(number)))
        for number, line in enumerate(draw(st.lists(lines(), min_size=1, max_size=4)))
    ]
    left = {line.line_id: draw(st.integers(0, line.quantity - line.canceled_quantity)) for line in found}
    delivery = draw(st.none() | st.builds(DeliveryCharge, amounts, amounts, st.just(0)))
    return order_of(*found, left=left, delivery_charge=delivery, prices_include_tax=draw(st.booleans()))


@given(orders())
def test_what_is_canceled_and_what_is_wanted_are_what_was_ordered(order: Order) -> None:
    found = owed(order)

    assert_adds_up(found)
    assert found.total == total_minor(order)


@given(orders())
def test_nothing_is_earned_beyond_what_is_wanted_and_all_of_it_when_all_has_left(order: Order) -> None:
    shipped = replace(
        order,
        allocations=tuple(replace(part, state=AllocationState.SHIPPED) for part in order.allocations),
    )

    assert owed(shipped).earned == owed(shipped).total == owed(order).total
    assert owed(shipped).lines.keys() == owed(order).lines.keys()


@given(lines(), st.data())
def test_any_division_of_a_line_sums_to_the_cent(line: Line, data: st.DataObject) -> None:
    order = order_of(line)
    cuts = sorted(data.draw(st.lists(st.integers(0, line.quantity), max_size=6)))
    bounds = [0, *cuts, line.quantity]
    parts = [cost_of_units(order, line, after=start, count=end - start) for start, end in pairwise(bounds)]

    assert sum(parts, Amounts()) == owed(order).lines[line.line_id].ordered


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=9), st.data())
def test_a_prorated_discount_sums_and_takes_no_line_below_nothing(weights: list[int], data: st.DataObject) -> None:
    if not sum(weights):
        weights[0] = 1
    amount = data.draw(st.integers(0, sum(weights)))
    parts = prorate(amount, weights)

    assert sum(parts) == amount
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))


def assert_adds_up(found: Owed) -> None:
    """Of each line and of the delivery what is canceled and what is wanted are what was ordered; so is the whole."""
    for sums in (*found.lines.values(), found.delivery, found.whole):
        assert sums.canceled + sums.wanted == sums.ordered
    whole = sum((one.wanted.total_minor for one in found.lines.values()), found.delivery.wanted.total_minor)
    assert whole == found.total == found.whole.wanted.total_minor
