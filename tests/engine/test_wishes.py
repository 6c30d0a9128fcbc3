"""Where the order's own wish is in the way, what could be without it is said; and why no pickup is to be had."""

from dataclasses import replace
from typing import Any

import pytest

from tests.engine.worlds import HERE, MONDAY, demand, flat_card, line, network, node, reasons, supply
from troth.engine.demand.nowhere import plan_nowhere
from troth.engine.promising.case import Case
from troth.engine.promising.fullest import find_fullest
from troth.engine.promising.wishes import with_wishes_given_up
from troth.model.ids import Sku
from troth.model.item import Item
from troth.model.network import Address, NodeType
from troth.model.order import Method, Terms
from troth.model.plan import Demand, Separately
from troth.model.policy import Policy

NET = network(node("n1"), node("n2"), cards=[flat_card(500)])
SPLIT = {"a": {"n1": 1}, "b": {"n2": 1}}
SET = Terms(ship_together="set")


def asked(wish: Demand, **stock: dict[str, int]) -> dict[str, tuple[str, list[tuple[tuple[str, ...], int, int]]]]:
    """By line why it is short, and what could be without which wishes: units, shipments."""
    case = Case(wish, supply(NET, **(stock or SPLIT)), NET, Policy(), MONDAY)
    found = with_wishes_given_up(case, case.plan())
    return {
        str(gap.line_id): (gap.reason, [(way.without, way.quantity, way.shipments) for way in gap.separately])
        for gap in found.uncovered
    }


def test_lines_that_cannot_leave_together_could_separately() -> None:
    found = asked(demand(line("a", terms=SET), line("b", terms=SET)))
    way = (("ship_together",), 1, 2)
    assert found == {"a": ("ship_together", [way]), "b": ("ship_together", [way])}


def test_an_item_that_never_goes_with_others_could_leave_apart_from_its_set() -> None:
    alone = Item(Sku("a"), ship_alone=True)
    found = asked(demand(line("a", terms=SET, item=alone), line("b", terms=SET)), a={"n1": 1}, b={"n1": 1})
    assert found["a"] == ("ship_together", [(("ship_together",), 1, 2)])


def test_an_order_of_one_shipment_could_be_had_in_two() -> None:
    found = asked(demand(line("a"), line("b"), shipments_max=1))
    assert list(found.values()) == [("too_many_shipments", [(("shipments_max",), 1, 2)])]


def test_an_order_that_waits_for_nothing_could_be_had_in_part() -> None:
    found = asked(demand(line("a"), line("b", 2), ship_complete=True))
    assert found["a"] == ("ship_complete", [(("ship_complete",), 1, 2)])
    assert found["b"] == ("no_stock", [(("ship_complete",), 1, 2)])


def test_a_line_that_must_be_whole_could_be_divided() -> None:
    found = asked(demand(line("a", 2, terms=Terms(line_complete=True))), a={"n1": 1, "n2": 1})
    assert found == {"a": ("line_complete", [(("line_complete",), 2, 2)])}


def test_where_no_single_wish_is_in_the_way_all_of_them_are() -> None:
    found = asked(demand(line("a", terms=SET), line("b", terms=SET), shipments_max=1, ship_complete=True))
    assert found["a"][1] == [(("ship_together", "shipments_max", "ship_complete"), 1, 2)]


@pytest.mark.parametrize("changes", [{}, {"shipments_max": 4}, {"ship_complete": True}])
def test_what_nobody_has_cannot_be_had_by_giving_up_wishes(changes: dict[str, Any]) -> None:
    found = asked(demand(line("a", 2), **changes), a={"n1": 0})
    assert found == {"a": ("no_stock", [])}


def test_what_is_said_to_be_possible_is_what_an_order_without_the_wish_gets() -> None:
    wish = demand(line("a"), line("b"), shipments_max=1)
    case = Case(wish, supply(NET, **SPLIT), NET, Policy(), MONDAY)
    (gap,) = with_wishes_given_up(case, case.plan()).uncovered
    other = replace(case, demand=replace(wish, shipments_max=None)).plan()
    (sent,) = [one for one in other.shipments if one.pegs[0].line_id == gap.line_id]
    assert gap.separately == (Separately(("shipments_max",), 1, 2, sent.promised_at),)


def anywhere(*lines: Any, **stock: dict[str, int]) -> dict[str, tuple[int, str]]:
    net = network(
        node("dc"),
        node("far", degrees=9.0, type=NodeType.STORE, pickup=True),
        node("near", degrees=0.5, type=NodeType.STORE, pickup=True),
    )
    wish = demand(*lines, method=Method.PICKUP)
    return reasons(plan_nowhere(wish, supply(net, **stock), net, Policy(), wish.destination))


def test_why_an_order_cannot_be_picked_up_anywhere_is_said_line_by_line() -> None:
    lines = (line("a", 2), line("b"), line("c"), line("d"))
    found = anywhere(*lines, a={"near": 1, "dc": 5}, b={"dc": 1}, c={"far": 1, "dc": 2})
    assert found == {
        "a": (2, "no_node_has_all"),
        "b": (1, "no_pickup_there"),
        "c": (1, "out_of_reach"),
        "d": (1, "no_stock"),
    }


def fullest(point: Address | None = HERE, **stock: dict[str, int]) -> str | None:
    net = network(
        node("dc"),
        node("far", degrees=9.0, type=NodeType.STORE, pickup=True),
        node("near", degrees=0.5, type=NodeType.STORE, pickup=True),
        node("nearer", degrees=0.3, type=NodeType.STORE, pickup=True),
    )
    wish = demand(line("a", 4), line("b", 2), method=Method.PICKUP)
    return find_fullest(wish, supply(net, **stock), net, Policy(), point)


def test_the_fullest_node_near_a_point_has_most_of_what_is_asked_for_and_is_the_nearest_of_equals() -> None:
    assert fullest(a={"near": 3, "nearer": 1, "far": 4, "dc": 9}, b={"nearer": 1}) == "near"
    assert fullest(a={"near": 9, "nearer": 4}, b={}) == "nearer"
    assert fullest(a={"near": 1}, b={"nearer": 2}) == "nearer"
    assert fullest(a={"far": 4, "dc": 9}, b={"dc": 2}) is None
    assert fullest(None, a={"far": 4, "near": 1}, b={}) == "far"
