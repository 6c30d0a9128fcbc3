"""Changes of orders of which something is to stay together: never at the price of that."""

from dataclasses import replace

from tests.builders import NOW
from tests.engine.changing import IL, ONE, PA, TWO, captured, change, changed, sources, world_with
from troth.engine.torn import find_torn
from troth.model.change import ChangeAction, SetNode, SetQuantity, Substitute
from troth.model.ids import LineId, Sku
from troth.model.order import Line, Order, Terms
from troth.model.refusals import Invalid, StockShort
from troth.model.status import promise_of
from troth.replay.world import World

STOCK = {("A", "DC-PA"): 9, ("B", "DC-PA"): 9, ("C", "DC-IL"): 9, ("B", "DC-IL"): 9, ("A", "DC-IL"): 9}


def group(world: World, terms: Terms) -> Order:
    lines = tuple(Line(LineId(str(n)), Sku(sku), 1, 1990, terms=terms) for n, sku in enumerate("AB", 1))
    return captured(world, {"A": 1, "B": 1}, lines=lines)


def assert_refused(world: World, order: Order, *actions: ChangeAction) -> None:
    assert isinstance(change(world, order, *actions), StockShort | Invalid)
    assert world.orders[order.order_id] == order


def test_a_group_is_not_parted_by_another_item() -> None:
    world = world_with(STOCK | {("B", "DC-IL"): 0})
    assert_refused(world, group(world, Terms(ship_together="g")), Substitute(ONE, Sku("C"), 500))


def test_a_group_goes_together_to_where_one_of_it_is_bound() -> None:
    world = world_with(STOCK)
    order = group(world, Terms(ship_together="g"))
    elsewhere = IL if order.allocations[0].node == PA else PA
    after = changed(world, order, SetNode(ONE, elsewhere))
    assert {node for _, node, _ in sources(after)} == {elsewhere}
    assert find_torn(after) == frozenset()


def test_a_group_that_may_be_parted_at_a_price_is() -> None:
    world = world_with(STOCK | {("B", "DC-IL"): 0})
    order = group(world, Terms(ship_together="g", together_minor=100))
    after = changed(world, order, Substitute(ONE, Sku("C"), 500))
    assert len({node for _, node, _ in sources(after)}) == 2
    promises = [promise_of(one, TWO) for one in (order, after)]
    assert promises[0] == promises[1], "what need not go along keeps its promise"


def test_a_line_that_is_whole_stays_whole() -> None:
    world = world_with({("A", "DC-PA"): 3, ("A", "DC-IL"): 3})
    lines = (Line(ONE, Sku("A"), 2, 1990, terms=Terms(line_complete=True)),)
    order = captured(world, {"A": 2}, lines=lines)
    assert_refused(world, order, SetQuantity(ONE, 5))
    assert sources(changed(world, order, SetQuantity(ONE, 3))) == {("1", order.allocations[0].node, 3)}


def test_an_order_of_one_shipment_stays_one() -> None:
    world = world_with({("A", "DC-PA"): 9, ("C", "DC-IL"): 9, ("A", "DC-IL"): 9})
    order = captured(world, {"A": 1, "C": 1}, shipments_max=1)
    assert {node for _, node, _ in sources(order)} == {IL}
    assert_refused(world, order, SetNode(ONE, PA))
    assert replace(order, version=1) == order
    assert TWO in {line.line_id for line in order.lines}
    assert order.captured_at == NOW
