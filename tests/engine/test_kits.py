"""Kits: taken out of their components, a whole number of kits from each node, with other lines that want the same."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.worlds import MONDAY, demand, flat_card, line, network, node, reasons, rows, supply
from tests.examples import examples
from troth.engine.carriage.network import Network
from troth.engine.choice.scoring import build_columns, split_columns
from troth.engine.choice.solve_greedy import solve_greedily
from troth.engine.demand.availability import pose_question
from troth.engine.promising.promise import plan
from troth.engine.supply.kits import kit_rows
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import LineId, Sku
from troth.model.inventory import Source
from troth.model.order import Terms
from troth.model.plan import DemandLine, Plan
from troth.model.policy import Policy

EASY = Policy(decision_seconds_max=60.0, split_minor=0, delay_minor_per_day=0)
RECIPE = ((Sku("A"), 2), (Sku("B"), 1))


def net(count: int = 2) -> Network:
    return network(*(node(f"n{at}", degrees=1.0 + at) for at in range(count)), cards=[flat_card(500)])


def kit(quantity: int = 1, recipe: tuple[tuple[Sku, int], ...] = RECIPE, name: str = "K") -> DemandLine:
    return line(name, quantity, terms=Terms(kit=recipe))


def taken(found: Plan) -> dict[tuple[str, str, str], int]:
    """Units by node, line and SKU."""
    units: dict[tuple[str, str, str], int] = {}
    for shipment in found.shipments:
        for peg in shipment.pegs:
            key = (str(shipment.node), str(peg.line_id), str(peg.sku))
            units[key] = units.get(key, 0) + peg.quantity
    return units


def test_a_kit_leaves_from_the_node_that_has_all_its_components() -> None:
    world = net()

    found = plan(demand(kit()), supply(world, A={"n0": 1, "n1": 3}, B={"n0": 5, "n1": 1}), world, EASY, MONDAY)

    assert taken(found) == {("n1", "K", "A"): 2, ("n1", "K", "B"): 1}


def test_kits_of_one_line_may_come_from_two_nodes_but_no_kit_does() -> None:
    world = net()

    found = plan(demand(kit(3)), supply(world, A={"n0": 3, "n1": 5}, B={"n0": 5, "n1": 2}), world, EASY, MONDAY)

    assert taken(found) == {
        ("n0", "K", "A"): 2, ("n0", "K", "B"): 1, ("n1", "K", "A"): 4, ("n1", "K", "B"): 2,
    }  # fmt: skip


def test_a_kit_waits_for_the_last_of_its_components() -> None:
    world = net()
    later = MONDAY + timedelta(days=4)
    stock = {Sku("A"): rows(world, ("n0", 2)), Sku("B"): rows(world, ("n0", 1, later))}

    found = plan(demand(kit()), stock, world, EASY, MONDAY)

    assert taken(found) == {("n0", "K", "A"): 2, ("n0", "K", "B"): 1}
    assert found.shipments[0].is_backordered
    assert found.shipments[0].ship_by > later


def test_a_kit_comes_by_the_supply_by_which_its_last_component_comes() -> None:
    def of(*entries: tuple[int, float, str]) -> SupplyRows:
        units, dates, sources = zip(*entries, strict=True)
        where = np.zeros(len(entries), dtype=np.int32)
        return SupplyRows(where, np.array(units), np.array(dates), tuple(map(Source, sources)))

    stock = {
        Sku("A"): of((2, 0.0, "on_hand"), (2, 50.0, "po/1/1"), (2, 90.0, "po/2/1")),
        Sku("B"): of((1, 0.0, "on_hand"), (1, 40.0, "transfer/1/1"), (1, 90.0, "transfer/2/1")),
    }

    found = kit_rows(RECIPE, stock)

    assert found.available_from.tolist() == [0.0, 50.0, 90.0]
    assert found.sources == ("kit", "po/1/1", "kit")


def test_a_kit_whose_components_lie_apart_is_short() -> None:
    world = net()

    found = plan(demand(kit()), supply(world, A={"n0": 9}, B={"n1": 9}), world, EASY, MONDAY)

    assert reasons(found) == {"K": (1, "components_apart")}


def test_a_kit_and_a_line_of_its_component_share_what_there_is() -> None:
    world = net(1)

    found = plan(demand(kit(), line("A", 2)), supply(world, A={"n0": 3}, B={"n0": 1}), world, EASY, MONDAY)

    units = taken(found)
    assert sum(amount for (_node, _line, sku), amount in units.items() if sku == "A") <= 3
    assert sum(gap.quantity for gap in found.uncovered) == 1


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[DemandLine], dict[str, dict[str, int]]]:
    recipe = tuple(
        (Sku(sku), draw(st.integers(1, 2))) for sku in sorted(draw(st.sets(st.sampled_from("AB"), min_size=1)))
    )
    lines = [kit(draw(st.integers(1, 2)), recipe)]
    if draw(st.booleans()):
        lines.append(line("A", draw(st.integers(1, 2)), line_id=LineId("plain")))
    if draw(st.booleans()):
        lines.append(kit(draw(st.integers(1, 2)), ((Sku("B"), 1),), "L"))
    stock = {sku: {f"n{at}": units for at in range(2) if (units := draw(st.integers(0, 4)))} for sku in "AB"}
    return lines, stock


@settings(max_examples=examples(120))
@given(cases())
def test_kits_are_whole_at_each_node_take_no_more_than_there_is_and_as_many_as_can_be(
    case: tuple[list[DemandLine], dict[str, dict[str, int]]],
) -> None:
    lines, by_sku = case
    world = net()

    found = plan(demand(*lines), supply(world, **by_sku), world, EASY, MONDAY)

    units = taken(found)
    for (name, line_id, sku), amount in units.items():
        one = next(one for one in lines if one.line_id == line_id)
        recipe = dict(one.terms.kit) if one.terms is not None else {one.sku: 1}
        kits, rest = divmod(amount, recipe[Sku(sku)])
        assert rest == 0
        assert all(units[name, line_id, str(other)] == kits * each for other, each in recipe.items())
    for sku, name in product("AB", ("n0", "n1")):
        used = sum(amount for (at, _line, what), amount in units.items() if (at, what) == (name, sku))
        assert used <= by_sku[sku].get(name, 0)
    assert sum(gap.quantity for gap in found.uncovered) == fewest_short(lines, by_sku)


def fewest_short(lines: list[DemandLine], by_sku: dict[str, dict[str, int]]) -> int:
    """The least units uncovered by trying every spread over the two nodes."""
    best = 10**9
    amounts = [[(a, b) for a in range(one.quantity + 1) for b in range(one.quantity + 1 - a)] for one in lines]
    for choice in product(*amounts):
        used: dict[tuple[str, str], int] = {}
        for one, spread in zip(lines, choice, strict=True):
            recipe = one.terms.kit if one.terms is not None else ((one.sku, 1),)
            for (sku, each), (at, count) in product(recipe, enumerate(spread)):
                used[str(sku), f"n{at}"] = used.get((str(sku), f"n{at}"), 0) + each * count
        if all(amount <= by_sku[sku].get(name, 0) for (sku, name), amount in used.items()):
            best = min(best, sum(one.quantity - sum(spread) for one, spread in zip(lines, choice, strict=True)))
    return best


@settings(max_examples=examples(60))
@given(cases())
def test_the_greedy_plan_of_kits_takes_no_more_than_there_is(
    case: tuple[list[DemandLine], dict[str, dict[str, int]]],
) -> None:
    lines, by_sku = case
    world = net()
    problem = pose_question(
        demand(*lines), supply(world, **by_sku), world, replace(EASY, shipments_max=8), MONDAY.timestamp()
    ).problem
    if problem is None:
        return
    parts = split_columns(problem)

    found = solve_greedily(problem, build_columns(problem), parts)

    assert problem.kits is not None
    used: dict[tuple[str, int], int] = {}
    for parcel in found.parcels:
        for at, units in parcel.quantities.items():
            for sku, each in problem.kits.components[at]:
                key = (str(sku), int(parts.node[parcel.column]))
                used[key] = used.get(key, 0) + units * each
    assert all(amount <= by_sku[sku].get(f"n{at}", 0) for (sku, at), amount in used.items())
