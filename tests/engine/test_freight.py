"""Parcels that are too heavy for a service go by another, or are parted; what nobody can carry is refused as that."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.worlds import MONDAY, demand, flat_card, line, network, node, reasons, supply
from troth.engine.carriage.network import Network
from troth.engine.choice.scoring import build_columns, split_columns
from troth.engine.choice.solve_greedy import solve_greedily
from troth.engine.demand.availability import pose_question
from troth.engine.promising.promise import plan
from troth.model.plan import DemandLine
from troth.model.policy import Policy

EASY = Policy(split_minor=10, delay_minor_per_day=0)
PARCEL = flat_card(500, grams_max=30_000)
FREIGHT = flat_card(4000, service="freight", brackets_grams=(1_000_000,))


def heavy(sku: str, quantity: int, kilograms: int) -> DemandLine:
    return line(sku, quantity, weight_grams=kilograms * 1000)


def net(*cards: object) -> Network:
    return network(node("n0"), cards=cards)  # type: ignore[arg-type]


def test_what_is_too_heavy_for_a_parcel_goes_by_freight() -> None:
    world = net(PARCEL, FREIGHT)
    stock = supply(world, A={"n0": 1}, B={"n0": 1})

    light = plan(demand(heavy("A", 1, 20)), stock, world, EASY, MONDAY)
    safe = plan(demand(heavy("B", 1, 80)), stock, world, EASY, MONDAY)

    assert [one.service for one in light.shipments] == ["standard"]
    assert [one.service for one in safe.shipments] == ["freight"]


def test_lines_are_parted_into_parcels_where_that_is_cheaper_than_freight() -> None:
    world = net(PARCEL, FREIGHT)
    stock = supply(world, A={"n0": 1}, B={"n0": 1}, C={"n0": 1})

    found = plan(demand(heavy("A", 1, 20), heavy("B", 1, 20), heavy("C", 1, 8)), stock, world, EASY, MONDAY)

    assert [one.service for one in found.shipments] == ["standard"] * 2
    assert found.cost_minor == 2 * 500 + 10


def test_a_line_is_divided_where_no_service_carries_all_of_it() -> None:
    world = net(PARCEL)

    found = plan(demand(heavy("A", 3, 20)), supply(world, A={"n0": 3}), world, EASY, MONDAY)

    assert [sum(peg.quantity for peg in one.pegs) for one in found.shipments] == [1, 1, 1]
    assert found.uncovered == ()


def test_what_nobody_can_carry_is_refused_as_too_heavy() -> None:
    world = net(PARCEL)

    found = plan(
        demand(heavy("A", 1, 80), heavy("B", 1, 1)), supply(world, A={"n0": 1}, B={"n0": 1}), world, EASY, MONDAY
    )

    assert reasons(found) == {"A": (1, "too_heavy")}


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(1, 2), st.integers(1, 40)), min_size=1, max_size=3), st.integers(1, 4))
def test_no_parcel_is_too_heavy_and_no_other_way_to_part_them_is_cheaper(
    asked: list[tuple[int, int]], shipments_max: int
) -> None:
    world = net(PARCEL, FREIGHT)
    lines = [heavy(f"S{at}", quantity, kilograms) for at, (quantity, kilograms) in enumerate(asked)]
    stock = supply(world, **{str(one.sku): {"n0": one.quantity} for one in lines})

    found = plan(demand(*lines, shipments_max=shipments_max), stock, world, EASY, MONDAY)

    weights = {one.sku: one.weight_grams for one in lines}
    for shipment in found.shipments:
        grams = sum(weights[peg.sku] * peg.quantity for peg in shipment.pegs)
        assert shipment.service == "freight" or grams <= 30_000
    assert found.uncovered == ()
    assert found.cost_minor == cheapest(asked, shipments_max)


def cheapest(asked: list[tuple[int, int]], shipments_max: int) -> int:
    """The least cost over all ways to part the units, where as few lines as can be are divided."""
    units = [(at, kilograms) for at, (quantity, kilograms) in enumerate(asked) for _ in range(quantity)]
    best: tuple[int, int] | None = None
    for places in product(range(min(len(units), shipments_max)), repeat=len(units)):
        loads: dict[int, int] = {}
        held: dict[int, set[int]] = {}
        for (at, kilograms), place in zip(units, places, strict=True):
            loads[place] = loads.get(place, 0) + kilograms
            held.setdefault(at, set()).add(place)
        split = sum(len(where) > 1 for where in held.values())
        cost = sum(500 if load <= 30 else 4000 for load in loads.values()) + 10 * (len(loads) - 1)
        if best is None or (split, cost) < best:
            best = (split, cost)
    assert best is not None
    return best[1]


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 40)), min_size=1, max_size=4))
def test_the_greedy_plan_loads_no_parcel_too_heavily(asked: list[tuple[int, int]]) -> None:
    world = net(PARCEL)
    lines = [heavy(f"S{at}", quantity, kilograms) for at, (quantity, kilograms) in enumerate(asked)]
    stock = supply(world, **{str(one.sku): {"n0": one.quantity} for one in lines})
    problem = pose_question(demand(*lines), stock, world, EASY, MONDAY.timestamp()).problem
    assert problem is not None

    found = solve_greedily(problem, build_columns(problem), split_columns(problem))

    for parcel in found.parcels:
        assert sum(lines[at].weight_grams * units for at, units in parcel.quantities.items()) <= 30_000
