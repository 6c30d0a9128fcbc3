"""What an explanation looks at within its time, and that it says what it did not look at."""

from dataclasses import replace

from tests.engine.test_explain import POLICY, by_node, case_of
from tests.engine.worlds import MONDAY, demand, flat_card, line, network, node, supply
from troth.engine.explanation.explain import CANDIDATES_SHOWN, explain, find_nodes_of_interest
from troth.engine.explanation.tries import TRIES_MAX, Tries
from troth.engine.promising.case import Case
from troth.model.ids import NodeId
from troth.model.network import NodeType
from troth.model.order import Method

AT_STORE = {"method": Method.PICKUP, "pickup_node": NodeId("store")}


def test_nodes_with_stock_come_before_nearer_ones_without_and_the_rest_is_counted_by_reason() -> None:
    near = [node(f"n{at:02d}", degrees=0.1 + at / 100) for at in range(30)]
    net = network(
        *near,
        node("far", degrees=9.0),
        node("farther", degrees=10.0, shipment_minor=900),
        node("closed", active=False),
        node("barred"),
        cards=[flat_card(500)],
    )
    stock = supply(net, a={"far": 3, "farther": 2, "closed": 5, "barred": 5})
    case = Case(demand(line("a", 2), excluded_nodes=frozenset({NodeId("barred")})), stock, net, POLICY, MONDAY)

    told = explain(case)

    shown = [candidate.node for candidate in told.candidates]
    assert shown[:2] == ["far", "farther"]
    assert len(shown) == CANDIDATES_SHOWN
    assert shown[2:] == [one.node for one in near[: CANDIDATES_SHOWN - 2]]
    assert told.left_out == {"excluded": 1, "inactive": 1, "no_stock": 8}


def test_of_more_stocked_nodes_than_are_shown_those_with_most_of_it_are_and_the_others_are_counted() -> None:
    names = [f"n{at:02d}" for at in range(30)]
    net = network(*(node(name, degrees=1.0 + at / 100) for at, name in enumerate(names)), cards=[flat_card(500)])
    stock = supply(net, a=dict.fromkeys(names, 1), b=dict.fromkeys(names[10:], 1))
    case = Case(demand(line("a"), line("b")), stock, net, POLICY, MONDAY)

    told = explain(case)

    assert [candidate.node for candidate in told.candidates] == [*names[10:], *names[:4]]
    assert told.left_out == {"has_stock": 6}


def test_an_explanation_without_time_has_the_plan_and_says_what_was_not_looked_at() -> None:
    case = case_of(3)
    told = explain(case, tries=Tries(None, tries_max=0))

    assert told.plan == case.plan()
    assert (told.alternatives, told.flips) == ((), ())
    assert {(one.standing, one.reason) for one in told.candidates} == {("removed", "no_stock")}
    looked_at = len(told.candidates)
    assert told.left_out == {"not_looked_at": len(find_nodes_of_interest(case, [told.plan])) - looked_at}
    assert told.alternatives_skipped > 0
    assert told.flips_skipped > 0


def test_each_part_of_an_explanation_leaves_time_for_the_next_ones() -> None:
    now = 0.0
    case = case_of(3)
    tries = Tries(lambda: now, 10.0)

    now = 3.9
    assert tries.plan(case, keep=0.6) is not None
    now = 4.1
    assert tries.plan(case, keep=0.6) is None
    assert tries.plan(case, keep=0.3) is not None
    now = 10.0
    assert tries.plan(case) is None
    assert (tries.take_skipped(), tries.take_skipped()) == (2, 0)


def test_no_stock_is_tried_where_stock_everywhere_would_change_nothing() -> None:
    net = network(node("best"), node("worse", shipment_minor=400), cards=[flat_card(500)])
    skus = [f"s{at}" for at in range(6)]
    stock = supply(net, **{sku: {"best": 1, "worse": 1} for sku in skus})
    case = Case(demand(*(line(sku) for sku in skus)), stock, net, POLICY, MONDAY)
    tries = Tries(None)

    told = explain(case, tries=tries)

    assert not any(flip.change == "stock" for flip in told.flips)
    # Without its node; no node, and each by itself; the rival, another penalty, and everything everywhere.
    assert TRIES_MAX - tries.tries_left <= 8


def test_nodes_that_could_send_to_the_store_stand_by_what_they_have() -> None:
    net = network(
        node("dc", degrees=1.0),
        node("empty", degrees=1.5),
        node("store", degrees=2.0, type=NodeType.STORE, pickup=True),
        cards=[flat_card(500)],
    )
    stock = supply(net, a={"dc": 2, "store": 1})
    sending = replace(POLICY, ship_to_store=True)

    told = by_node(explain(Case(demand(line("a", 2), **AT_STORE), stock, net, sending, MONDAY)))
    assert {name: (one.standing, one.reason, one.units) for name, one in told.items()} == {
        "dc": ("chosen", "", 2),
        "store": ("chosen", "no_stock", 1),
        "empty": ("removed", "no_stock", 0),
    }

    told = by_node(explain(Case(demand(line("a", 1), **AT_STORE), stock, net, POLICY, MONDAY)))
    assert {name: (one.standing, one.reason) for name, one in told.items()} == {
        "store": ("chosen", ""),
        "dc": ("removed", "other_node"),
        "empty": ("removed", "other_node"),
    }
