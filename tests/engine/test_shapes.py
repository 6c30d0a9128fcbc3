"""Lines that leave together, alone or whole, and shipments that must be worth sending: against trying everything."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.engine.brute_force import World
from tests.engine.brute_shapes import Wanted, best_shaped
from tests.engine.test_plan_properties import cards, cost_of
from tests.engine.worlds import MONDAY, demand, flat_card, line, network, node, reasons, rows, sent, supply
from tests.examples import examples
from troth.engine.carriage.network import Network
from troth.engine.choice.assemble import is_within_supply
from troth.engine.choice.scoring import build_columns, split_columns
from troth.engine.choice.solve import solve_by_subsets
from troth.engine.choice.solve_greedy import solve_greedily
from troth.engine.choice.solve_milp import solve_mixed
from troth.engine.demand.availability import pose_question
from troth.engine.promising.promise import plan
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import LineId, Sku
from troth.model.item import Item
from troth.model.order import Terms
from troth.model.plan import Demand, DemandLine, Plan
from troth.model.policy import Policy

CHEAP_SPLITS = Policy(split_minor=0, delay_minor_per_day=0)


@st.composite
def shaped_worlds(draw: st.DrawFn) -> tuple[World, Wanted]:
    """Two nodes, up to three lines of scarce or ample stock, and any shape."""
    nodes = tuple(
        node(f"n{at}", degrees=draw(st.sampled_from((0.5, 3.0))), shipment_minor=draw(st.integers(0, 150)))
        for at in range(draw(st.integers(1, 2)))
    )
    used = cards(draw, is_mergeable=True)[:1]
    skus = [draw(st.sampled_from("AABC")) for _ in range(draw(st.integers(1, 3)))]
    count = len(skus)
    price = draw(st.sampled_from([0, 500, 1000]))
    lines = tuple(
        line(
            sku,
            draw(st.integers(1, 2)),
            line_id=LineId(str(number)),
            weight_grams=draw(st.integers(0, 2000)),
            unit_price_minor=price,
        )
        for number, sku in enumerate(skus)
    )
    stock = {
        sku: [(str(at.node), units, None) for at in nodes if (units := draw(st.integers(0, 3))) > 0]
        for sku in sorted(set(skus))
    }
    groups = []
    if count > 1 and draw(st.booleans()):
        members = draw(st.sets(st.integers(0, count - 1), min_size=2))
        groups.append((frozenset(members), draw(st.sampled_from([None, 0, 250]))))
    wanted = Wanted(
        groups=tuple(groups),
        alone=frozenset(draw(st.sets(st.integers(0, count - 1), max_size=1))),
        whole=frozenset(draw(st.sets(st.integers(0, count - 1), max_size=2))),
        worth=draw(st.sampled_from([0, 0, 800, 1500])),
        worth_price=draw(st.sampled_from([None, 300])),
        shipments_max=draw(st.integers(1, 4)),
    )
    policy = Policy(
        split_minor=draw(st.sampled_from([0, 100])),
        delay_minor_per_day=draw(st.sampled_from([0, 150])),
        shipment_value_min_minor=wanted.worth,
        shipment_value_penalty_minor=wanted.worth_price,
    )
    return World(nodes, used, lines, stock, policy, MONDAY + timedelta(hours=draw(st.integers(0, 30)))), wanted


def on_terms(lines: tuple[DemandLine, ...], wanted: Wanted) -> tuple[DemandLine, ...]:
    """The lines with the terms that ask for this."""
    found = []
    for at, one in enumerate(lines):
        minor = next((price for members, price in wanted.groups if at in members), None)
        terms = Terms(
            ship_together="g" if any(at in members for members, _price in wanted.groups) else "",
            together_minor=minor,
            ship_alone=at in wanted.alone,
            line_complete=at in wanted.whole,
        )
        found.append(replace(one, terms=terms))
    return tuple(found)


def ask(world: World, wanted: Wanted) -> tuple[Demand, dict[Sku, SupplyRows], Network]:
    net = network(*world.nodes, cards=world.cards)
    stock = {
        Sku(sku): rows(net, *((name, units) for name, units, _at in entries)) for sku, entries in world.stock.items()
    }
    return demand(*on_terms(world.lines, wanted), shipments_max=wanted.shipments_max), stock, net


def planned(world: World, wanted: Wanted) -> Plan:
    return plan(*ask(world, wanted), world.policy, world.now)


def what_there_is(world: World, wanted: Wanted) -> World:
    """The world whose lines ask for what there is: of those that may be divided the earlier ones first."""
    musts = {line for members, price in wanted.groups if price is None for line in members} | wanted.whole
    left = {sku: sum(units for _name, units, _at in entries) for sku, entries in world.stock.items()}
    lines = []
    for at, item in enumerate(world.lines):
        units = item.quantity if at in musts else min(item.quantity, left[item.sku])
        left[item.sku] -= 0 if at in musts else units
        lines.append(replace(item, quantity=units))
    return replace(world, lines=tuple(lines))


def split_lines(found: Plan) -> int:
    parts: dict[str, int] = {}
    for shipment in found.shipments:
        for name in {peg.line_id for peg in shipment.pegs}:
            parts[name] = parts.get(name, 0) + 1
    return sum(count > 1 for count in parts.values())


@settings(max_examples=examples(150))
@given(shaped_worlds())
def test_a_plan_keeps_its_shape_and_is_the_best_that_does(case: tuple[World, Wanted]) -> None:
    world, wanted = case
    there = what_there_is(world, wanted)
    missing = sum(item.quantity for item in world.lines) - sum(item.quantity for item in there.lines)
    uncovered, split, cost = best_shaped(there, wanted)

    found = planned(world, wanted)

    short = sum(item.quantity for item in found.uncovered)
    assert (short, split_lines(found), found.cost_minor) == (missing + uncovered, split, cost)


@settings(max_examples=examples(60))
@given(shaped_worlds())
def test_the_mixed_integer_model_knows_the_same_shapes_as_the_subsets(case: tuple[World, Wanted]) -> None:
    world, wanted = case
    problem = pose_question(*ask(world, wanted), world.policy, world.now.timestamp()).problem
    assume(problem is not None)
    assert problem is not None
    columns = build_columns(problem)
    by_subsets = solve_by_subsets(problem, columns)
    assume(by_subsets is not None and is_within_supply(problem, columns.starts, by_subsets.parcels))

    mixed = solve_mixed(problem, columns, split_columns(problem))

    assert by_subsets is not None
    assert mixed is not None
    assert cost_of(problem, columns, mixed) == cost_of(problem, columns, by_subsets)


@settings(max_examples=examples(120))
@given(shaped_worlds())
def test_the_greedy_plan_keeps_every_condition_that_must_be_kept(case: tuple[World, Wanted]) -> None:
    world, wanted = case
    problem = pose_question(*ask(world, wanted), world.policy, world.now.timestamp()).problem
    assume(problem is not None)
    assert problem is not None
    columns = build_columns(problem)

    parcels = [dict(parcel.quantities) for parcel in solve_greedily(problem, columns, split_columns(problem)).parcels]

    shape = problem.shape
    assert len(parcels) <= problem.shipments_max
    if shape is None:
        return
    for at in shape.whole:
        assert [sent[at] for sent in parcels if at in sent] in ([], [problem.quantities[at]])
    for bond in shape.bonds:
        if bond.minor is None:
            assert all(set(bond.lines) <= sent.keys() for sent in parcels if sent.keys() & set(bond.lines))
    assert all(len(sent) == 1 for sent in parcels if sent.keys() & set(shape.alone))
    if shape.value_penalty_minor is None and len(parcels) > 1:
        values = [sum(shape.values_minor[at] * units for at, units in sent.items()) for sent in parcels]
        assert min(values) >= shape.value_min_minor


def two_nodes() -> Network:
    return network(node("far", degrees=9.0), node("near", degrees=0.5), cards=[flat_card(500)])


def test_lines_that_leave_together_wait_for_a_node_that_has_them_all() -> None:
    net = two_nodes()
    later = MONDAY + timedelta(days=3)
    stock = {Sku("A"): rows(net, ("near", 1)), Sku("B"): rows(net, ("far", 1), ("near", 1, later))}
    terms = Terms(ship_together="set")

    found = plan(demand(line("A", terms=terms), line("B", terms=terms)), stock, net, CHEAP_SPLITS, MONDAY)

    assert sent(found) == {"near": {"A": 1, "B": 1}}
    assert found.shipments[0].is_backordered
    assert found.uncovered == ()


def test_lines_that_never_can_leave_together_are_refused_with_that_reason() -> None:
    net = two_nodes()
    terms = Terms(ship_together="set")

    found = plan(
        demand(line("A", terms=terms), line("B", terms=terms), line("C")),
        supply(net, A={"near": 1}, B={"far": 1}, C={"far": 1}),
        net,
        CHEAP_SPLITS,
        MONDAY,
    )

    assert sent(found) == {"far": {"C": 1}}
    assert reasons(found) == {"A": (1, "ship_together"), "B": (1, "ship_together")}


def test_a_soft_group_is_split_where_that_is_cheaper_than_its_price() -> None:
    net = two_nodes()
    stock = supply(net, A={"near": 1}, B={"far": 1})
    terms = Terms(ship_together="set", together_minor=70)

    found = plan(demand(line("A", terms=terms), line("B", terms=terms)), stock, net, CHEAP_SPLITS, MONDAY)

    assert sent(found) == {"far": {"B": 1}, "near": {"A": 1}}
    assert [shipment.cost.get("together", 0) for shipment in found.shipments] == [0, 70]


def test_a_price_that_one_line_of_a_group_names_is_that_of_all_of_them() -> None:
    net = two_nodes()
    stock = supply(net, A={"near": 1}, B={"far": 1})
    named = Terms(ship_together="set", together_minor=70)

    for own in ((named, Terms(ship_together="set")), (Terms(ship_together="set"), named)):
        found = plan(demand(line("A", terms=own[0]), line("B", terms=own[1])), stock, net, CHEAP_SPLITS, MONDAY)

        assert sent(found) == {"far": {"B": 1}, "near": {"A": 1}}
        assert [shipment.cost.get("together", 0) for shipment in found.shipments] == [0, 70]


def test_a_complete_line_is_never_divided() -> None:
    net = two_nodes()
    stock = supply(net, A={"near": 2, "far": 2})
    terms = Terms(line_complete=True)

    found = plan(demand(line("A", 3, terms=terms)), stock, net, CHEAP_SPLITS, MONDAY)

    assert found.shipments == ()
    assert reasons(found) == {"A": (3, "line_complete")}


def test_an_item_that_ships_alone_is_in_no_parcel_with_others() -> None:
    net = two_nodes()
    stock = supply(net, A={"near": 1}, B={"near": 1}, C={"near": 2})
    tire = Item(Sku("B"), ship_alone=True)

    found = plan(demand(line("A"), line("B", item=tire), line("C", 2)), stock, net, Policy(), MONDAY)

    assert [sorted(peg.line_id for peg in shipment.pegs) for shipment in found.shipments] == [["A", "C"], ["B"]]


def test_an_order_may_allow_fewer_shipments_than_the_policy() -> None:
    net = two_nodes()
    stock = supply(net, A={"near": 1}, B={"far": 1})

    found = plan(demand(line("A"), line("B"), shipments_max=1), stock, net, CHEAP_SPLITS, MONDAY)

    assert len(found.shipments) == 1
    assert [item.reason for item in found.uncovered] == ["too_many_shipments"]


def test_a_shipment_below_the_least_value_goes_only_by_itself() -> None:
    net = two_nodes()
    stock = supply(net, A={"near": 2}, B={"far": 1})
    policy = Policy(split_minor=0, shipment_value_min_minor=2000)

    together = plan(
        demand(line("A", 2, unit_price_minor=1500), line("B", unit_price_minor=900)), stock, net, policy, MONDAY
    )
    by_itself = plan(demand(line("B", unit_price_minor=900)), stock, net, policy, MONDAY)

    assert reasons(together) == {"B": (1, "below_shipment_value")}
    assert by_itself.uncovered == ()


def test_the_price_of_a_small_shipment_is_a_part_of_its_cost() -> None:
    net = two_nodes()
    stock = supply(net, A={"near": 1}, B={"far": 1})
    policy = Policy(split_minor=0, shipment_value_min_minor=2000, shipment_value_penalty_minor=333)

    found = plan(demand(line("A", unit_price_minor=2500), line("B", unit_price_minor=900)), stock, net, policy, MONDAY)

    assert {str(shipment.node): shipment.cost.get("small", 0) for shipment in found.shipments} == {
        "far": 333,
        "near": 0,
    }
