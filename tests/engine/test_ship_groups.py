"""Orders of several destinations and methods: group by group, within the limits of the whole order."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.worlds import HERE, MONDAY, demand, flat_card, line, network, node, reasons, rows, sent, supply
from tests.examples import examples
from troth.engine.carriage.network import Network
from troth.engine.demand.group_turns import goals_of
from troth.engine.demand.ship_groups import split_into_groups
from troth.engine.promising.promise import plan
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import LineId, NodeId, Sku
from troth.model.network import Address, NodeType
from troth.model.order import Method, Terms
from troth.model.plan import Demand, Plan
from troth.model.policy import Policy

THERE = Address("US", latitude=30.0, longitude=-90.0)
EASY = Policy(split_minor=50, delay_minor_per_day=0)


def net() -> Network:
    return network(
        node("north", degrees=1.0),
        node("south", degrees=9.0),
        node("store", degrees=2.0, type=NodeType.STORE, pickup=True),
        cards=[
            flat_card(
                500, zone_miles=(200.0, 25_000.0), rates_minor=((300,), (900,)), over_minor=(0, 0), transit_days=(1, 3)
            )
        ],
    )


def test_lines_of_one_way_are_one_group_and_what_a_line_leaves_out_is_the_order_s() -> None:
    wish = demand(
        line("A"),
        line("B", terms=Terms(ship_to=THERE)),
        line("C", terms=Terms(line_complete=True)),
        line("D", terms=Terms(method=Method.PICKUP, pickup_node=NodeId("store"))),
        line("E", terms=Terms(service="express", ship_to=THERE)),
        service="standard",
    )

    groups = split_into_groups(wish)

    assert [[str(one.sku) for one in group.lines] for group in groups] == [["A", "C"], ["B"], ["D"], ["E"]]
    assert [(group.destination, group.method, group.service, group.pickup_node) for group in groups] == [
        (HERE, Method.SHIP, "standard", None),
        (THERE, Method.SHIP, "standard", None),
        (HERE, Method.PICKUP, "", "store"),
        (THERE, Method.SHIP, "express", None),
    ]


def test_each_destination_is_sent_to_from_where_that_is_best() -> None:
    world = net()
    stock = supply(world, A={"north": 5, "south": 5})

    found = plan(
        demand(line("A", line_id=LineId("1")), line("A", line_id=LineId("2"), terms=Terms(ship_to=THERE))),
        stock,
        world,
        EASY,
        MONDAY,
    )

    assert sent(found) == {"north": {"1": 1}, "south": {"2": 1}}
    assert [shipment.cost["split"] for shipment in found.shipments] == [0, 0]


def test_a_line_may_be_picked_up_while_the_others_are_sent() -> None:
    world = net()
    stock = supply(world, A={"north": 1}, B={"store": 1, "north": 1})
    terms = Terms(method=Method.PICKUP, pickup_node=NodeId("store"))

    found = plan(demand(line("A"), line("B", terms=terms)), stock, world, EASY, MONDAY)

    assert [(str(one.node), one.method) for one in found.shipments] == [
        ("north", Method.SHIP),
        ("store", Method.PICKUP),
    ]


def test_groups_share_what_there_is_and_are_planned_in_the_best_turn() -> None:
    world = net()
    stock = supply(world, A={"north": 1})
    wish = demand(
        line("A", 2, line_id=LineId("1")),
        line("A", 1, line_id=LineId("2"), terms=Terms(ship_to=THERE)),
    )

    found = plan(wish, stock, world, EASY, MONDAY)

    assert sum(peg.quantity for one in found.shipments for peg in one.pegs) == 1
    assert sum(gap.quantity for gap in found.uncovered) == 2
    assert found.trace.gap is None
    assert "scarce" in found.trace.notes[0]


def test_an_order_that_ships_complete_is_refused_as_a_whole_where_one_group_is_short() -> None:
    world = net()
    wish = demand(line("A"), line("B", terms=Terms(ship_to=THERE)), ship_complete=True)

    found = plan(wish, supply(world, A={"north": 1}), world, EASY, MONDAY)

    assert found.shipments == ()
    assert reasons(found) == {"A": (1, "ship_complete"), "B": (1, "no_stock")}


def test_no_group_of_a_complete_order_leaves_before_the_last_one_can() -> None:
    world = net()
    later = MONDAY + timedelta(days=3)
    stock = {Sku("A"): rows(world, ("north", 1)), Sku("B"): rows(world, ("south", 1, later))}
    wish = demand(line("A"), line("B", terms=Terms(ship_to=THERE)), ship_complete=True)

    found = plan(wish, stock, world, EASY, MONDAY)

    assert {one.ship_by.date() for one in found.shipments} == {later.date()}
    assert found.uncovered == ()


def test_what_must_leave_together_and_goes_different_ways_is_refused() -> None:
    world = net()
    bound = Terms(ship_together="set")
    wish = demand(line("A", terms=bound), line("B", terms=replace(bound, ship_to=THERE)), line("C"))

    found = plan(wish, supply(world, A={"north": 1}, B={"north": 1}, C={"north": 1}), world, EASY, MONDAY)

    assert sent(found) == {"north": {"C": 1}}
    assert reasons(found) == {"A": (1, "ship_together"), "B": (1, "ship_together")}


def test_a_group_of_which_one_line_names_a_price_may_go_different_ways() -> None:
    world = net()
    wish = demand(
        line("A", terms=Terms(ship_together="set", together_minor=50)),
        line("B", terms=Terms(ship_together="set", ship_to=THERE)),
    )

    found = plan(wish, supply(world, A={"north": 1}, B={"north": 1}), world, EASY, MONDAY)

    assert found.uncovered == ()


@st.composite
def cases(draw: st.DrawFn) -> tuple[Demand, dict[str, dict[str, int]], int]:
    count = draw(st.integers(2, 4))
    lines = [
        line(
            f"S{number}",
            draw(st.integers(1, 2)),
            terms=Terms(ship_to=THERE) if draw(st.booleans()) else None,
        )
        for number in range(count)
    ]
    stock = {
        str(one.sku): {name: units for name in ("north", "south") if (units := draw(st.integers(0, 2))) > 0}
        for one in lines
    }
    return demand(*lines), stock, draw(st.integers(1, 4))


@settings(max_examples=examples(80))
@given(cases())
def test_the_limit_of_shipments_is_shared_out_so_that_no_other_way_is_better(
    case: tuple[Demand, dict[str, dict[str, int]], int],
) -> None:
    wish, by_sku, most = case
    world = net()
    stock = supply(world, **by_sku)
    groups = split_into_groups(wish)

    found = plan(replace(wish, shipments_max=most), stock, world, EASY, MONDAY)

    assert len(found.shipments) <= most
    tables = [[at_most(group, count, stock, world) for count in range(most + 1)] for group in groups]
    best = min(
        tuple(map(sum, zip(*map(goals_of, choice), strict=True)))
        for choice in product(*tables)
        if sum(len(one.shipments) for one in choice) <= most
    )
    assert goals_of(found) == best


def at_most(group: Demand, count: int, stock: dict[Sku, SupplyRows], world: Network) -> Plan:
    """The plan of a group by itself with so many shipments; none: everything is uncovered."""
    if count:
        return plan(replace(group, shipments_max=count), stock, world, EASY, MONDAY)
    return plan(group, {}, world, EASY, MONDAY)
