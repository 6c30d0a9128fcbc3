"""What is sold by measure: money is rounded once a line, and a plan of meters costs what one of pieces does."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import NOW, capture, item, node
from tests.engine.worlds import MONDAY, demand, flat_card, line, network, supply
from tests.engine.worlds import node as place
from troth.engine.carriage.network import compile_network
from troth.engine.carriage.rate_cards import DEFAULT_CARDS
from troth.engine.promising.promise import plan
from troth.model.commands import AdjustStock, CancelOrder, LineQuantity
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import SupplyKey
from troth.model.measure import half_up, scale_of
from troth.model.order import Line, Terms
from troth.model.policy import Policy
from troth.model.totals import total_minor
from troth.replay.world import World

METERS = item("A", unit="m", decimals=3, price_minor=199)


@given(st.integers(-(10**12), 10**12), st.sampled_from((1, 10, 100, 1000)))
def test_half_up_is_the_nearest_whole_number_and_takes_halves_up(amount: int, scale: int) -> None:
    rest = Fraction(amount, scale) - half_up(amount, scale)

    assert Fraction(-1, 2) <= rest < Fraction(1, 2)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 5_000), st.integers(0, 5_000), st.integers(0, 10_000)), min_size=1, max_size=4)
)
def test_an_order_comes_to_the_sum_of_its_lines_each_rounded_once_also_when_parts_of_it_are_canceled(
    wanted: list[tuple[int, int, int]],
) -> None:
    world = World(compile_network((node(),), DEFAULT_CARDS), {Sku("A"): METERS})
    world.apply(AdjustStock(SupplyKey(Sku("A"), NodeId("DC-PA")), 10**6, "initial"), now=NOW)
    lines = tuple(
        Line(LineId(str(number)), Sku("A"), quantity, price)
        for number, (quantity, _canceled, price) in enumerate(wanted)
    )
    order_id = capture().order_id
    world.apply(replace(capture(), lines=lines), now=NOW)
    canceled = {str(number): min(quantity, less) for number, (quantity, less, _price) in enumerate(wanted)}
    units = tuple(LineQuantity(LineId(name), count) for name, count in canceled.items() if count)
    if units:
        world.apply(CancelOrder(order_id, "less", units), now=NOW)

    order = world.orders[order_id]

    exact = [
        Fraction(price * (quantity - canceled[str(number)]), scale_of(3))
        for number, (quantity, _less, price) in enumerate(wanted)
    ]
    assert abs(total_minor(order) - sum(exact, Fraction(0))) <= Fraction(len(exact), 2)
    assert total_minor(order) == sum(int(amount + Fraction(1, 2)) for amount in exact)
    assert sum(part.quantity for part in order.allocations if part.state == "reserved") == sum(
        quantity - canceled[str(number)] for number, (quantity, _less, _price) in enumerate(wanted)
    )


@settings(max_examples=40)
@given(st.integers(1, 6), st.integers(0, 6), st.integers(0, 6), st.sampled_from((10, 1000)))
def test_a_plan_of_whole_meters_is_that_of_as_many_pieces(wanted: int, here: int, there: int, scale: int) -> None:
    world = network(
        place("n0", degrees=1.0, handling_minor=30), place("n1", degrees=2.0, handling_minor=10),
        cards=[flat_card(500)],
    )  # fmt: skip
    policy = Policy(split_minor=50, delay_minor_per_day=0)
    decimals = {10: 1, 1000: 3}[scale]

    pieces = plan(demand(line("A", wanted)), supply(world, A={"n0": here, "n1": there}), world, policy, MONDAY)
    meters = plan(
        demand(line("A", wanted * scale, scale=scale, terms=Terms(decimals=decimals))),
        supply(world, A={"n0": here * scale, "n1": there * scale}),
        world,
        policy,
        MONDAY,
    )

    assert meters.cost_minor == pieces.cost_minor
    assert [shipment.node for shipment in meters.shipments] == [shipment.node for shipment in pieces.shipments]
    assert sum(gap.quantity for gap in meters.uncovered) == scale * sum(gap.quantity for gap in pieces.uncovered)
